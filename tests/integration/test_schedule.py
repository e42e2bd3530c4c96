"""``schedule`` finds out where things are, and refuses what would not work."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from medsafe_harvest.errors import StoreError

from .conftest import ROOT, Project

KINDS = {
    "cron": ["medsafe-harvest.cron"],
    "systemd": ["medsafe-harvest.service", "medsafe-harvest.timer"],
    "github-actions": ["harvest.yaml"],
    "launchd": ["org.medsafe-harvest.harvest.plist"],
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock goes by Berlin, one hour or two before UTC."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("kind", KINDS)
def test_a_printed_file_is_the_written_one(project: Project, kind: str) -> None:
    printed = project.run("schedule", "--as", kind)
    folder = project.folder / "files"
    written = project.run("schedule", "--as", kind, "--write", str(folder))
    assert (printed.exit_code, written.exit_code) == (0, 0)
    assert written.stdout == ""
    assert sorted(path.name for path in folder.iterdir()) == KINDS[kind]
    for path in folder.iterdir():
        assert path.read_text(encoding="utf-8") in printed.stdout
    assert not project.data.exists()


@pytest.mark.parametrize("kind", ["cron", "systemd", "launchd"])
def test_paths_are_absolute_and_what_is_named_is_there(
    project: Project, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(project.folder)
    relative = Project(Path())
    text = relative.run("schedule", "--as", kind).stdout
    for path in (project.config, project.data, project.folder / "state"):
        assert str(path) in text
    [program] = {word for word in text.replace('"', " ").replace(":", " ").split()
                 if word.endswith("/medsafe-harvest") and "/bin/" in word}  # fmt: skip
    assert os.access(program, os.X_OK)


def test_units_of_the_machine_name_their_user_and_what_to_make_first(project: Project) -> None:
    result = project.run("schedule", "--as", "systemd", "--system")
    assert "\nUser=" in result.stdout
    assert "EnvironmentFile=-/etc/medsafe-harvest/keys.env\n" in result.stdout
    assert f"make {project.data} first" in result.stderr
    assert project.run("schedule", "--as", "cron", "--system").exit_code == 2


@pytest.mark.parametrize("at", ["00:30", "23:40", "02:00"])
def test_a_start_while_arxiv_announces_needs_insistence(project: Project, at: str) -> None:
    options = ["schedule", "--as", "github-actions", "--at", at]
    refused = project.run(*options)
    assert refused.exit_code == 2
    assert "arXiv announces" in refused.output
    text = project.run(*options, "--anyway").stdout
    [event] = yaml.safe_load(text)[True]["schedule"]
    assert event["cron"] == f"{int(at[3:])} {int(at[:2])} * * *"


@pytest.mark.parametrize("at", ["25:00", "5:30", "05:30:10", "noon"])
def test_what_is_no_time_of_day_is_told_so(project: Project, at: str) -> None:
    result = project.run("schedule", "--as", "cron", "--at", at)
    assert result.exit_code == 2
    assert "05:30" in result.output


@pytest.mark.usefixtures("berlin")
def test_cron_goes_by_the_local_time_in_all_seasons(project: Project) -> None:
    text = project.run("schedule", "--as", "cron").stdout
    assert "every day at 05:30 UTC" in text
    assert text.splitlines()[-1].startswith(("30 6 * * * ", "30 7 * * * "))
    # An hour later or earlier in the other season: one of these two is in the quiet hours then.
    codes = [
        project.run("schedule", "--as", "cron", "--jitter", "0", "--at", at).exit_code
        for at in ("02:30", "23:00")
    ]
    assert sorted(codes) == [0, 2]
    assert project.run("schedule", "--as", "systemd", "--at", "02:30").exit_code == 0


def test_a_file_with_other_words_is_left_alone(project: Project) -> None:
    file = project.folder / "medsafe-harvest.timer"
    file.write_text("mine")
    result = project.run("schedule", "--as", "systemd", "--write", str(project.folder))
    assert isinstance(result.exception, StoreError)
    assert "differs" in str(result.exception)
    assert file.read_text() == "mine"
    assert not (project.folder / "medsafe-harvest.service").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_the_commands_of_the_how_to_work(project: Project, kind: str) -> None:
    page = (ROOT / f"docs/how-to/{kind}.md").read_text(encoding="utf-8")
    commands = re.findall(r"^medsafe-harvest (schedule [^>\n]+)", page, re.MULTILINE)
    assert commands
    for number, command in enumerate(commands):
        words = shlex.split(command)
        if "--write" in words:
            words[words.index("--write") + 1] = str(project.folder / str(number))
        result = project.run(*words)
        assert result.exit_code == 0, command
        assert kind in words
        said = result.stdout + "".join(
            path.read_text(encoding="utf-8") for path in project.folder.glob(f"{number}/*")
        )
        assert "harvest" in said
