"""Take papers to other programs: ``export``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.progress import Progress

from medsafe_harvest import export as exporting
from medsafe_harvest.cli.choosing import choosing, chosen
from medsafe_harvest.cli.context import Workplace, console
from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.selection import Choice
from medsafe_harvest.curated.where_columns import check_columns
from medsafe_harvest.export import Format, Style, files, tables
from medsafe_harvest.export.keys import COLUMNS as KEY_COLUMNS
from medsafe_harvest.schema import PAPER

_STDOUT = Path("-")

group = typer.Typer(
    name="export",
    help="Take papers to reference managers, spreadsheets and programs.\n\n"
    "All commands select alike: by topic, time, seed query, and with --where in plain words of the "
    "columns (docs/columns.md). Without --out, text goes to standard output.\n\n"
    "Examples:\n\n"
    "medsafe-harvest export bibtex --topic privacy --out privacy.bib\n\n"
    "medsafe-harvest export ris --where \"topic = 'fairness' and year >= 2024\" --out fair.ris\n\n"
    "medsafe-harvest export csv --where @saved.txt --columns title,year,doi --out list.csv",
    no_args_is_help=True,
)


def _not_among_pages(context: typer.Context, out: Path) -> Path:
    if out != _STDOUT:
        place: Workplace = context.obj
        place.refuse_raw(out)
    return out


OutOption = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="File to write, whole or not at all.",
        callback=_not_among_pages,
    ),
]
AbstractOption = Annotated[
    bool, typer.Option("--abstract/--no-abstract", help="Whether abstracts go along.")
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(metavar="NAME,...", help="Columns in this order. Default: all of papers.parquet."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group)


@dataclass(frozen=True, slots=True)
class Asked:
    """The papers that a command line asks for, and where they are."""

    #: The snapshot.
    folder: Path
    config: Config
    choice: Choice

    @classmethod
    def of(cls, context: typer.Context) -> Asked:
        """What the options of a command with ``@choosing`` say."""
        place: Workplace = context.obj
        config = place.config()
        choice = chosen(context, config)
        return cls(snapshot.current(place.curated), config, choice)

    def papers(self, columns: Sequence[str] | None) -> pa.Table:
        """Some columns of the papers chosen, sorted by ``paper_id``."""
        return self.choice.papers(self.folder, columns)

    def keys(self) -> dict[str, str]:
        """The citation keys of all papers, chosen or not."""
        return exporting.citation_keys(snapshot.read(self.folder, "papers", list(KEY_COLUMNS)))


@group.command()
@choosing
def bibtex(
    context: typer.Context,
    out: OutOption = _STDOUT,
    abstract: AbstractOption = True,
    ascii_only: Annotated[
        bool,
        typer.Option(
            "--ascii", help="Accents and signs as LaTeX commands, for bibtex without UTF-8."
        ),
    ] = False,
) -> None:
    """BibTeX for LaTeX, read by biber and bibtex alike, in UTF-8.

    Citation keys (cobo2025physical) are the same in every export; docs/how-to/references.md says
    how they are made. The paper_id is a further key for biblatex. Acronyms and names in titles keep
    their capitals; code is in the note.

    For example:

      medsafe-harvest export bibtex --topic privacy --since 2024 --out privacy.bib
    """
    _references(context, Format.BIBTEX, out, abstract=abstract, ascii_only=ascii_only)


@group.command()
@choosing
def ris(
    context: typer.Context,
    out: OutOption = _STDOUT,
    abstract: AbstractOption = True,
) -> None:
    """RIS for Zotero, EndNote, Mendeley, Rayyan and Covidence.

    For example:

      medsafe-harvest export ris --where "topic = 'fairness' and code" --out fair.ris
    """
    _references(context, Format.RIS, out, abstract=abstract)


@group.command()
@choosing
def csl(
    context: typer.Context,
    out: OutOption = _STDOUT,
    abstract: AbstractOption = True,
) -> None:
    """CSL-JSON for pandoc, Zotero and every citation processor.

    For example:

      medsafe-harvest export csl --query federated-learning --no-abstract --out fl.json
    """
    _references(context, Format.CSL, out, abstract=abstract)


@group.command("csv")
@choosing
def as_csv(
    context: typer.Context,
    out: OutOption = _STDOUT,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Columns of papers.parquet, and citation_key, in this order. Default: "
            + ", ".join(tables.CSV_COLUMNS),
        ),
    ] = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="Begin with the mark by which Excel knows UTF-8.")
    ] = False,
) -> None:
    """CSV for spreadsheets: no title is run as a formula.

    A cell that begins with =, +, - or @ gets an apostrophe before it, and so does such an item of a
    list. Lists are joined by semicolons.

    For example:

      medsafe-harvest export csv --where medical --columns title,year,doi --excel --out list.csv
    """
    asked = Asked.of(context)
    names = _names(columns, also=[tables.KEY]) or list(tables.CSV_COLUMNS)
    papers = asked.papers([*(name for name in names if name != tables.KEY), "paper_id"])
    keys = asked.keys() if tables.KEY in names else {}
    lines = tables.csv_lines(shown_rows(papers), names, keys)
    write(lines, out, papers.num_rows, encoding="utf-8-sig" if excel else "utf-8")


@group.command()
@choosing
def jsonl(
    context: typer.Context,
    out: OutOption = _STDOUT,
    columns: ColumnsOption = None,
) -> None:
    """JSON lines for programs: one paper a line, lists and provenance as they are.

    For example:

      medsafe-harvest export jsonl --topic unlearning --columns paper_id,title,topics
    """
    papers = Asked.of(context).papers(_names(columns))
    write(tables.json_lines(shown_rows(papers)), out, papers.num_rows)


@group.command()
@choosing
def parquet(
    context: typer.Context,
    out: OutOption,
    columns: ColumnsOption = None,
) -> None:
    """Parquet with the types of papers.parquet, for DuckDB, pandas, Polars and Spark.

    For example:

      medsafe-harvest export parquet --since 2024 --out recent.parquet
    """
    if out == _STDOUT:
        raise typer.BadParameter("Parquet is no text: name a file with --out")
    papers = Asked.of(context).papers(_names(columns))
    files.replace(out, lambda beside: tables.write_parquet(papers, beside))
    _tell(papers.num_rows, out)


def _references(
    context: typer.Context, kind: Format, out: Path, *, abstract: bool, ascii_only: bool = False
) -> None:
    asked = Asked.of(context)
    papers = asked.papers(exporting.COLUMNS)
    keys, venues = asked.keys(), asked.config.venues.full_names
    style = Style(kind, keys, venues, abstract=abstract, ascii_only=ascii_only)
    by_key = pa.array(map(keys.get, papers["paper_id"].to_pylist()), pa.string())
    papers = papers.take(pc.sort_indices(by_key))
    write(exporting.many(shown_rows(papers), style), out, papers.num_rows)


def _names(columns: str | None, also: Sequence[str] = ()) -> list[str] | None:
    """The columns that an option lists; None where it is not given.

    Raises:
        SelectionError: there is no such column.
        typer.BadParameter: it lists none.
    """
    if columns is None:
        return None
    names = [name.strip() for name in columns.split(",") if name.strip()]
    if not names:
        raise typer.BadParameter("--columns: no column is named")
    return check_columns(names, [*also, *PAPER.names])


def shown_rows(papers: pa.Table) -> Iterator[dict[str, Any]]:
    """The rows, with a bar on a terminal while they are written."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        yield from bars.track(
            tables.rows(papers), total=papers.num_rows, description="writing papers"
        )


def write(pieces: Iterable[str], out: Path, papers: int, *, encoding: str = "utf-8") -> None:
    """Write text to a file, or to standard output, and say how many papers it has."""
    if out != _STDOUT:
        files.write_text(out, pieces, encoding=encoding)
    else:
        sys.stdout.writelines(["\ufeff"] if encoding == "utf-8-sig" else [])
        sys.stdout.writelines(pieces)
    _tell(papers, out)


def _tell(papers: int, out: Path) -> None:
    if not papers:
        so = "" if out == _STDOUT else f", so {out} holds none"
        console.print(f"no paper was selected{so}", soft_wrap=True)
    elif out != _STDOUT:
        console.print(f"{papers:,} {'paper' if papers == 1 else 'papers'} in {out}", soft_wrap=True)
