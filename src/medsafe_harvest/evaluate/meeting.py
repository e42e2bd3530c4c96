"""Which true pairs could meet at all: the blocking keys of every record, and who shares one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from medsafe_harvest.dedupe.blocking import block, word_counts
from medsafe_harvest.dedupe.prepare import prepare
from medsafe_harvest.evaluate.labels import Bools, Ints, LabelledSet, as_ints

_ROWS = 20_000
#: Pairs whose keys are laid side by side at once.
_PAIRS = 200_000


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of one kind: those of record i are ``numbers[start[i]:start[i + 1]]``."""

    start: Ints
    numbers: Ints

    def of(self, records: Ints) -> tuple[Ints, Ints]:
        """The keys of each of n records: whose (0 to n-1), and which."""
        lengths = self.start[records + 1] - self.start[records]
        owners = np.repeat(np.arange(len(records)), lengths)
        offsets = np.arange(len(owners)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return owners, self.numbers[self.start[records][owners] + offsets]

    def shared(self, left: Ints, right: Ints) -> Bools:
        """Whether each pair shares a key."""
        most = int(self.numbers.max(initial=0)) + 1
        met = np.zeros(len(left), dtype=bool)
        for begin in range(0, len(left), _PAIRS):
            part = slice(begin, begin + _PAIRS)
            ours, theirs = self.of(left[part]), self.of(right[part])
            mine, yours = (owners * most + numbers for owners, numbers in (ours, theirs))
            met[begin + ours[0][np.isin(mine, yours)]] = True
        return met


@dataclass(frozen=True, slots=True)
class Meeting:
    """The records as matching sees them."""

    #: ``prepare.COMPARISON``, one row a record, in the set's order.
    prepared: pa.RecordBatch
    #: By kind of key.
    keys: Mapping[str, Keys]

    def met(self, left: Ints, right: Ints) -> Bools:
        """Whether each pair shares a key of any kind."""
        met = np.zeros(len(left), dtype=bool)
        # Those with the fewest keys first: they settle most pairs at little cost.
        for keys in sorted(self.keys.values(), key=lambda keys: len(keys.numbers)):
            rest = np.flatnonzero(~met)
            met[rest] = keys.shared(left[rest], right[rest])
        return met

    def kinds(self, left: int, right: int) -> tuple[str, ...]:
        """Kinds of key that two records share, sorted."""
        pair = np.array([left]), np.array([right])
        return tuple(sorted(kind for kind, keys in self.keys.items() if keys.shared(*pair)[0]))


def prepare_meeting(labelled: LabelledSet) -> Meeting:
    """Prepare and key all records of a set."""
    batches = [prepare(batch) for batch in labelled.records.to_batches(max_chunksize=_ROWS)]
    table = pa.Table.from_batches(list(block(batches, word_counts(batches))))
    kinds = table["kind"].combine_chunks().dictionary_encode()
    records = labelled.numbers(table["record_id"])
    numbers = as_ints(table["key"].combine_chunks().dictionary_encode().indices)
    kind_of = as_ints(kinds.indices)
    keys = {}
    for number, kind in enumerate(kinds.dictionary.to_pylist()):
        mine = np.flatnonzero(kind_of == number)
        mine = mine[np.argsort(records[mine], kind="stable")]
        counts = np.bincount(records[mine], minlength=len(labelled))
        start = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        keys[kind] = Keys(start, numbers[mine])
    prepared = pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
    return Meeting(prepared, keys)
