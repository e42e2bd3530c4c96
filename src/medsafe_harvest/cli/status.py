"""Say what is complete and what is missing: ``status``."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest import __version__
from medsafe_harvest.cli.context import Exit, Workplace, console, output, print_json
from medsafe_harvest.cli.harvest import everything
from medsafe_harvest.config import Config
from medsafe_harvest.fetch import ledger
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.limiter import Limiter
from medsafe_harvest.fetch.plan import Standing, standings
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.sources.base import Window


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(status)


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Say for every seed query at every door which days are complete, and which are missing, why.

    It reads data/raw and nothing else. "Complete to" is the watermark: no day before it is
    incomplete. Days that are complete and still recent are read again, since papers come late.
    Ends with exit code 3 while days are missing, and with 1 while stored pages are damaged.
    """
    place: Workplace = context.obj
    config = place.config()
    now = SystemClock().now()
    store = RawStore(place.raw, version=__version__)
    windows, damaged = store.windows(), store.damaged()
    found = standings(config, windows, everything(config), now)
    unbelieved = len(windows) - len(ledger.believable(windows, now))
    if as_json:
        print_json(
            {
                "as_of": now.isoformat(timespec="seconds"),
                "from_the_future": unbelieved,
                "damaged": damaged,
                "left_alone": dict(_left_alone(place, config)),
                "standings": [_as_plain(one, config.settings.harvest.window_days) for one in found],
            }
        )
    else:
        _print(found)
        for door, until in _left_alone(place, config):
            console.print(
                f"{door} is left alone until {until}, since runs had to give up on it; "
                f"{place.state / f'{door}.broken.json'} may be removed to ask earlier"
            )
        for words in damaged:
            console.print(words, soft_wrap=True)
        if unbelieved:
            console.print(
                f"{unbelieved} attempts at windows are from the future, so a clock was wrong: they "
                "count for nothing, and their days are fetched again"
            )
    missing = any(one.state.gaps for one in found)
    raise typer.Exit(Exit.FAILED if damaged else Exit.INCOMPLETE if missing else Exit.DONE)


def _left_alone(place: Workplace, config: Config) -> list[tuple[str, str]]:
    """Doors that runs had to give up on, and until when they are left alone (UTC)."""
    clock = SystemClock()
    limiter = Limiter(place.state, clock)
    found = ((door, limiter.left_alone(door)) for door in config.doors)
    return [
        (door, f"{clock.now() + timedelta(seconds=seconds):%Y-%m-%d %H:%M}")
        for door, seconds in found
        if seconds > 0
    ]


def _print(found: list[Standing]) -> None:
    table = Table()
    table.add_column("door and query", no_wrap=True)
    table.add_column("complete to", no_wrap=True)
    table.add_column("%", justify="right", no_wrap=True)
    table.add_column("days missing, and why", overflow="fold")
    table.add_column("last asked", no_wrap=True)
    for one in found:
        state = one.state
        missing = sum(gap.window.days for gap in state.gaps)
        table.add_row(
            Text(f"{one.source}\n{one.query.id}"),
            str(state.watermark or "-"),
            # Rounded down: 100 % is all.
            str((state.wanted.days - missing) * 100 // state.wanted.days),
            Text(_missing(one), style="red"),
            f"{state.last_attempt:%Y-%m-%d}" if state.last_attempt else "never",
        )
    output.print(table)
    whole = sum(not one.state.gaps for one in found)
    days = sum(gap.window.days for one in found for gap in one.state.gaps)
    output.print(
        f"{whole} of {len(found)} questions have all their days; {days:,} days are missing"
    )


def _missing(one: Standing) -> str:
    gaps = one.state.gaps
    if not gaps:
        return ""
    days = sum(gap.window.days for gap in gaps)
    why = {
        f"{gap.outcome}: {gap.message}" if gap.message else gap.outcome.replace("_", " ")
        for gap in gaps
    }
    return f"{days:,} ({gaps[0].window.since} to {gaps[-1].window.until})\n" + "; ".join(
        sorted(why)
    )


def _as_plain(one: Standing, window_days: int) -> dict[str, Any]:
    state = one.state
    return {
        "source": one.source,
        "query": one.query.id,
        "query_digest": one.query.digest,
        "wanted": _days(state.wanted),
        "watermark": state.watermark,
        "complete": [_days(window) for window in state.complete],
        "settled": [_days(window) for window in state.settled],
        "missing": [
            {
                **_days(gap.window),
                "state": "partial" if gap.is_partial else "missing",
                "outcome": gap.outcome,
                "message": gap.message,
            }
            for gap in state.gaps
        ],
        "to_fetch": [_days(window) for window in ledger.missing(state, window_days=window_days)],
        "last_attempt": state.last_attempt and state.last_attempt.isoformat(timespec="seconds"),
    }


def _days(window: Window) -> dict[str, str]:
    return {"since": window.since.isoformat(), "until": window.until.isoformat()}
