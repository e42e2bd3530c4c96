"""Look at the curated data: ``show``, ``stats``."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest.cli.context import Workplace, output, print_json
from medsafe_harvest.curated import redirects, snapshot
from medsafe_harvest.curated.lookup import Dossier, dossier, resolve
from medsafe_harvest.dedupe.prepare import IDENTIFIERS
from medsafe_harvest.normalize.text import one_line
from medsafe_harvest.outgoing import topic_name

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(show)
    app.command()(stats)


def show(
    context: typer.Context,
    paper: Annotated[
        str,
        typer.Argument(
            help="Paper id (of today or of earlier days), record id, arXiv id, DOI, PMID, PMCID or "
            "Semantic Scholar id."
        ),
    ],
    as_json: _JSON = False,
) -> None:
    """Show every field of a paper, the record it came from, and the values not chosen.

    A paper id of earlier days leads to the paper of today, and what became of it is said. Digits
    alone are read as a PMID; PMC123, corpus:123 and CorpusID:123 say what they are.
    """
    place: Workplace = context.obj
    folder = snapshot.current(place.curated)
    answer = resolve(folder, redirects.read(place.curated), paper)
    found = dossier(folder, answer.paper_id)
    if as_json:
        print_json(asdict(found) | {"redirects": [one.plain() for one in answer.history]})
        return
    for one in answer.history:
        output.print(shown(one.in_words(answer.pieces)))
    _print_dossier(found)


def _print_dossier(found: Dossier) -> None:
    paper = found.paper
    origins: dict[str, list[str]] = {}
    for entry in paper["provenance"]:
        losers = [
            _plain(f"not chosen, from {one['record_id']}: {_lost(entry['field'], one['value'])}")
            for one in entry["losers"]
        ]
        whose = f"from {entry['record_id']}" if entry["record_id"] else "none chosen"
        origin = _plain(f"{whose} ({entry['rule']})")
        origins[entry["field"]] = [*origins.get(entry["field"], []), origin, *losers]
    names = ", ".join(author["name"] for author in paper["authors"]) or "no authors"
    for name, heading, style in (("title", paper["title"], "bold"), ("authors", names, "")):
        output.print(shown(heading, style))
        for line in origins.get(name, []):
            output.print(Text(f"  {line}", "dim"))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    hidden = {"title", "authors", "provenance", "tags"}
    for name, value in paper.items():
        if name not in hidden and (name in origins or value not in (None, [])):
            said = [(f"\n{line}", "dim") for line in origins.get(name, [])]
            table.add_row(Text(name, "bold"), Text.assemble(_plain(value), *said))
    output.print(table)
    tags = [tag | {"topic": topic_name(tag["topic"])} for tag in paper["tags"]]
    _print_rows("Topics, and why", tags, ("facet", "topic", "score", "rule", "text"))
    _print_records(found.records)
    _print_rows("Decisions", found.decisions, ("left", "right", "outcome", "reason", "detail"))
    _print_rows("Relations", found.relations, ("left", "kind", "right", "reason", "score"))


def _lost(field: str, value: str) -> str:
    """A value not chosen, in JSON; authors by their names."""
    if field != "authors":
        return value
    return ", ".join(author["name"] for author in json.loads(value))


def _print_records(records: list[dict[str, Any]]) -> None:
    """One block a record: what it is called, where it appeared, its identifiers."""
    output.print(Text("Records", "italic"))
    for record in records:
        output.print(shown(record["record_id"], "bold"))
        place = [record["venue"], record["year"]]
        for name, value in {
            "title": record["title"],
            "appeared": [one for one in place if one is not None],
            "ids": _identifiers(record),
            "queries": record["queries"],
        }.items():
            if value:
                output.print(Text.assemble(f"  {name}: ", _plain(value)))


def _identifiers(record: dict[str, Any]) -> list[str]:
    """As "kind:value", which ``show`` and ``explain`` read."""
    columns = {"doi": "doi", **IDENTIFIERS}
    found = [(kind, record.get(column)) for kind, column in columns.items()]
    found += [("doi", doi) for doi in record.get("other_dois") or []]
    return [f"{kind}:{value}" for kind, value in found if value is not None]


def _print_rows(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_plain(row[column])) for column in columns))
    output.print(table)


def shown(text: str | None, style: str = "") -> Text:
    """A text on one line, without what would steer the terminal."""
    return Text(_plain(text), style=style)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, float):
        return f"{value:.3g}"
    return "" if value is None else one_line(str(value)) or ""


def stats(
    context: typer.Context,
    as_json: _JSON = False,
) -> None:
    """Count the curated papers by source, topic, year and venue."""
    place: Workplace = context.obj
    counts = count(snapshot.current(place.curated))
    if as_json:
        print_json(counts)
        return
    for title, rows in counts.items():
        table = Table(title, "papers" if title != "records by source" else "records")
        for name, number in rows.items():
            table.add_row(in_words(title, name), f"{number:,}")
        output.print(table)


def in_words(title: str, name: str | int) -> str:
    """What is counted under a heading of :func:`count`."""
    return topic_name(str(name)) if title == "papers by trust topic" else _plain(name)


def count(folder: Path, *, most: int = 15) -> dict[str, dict[str, int]]:
    """Counts by heading; venues and years are cut to the ``most`` frequent and latest."""
    papers = snapshot.read(
        folder,
        "papers",
        ["sources", "trust", "year", "venue", "record_ids", "code_links", "medical", "withdrawn"],
    ).to_pylist()
    records = Counter(snapshot.read(folder, "records", ["source"])["source"].to_pylist())
    topics = Counter(topic for paper in papers for topic in paper["trust"])
    years = Counter(paper["year"] for paper in papers if paper["year"] is not None)
    venues = Counter(paper["venue"] for paper in papers if paper["venue"])
    return {
        "records by source": dict(sorted(records.items())),
        "papers": {
            "all": len(papers),
            "merged from several records": sum(len(paper["record_ids"]) > 1 for paper in papers),
            "in several sources": sum(len(paper["sources"]) > 1 for paper in papers),
            "medical": sum(paper["medical"] for paper in papers),
            "with code": sum(bool(paper["code_links"]) for paper in papers),
            "withdrawn": sum(paper["withdrawn"] for paper in papers),
        },
        "papers by trust topic": dict(topics.most_common()),
        "papers by year": dict(sorted(years.items(), reverse=True)[:most]),
        "papers by venue": dict(venues.most_common(most)),
    }
