"""The worst errors of a set, each with what was known of both records and what spoke for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.compare import compare
from medsafe_harvest.dedupe.decide import decide
from medsafe_harvest.dedupe.explain import Explanation, explain_pair
from medsafe_harvest.dedupe.reasons import Outcome
from medsafe_harvest.engines.duckdb import Matching
from medsafe_harvest.evaluate.labels import Bools, Ints, LabelledSet
from medsafe_harvest.evaluate.meeting import Meeting

#: Wrong pairs that are looked at to find the worst; those decided with the highest score first.
_LOOK_AT = 20_000

_SHOWN = (
    "record_id", "source", "title", "authors", "year", "venue", "volume", "issue", "pages", "doi",
    "arxiv_id", "pmid", "pmcid", "corpus_id", "acl_id", "dblp_key", "openreview_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One match that a chain of matches consists of."""

    left: str
    right: str
    reason: str
    score: float


@dataclass(frozen=True, slots=True)
class Mistake:
    """One pair that was merged wrongly, or wrongly not merged."""

    #: false_merge or missed.
    kind: str
    #: Fields of both records that have a value, by name.
    left: Mapping[str, Any]
    right: Mapping[str, Any]
    #: What became of the pair in the run, in words.
    course: str
    #: Of a false merge that nothing decided directly: the matches that led from left to right.
    chain: tuple[Step, ...]
    explanation: Explanation


