"""Have another program start the harvest every day: ``schedule``."""

from __future__ import annotations

import getpass
import re
import shutil
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

from medsafe_harvest.cli.context import Workplace, console
from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.schedule import (
    QUIET_FROM,
    QUIET_UNTIL,
    Kind,
    Plan,
    meets_quiet_hours,
    render,
)

_NAME = "medsafe-harvest"
_NEXT = {
    Kind.CRON: "put it into the table that `crontab -e` opens",
    Kind.SYSTEMD: "docs/how-to/systemd.md says where the two files go and how to enable the timer",
    Kind.GITHUB_ACTIONS: "put it into .github/workflows/ and set the secret S2_API_KEY",
    Kind.LAUNCHD: "put it into ~/Library/LaunchAgents/ and load it with `launchctl bootstrap`",
}


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(schedule)


def schedule(  # noqa: PLR0913, PLR0917 - options, by name
    context: typer.Context,
    kind: Annotated[Kind, typer.Option("--as", help="What is to start the harvest.")],
    at: Annotated[str, typer.Option(metavar="HH:MM", help="Time of day, in UTC.")] = "05:30",
    jitter: Annotated[
        int, typer.Option(min=0, max=360, help="Minutes over which the start is spread.")
    ] = 20,
    keys: Annotated[
        Path | None,
        typer.Option(
            help="File of NAME=value lines with the keys, such as S2_API_KEY. Default: keys.env "
            "in the user's configuration folder, or /etc/medsafe-harvest/keys.env with --system.",
            dir_okay=False,
        ),
    ] = None,
    system: Annotated[
        bool, typer.Option("--system", help="systemd: units of the machine, not of the user.")
    ] = False,
    write: Annotated[
        Path | None,
        typer.Option(help="Write the files into this folder.", file_okay=False),
    ] = None,
    digest: Annotated[
        bool,
        typer.Option(
            "--digest",
            help="Also mail what is new after each harvest, or that it failed (see `digest send`).",
        ),
    ] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also at a time when arXiv is hardly usable.")
    ] = False,
) -> None:
    """Print a ready file that has cron, systemd, launchd or GitHub harvest every day.

    Nothing is installed: redirect it, or let --write put it into a folder. docs/how-to/ says for
    each where it belongs, how to see that it works, and how to be rid of it.
    """
    place: Workplace = context.obj
    if system and kind is not Kind.SYSTEMD:
        raise typer.BadParameter("--system goes with --as systemd only")
    start = _time(at)
    if digest:
        _note_lack_of_mail(place)
    now = SystemClock().now()
    if not anyway:
        _refuse_quiet_hours(start, jitter, kind, now)
    local = datetime.combine(now.date(), start, UTC).astimezone()
    try:
        plan = Plan(
            program=_program(),
            config=place.config_folder.absolute(),
            data=place.data.absolute(),
            state=place.state.absolute(),
            keys=(keys or _usual_keys(system=system)).absolute(),
            at=start,
            local=local.time(),
            zone=f"UTC{local:%z}",
            jitter=jitter,
            flock=Path(found) if (found := shutil.which("flock")) else None,
            system_user=getpass.getuser() if system else None,
            digest=digest,
        )
        files = render(kind, plan)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if write is None:
        typer.echo(_joined(files), nl=False)
    else:
        _write(files, write)
    for folder in (plan.data, plan.state) if system else ():
        if not folder.is_dir():
            console.print(f"make {folder} first: the unit cannot start without", soft_wrap=True)
    if kind is not Kind.GITHUB_ACTIONS:
        _note_odd_folders(plan)
    console.print(_NEXT[kind], soft_wrap=True)


def _note_lack_of_mail(place: Workplace) -> None:
    """Say what the mails will lack; it may still be written before the first start."""
    mail = place.config().settings.mail
    lacking = [f"mail.{name}" for name in ("smtp", "to") if not getattr(mail, name)]
    if lacking:
        file = place.config_folder / "settings.yaml"
        console.print(f"note: {' and '.join(lacking)} is not set in {file} yet", soft_wrap=True)


def _note_odd_folders(plan: Plan) -> None:
    """Say which folders look like a mistake; they may still be made before the first start."""
    for option, folder in (("--config", plan.config), ("--data", plan.data)):
        if not folder.is_dir():
            console.print(f"note: {folder} is not there yet ({option})", soft_wrap=True)
    if plan.data == Path("/data"):
        console.print("note: the data would lie in /data; is --data meant?", soft_wrap=True)


def _time(text: str) -> time:
    if re.fullmatch("[0-9]{2}:[0-9]{2}", text):
        try:
            return time.fromisoformat(text)
        except ValueError:
            pass  # such as 25:00: refused below, with the rest
    raise typer.BadParameter(f"--at {text!r} is no time of day; write it like 05:30")


def _refuse_quiet_hours(at: time, jitter: int, kind: Kind, now: datetime) -> None:
    """Refuse a start while arXiv is busy, in any season.

    Raises:
        typer.BadParameter: it may fall into that time.
    """
    starts = {at}
    if kind in (Kind.CRON, Kind.LAUNCHD):
        # They keep to the local time, so that the start in UTC moves with the season.
        local = datetime.combine(now.date(), at, UTC).astimezone().time()
        days = [now.date() + timedelta(weeks=week) for week in range(53)]
        starts |= {datetime.combine(day, local).astimezone(UTC).time() for day in days}
    bad = sorted(start for start in starts if meets_quiet_hours(start, jitter))
    if bad:
        season = "" if at in bad else f" (in another season it is {bad[0]:%H:%M} UTC)"
        raise typer.BadParameter(
            f"--at {at:%H:%M} with {jitter} minutes of jitter may start between "
            f"{QUIET_FROM:%H:%M} and {QUIET_UNTIL:%H:%M} UTC{season}: arXiv announces its new "
            "papers then and refuses most requests. Choose another time, such as 05:30, or "
            "insist with --anyway"
        )


def _program() -> Path:
    """This program's executable: the one beside the interpreter, or else that of the PATH."""
    beside = Path(sys.executable).absolute().parent
    found = shutil.which(_NAME, path=str(beside)) or shutil.which(_NAME)
    if found is None:
        raise typer.BadParameter(
            f"no executable {_NAME} beside {sys.executable} or in PATH: install the package"
        )
    return Path(found).absolute()


def _usual_keys(*, system: bool) -> Path:
    if system:
        return Path("/etc") / _NAME / "keys.env"
    return platformdirs.user_config_path(_NAME) / "keys.env"


def _joined(files: dict[str, str]) -> str:
    """One text; where there are several files, a comment before each gives its name."""
    if len(files) == 1:
        return next(iter(files.values()))
    return "\n".join(f"# ---- {name} ----\n{text}" for name, text in files.items())


def _write(files: dict[str, str], folder: Path) -> None:
    """Write the files, none over another's work.

    Raises:
        StoreError: one is there and says something else, or the folder cannot be written.
    """
    try:
        for name, text in files.items():
            path = folder / name
            if path.exists() and path.read_text(encoding="utf-8") != text:
                raise StoreError(f"{path} is there and differs: remove it first")
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
            console.print(str(folder / name), soft_wrap=True)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{folder} cannot be written: {error}") from error
