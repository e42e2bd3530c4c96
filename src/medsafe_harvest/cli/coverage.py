"""Tell what the seed queries cover, and what seems to be missing: ``coverage``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest import __version__
from medsafe_harvest.cli.context import Workplace, output, print_json
from medsafe_harvest.cli.harvest import everything
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.config import Config, SeedQueries
from medsafe_harvest.config_files import load
from medsafe_harvest.coverage import COLUMNS, Asked, Coverage, Wishes, cover
from medsafe_harvest.coverage.thin import ALL, Months
from medsafe_harvest.coverage.unnamed import Unnamed
from medsafe_harvest.curated import snapshot
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.plan import standings
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.outgoing import topic_name

#: Most months shown in the terminal, as far as they fit; JSON has all.
_MONTHS = 12
_THIN = 15


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(coverage)


def coverage(
    context: typer.Context,
    limit: Annotated[
        int, typer.Option(min=1, help="Most authors, venues, terms and proposals.")
    ] = 10,
    least: Annotated[
        int,
        typer.Option("--min-papers", min=2, help="Fewest papers of an author, venue or term."),
    ] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Tell what each seed query brings, and what seems to be missing.

    For each query: its papers, those that it alone found, and which query shares most with it. Then
    months in which a topic has far fewer papers than the months around let expect; authors, venues
    and terms of the relevant papers (about medicine and a trust topic) that no query names; and
    queries to paste into config/queries.yaml. Nothing is asked of any service, so what no query
    ever found cannot be seen. docs/how-to/digest-and-coverage.md explains the figures.
    """
    place: Workplace = context.obj
    config = place.config()
    papers = snapshot.read(snapshot.current(place.curated), "papers", list(COLUMNS))
    now = SystemClock().now()
    found = cover(
        papers,
        config.queries,
        load(place.config_folder / "queries.yaml", SeedQueries).groups,
        tuple(config.topics.trust),
        _asked(place, config),
        judged_until=now.date() - timedelta(days=config.settings.harvest.overlap_days + 1),
        wishes=Wishes(limit=limit, least=least),
    )
    if as_json:
        print_json(found.plain())
        return
    _print(found)


def _asked(place: Workplace, config: Config) -> list[Asked]:
    """What the ledger says; nothing where the curated data came without it."""
    windows = RawStore(place.raw, version=__version__).windows()
    if not windows:
        return []
    queries = {query.id for query in config.queries}
    return [
        Asked(
            query=one.query.id,
            source=one.source,
            wanted=one.state.wanted,
            missing=tuple(gap.window for gap in one.state.gaps),
        )
        for one in standings(config, windows, everything(config), SystemClock().now())
        if one.query.id in queries
    ]


def _print(found: Coverage) -> None:
    output.print(
        f"{found.papers:,} papers, {found.relevant:,} of them relevant (about medicine and a trust "
        f"topic); {found.unmatched:,} relevant ones match no query's words, "
        f"{found.unasked:,} papers were found by no query\n",
        soft_wrap=True,
    )
    _print_queries(found)
    _print_months(found.months, found.topics)
    for kind, names in (
        ("Authors", found.authors),
        ("Venues", found.venues),
        ("Terms", found.terms),
    ):
        _print_names(f"{kind} that no query names", names)
    if found.proposals:
        output.print(
            "\nQueries that could be added to config/queries.yaml. How many papers the services "
            "have beyond these, only asking tells: medsafe-harvest query\n",
            soft_wrap=True,
        )
    for one in found.proposals:
        output.print(
            shown(
                f"# {one.papers} papers here hold it: {one.alone} found by one query alone, "
                f"{one.unmatched} matched by no query's words"
            ),
            soft_wrap=True,
        )
        output.print(Text(one.yaml), soft_wrap=True)


def _print_queries(found: Coverage) -> None:
    table = _table("What each query found")
    table.add_column("query", no_wrap=True)
    for name in ("papers", "alone", "relevant", "rel. alone"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("shares most with", overflow="fold")
    for one in found.queries:
        nearest = max(one.overlap.items(), key=lambda pair: (pair[1], pair[0]), default=None)
        table.add_row(
            Text(one.query + ("" if one.is_configured else " (no longer configured)")),
            *(f"{n:,}" for n in (one.papers, one.alone, one.relevant, one.relevant_alone)),
            Text(f"{nearest[0]} {nearest[1]:.0%}" if nearest else "-"),
        )
    output.print(table)
    for name, queries in {
        "found nothing": [one.query for one in found.queries if not one.papers],
        "found nothing alone": [one.query for one in found.queries if one.papers and not one.alone],
    }.items():
        if queries:
            output.print(shown(f"{name}: {', '.join(queries)}"), soft_wrap=True)


def _print_months(months: Months, topics: Mapping[str, int]) -> None:
    judged = [n for n, name in enumerate(months.months) if name not in months.unjudged]
    # A month takes 6 columns, what stands before the months 27.
    last = judged[-max(3, min(_MONTHS, (output.width - 27) // 6)) :]
    table = _table("\nRelevant papers by topic and month")
    table.add_column("topic", no_wrap=True)
    table.add_column("all", justify="right", no_wrap=True)
    for n in last:
        table.add_column(months.months[n][2:], justify="right", no_wrap=True)
    for topic, own in months.papers.items():
        table.add_row(
            Text(topic_name(topic)),
            str(sum(own) if topic == ALL else topics[topic]),
            *(str(own[n]) for n in last),
        )
    output.print(table)
    none = [topic_name(topic) for topic, papers in topics.items() if not papers]
    if none:
        output.print(shown(f"topics without papers: {', '.join(none)}"), soft_wrap=True)
    for one in months.thin[:_THIN]:
        output.print(
            shown(
                f"thin: {topic_name(one.topic)} in {one.month}: {one.papers:,} papers where "
                f"{one.expected:,.1f} were expected (chance {one.tail:.1g})"
            ),
            soft_wrap=True,
        )
    if not months.thin:
        output.print("no month is thin")
    for month, why in list(months.unjudged.items())[-_MONTHS:]:
        output.print(f"not judged: {month}, {why}")
    if months.undated:
        output.print(f"without a month: {months.undated:,} papers of which only a year is known")


def _print_names(title: str, names: Sequence[Unnamed]) -> None:
    if not names:
        output.print(f"\n{title}: none")
        return
    table = _table(f"\n{title}")
    table.add_column("name", overflow="fold")
    table.add_column("papers", justify="right", no_wrap=True)
    table.add_column("lift", justify="right", no_wrap=True)
    table.add_column("for topic", no_wrap=True)
    table.add_column("for example", overflow="fold")
    for one in names:
        table.add_row(
            shown(one.name),
            f"{one.papers:,}",
            f"{one.lift:.1f}",
            topic_name(one.topic),
            Text(" ".join(one.examples[:1])),
        )
    output.print(table)


def _table(title: str) -> Table:
    """A table that fits a narrow terminal."""
    return Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