class Mistakes:
    """Finds the errors of one run over one set.

    Args:
        labelled: the set.
        clusters: cluster number of each record.
        matching: what the run found.
        meeting: the records as the run saw them.
    """

    def __init__(
        self, labelled: LabelledSet, clusters: Ints, matching: Matching, meeting: Meeting
    ) -> None:
        self._set = labelled
        self._clusters = clusters
        self._meeting = meeting
        self._decisions = matching.decisions
        self._left, self._right = (labelled.numbers(self._decisions[n]) for n in ("left", "right"))
        codes = labelled.codes(self._left, self._right)
        self._order = np.argsort(codes)
        self._codes = codes[self._order]
        self._scores = np.asarray(self._decisions["score"].to_numpy(), dtype=np.float64)
        self._gold = np.sort(labelled.codes(*labelled.gold()))
        matched = pc.equal(self._decisions["outcome"], Outcome.MATCH.value)
        self._matched = np.flatnonzero(matched.to_numpy())

    def false_merges(self, most: int) -> list[Mistake]:
        """Up to ``most`` wrongly merged pairs, the highest score first."""
        if not most:
            return []
        left, right = self._wrongly_merged()
        return [self._mistake("false_merge", *pair) for pair in self._worst(left, right, most)]

    def missed(self, most: int) -> list[Mistake]:
        """Up to ``most`` true pairs that were not merged, the highest score first."""
        if not most:
            return []
        left, right = self._set.gold()
        apart = self._clusters[left] != self._clusters[right]
        return [
            self._mistake("missed", *pair) for pair in self._worst(left[apart], right[apart], most)
        ]

    def _wrongly_merged(self) -> tuple[Ints, Ints]:
        """All false merges, or, of very many, those decided directly and some others."""
        labelled, clusters = self._set, self._clusters
        if not labelled.complete:
            wrong = ~labelled.match & (clusters[labelled.left] == clusters[labelled.right])
            return labelled.left[wrong], labelled.right[wrong]
        ours, theirs = self._left[self._matched], self._right[self._matched]
        lefts, rights = [ours], [theirs]
        found = 0
        by_cluster = np.argsort(clusters, kind="stable")
        ordered = clusters[by_cluster]
        ends = np.searchsorted(ordered, ordered, side="right")
        for place in np.flatnonzero(ends - np.arange(len(ends)) > 1):
            others = by_cluster[place + 1 : ends[place]]
            one = np.full(len(others), by_cluster[place])
            wrong = labelled.in_scope(one, others) & ~self._is_gold(one, others)
            lefts.append(one[wrong])
            rights.append(others[wrong])
            found += int(wrong.sum())
            if found > _LOOK_AT:
                break
        codes = np.unique(labelled.codes(np.concatenate(lefts), np.concatenate(rights)))
        left, right = codes // len(labelled), codes % len(labelled)
        wrong = (
            (clusters[left] == clusters[right])
            & labelled.in_scope(left, right)
            & ~self._is_gold(left, right)
        )
        return left[wrong], right[wrong]

    def _is_gold(self, left: Ints, right: Ints) -> Bools:
        return _find(self._gold, self._set.codes(left, right)) >= 0

    def _row(self, left: Ints, right: Ints) -> Ints:
        """Row of each pair's decision, or -1 where none was kept."""
        places = _find(self._codes, self._set.codes(left, right))
        rows = np.append(self._order, -1)
        return np.asarray(rows[places], dtype=np.int64)

    def _worst(self, left: Ints, right: Ints, most: int) -> list[tuple[int, int]]:
        """The pairs with the highest scores; equal scores in the order of the records."""
        if not len(left):
            return []
        known = np.append(self._scores, -1.0)[self._row(left, right)]
        first = np.argsort(-known, kind="stable")[:_LOOK_AT]
        left, right = left[first], right[first]
        scores = self._score(left, right)
        worst = np.lexsort((right, left, -scores))[:most]
        return [(int(left[number]), int(right[number])) for number in worst]

    def _score(self, left: Ints, right: Ints) -> npt.NDArray[np.float64]:
        """Strength of the evidence alone, without guards, 0 to 1."""
        prepared = self._meeting.prepared
        return decide(compare(prepared.take(pa.array(left)), prepared.take(pa.array(right)))).scores

    def _mistake(self, kind: str, left: int, right: int) -> Mistake:
        row = int(self._row(np.array([left]), np.array([right]))[0])
        kinds = self._meeting.kinds(left, right)
        decided = None if row < 0 else self._decisions.slice(row, 1).to_pylist()[0]
        chain: tuple[Step, ...] = ()
        if kind == "false_merge" and (decided is None or decided["outcome"] != Outcome.MATCH):
            chain = self._chain(left, right)
        prepared = self._meeting.prepared
        return Mistake(
            kind=kind,
            left=self._fields(left),
            right=self._fields(right),
            course=_course(decided, kinds, united=kind == "false_merge", steps=len(chain)),
            chain=chain,
            explanation=explain_pair(prepared.slice(left, 1), prepared.slice(right, 1), kinds),
        )

    def _fields(self, record: int) -> dict[str, Any]:
        columns = [name for name in _SHOWN if name in self._set.records.column_names]
        row = self._set.records.select(columns).slice(record, 1).to_pylist()[0]
        row["authors"] = [author["name"] for author in row["authors"]]
        return {name: value for name, value in row.items() if value not in (None, "", [])}

    def _chain(self, left: int, right: int) -> tuple[Step, ...]:
        """The fewest matches that lead from one record to the other; none if none do."""
        cluster = self._clusters[left]
        rows = self._matched[self._clusters[self._left[self._matched]] == cluster]
        neighbours: dict[int, list[tuple[int, int]]] = {}
        for row in rows.tolist():
            one, other = int(self._left[row]), int(self._right[row])
            neighbours.setdefault(one, []).append((other, row))
            neighbours.setdefault(other, []).append((one, row))
        came: dict[int, tuple[int, int]] = {left: (-1, -1)}
        queue = deque([left])
        while queue and right not in came:
            here = queue.popleft()
            for there, row in neighbours.get(here, ()):
                if there not in came:
                    came[there] = (here, row)
                    queue.append(there)
        steps: list[Step] = []
        here = right
        while here in came and here != left:
            here, row = came[here]
            decision = self._decisions.slice(row, 1).to_pylist()[0]
            steps.append(Step(**{name: decision[name] for name in Step.__slots__}))
        return tuple(reversed(steps))


def _course(
    decided: Mapping[str, Any] | None, kinds: tuple[str, ...], *, united: bool, steps: int
) -> str:
    if decided is not None:
        alone = f"{decided['outcome']} ({decided['reason']}, score {decided['score']:.3f})"
        if decided["outcome"] == Outcome.MATCH:
            return f"decided as {alone}" + ("" if united else ", but kept out of one cluster")
    elif kinds:
        alone = "refused with little evidence, or never compared (its blocks were too large)"
    else:
        alone = "never compared: no blocking key is shared"
    if not united:
        return alone if decided is None else f"decided as {alone}"
    way = f"a chain of {steps} matches" if steps else "other records of its cluster"
    return f"united through {way}; the pair alone: {alone}"


def _find(ordered: Ints, wanted: Ints) -> Ints:
    """Place of each wanted number in ascending numbers, or -1."""
    if not len(ordered):
        return np.full(len(wanted), -1, dtype=np.int64)
    places = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    return np.where(ordered[places] == wanted, places, -1).astype(np.int64)
