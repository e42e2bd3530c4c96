"""Look at the curated data: ``show``, ``explain``, ``stats``."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest.cli.context import Workplace, output, print_json
from medsafe_harvest.curated import redirects, snapshot
from medsafe_harvest.curated.lookup import Dossier, dossier, find_paper, resolve
from medsafe_harvest.dedupe.explain import Explanation
from medsafe_harvest.dedupe.explain import explain as explain_records
from medsafe_harvest.errors import NotFoundError
from medsafe_harvest.normalize.text import one_line

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(show)
    app.command()(explain)
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

    A paper id of earlier days leads to the paper of today, and what became of it is said.
    """
    place: Workplace = context.obj
    folder = snapshot.current(place.curated)
    answer = resolve(folder, redirects.read(place.curated), paper)
    found = dossier(folder, answer.paper_id)
    if as_json:
        print_json(asdict(found) | {"redirects": [one.plain() for one in answer.history]})
        return
    for one in answer.history:
        output.print(shown(one.in_words()))
    _print_dossier(found)


def _print_dossier(found: Dossier) -> None:
    paper = found.paper
    output.print(shown(paper["title"], "bold"))
    output.print(shown(", ".join(author["name"] for author in paper["authors"]) or "no authors"))
    origins: dict[str, list[str]] = {}
    for entry in paper["provenance"]:
        losers = [
            _plain(f"not chosen, from {one['record_id']}: {one['value']}")
            for one in entry["losers"]
        ]
        whose = f"from {entry['record_id']}" if entry["record_id"] else "none chosen"
        origin = _plain(f"{whose} ({entry['rule']})")
        origins[entry["field"]] = [*origins.get(entry["field"], []), origin, *losers]
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    hidden = {"title", "authors", "provenance", "tags"}
    for name, value in paper.items():
        if name not in hidden and (name in origins or value not in (None, [])):
            said = [(f"\n{line}", "dim") for line in origins.get(name, [])]
            table.add_row(Text(name, "bold"), Text.assemble(_plain(value), *said))
    output.print(table)
    _print_rows("Topics, and why", paper["tags"], ("facet", "topic", "score", "rule", "text"))
    _print_rows("Records", found.records, ("record_id", "title", "year", "venue", "queries"))
    _print_rows("Decisions", found.decisions, ("left", "right", "outcome", "reason", "detail"))
    _print_rows("Relations", found.relations, ("left", "kind", "right", "reason", "score"))


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


def explain(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help="A paper or record, by any id.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    as_json: _JSON = False,
) -> None:
    """Explain why two papers or records are one paper, or are not."""
    place: Workplace = context.obj
    folder = snapshot.current(place.curated)
    lefts, rights = _records_of(folder, a), _records_of(folder, b)
    pairs = sorted({tuple(sorted((x, y))) for x in lefts for y in rights if x != y})
    if not pairs:
        raise NotFoundError(f"{a} and {b} are the same single record: nothing to compare")
    records = snapshot.read(folder, "records")
    explanations = [explain_records(records, left, right) for left, right in pairs]
    recorded = _recorded(folder, pairs)
    if as_json:
        print_json(
            [
                asdict(one) | {"recorded": recorded.get((one.left, one.right))}
                for one in explanations
            ]
        )
        return
    titles = dict(zip(records["record_id"].to_pylist(), records["title"].to_pylist(), strict=True))
    for explanation in explanations:
        _print_explanation(explanation, titles, recorded.get((explanation.left, explanation.right)))


def _recorded(folder: Path, pairs: list[tuple[str, ...]]) -> dict[tuple[str, str], dict[str, str]]:
    """What the last run made of these pairs: clusters and curators have the last word."""
    decisions = snapshot.read(folder, "decisions", ["left", "right", "outcome", "reason", "detail"])
    lefts = pa.array(sorted({pair[0] for pair in pairs}))
    rows = decisions.filter(pc.is_in(decisions["left"], value_set=lefts)).to_pylist()
    return {
        (row["left"], row["right"]): {key: row[key] for key in ("outcome", "reason", "detail")}
        for row in rows
        if (row["left"], row["right"]) in pairs
    }


def _print_explanation(
    explanation: Explanation, titles: dict[str, str], recorded: dict[str, str] | None
) -> None:
    for record_id in (explanation.left, explanation.right):
        output.print(shown(f"{record_id}: {titles[record_id]}"))
    table = Table("evidence", "what holds", "weight", title_justify="left")
    table.add_row("prior", "two records that share a key", f"{explanation.prior:+.1f}")
    for evidence in explanation.evidence:
        table.add_row(evidence.kind, shown(evidence.words), f"{evidence.weight:+.1f}")
    table.add_section()
    table.add_row("sum", f"a {explanation.without_guard} by itself", f"{explanation.sum:+.1f}")
    output.print(table)
    keys = ", ".join(explanation.shared_keys) or "none, so a run never compares them"
    features = ", ".join(f"{name} {_value(value)}" for name, value in explanation.features.items())
    ruled = f", by the rule {explanation.guard}" if explanation.guard else ""
    output.print(
        Text.assemble(
            (explanation.outcome, "bold"),
            f" ({explanation.reason}{ruled}), score {explanation.score:.3f}; a match from "
            f"{explanation.match_from:+.1f}, a review from {explanation.review_from:+.1f}\n",
            *(f"{line}\n" for line in explanation.would_change),
        )
    )
    if recorded is not None and recorded["outcome"] != explanation.outcome:
        output.print(
            shown(
                f"In the table it is a {recorded['outcome']} ({recorded['reason']}): "
                f"{recorded['detail']}"
            )
        )
    output.print(Text(f"blocking keys shared: {keys}\nfeatures: {features}\n", style="dim"))


def _value(value: bool | float) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:.3g}"


def _records_of(folder: Path, name: str) -> list[str]:
    """The record of that id, or all records of the paper that the id names."""
    paper = find_paper(folder, name)
    records: list[str] = paper["record_ids"]
    return [name] if name in records else records


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
            table.add_row(_plain(name), f"{number:,}")
        output.print(table)


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
