"""Clusters by constrained agglomeration: strongest matches first, never across a conflict.

Transitive closure would let one wrong match drag two groups together. Here a union is refused
when the united cluster would hold conflicting identifiers of one kind (two arXiv ids, two PubMed
ids, two journal DOIs of one registrant), a pair that a curator holds apart or that a hard guard
refused, or when the pairs decided between the two groups, all together, do not reach what one match
needs. Promising pairs of two sources come last: joined where each is the other's only partner.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.contested import EXCLUSIVE, Hanging, hanging
from medsafe_harvest.dedupe.evidence import MATCH_FROM
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.dedupe.reasons import Outcome, Reason
from medsafe_harvest.schema import DECISION

CLUSTERS = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("cluster", pa.string(), nullable=False),  # smallest record_id of the cluster
    ]
)

#: Refusals that hold within a whole cluster, not for the pair alone.
HARD: frozenset[str] = frozenset(
    {
        Reason.CANNOT_LINK,
        Reason.CONFLICTING_IDENTIFIERS,
        Reason.MARKER_DIFFERS,
        Reason.NUMBERS_DIFFER,
        Reason.DESIGNATORS_DIFFER,
        Reason.OPPOSITES,
        Reason.AUTHORS_DIFFER,
        Reason.PLACE_DIFFERS,
    }
)

#: Source of the entries of reading lists.
_READING_LIST = "list"

#: Identifiers of a record by column.
Ids = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Clustering:
    """What became of the match decisions."""

    #: ``CLUSTERS``, sorted by record_id; every record is in exactly one cluster.
    clusters: pa.Table
    #: Pairs whose union was refused -> why, in words.
    refused: Mapping[tuple[str, str], str]
    #: Promising pairs that were joined because nothing else fits either record.
    only_partners: frozenset[tuple[str, str]] = frozenset()


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
        for kind in sorted(ours.keys() & theirs.keys()):
            one, other = ours[kind], theirs[kind]
            if one.isdisjoint(other):
                return "{} {} and {} are two papers".format(
                    kind.partition("/")[0], *sorted((min(one), min(other)))
                )
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
    records: pa.RecordBatch | pa.Table,
    decisions: pa.Table,
    overrides: Overrides,
    against: pa.Table | None = None,
) -> Clustering:
    """Cluster all records by their match decisions.

    Args:
        records: every record once; ``record_id``, ``source`` and the columns ``EXCLUSIVE`` of
            ``prepare.COMPARISON``.
        decisions: rows of ``schema.DECISION``; the order does not matter.
        against: rows of ``decide.AGAINST``: refusals that are in no other table.
        overrides: must-links are joined first and whatever their identifiers, cannot-links never.

    Returns:
        Clusters, and the matches that a constraint refused.
    """
    records = records if isinstance(records, pa.Table) else pa.Table.from_batches([records])
    found = hanging(records, decisions, overrides, against)
    inside = found.record_ids.filter(pa.array(found.contested))
    part = records.select(["record_id", "source", *EXCLUSIVE])
    part = part.filter(pc.is_in(part["record_id"], value_set=inside))
    rest = None if against is None else found.disputed(against)
    disputed = found.disputed(decisions.select(_WEIGHED))
    groups, refused, only_partners = _agglomerate(part, disputed, overrides, rest)
    return Clustering(_clusters(found, groups), refused, only_partners)


#: What clustering reads of a decision.
_WEIGHED = ("left", "right", "score", "outcome", "reason")


def _agglomerate(
    records: pa.Table, decisions: pa.Table, overrides: Overrides, against: pa.Table | None
) -> tuple[_Groups, dict[tuple[str, str], str], frozenset[tuple[str, str]]]:
    """Clusters of disputed records, strongest matches first."""
    by = [("score", "descending"), ("left", "ascending"), ("right", "ascending")]
    rows = decisions.sort_by(by).to_pylist()
    matches = [_pair(row) for row in rows if row["outcome"] == Outcome.MATCH]
    promising = {_pair(row): row["score"] for row in rows if row["reason"] == Reason.PROMISING}
    support = [(*link.pair, -math.inf) for link in overrides.cannot_link]
    support += [(*_pair(row), _support(row)) for row in (*rows, *_weak(against))]
    groups = _Groups(_exclusive_ids(records), support)
    sources = dict(
        zip(records["record_id"].to_pylist(), records["source"].to_pylist(), strict=True)
    )
    # A paper is in many reading lists, so an entry is nobody's rival, and proves no other entry.
    listed = {record for record, source in sources.items() if source == _READING_LIST}
    sources |= {record: record for record in listed}
    promising = {pair: score for pair, score in promising.items() if not listed.issuperset(pair)}
    for link in overrides.must_link:
        left, right = map(groups.find, link.pair)
        if left != right and sources.keys() >= set(link.pair):
            groups.unite(left, right)
    refused: dict[tuple[str, str], str] = {}
    for left, right in matches:
        one, other = groups.find(left), groups.find(right)
        if one != other:
            if (why := groups.conflict(one, other)) is None:
                groups.unite(one, other)
            else:
                refused[left, right] = why
    return groups, refused, _pair_off(promising, groups, sources)


def _pair(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["left"], row["right"]


def _weak(against: pa.Table | None) -> list[dict[str, Any]]:
    """Weak refusals, in an order of their own: sums of floats depend on it."""
    if against is None:
        return []
    rows: list[dict[str, Any]] = against.sort_by(
        [("left", "ascending"), ("right", "ascending")]
    ).to_pylist()
    return rows


def _pair_off(
    promising: Mapping[tuple[str, str], float], groups: _Groups, sources: Mapping[str, str]
) -> frozenset[tuple[str, str]]:
    """Join promising pairs of two sources where nothing else fits either record.

    A source lists a paper once. So a record that has no other partner in the other source, and is
    its partner's only one, is that paper, retitled or poorly described.
    """
    present: dict[str, set[str]] = {}
    for record, source in sources.items():
        present.setdefault(groups.find(record), set()).add(source)
    rivals: dict[tuple[str, str], dict[str, float]] = {}
    for (left, right), score in promising.items():
        ours, theirs = groups.find(left), groups.find(right)
        for one, other, source in ((ours, theirs, sources[right]), (theirs, ours, sources[left])):
            known = rivals.setdefault((one, source), {})
            known[other] = max(known.get(other, 0.0), score)
    ends = {pair: (groups.find(pair[0]), groups.find(pair[1])) for pair in promising}
    accepted = set()
    for pair in sorted(promising, key=lambda pair: (-promising[pair], pair)):
        best = all(
            _is_best(rivals[one, sources[record]], other)
            for one, other, record in ((*ends[pair], pair[1]), (*ends[pair][::-1], pair[0]))
        )
        ours, theirs = groups.find(pair[0]), groups.find(pair[1])
        if ours == theirs and best:
            accepted.add(pair)
        elif (
            best
            and present[ours].isdisjoint(present[theirs])
            and groups.conflict(ours, theirs) is None
        ):
            groups.unite(ours, theirs)
            present[groups.find(ours)] = present[ours] | present[theirs]
            accepted.add(pair)
    return frozenset(accepted)


def _is_best(rivals: Mapping[str, float], one: str) -> bool:
    """Whether one is ahead of all others by a factor of two in odds."""
    odds = {name: score / (1 - score) for name, score in rivals.items()}
    return one in odds and all(
        odds[one] >= _AHEAD * value for name, value in odds.items() if name != one
    )


_AHEAD = 2.0


def settle(decisions: Iterable[pa.RecordBatch], clustering: Clustering) -> Iterator[pa.RecordBatch]:
    """Decisions in their order, where refused unions are reviews and only partners are matches.

    Args:
        decisions: rows of ``schema.DECISION``, one a pair.
        clustering: what became of them.
    """
    refused = _as_text(*_sides(clustering.refused))
    why = pa.array(list(clustering.refused.values()), pa.string())
    joined = _as_text(*_sides(clustering.only_partners))
    for batch in decisions:
        pair = _as_text(batch.column("left"), batch.column("right"))
        but = why.take(pc.index_in(pair, value_set=refused))
        columns = dict(zip(DECISION.names, batch.select(DECISION.names).columns, strict=True))
        for hit, outcome, reason in (
            (pc.is_valid(but), Outcome.REVIEW, Reason.CLUSTER_CONFLICT),
            (pc.is_in(pair, value_set=joined), Outcome.MATCH, Reason.ONLY_PARTNER),
        ):
            columns["outcome"] = pc.if_else(hit, outcome.value, columns["outcome"])
            columns["reason"] = pc.if_else(hit, reason.value, columns["reason"])
        columns["detail"] = pc.binary_join_element_wise(
            columns["detail"], but, "; but ", null_handling="skip"
        )
        yield pa.RecordBatch.from_arrays(list(columns.values()), schema=DECISION)


def _sides(pairs: Collection[tuple[str, str]]) -> tuple[pa.Array, pa.Array]:
    """The lefts and the rights."""
    lefts, rights = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.array(lefts, pa.string()), pa.array(rights, pa.string())


def _as_text(left: pa.Array, right: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(left, right, "\n")


def _support(decision: Mapping[str, Any]) -> float:
    """Log-odds of a pair above (or below) what a match needs; a hard refusal outweighs all."""
    if decision["reason"] in HARD:
        return -math.inf
    if decision["reason"] in {Reason.GENERIC_TITLE, Reason.PROMISING}:
        return 0.0
    score = min(max(decision["score"], 1e-6), 1 - 1e-6)
    support = math.log(score / (1 - score)) - MATCH_FROM
    # A match that just reaches it has a rounded score, which may say a little less.
    return max(support, 0.0) if decision.get("outcome") == Outcome.MATCH else support


def _exclusive_ids(records: pa.Table) -> dict[str, Ids]:
    found: dict[str, dict[str, frozenset[str]]] = {}
    for kind in EXCLUSIVE:
        values = zip(records["record_id"].to_pylist(), records[kind].to_pylist(), strict=True)
        for record, value in values:
            for one in [value] if isinstance(value, str) else value or ():
                # A journal that changes hands has DOIs of two registrants; one gives but one.
                name = f"{kind}/{one.partition('/')[0]}" if kind == "journal_dois" else kind
                own = found.setdefault(record, {})
                own[name] = own.get(name, frozenset()) | {one}
    return dict(found)


def _clusters(found: Hanging, groups: _Groups) -> pa.Table:
    """``CLUSTERS``: undisputed groups as they hang together, and what became of the others."""
    first = found.first.copy()
    disputed = np.flatnonzero(found.contested)
    smallest: dict[str, int] = {}
    # Ids come in ascending order, so the first of a group is its smallest.
    for place, record in zip(
        disputed.tolist(), found.record_ids.take(pa.array(disputed)).to_pylist(), strict=True
    ):
        first[place] = smallest.setdefault(groups.find(record), place)
    names = found.record_ids.take(pa.array(first))
    return pa.table([found.record_ids, names], schema=CLUSTERS)
