"""The pairs that a person should look at, in order, and which of them are settled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.dedupe.reasons import Outcome


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
    return sorted((pair for pair in found if _is_chosen(pair, choice)), key=doubt)


def _is_chosen(pair: Pair, choice: Choice) -> bool:
    sources = {record_id.partition(":")[0] for record_id in pair.ids}
    return (not choice.reasons or pair.reason in choice.reasons) and (
        not choice.sources or not sources.isdisjoint(choice.sources)
    )


def doubt(pair: Pair) -> tuple[int, float, str, str]:
    """Key to sort by: the kind of outcome (0 to 2), how far it is from doubtful, the ids."""
    kind, far = {
        Outcome.REVIEW.value: (0, abs(pair.score - 0.5)),
        Outcome.NON_MATCH.value: (1, -pair.score),
        Outcome.MATCH.value: (2, pair.score),
    }[pair.outcome]
    return kind, round(far, 6), pair.left, pair.right


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


def unknown(overrides: Overrides, papers: Papers) -> list[str]:
    """Record ids of rulings that the table lacks, sorted; they may refer to what comes later."""
    links = (*overrides.must_link, *overrides.cannot_link)
    return sorted({one for link in links for one in link.pair if one not in papers})
