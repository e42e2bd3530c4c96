"""A list while papers go into it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from medsafe_harvest.awesome.habits import habits_of
from medsafe_harvest.awesome.lines import Kind, bare, ending, split_lines, title_of
from medsafe_harvest.awesome.markdown import inline, link
from medsafe_harvest.awesome.order import Key, Order, Sorting, key_of, sorting_of
from medsafe_harvest.awesome.papers import Listed
from medsafe_harvest.awesome.pattern import Slot
from medsafe_harvest.awesome.places import Places
from medsafe_harvest.awesome.rows import Table, table_of
from medsafe_harvest.awesome.sections import Section
from medsafe_harvest.awesome.styles import Style, styles_of, written
from medsafe_harvest.awesome.subjects import Subjects
from medsafe_harvest.normalize.venues import VenueTable

_MARK = re.compile(r"[ \t]*(?:[-*+]|[0-9\ue00d]+[.)])[ \t]+")


@dataclass(frozen=True, slots=True)
class Options:
    """How papers are put in.

    Attributes:
        subjects: what headings and titles speak of.
        venues: known ones, by all their names.
        headings: of sections -> the topic that goes there, or None where nothing goes.
        new_section: heading of a section at the end for papers that no section fits; None for none.
    """

    subjects: Subjects
    venues: VenueTable | None = None
    headings: Mapping[str, str | None] = field(default_factory=dict)
    new_section: str | None = None


@dataclass(slots=True)
class _Writer:
    """One section with the papers that come into it: place -> key and lines of each."""

    section: Section
    styles: list[Style]
    table: Table | None
    sorting: Sorting
    keys: list[Key]
    new: dict[int, list[tuple[Key, str]]] = field(default_factory=dict)

    def number(self) -> tuple[int, int] | None:
        """Where a numbered list goes on, and with which number; None where it is not numbered."""
        numbers = [_number(spot.raw, self.table) for spot in self.section.spots]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers) or not known or len(set(known)) == 1 < len(known):
            return None
        count = sum(map(len, self.new.values()))
        if len(known) > 1 and known[0] > known[-1]:
            return 0, known[0] + 1 + count
        return len(self.keys), known[-1] + 1 + count


class Page:
    """The text and what goes into it."""

    def __init__(self, text: str, sections: Sequence[Section], options: Options) -> None:
        self._lines, self._sections, self._options = split_lines(text), sections, options
        title = title_of(self._lines)
        self._places = Places(title, sections, options.subjects, options.venues, options.headings)
        self._habits = habits_of(sections, options.venues)
        self._writers: dict[int, _Writer] = {}
        every = Counter(self._sorting(section).order for section in sections)
        every.pop(Order.NONE, None)
        self._usual = every.most_common(1)[0][0] if every else Order.NONE
        ends = Counter(ending(line) for line in self._lines)
        self._end = ends.most_common(1)[0][0] if ends else "\n"
        self._further: list[str] = []
        self._by_kind: dict[Kind, list[Style]] = {}

    def headings(self) -> tuple[str, ...]:
        """All headings above entries, each once."""
        every = (heading for section in self._sections for heading in section.headings)
        return tuple(dict.fromkeys(every))

    def put(self, paper: Listed) -> tuple[str | None, str]:
        """The section that a paper went into; None with the reason where there is none."""
        number = self._places.of(paper)
        why = "no section fits"
        if number is not None:
            if number not in self._writers:
                self._writers[number] = self._writer(self._sections[number])
            writer = self._writers[number]
            lines = self._written(paper, writer)
            if lines is not None:
                self._keep(paper, writer, lines)
                return writer.section.name, ""
            why = f"no entry of {writer.section.name!r} shows how to write it"
        if self._options.new_section is not None:
            self._further.append(self._plain(paper))
            return self._options.new_section, ""
        return None, why

    def _writer(self, section: Section) -> _Writer:
        keys = [spot.key for spot in section.spots]
        table = None
        if section.head is not None:
            rows = [spot.raw for spot in section.spots]
            table = table_of(bare(self._lines[section.head]), rows, section.patterns)
        sorting = self._sorting(section)
        if sorting.order is Order.NONE and self._usual is not Order.ALPHABETIC:
            sorting = Sorting(self._usual, sorting.part)
        return _Writer(section, styles_of(section.patterns), table, sorting, keys)

    @staticmethod
    def _sorting(section: Section) -> Sorting:
        return sorting_of([spot.key for spot in section.spots])

    def _written(self, paper: Listed, writer: _Writer) -> str | None:
        if writer.table is not None:
            return writer.table.row(paper, self._habits)
        html = writer.section.kind == "html"
        own = written(paper, writer.styles, self._habits, html=html)
        if own is not None or html:
            return own
        text = written(paper, self._elsewhere(writer.section.kind), self._habits)
        if writer.section.kind != "item":
            return text
        found = _MARK.match(writer.section.spots[-1].raw)
        mark = found[0] if found else "- "
        return f"{mark}{_MARK.sub('', text or self._plain(paper), count=1)}"

    def _elsewhere(self, kind: Kind) -> list[Style]:
        """The styles of all sections of a kind."""
        if kind not in self._by_kind:
            alike = [one for one in self._sections if one.kind == kind]
            self._by_kind[kind] = styles_of(one for each in alike for one in each.patterns)
        return self._by_kind[kind]

    def _keep(self, paper: Listed, writer: _Writer, lines: str) -> None:
        key = key_of(paper)
        numbered = writer.number()
        if numbered is None:
            place = writer.sorting.place(key, writer.keys)
            first = _number(writer.section.spots[0].raw, writer.table)
            lines = lines.replace(Slot.NUMBER, str(first or 1))
        else:
            place = numbered[0]
            lines = lines.replace(Slot.NUMBER, str(numbered[1]))
        own = writer.new.setdefault(place, [])
        if numbered is not None and place == 0:
            own.insert(0, (key, lines))
        else:
            own.append((key, lines))

    def _plain(self, paper: Listed) -> str:
        """The paper as a bullet of our own."""
        where = " ".join(filter(None, (inline(paper.venue), str(paper.year or ""))))
        code = f" [[code]]({paper.repository})" if paper.repository else ""
        title = link(inline(paper.title), paper.url)
        return f"- {title}{f' ({where})' if where else ''}{code}"

    def text(self) -> str:
        """The text with all that was put in."""
        before: dict[int, list[str]] = {}
        for _, writer in sorted(self._writers.items()):
            gap = self._end * writer.section.gap()
            spots = writer.section.spots
            for place, new in sorted(writer.new.items()):
                ordered = new if writer.number() else writer.sorting.ordered(new)
                pieces = [self._as_lines(lines) for _, lines in ordered]
                if place < len(spots):
                    at = spots[place].block.start
                    before.setdefault(at, []).extend(piece + gap for piece in pieces)
                else:
                    at = spots[-1].block.end
                    before.setdefault(at, [])[:0] = [gap + piece for piece in pieces]
        return "".join(self._joined(before))

    def _as_lines(self, text: str) -> str:
        return self._end.join(split_lines_bare(text)) + self._end

    def _joined(self, before: Mapping[int, Sequence[str]]) -> Iterator[str]:
        lines = self._lines
        for number, line in enumerate(lines):
            yield from before.get(number, ())
            yield line
        tail = [*before.get(len(lines), ()), *self._section_at_end()]
        if not tail:
            return
        open_end = bool(lines) and not ending(lines[-1])
        if open_end:
            yield self._end
            tail[-1] = bare(tail[-1])
        yield from tail

    def _section_at_end(self) -> list[str]:
        if not self._further:
            return []
        heading = f"## {inline(self._options.new_section)}"
        return [self._as_lines(line) for line in ("", heading, "", *self._further)]


def split_lines_bare(text: str) -> list[str]:
    """The lines without their ends."""
    return [bare(line) for line in split_lines(text)] or [""]


def _number(raw: str, table: Table | None) -> int | None:
    found = re.match(r"\W*([0-9]{1,6})[.)]?(?=\s*\|)" if table else r"\s*([0-9]{1,9})[.)]\s", raw)
    return int(found[1]) if found else None
