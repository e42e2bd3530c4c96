"""Look after the stored responses: ``raw verify``, ``raw compact``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from medsafe_harvest import __version__
from medsafe_harvest.cli.context import Exit, Workplace, console, output, print_json
from medsafe_harvest.cli.harvest import alone
from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.compact import compact
from medsafe_harvest.fetch.rawstore import RawStore

_MIB = 1 << 20


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    raw = typer.Typer(help="Look after the stored responses in data/raw.", no_args_is_help=True)
    raw.command()(verify)
    raw.command(name="compact")(pack)
    app.add_typer(raw, name="raw")


def verify(
    context: typer.Context,
    set_aside: Annotated[
        bool,
        typer.Option(
            "--set-aside",
            help="Move what is damaged to data/damaged; the next harvest fetches it again.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Read every stored byte, check every checksum, and name what is damaged."""
    place: Workplace = context.obj
    store = _store(place)
    moved: list[Path] = []
    with alone(place), console.status("reading"):
        damaged = store.verify()
        if damaged and set_aside:
            now = SystemClock().now()
            moved = store.set_aside(place.data / "damaged" / f"{now:%Y%m%dT%H%M%SZ}")
    if as_json:
        print_json({"pages": store.count(), "damaged": damaged, "moved": moved})
    else:
        for one in damaged:
            output.print(one, soft_wrap=True)
        for path in moved:
            output.print(f"moved to {path}", soft_wrap=True)
        output.print(f"{store.count():,} pages" + ("" if damaged else ", all well"))
    raise typer.Exit(Exit.FAILED if damaged else Exit.DONE)


def pack(
    context: typer.Context,
    older_than: Annotated[
        int, typer.Option(min=2, metavar="DAYS", help="Days that stay as they are.")
    ] = 30,
) -> None:
    """Pack the pages of old days into few files, without losing a byte of them.

    The pages can be read as before, also by `tar` and `grep` (docs/raw-store.md says how). Each
    pack is read back and compared before anything is removed; interrupt it whenever you like.
    """
    place: Workplace = context.obj
    store = _store(place)
    before = SystemClock().now().date() - timedelta(days=older_than)
    table = Table("door", "pages", "MiB before", "MiB after")
    with alone(place), console.status("packing"):
        for one in compact(store, before):
            sizes = (f"{size / _MIB:,.1f}" for size in (one.before, one.after))
            table.add_row(one.door, f"{one.pages:,}", *sizes)
    if table.row_count:
        output.print(table)
    else:
        console.print(f"nothing to pack: no loose page is older than {before}")


def _store(place: Workplace) -> RawStore:
    """The stored responses; a mistyped --data must not make an empty folder.

    Raises:
        StoreError: there are none.
    """
    if not place.raw.is_dir():
        raise StoreError(f"there is no {place.raw}: check --data")
    return RawStore(place.raw, version=__version__)
