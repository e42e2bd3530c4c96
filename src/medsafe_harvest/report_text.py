"""The account that a run gives of itself, in words: for a mail or a log."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from medsafe_harvest import __version__
from medsafe_harvest.fetch.harvest import Fetched
from medsafe_harvest.night import Night
from medsafe_harvest.reading import Changes
from medsafe_harvest.tally import Tally


def as_text(night: Night) -> str:
    """The report in words; lines of any length, the last with its break."""
    fetched = night.fetched
    seconds = (night.ended_at - night.began_at).total_seconds()
    lines = [
        f"medsafe-harvest {__version__}, run {night.run}",
        f"{night.began_at:%Y-%m-%d %H:%M} UTC, {_duration(seconds)}: "
        + (
            f"INCOMPLETE, {fetched.incomplete} windows are left for the next run"
            if fetched.incomplete
            else f"complete, {fetched.complete} windows"
        ),
    ]
    lines += [f"WARNING: {warning}" for warning in night.warnings]
    for one in night.announced:
        kinds = ", ".join(f"{number} {kind}" for kind, number in one.kinds.items())
        said = kinds or "nothing was announced (a weekend or a holiday)"
        lines.append(f"{one.door}, {one.day}: {said}")
    lines += [_door(name, tally) for name, tally in night.doors.items()]
    for source, changes in night.changes.items():
        lines += _changes(source, changes)
    lines += [f"{name} is no longer found by {query}" for name, query in night.lost]
    lines += _table(night)
    lines += _troubles(fetched)
    return "\n".join(lines) + "\n"


def failure_as_text(error: BaseException, began: datetime, outcome: str) -> str:
    """The report of a run that could not go on, ``failed`` or ``interrupted``."""
    return (
        f"medsafe-harvest {__version__}\n{began:%Y-%m-%d %H:%M} UTC: {outcome.upper()}\n"
        f"{str(error) or type(error).__name__}\n"
    )


def _door(name: str, tally: Tally) -> str:
    return (
        f"{name}: {tally.complete} of {_count(tally.windows, 'window')}, "
        f"{_count(tally.records, 'record')}, {_count(tally.requests, 'request')} in "
        f"{_duration(tally.seconds_asking)}"
        + (f", {_count(tally.resumed, 'page')} resumed" if tally.resumed else "")
        + (
            f", {_count(tally.retries, 'retry', 'retries')}, "
            f"{_duration(tally.seconds_waiting)} of waiting"
            if tally.retries
            else ""
        )
    )


def _changes(source: str, changes: Changes) -> list[str]:
    counts = f"{changes.new:,} new, {changes.changed:,} changed, {changes.unchanged:,} unchanged"
    return [
        f"{source} records: {counts}",
        *(
            f"  {name} is gone" if now is None else f"  {name} is {now} now"
            for name, now in changes.replaced
        ),
    ]


def _table(night: Night) -> list[str]:
    made = night.curated
    if made is None:
        return [f"no table: {night.why_no_table}"]
    more = made.papers - (night.papers_before or 0)
    lines = [f"papers: {made.papers:,} ({more:+,}), {made.merged:,} merged from several records"]
    if made.papers_merged or made.papers_split:
        lines.append(
            f"paper ids: {made.papers_merged:,} merged into others, "
            f"{made.papers_split:,} split; old ids lead to the new ones"
        )
    return lines


def _troubles(fetched: Fetched) -> list[str]:
    """What was wrong with windows: each cause once, with how many it met."""
    causes = [
        (record.source, f"{record.outcome}: {record.message}")
        for record in fetched.records
        if record.message
    ]
    causes += [(left.task.source, f"not asked: {left.why}") for left in fetched.skipped]
    return [
        f"{source}, {_count(number, 'window')}: {why}"
        for (source, why), number in Counter(causes).items()
    ]


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
