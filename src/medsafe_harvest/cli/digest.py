"""Show what is new and matters: ``digest``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.text import Text

from medsafe_harvest.cli.context import Workplace, output, print_json
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.config import Config
from medsafe_harvest.curated import redirects, snapshot
from medsafe_harvest.curated.lookup import find_paper, resolve
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.ranking import PARTS, RankingSettings, rank, reasons, select_new
from medsafe_harvest.schema import PAPER

#: What is printed of a paper beside its score.
_SHOWN = (
    *("paper_id", "title", "authors", "published", "year", "first_seen", "venue", "venue_kind"),
    *("medical", "trust", "url", "links", "citation_count", "influential_citation_count"),
    "queries",
)
_DAYS = 7


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(digest)


def digest(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    context: typer.Context,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="First day (UTC) on which a new paper was first seen."
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, help="Instead of --since: that many days back. Without both, 7."),
    ] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option(help="Only papers with this topic; repeated: with any of them."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most papers shown.")] = 20,
    explain: Annotated[
        str | None,
        typer.Option(metavar="PAPER", help="Only explain the score of this paper, new or not."),
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option(
            "--today",
            formats=["%Y-%m-%d"],
            help="Day for which ages are counted. Default: today (UTC).",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Show the new papers that matter, with the parts of each score.

    A paper is new when it was first seen since the day given. The score is the sum of recency,
    topic fit, citations a month, code and venue, each 0 to 1 times its weight from
    config/settings.yaml; docs/how-to/digest-and-coverage.md has the formula. Withdrawn papers are
    left out.
    """
    place: Workplace = context.obj
    if since is not None and days is not None:
        raise typer.BadParameter("give --since or --days, not both")
    config = place.config()
    today = day.date() if day else SystemClock().now().date()
    folder = snapshot.current(place.curated)
    if explain is not None:
        row = _the_paper(place, folder, explain)
        _print_all(_explained(row, today, config.settings.ranking, None), as_json=as_json)
        return
    topics = _known_topics(config, topic or [])
    first = since.date() if since else today - timedelta(days=days or _DAYS)
    new = select_new(snapshot.read(folder, "papers"), first, topics)
    found = _explained(new, today, config.settings.ranking, limit)
    if not as_json:
        about = f" about {' or '.join(topics)}" if topics else ""
        output.print(f"{new.num_rows:,} papers{about} are new since {first}\n")
    extra = {"since": first, "topics": topics, "new": new.num_rows}
    _print_all(extra | found, as_json=as_json)


def _the_paper(place: Workplace, folder: Path, name: str) -> pa.Table:
    """The one row that an id names."""
    answer = resolve(folder, redirects.read(place.curated), name)
    return pa.Table.from_pylist([find_paper(folder, answer.paper_id)], schema=PAPER)


def _known_topics(config: Config, names: list[str]) -> list[str]:
    known = {slug for facet, slug, _ in config.topics.topics() if facet != "medical"}
    unknown = [name for name in names if name not in known]
    if unknown:
        there_are = ", ".join(sorted(known))
        raise typer.BadParameter(f"no topic {', '.join(unknown)}; there are {there_are}")
    return names


def _explained(
    papers: pa.Table, today: date, settings: RankingSettings, limit: int | None
) -> dict[str, Any]:
    """The first papers of the ranking as JSON values, each with its parts and why."""
    best = rank(papers, today, settings).slice(0, limit)
    taken = papers.filter(pc.is_in(papers["paper_id"], value_set=best["paper_id"]))
    rows = {row["paper_id"]: row for row in taken.to_pylist()}
    return {
        "today": today,
        "settings": settings.model_dump(),
        "highest": settings.highest,
        "papers": [_plain(one, rows[one["paper_id"]], settings) for one in best.to_pylist()],
    }


def _plain(
    ranked: dict[str, Any], paper: dict[str, Any], settings: RankingSettings
) -> dict[str, Any]:
    words = reasons(ranked, paper, settings)
    return {
        **{name: paper[name] for name in _SHOWN},
        "authors": [author["name"] for author in paper["authors"]],
        "score": ranked["score"],
        "parts": [
            {
                "part": part,
                "value": (value := ranked[f"part_{part}"]),
                "weight": (weight := getattr(settings.weights, part)),
                "points": value * weight,
                "why": words[part],
            }
            for part in PARTS
        ],
    }


def _print_all(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for number, paper in enumerate(found["papers"], start=1):
        title = Text.assemble(f"{number}. ", shown(paper["title"], "bold"))
        output.print(title, soft_wrap=True)
        _print_line("   ", _names(paper["authors"]))
        _print_line("   ", f"{paper['paper_id']} {paper['url'] or ''}")
        output.print(f"   score {paper['score']:.3f} of {found['highest']:g}")
        for part in paper["parts"]:
            sum_ = f"{part['value']:.3f} x {part['weight']:g} = {part['points']:.3f}"
            _print_line(f"     {part['part']:<9}  {sum_}  ", part["why"])
        output.print()


def _print_line(before: str, text: str) -> None:
    output.print(Text.assemble(before, shown(text)), soft_wrap=True)


def _names(authors: Sequence[str], most: int = 4) -> str:
    if len(authors) > most:
        return f"{', '.join(authors[:most])} and {len(authors) - most} more"
    return ", ".join(authors) or "no authors"
