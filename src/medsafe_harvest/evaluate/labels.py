"""A labelled set: records, labelled pairs, and what a missing label means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """One labelled set. Records are numbered by their place in ``records``."""

    name: str
    #: Columns ``prepare.NEEDED`` of ``schema.RECORD``, in the order of record_id.
    records: pa.Table
    #: Number of each record's source.
    sources: Ints
    #: Labelled pairs in scope, each once: numbers of two records, the left the smaller.
    left: Ints
    right: Ints
    match: Bools
    #: Every pair in scope that is not listed is a non-match.
    complete: bool
    #: Only pairs of records of different sources are in scope.
    cross_source_only: bool
    #: The file says of no pair whether it is a match, so that each is taken for one.
    unmarked: bool = False

    def __len__(self) -> int:
        return len(self.records)

    def codes(self, left: Ints, right: Ints) -> Ints:
        """One number for each pair of numbers of records."""
        return left * len(self) + right

    def gold(self) -> tuple[Ints, Ints]:
        """The pairs that are matches."""
        return self.left[self.match], self.right[self.match]

    def in_scope(self, left: Ints, right: Ints) -> Bools:
        """Whether the labels say something of each pair; left is the smaller."""
        if not self.complete:
            return np.isin(self.codes(left, right), self.codes(self.left, self.right))
        if self.cross_source_only:
            return np.asarray(self.sources[left] != self.sources[right])
        return np.ones(len(left), dtype=bool)

    def is_gold(self, left: Ints, right: Ints) -> Bools:
        """Whether each pair is labelled as a match; left is the smaller."""
        return np.isin(self.codes(left, right), self.codes(*self.gold()))

    def numbers(self, record_ids: pa.ChunkedArray) -> Ints:
        """Numbers of records by their record_ids, all of which must be known."""
        return as_ints(pc.index_in(record_ids, self.records["record_id"].combine_chunks()))


def as_ints(values: pa.Array | pa.ChunkedArray) -> Ints:
    """An Arrow column without nulls as 64-bit integers."""
    return np.asarray(values.to_numpy(), dtype=np.int64)
