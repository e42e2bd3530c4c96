"""What an answer would do to the papers of the table, told before it is written.

The records around a pair are clustered twice by the rules of a run, without the answer and with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.blocking import keys_of, kinds_shared
from medsafe_harvest.dedupe.cluster import Clustering, cluster
from medsafe_harvest.dedupe.decide import judge, worth_keeping
from medsafe_harvest.dedupe.overrides import Link, Overrides, impose
from medsafe_harvest.dedupe.prepare import NEEDED, prepare
from medsafe_harvest.dedupe.reasons import Outcome, Reason
from medsafe_harvest.dedupe.screen import screened
from medsafe_harvest.overrides_file import Ruling, extended
from medsafe_harvest.review import Pair, Papers
from medsafe_harvest.schema import DECISION

Paper = frozenset[str]

#: How far to look: a partner's own rivals decide whether it is the only one.
_STEPS = 2
#: Columns that the rules compare by, as a person calls them.
_KINDS = {
    "arxiv_id": "arXiv ids",
    "pmid": "PubMed ids",
    "pmcid": "PubMed Central ids",
    "journal_dois": "journal DOIs",
}
_BY_HAND = pa.array([Reason.MUST_LINK.value, Reason.CANNOT_LINK.value])
#: What may unite two records. A refused match stays one where others are moved.
_UNITING = pa.array([Reason.CLUSTER_CONFLICT.value, Reason.PROMISING.value])


@dataclass(frozen=True, slots=True)
class Effect:
    """The papers around a pair without an answer and with it."""

    pair: tuple[str, str]
    same: bool
    before: frozenset[Paper]
    after: frozenset[Paper]
    #: Unions that are refused with the answer only, in words.
    refused: tuple[str, ...]

    @property
    def torn(self) -> tuple[Paper, ...]:
        """Papers that do not stay whole, by their smallest record."""
        broken = [old for old in self.before if not any(old <= new for new in self.after)]
        return tuple(sorted(broken, key=min))

    @property
    def lines(self) -> tuple[str, ...]:
        """What the answer does, in words."""
        key = "y" if self.same else "n"
        if not self.torn:
            return (self._whole(key),)
        why = f" ({'; '.join(self.refused)})" if self.refused and self.same else ""
        out = [
            f"{key} takes {_names(out)} out of the paper of {_names(rest)}{why}"
            for rest, out in map(self._parts, self.torn)
        ]
        touched = sorted((new for new in self.after - self.before), key=min)
        return (*out, "then: " + " | ".join(_names(new) for new in touched))

    def _whole(self, key: str) -> str:
        if not self.same:
            joined_now = " | ".join(
                _names(new) for new in sorted(self.after - self.before, key=min)
            )
            return f"{key}: two papers" + (
                f", but one of {joined_now}" if joined_now else ", as now"
            )
        [joined] = [new for new in self.after if self.pair[0] in new]
        others = joined.difference(self.pair)
        return f"{key}: one paper of {len(joined)} records" + (
            f", with {_names(others)}" if others else ""
        )

    def _parts(self, old: Paper) -> tuple[Paper, Paper]:
        """What stays of a paper, and what leaves it."""
        pieces = [old & new for new in self.after if old & new]
        rest = min(
            pieces,
            key=lambda piece: (not piece.isdisjoint(self.pair), -len(piece), min(piece)),
        )
        return rest, old - rest


class Outlook:
    """Foretells what ``rebuild`` makes of an answer.

    Args:
        records: the columns ``prepare.NEEDED`` of all records of the table.
        decisions: the table's rows of ``schema.DECISION``.
        papers: which records the table holds as one paper.
    """

    def __init__(self, records: pa.Table, decisions: pa.Table, papers: Papers) -> None:
        self._records = records
        self._decisions = decisions
        self._papers = papers
        uniting = pc.or_(
            pc.equal(decisions["outcome"], Outcome.MATCH.value),
            pc.is_in(decisions["reason"], _UNITING),
        )
        self._uniting = decisions.select(["left", "right"]).filter(uniting)

    def of(self, pair: Pair, overrides: Overrides, *, same: bool) -> Effect:
        """What an answer would do.

        Args:
            pair: the pair that it is about.
            overrides: what curators ruled until now.
            same: the answer.

        Raises:
            ConfigError: it contradicts a ruling; names both.
        """
        # Who, when and why make no difference to the papers.
        answer = {"left": pair.left, "right": pair.right, "who": "-", "when": "2000-01-01"}
        ruling = Ruling(same, Link.model_validate(answer | {"why": "-"}))
        ruled = extended(overrides, [ruling], Path("overrides.yaml"))
        ids = self._around(pair, overrides)
        prepared = self._prepared(ids)
        decided = self._decided(ids, prepared)
        old, new = (self._clustered(prepared, decided, some) for some in (overrides, ruled))
        before, after = _papers(old), _papers(new)
        refused = (_plain(new.refused[two]) for two in new.refused if two not in old.refused)
        changed = {one for paper in before ^ after for one in paper} | set(pair.ids)
        return Effect(
            pair.ids,
            same,
            frozenset(paper for paper in before if not paper.isdisjoint(changed)),
            frozenset(paper for paper in after if not paper.isdisjoint(changed)),
            tuple(dict.fromkeys(refused)),
        )

    def _around(self, pair: Pair, overrides: Overrides) -> pa.Array:
        """The records of both papers and of what could be united with them."""
        found = self._whole_papers(pair.ids)
        linked = [link.pair for link in overrides.must_link]
        for _ in range(_STEPS):
            some = pa.array(sorted(found), pa.string())
            left, right = self._uniting["left"], self._uniting["right"]
            near = self._uniting.filter(pc.or_(pc.is_in(left, some), pc.is_in(right, some)))
            by_hand = {one for two in linked if not found.isdisjoint(two) for one in two}
            found = self._whole_papers(
                found.union(near["left"].to_pylist(), near["right"].to_pylist(), by_hand)
            )
        return pa.array(sorted(found), pa.string())

    def _whole_papers(self, ids: Iterable[str]) -> set[str]:
        firsts = {self._papers.first(one) for one in ids}
        return {one for first in firsts for one in self._papers.members(first)}

    def _prepared(self, ids: pa.Array) -> pa.RecordBatch:
        found = self._records.filter(pc.is_in(self._records["record_id"], ids)).select(NEEDED)
        return prepare(found.combine_chunks().to_batches()[0])

    def _decided(self, ids: pa.Array, prepared: pa.RecordBatch) -> pa.RecordBatch:
        """What the rules say of all pairs of some records, without curators."""
        table = self._decisions
        inside = pc.and_(pc.is_in(table["left"], ids), pc.is_in(table["right"], ids))
        own = table.filter(inside)
        by_rules = own.filter(pc.invert(pc.is_in(own["reason"], _BY_HAND)))
        kept = [_as_judged(batch) for batch in by_rules.to_batches()]
        known = set(zip(by_rules["left"].to_pylist(), by_rules["right"].to_pylist(), strict=True))
        rest = _judged(prepared, known)
        if rest is not None:
            ruled = set(zip(own["left"].to_pylist(), own["right"].to_pylist(), strict=True))
            sides = (rest.column(side).to_pylist() for side in ("left", "right"))
            once = pa.array([two in ruled for two in zip(*sides, strict=True)], pa.bool_())
            # A run would have kept the others, had it compared them.
            kept.append(rest.filter(pc.or_(once, pc.invert(worth_keeping(rest)))))
        return pa.Table.from_batches(kept, schema=DECISION).combine_chunks()

    @staticmethod
    def _clustered(prepared: pa.RecordBatch, decided: pa.Table, overrides: Overrides) -> Clustering:
        decisions = pa.Table.from_batches(impose(decided.to_batches(), overrides), schema=DECISION)
        return cluster(prepared, decisions, overrides)


def _as_judged(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Decisions as they were before their clusters were known."""
    reason = batch.column("reason")
    refused = pc.equal(reason, Reason.CLUSTER_CONFLICT.value)
    partners = pc.equal(reason, Reason.ONLY_PARTNER.value)
    replaced = {
        "outcome": pc.if_else(
            refused,
            Outcome.MATCH.value,
            pc.if_else(partners, Outcome.REVIEW.value, batch.column("outcome")),
        ),
        "reason": pc.if_else(partners, Reason.PROMISING.value, reason),
    }
    columns = [replaced.get(name, batch.column(name)) for name in DECISION.names]
    return pa.RecordBatch.from_arrays(columns, schema=DECISION)


