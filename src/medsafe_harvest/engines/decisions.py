"""Decisions about all pairs, brought into order by the workers, a range of records at a time.

Pairs are decided in an order that suits the workers; readers want them by record ids. What is said
about them takes more room than anything else here, so nobody ever holds all of it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.columns import Ints
from medsafe_harvest.dedupe.decide import AGAINST, judge, worth_keeping
from medsafe_harvest.dedupe.overrides import Overrides, impose
from medsafe_harvest.engines.pool import (
    Pool,
    deal,
    dealt,
    gather,
    parts_of,
    remove,
    rows_of,
    save,
    shared,
    with_arguments,
)
from medsafe_harvest.engines.stages import sides
from medsafe_harvest.schema import DECISION

#: Pairs whose decisions are brought into order at a time, at least; and ranges into which those of
#: all are cut, at most: each part of the pairs is asked for each range.
_ORDERED, _MOST = 200_000, 64
_BY_PAIR = [("left", "ascending"), ("right", "ascending")]


def ends_of(left: pa.ChunkedArray) -> Ints:
    """The rows at which a new range of left records begins; each range has about as many pairs.

    Args:
        left: of all pairs, in order, the row of the record whose id comes first.
    """
    step = max(_ORDERED, -(-len(left) // _MOST))
    return np.asarray(left.take(pa.array(np.arange(step, len(left), step))), dtype=np.int64)


def decide(
    workers: Pool, folder: Path, pairs: int, ends: Ints, overrides: Overrides
) -> Counter[str]:
    """Write what :func:`decided` reads; how many decisions there are by reason.

    Args:
        workers: who does it.
        folder: has ``active``, ``prepared`` and ``pairs``, see ``stages``.
        pairs: how many.
        ends: of the ranges, see :func:`ends_of`.
        overrides: decisions of curators.

    Raises:
        EngineError: a worker died.
    """
    parts, ranges = parts_of(pairs), len(ends) + 1
    judging = with_arguments(judge_part, overrides=overrides, ends=ends)
    by_reason = workers.run(judging, folder, parts)
    workers.run(with_arguments(order_part, parts=parts, ranges=ranges), folder, ranges)
    for stem in ("kept", "rest"):
        remove(folder, stem, parts)
    return sum(by_reason, Counter())


def decided(folder: Path, ends: Ints) -> tuple[pa.Table, pa.Table]:
    """Decisions worth keeping, ``schema.DECISION``, and what else speaks against a union.

    The second is ``decide.AGAINST``; both are mapped, and sorted by left and right.
    """
    stems = (("decisions", DECISION), ("against", AGAINST))
    decisions, against = (gather(folder, stem, len(ends) + 1, schema) for stem, schema in stems)
    return decisions, against


def judge_part(folder: Path, part: int, *, overrides: Overrides, ends: Ints) -> Counter[str]:
    """Write decisions about the pairs of one part, dealt out to ranges; how many by reason.

    ``kept`` are those worth keeping, ``rest`` what else speaks against a union.

    Args:
        folder: has ``active``, ``prepared`` and ``pairs``.
        part: of the pairs.
        overrides: decisions of curators.
        ends: rows of records, in order, at which a new range begins.
    """
    [decisions] = impose(judge([sides(folder, part)]), overrides)
    rows = shared(folder / "active.arrow").column("row").to_numpy()
    left = rows[shared(folder / "pairs.arrow").slice(*rows_of(part)).column("l").to_numpy()]
    in_range = np.searchsorted(ends, left, side="right")
    keep = worth_keeping(decisions)
    for stem, schema, chosen in (("kept", DECISION, keep), ("rest", AGAINST, pc.invert(keep))):
        some = decisions.select(schema.names).filter(chosen)
        of = in_range[chosen.to_numpy(zero_copy_only=False)]
        save(folder / f"{stem}-{part}.arrow", deal(some, of, len(ends) + 1), schema)
    return Counter(decisions.column("reason").to_pylist())


def order_part(folder: Path, part: int, *, parts: int, ranges: int) -> None:
    """Write ``decisions`` and ``against`` of one range, sorted.

    Args:
        folder: has what :func:`judge_part` writes.
        part: the number of the range.
        parts: of the pairs.
        ranges: how many there are.
    """
    for stem, schema, name in (("kept", DECISION, "decisions"), ("rest", AGAINST, "against")):
        files = (folder / f"{stem}-{number}.arrow" for number in range(parts))
        own = [batch for file in files for batch in dealt(file, part, ranges)]
        ordered = pa.Table.from_batches(own, schema).combine_chunks().sort_by(_BY_PAIR)
        save(folder / f"{name}-{part}.arrow", ordered.to_batches(), schema)
