"""Clusters by constrained agglomeration: strongest matches first, never across a conflict.

Transitive closure would let one wrong match drag two groups together. Here a union is refused
when the united cluster would hold conflicting identifiers of one kind (two arXiv ids, two journal
DOIs, two PubMed ids), a pair that a curator holds apart or that a hard guard refused, or when the
pairs decided between the two groups, all together, do not reach what one match needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.decide import MATCH_FROM, Outcome, Reason
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.schema import DECISION

CLUSTERS = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("cluster", pa.string(), nullable=False),  # smallest record_id of the cluster
    ]
)

#: Columns of ``prepare.COMPARISON`` that hold identifiers of which one paper has but one.
EXCLUSIVE: tuple[str, ...] = ("arxiv_id", "pmid", "pmcid", "journal_dois")

#: Refusals that hold within a whole cluster, not for the pair alone.
HARD: frozenset[str] = frozenset(
    {
        Reason.CANNOT_LINK,
        Reason.CONFLICTING_IDENTIFIERS,
        Reason.MARKER_DIFFERS,
        Reason.NUMBERS_DIFFER,
        Reason.DESIGNATORS_DIFFER,
        Reason.AUTHORS_DIFFER,
        Reason.PLACE_DIFFERS,
    }
)

#: Identifiers of a record by column.
Ids = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Clustering:
    """What became of the match decisions."""

    #: ``CLUSTERS``, sorted by record_id; every record is in exactly one cluster.
    clusters: pa.Table
    #: Pairs whose union was refused -> why, in words.
    refused: Mapping[tuple[str, str], str]


class _Groups:
    """Union-find over record ids that knows what each group contains and how groups relate."""

    def __init__(self, ids: Mapping[str, Ids], support: Iterable[tuple[str, str, float]]) -> None:
        self._parent: dict[str, str] = {}
        self._size: dict[str, int] = {}
        self._ids: dict[str, dict[str, frozenset[str]]] = {
            record: dict(own) for record, own in ids.items()
        }
        #: Representative -> other representative -> sum of the evidence for their union.
        self._support: dict[str, dict[str, float]] = {}
        for left, right, value in support:
            self._add(left, right, value)

    def find(self, record: str) -> str:
        """Representative of a record's group; iterative, with path halving."""
        parent = self._parent
        parent.setdefault(record, record)
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    def conflict(self, left: str, right: str) -> str | None:
        """What forbids the union of two different groups, or None."""
        ours, theirs = self._ids.get(left, {}), self._ids.get(right, {})
        for kind in EXCLUSIVE:
            one, other = ours.get(kind), theirs.get(kind)
            if one and other and one.isdisjoint(other):
                return "{} {} and {} are two papers".format(kind, *sorted((min(one), min(other))))
        support = self._support.get(left, {}).get(right, 0.0)
        if support == -math.inf:
            return "a pair between the two clusters is held apart"
        return "other pairs between the two clusters speak against it" if support < 0 else None

    def unite(self, left: str, right: str) -> None:
        """Join two different groups, given by their representatives."""
        if (self._size.get(left, 1), right) < (self._size.get(right, 1), left):
            left, right = right, left
        self._parent[right] = left
        self._size[left] = self._size.get(left, 1) + self._size.pop(right, 1)
        merged = self._ids.setdefault(left, {})
        for kind, values in self._ids.pop(right, {}).items():
            merged[kind] = merged.get(kind, frozenset()) | values
        for other, value in self._support.pop(right, {}).items():
            del self._support[other][right]
            if other != left:
                self._add(left, other, value)

    def _add(self, left: str, right: str, value: float) -> None:
        for one, other in ((left, right), (right, left)):
            neighbours = self._support.setdefault(one, {})
            neighbours[other] = neighbours.get(other, 0.0) + value


