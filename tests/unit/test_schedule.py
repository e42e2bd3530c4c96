"""The files that start the harvest say what they should, to the programs that read them."""

from __future__ import annotations

import configparser
import os
import plistlib
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from medsafe_harvest.schedule import Kind, Plan, meets_quiet_hours, render

#: What is special to sh, cron, systemd or XML.
ODD = "a b%d\\%n'c\"$HOME & <é>"


def make_plan(folder: Path) -> Plan:
    """A plan whose program writes down how it was called, and ends with exit code 3."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "medsafe-harvest"
    program.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@" "state=$MEDSAFE_STATE" "key=$S2_API_KEY"\nexit 3\n'
    )
    program.chmod(0o755)
    return Plan(
        program=program,
        config=folder / "config",
        data=folder / "data",
        state=folder / "state",
        keys=folder / "keys.env",
        at=time(5, 30),
        local=time(7, 30),
        zone="UTC+0200",
        jitter=20,
    )


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_plan(tmp_path / ODD)


def cron_line(plan: Plan) -> tuple[list[str], str]:
    """The five fields, and the command as cron hands it to sh.

    Vixie's cron takes the backslash of ``\\%`` away and ends the command at another percent sign.
    """
    [text] = render(Kind.CRON, plan).values()
    [line] = [line for line in text.splitlines() if not line.startswith("#")]
    *fields, command = line.split(" ", 5)
    [read] = re.findall(r"^((?:[^\\%]|\\.)*)$", command)
    return fields, re.sub(r"\\%", "%", read)


def sh(command: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "HOME": "/"}
    return subprocess.run(
        ["/bin/sh", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        cwd="/",
        timeout=60,
    )


def calls(plan: Plan) -> str:
    """What the program of the plan should have written."""
    return "\n".join([*plan.arguments[1:], f"state={plan.state}", "key="])


def test_a_cron_line_has_the_local_time_and_a_command_that_sh_reads(plan: Plan) -> None:
    fields, command = cron_line(plan)
    assert fields == ["30", "7", "*", "*", "*"]
    read = subprocess.run(["/bin/sh", "-n", "-c", command], check=False, capture_output=True)
    assert (read.returncode, read.stderr) == (0, b"")
    assert "* 1200 / 65536" in command


@pytest.mark.parametrize("kind", [Kind.CRON, Kind.LAUNCHD])
@pytest.mark.parametrize("escape", [False, True], ids=["cron strips", "cron leaves backslashes"])
def test_the_command_starts_the_program(plan: Plan, kind: Kind, *, escape: bool) -> None:
    if kind is Kind.CRON:
        command = cron_line(replace(plan, jitter=0))[1]
        if escape:  # as busybox's cron does
            [text] = render(kind, replace(plan, jitter=0)).values()
            command = text.splitlines()[-1].split(" ", 5)[5]
    else:
        [text] = render(kind, replace(plan, jitter=0)).values()
        command = plistlib.loads(text.encode())["ProgramArguments"][2]
    done = sh(command)
    log = plan.data / "logs/harvest.log"
    assert log.read_text(encoding="utf-8").rstrip() == calls(plan)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == f"medsafe-harvest: exit code 3, see {log}\n"


@pytest.mark.parametrize(("harvest", "digest"), [(0, 0), (0, 1), (3, 0), (3, 1)])
def test_a_digest_follows_whatever_came_of_the_harvest(
    tmp_path: Path, harvest: int, digest: int
) -> None:
    plan = make_plan(tmp_path / "a%d")  # room for no longer path in a line of cron
    plan.program.write_text(
        '#!/bin/sh\necho "$@" "$SMTP"\n'
        f'case "$*" in *"digest send") exit {digest};; esac\nexit {harvest}\n'
    )
    plan.keys.write_text("SMTP=s3cret\n")
    done = sh(cron_line(replace(plan, jitter=0, digest=True))[1])
    logs = plan.data / "logs"
    assert (logs / "digest.log").read_text().strip().endswith(" digest send s3cret")
    assert "harvest" in (logs / "harvest.log").read_text()
    assert done.returncode == (harvest or digest)
    assert ("exit code 3" in done.stderr) is bool(harvest)
    assert ("no digest" in done.stderr) is bool(digest)
    assert (done.stderr == "") is (not harvest and not digest)


def test_every_kind_can_mail() -> None:
    # A line for cron has to be short, and the folders of tests are not.
    with tempfile.TemporaryDirectory() as folder:
        plan = make_plan(Path(folder) / "a%d")
    mailing = replace(plan, digest=True)
    service = units(mailing)["service"]["Service"]
    assert words(service["ExecStopPost"])[-2:] == ["digest", "send"]
    steps = [step.name for step in workflow(mailing).jobs["harvest"].steps]
    mail = steps.index("Mail what is new, or that the harvest failed")
    assert steps[mail - 1 : mail + 2 : 2] == ["Harvest", "Keep what was fetched"]
    for kind in Kind:
        assert "digest" not in "".join(render(kind, plan).values())
        assert "digest" in "".join(render(kind, mailing).values())


def test_the_start_is_spread_without_what_only_bash_has(plan: Plan) -> None:
    _, command = cron_line(plan)
    wait = command.partition(";")[0].removeprefix("sleep ")
    seconds = {int(sh(f"echo {wait}").stdout) for _ in range(20)}
    assert len(seconds) > 1
    assert seconds <= set(range(1200))


def test_keys_come_from_their_file(plan: Plan) -> None:
    plan.keys.write_text("# from the website\nS2_API_KEY=k3y\n")
    sh(cron_line(replace(plan, jitter=0))[1])
    assert "key=k3y\n" in (plan.data / "logs/harvest.log").read_text(encoding="utf-8")
    for kind in Kind:
        assert "k3y" not in "".join(render(kind, plan).values())


@pytest.mark.skipif(shutil.which("flock") is None, reason="there is no flock on this machine")
def test_cron_does_not_start_beside_a_run(plan: Plan) -> None:
    flock = Path(shutil.which("flock") or "")
    (plan.data / "logs").mkdir(parents=True)
    command = cron_line(replace(plan, jitter=0, flock=flock))[1]
    log = plan.data / "logs/harvest.log"
    with subprocess.Popen(
        [flock, plan.data / "logs/lock", "sh", "-c", "echo held; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert sh(command).returncode == 1
        assert log.read_text() == ""
    assert sh(command).returncode == 3
    assert log.read_text(encoding="utf-8").rstrip() == calls(plan)


def test_a_line_longer_than_cron_reads_is_refused(plan: Plan) -> None:
    with pytest.raises(ValueError, match="choose shorter folders"):
        render(Kind.CRON, replace(plan, data=Path("/", *["x" * 100] * 10)))


@pytest.mark.parametrize("path", ["relative", "/line\nbreak"])
def test_a_path_that_no_file_can_hold_is_refused(plan: Plan, path: str) -> None:
    with pytest.raises(ValueError, match=r"absolute path|control character"):
        replace(plan, data=Path(path))


def units(plan: Plan) -> dict[str, configparser.ConfigParser]:
    parsed = {}
    for name, text in render(Kind.SYSTEMD, plan).items():
        parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
        parser.optionxform = str  # type: ignore[assignment,method-assign] # as its manual says
        parser.read_string(text)
        parsed[name.partition(".")[2]] = parser
    return parsed


def words(line: str) -> list[str]:
    """The words that systemd reads from a line of quoted words."""
    assert re.fullmatch(r'"(?:[^"\\]|\\.)*"( "(?:[^"\\]|\\.)*")*', line)
    found = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
    assert not re.search("%(?!%)", line.replace("%%", ""))
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in found]


@pytest.mark.parametrize("user", [None, "harvester"])
def test_systemd_units_hold_the_plan(plan: Plan, user: str | None) -> None:
    parsed = units(replace(plan, system_user=user))
    service = parsed["service"]["Service"]
    # systemd refuses to start a program with quotes in its path.
    start = [":/bin/sh", "-c", 'exec "$0" "$@"']
    assert words(service["ExecStart"]) == [*start, *plan.arguments]
    assert sh(shlex.join([start[0][1:], *start[1:], *plan.arguments])).returncode == 3
    plain = units(replace(plan, program=Path("/opt/a $b%c/medsafe-harvest")))["service"]["Service"]
    assert words(plain["ExecStart"]) == [":/opt/a $b%c/medsafe-harvest", *plan.arguments[1:]]
    assert words(service["Environment"]) == [f"MEDSAFE_STATE={plan.state}"]
    assert service["EnvironmentFile"].startswith("-/")
    assert service["Type"] == "oneshot"
    # Incomplete (3) is tried again, as often as the limit says; what a human must mend is not.
    assert service["Restart"] == "on-failure"
    assert "3" not in service["RestartPreventExitStatus"].split()
    assert parsed["service"]["Unit"]["StartLimitBurst"] == "3"
    assert service.get("User") == user
    if user is not None:
        assert service["ProtectSystem"] == "strict"
        assert words(service["ReadWritePaths"]) == [str(plan.data), str(plan.state)]
    timer = parsed["timer"]["Timer"]
    assert timer["OnCalendar"] == "*-*-* 05:30:00 UTC"
    assert timer["RandomizedDelaySec"] == "20min"
    assert timer["Persistent"] == "true"


@pytest.mark.parametrize("user", [None, "root"])
@pytest.mark.parametrize("name", ["a $b %d <é>", ODD], ids=["plain", "odd"])
def test_systemd_itself_finds_nothing_wrong(tmp_path: Path, name: str, user: str | None) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd-analyze on this machine")
    plan = make_plan(tmp_path / name)
    folder = tmp_path / "units"
    folder.mkdir()
    for unit, text in render(Kind.SYSTEMD, replace(plan, system_user=user)).items():
        (folder / unit).write_text(text, encoding="utf-8")

    def verify() -> str:
        done = subprocess.run(
            [analyze, "verify", "--man=no", *sorted(folder.iterdir())],
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        said = [line for line in done.stderr.splitlines() if "medsafe-harvest" in line]
        return "\n".join(said) or ("" if done.returncode == 0 else done.stderr)

    said = verify()
    if "Failed to" in said and "medsafe-harvest" not in said:
        pytest.skip(f"systemd-analyze does not work here: {said}")
    assert said == ""
    # It looks: without the program there is something wrong, unless sh is the program.
    plan.program.unlink()
    assert ("not executable" in verify()) is (name != ODD)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Step(Strict):
    name: str | None = None
    id: str | None = None
    uses: str | None = Field(None, pattern=r"^actions/[a-z-]+@v\d+$")
    run: str | None = None
    condition: str | None = Field(None, alias="if")
    options: dict[str, Any] = Field({}, alias="with")
    env: dict[str, str] = {}
    timeout: int | None = Field(None, alias="timeout-minutes", le=360)


class Job(Strict):
    runs_on: Literal["ubuntu-latest"] = Field(alias="runs-on")
    timeout: int = Field(alias="timeout-minutes", le=360)
    steps: list[Step]


class Cron(Strict):
    cron: str = Field(pattern=r"^\d{1,2} \d{1,2} \* \* \*$")


class Events(Strict):
    schedule: list[Cron]
    workflow_dispatch: None


class Concurrency(Strict):
    group: str
    cancel: Literal[False] = Field(alias="cancel-in-progress")


class Workflow(Strict):
    name: str
    events: Events = Field(alias="on")
    permissions: dict[str, Literal["read", "write"]]
    concurrency: Concurrency
    jobs: dict[str, Job]


def workflow(plan: Plan) -> Workflow:
    [text] = render(Kind.GITHUB_ACTIONS, plan).values()
    # YAML 1.1 takes the key `on` for true; GitHub does not.
    content = yaml.safe_load(text.replace("\non:\n", '\n"on":\n'))
    return Workflow.model_validate(content)


def test_a_workflow_has_the_shape_that_github_reads(plan: Plan) -> None:
    read = workflow(plan)
    assert [one.cron for one in read.events.schedule] == ["30 5 * * *"]
    assert read.permissions == {"contents": "write"}
    steps = {step.name: step for step in read.jobs["harvest"].steps}
    harvest = steps["Harvest"]
    secrets = ("S2_API_KEY", "MEDSAFE_PING_URL")
    assert harvest.env == {
        **{name: f"${{{{ secrets.{name} }}}}" for name in secrets},
        "MEDSAFE_STATE": "${{ github.workspace }}/medsafe-data/state",
    }
    assert harvest.timeout is not None
    assert harvest.timeout < read.jobs["harvest"].timeout
    assert all((step.uses is None) != (step.run is None) for step in read.jobs["harvest"].steps)
    assert "always()" in (steps["Keep what was fetched"].condition or "")
    jitter = [name for name, step in steps.items() if "sleep" in (step.run or "")]
    assert len(jitter) == 1
    assert "sleep" not in "".join(render(Kind.GITHUB_ACTIONS, replace(plan, jitter=0)).values())


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git on this machine")
def test_a_workflow_loses_nothing_from_night_to_night(plan: Plan, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash on this machine")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "init.defaultBranch",
        "GIT_CONFIG_VALUE_0": "main",
        **{f"GIT_{who}_{what}": "me@example.org"
           for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }  # fmt: skip

    def run(script: str, folder: Path) -> str:
        done = subprocess.run(
            [bash, "-e", "-o", "pipefail", "-c", script],
            check=True,
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
        )
        return done.stdout

    origin = tmp_path / "origin"
    run("git init --quiet --bare origin", tmp_path)
    run("git clone --quiet origin first; cd first; echo x > config; git add .; "
        "git commit --quiet -m first; git push --quiet origin main", tmp_path)  # fmt: skip
    steps = {step.name: step.run or "" for step in workflow(plan).jobs["harvest"].steps}
    for night in ("one", "two", "two"):
        checkout = tmp_path / f"checkout-{len(list(tmp_path.iterdir()))}"
        run(f"git clone --quiet --depth=1 'file://{origin}' '{checkout}'", tmp_path)
        run(steps["Take out what is there already"], checkout)
        data = checkout / "medsafe-data"
        assert not (data / "config").exists()
        for folder in ("raw", "logs"):
            (data / folder).mkdir(exist_ok=True)
            (data / folder / night).touch()
        (data / ".lock").touch()
        run(steps["Keep what was fetched"], checkout)
    kept = run("git ls-tree -r --name-only medsafe-data", origin).split()
    assert kept == ["raw/one", "raw/two"]
    assert len(run("git log --format=%s medsafe-data", origin).splitlines()) == 2


def test_a_plist_holds_the_local_time_and_says_why(plan: Plan) -> None:
    [(name, text)] = render(Kind.LAUNCHD, plan).items()
    content = plistlib.loads(text.encode())
    assert name == f"{content['Label']}.plist"
    assert content["StartCalendarInterval"] == {"Hour": 7, "Minute": 30}
    assert "05:30 UTC" in text


@pytest.mark.parametrize(
    ("at", "jitter", "quiet"),
    [
        (time(5, 30), 20, False),
        (time(23, 44), 0, False),
        (time(23, 44), 1, True),
        (time(23, 30), 20, True),
        (time(23, 45), 0, True),
        (time(0, 30), 0, True),
        (time(2, 14), 0, True),
        (time(2, 15), 360, False),
    ],
)
def test_arxiv_is_left_alone_when_it_announces(at: time, jitter: int, *, quiet: bool) -> None:
    assert meets_quiet_hours(at, jitter) is quiet
