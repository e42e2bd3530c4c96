"""Papers put into a list that people keep, in its own style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from medsafe_harvest.awesome.lines import split_lines
from medsafe_harvest.awesome.page import Options, Page
from medsafe_harvest.awesome.papers import Listed
from medsafe_harvest.awesome.present import Present
from medsafe_harvest.awesome.sections import sections_of
from medsafe_harvest.lists import read


@dataclass(frozen=True, slots=True)
class Added:
    """A paper that was put in, under which headings."""

    paper: Listed
    section: str


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A paper that was not, and why."""

    paper: Listed
    why: str


@dataclass(frozen=True, slots=True)
class Synced:
    """What came of it.

    Attributes:
        text: of the list, with all lines that it had as they were.
        added: the papers put in.
        there: papers that the list had, and by what it was seen.
        unplaced: papers that fit nowhere.
        headings: of the sections that have entries.
    """

    text: str
    added: tuple[Added, ...]
    there: tuple[tuple[Listed, str], ...]
    unplaced: tuple[Unplaced, ...]
    headings: tuple[str, ...]


def sync(
    text: str, papers: Iterable[Listed], options: Options, *, name: str = "README.md"
) -> Synced:
    """Put the papers into a list that it has not.

    Args:
        text: of the list, without a byte-order mark.
        papers: in any order.
        options: how.
        name: of its file, which tells Markdown from HTML.
    """
    added: list[Added] = []
    waiting = sorted(papers, key=lambda one: one.newest_first)
    while True:
        once = _once(text, waiting, options, name)
        if not once.added:
            return replace(once, added=tuple(added))
        # What was put in may show where others belong; a second run must find nothing to do.
        text = once.text
        added += once.added
        done = {one.paper.paper_id for one in once.added}
        waiting = [paper for paper in waiting if paper.paper_id not in done]


def _once(text: str, papers: Sequence[Listed], options: Options, name: str) -> Synced:
    reading = read(text, name=name, venues=options.venues)
    present = Present(text, reading)
    page = Page(text, sections_of(split_lines(text), reading.entries), options)
    added: list[Added] = []
    there: list[tuple[Listed, str]] = []
    unplaced: list[Unplaced] = []
    for paper in papers:
        how = present.how(paper)
        if how is not None:
            there.append((paper, how))
            continue
        section, why = page.put(paper)
        if section is None:
            unplaced.append(Unplaced(paper, why))
            continue
        present.add(paper)
        added.append(Added(paper, section))
    return Synced(page.text(), tuple(added), tuple(there), tuple(unplaced), page.headings())
