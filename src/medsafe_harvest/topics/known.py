"""What is known of the nearest papers from the run before, and what of it still holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.topics.terms import Ints

#: One row a paper, sorted: two numbers that stand for its weights; whether ``near`` has every paper
#: with a score; and the nearest, the best first, with scores in steps.
KNOWN = pa.schema(
    [
        pa.field("paper_id", pa.string(), nullable=False),
        pa.field("mark", pa.list_(pa.uint64()), nullable=False),
        pa.field("all", pa.bool_(), nullable=False),
        pa.field("near", pa.list_(pa.string()), nullable=False),
        pa.field("scores", pa.list_(pa.int32()), nullable=False),
    ]
)

Flags = npt.NDArray[np.bool_]
Marks = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Near:
    """Rows, rows near them, and the scores in steps."""

    row: Ints
    other: Ints
    score: Ints

    @classmethod
    def joined(cls, parts: Sequence[Near]) -> Self:
        """All of them."""
        none = np.zeros(0, dtype=np.int64)
        sides = ("row", "other", "score")
        return cls(
            *(np.concatenate([none, *(getattr(one, side) for one in parts)]) for side in sides)
        )

    def where(self, keep: Flags) -> Near:
        """Some of them."""
        return Near(self.row[keep], self.other[keep], self.score[keep])

    def best(self, most: int) -> Near:
        """At most so many a row, sorted by row, score and the row near it."""
        order = np.lexsort((self.other, -self.score, self.row))
        ordered = Near(self.row[order], self.other[order], self.score[order])
        return ordered.where(rank_in(ordered.row) < most)


@dataclass(frozen=True, slots=True)
class Old:
    """What still holds; arrays have one element a paper of today.

    Attributes:
        same: its weights are what they were.
        all: its list had every paper with a score.
        worst: else, the score of the last paper on its list, in steps.
        place: and the last row that stands before that paper, or is it.
        near: pairs of papers that are both the same.
    """

    same: Flags
    all: Flags
    worst: Ints
    place: Ints
    near: Near


def still_true(before: pa.Table, ids: pa.Array, marks: Marks) -> Old:
    """Compare the weights of today with those of the run before.

    Args:
        before: ``KNOWN``.
        ids: of the papers of today, sorted.
        marks: of their weights.
    """
    count = len(ids)
    was = _places(ids, before["paper_id"])
    then = before["mark"].combine_chunks().flatten().to_numpy().reshape(-1, marks.shape[1])
    same = was >= 0
    same[same] = (then[was[same]] == marks[same]).all(axis=1)
    rows = np.full(len(before), -1, dtype=np.int64)
    rows[was[same]] = np.flatnonzero(same)
    lists = before["near"].combine_chunks()
    names, scores = lists.flatten(), before["scores"].combine_chunks().flatten().to_numpy()
    owner = rows[pc.list_parent_indices(lists).to_numpy()]
    other = _places(names, pa.chunked_array([ids]))
    holds = (owner >= 0) & (other >= 0)
    holds[holds] = same[other[holds]]
    everything = np.zeros(count, dtype=bool)
    everything[same] = before["all"].to_numpy()[was[same]]
    # Nothing is sure of a list that is empty and has not everything.
    worst = np.where(everything, 1, np.iinfo(np.int32).max)
    place = np.full(count, -1, dtype=np.int64)
    ends = lists.offsets.to_numpy()
    last = np.flatnonzero((np.diff(ends) > 0) & (rows >= 0))
    last = last[~everything[rows[last]]]
    at = ends[last + 1] - 1
    worst[rows[last]] = scores[at]
    place[rows[last]] = _before(names.take(pa.array(at)), ids)
    near = Near(owner, other, scores.astype(np.int64)).where(holds)
    return Old(same, everything, worst, place, near)


def merge(old: Old, newcomers: Near, keep: int, sure: int) -> tuple[Near, Ints]:
    """Put newcomers among what still holds.

    Args:
        old: what holds.
        newcomers: pairs of a paper that is the same and one that is not, whose score is at least
            ``old.worst``.
        keep: most a row.
        sure: fewest a row, where there may be more.

    Returns:
        The pairs, and the rows of which too few are sure; the pairs have none of these.
    """
    row, score = newcomers.row, newcomers.score
    known = old.all[row] | (score > old.worst[row])
    known |= (score == old.worst[row]) & (newcomers.other <= old.place[row])
    merged = Near.joined([old.near, newcomers.where(known)]).best(keep)
    counts = np.bincount(merged.row, minlength=len(old.same))
    unsure = old.same & ~old.all & (counts < sure)
    return merged.where(~unsure[merged.row]), np.flatnonzero(unsure)


def table(ids: pa.Array, marks: Marks, near: Near, everything: Flags) -> pa.Table:
    """``KNOWN`` of sorted pairs."""
    counts = np.bincount(near.row, minlength=len(ids))
    ends = pa.array(np.r_[0, np.cumsum(counts)].astype(np.int32))
    width = np.arange(len(ids) + 1, dtype=np.int32) * marks.shape[1]
    return pa.table(
        [
            ids,
            pa.ListArray.from_arrays(pa.array(width), pa.array(marks.ravel())),
            pa.array(everything),
            pa.ListArray.from_arrays(ends, ids.take(pa.array(near.other))),
            pa.ListArray.from_arrays(ends, pa.array(near.score.astype(np.int32))),
        ],
        schema=KNOWN,
    )


def rank_in(groups: Ints) -> Ints:
    """Place of each element in its group, from 0; the groups are sorted."""
    first = np.searchsorted(groups, groups, side="left")
    return np.asarray(np.arange(len(groups)) - first, dtype=np.int64)


def _places(names: pa.Array, among: pa.ChunkedArray) -> Ints:
    """Where each name stands; -1 where it does not."""
    place = pc.index_in(names, value_set=among.combine_chunks())
    return np.asarray(pc.fill_null(place, -1).to_numpy(), dtype=np.int64)


def _before(names: pa.Array, ids: pa.Array) -> Ints:
    """The row of each name in sorted ids, or of the last id before it."""
    texts = np.array(ids.to_pylist(), dtype=object)
    found = np.searchsorted(texts, np.array(names.to_pylist(), dtype=object), side="right") - 1
    return np.asarray(found, dtype=np.int64)
