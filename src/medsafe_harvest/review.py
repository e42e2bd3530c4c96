"""The pairs that a person should look at, in order, and what becomes of the answers.

No terminal here: ``cli/review_walk.py`` shows a pair and passes on the answer, ``review_sheet.py``
does the same with a table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.dedupe.reasons import Outcome
from medsafe_harvest.overrides_file import OverridesFile, Ruling


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one paper; a row of ``schema.DECISION`` in part."""

    left: str
    right: str
    outcome: str
    reason: str
    #: 0 to 1.
    score: float
    keys: tuple[str, ...]
    detail: str

    @property
    def ids(self) -> tuple[str, str]:
        """Both record ids, the smaller first."""
        return self.left, self.right


@dataclass(frozen=True, slots=True)
class Choice:
    """Which pairs are wanted; an empty collection stands for all."""

    #: Also the refusals that were kept since they were near the threshold.
    near: bool = False
    #: Also the matches.
    matches: bool = False
    reasons: frozenset[str] = frozenset()
    #: At least one record is of one of these sources.
    sources: frozenset[str] = frozenset()


def pairs(decisions: pa.Table, choice: Choice) -> list[Pair]:
    """The pairs wanted, the strongest doubt first.

    Reviews come first, those nearest to even odds before others; then refusals, the strongest
    evidence first; then matches, the weakest first. Ties go by record ids.

    Args:
        decisions: rows of ``schema.DECISION``.
        choice: which of them.
    """
    wanted = [Outcome.REVIEW.value]
    wanted += [Outcome.NON_MATCH.value] if choice.near else []
    wanted += [Outcome.MATCH.value] if choice.matches else []
    columns = ["left", "right", "outcome", "reason", "score", "keys", "detail"]
    rows = decisions.select(columns).filter(pc.is_in(decisions["outcome"], pa.array(wanted)))
    found = [Pair(**{**row, "keys": tuple(row["keys"])}) for row in rows.to_pylist()]
    return sorted((pair for pair in found if _is_chosen(pair, choice)), key=_doubt)


def _is_chosen(pair: Pair, choice: Choice) -> bool:
    sources = {record_id.partition(":")[0] for record_id in pair.ids}
    return (not choice.reasons or pair.reason in choice.reasons) and (
        not choice.sources or not sources.isdisjoint(choice.sources)
    )


def _doubt(pair: Pair) -> tuple[int, float, str, str]:
    kind, far = {
        Outcome.REVIEW.value: (0, abs(pair.score - 0.5)),
        Outcome.NON_MATCH.value: (1, -pair.score),
        Outcome.MATCH.value: (2, pair.score),
    }[pair.outcome]
    return kind, round(far, 6), pair.left, pair.right


# ── what is settled ──────────────────────────────────────────────────────────────────────────


class Papers:
    """Which records the table holds as one paper.

    Args:
        record_ids: the records of each paper.
    """

    def __init__(self, record_ids: Iterable[Sequence[str]]) -> None:
        self._members = {ids[0]: tuple(ids) for ids in record_ids if ids}
        self._first = {one: first for first, ids in self._members.items() for one in ids}

    def __contains__(self, record_id: str) -> bool:
        return record_id in self._first

    def first(self, record_id: str) -> str:
        """A record that stands for the paper: its first; itself where the table lacks it."""
        return self._first.get(record_id, record_id)

    def members(self, first: str) -> tuple[str, ...]:
        """All records of the paper that a record stands for."""
        return self._members.get(first, (first,))


class Standing:
    """What the table and curators' rulings, taken together, say of pairs."""

    def __init__(self, papers: Papers, overrides: Overrides) -> None:
        self._papers = papers
        links = [link.pair for link in overrides.must_link]
        self._by_hand = _labels(links)
        self._papers_by_hand = _labels([(papers.first(a), papers.first(b)) for a, b in links])
        self._apart = {
            frozenset(self._by_hand.get(one, one) for one in link.pair)
            for link in overrides.cannot_link
        }
        self._papers_apart = {self._of(link.pair) for link in overrides.cannot_link}

    def is_settled(self, pair: Pair) -> bool:
        """Whether a person need not be asked.

        So it is where the pair was ruled, follows from rulings, or is merged, and where another
        pair of the same two papers was ruled.
        """
        left, right = (self._by_hand.get(one, one) for one in pair.ids)
        if left == right or frozenset((left, right)) in self._apart:
            return True
        papers = self._of(pair.ids)
        if len(papers) == 1:
            return pair.outcome != Outcome.MATCH
        return papers in self._papers_apart

    def question(self, pair: Pair) -> frozenset[str]:
        """What is asked with a pair: the two papers, or the two records where they are in one."""
        papers = self._of(pair.ids)
        return papers if len(papers) > 1 else frozenset(pair.ids)

    def _of(self, ids: Iterable[str]) -> frozenset[str]:
        """The papers of some records, those joined by hand as one."""
        firsts = (self._papers.first(one) for one in ids)
        return frozenset(self._papers_by_hand.get(first, first) for first in firsts)