def _judged(prepared: pa.RecordBatch, known: set[tuple[str, str]]) -> pa.RecordBatch | None:
    """Decisions about pairs that share a key and are not known; None: there are none."""
    rows = prepared.to_pylist()
    keys = keys_of(prepared)
    order = sorted(range(len(rows)), key=lambda row: str(rows[row]["record_id"]))
    pairs, shared = [], []
    for one, other in itertools.combinations(order, 2):
        kinds = kinds_shared(keys[one], keys[other])
        if kinds and (rows[one]["record_id"], rows[other]["record_id"]) not in known:
            pairs.append((one, other))
            shared.append(kinds)
    if not pairs:
        return None
    left, right = (prepared.take(pa.array(side)) for side in zip(*pairs, strict=True))
    worth = pa.array(screened(left, right, shared))
    columns = (left.to_struct_array(), right.to_struct_array(), pa.array(shared))
    sides = [column.filter(worth) for column in columns]
    [decided] = judge([pa.RecordBatch.from_arrays(sides, names=["left", "right", "keys"])])
    return decided


def _papers(clustering: Clustering) -> frozenset[Paper]:
    groups: dict[str, set[str]] = {}
    for row in clustering.clusters.to_pylist():
        groups.setdefault(row["cluster"], set()).add(row["record_id"])
    return frozenset(map(frozenset, groups.values()))


def _names(records: Iterable[str]) -> str:
    return ", ".join(sorted(records))


def _plain(refusal: str) -> str:
    kind, _, rest = refusal.partition(" ")
    return f"{_KINDS[kind]} {rest}" if kind in _KINDS else refusal


def at_odds(ruling: Ruling, before: Overrides, papers: Papers) -> Link | None:
    """A ruling from before that says the opposite of the same two papers, or None.

    Args:
        ruling: an answer.
        before: what curators ruled until now.
        papers: which records the table holds as one paper.
    """
    two = _two(ruling.link, papers)
    others = before.cannot_link if ruling.same else before.must_link
    return next(
        (link for link in others if len(two) > 1 and _two(link, papers) == two),
        None,
    )


def _two(link: Link, papers: Papers) -> Paper:
    return frozenset(papers.first(one) for one in link.pair)
