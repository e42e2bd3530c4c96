"""Which pairs of a labelled set share a key: the candidates of the engine itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from medsafe_harvest.dedupe.prepare import prepare
from medsafe_harvest.engines.duckdb import candidate_pairs
from medsafe_harvest.evaluate.labels import Bools, Ints, LabelledSet

_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Meeting:
    """The records and pairs as matching sees them."""

    #: ``prepare.COMPARISON``, one row a record, in the set's order.
    prepared: pa.RecordBatch
    #: One number for each candidate pair, ascending; see ``LabelledSet.codes``.
    codes: Ints
    #: Kinds of blocking key that each candidate pair shares.
    keys: pa.Array
    _set: LabelledSet

    def met(self, left: Ints, right: Ints) -> Bools:
        """Whether each pair shares a key."""
        return np.isin(self._set.codes(left, right), self.codes)

    def kinds(self, left: int, right: int) -> tuple[str, ...]:
        """Kinds of key that two records share, sorted; none where they never meet."""
        code = int(self._set.codes(np.array([left]), np.array([right]))[0])
        place = int(np.searchsorted(self.codes, code))
        if place == len(self.codes) or self.codes[place] != code:
            return ()
        return tuple(self.keys[place].as_py())


def prepare_meeting(labelled: LabelledSet) -> Meeting:
    """Prepare all records of a set and find its candidate pairs."""
    batches = [prepare(batch) for batch in labelled.records.to_batches(max_chunksize=_ROWS)]
    pairs = candidate_pairs(labelled.records)
    sides = [labelled.numbers(pairs[side]) for side in ("left", "right")]
    codes = labelled.codes(np.minimum(*sides), np.maximum(*sides))
    order = np.argsort(codes)
    return Meeting(
        prepared=pa.Table.from_batches(batches).combine_chunks().to_batches()[0],
        codes=codes[order],
        keys=pairs["keys"].combine_chunks().take(pa.array(order)),
        _set=labelled,
    )
