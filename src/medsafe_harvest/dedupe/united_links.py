"""What all records of a paper say of its links, each address once."""

from __future__ import annotations

import pyarrow as pa

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
    found: list[list[Link]] = [[] for _ in range(clusters)]
    for number, said in zip(cluster.tolist(), links.to_pylist(), strict=True):
        found[number] += (Link(**one) for one in said or ())
    rows = [[one._asdict() for one in unite(some)] for some in found]
    return pa.array(rows, pa.list_(LINK))
