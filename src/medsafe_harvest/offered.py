"""PURE: whether what a search by title gave is the paper that a list names.

A search by title nearly always finds something. What it found counts where matching unites it with
the list's record: by the same rules as in the table, with all that was found for that record and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa

from medsafe_harvest.dedupe.cluster import cluster, settle
from medsafe_harvest.dedupe.decide import judge
from medsafe_harvest.dedupe.overrides import Overrides, impose
from medsafe_harvest.dedupe.prepare import prepare
from medsafe_harvest.dedupe.reasons import Outcome
from medsafe_harvest.normalize.records import Seen, to_batch
from medsafe_harvest.normalize.venues import VenueTable
from medsafe_harvest.schema import DECISION, STRINGS
from medsafe_harvest.sources.base import SourceRecord

#: A title less like the list's (0 to 1) is not worth a word: it was found for another title, or
#: for want of anything better.
_NEAR = 0.5
#: When a record was found says nothing of what it is.
_ANY_DAY = Seen((), date.min, date.min)


@dataclass(frozen=True, slots=True)
class Offer:
    """A service's record that was found for a list's record by its title.

    Attributes:
        outcome: of matching the two.
        reason: its code.
        similarity: of the titles, 0 to 1.
    """

    record: SourceRecord
    outcome: Outcome
    reason: str
    similarity: float

    @property
    def record_id(self) -> str:
        """As in the table, if it comes there."""
        return record_id(self.record)

    @property
    def is_accepted(self) -> bool:
        """Whether it is the paper that the list names."""
        return self.outcome is Outcome.MATCH


class _Pair(NamedTuple):
    """Rows of two prepared records, and the number of the list's record that they are for."""

    number: int
    one: int
    other: int


def record_id(record: SourceRecord) -> str:
    """The id that a record has in the table."""
    return f"{record.source}:{record.source_id}"


def judged(
    asked: Sequence[tuple[SourceRecord, Sequence[SourceRecord]]],
    venues: VenueTable,
    overrides: Overrides,
) -> list[tuple[Offer, ...]]:
    """What to make of all that was found for each record of a list.

    Args:
        asked: a list's record, and distinct records of services that were found for its title.
        venues: as records are normalized with.
        overrides: decisions of curators, which win here too.

    Returns:
        In the order given, the offers whose titles are near, the best first.
    """
    records: dict[str, SourceRecord] = {}
    for own, found in asked:
        records |= {record_id(one): one for one in (own, *found)}
    names = sorted(records)
    batch = to_batch([records[name] for name in names], [_ANY_DAY] * len(names), venues)
    prepared = prepare(batch)
    rows = {name: row for row, name in enumerate(names)}
    pairs = [
        _Pair(number, rows[record_id(own)], rows[record_id(one)])
        for number, (own, found) in enumerate(asked)
        for one in found
    ]
    decisions = _decided(prepared, pairs, overrides)
    near = [
        (pair, row)
        for pair, row in zip(pairs, decisions.to_pylist(), strict=True)
        if row["title_similarity"] >= _NEAR or row["outcome"] == Outcome.MATCH
    ]
    united = _united(prepared, [pair for pair, _ in near], overrides)
    offers: list[list[Offer]] = [[] for _ in asked]
    for pair, row in near:
        outcome, reason = united.get(pair, (row["outcome"], row["reason"]))
        record, similarity = records[names[pair.other]], row["title_similarity"]
        offers[pair.number].append(Offer(record, Outcome(outcome), reason, similarity))
    return [tuple(sorted(one, key=_best_first)) for one in offers]


def _best_first(offer: Offer) -> tuple[int, float, str]:
    order = (Outcome.MATCH, Outcome.REVIEW, Outcome.NON_MATCH)
    return order.index(offer.outcome), -offer.similarity, offer.record_id


def _decided(prepared: pa.RecordBatch, pairs: Sequence[_Pair], overrides: Overrides) -> pa.Table:
    """``schema.DECISION`` of the pairs, in their order; the lesser id is on the left."""
    left, right = (
        prepared.take(pa.array([side(pair.one, pair.other) for pair in pairs], pa.int64()))
        for side in (min, max)
    )
    keys = pa.array([[]] * len(pairs), STRINGS)
    sides = [left.to_struct_array(), right.to_struct_array(), keys]
    batch = pa.RecordBatch.from_arrays(sides, names=["left", "right", "keys"])
    return pa.Table.from_batches(impose(judge([batch]), overrides), DECISION)


def _united(
    prepared: pa.RecordBatch, pairs: Sequence[_Pair], overrides: Overrides
) -> Mapping[_Pair, tuple[str, str]]:
    """Outcome and reason of pairs once the records of each number were clustered by themselves."""
    groups: dict[int, list[int]] = {}
    for pair in pairs:
        groups.setdefault(pair.number, [pair.one]).append(pair.other)
    among = [
        _Pair(number, one, other)
        for number, (_, *found) in groups.items()
        for place, one in enumerate(found)
        for other in found[place + 1 :]
    ]
    every = [*pairs, *among]
    decisions = _decided(prepared, every, overrides)
    copies = [(number, row) for number, own in groups.items() for row in own]
    members = _renamed(
        prepared.take(pa.array([row for _, row in copies], pa.int64())),
        "record_id",
        [number for number, _ in copies],
    )
    for side in ("left", "right"):
        decisions = _renamed(decisions, side, [pair.number for pair in every])
    # Curators' words are in the decisions already, under the ids that they know.
    clustering = cluster(members, decisions, Overrides())
    ids = prepared.column("record_id").to_pylist()
    home = dict(
        zip(
            clustering.clusters["record_id"].to_pylist(),
            clustering.clusters["cluster"].to_pylist(),
            strict=True,
        )
    )
    settled = {
        (row["left"], row["right"]): (row["outcome"], row["reason"])
        for batch in settle(decisions.to_batches(), clustering)
        for row in batch.to_pylist()
    }
    found = {}
    for pair in pairs:
        one, other = sorted(_name(pair.number, ids[row]) for row in (pair.one, pair.other))
        outcome, reason = settled[one, other]
        # Through another of the records that were found, at another service.
        united = home[one] == home[other]
        found[pair] = (Outcome.MATCH.value if united else outcome, reason)
    return found


def _name(number: int, name: str) -> str:
    return f"{number}|{name}"


def _renamed(rows: Any, column: str, numbers: Iterable[int]) -> Any:
    """A batch or a table with the ids of one column told apart by the number they are for."""
    place = rows.schema.get_field_index(column)
    names = zip(numbers, rows.column(column).to_pylist(), strict=True)
    new = pa.array([_name(number, name) for number, name in names], pa.string())
    return rows.set_column(place, rows.schema.field(column), new)
