"""Terms that are papers which are cited, by their titles where a snapshot has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.curated import snapshot
from medsafe_harvest.topics.terms import CITES

#: Characters of a title that are shown.
_LONGEST = 60


def in_words(folder: Path, terms: pa.ChunkedArray) -> pa.Array:
    """The terms of related papers, ``cites:123`` as ``cites:Title`` where 123 is in the snapshot.

    Of a long title only the beginning is told.

    Args:
        folder: a snapshot.
        terms: lists of terms, as in ``schema.RELATED``.

    Raises:
        CuratedError: the snapshot is damaged.
    """
    lists = terms.combine_chunks()
    flat = lists.flatten()
    are_cited = pc.starts_with(flat, CITES)
    if not pc.any(are_cited).as_py():
        return lists
    ids = pc.replace_substring(flat.filter(are_cited), CITES, "").cast(pa.int64())
    records = snapshot.read(
        folder, "records", ["corpus_id", "title"], only=("corpus_id", pc.unique(ids).to_pylist())
    )
    titles = pa.array(map(_short, records["title"].to_pylist()), pa.string())
    place = pc.index_in(ids, value_set=records["corpus_id"].combine_chunks())
    called = pc.coalesce(titles.take(place), ids.cast(pa.string()))
    named = pc.binary_join_element_wise(CITES, called, "")
    ends = np.r_[0, np.cumsum(pc.list_value_length(lists).to_numpy())].astype(np.int32)
    flat = pc.replace_with_mask(flat, are_cited, named)
    return pa.ListArray.from_arrays(pa.array(ends), flat, type=lists.type)


def _short(title: str) -> str:
    if len(title) <= _LONGEST:
        return title
    return (title[:_LONGEST].rpartition(" ")[0] or title[:_LONGEST]).rstrip(",;:") + "\u2026"
