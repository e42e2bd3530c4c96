"""Papers like one: ``related``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from medsafe_harvest import nearby
from medsafe_harvest.cli.context import Workplace, console, output, print_json
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.curated import redirects, snapshot
from medsafe_harvest.outgoing import shared_in_words
from medsafe_harvest.topics.related import NEAREST


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(related)


def related(
    context: typer.Context,
    paper: Annotated[
        str,
        typer.Argument(
            metavar="PAPER_ID",
            help="Paper id (of today or of earlier days), record id, arXiv id, DOI, PMID, PMCID or "
            "Semantic Scholar id.",
        ),
    ],
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=NEAREST, help="How many papers to show.")
    ] = NEAREST,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Show the papers nearest to a paper, and the words that make them near.

    Examples:
      medsafe-harvest related 10.1109/MIS.2020.2988604

      medsafe-harvest --data data/demo related 1907.09173 --limit 3 --json

    With more papers than related.most_papers in config/settings.yaml they are computed when you
    ask: the first question reads all papers once.
    """
    place: Workplace = context.obj
    folder = snapshot.current(place.curated)
    ledger, cache = redirects.read(place.curated), nearby.cache_beside(place.curated)
    rows = nearby.of(folder, ledger, paper, cache, _tell).slice(0, limit).to_pylist()
    if as_json:
        print_json(rows)
        return
    if not rows:
        output.print("no paper shares a telling word with it")
        return
    table = Table("score", "paper", "year")
    for name in ("title", "shared"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(
            f"{row['score']:.2f}",
            shown(row["related_paper_id"]),
            str(row["year"] or ""),
            shown(row["title"]),
            shown(", ".join(shared_in_words(row["terms"]))),
        )
    output.print(table)


def _tell(papers: int) -> None:
    console.print(f"reading {papers:,} papers, once for this snapshot")
