"""Which papers a digest is about: what ``digest`` and ``digest send`` share."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from medsafe_harvest.cli.choosing import condition, day
from medsafe_harvest.cli.context import Workplace
from medsafe_harvest.config import Config, Settings
from medsafe_harvest.curated.selection import select
from medsafe_harvest.digests import health
from medsafe_harvest.digests.content import SHOWN, Digest, explained
from medsafe_harvest.digests.health import Health
from medsafe_harvest.outgoing import topic_name
from medsafe_harvest.ranking import COLUMNS, select_new
from medsafe_harvest.schema import PAPER

SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="DAY",
        help="First day (UTC) on which a new paper was first seen: 2026-05-31, 2026-05 or 2026.",
    ),
]
DaysOption = Annotated[
    int | None,
    typer.Option(min=1, help="Instead of --since: that many days back. Without both, 7."),
]
TopicOption = Annotated[
    list[str] | None,
    typer.Option(help="Only papers with this topic; repeated: with any of them."),
]
LimitOption = Annotated[int, typer.Option(min=1, help="Most papers shown.")]
_DAYS = 7
#: What is read of the papers.
_READ = tuple(dict.fromkeys((*COLUMNS, *SHOWN, "withdrawn", "former_ids")))


@dataclass(frozen=True, slots=True)
class Choice:
    """Which papers, and for which day."""

    today: date
    since: date
    topics: tuple[str, ...]
    where: str | None
    query: str | None
    limit: int
    #: How the days were asked for: ``since``, or ``days`` and their number.
    span: str

    @property
    def key(self) -> tuple[str, ...]:
        """What tells digests of this choice from others, whatever the day."""
        return (self.span, self.where or "", self.query or "", *sorted(self.topics))

    def options(self, limit: int) -> str:
        """The options of ``digest`` that show so many papers of this choice on any later day."""
        words = ["--since", f"{self.since}"]
        words += [word for topic in self.topics for word in ("--topic", topic)]
        words += ["--query", self.query] if self.query else []
        words += ["--where", self.where] if self.where else []
        return shlex.join([*words, "--limit", f"{limit}"])

    @property
    def about(self) -> str:
        """The choice in words, without the days; empty where it is all papers."""
        found = []
        if self.topics:
            found.append(f"about {' or '.join(map(topic_name, self.topics))}")
        if self.query:
            found.append(f"of the query {self.query}")
        if self.where:
            found.append(f"where {self.where}")
        return ", ".join(found)


def chosen(  # noqa: PLR0913 - each option is a parameter
    today: date,
    since: str | None,
    days: int | None,
    topics: Sequence[str],
    *,
    where: str | None,
    query: str | None,
    limit: int,
) -> Choice:
    """The choice by the options given.

    Raises:
        typer.BadParameter: they contradict each other, or cannot be read.
    """
    if since is not None and days is not None:
        raise typer.BadParameter("give --since or --days, not both")
    first = day(since, first=True) or today - timedelta(days=days or _DAYS)
    span = "since" if since else f"days {days or _DAYS}"
    return Choice(today, first, tuple(dict.fromkeys(topics)), condition(where), query, limit, span)


def refuse_unknown(choice: Choice, config: Config) -> None:
    """Refuse a topic or a seed query that is not in the configuration.

    Raises:
        typer.BadParameter: there is none of that name.
    """
    known = {slug for facet, slug, _ in config.topics.topics() if facet != "medical"}
    if unknown := [name for name in choice.topics if name not in known]:
        there_are = ", ".join(sorted(known))
        raise typer.BadParameter(f"no topic {', '.join(unknown)}; there are {there_are}")
    queries = [query.id for query in config.queries]
    if choice.query is not None and choice.query not in queries:
        raise typer.BadParameter(f"no query {choice.query}; there are {', '.join(queries)}")


def new_papers(folder: Path, choice: Choice) -> pa.Table:
    """The papers of a snapshot that the choice lets in.

    Raises:
        SelectionError: the condition cannot be read.
        CuratedError: the snapshot is damaged.
    """
    known = () if choice.query is None else (choice.query,)
    papers = select(folder, where=choice.where, query=choice.query, columns=_READ, known=known)
    return select_new(papers, choice.since, choice.topics)


def no_papers() -> pa.Table:
    """What there is to choose from where there is no table."""
    return pa.schema([PAPER.field(name) for name in _READ]).empty_table()


def health_of(place: Workplace, settings: Settings, today: date, now: datetime) -> Health:
    """How the harvest went, as of that day."""
    end = datetime.combine(today, time.max, UTC)
    return health.read(place.reports, min(now, end), settings.mail.stale_hours)


def digest_of(
    papers: pa.Table, choice: Choice, settings: Settings, health: Health, among: int | None = None
) -> Digest:
    """The digest of these papers, the best of them shown.

    Args:
        papers: rows of :func:`new_papers`.
        choice: what was asked for.
        settings: how papers are ranked.
        health: how the harvest went.
        among: how many papers the choice lets in, where ``papers`` are not all of them.
    """
    return Digest(
        today=choice.today,
        since=choice.since,
        about=choice.about,
        new=papers.num_rows,
        papers=tuple(explained(papers, choice.today, settings.ranking, choice.limit)),
        highest=settings.ranking.highest,
        health=health,
        options=choice.options(among or papers.num_rows),
    )
