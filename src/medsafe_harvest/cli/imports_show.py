"""What a list says, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from medsafe_harvest.cli.context import console, output
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.lists import Entry, Reading, Reason

_WHY: dict[Reason, str] = {
    "repository": "links to code, models or data without a paper",
    "media": "talks, videos, blogs, courses and indexes",
    "prose": "papers mentioned in running text, without their titles",
    "no_paper": "without any sign of a paper (identifier, venue and year)",
    "code_block": "papers inside blocks of code, such as how to cite the list",
}


class Imported(NamedTuple):
    """A list that was read.

    Attributes:
        source: the file or address that was given.
        body: verbatim.
        reading: what it says.
        address: that it came from in the end, or ``file:`` and the file's name.
    """

    source: str
    body: bytes
    reading: Reading
    address: str


def show_entries(each: Imported, limit: int, *, left_out: bool) -> None:
    """Print the entries under their headings."""
    entries = each.reading.entries
    for headings, group in groupby(entries[: limit or None], lambda one: one.headings):
        output.print(shown(" > ".join(headings) or "(no heading)", "bold"))
        output.print(_table(list(group)))
    if limit and len(entries) > limit:
        more = len(entries) - limit
        output.print(f"... and {more:,} more entries (--limit 0 shows all, --json all fields)")
    if left_out:
        show_left_out(each.reading)


def show_left_out(reading: Reading) -> None:
    """Print what is no paper, and why."""
    for out in reading.left_out:
        text = Text.assemble(f"{out.line:>6}  ", (out.reason, "bold"), "  ", shown(out.text))
        if out.url:
            text.append("  ").append_text(shown(out.url, "dim"))
        output.print(text, soft_wrap=True)


def _table(entries: Sequence[Entry]) -> Table:
    """Two lines an entry: the title, and below it where it is and what names it."""
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column("line", justify="right", width=6)
    table.add_column("entry", overflow="fold")
    for one in entries:
        place = " ".join(filter(None, (one.venue, str(one.year or ""))))
        below = filter(None, (place, _identifier(one), *one.code))
        table.add_row(
            str(one.line),
            shown(one.title) if one.title else Text("(no title)", style="italic"),
        )
        table.add_row("", shown("  ".join(below), "dim"))
    return table


def _identifier(entry: Entry) -> str:
    named = (
        ("arXiv", entry.arxiv_id), ("doi", entry.doi), ("PMID", entry.pmid),
        ("", entry.pmcid), ("OpenReview", entry.openreview_id),
    )  # fmt: skip
    found = [f"{name}:{value}" if name else value for name, value in named if value]
    return " ".join(found) or entry.url or ""


def sum_up(each: Imported) -> None:
    """Say how much was read and what was left out, on standard error."""
    entries = each.reading.entries
    if not entries:
        console.print(f"{each.source}: no paper found", soft_wrap=True)
    identified = sum(one.identified for one in entries)
    linked = sum(one.url is not None and not one.identified for one in entries)
    bare = len(entries) - identified - linked
    console.print(
        f"{each.source}: {len(entries):,} entries, {identified:,} with an identifier, "
        f"{linked:,} with another link, {bare:,} with a title only",
        soft_wrap=True,
    )
    for reason, count in each.reading.why_left_out().items():
        console.print(f"  left out {count:,}: {_WHY[reason]}", soft_wrap=True)
