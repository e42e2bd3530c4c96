"""Print references: ``cite``."""

from __future__ import annotations

from typing import Annotated

import typer

from medsafe_harvest import export
from medsafe_harvest.cli.context import Workplace
from medsafe_harvest.curated import redirects, snapshot
from medsafe_harvest.curated.lookup import find_paper, resolve
from medsafe_harvest.export import Format, Style
from medsafe_harvest.export.keys import COLUMNS as KEY_COLUMNS


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(cite)


def cite(
    context: typer.Context,
    papers: Annotated[
        list[str],
        typer.Argument(
            metavar="PAPER_ID...",
            help="Paper ids (of today or of earlier days), record ids, arXiv ids, DOIs, PMIDs, "
            "PMCIDs or Semantic Scholar ids.",
        ),
    ],
    style: Annotated[Format, typer.Option(help="What to print the references as.")] = Format.BIBTEX,
    abstract: Annotated[
        bool, typer.Option("--abstract/--no-abstract", help="Whether abstracts go along.")
    ] = False,
) -> None:
    """Print the reference of one paper or several, as export would write it.

    For example: medsafe-harvest cite 2505.02843 >> thesis.bib
    """
    place: Workplace = context.obj
    folder, ledger = snapshot.current(place.curated), redirects.read(place.curated)
    rows = [find_paper(folder, resolve(folder, ledger, name).paper_id) for name in papers]
    keys = export.citation_keys(snapshot.read(folder, "papers", list(KEY_COLUMNS)))
    form = Style(style, keys, place.config().venues.full_names, abstract=abstract)
    for piece in export.many(rows, form):
        typer.echo(piece, nl=False)
