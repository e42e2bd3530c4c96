"""Say what is complete and what is missing: ``status``."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest import __version__
from medsafe_harvest.cli.context import Exit, Workplace, console, output, print_json
from medsafe_harvest.cli.harvest import everything
from medsafe_harvest.fetch import ledger
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.harvest import Standing, standings
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

    It reads data/raw and nothing else. "Complete until" is the watermark: no day before it is
    incomplete. Days that are complete and still recent are read again, since papers come late.
    Ends with exit code 3 while days are missing.
    """
    place: Workplace = context.obj
    config = place.config()
    now = SystemClock().now()
    windows = RawStore(place.raw, version=__version__).windows()
    found = standings(config, windows, everything(config), now)
    unbelieved = len(windows) - len(ledger.believable(windows, now))
    if as_json:
        print_json(
            {
                "as_of": now.isoformat(timespec="seconds"),
                "from_the_future": unbelieved,
                "standings": [_as_plain(one, config.settings.harvest.window_days) for one in found],
            }
        )
    else:
        _print(found)
        if unbelieved:
            console.print(
                f"{unbelieved} attempts at windows are from the future, so a clock was wrong: they "
                "count for nothing, and their days are fetched again"
            )
    missing = any(one.state.gaps for one in found)
    raise typer.Exit(Exit.INCOMPLETE if missing else Exit.DONE)


def _print(found: list[Standing]) -> None:
    table = Table("door", "query", "from", "complete until", "days missing", "why", "last asked")
    for one in found:
        state = one.state
        missing = sum(gap.window.days for gap in state.gaps)
        why = {
            f"{gap.outcome}: {gap.message}" if gap.message else gap.outcome.replace("_", " ")
            for gap in state.gaps
        }
        table.add_row(
            one.source,
            one.query.id,
            str(state.wanted.since),
            str(state.watermark or "-"),
            Text(f"{missing:,}" if missing else "", style="red"),
            Text("; ".join(sorted(why))),
            f"{state.last_attempt:%Y-%m-%d %H:%M}" if state.last_attempt else "never",
        )
    output.print(table)


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
