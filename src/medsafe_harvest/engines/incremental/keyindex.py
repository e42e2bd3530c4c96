"""Who has a key: the digests of all blocking keys, sorted, and the records that have each.

A key is known by 96 bits of its MD5: among thirty million keys, two are taken for one with a chance
of one in 10^14.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from medsafe_harvest.dedupe.columns import Ints, one_array

#: Digest of a key, and a record that has it; a record may come twice, as in the keys.
SCHEMA = pa.schema(
    [
        pa.field("digest", pa.uint64(), nullable=False),
        pa.field("rest", pa.uint32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
    ]
)
_DIGEST = """
select cast(md5_number(key) >> 64 as ubigint) as digest,
    cast((md5_number(key) >> 32) & 4294967295::uhugeint as uinteger) as rest, "row"
from keys
"""


def digests(database: duckdb.DuckDBPyConnection) -> pa.Table:
    """Rows of ``SCHEMA``, sorted, for the table ``keys`` of a database: ``row`` and ``key``."""
    return database.sql(f"{_DIGEST} order by 1, 2, 3").to_arrow_table().cast(SCHEMA)


@dataclass(frozen=True, slots=True)
class KeyIndex:
    """Two layers of rows of ``SCHEMA``, each sorted by digest."""

    base: pa.Table
    more: pa.Table

    def find(
        self, digest: npt.NDArray[np.uint64], rest: npt.NDArray[np.uint32]
    ) -> tuple[Ints, Ints]:
        """Numbers of keys asked for, and a record that has each: all of them."""
        found = [_find(layer, digest, rest) for layer in (self.base, self.more)]
        return (
            np.concatenate([which for which, _ in found]),
            np.concatenate([rows for _, rows in found]),
        )

    def add(self, keys: pa.Table) -> KeyIndex:
        """With more rows of ``SCHEMA``."""
        more = pa.concat_tables([self.more, keys]).combine_chunks()
        return KeyIndex(self.base, more.sort_by("digest").combine_chunks())


def _find(
    layer: pa.Table, digest: npt.NDArray[np.uint64], rest: npt.NDArray[np.uint32]
) -> tuple[Ints, Ints]:
    digests, rests, rows = (one_array(column).to_numpy() for column in layer.columns)
    order = np.argsort(digest)  # neighbours on disk are read together
    first = np.searchsorted(digests, digest[order], side="left")
    counts = np.searchsorted(digests, digest[order], side="right") - first
    which = np.repeat(order, counts)
    before = np.cumsum(counts) - counts
    places = np.arange(counts.sum()) - np.repeat(before - first, counts)
    same = rests[places] == rest[which]
    return which[same].astype(np.int64), rows[places[same]].astype(np.int64)
