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

from medsafe_harvest import schedule_workflow as workflow

#: When to stay away from arXiv, in UTC: the hour after its announcement, in summer and in winter,
#: with a quarter of an hour on either side. It begins on the day before.
QUIET_FROM = time(23, 45)
QUIET_UNTIL = time(2, 15)

_DAY = 24 * 60
#: Debian's cron reads so many characters of a command.
_CRON_READS = 998
_HARVEST = ("harvest", "--log-format", "json")
_DIGEST = ("digest", "send")
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
    #: Whether what is new is mailed afterwards, or that the harvest failed.
    digest: bool = False

    def __post_init__(self) -> None:
        for path in (self.program, self.config, self.data, self.state, self.keys):
            if not path.is_absolute():
                raise ValueError(f"{str(path)!r} is not an absolute path")
            if not str(path).isprintable():
                raise ValueError(f"{str(path)!r} holds a line break or another control character")

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command, word by word."""
        return (*self._program, *_HARVEST)

    @property
    def digest_arguments(self) -> tuple[str, ...]:
        """The command that mails, word by word."""
        return (*self._program, *_DIGEST)

    @property
    def _program(self) -> tuple[str, ...]:
        config, data = str(self.config), str(self.data)
        return (str(self.program), "--config", config, "--data", data)


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
    state = f"MEDSAFE_STATE={_quoted(str(plan.state))} "
    program, config = _quoted(str(plan.program)), _quoted(str(plan.config))
    names = ""
    if plan.digest:  # Twice in the line, and cron reads no long ones.
        names, program, config = f"program={program}; config={config}; ", '"$program"', '"$config"'
    program = f'{program} --config {config} --data "$data"'
    said = 'echo "medsafe-harvest: exit code $code, see $logs/harvest.log" >&2; exit $code'
    failed = f" || {{ code=$?; {said}; }}"
    if plan.digest:
        # Whatever came of the harvest; and a mail that was not sent must not look like a quiet day.
        failed = (
            f'; code=$?; {program} {" ".join(_DIGEST)} >>"$logs/digest.log" 2>&1 || '
            '{ echo "medsafe-harvest: no digest, see $logs/digest.log" >&2; [ $code != 0 ] || '
            f"exit 1; }}; [ $code = 0 ] || {{ {said}; }}"
        )
    return (
        f"{wait if plan.jitter else ''}"
        f"keys={keys}; "
        'if [ -r "$keys" ]; then set -a; . "$keys"; set +a; fi; '
        f"{names}data={_quoted(str(plan.data))}; "
        'logs="$data/logs"; mkdir -p "$logs" && '
        f'{state}{alone}{program} {" ".join(_HARVEST)} >>"$logs/harvest.log" 2>&1{failed}'
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

    def command(arguments: tuple[str, ...]) -> str:
        first, *others = (*start, *arguments)
        # The colon: no word is taken for a variable, so a dollar sign means itself.
        return " ".join(_unit_word(word) for word in (f":{first}", *others))

    mail = f"""\
# After each try, however it ended; who was mailed today is not mailed again.
ExecStopPost={command(plan.digest_arguments)}
"""
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
ExecStart={command(plan.arguments)}
{mail if plan.digest else ""}Environment={state}
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


def _github_actions(plan: Plan) -> Mapping[str, str]:
    jitter = workflow.JITTER.replace("@seconds@", str(60 * plan.jitter)) if plan.jitter else ""
    text = workflow.WORKFLOW.replace("@jitter@", jitter)
    text = text.replace("@digest@", workflow.DIGEST if plan.digest else "")
    text = text.replace("@minute@", str(plan.at.minute)).replace("@hour@", str(plan.at.hour))
    return {"harvest.yaml": text}


_RENDERERS: Mapping[Kind, Callable[[Plan], Mapping[str, str]]] = {
    Kind.CRON: _cron,
    Kind.SYSTEMD: _systemd,
    Kind.GITHUB_ACTIONS: _github_actions,
    Kind.LAUNCHD: _launchd,
}
