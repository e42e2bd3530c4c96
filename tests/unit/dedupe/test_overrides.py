"""Overrides: curators' decisions, checked for contradictions, imposed on decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pydantic import ValidationError

from medsafe_harvest.dedupe.overrides import Overrides, impose
from medsafe_harvest.schema import DECISION


def link(left: str, right: str) -> dict[str, str]:
    return {"left": left, "right": right, "who": "A. C.", "when": "2026-01-02", "why": "seen"}


def load(**lists: list[dict[str, str]]) -> Overrides:
    return Overrides.model_validate(lists)


def test_the_shipped_file_is_valid_and_empty() -> None:
    text = (Path(__file__).parents[3] / "config" / "overrides.yaml").read_text()
    assert Overrides.model_validate(yaml.safe_load(text)) == Overrides()


def test_a_direct_contradiction_names_both_entries() -> None:
    with pytest.raises(ValidationError, match=r"cannot_link\.0\n +b and a .* must_link a and b"):
        load(must_link=[link("a", "b")], cannot_link=[link("b", "a")])


def test_a_key_with_nothing_below_it_is_an_empty_list() -> None:
    text = "must_link:\n# the last one was deleted\ncannot_link: ~\n"
    assert Overrides.model_validate(yaml.safe_load(text)) == Overrides()


def test_a_contradiction_through_a_chain_names_its_links() -> None:
    with pytest.raises(ValidationError, match=r"a and c .* must_link a and b .*, b and c"):
        load(must_link=[link("a", "b"), link("b", "c")], cannot_link=[link("a", "c")])


def test_links_that_do_not_meet_are_no_contradiction() -> None:
    overrides = load(must_link=[link("a", "b")], cannot_link=[link("a", "c"), link("d", "e")])
    assert overrides.cannot_link[0].pair == ("a", "c")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (link("a", "a"), "stands on both sides"),
        (link("a", "b") | {"because": "x"}, "Extra inputs"),
        (link("a", "b") | {"when": "soon"}, "valid date"),
        (link("a", "b") | {"why": ""}, "at least 1 character"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(entry: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        load(must_link=[link("x", "y"), entry])
    assert caught.value.errors()[0]["loc"][:2] == ("must_link", 1)


def decisions(*pairs: tuple[str, str]) -> pa.RecordBatch:
    rows: list[dict[str, Any]] = [
        {
            "left": left,
            "right": right,
            "outcome": "review",
            "reason": "not_enough_evidence",
            "score": 0.6,
            "title_similarity": 0.9,
            "keys": [],
            "detail": "titles similar",
        }
        for left, right in pairs
    ]
    return pa.RecordBatch.from_pylist(rows, schema=DECISION)


def test_a_curators_word_replaces_outcome_reason_and_detail() -> None:
    overrides = load(must_link=[link("b", "a")], cannot_link=[link("a", "c")])
    (batch,) = impose([decisions(("a", "b"), ("a", "c"), ("b", "c"))], overrides)
    said = [(row["outcome"], row["reason"], row["detail"]) for row in batch.to_pylist()]
    assert said == [
        ("match", "must_link", "A. C., 2026-01-02: seen"),
        ("non-match", "cannot_link", "A. C., 2026-01-02: seen"),
        ("review", "not_enough_evidence", "titles similar"),
    ]


def test_without_overrides_decisions_pass_unchanged() -> None:
    batch = decisions(("a", "b"))
    assert next(impose([batch], Overrides())).equals(batch)
