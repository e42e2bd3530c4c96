"""Pairs of rows as single numbers, and the kinds of key that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from medsafe_harvest.dedupe.columns import Ints
from medsafe_harvest.engines.incremental.layers import numbers_in

_LOW = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Shares:
    """Pairs, each once, and the kinds of key that they share in some blocks, bit by bit."""

    #: The lesser row, shifted, and the greater.
    pairs: Ints
    kinds: Ints

    def of(self, pairs: Ints) -> Ints:
        """The kinds of some pairs, 0 where there are none."""
        if not len(self.pairs):
            return np.zeros(len(pairs), dtype=np.int64)
        places = np.minimum(np.searchsorted(self.pairs, pairs), len(self.pairs) - 1)
        return np.where(self.pairs[places] == pairs, self.kinds[places], 0)


def packed(one: Ints, other: Ints) -> Ints:
    """Pairs of rows as one number each."""
    return np.minimum(one, other).astype(np.int64) << 32 | np.maximum(one, other)


def unpacked(pairs: Ints) -> tuple[Ints, Ints]:
    """The two rows of each pair."""
    return pairs >> 32, pairs & _LOW


def pairs_in(table: pa.Table) -> Ints:
    """The pair of each row of a table with the rows ``l`` and ``r`` of two records."""
    return packed(numbers_in(table, "l"), numbers_in(table, "r"))


def united(several: Sequence[Shares]) -> Shares:
    """All pairs, each once, with the kinds of each."""
    none = np.empty(0, dtype=np.int64)
    pairs = np.concatenate([none, *(one.pairs for one in several)])
    kinds = np.concatenate([none, *(one.kinds for one in several)])
    order = np.argsort(pairs, kind="stable")
    pairs, kinds = pairs[order], kinds[order].astype(np.int64)
    if not len(pairs):
        return Shares(pairs, kinds)
    starts = np.flatnonzero(np.diff(pairs, prepend=-1))
    return Shares(pairs[starts], np.bitwise_or.reduceat(kinds, starts))
