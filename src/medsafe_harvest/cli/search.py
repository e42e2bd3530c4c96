"""Search the curated papers offline: ``search``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from medsafe_harvest import finder
from medsafe_harvest.cli.choosing import choosing, chosen
from medsafe_harvest.cli.context import Workplace, console, output, print_json
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.curated.selection import Choice
from medsafe_harvest.finder import Answer, index
from medsafe_harvest.finder.asked import read as asked_of
from medsafe_harvest.finder.staged import Match
from medsafe_harvest.finder.words import places
from medsafe_harvest.outgoing import topic_name

_HEADINGS: dict[Match, str] = {
    "id": "with this id",
    "all": "with all words",
    "typos": "with all words if some are misspelt",
    "some": "with some of the words",
}


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(choosing(search))


def search(
    context: typer.Context,
    text: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT",
            help='Words, "a phrase" in double quotes, -without; or an arXiv id, DOI, PMID, paper '
            "id. A text that begins with a minus goes after --.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most papers shown.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Build the index anew; without TEXT do no more than that."),
    ] = False,
) -> None:
    """Search the papers on this machine, the best first; nothing is asked of any service.

    Papers with all words come first, then those with all words if some are misspelt, then those
    with at least half of them. Words count in title (most), abstract, authors, venue, year and
    topics; English endings, diacritics and hyphens do not matter (x-ray, "x ray", xray).
    docs/how-to/search.md has the rest. To ask arXiv and Semantic Scholar now, use `query`.

    The first search after a harvest builds an index in data/cache/search, which may be deleted at
    any time.

    For example:

      medsafe-harvest search conformal prediction chest x-ray --topic uncertainty --since 2023

      medsafe-harvest search '"federated learning" mri -survey' --where "code and year >= 2024"

      medsafe-harvest search rieke federated 2020 --json

      medsafe-harvest search 10.1109/MIS.2020.2988604
    """
    place: Workplace = context.obj
    asked = " ".join(text or ())
    if not asked.strip() and not rebuild:
        raise typer.BadParameter("say what to look for, for example: search federated learning mri")
    within = chosen(context)
    with _progress() as progress:
        answer = finder.find(
            place.curated,
            asked,
            within,
            limit=limit,
            rebuild=rebuild,
            progress=progress,
            waiting=lambda: console.print("another process builds the index: waiting for it"),
        )
    if not asked.strip():
        console.print(f"{answer.papers:,} papers can be searched")
    elif as_json:
        print_json(_plain(asked, answer))
    else:
        _print(answer)
        if not answer.found.hits:
            _print_nothing(place, asked, within, answer)


@contextmanager
def _progress() -> Iterator[index.Progress]:
    """Show how far the index is, while one is built."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    silent = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=silent) as bars:

        def show(done: int, total: int) -> None:
            if not bars.tasks:
                bars.add_task("indexing papers", total=total)
                if silent:
                    console.print(f"building the search index of {total:,} papers")
            bars.update(bars.tasks[0].id, completed=done)

        yield show


def _plain(asked: str, answer: Answer) -> dict[str, Any]:
    found = answer.found
    return {
        "text": asked,
        "papers_searched": answer.within,
        "found": found.counts,
        "misspelt": found.meant,
        "unknown": found.unknown,
        "papers": answer.table.to_pylist(),
    }


def _print(answer: Answer) -> None:
    rows = answer.table.to_pylist()
    if rows:
        table = Table()
        for name in ("#", "score", "year"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("paper", overflow="fold", ratio=1)
        before: Match = "all"
        for row in rows:
            if row["match"] not in {"id", before}:
                table.add_section()
                table.add_row("", "", "", Text(_heading(row["match"], answer), "italic"))
            before = row["match"]
            table.add_row(*_cells(row, answer.found.stems))
        output.print(table)
    for line in _remarks(answer):
        output.print(line)


def _heading(match: Match, answer: Answer) -> str:
    if match != "typos":
        return _HEADINGS[match]
    taken = [f"{word} as {' or '.join(few[:3])}" for word, few in answer.found.meant.items()]
    return f"reading {', '.join(taken)}"


def _cells(row: dict[str, Any], stems: set[str]) -> Iterator[Text]:
    """Rank, score, year; the title with the words found, and below it what else to know."""
    yield Text(str(row["rank"]))
    yield Text("" if row["score"] is None else f"{row['score']:.1f}")
    yield Text(str(row["year"] or ""))
    title = shown(row["title"])
    for start, end in places(title.plain, stems):
        title.stylize("bold yellow", start, end)
    code = "code" if row["code_links"] else None
    withdrawn = "withdrawn" if row["withdrawn"] else None
    about = (
        withdrawn,
        row["venue"],
        ", ".join(map(topic_name, row["topics"])),
        code,
        row["paper_id"],
    )
    below = shown(" \N{MIDDLE DOT} ".join(part for part in about if part), "dim")
    yield Text.assemble(title, "\n", below)


def _remarks(answer: Answer) -> Iterator[Text]:
    """How many papers there are, and which words were not taken as they were typed."""
    found = answer.found
    counts = [f"{number:,} {_HEADINGS[match]}" for match, number in found.counts.items() if number]
    if counts:
        yield shown(f"{', '.join(counts)}; of {answer.within:,} papers searched")
    for word, meant in found.meant.items():
        yield shown(f"{word} may be a misspelling of {_listed(meant)}")
    for word, near in found.unknown.items():
        yield shown(f"no paper has {word}" + (f"; near it: {_listed(near)}" if near else ""))


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)


def _print_nothing(place: Workplace, asked: str, within: Choice, answer: Answer) -> None:
    if asked_of(asked).empty:
        output.print("only words that are not wanted: name some that are")
        return
    if not answer.within:
        output.print("no paper passes the options, so there is nothing to search")
        return
    output.print(f"nothing found in {answer.within:,} papers")
    if within.any:
        counts = finder.find(place.curated, asked, limit=1).found.counts
        if number := sum(counts.values()):
            output.print(f"without the options: {number:,}")
    output.print("to ask arXiv and Semantic Scholar now: medsafe-harvest query TEXT")
