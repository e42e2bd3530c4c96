"""Ask: ``query`` for free text, ``queries check`` for the seed queries."""

from __future__ import annotations

import enum
import sys
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest import __version__, asked_once, pipeline
from medsafe_harvest.cli.context import Exit, Workplace, console, output, print_json
from medsafe_harvest.cli.harvest import alone, network, refuse_future
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.cli.progress import Reporter
from medsafe_harvest.config import Config
from medsafe_harvest.errors import ConfigError, UnaskableError
from medsafe_harvest.export import tables
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.outgoing import topic_name
from medsafe_harvest.sources.query import Query, parse_text
from medsafe_harvest.sources.query_text import QuerySyntaxError

#: A person waits a minute for an answer, not an hour.
_PATIENCE = {"attempts": 3, "wait_max": 10.0, "total": 60.0, "night": 60.0}
_CSV_COLUMNS = (
    *("paper_id", "title", "authors", "year", "published", "venue", "doi", "arxiv_id", "url"),
    *("code_links", "topics", "citation_count", "sources"),
)


class Format(enum.StrEnum):
    """How papers are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(query)
    queries = typer.Typer(help="Look after the seed queries.", no_args_is_help=True)
    queries.command()(check)
    app.add_typer(queries, name="queries")


def query(
    context: typer.Context,
    text: Annotated[
        str,
        typer.Argument(
            help="Words that must all occur, or a boolean query: "
            "'\"federated learning\" AND (mri OR ct) NOT survey'."
        ),
    ],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day; default: that of the harvest."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Print at most so many, newest first.")] = 20,
    style: Annotated[Format, typer.Option("--format", help="How to print the papers.")] = (
        Format.TABLE
    ),
    save: Annotated[
        bool, typer.Option(help="Keep the responses in data/raw and add the papers to the table.")
    ] = False,
) -> None:
    """Ask both services now, merge what they say, and print it.

    The newest papers are asked for first, in ever longer stretches of time, until there are enough.
    To search the papers that are on this machine already, without a network, use `search`.
    """
    place: Workplace = context.obj
    refuse_future(since)
    try:
        asked = parse_text(text)
    except QuerySyntaxError as error:
        raise typer.BadParameter(str(error)) from error
    config = place.config().with_retry(**_PATIENCE)
    first = since.date() if since else config.settings.harvest.since
    reporter = Reporter(console)
    with (
        alone(place) if save else nullcontext(),
        nullcontext(str(place.raw))
        if save
        else TemporaryDirectory(ignore_cleanup_errors=True) as raw,
    ):
        store = RawStore(Path(raw), version=__version__)
        with reporter.running():
            found = asked_once.search(
                asked, config, store, network(place, config), reporter, since=first, limit=limit
            )
        if save:
            now = SystemClock().now()
            curated = pipeline.curate(store, config, place.curated, reporter, now=now)
            console.print(f"saved; {curated.papers:,} papers in {curated.folder}")
    papers = sorted(found.papers.to_pylist(), key=_newest_first, reverse=True)[:limit]
    _print(papers, style)
    if found.fetched.incomplete:
        console.print("the answer is incomplete: not every service answered")
        raise typer.Exit(Exit.INCOMPLETE)


def _newest_first(paper: dict[str, Any]) -> tuple[date, str]:
    published = paper["published"] or date(paper["year"] or 1, 1, 1)
    return published, paper["paper_id"]


def _print(papers: list[dict[str, Any]], style: Format) -> None:
    if style is Format.JSON:
        print_json(papers)
    elif style is Format.CSV:
        sys.stdout.writelines(tables.csv_lines(papers, _CSV_COLUMNS, {}))
    else:
        table = Table()
        for column in ("published", "title", "authors", "venue", "id", "topics"):
            table.add_column(column, overflow="fold")
        for paper in papers:
            names = [author["name"] for author in paper["authors"]]
            table.add_row(
                str(paper["published"] or paper["year"] or ""),
                shown(paper["title"]),
                shown(
                    f"{names[0]} and {len(names) - 1} more" if len(names) > 2 else ", ".join(names)
                ),
                shown(paper["venue"]),
                shown(paper["arxiv_id"] or paper["doi"] or paper["record_ids"][0]),
                ", ".join(map(topic_name, paper["topics"])),
            )
        output.print(table if papers else "no paper found")


def check(
    context: typer.Context,
    query_id: Annotated[
        str | None, typer.Argument(metavar="[QUERY]", help="Only the query of this id.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Check config/queries.yaml, and show what each service is asked."""
    place: Workplace = context.obj
    config = place.config()
    shown = [one for one in config.queries if query_id in (None, one.id)]
    if not shown:
        known = ", ".join(one.id for one in config.queries)
        raise typer.BadParameter(f"no query {query_id!r}; there are {known}")
    checked = [_checked(one, config, place) for one in shown]
    if as_json:
        print_json(checked)
        return
    for one in checked:
        output.print(Text.assemble((one["id"], "bold"), f"  {one['description']}"))
        for source, form in one["sources"].items():
            output.print(Text(f"  {source}: {form['compiled']}"), soft_wrap=True)
            for lost in form["widened"]:
                output.print(Text(f"    wider here: {lost}", style="yellow"), soft_wrap=True)
    console.print(f"{place.config_folder / 'queries.yaml'}: {len(checked)} queries, all well")


def _checked(query: Query, config: Config, place: Workplace) -> dict[str, Any]:
    forms = {}
    for name, source in config.sources.items():
        if query.sources is not None and name not in query.sources:
            continue
        try:
            forms[name] = {"compiled": source.compile(query), "widened": source.widened(query)}
        except UnaskableError as error:
            file = str(place.config_folder / "queries.yaml")
            raise ConfigError(str(error), file=file) from error
    return {
        "id": query.id,
        "description": query.description,
        "topic": query.topic,
        "digest": query.digest,
        "sources": forms,
    }
