"""Every row of tests/golden/pairs.jsonl is a test: two records, the expected answer, the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from medsafe_harvest.dedupe.compare import compare
from medsafe_harvest.dedupe.decide import decide
from medsafe_harvest.dedupe.prepare import NEEDED, prepare
from medsafe_harvest.schema import RECORD

PAIRS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "golden" / "pairs.jsonl").read_text().splitlines()
]


def row(record_id: str, said: dict[str, Any]) -> pa.RecordBatch:
    authors = [{"name": name} for name in said["authors"]]
    values = {"source": "semantic_scholar", "other_dois": [], **said}
    values |= {"record_id": record_id, "authors": authors}
    schema = pa.schema([RECORD.field(name) for name in NEEDED])
    return prepare(
        pa.RecordBatch.from_pylist([{name: values.get(name) for name in NEEDED}], schema=schema)
    )


@pytest.mark.parametrize("pair", PAIRS, ids=[pair["id"] for pair in PAIRS])
@pytest.mark.parametrize("swapped", [False, True], ids=["as-written", "swapped"])
def test_pair_is_decided_as_the_golden_list_says(pair: dict[str, Any], *, swapped: bool) -> None:
    left, right = row("a:1", pair["left"]), row("b:2", pair["right"])
    if swapped:
        left, right = right, left
    verdicts = decide(compare(left, right))
    decided = str(verdicts.outcomes[0]), str(verdicts.reasons[0])
    assert decided == (pair["outcome"], pair["reason"]), pair["note"]


def test_every_row_has_an_id_of_its_own_and_a_note() -> None:
    assert len({pair["id"] for pair in PAIRS}) == len(PAIRS) >= 60
    assert all(pair["note"] for pair in PAIRS)
