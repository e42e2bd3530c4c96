"""Every row of tests/golden/pairs.jsonl is a test: two records, the expected answer, the reason."""

from __future__ import annotations

import functools
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from medsafe_harvest.dedupe.blocking import shared_keys
from medsafe_harvest.dedupe.compare import compare
from medsafe_harvest.dedupe.decide import Verdicts, decide
from medsafe_harvest.dedupe.prepare import NEEDED, prepare
from medsafe_harvest.dedupe.screen import screened
from medsafe_harvest.normalize.records import Seen, to_batch
from medsafe_harvest.normalize.venues import VenueConfig, VenueTable
from medsafe_harvest.sources.base import SourceAuthor, SourceRecord

REPOSITORY = Path(__file__).parents[3]
PAIRS = [
    json.loads(line)
    for line in (REPOSITORY / "tests" / "golden" / "pairs.jsonl").read_text("utf-8").splitlines()
]
IDS = [str(pair["id"]) for pair in PAIRS]
SIDES = ("left", "right")
SEEN = Seen(queries=("q",), first_seen=date(2026, 1, 1), last_seen=date(2026, 1, 1))
VENUES = VenueTable(
    VenueConfig.model_validate(
        yaml.safe_load((REPOSITORY / "config" / "venues.yaml").read_text("utf-8"))
    )
)
IDENTIFIERS = {"arxiv_id": "arxiv", "doi": "doi", "pmid": "pmid"}


def _record(source_id: str, said: dict[str, Any]) -> SourceRecord:
    values = {"source": "semantic_scholar", **said}
    identifiers = [(kind, values.pop(key)) for key, kind in IDENTIFIERS.items() if key in values]
    authors = tuple(SourceAuthor(name=name) for name in values.pop("authors"))
    return SourceRecord(
        source_id=source_id, authors=authors, identifiers=tuple(identifiers), **values
    )


@functools.cache
def rows(side: str) -> pa.RecordBatch:
    """What matching sees of one side of every pair, as a source describes it."""
    records = [_record(f"{side}{number}", pair[side]) for number, pair in enumerate(PAIRS)]
    return prepare(to_batch(records, [SEEN] * len(records), VENUES).select(list(NEEDED)))


@functools.cache
def verdicts(one: str, other: str) -> Verdicts:
    """All pairs decided at once."""
    return decide(compare(rows(one), rows(other)))


@pytest.mark.parametrize("number", range(len(PAIRS)), ids=IDS)
@pytest.mark.parametrize("sides", [SIDES, SIDES[::-1]], ids=["as-written", "swapped"])
def test_pair_is_decided_as_the_golden_list_says(number: int, sides: tuple[str, str]) -> None:
    pair, decided = PAIRS[number], verdicts(*sides)
    outcome, reason = str(decided.outcomes[number]), str(decided.reasons[number])
    assert outcome in {pair["outcome"], "review" if pair.get("or_review") else ""}, pair["note"]
    assert reason == pair.get("reason", reason), pair["note"]


@pytest.mark.parametrize(
    "number",
    [number for number, pair in enumerate(PAIRS) if pair["outcome"] == "match"],
    ids=IDS.__getitem__,
)
def test_a_match_shares_a_blocking_key_and_is_compared(number: int) -> None:
    left, right = (rows(side).slice(number, 1) for side in SIDES)
    shared = shared_keys(left, right)
    assert shared, PAIRS[number]["note"]
    assert screened(left, right, [shared]).all(), PAIRS[number]["note"]


def test_every_row_has_an_id_of_its_own_and_a_note() -> None:
    assert len({pair["id"] for pair in PAIRS}) == len(PAIRS)
    assert all(pair["note"] for pair in PAIRS)


def test_the_list_is_long_and_mixed() -> None:
    outcomes = Counter(pair["outcome"] for pair in PAIRS)
    assert len(PAIRS) >= 260
    assert set(outcomes) == {"match", "non-match", "review"}
    assert outcomes["match"] >= 0.4 * len(PAIRS)


def test_only_a_refusal_may_be_a_review_as_well() -> None:
    assert all(pair["outcome"] == "non-match" for pair in PAIRS if pair.get("or_review"))
