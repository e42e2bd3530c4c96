"""Fetch and curate: ``harvest`` and ``rebuild``."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout
from rich.table import Table
from rich.text import Text

from medsafe_harvest import __version__, pipeline, report
from medsafe_harvest import night as nights
from medsafe_harvest.cli.context import (
    Exit,
    TerminatedError,
    Workplace,
    console,
    environment,
    output,
    print_json,
)
from medsafe_harvest.cli.monitors import JsonLog, LogFormat, LogOption, Monitors
from medsafe_harvest.cli.profile import ProfileOption, show_profile, wanted_profile
from medsafe_harvest.cli.progress import Reporter
from medsafe_harvest.config import Config
from medsafe_harvest.errors import BusyError, ConfigError, NothingFoundError, StoreError
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.harvest import Network
from medsafe_harvest.fetch.plan import Wanted
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.night import Night
from medsafe_harvest.sources.query import Query


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(harvest)
    app.command()(rebuild)


def harvest(  # noqa: PLR0913, PLR0917 - each option is a parameter
    context: typer.Context,
    query: Annotated[
        list[str] | None,
        typer.Option(help="Only the seed query of this id; may be repeated."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="Only at this door (arxiv, semantic_scholar, arxiv_oai ...); may be repeated."
        ),
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
    log_format: LogOption = LogFormat.TEXT,
    metrics: Annotated[
        Path | None,
        typer.Option(
            help="Also write the report for Prometheus' textfile collector to this file (.prom).",
            dir_okay=False,
        ),
    ] = None,
    profile: ProfileOption = False,
) -> None:
    """Fetch what is missing of the seed queries, then make the curated snapshot anew.

    Days that were read completely, and again a week after they ended, are not asked for again; so
    the first harvest takes long and the following ones little. Interrupt it whenever you like: what
    was fetched is kept, and the next run goes on from there.

    Without --since and --until it also follows what arXiv announces and changes, and looks known
    papers up again, a few each night. Each run leaves a report in data/reports. If
    MEDSAFE_PING_URL is set, a monitor is told of the start (URL/start), of success (URL) and of
    failure (URL/fail).
    """
    place: Workplace = context.obj
    refuse_future(since)
    if since and until and since > until:
        raise typer.BadParameter(f"--since {since:%Y-%m-%d} is later than --until {until:%Y-%m-%d}")
    if metrics is not None and not metrics.absolute().parent.is_dir():
        raise typer.BadParameter(f"--metrics: there is no folder {metrics.absolute().parent}")
    watched = wanted_profile(profile)
    monitors = Monitors(log_format, metrics, as_json=as_json, profile=watched)
    with monitors.speaking(), ended_like_an_interrupt():
        try:
            config = place.config()
        except ConfigError as error:
            # Who finds another run at work has nothing to tell anybody.
            with alone(place) if place.data.is_dir() else nullcontext():
                monitors.failed(place, error)
            raise
        wanted = Wanted(
            queries=_chosen(config.queries, query or []),
            sources=_known("door", config.doors, source or []),
            since=since.date() if since else None,
            until=until.date() if until else None,
        )
        monitors.keep_secret(config)
        with alone(place), monitors.watching(place) as tell_the_end:
            with watched or nullcontext():
                night = run(place, config, wanted, monitors.reporter)
            tell_the_end(night)
    if not as_json and log_format is LogFormat.TEXT:
        _print(night)
        show_profile(watched)
    raise typer.Exit(Exit.INCOMPLETE if night.fetched.incomplete else Exit.DONE)


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
    allow_loss: Annotated[
        bool,
        typer.Option(
            "--allow-loss",
            help="Also replace a table that has far more records than the stored pages give.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON on standard output.")
    ] = False,
    profile: ProfileOption = False,
) -> None:
    """Make the curated snapshot anew from data/raw, without any network.

    The same raw pages and configuration give the same bytes, on any machine.
    """
    place: Workplace = context.obj
    config = place.config()
    if not place.data.is_dir():
        # Holding the folder would make it.
        raise NothingFoundError(
            f"there is no {place.data}, so there is nothing to make a table of: check --data, or "
            "run `medsafe-harvest harvest`"
        )
    watched = wanted_profile(profile)
    reporter = Reporter(console, watched)
    with alone(place), reporter.running(), watched or nullcontext():
        store = RawStore(place.raw, version=__version__)
        curated = pipeline.curate(
            store,
            config,
            place.curated,
            reporter,
            now=SystemClock().now(),
            allow_loss=allow_loss,
            anew=True,
        )
    if as_json:
        kept = {"profile": watched.as_plain()} if watched else {}
        print_json(report.curated_as_plain(curated) | kept)
    else:
        _print_curated(curated)
        show_profile(watched)


@contextmanager
def ended_like_an_interrupt() -> Iterator[None]:
    """Let a request to end (SIGTERM) act like Ctrl-C while the block runs."""

    def end(*_: object) -> None:
        raise TerminatedError

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run(place: Workplace, config: Config, wanted: Wanted, reporter: Reporter | JsonLog) -> Night:
    """Fetch what is missing and curate, showing progress; the caller holds the data folder.

    Raises:
        MedsafeError: nothing could go on.
    """
    store = RawStore(place.raw, version=__version__)
    with reporter.running():
        return nights.harvest(config, store, network(place, config), place.data, wanted, reporter)


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
        BusyError: another run holds it.
        StoreError: the folder cannot be written.
    """
    try:
        place.data.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.data / ".lock")
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(f"another run works in {place.data}: try again when it is done") from error
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
    return Wanted(config.queries, tuple(config.doors))


def _chosen(queries: tuple[Query, ...], names: list[str]) -> tuple[Query, ...]:
    known = {query.id: query for query in queries}
    return tuple(known[name] for name in _known("query", known, names))


def _known(what: str, known: Iterable[str], names: list[str]) -> tuple[str, ...]:
    """The names asked for, or all."""
    unknown = [name for name in names if name not in set(known)]
    if unknown:
        raise typer.BadParameter(f"no {what} {unknown[0]!r}; there are {', '.join(known)}")
    return tuple(dict.fromkeys(names) or known)


def _print(night: Night) -> None:
    table = Table("door", "windows", "complete", "to fetch again", "requests", "records received")
    for name, tally in night.doors.items():
        table.add_row(
            name,
            f"{tally.windows:,}",
            f"{tally.complete:,}",
            f"{tally.windows - tally.complete:,}",
            f"{tally.requests:,}",
            f"{tally.records:,}",
        )
    if table.row_count:
        output.print(table)
    else:
        console.print("nothing to fetch: none of the days asked for is missing")
    for warning in night.warnings:
        console.print(Text.assemble(("warning: ", "bold yellow"), warning), soft_wrap=True)
    if night.curated is not None:
        _print_curated(night.curated)
    else:
        console.print(night.why_no_table, soft_wrap=True)
    if night.fetched.incomplete:
        console.print(
            f"{night.fetched.incomplete} windows are missing: run `medsafe-harvest harvest` again "
            "later; `medsafe-harvest status` says which"
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
