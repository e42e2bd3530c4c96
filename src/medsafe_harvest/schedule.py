"""Files that make another program start the harvest every day: cron, systemd, launchd, GitHub.

Texts from a `Plan`; nothing here looks at the machine or writes anything. What all have in common:

* Paths are absolute, since none of these programs starts in the project's folder.
* Keys are read from a file of their own, or from GitHub's secrets; they never stand in the text.
* The start is spread over some minutes, so that harvesters elsewhere do not all ask at once.
* A second run never starts beside the first. The harvester's own lock would stop it anyhow.
* arXiv announces at 20:00 in New York, which is 00:00 or 01:00 UTC, and is hardly usable for an
  hour after that (`meets_quiet_hours`).
"""

from __future__ import annotations

import enum
import plistlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path

#: When to stay away from arXiv, in UTC: the hour after its announcement, in summer and in winter,
#: with a quarter of an hour on either side. It begins on the day before.
QUIET_FROM = time(23, 45)
QUIET_UNTIL = time(2, 15)

_DAY = 24 * 60
#: Debian's cron reads so many characters of a command.
_CRON_READS = 998
_HARVEST = ("harvest", "--log-format", "json")
_LABEL = "org.medsafe-harvest.harvest"


class Kind(enum.StrEnum):
    """What starts the harvest."""

    CRON = "cron"
    SYSTEMD = "systemd"
    GITHUB_ACTIONS = "github-actions"
    LAUNCHD = "launchd"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be started, and when.

    Raises:
        ValueError: a path is relative, or holds a character that no line of these files can hold.
    """

    #: The medsafe-harvest executable. This and the following paths are absolute.
    program: Path
    config: Path
    data: Path
    state: Path
    #: File of ``NAME=value`` lines; it need not exist.
    keys: Path
    #: In UTC.
    at: time
    #: The same in the time zone of the machine, and what that zone is called.
    local: time
    zone: str
    #: Minutes over which the start is spread.
    jitter: int
    #: The flock program, where there is one.
    flock: Path | None = None
    #: The user as whom a systemd unit of the whole machine runs; None makes a unit of the user's.
    system_user: str | None = None

    def __post_init__(self) -> None:
        for path in (self.program, self.config, self.data, self.state, self.keys):
            if not path.is_absolute():
                raise ValueError(f"{str(path)!r} is not an absolute path")
            if not str(path).isprintable():
                raise ValueError(f"{str(path)!r} holds a line break or another control character")

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command, word by word."""
        return (
            str(self.program),
            *("--config", str(self.config)),
            *("--data", str(self.data)),
            *_HARVEST,
        )


def meets_quiet_hours(at: time, jitter: int) -> bool:
    """Whether a start spread over ``jitter`` minutes from ``at`` (UTC) may fall into them."""
    quiet = (_minutes(QUIET_UNTIL) - _minutes(QUIET_FROM)) % _DAY
    since = (_minutes(at) - _minutes(QUIET_FROM)) % _DAY
    return since < quiet or since + jitter >= _DAY


def _minutes(at: time) -> int:
    return 60 * at.hour + at.minute


def render(kind: Kind, plan: Plan) -> dict[str, str]:
    """The files, by name.

    Raises:
        ValueError: a line gets longer than the program reads.
    """
    return dict(_RENDERERS[kind](plan))


def _cron(plan: Plan) -> Mapping[str, str]:
    # Outside of quotes, where sh takes a backslash away too: some crons do not.
    command = _shell(plan).replace("%", r"'\%'")
    line = f"{plan.local.minute} {plan.local.hour} * * * {command}"
    if len(command.encode()) > _CRON_READS:
        raise ValueError(
            f"the command is {len(command.encode())} bytes long, and cron reads {_CRON_READS}: "
            "choose shorter folders"
        )
    return {
        "medsafe-harvest.cron": f"""\
# medsafe-harvest, every day at {plan.at:%H:%M} UTC and up to {plan.jitter} minutes later.
# cron goes by the machine's clock: {plan.local:%H:%M} in {plan.zone}, when this was written.
# Where clocks change for summer, the start moves by that hour.
{line}
"""
    }


