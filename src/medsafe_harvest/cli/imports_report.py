"""What an import of lists found: on the terminal, as JSON, and as a file beside the data."""

from __future__ import annotations

from collections import Counter
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
from medsafe_harvest.listed import Candidate, Finding, Standing, count
from medsafe_harvest.listed_remarks import Remark

#: What is told of each kind, in the order in which it is told.
_WORDS: dict[Standing | Remark, str] = {
    Standing.NEW: "new in the table",
    Standing.AMBIGUOUS: "may be one of the papers named",
    Standing.NOT_FOUND: "found at no service",
    Standing.NOT_ASKED: "not asked for yet, or without an answer",
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
    # What most of them share is said once.
    whys = Counter(one.why for one in own if kind is one.standing and not one.candidates)
    usual = whys.most_common(1)[0][0] if whys else ""
    if usual:
        output.print(shown(usual, "dim"), soft_wrap=True)
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column("line", justify="right", width=6)
    table.add_column("entry", overflow="fold")
    for one in own[: limit or None]:
        table.add_row(str(one.entry.line), shown(one.entry.title or one.entry.url or "(no title)"))
        for below in _below(one, kind, usual):
            table.add_row("", shown(below, "dim"))
    output.print(table)
    if limit and len(own) > limit:
        output.print(f"... and {len(own) - limit:,} more (--limit 0 shows all)")
    if kind is Standing.AMBIGUOUS:
        _say_how(own)


def _say_how(ambiguous: Sequence[Finding]) -> None:
    """How to say which paper it is: of those in the table, and of those that are not."""
    there = {each.paper_id is not None for one in ambiguous for each in one.candidates}
    if True in there:
        console.print("`medsafe-harvest review` asks which it is", soft_wrap=True)
    if False in there:
        own = next(one.record_id for one in ambiguous if one.record_id)
        console.print(
            "what a search by title gave is not in the table: if it is the paper, write its link "
            "into the list, or a must_link of the two record ids into config/overrides.yaml "
            f"({own} and so on; the report has them), and import again",
            soft_wrap=True,
        )


def _below(one: Finding, kind: Standing | Remark, usual: str) -> list[str]:
    """The words of the remark, the papers that it may be, what is unusual, and the headings."""
    said = [note.words for note in one.remarks if note.kind is kind]
    if kind is one.standing:
        said += [_named(each, kind) for each in one.candidates]
        said += [one.why] * (not one.candidates and one.why != usual)
    return [*said, *filter(None, [" > ".join(one.entry.headings)])]


def _named(candidate: Candidate, kind: Standing) -> str:
    name = candidate.paper_id or candidate.record_id or ""
    text = f"{name}  {candidate.title}  ({candidate.why})"
    return f"nearest, and not it: {text}" if kind is Standing.NOT_FOUND else text
