"""What an import of lists found: on the terminal, as JSON, and as a file beside the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from medsafe_harvest import report
from medsafe_harvest.cli.context import console, output
from medsafe_harvest.cli.imports_show import show_left_out
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.importing import NamedList
from medsafe_harvest.listed import Finding, Standing, count
from medsafe_harvest.listed_remarks import Remark

#: What is told of each kind, in the order in which it is told.
_WORDS: dict[Standing | Remark, str] = {
    Standing.NEW: "new in the table",
    Standing.AMBIGUOUS: "may be one of the papers named: `medsafe-harvest review` asks",
    Standing.NOT_FOUND: "known from the list alone",
    Remark.WITHDRAWN: "withdrawn",
    Remark.WRONG_TITLE: "the identifier is another paper's",
    Remark.WRONG_YEAR: "another year",
    Remark.NOW_PUBLISHED: "the list has the preprint, which is published now",
    Remark.LISTED_TWICE: "listed twice",
    Remark.DEAD_LINK: "a link that looks dead",
}


@dataclass(frozen=True, slots=True)
class ListReport:
    """One list and what was found of each of its entries."""

    named: NamedList
    stored: bool
    findings: Sequence[Finding]

    def plain(self) -> dict[str, Any]:
        """The report as JSON has it, without a moment: the same list and table say the same."""
        return {
            "list": self.named.name,
            "address": self.named.address,
            "counts": {"entries": len(self.findings), **count(self.findings)},
            "left_out": dict(self.named.reading.why_left_out()),
            "entries": [one.plain() for one in self.findings],
        }

    def write(self, folder: Path) -> Path:
        """Write it to the folder of reports; returns the file.

        Raises:
            StoreError: it cannot be written.
        """
        path = folder / "lists" / f"{self.named.name}.json"
        report.write(path, report.as_json(self.plain()))
        return path


def show(one: ListReport, limit: int, *, left_out: bool) -> None:
    """Print the counts, then each entry that is not simply found, kind by kind."""
    counts = count(one.findings)
    output.print(f"{one.named.name}: {len(one.findings):,} entries", style="bold", soft_wrap=True)
    kinds: dict[Standing | Remark, str] = {Standing.FOUND: "in the table before", **_WORDS}
    for kind, words in kinds.items():
        if counts[kind]:
            output.print(f"{counts[kind]:>7,}  {words}", soft_wrap=True)
    for kind, words in _WORDS.items():
        _section(one.findings, kind, words, limit)
    if left_out:
        show_left_out(one.named.reading)
    if not one.stored:
        console.print(f"{one.named.name}: stored already, nothing of it has changed")


def _section(findings: Sequence[Finding], kind: Standing | Remark, words: str, limit: int) -> None:
    own = [one for one in findings if kind in {one.standing, *(note.kind for note in one.remarks)}]
    if not own:
        return
    output.print()
    output.print(Text(words, style="bold"), soft_wrap=True)
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column("line", justify="right", width=6)
    table.add_column("entry", overflow="fold")
    for one in own[: limit or None]:
        table.add_row(str(one.entry.line), shown(one.entry.title or one.entry.url or "(no title)"))
        for below in _below(one, kind):
            table.add_row("", shown(below, "dim"))
    output.print(table)
    if limit and len(own) > limit:
        output.print(f"... and {len(own) - limit:,} more (--limit 0 shows all)")


def _below(one: Finding, kind: Standing | Remark) -> list[str]:
    """The words of the remark, the papers that it may be, and the headings."""
    said = [note.words for note in one.remarks if note.kind is kind]
    if kind is Standing.AMBIGUOUS:
        said = [f"{each.paper_id}  {each.title}  ({each.why})" for each in one.candidates]
    return [*said, *filter(None, [" > ".join(one.entry.headings)])]