def cluster(
    records: pa.RecordBatch | pa.Table, decisions: pa.Table, overrides: Overrides
) -> Clustering:
    """Cluster all records by their match decisions.

    Args:
        records: every record once; ``record_id`` and the columns ``EXCLUSIVE`` of
            ``prepare.COMPARISON``.
        decisions: rows of ``schema.DECISION``; the order does not matter.
        overrides: must-links are joined first and whatever their identifiers, cannot-links never.

    Returns:
        Clusters, and the matches that a constraint refused.
    """
    ordered = decisions.select(["left", "right", "score", "outcome", "reason"]).sort_by(
        [("score", "descending"), ("left", "ascending"), ("right", "ascending")]
    )
    known = set(records.column("record_id").to_pylist())
    support = [(*link.pair, -math.inf) for link in overrides.cannot_link]
    matches = []
    for decision in ordered.to_pylist():
        left, right = decision["left"], decision["right"]
        support.append((left, right, _support(decision)))
        if decision["outcome"] == Outcome.MATCH:
            matches.append((left, right))
    linked = {record for pair in matches for record in pair}
    linked |= {record for link in overrides.must_link for record in link.pair}
    groups = _Groups(_exclusive_ids(records, linked), support)
    for link in overrides.must_link:
        if known.issuperset(link.pair):
            left, right = map(groups.find, link.pair)
            if left != right:
                groups.unite(left, right)
    refused: dict[tuple[str, str], str] = {}
    for left, right in matches:
        one, other = groups.find(left), groups.find(right)
        if one != other:
            if (why := groups.conflict(one, other)) is None:
                groups.unite(one, other)
            else:
                refused[left, right] = why
    return Clustering(_table(sorted(known), groups), refused)


def settle(decisions: pa.Table, refused: Mapping[tuple[str, str], str]) -> pa.Table:
    """Decisions sorted by pair, where refused unions have become reviews.

    Args:
        decisions: rows of ``schema.DECISION``, one a pair.
        refused: from :class:`Clustering`.
    """
    ordered = decisions.sort_by([("left", "ascending"), ("right", "ascending")]).combine_chunks()
    if not refused:
        return ordered
    pairs = zip(ordered["left"].to_pylist(), ordered["right"].to_pylist(), strict=True)
    why = [refused.get(pair) for pair in pairs]
    hit = pa.array([words is not None for words in why])
    replaced = {
        "outcome": pc.if_else(hit, Outcome.REVIEW.value, ordered["outcome"]),
        "reason": pc.if_else(hit, Reason.CLUSTER_CONFLICT.value, ordered["reason"]),
        "detail": pc.if_else(
            hit,
            pc.binary_join_element_wise(
                ordered["detail"], pa.array(why, pa.string()), "; but ", null_handling="replace"
            ),
            ordered["detail"],
        ),
    }
    return pa.table([replaced.get(name, ordered[name]) for name in DECISION.names], schema=DECISION)


def _support(decision: Mapping[str, Any]) -> float:
    """Log-odds of a pair above (or below) what a match needs; a hard refusal outweighs all."""
    if decision["reason"] in HARD:
        return -math.inf
    if decision["reason"] == Reason.GENERIC_TITLE:
        return 0.0
    score = min(max(decision["score"], 1e-6), 1 - 1e-6)
    return math.log(score / (1 - score)) - MATCH_FROM


def _exclusive_ids(records: pa.RecordBatch | pa.Table, linked: set[str]) -> dict[str, Ids]:
    wanted = pc.is_in(records.column("record_id"), pa.array(sorted(linked), pa.string()))
    part = records.filter(wanted)
    found: dict[str, dict[str, frozenset[str]]] = {}
    for kind in EXCLUSIVE:
        values = zip(
            part.column("record_id").to_pylist(), part.column(kind).to_pylist(), strict=True
        )
        for record, value in values:
            if value:
                own = frozenset([value]) if isinstance(value, str) else frozenset(value)
                found.setdefault(record, {})[kind] = own
    return dict(found)


def _table(record_ids: list[str], groups: _Groups) -> pa.Table:
    """Ids come in ascending order, so the first of a group is its smallest."""
    smallest: dict[str, str] = {}
    names = [smallest.setdefault(groups.find(record), record) for record in record_ids]
    return pa.table(
        [pa.array(record_ids, pa.string()), pa.array(names, pa.string())], schema=CLUSTERS
    )
