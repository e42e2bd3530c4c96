"""The sections of a list: their entries, what each is about, and where a paper belongs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest

from medsafe_harvest.awesome.dates import parse
from medsafe_harvest.awesome.lines import Block, Kind, bare, block_of, is_blank, table_head
from medsafe_harvest.awesome.order import Key, day_number, month_of_arxiv, title_key
from medsafe_harvest.awesome.pattern import dates_in, pattern_of
from medsafe_harvest.lists import Entry

_LABEL = re.compile(r"\s*(?:\*\*|__|<b>|<strong>)([^*_<>\[\]]{2,60})(?:\*\*|__|</b>|</strong>)\W*")


@dataclass(frozen=True, slots=True)
class Spot:
    """An entry where it stands.

    Attributes:
        entry: what it says; the first of several that share their lines.
        block: its lines.
        raw: they themselves.
        pattern: None where it cannot be taken apart.
        dates: days in it, as written.
    """

    entry: Entry
    block: Block
    raw: str
    pattern: str | None
    dates: tuple[str, ...]

    @property
    def key(self) -> Key:
        """What it is sorted by."""
        day = next((found for text in self.dates if (found := parse(text))), None)
        return Key(
            day=day_number(day) if day else None,
            month=month_of_arxiv(self.entry.arxiv_id),
            year=self.entry.year,
            title=title_key(self.entry.title),
        )


@dataclass(frozen=True, slots=True)
class Section:
    """Entries that follow one another under the same headings, in one shape.

    Attributes:
        headings: above them, with a label in bold as the last, where there is one.
        kind: of the entries.
        head: line of the head of their table; None where they are no rows of Markdown.
        spots: the entries, in order.
    """

    headings: tuple[str, ...]
    kind: Kind
    head: int | None
    spots: list[Spot] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The headings as one reads them."""
        return " > ".join(self.headings) or "(no heading)"

    @property
    def patterns(self) -> list[str]:
        """Of the entries that could be taken apart."""
        return [spot.pattern for spot in self.spots if spot.pattern is not None]

    def gap(self) -> int:
        """Blank lines between two entries."""
        gaps = Counter(
            two.block.start - one.block.end
            for one, two in pairwise(self.spots)
            if 0 <= two.block.start - one.block.end <= 3
        )
        if gaps:
            return min(gaps, key=lambda gap: (-gaps[gap], gap))
        return 1 if self.kind == "paragraph" else 0


def sections_of(lines: Sequence[str], entries: Sequence[Entry]) -> list[Section]:
    """The sections, in order.

    Args:
        lines: of the file.
        entries: that the reader found in it.
    """
    found: list[Section] = []
    above: Spot | None = None
    label: tuple[str, ...] = ()
    for spot in _spots(lines, entries):
        if above is not None and above.entry.headings != spot.entry.headings:
            label = ()
        label = _label(lines, spot, above) or label
        above = spot
        headings = (*spot.entry.headings, *label)
        head = table_head(lines, spot.block.start) if spot.block.kind == "row" else None
        key = (headings, spot.block.kind, head)
        if not found or (found[-1].headings, found[-1].kind, found[-1].head) != key:
            found.append(Section(headings, spot.block.kind, head))
        found[-1].spots.append(spot)
    return found


def _spots(lines: Sequence[str], entries: Sequence[Entry]) -> Iterator[Spot]:
    """One for each block; an entry inside the block of another is part of that."""
    by_block: dict[Block, list[Entry]] = {}
    for entry in sorted(entries, key=lambda one: one.line):
        block = block_of(lines, entry.line - 1)
        if block is not None:
            by_block.setdefault(block, []).append(entry)
    end = 0
    ordered = sorted(by_block, key=lambda one: (one.start, -one.end))
    for block, after in zip_longest(ordered, ordered[1:]):
        if block.start < end:
            continue
        end = block.end
        own = by_block[block]
        raw = bare("".join(lines[block.start : block.end]))
        alone = len(own) == 1 and not (after and after.start < end)
        pattern = pattern_of(raw, own[0]) if alone else None
        dates = tuple(dates_in(raw, own[0])) if alone else ()
        yield Spot(own[0], block, raw, pattern, dates)


def _label(lines: Sequence[str], spot: Spot, above: Spot | None) -> tuple[str, ...]:
    """The words in bold on a line of their own above an entry, as some lists have for headings."""
    start = above.block.end if above else 0
    for number in range(spot.block.start - 1, start - 1, -1):
        found = _LABEL.fullmatch(bare(lines[number]))
        if found:
            return (found[1].strip(" :"),)
        if not is_blank(lines[number]) and not lines[number].lstrip().startswith("|"):
            break
    return ()
