"""Candidate pairs: those that a plain program finds, into however many ranges the keys are cut."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.dedupe.blocking import KEYS
from medsafe_harvest.engines.database import bytes_of
from medsafe_harvest.engines.pairs import LARGE, blocks_part, met_part, pairs_part, ranges_for
from medsafe_harvest.engines.pool import gather, load, parts_of, save, save_one
from medsafe_harvest.engines.stages import REFINING
from medsafe_harvest.errors import EngineError

ROWS, MOST = 7, 4
#: Keys of all kinds, small and large, and those at the ends.
SOME = [-(2**63), -(2**63) + 3, -(2**61), -9, -1, 0, 6, 2**40 + 2, 2**62 + 5, 2**63 - 1]
HAVING = st.lists(st.tuples(st.integers(0, 19), st.sampled_from(SOME)), max_size=90, unique=True)
MET = st.lists(
    st.tuples(st.integers(0, 19), st.integers(0, 19)).filter(lambda pair: pair[0] < pair[1]),
    max_size=4,
    unique=True,
)


def kinds_by_pair(having: list[tuple[int, int]], met: list[tuple[int, int]]) -> dict[object, int]:
    blocks = defaultdict(set)
    for row, key in having:
        blocks[key].add(row)
    found = dict[object, int](dict.fromkeys(met, 256))
    for key, rows in blocks.items():
        for pair in combinations(sorted(rows), 2):
            found[pair] = found.get(pair, 0) | 1 << (key & 7)
    return found


@settings(max_examples=60, deadline=None)
@given(HAVING, MET, st.integers(1, 5))
def test_pairs_are_those_of_a_plain_program(
    having: list[tuple[int, int]], met: list[tuple[int, int]], ranges: int
) -> None:
    parts = 3
    with (
        TemporaryDirectory() as name,
        patch("medsafe_harvest.engines.pool.ROWS", ROWS),
        patch("medsafe_harvest.engines.pairs.MAX_BLOCK", MOST),
    ):
        folder = Path(name)
        assert parts_of(20) == parts
        for part in range(parts):
            own = sorted((key, row) for row, key in having if row // ROWS == part)
            columns = [
                pa.array([one[side] for one in own], KEYS.types[1 - side]) for side in (1, 0)
            ]
            batch = pa.RecordBatch.from_arrays(columns, schema=KEYS)
            save(folder / f"keys-{part}.arrow", [batch], KEYS)
        sides = [pa.array([pair[side] for pair in met], pa.int32()) for side in (0, 1)]
        save_one(folder / "by_hand.arrow", pa.table(sides, names=["l", "r"]))
        texts = pa.array([f"t{number % 3}" for number in range(20)])
        years = pa.array(range(20), pa.int32())
        save_one(folder / "refining.arrow", pa.table([years, texts, years, texts], schema=REFINING))
        for part in range(ranges):
            blocks_part(folder, part, ranges=ranges, sketched=parts)
            met_part(folder, part, memory_limit="1KB", threads=1)
        counts = [pairs_part(folder, part, ranges=ranges) for part in range(parts)]
        found = [load(folder / f"candidates-{part}.arrow") for part in range(parts)]
        large = gather(folder, "large", ranges, LARGE).to_pylist()
    assert [len(table) for table in found] == counts
    listed = [tuple(row.values()) for table in found for row in table.to_pylist()]
    assert {(left, right): kinds for left, right, kinds in listed} == kinds_by_pair(having, met)
    assert [pair[:2] for pair in listed] == sorted({pair[:2] for pair in listed})
    sizes = {key: sum(other == key for _, other in having) for _, key in having}
    assert sorted((one["id"], one["key"], one["size"]) for one in large) == sorted(
        (row, key, sizes[key]) for row, key in having if sizes[key] > MOST
    )


def test_keys_are_cut_into_ranges_that_fit() -> None:
    assert ranges_for(10, 1) == 1
    assert ranges_for(10_000_000, 10**9) == 1
    assert ranges_for(10_000_001, 10**9) == 2
    assert ranges_for(210_000_000, 250_000_000) == 84


@pytest.mark.parametrize(
    ("text", "size"), [("4GB", 4e9), ("1.5 MB", 1.5e6), ("2KiB", 2048), ("1TiB", 2**40)]
)
def test_sizes(text: str, size: float) -> None:
    assert bytes_of(text) == size


def test_no_size() -> None:
    with pytest.raises(EngineError, match="'4 sheep' is no amount"):
        bytes_of("4 sheep")
