"""Typed links between records, read off the decisions and the clusters.

Records of one paper are related by what they describe: a preprint and the version of record, two
versions. Records of two papers are related only where a kept decision says how alike they are, and
a sign that has no other meaning says how they differ: a marker, a part number, another script, a
meeting and a journal. A relation that is wrong misleads, so each asks for more than a likely guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.about import about
from medsafe_harvest.dedupe.editions import extensions, translations
from medsafe_harvest.dedupe.links import Link, Pair, Relation, Row
from medsafe_harvest.dedupe.manifestations import PUBLISHED, Form, form_of
from medsafe_harvest.dedupe.series import series

LINKS = pa.schema(
    [
        pa.field("left", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),  # Relation
        pa.field("right", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("score", pa.float64()),  # of the decision about the pair; null if it has none
    ]
)

#: Columns of ``prepare.COMPARISON`` that are read.
READ: tuple[str, ...] = (
    "record_id", "source", "title", "marker", "generic", "numbers", "designators",
    "families", "year", "venue", "venue_class", "volume", "first_page", "arxiv_id", "ids", "dois",
)  # fmt: skip


def relations(prepared: pa.Table, decisions: pa.Table, clusters: pa.Table) -> pa.Table:
    """How records are related that are not the same thing.

    Args:
        prepared: the columns ``READ`` of ``prepare.COMPARISON``.
        decisions: rows of ``schema.DECISION``.
        clusters: ``record_id`` and ``cluster`` of every record.

    Returns:
        ``LINKS``, sorted; the sentence reads ``left kind right``. Two records have at most one.
    """
    cluster_of = dict(
        zip(clusters["record_id"].to_pylist(), clusters["cluster"].to_pylist(), strict=True)
    )
    pairs = _pairs_apart(prepared, decisions, cluster_of)
    links = [
        *about(pairs, cluster_of),
        *series(pairs),
        *extensions(pairs),
        *translations(pairs),
        *_within(prepared, decisions, clusters),
    ]
    found: dict[tuple[str, str], Link] = {}
    for link in links:
        found.setdefault((min(link.left, link.right), max(link.left, link.right)), link)
    ordered = sorted(found.values(), key=lambda link: (link.left, link.kind, link.right))
    return pa.table(
        [[getattr(link, field.name) for link in ordered] for field in LINKS], schema=LINKS
    )


def _pairs_apart(
    prepared: pa.Table, decisions: pa.Table, cluster_of: Mapping[str, str]
) -> list[Pair]:
    """The decisions about records of different papers, with both records."""
    columns = ["left", "right", "title_similarity", "author_similarity", "score"]
    kept = [
        row
        for row in decisions.select(columns).to_pylist()
        if cluster_of[row["left"]] != cluster_of[row["right"]]
    ]
    rows = _rows(prepared, {row[side] for row in kept for side in ("left", "right")})
    return [
        Pair(
            rows[row["left"]],
            rows[row["right"]],
            row["title_similarity"],
            row["author_similarity"],
            row["score"],
        )
        for row in kept
    ]


def _rows(prepared: pa.Table, record_ids: set[str]) -> dict[str, Row]:
    wanted = pa.array(sorted(record_ids), pa.string())
    part = prepared.filter(pc.is_in(prepared["record_id"], value_set=wanted)).select(READ)
    return {row["record_id"]: row for row in part.to_pylist()}


def _within(prepared: pa.Table, decisions: pa.Table, clusters: pa.Table) -> Iterator[Link]:
    """Preprints and published versions, versions, deposited copies."""
    members = _members(prepared, clusters)
    together = {record["record_id"] for several in members for record in several}
    both = pc.and_(
        *(
            pc.is_in(decisions[side], value_set=pa.array(sorted(together), pa.string()))
            for side in ("left", "right")
        )
    )
    kept = decisions.filter(both)
    pairs = zip(kept["left"].to_pylist(), kept["right"].to_pylist(), strict=True)
    scores = dict(zip(pairs, kept["score"].to_pylist(), strict=True))
    for several in members:
        for left, kind, right, reason in _manifestations(several):
            score = scores.get((min(left, right), max(left, right)))
            yield Link(left, kind, right, reason, score)


def _members(prepared: pa.Table, clusters: pa.Table) -> list[list[Row]]:
    """The records of each paper that has several."""
    sizes = pc.value_counts(clusters["cluster"])
    several = sizes.field("values").filter(pc.greater(sizes.field("counts"), 1))
    own = clusters.filter(pc.is_in(clusters["cluster"], value_set=several))
    rows = _rows(prepared, set(own["record_id"].to_pylist()))
    found: dict[str, list[Row]] = {}
    for record, cluster in zip(
        own["record_id"].to_pylist(), own["cluster"].to_pylist(), strict=True
    ):
        found.setdefault(cluster, []).append(rows[record])
    return [sorted(found[name], key=lambda row: row["record_id"]) for name in sorted(found)]


def _manifestations(rows: Sequence[Row]) -> Iterator[tuple[str, Relation, str, str]]:
    forms: dict[Form, list[Row]] = {}
    for row in rows:
        form = form_of(
            row["source"], row["venue_class"], row["arxiv_id"], row["dois"], workshop=False
        )
        forms.setdefault(Form.PUBLISHED if form in PUBLISHED else form, []).append(row)
    preprints, published = forms.get(Form.PREPRINT, []), forms.get(Form.PUBLISHED, [])
    for left in preprints:
        for right in published:
            yield left["record_id"], Relation.IS_PREPRINT_OF, right["record_id"], _PREPRINT
    for left in forms.get(Form.OTHER, []):
        if not left["dois"]:
            continue
        for right in published or preprints:
            yield left["record_id"], Relation.IS_VERSION_OF, right["record_id"], _COPY
    yield from _arxiv_versions(preprints)


_PREPRINT = "preprint of a paper that a publisher has"
_COPY = "deposited copy"
_VERSION = re.compile(r"(?P<name>.*\d)v(?P<number>\d+)")


def _arxiv_versions(preprints: Sequence[Row]) -> Iterator[tuple[str, Relation, str, str]]:
    """Records of arXiv about versions of one paper: the later is a version of the earlier."""
    versions: dict[str, list[tuple[int, str]]] = {}
    for row in preprints:
        if row["source"] == "arxiv" and (found := _VERSION.fullmatch(row["record_id"])):
            versions.setdefault(found["name"], []).append((int(found["number"]), row["record_id"]))
    for several in versions.values():
        ordered = sorted(several)
        for (number, earlier), (next_number, later) in pairwise(ordered):
            reason = f"versions {next_number} and {number} of one arXiv paper"
            yield later, Relation.IS_VERSION_OF, earlier, reason
