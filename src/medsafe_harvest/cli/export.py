"""Take papers to other programs: ``export``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.progress import Progress

from medsafe_harvest import export as exporting
from medsafe_harvest.cli.context import Workplace, console
from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.selection import select
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

OutOption = Annotated[
    Path, typer.Option("--out", "-o", metavar="FILE", help="File to write, whole or not at all.")
]
WhereOption = Annotated[
    str | None,
    typer.Option(
        metavar="CONDITION",
        help="Only papers for which this holds, for example \"topic = 'fairness' and "
        'year >= 2024", or @FILE that holds a saved condition.',
    ),
]
TopicOption = Annotated[
    list[str] | None,
    typer.Option(help="Only papers with this topic; repeated: with all of them."),
]
SinceOption = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Only papers published on this day or later."),
]
UntilOption = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Only papers published on this day or earlier."),
]
QueryOption = Annotated[
    str | None, typer.Option(metavar="ID", help="Only papers that this seed query found.")
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
class Choice:
    """Which papers a command line asks for."""

    place: Workplace
    folder: Path
    config: Config
    arguments: Mapping[str, Any]

    @classmethod
    def of(cls, context: typer.Context) -> Choice:
        """The choice of a command; its options are those that all commands share."""
        place: Workplace = context.obj
        config, given = place.config(), context.params
        known = [slug for _, slug, _ in config.topics.topics()]
        arguments = {
            "topics": given["topic"] or (),
            "since": given["since"] and given["since"].date(),
            "until": given["until"] and given["until"].date(),
            "where": _condition(given["where"]),
            "query": given["query"],
            "known": [*known, *(query.id for query in config.queries)],
        }
        return cls(place, snapshot.current(place.curated), config, arguments)

    def papers(self, columns: Sequence[str] | None) -> pa.Table:
        """Some columns of the papers chosen, sorted by ``paper_id``."""
        return select(self.folder, columns=columns, **self.arguments)

    def keys(self) -> dict[str, str]:
        """The citation keys of all papers, chosen or not."""
        return exporting.citation_keys(snapshot.read(self.folder, "papers", list(KEY_COLUMNS)))


def _condition(text: str | None) -> str | None:
    """The condition itself, or what stands in the file that ``@`` names."""
    if text is None or not text.startswith("@"):
        return text
    try:
        return " ".join(Path(text[1:]).read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--where {text}: the file cannot be read ({error})") from error


@group.command()
def bibtex(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    context: typer.Context,
    out: OutOption = _STDOUT,
    where: WhereOption = None,  # noqa: ARG001 - read by Choice
    topic: TopicOption = None,  # noqa: ARG001
    since: SinceOption = None,  # noqa: ARG001
    until: UntilOption = None,  # noqa: ARG001
    query: QueryOption = None,  # noqa: ARG001
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
    """
    _references(context, Format.BIBTEX, out, abstract=abstract, ascii_only=ascii_only)


@group.command()
def ris(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    context: typer.Context,
    out: OutOption = _STDOUT,
    where: WhereOption = None,  # noqa: ARG001 - read by Choice
    topic: TopicOption = None,  # noqa: ARG001
    since: SinceOption = None,  # noqa: ARG001
    until: UntilOption = None,  # noqa: ARG001
    query: QueryOption = None,  # noqa: ARG001
    abstract: AbstractOption = True,
) -> None:
    """RIS for Zotero, EndNote, Mendeley, Rayyan and Covidence."""
    _references(context, Format.RIS, out, abstract=abstract)


@group.command()
def csl(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    context: typer.Context,
    out: OutOption = _STDOUT,
    where: WhereOption = None,  # noqa: ARG001 - read by Choice
    topic: TopicOption = None,  # noqa: ARG001
    since: SinceOption = None,  # noqa: ARG001
    until: UntilOption = None,  # noqa: ARG001
    query: QueryOption = None,  # noqa: ARG001
    abstract: AbstractOption = True,
) -> None:
    """CSL-JSON for pandoc, Zotero and every citation processor."""
    _references(context, Format.CSL, out, abstract=abstract)


