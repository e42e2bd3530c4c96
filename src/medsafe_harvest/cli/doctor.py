"""Find out what stands in the way: ``doctor``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest import __version__
from medsafe_harvest.cli.context import Exit, Workplace, environment, output, print_json
from medsafe_harvest.cli.harvest import network
from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import (
    ConfigError,
    CuratedError,
    FetchError,
    RefusedError,
    StoreError,
)
from medsafe_harvest.fetch.limiter import Limiter
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.sources.base import Request
from medsafe_harvest.sources.http import raise_for_status

#: Seconds that a person waits for a service's turn.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    well: bool
    says: str
    #: Whether the work cannot be done while it is so.
    stops: bool = True


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(doctor)


def doctor(
    context: typer.Context,
    offline: Annotated[bool, typer.Option(help="Do not ask the services.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Check configuration, folders, stored pages, keys, and whether the services answer."""
    place: Workplace = context.obj
    findings = list(examine(place, offline=offline))
    if as_json:
        print_json([{"about": one.about, "well": one.well, "says": one.says} for one in findings])
    else:
        table = Table("")
        table.add_column("what", overflow="fold")
        table.add_column("finding", overflow="fold")
        for one in findings:
            sign = (
                Text("well", "green") if one.well else Text("stops" if one.stops else "note", "red")
            )
            table.add_row(sign, one.about, Text(one.says))
        output.print(table)
    bad = any(not one.well and one.stops for one in findings)
    raise typer.Exit(Exit.FAILED if bad else Exit.DONE)


def examine(place: Workplace, *, offline: bool) -> Iterator[Finding]:
    """Look at everything, one finding after the other."""
    try:
        config = place.config()
    except ConfigError as error:
        yield Finding("configuration", False, str(error))
        return
    yield Finding(
        "configuration", True, f"{place.config_folder}: {len(config.queries)} seed queries"
    )
    for folder in (place.raw, place.curated, place.state):
        yield _writable(folder)
    yield from _stored(place)
    yield from _keys(config)
    if not offline:
        yield from _reachable(place, config)


def _writable(folder: Path) -> Finding:
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=nearest):
            pass
    except OSError as error:
        return Finding(str(folder), False, f"cannot be written: {error}")
    return Finding(str(folder), True, "can be written" if nearest == folder else "can be made")


def _stored(place: Workplace) -> Iterator[Finding]:
    store = RawStore(place.raw, version=__version__)
    try:
        damaged = list(store.verify())
        says = f"{store.count():,} pages, checksums right"
    except StoreError as error:
        damaged = [str(error)]
    if damaged:
        says = f"{len(damaged)} damaged; the first: {damaged[0]}"
    yield Finding("stored pages", not damaged, says)
    if not (place.curated / "current").exists():
        yield Finding("curated snapshot", True, "none yet: run `medsafe-harvest harvest`")
        return
    try:
        problems = snapshot.verify(snapshot.current(place.curated))
    except CuratedError as error:
        yield Finding("curated snapshot", False, str(error))
        return
    says = f"{problems[0]}: run `medsafe-harvest rebuild`" if problems else "checksums right"
    yield Finding("curated snapshot", not problems, says)


def _keys(config: Config) -> Iterator[Finding]:
    wanted = {
        service.api_key_env: name
        for name, service in reversed(config.services.items())
        if service.api_key_env is not None
    }
    for variable, name in wanted.items():
        present = environment(variable) is not None
        says = "present" if present else f"not set: {name} answers rarely without a key"
        yield Finding(f"key in {variable}", present, says, stops=False)
    contact = config.settings.contact
    says = contact or "not set: services block those whom they cannot write to; see settings.yaml"
    yield Finding("contact", contact is not None, says, stops=False)


def _reachable(place: Workplace, config: Config) -> Iterator[Finding]:
    """One small request to each service, at its pace; any answer will do."""
    ways = network(place, config)
    limiter = Limiter(place.state, ways.clock)
    for name in config.doors:
        seconds = limiter.left_alone(name)
        if seconds > 0:
            until = f"{ways.clock.now() + timedelta(seconds=seconds):%Y-%m-%d %H:%M} UTC"
            says = f"left alone by harvests until {until}, since runs had to give up on it"
            yield Finding(f"door {name}", False, says, stops=False)
    asked: set[str] = set()
    for name, service in config.services.items():
        if service.base_url in asked:
            continue
        asked.add(service.base_url)
        about = f"service {name}"
        paced = ways.service(config, name)
        try:
            with (
                limiter.turn(paced.pace or name, paced.min_interval, _PATIENCE),
                ways.client(config, name) as client,
            ):
                page = client.send(Request("", ()))
            raise_for_status(page)
        except RefusedError:
            # Nothing was asked, so that a service says so is its health.
            yield Finding(about, True, f"answers at {service.base_url}")
        except (FetchError, StoreError) as error:
            yield Finding(about, False, f"{service.base_url} does not answer as it should: {error}")
        else:
            yield Finding(about, True, f"answers at {service.base_url}")
