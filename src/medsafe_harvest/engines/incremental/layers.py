"""Tables in two layers: a large one that stays on disk as it is, and what changed since.

A night adds and drops few rows, so only the small layer is written again. Rows are numbered
through: those of ``base`` first, then those of ``more``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from medsafe_harvest.dedupe.columns import Bools, Ints, one_array


@dataclass(frozen=True, slots=True)
class Layers:
    """A table of which some rows of the first layer are gone."""

    base: pa.Table
    more: pa.Table
    #: Of each row of ``base``, whether it is still there.
    stands: Bools

    def __len__(self) -> int:
        return len(self.base) + len(self.more)

    @classmethod
    def of(cls, base: pa.Table) -> Layers:
        """A table of which nothing changed."""
        return cls(base, base.schema.empty_table(), np.ones(len(base), dtype=bool))

    def select(self, names: Sequence[str]) -> Layers:
        """Some columns."""
        return Layers(self.base.select(names), self.more.select(names), self.stands)

    def numbers(self, name: str) -> npt.NDArray[Any]:
        """A column of numbers without nulls, those of rows that are gone among them."""
        return np.concatenate([numbers_in(layer, name) for layer in (self.base, self.more)])

    def standing(self) -> Bools:
        """Of each row, whether it is still there."""
        return np.concatenate([self.stands, np.ones(len(self.more), dtype=bool)])

    def take(self, rows: Ints) -> pa.Table:
        """Some rows, in the order asked for."""
        first = rows < len(self.base)
        if first.all():
            return self.base.take(pa.array(rows))
        found = pa.concat_tables(
            [
                self.base.take(pa.array(rows[first])),
                self.more.take(pa.array(rows[~first] - len(self.base))),
            ]
        ).combine_chunks()
        places = np.empty(len(rows), dtype=np.int64)
        places[np.flatnonzero(first)] = np.arange(first.sum())
        places[np.flatnonzero(~first)] = first.sum() + np.arange((~first).sum())
        return found.take(pa.array(places))

    def replace(self, rows: Ints, others: pa.Table) -> Layers:
        """Without some rows, and with others at the end."""
        stands = self.stands.copy()
        stands[rows[rows < len(self.base)]] = False
        kept = np.ones(len(self.more), dtype=bool)
        kept[rows[rows >= len(self.base)] - len(self.base)] = False
        more = pa.concat_tables([self.more.filter(pa.array(kept)), others.cast(self.more.schema)])
        return Layers(self.base, more.combine_chunks(), stands)

    def sorted_by(self, keys: Ints) -> pa.Table:
        """All rows that stand, in order of one key a row; ``base`` is in that order already."""
        split = len(self.base)
        standing = np.flatnonzero(self.stands)
        inner = np.argsort(keys[split:], kind="stable")
        places = np.searchsorted(keys[:split][standing], keys[split:][inner])
        rows = np.insert(standing, places, split + inner)
        # Runs of rows that follow one another are copied as they are.
        cuts = np.flatnonzero((np.diff(rows, prepend=-2) != 1) | (rows == split)).tolist()
        pieces = [
            self._run(int(rows[start]), end - start) for start, end in pairwise([*cuts, len(rows)])
        ]
        return pa.concat_tables([self.base.schema.empty_table(), *pieces]).combine_chunks()

    def _run(self, first: int, count: int) -> pa.Table:
        split = len(self.base)
        return (
            self.base.slice(first, count)
            if first < split
            else self.more.slice(first - split, count)
        )


@dataclass(frozen=True, slots=True)
class KeyIndex:
    """Who has a key: two layers of rows of ``blocking.KEYS``, each :func:`in_order`.

    A record that is gone stays; one may come twice under a key, as in the keys.
    """

    base: pa.Table
    more: pa.Table

    def find(self, keys: Ints) -> tuple[Ints, Ints]:
        """Places of keys among those asked for, and a record that has each: all of them."""
        found = [_find(layer, keys) for layer in (self.base, self.more)]
        return (
            np.concatenate([which for which, _ in found]),
            np.concatenate([rows for _, rows in found]),
        )

    def add(self, keys: pa.Table) -> KeyIndex:
        """With more rows of ``KEYS``."""
        return KeyIndex(self.base, in_order(pa.concat_tables([self.more, keys])))


def in_order(keys: pa.Table) -> pa.Table:
    """Rows of ``KEYS`` sorted by key, then by row."""
    order = np.lexsort((numbers_in(keys, "row"), numbers_in(keys, "key")))
    return keys.take(pa.array(order)).combine_chunks()


def _find(layer: pa.Table, keys: Ints) -> tuple[Ints, Ints]:
    known, rows = (numbers_in(layer, name) for name in ("key", "row"))
    order = np.argsort(keys)  # neighbours on disk are read together
    first = np.searchsorted(known, keys[order], side="left")
    counts = np.searchsorted(known, keys[order], side="right") - first
    before = np.cumsum(counts) - counts
    places = np.arange(counts.sum()) - np.repeat(before - first, counts)
    return np.repeat(order, counts).astype(np.int64), rows[places].astype(np.int64)


def numbers_in(table: pa.Table, name: str) -> npt.NDArray[Any]:
    """A column of numbers without nulls; not copied where it is one array of integers."""
    return np.asarray(one_array(table[name]).to_numpy(zero_copy_only=False))
