"""What all records of a paper say of its links, each address once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.provenance import Rows
from medsafe_harvest.normalize.links import Link, unite
from medsafe_harvest.schema import LINK


def united_links(links: pa.ChunkedArray, cluster: Rows, clusters: int) -> pa.Array:
    """One list a cluster, sorted by address.

    Args:
        links: lists of ``schema.LINK``, one a record.
        cluster: number of the cluster of each record, ascending from 0.
        clusters: how many there are.
    """
    column = links.combine_chunks()
    said, owner = column.flatten(), cluster[pc.list_parent_indices(column).to_numpy()]
    # A single link is as it will be.
    alone = np.bincount(owner, minlength=clusters)[owner] == 1
    several: dict[int, list[Link]] = {}
    rest = said.filter(pa.array(~alone)).to_pylist()
    for number, one in zip(owner[~alone].tolist(), rest, strict=True):
        several.setdefault(number, []).append(Link(**one))
    united = [(number, one._asdict()) for number in several for one in unite(several[number])]
    numbers = np.array([number for number, _ in united], dtype=np.int64)
    values = pa.concat_arrays(
        [said.filter(pa.array(alone)), pa.array([one for _, one in united], LINK)]
    )
    every = np.concatenate([owner[alone], numbers])
    counts = np.bincount(every, minlength=clusters)
    offsets = pa.array(np.r_[0, np.cumsum(counts)].astype(np.int32))
    flat = values.take(pa.array(np.argsort(every, kind="stable")))
    return pa.ListArray.from_arrays(offsets, flat, type=pa.list_(LINK))