def _labels(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For each name linked, one name that all joined with it share."""
    groups: dict[str, set[str]] = {}
    for left, right in links:
        one, other = groups.setdefault(left, {left}), groups.setdefault(right, {right})
        if one is not other:
            one |= other
            groups.update(dict.fromkeys(other, one))
    return {name: min(group) for name, group in groups.items()}


# ── a session ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Step:
    """Something done with the pair at a position; a skip wrote nothing."""

    position: int
    ruling: Ruling | None
    skipped: bool = False


class Session:
    """A walk over pairs. Each answer is in the file before the next pair is shown.

    Args:
        queue: pairs in the order of the walk.
        file: where answers go; others may write to it meanwhile.
        papers: what the table holds.
        skipped: pairs that were skipped another day; they come last.
    """

    def __init__(
        self,
        queue: Sequence[Pair],
        file: OverridesFile,
        papers: Papers,
        skipped: Collection[tuple[str, str]] = (),
    ) -> None:
        overrides = file.read()
        self._file = file
        self._papers = papers
        self._standing = overrides, Standing(papers, overrides)
        open_ones, self._others = _once(queue, self.standing)
        self._queue = sorted(open_ones, key=lambda pair: pair.ids in skipped)
        self._position = 0
        self._steps: list[_Step] = []

    def limit(self, most: int | None) -> None:
        """Walk over the first pairs only; None: over all."""
        self._queue = self._queue[:most]

    @property
    def queue(self) -> tuple[Pair, ...]:
        """All pairs of the walk."""
        return tuple(self._queue)

    def others(self, pair: Pair) -> int:
        """How many pairs of the same two papers this one stands for, itself left out."""
        return self._others.get(pair.ids, 0)

    @property
    def papers(self) -> Papers:
        """What the table holds."""
        return self._papers

    @property
    def overrides(self) -> Overrides:
        """What the file says now.

        Raises:
            ConfigError: the file is wrong.
        """
        return self._file.read()

    @property
    def number(self) -> int:
        """Place of the present pair, from 1."""
        return self._position + 1

    @property
    def standing(self) -> Standing:
        """What table and file say now.

        Raises:
            ConfigError: the file is wrong.
        """
        overrides = self._file.read()
        if overrides is not self._standing[0]:
            self._standing = overrides, Standing(self._papers, overrides)
        return self._standing[1]

    def present(self) -> Pair | None:
        """The pair to ask about; those that are settled by now are passed over. None: the end.

        Raises:
            ConfigError: the file is wrong.
        """
        standing = self.standing
        while self._position < len(self._queue):
            pair = self._queue[self._position]
            if not standing.is_settled(pair):
                return pair
            self._position += 1
        return None

    def answer(self, pair: Pair, *, same: bool, who: str, when: date, why: str) -> None:
        """Write the answer about the present pair and go on.

        Raises:
            ConfigError: it contradicts another; names both. Nothing is written, the pair stays.
            MedsafeError: it cannot be written.
        """
        ruling = Ruling(same, Link(left=pair.left, right=pair.right, who=who, when=when, why=why))
        written = self._file.add([ruling])
        self._go_on(ruling if written else None)

    def skip(self) -> None:
        """Leave the present pair without an answer."""
        self._go_on(None, skipped=True)

    def _go_on(self, ruling: Ruling | None, *, skipped: bool = False) -> None:
        self._steps.append(_Step(self._position, ruling, skipped))
        self._position += 1

    def undo(self) -> bool:
        """Go back to the pair before, and take its answer out of the file.

        Returns:
            False where nothing was done before.

        Raises:
            MedsafeError: the file cannot be read or written; nothing is undone.
        """
        if not self._steps:
            return False
        step = self._steps[-1]
        if step.ruling is not None:
            self._file.remove(step.ruling)
        self._steps.pop()
        self._position = step.position
        return True

    @property
    def has_begun(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._steps)

    @property
    def answered(self) -> tuple[Ruling, ...]:
        """What this session wrote, without what was undone."""
        return tuple(step.ruling for step in self._steps if step.ruling is not None)

    @property
    def left(self) -> int:
        """Pairs not come to."""
        return sum(not self.standing.is_settled(pair) for pair in self._queue[self._position :])

    @property
    def skipped(self) -> tuple[Pair, ...]:
        """Pairs that were skipped."""
        return tuple(self._queue[step.position] for step in self._steps if step.skipped)


def _once(
    queue: Iterable[Pair], standing: Standing
) -> tuple[list[Pair], dict[tuple[str, str], int]]:
    """The open pairs, of each two papers the strongest alone, and how many others that one has."""
    asked: dict[frozenset[str], list[Pair]] = {}
    for pair in queue:
        if not standing.is_settled(pair):
            asked.setdefault(standing.question(pair), []).append(pair)
    strongest = [
        min(several, key=lambda pair: (_doubt(pair)[0], -pair.score)) for several in asked.values()
    ]
    counts = map(len, asked.values())
    return strongest, {
        pair.ids: count - 1 for pair, count in zip(strongest, counts, strict=True) if count > 1
    }


def unknown(overrides: Overrides, papers: Papers) -> list[str]:
    """Record ids of rulings that the table lacks, sorted; they may refer to what comes later."""
    links = (*overrides.must_link, *overrides.cannot_link)
    return sorted({one for link in links for one in link.pair if one not in papers})
