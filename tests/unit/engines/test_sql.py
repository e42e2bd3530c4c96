"""The statements that Spark runs, run by DuckDB: beside a plain program, and beside the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.engines import sql
from medsafe_harvest.engines.stages import BY_HAND

#: Small, so that few records fill a block.
SIZES = sql.Sizes(most=3, near=1, next=2)

#: Opening one takes longer than most of what is asked here.
_DATABASE = duckdb.connect()

Sketch = tuple[str, int, str]
Pair = tuple[int, int]


def plainly(
    sketches: Sequence[Sketch], keys: Sequence[tuple[int, int]], spoken: Sequence[Pair]
) -> tuple[dict[Pair, int], int, int]:
    """Pairs and the bits of what they share; blocks refined, and still too large."""
    found: Counter[Pair] = Counter()
    refined = oversized = 0
    for key in sorted({key for _, key in keys}):
        parts = [sorted({row for row, own in keys if own == key})]
        refined += len(parts[0]) > SIZES.most
        for width in range(3):
            parts = [part for whole in parts for part in split(whole, sketches, width)]
            for pair in {pair for part in parts for pair in meeting(part, sketches, width)}:
                found[pair] |= 1 << (key & 7)
            parts = [part for part in parts if len(part) > SIZES.most]
        oversized += len(parts)
    for one, other in spoken:
        found[min(one, other), max(one, other)] |= BY_HAND
    return dict(found), refined, oversized


def split(block: list[int], sketches: Sequence[Sketch], width: int) -> list[list[int]]:
    """By nothing, by author, by author and year."""
    names = sorted({sketches[row][:width] for row in block})
    return [[row for row in block if sketches[row][:width] == name] for name in names]


def meeting(block: list[int], sketches: Sequence[Sketch], width: int) -> list[Pair]:
    """All pairs of a small block; neighbours in title order in a large one."""
    reach = SIZES.next if width == 2 else SIZES.near
    if len(block) <= SIZES.most:
        reach = len(block)
    order = sorted(block, key=lambda row: (sketches[row][2], *sketches[row][:2], row))
    return [
        (min(row, other), max(row, other))
        for place, row in enumerate(order)
        for other in order[place + 1 : place + 1 + reach]
    ]


def by_statements(
    sketches: Sequence[Sketch], keys: Sequence[tuple[int, int]], spoken: Sequence[Pair]
) -> tuple[dict[Pair, int], int, int]:
    authors, years, titles = (list(column) for column in zip(*sketches, strict=True))
    rows = sorted(set(keys))
    tables = {
        "sketches": pa.table(
            {
                "id": pa.array(range(len(sketches)), pa.int64()),
                "author": authors,
                "year": pa.array(years, pa.int32()),
                "sorted_title": titles,
            }
        ),
        "keys": pa.table(
            {
                "id": pa.array([number for number, _ in rows], pa.int64()),
                "key": pa.array([key for _, key in rows], pa.int64()),
            }
        ),
        "by_hand": pa.table(
            {
                side: pa.array([pair[n] for pair in spoken], pa.int64())
                for n, side in enumerate("lr")
            }
        ),
    }
    with _DATABASE.cursor() as database:
        for name, table in tables.items():
            database.register(name, table)
        for name, text in sql.statements(SIZES):
            database.execute(f"create or replace temp view {name} as {text}")
        pairs = database.execute("select l, r, kinds from candidates").fetchall()
        counts = {
            name: database.execute(text).fetchall()[0][0]
            for name, text in sql.counts(SIZES).items()
        }
    return (
        {(left, right): kinds for left, right, kinds in pairs},
        counts["refined_blocks"],
        counts["oversized_blocks"],
    )


SKETCHES = st.lists(
    st.tuples(st.sampled_from(["", "lee"]), st.sampled_from([0, 2020]), st.sampled_from("abc")),
    min_size=1,
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(SKETCHES, st.data())
def test_the_statements_find_the_pairs_that_a_plain_program_finds(
    sketches: list[Sketch], data: st.DataObject
) -> None:
    rows = st.integers(0, len(sketches) - 1)
    keys = data.draw(st.lists(st.tuples(rows, st.sampled_from([0, 9, -8])), max_size=30))
    spoken = data.draw(
        st.lists(st.tuples(rows, rows).filter(lambda pair: pair[0] != pair[1]), max_size=2)
    )
    assert by_statements(sketches, keys, spoken) == plainly(sketches, keys, spoken)


def test_a_block_that_stays_too_large_is_searched_in_title_order() -> None:
    sketches = [("lee", 2020, chr(ord("a") + number)) for number in range(8)]
    pairs, refined, oversized = by_statements(sketches, [(n, 0) for n in range(8)], [])
    assert (refined, oversized) == (1, 1)
    assert Counter(right - left for left, right in pairs) == {1: 7, 2: 6}
