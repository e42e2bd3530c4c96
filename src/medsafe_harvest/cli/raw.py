"""Look after the stored responses: ``raw verify``, ``raw compact``."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from medsafe_harvest import __version__
from medsafe_harvest.cli.context import Exit, Workplace, console, output, print_json
from medsafe_harvest.cli.harvest import alone
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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Read every stored byte, check every checksum, and name what is damaged."""
    place: Workplace = context.obj
    store = RawStore(place.raw, version=__version__)
    with console.status("reading"):
        damaged = store.verify()
    if as_json:
        print_json({"damaged": damaged})
    elif damaged:
        for one in damaged:
            output.print(one, soft_wrap=True)
    else:
        output.print(f"{store.count():,} pages, all well")
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
    store = RawStore(place.raw, version=__version__)
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
