"""Fetch and curate: ``harvest`` and ``rebuild``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from filelock import FileLock, Timeout
from rich.table import Table

from medsafe_harvest import __version__, pipeline
from medsafe_harvest.cli.context import (
    Exit,
    Workplace,
    console,
    environment,
    output,
    print_json,
)
from medsafe_harvest.cli.progress import Reporter
from medsafe_harvest.config import Config
from medsafe_harvest.errors import ConfigError, NothingFoundError, StoreError
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.harvest import Fetched, Network, Wanted, fetch, plan
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.sources.query import Query


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(harvest)
    app.command()(rebuild)


@dataclass(frozen=True, slots=True)
class Report:
    """What a harvest did."""

    fetched: Fetched
    #: None where nothing could be fetched and nothing was there before.
    curated: pipeline.Curated | None


def harvest(
    context: typer.Context,
    query: Annotated[
        list[str] | None,
        typer.Option(help="Only the seed query of this id; may be repeated."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only this source (arxiv, semantic_scholar); may be repeated."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day, in place of the queries' own."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day; default: today (UTC)."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON on standard output.")
    ] = False,
) -> None:
    """Fetch what is missing of the seed queries, then make the curated snapshot anew.

    Days that were read completely, and again a week after they ended, are not asked for again; so
    the first harvest takes long and the following ones little. Interrupt it whenever you like: what
    was fetched is kept, and the next run goes on from there.
    """
    place: Workplace = context.obj
    refuse_future(since)
    if since and until and since > until:
        raise typer.BadParameter(f"--since {since:%Y-%m-%d} is later than --until {until:%Y-%m-%d}")
    config = place.config()
    wanted = Wanted(
        queries=_chosen(config.queries, query or []),
        sources=_known(config.sources, source or []),
        since=since.date() if since else None,
        until=until.date() if until else None,
    )
    report = run(place, config, wanted)
    if as_json:
        print_json(as_plain(report))
    else:
        _print(report)
    raise typer.Exit(Exit.INCOMPLETE if report.fetched.incomplete else Exit.DONE)


def refuse_future(since: datetime | None) -> None:
    """Refuse a first day that has not come yet.

    Raises:
        typer.BadParameter: it has not.
    """
    today = SystemClock().now().date()
    if since and since.date() > today:
        raise typer.BadParameter(f"--since {since:%Y-%m-%d} is later than today, {today} (UTC)")


def rebuild(
    context: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON on standard output.")
    ] = False,
) -> None:
    """Make the curated snapshot anew from data/raw, without any network.

    The same raw pages and configuration give the same bytes, on any machine.
    """
    place: Workplace = context.obj
    config = place.config()
    reporter = Reporter(console)
    with alone(place), reporter.running():
        store = RawStore(place.raw, version=__version__)
        curated = pipeline.curate(store, config, place.curated, reporter)
    if as_json:
        print_json(_curated_as_plain(curated))
    else:
        _print_curated(curated)


def run(place: Workplace, config: Config, wanted: Wanted) -> Report:
    """Fetch what is missing and curate, showing progress.

    Raises:
        MedsafeError: nothing could go on.
    """
    clock = SystemClock()
    store = RawStore(place.raw, version=__version__)
    reporter = Reporter(console)
    with alone(place), reporter.running():
        tasks = plan(config, store, wanted, clock.now().date())
        fetched = fetch(tasks, config, store, network(place, config), reporter)
        try:
            curated = pipeline.curate(store, config, place.curated, reporter)
        except NothingFoundError as error:
            if not fetched.incomplete:
                raise
            console.print(str(error), soft_wrap=True)
            curated = None
    return Report(fetched, curated)


def network(place: Workplace, config: Config) -> Network:
    """How services are reached from here, keys from the environment."""
    keys = {
        name: key
        for name, service in config.services.items()
        if (key := environment(service.api_key_env)) is not None
    }
    for name, key in keys.items():
        if not key.isascii() or not key.isprintable():
            variable = config.services[name].api_key_env
            raise ConfigError(
                "the key holds a line break or a character that no key has: paste it anew",
                file=f"environment variable {variable}",
            )
    return Network(SystemClock(), place.state, keys, __version__)


@contextmanager
def alone(place: Workplace) -> Iterator[None]:
    """Hold the data folder against a second run.

    Raises:
        StoreError: another run holds it, or the folder cannot be written.
    """
    try:
        place.data.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.data / ".lock")
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StoreError(f"another run works in {place.data}: try again when it is done") from error
    except OSError as error:
        raise StoreError(
            f"{place.data} cannot be written ({error}): mend its permissions, or choose another "
            "folder with --data"
        ) from error
    try:
        yield
    finally:
        lock.release()


def everything(config: Config) -> Wanted:
    """All queries, all sources, all days."""
    return Wanted(config.queries, tuple(config.sources))


def _chosen(queries: tuple[Query, ...], names: list[str]) -> tuple[Query, ...]:
    known = {query.id: query for query in queries}
    return tuple(known[name] for name in _known(known, names))


def _known(known: Iterable[str], names: list[str]) -> tuple[str, ...]:
    """The names asked for, or all."""
    unknown = [name for name in names if name not in set(known)]
    if unknown:
        raise typer.BadParameter(f"no {unknown[0]!r}; there are {', '.join(known)}")
    return tuple(dict.fromkeys(names) or known)


def _print(report: Report) -> None:
    fetched = report.fetched
    table = Table("source", "windows", "complete", "to fetch again", "records received")
    for source in sorted({record.source for record in fetched.records}):
        own = Fetched(
            tuple(record for record in fetched.records if record.source == source),
            tuple(left for left in fetched.skipped if left.task.source == source),
        )
        table.add_row(
            source,
            f"{own.complete + own.incomplete:,}",
            f"{own.complete:,}",
            f"{own.incomplete:,}",
            f"{sum(record.received for record in own.records):,}",
        )
    if table.row_count:
        output.print(table)
    if report.curated is not None:
        _print_curated(report.curated)
    if fetched.incomplete:
        console.print(
            f"{fetched.incomplete} windows are missing: run `medsafe-harvest harvest` again later"
        )


def _print_curated(curated: pipeline.Curated) -> None:
    if curated.rejected:
        reasons = ", ".join(f"{number} {why}" for why, number in sorted(curated.rejected.items()))
        console.print(f"stored pages without papers to read: {reasons}")
    records = ", ".join(f"{number:,} from {name}" for name, number in curated.records.items())
    output.print(
        f"{curated.papers:,} papers ({curated.merged:,} merged) of {records or 'no records'}\n"
        f"{curated.folder}",
        soft_wrap=True,
    )


def as_plain(report: Report) -> dict[str, Any]:
    """The report as JSON values."""
    fetched = report.fetched
    return {
        "windows": {"complete": fetched.complete, "incomplete": fetched.incomplete},
        "failed": [
            {
                "source": record.source,
                "query": record.query,
                "window": str(record.window),
                "outcome": record.outcome,
                "message": record.message,
            }
            for record in fetched.records
            if record.message
        ]
        + [
            {
                "source": left.task.source,
                "query": left.task.query.id,
                "window": str(left.task.window),
                "outcome": "skipped",
                "message": left.why,
            }
            for left in fetched.skipped
        ],
        **(_curated_as_plain(report.curated) if report.curated else {}),
    }


def _curated_as_plain(curated: pipeline.Curated) -> dict[str, Any]:
    return {
        "snapshot": str(curated.folder),
        "pages": curated.pages,
        "rejected_pages": dict(curated.rejected),
        "records": dict(curated.records),
        "papers": curated.papers,
        "merged": curated.merged,
        "decisions": dict(curated.reasons),
    }