def _shell(plan: Plan) -> str:
    """A command line for a POSIX sh that waits, runs alone, logs, and says when it failed.

    A percent sign stands only between single quotes, where a path holds one.
    """
    keys = _quoted(str(plan.keys))
    # sh has no RANDOM; two bytes of noise, scaled to the seconds, do what it does.
    wait = f"sleep $(($(od -An -N2 -tu2 /dev/urandom) * {60 * plan.jitter} / 65536)); "
    alone = f'{_quoted(str(plan.flock))} -n "$logs/lock" ' if plan.flock else ""
    return (
        f"{wait if plan.jitter else ''}"
        f"keys={keys}; "
        'if [ -r "$keys" ]; then set -a; . "$keys"; set +a; fi; '
        f"data={_quoted(str(plan.data))}; "
        'logs="$data/logs"; mkdir -p "$logs" && '
        f"MEDSAFE_STATE={_quoted(str(plan.state))} {alone}"
        f"{_quoted(str(plan.program))} --config {_quoted(str(plan.config))} "
        f'--data "$data" {" ".join(_HARVEST)} >>"$logs/harvest.log" 2>&1 || {{ code=$?; '
        'echo "medsafe-harvest: exit code $code, see $logs/harvest.log" >&2; exit $code; }'
    )


def _quoted(word: str) -> str:
    """A word for sh, between single quotes unless it is plain."""
    # Not shlex.quote: it leaves a percent sign outside of quotes.
    if re.fullmatch(r"[\w@+=:,./-]+", word, re.ASCII):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


def _systemd(plan: Plan) -> Mapping[str, str]:
    return {"medsafe-harvest.service": _service(plan), "medsafe-harvest.timer": _timer(plan)}


def _service(plan: Plan) -> str:
    # systemd refuses a program with these characters in its name; sh does not.
    awkward = re.search(r"[\"'\\]", str(plan.program))
    start: tuple[str, ...] = ("/bin/sh", "-c", 'exec "$0" "$@"') if awkward else ()
    program, *arguments = (*start, *plan.arguments)
    # The colon: no word is taken for a variable, so a dollar sign means itself.
    command = " ".join(_unit_word(word) for word in (f":{program}", *arguments))
    # A pattern is allowed here, and no quotes are; the minus: the file need not exist.
    keys = re.sub(r"([*?\[\\])", r"\\\1", str(plan.keys)).replace("%", "%%")
    state = _unit_word(f"MEDSAFE_STATE={plan.state}")
    network = "Wants=network-online.target\nAfter=network-online.target\n"
    return f"""\
[Unit]
Description=Harvest the literature with medsafe-harvest
{network if plan.system_user is not None else ""}# The first run and two more tries: see Restart.
StartLimitIntervalSec=15h
StartLimitBurst=3

[Service]
Type=oneshot
ExecStart={command}
Environment={state}
EnvironmentFile=-{keys}
# Exit code 3, some windows are missing, is no mishap if the next run fetches them: it is tried
# again after two hours, and again, and only then the unit has failed. Codes 1 and 2 need a human.
Restart=on-failure
RestartSec=2h
RestartPreventExitStatus=1 2
# An interrupt ends a run well, and what was fetched is kept.
KillSignal=SIGINT
SuccessExitStatus=130
# A first harvest takes hours. One that hangs is ended, and the next try goes on from there.
TimeoutStartSec=12h
Nice=10
IOSchedulingClass=idle
NoNewPrivileges=true
LockPersonality=true
RestrictRealtime=true
RestrictSUIDSGID=true
SystemCallArchitectures=native
{_walls(plan)}"""


def _walls(plan: Plan) -> str:
    """What keeps a unit of the whole machine to its own folders.

    A user's unit would need a user namespace for it, which several distributions forbid: there the
    unit would not start at all.
    """
    if plan.system_user is None:
        return ""
    folders = (plan.data, plan.state)
    used = (*folders, plan.program, plan.config)
    in_temporary = any(path.is_relative_to(tmp) for path in used for tmp in ("/tmp", "/var/tmp"))  # noqa: S108 - asked about, not used
    return f"""\
User={plan.system_user.replace("%", "%%")}
# Everything can be read and only these folders written; they must exist before the first start.
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={" ".join(_unit_word(str(path)) for path in folders)}
PrivateTmp={"false" if in_temporary else "true"}
PrivateDevices=true
ProtectClock=true
ProtectControlGroups=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=true
CapabilityBoundingSet=
"""


def _timer(plan: Plan) -> str:
    return f"""\
[Unit]
Description=Harvest the literature every day

[Timer]
OnCalendar=*-*-* {plan.at:%H:%M}:00 UTC
RandomizedDelaySec={plan.jitter}min
AccuracySec=1min
# A night when the machine was off is made up for.
Persistent=true

[Install]
WantedBy=timers.target
"""


def _unit_word(word: str) -> str:
    """A word for systemd, between double quotes."""
    escaped = word.replace("\\", r"\\").replace('"', r"\"")
    return '"' + escaped.replace("%", "%%") + '"'


