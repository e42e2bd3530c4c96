"""The papers nearest to one, as a snapshot has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.curated import cited, lookup, snapshot
from medsafe_harvest.curated.redirects import Redirect
from medsafe_harvest.schema import RELATED

_TOLD = ("title", "year", "venue", "summary")

#: ``schema.RELATED`` of one paper, and what the related papers are; what they cite by its title.
NEIGHBOURS = pa.schema(
    [*(field.remove_metadata() for field in RELATED)]
    + [pa.field("title", pa.string(), nullable=False), pa.field("year", pa.int32())]
    + [pa.field(name, pa.string()) for name in _TOLD[2:]]
)


def of(folder: Path, ledger: Sequence[Redirect], name: str) -> pa.Table:
    """The nearest papers of the paper that an id names, of ``NEIGHBOURS``, the nearest first.

    Args:
        folder: a snapshot.
        ledger: from :func:`redirects.read`.
        name: as for :func:`lookup.find_paper`.

    Raises:
        CuratedError: the snapshot is damaged.
        NotFoundError: as :func:`lookup.trace`; with SplitError.
    """
    paper_id = lookup.resolve(folder, ledger, name).paper_id
    rows = snapshot.read(folder, "related", only=("paper_id", [paper_id]))
    return described(folder, rows.sort_by("rank"))


def described(folder: Path, rows: pa.Table) -> pa.Table:
    """``NEIGHBOURS``: what the related papers are.

    Args:
        folder: a snapshot.
        rows: of ``schema.RELATED``.

    Raises:
        CuratedError: the snapshot is damaged.
    """
    wanted = rows["related_paper_id"].to_pylist()
    papers = snapshot.read(folder, "papers", ["paper_id", *_TOLD], only=("paper_id", wanted))
    places = pc.index_in(rows["related_paper_id"], value_set=papers["paper_id"].combine_chunks())
    for told in _TOLD:
        rows = rows.append_column(told, papers[told].take(places))
    terms = cited.in_words(folder, rows["terms"])
    return rows.set_column(rows.column_names.index("terms"), "terms", terms).cast(NEIGHBOURS)
