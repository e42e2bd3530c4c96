"""What a run that nobody watches has to be doubted for, in words for its report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from medsafe_harvest.announced import Announced
from medsafe_harvest.collect import Collected, Key
from medsafe_harvest.config import Config
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.silence import Silence, find_silence
from medsafe_harvest.sources.base import Completeness


def doubts(config: Config, announced: Sequence[Announced], new: Collection[Key]) -> list[str]:
    """Warnings where announcements and what came in do not go together."""
    came = {source for source, _ in new}
    words = []
    for one in announced:
        number = sum(one.wanted.values())
        if number >= _MANY and config.feeds[one.door].source not in came:
            words.append(
                f"{one.door} announced {number} papers that seed queries seem to ask for, and no "
                "new one came in"
            )
        if one.is_quiet and one.day.weekday() < _WEEKEND:
            words.append(
                f"{one.door}: nothing was announced on {one.day:%A}, {one.day}: a holiday, or a "
                "failure"
            )
    return words


#: Saturday, the first day of the week without announcements.
_WEEKEND = 5
#: So many announced papers and nothing new cannot be an accident.
_MANY = 5


def silences(
    config: Config, collected: Collected, windows: Sequence[WindowRecord], now: datetime
) -> list[str]:
    """Warnings about sources and seed queries that have not brought anything new for too long."""
    asked: dict[tuple[str, str], set[date]] = {}
    failed: dict[tuple[str, str], set[date]] = {}
    queries = {query.id for query in config.queries}
    for record in windows:
        if record.query in queries:
            kind = asked if record.outcome in _ANSWERED else failed
            day = record.began_at.date()
            kind.setdefault((record.source, ""), set()).add(day)
            kind.setdefault((record.source, record.query), set()).add(day)
    new = collected.new_by_day()
    silent: dict[tuple[str, str], Silence] = {}
    for key, days in sorted(asked.items()):
        silence = find_silence(new.get(key, {}), days - failed.get(key, set()), now.date())
        # A source that is silent altogether is said once.
        if silence is not None and (key[0], "") not in silent:
            silent[key] = silence
    return [
        f"{door}{f', query {query}' if query else ''}: no new record in {silence.nights} nights, "
        f"where {silence.expected:.0f} were to be expected from the nights before"
        for (door, query), silence in silent.items()
    ]


#: A window that is split was answered too.
_ANSWERED = FULL | {Completeness.TOO_LARGE.value}


def clock_warnings(windows: Sequence[WindowRecord], now: datetime) -> list[str]:
    """Warnings about a clock that was not always right."""
    latest = max((record.finished_at for record in windows), default=now)
    if latest <= now:
        return []
    words = (
        f"the clock stands at {now:%Y-%m-%d %H:%M} UTC, but the store was written at "
        f"{latest:%Y-%m-%d %H:%M}: set it; what comes from the future is asked for again"
    )
    return [words]
