"""Typed links between records, read off the decisions and the clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.decide import Reason
from medsafe_harvest.dedupe.titles import Marker

LINKS = pa.schema(
    [
        pa.field("left", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("right", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)

#: Columns of ``prepare.COMPARISON`` that are read.
READ: tuple[str, ...] = (
    "record_id", "source", "marker", "generic", "venue_class", "journal_dois",
)  # fmt: skip

_KIND = {
    Marker.CORRECTION: "corrects",
    Marker.REPLY: "comments_on",
    Marker.COMMENT: "comments_on",
}
#: "Erratum: X" and X; below, the marker stands before another title.
_ABOUT_THE_SAME = 0.9
_Link = tuple[str, str, str, str]


def relations(prepared: pa.Table, decisions: pa.Table, clusters: pa.Table) -> pa.Table:
    """Corrections, replies and comments, and preprints of published versions.

    Args:
        prepared: the columns ``READ`` of ``prepare.COMPARISON``.
        decisions: rows of ``schema.DECISION``.
        clusters: ``record_id`` and ``cluster`` of every record.

    Returns:
        ``LINKS``, sorted: ``left`` corrects, comments_on or is_preprint_of ``right``.
    """
    links = _about(prepared, decisions) | _preprints(prepared, clusters)
    columns = zip(*sorted(links), strict=True) if links else [[] for _ in LINKS]
    return pa.table([pa.array(values, pa.string()) for values in columns], schema=LINKS)


def _about(prepared: pa.Table, decisions: pa.Table) -> set[_Link]:
    """A record whose title is a marker and another record's title is about that record."""
    chosen = pc.and_(
        pc.equal(decisions["reason"], Reason.MARKER_DIFFERS.value),
        pc.greater_equal(decisions["title_similarity"], _ABOUT_THE_SAME),
    )
    pairs = decisions.filter(chosen).select(["left", "right", "author_similarity"]).to_pylist()
    involved = pa.array(
        sorted({row[side] for row in pairs for side in ("left", "right")}), pa.string()
    )
    part = prepared.filter(pc.is_in(prepared["record_id"], involved))
    rows = {
        row["record_id"]: row for row in part.select(["record_id", "marker", "generic"]).to_pylist()
    }
    found: set[_Link] = set()
    for pair in pairs:
        left, right = rows[pair["left"]], rows[pair["right"]]
        for about, original in ((left, right), (right, left)):
            if _is_about(about, original, pair["author_similarity"]):
                marker = Marker(about["marker"])
                link = (about["record_id"], _KIND[marker], original["record_id"])
                found.add((*link, f"title marked as {marker.value}"))
    return found


def _is_about(
    about: Mapping[str, Any], original: Mapping[str, Any], author_similarity: float | None
) -> bool:
    """A correction is by the authors themselves; a reply or comment may be by anybody."""
    if about["generic"] or about["marker"] not in _KIND or original["marker"] is not None:
        return False
    by_the_same = author_similarity is None or author_similarity > 0
    return by_the_same or about["marker"] != Marker.CORRECTION


def _preprints(prepared: pa.Table, clusters: pa.Table) -> set[_Link]:
    """Within a cluster: arXiv's record, and each record of a journal or meeting elsewhere."""
    at_arxiv = pc.equal(prepared["source"], "arxiv")
    published = pc.or_(
        pc.greater(pc.list_value_length(prepared["journal_dois"]), 0),
        pc.is_in(prepared["venue_class"], pa.array(["journal", "meeting"])),
    )
    ids = prepared["record_id"]
    preprints = _with_cluster(ids.filter(at_arxiv), clusters)
    papers = _with_cluster(ids.filter(pc.and_(pc.invert(at_arxiv), published)), clusters)
    joined = preprints.join(papers, "cluster", join_type="inner", right_suffix="_paper")
    pairs = zip(joined["record_id"].to_pylist(), joined["record_id_paper"].to_pylist(), strict=True)
    return {
        (left, "is_preprint_of", right, "published version of an arXiv paper")
        for left, right in pairs
    }


def _with_cluster(record_ids: pa.ChunkedArray, clusters: pa.Table) -> pa.Table:
    return clusters.filter(pc.is_in(clusters["record_id"], record_ids.combine_chunks()))
