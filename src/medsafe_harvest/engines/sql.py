"""Candidate pairs as statements that Spark and DuckDB both read, and read alike.

Plain joins, groups and windows; no order depends on where nulls go, for there are none. Each
statement reads views by name and gives one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from medsafe_harvest.dedupe.blocking import (
    KIND_MASK,
    MAX_BLOCK,
    NEIGHBOURS,
    NEIGHBOURS_OF_LARGE,
)
from medsafe_harvest.engines.stages import BY_HAND


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a block may be, and whom a record meets in one that is larger."""

    most: int
    near: int
    next: int


#: The values of ``dedupe.blocking``.
SIZES = Sizes(MAX_BLOCK, NEIGHBOURS_OF_LARGE, NEIGHBOURS)

#: ``keys`` has ``id`` (any type; all orders end with it) and ``key``, as ``blocking.KEYS`` has it.
_MEMBERS = """
select id, key, cast(power(2, key & {kind}) as int) as kind, size from (
    select id, key, count(*) over (partition by key) as size from keys
) as counted where size > 1
"""
#: ``sketches`` has ``id``, ``author`` ("" for none), ``year`` (0 for none) and ``sorted_title``.
_REFINED = """
select members.id, key, kind, author, year, sorted_title,
    count(*) over (partition by key, author) as by_author,
    count(*) over (partition by key, author, year) as by_year
from members join sketches on sketches.id = members.id where size > {most}
"""
_PLACED = """
select *,
    row_number() over (
        partition by key order by sorted_title, author, year, id) as at_first,
    row_number() over (
        partition by key, author order by sorted_title, author, year, id) as in_author,
    row_number() over (
        partition by key, author, year order by sorted_title, author, year, id) as in_year
from refined
"""
_PAIRS = """
select a.id as l, b.id as r, a.kind from members a join members b on b.key = a.key
where a.size <= {most} and a.id < b.id
union all
select a.id, b.id, a.kind from refined a join refined b
    on b.key = a.key and b.author = a.author
where a.by_author <= {most} and a.id < b.id
union all
select a.id, b.id, a.kind from refined a join refined b
    on b.key = a.key and b.author = a.author and b.year = a.year
where a.by_author > {most} and a.by_year <= {most} and a.id < b.id
union all
select a.id, b.id, a.kind from placed a join reach on reach.step <= {near}
    join placed b on b.key = a.key and b.at_first = a.at_first + reach.step
union all
select a.id, b.id, a.kind from placed a join reach on reach.step <= {near}
    join placed b on b.key = a.key and b.author = a.author
    and b.in_author = a.in_author + reach.step
where a.by_author > {most}
union all
select a.id, b.id, a.kind from placed a join reach on reach.step <= {next}
    join placed b on b.key = a.key and b.author = a.author and b.year = a.year
    and b.in_year = a.in_year + reach.step
where a.by_year > {most}
union all
select l, r, {by_hand} as kind from by_hand
"""
_CANDIDATES = """
select least(l, r) as l, greatest(l, r) as r, bit_or(kind) as kinds from pairs
group by least(l, r), greatest(l, r)
"""


def statements(sizes: Sizes = SIZES) -> list[tuple[str, str]]:
    """Name and text of each view, in order; the last, ``candidates``, has ``l``, ``r``, ``kinds``.

    Pairs in ``by_hand`` (``l`` and ``r``) are among them in any case, with a bit of their own.
    """
    # Equal places are joined, and not ranges of them: engines join what is equal, in time that
    # grows with the rows, as long as they keep the order of the joins.
    steps = "\nunion all\n".join(
        f"select {step} as step" for step in range(1, max(sizes.near, sizes.next) + 1)
    )
    numbers = {"most": sizes.most, "near": sizes.near, "next": sizes.next, "by_hand": BY_HAND}
    return [
        ("members", _MEMBERS.format(kind=KIND_MASK)),
        ("reach", steps),
        ("refined", _REFINED.format(**numbers)),
        ("placed", _PLACED),
        ("pairs", _PAIRS.format(**numbers)),
        ("candidates", _CANDIDATES),
    ]


#: Blocks that were refined, and what is left of them that is too large all the same.
_COUNTS: Mapping[str, str] = {
    "refined_blocks": "select count(distinct key) from members where size > {most}",
    "oversized_blocks": """
        select count(*) from (
            select 1 as one from refined group by key, author, year having count(*) > {most}
        ) as large
    """,
}


def counts(sizes: Sizes = SIZES) -> dict[str, str]:
    """What to count in these views: name -> statement."""
    return {name: text.format(most=sizes.most) for name, text in _COUNTS.items()}