@group.command("csv")
def as_csv(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    context: typer.Context,
    out: OutOption = _STDOUT,
    where: WhereOption = None,  # noqa: ARG001 - read by Choice
    topic: TopicOption = None,  # noqa: ARG001
    since: SinceOption = None,  # noqa: ARG001
    until: UntilOption = None,  # noqa: ARG001
    query: QueryOption = None,  # noqa: ARG001
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Columns of papers.parquet, and citation_key, in this order. Default: "
            + ",".join(tables.CSV_COLUMNS),
        ),
    ] = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="Begin with the mark by which Excel knows UTF-8.")
    ] = False,
) -> None:
    """CSV for spreadsheets: no title is run as a formula.

    A cell that begins with =, +, - or @ gets an apostrophe before it. Lists are joined by
    semicolons.
    """
    choice = Choice.of(context)
    names = _names(columns, also=[tables.KEY]) or list(tables.CSV_COLUMNS)
    papers = choice.papers([*(name for name in names if name != tables.KEY), "paper_id"])
    keys = choice.keys() if tables.KEY in names else {}
    lines = tables.csv_lines(shown_rows(papers), names, keys)
    write(lines, out, papers.num_rows, encoding="utf-8-sig" if excel else "utf-8")


@group.command()
def jsonl(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    context: typer.Context,
    out: OutOption = _STDOUT,
    where: WhereOption = None,  # noqa: ARG001 - read by Choice
    topic: TopicOption = None,  # noqa: ARG001
    since: SinceOption = None,  # noqa: ARG001
    until: UntilOption = None,  # noqa: ARG001
    query: QueryOption = None,  # noqa: ARG001
    columns: ColumnsOption = None,
) -> None:
    """JSON lines for programs: one paper a line, lists and provenance as they are."""
    papers = Choice.of(context).papers(_names(columns))
    write(tables.json_lines(shown_rows(papers)), out, papers.num_rows)


@group.command()
def parquet(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    context: typer.Context,
    out: OutOption,
    where: WhereOption = None,  # noqa: ARG001 - read by Choice
    topic: TopicOption = None,  # noqa: ARG001
    since: SinceOption = None,  # noqa: ARG001
    until: UntilOption = None,  # noqa: ARG001
    query: QueryOption = None,  # noqa: ARG001
    columns: ColumnsOption = None,
) -> None:
    """Parquet with the types of papers.parquet, for DuckDB, pandas, Polars and Spark."""
    if out == _STDOUT:
        raise typer.BadParameter("Parquet is no text: name a file with --out")
    papers = Choice.of(context).papers(_names(columns))
    files.replace(out, lambda beside: tables.write_parquet(papers, beside))
    _tell(papers.num_rows, out)


def _references(
    context: typer.Context, kind: Format, out: Path, *, abstract: bool, ascii_only: bool = False
) -> None:
    choice = Choice.of(context)
    papers = choice.papers(exporting.COLUMNS)
    keys, venues = choice.keys(), choice.config.venues.full_names
    style = Style(kind, keys, venues, abstract=abstract, ascii_only=ascii_only)
    by_key = pa.array(map(keys.get, papers["paper_id"].to_pylist()), pa.string())
    papers = papers.take(pc.sort_indices(by_key))
    write(exporting.many(shown_rows(papers), style), out, papers.num_rows)


def _names(columns: str | None, also: Sequence[str] = ()) -> list[str] | None:
    """The columns that an option lists, each of them there; None for none."""
    if columns is None:
        return None
    names = [name.strip() for name in columns.split(",") if name.strip()]
    known = [*also, *PAPER.names]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        wrong = f"there is no column {', '.join(unknown)}" if unknown else "no column is named"
        raise typer.BadParameter(f"--columns: {wrong}; there are {', '.join(known)}")
    return list(dict.fromkeys(names))


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