def _launchd(plan: Plan) -> Mapping[str, str]:
    content = {
        "Label": _LABEL,
        "ProgramArguments": ["/bin/sh", "-c", _shell(plan)],
        "StartCalendarInterval": {"Hour": plan.local.hour, "Minute": plan.local.minute},
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "Nice": 10,
    }
    note = f"""\
<!-- Every day at {plan.at:%H:%M} UTC and up to {plan.jitter} minutes later.
     launchd goes by the machine's clock: {plan.local:%H:%M} in {plan.zone}, when this was written.
     Where clocks change for summer, the start moves by that hour. A Mac that sleeps then starts
     it on waking. -->
"""
    text = plistlib.dumps(content, sort_keys=False).decode().rstrip() + "\n"
    return {f"{_LABEL}.plist": text.replace("<plist ", f"{note}<plist ", 1)}


#: The branch keeps what was fetched; see docs/how-to/github-actions.md for why.
_WORKFLOW = """\
name: harvest

on:
  schedule:
    # In UTC; GitHub may start it some minutes later.
    - cron: "@minute@ @hour@ * * *"
  workflow_dispatch:

permissions:
  contents: write # to the branch medsafe-data

# A second run waits for the first, and never stops it.
concurrency:
  group: medsafe-harvest
  cancel-in-progress: false

jobs:
  harvest:
    runs-on: ubuntu-latest
    timeout-minutes: 350
    steps:
      - uses: actions/checkout@v6

      - uses: actions/setup-python@v6
        with:
          python-version: "3.13"

      - name: Install
        run: python -m pip install .

      - name: Take out what is there already
        id: restore
        run: |
          found=0
          git ls-remote --exit-code origin refs/heads/medsafe-data || found=$?
          case $found in
            0)
              git fetch --depth=1 origin +refs/heads/medsafe-data:refs/remotes/origin/medsafe-data
              git worktree add -B medsafe-data medsafe-data origin/medsafe-data
              ;;
            2) # there is no such branch yet
              git worktree add --detach medsafe-data
              git -C medsafe-data switch --orphan medsafe-data
              ;;
            *) exit $found ;;
          esac

@jitter@      - name: Harvest
        timeout-minutes: 300
        env:
          S2_API_KEY: ${{ secrets.S2_API_KEY }}
          MEDSAFE_PING_URL: ${{ secrets.MEDSAFE_PING_URL }}
          # The pace of each service, and which are left alone: the next machine knows it too.
          MEDSAFE_STATE: ${{ github.workspace }}/medsafe-data/state
        run: medsafe-harvest --data medsafe-data harvest

      # Also after a failure: exit code 3, some windows are missing, ends the job in red, and what
      # was fetched is kept, so that the next run asks only for the rest.
      - name: Keep what was fetched
        if: always() && steps.restore.outcome == 'success'
        run: |
          git config user.name medsafe-harvest
          git config user.email medsafe-harvest@users.noreply.github.com
          git -C medsafe-data add --all -- . ':!.lock' ':!logs' ':!cache' ':!state/*.lock'
          if git -C medsafe-data diff --cached --quiet; then
            echo "nothing new"
          else
            git -C medsafe-data commit --quiet --message "Harvest of $(date -u +%F)"
            git push origin medsafe-data
          fi

      - name: Show the report
        if: always() && steps.restore.outcome == 'success'
        uses: actions/upload-artifact@v6
        with:
          name: reports-${{ github.run_id }}-${{ github.run_attempt }}
          path: medsafe-data/reports
          if-no-files-found: warn
          retention-days: 30
"""
_WORKFLOW_JITTER = """\
      - name: Wait a little, so that not everyone asks at once
        if: github.event_name == 'schedule'
        run: sleep $((RANDOM * @seconds@ / 32768))

"""


def _github_actions(plan: Plan) -> Mapping[str, str]:
    jitter = _WORKFLOW_JITTER.replace("@seconds@", str(60 * plan.jitter)) if plan.jitter else ""
    text = _WORKFLOW.replace("@jitter@", jitter)
    text = text.replace("@minute@", str(plan.at.minute)).replace("@hour@", str(plan.at.hour))
    return {"harvest.yaml": text}


_RENDERERS: Mapping[Kind, Callable[[Plan], Mapping[str, str]]] = {
    Kind.CRON: _cron,
    Kind.SYSTEMD: _systemd,
    Kind.GITHUB_ACTIONS: _github_actions,
    Kind.LAUNCHD: _launchd,
}
