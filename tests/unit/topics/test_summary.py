"""Summaries: each row of tests/golden/summaries.jsonl is a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.topics.sentences import sentences
from medsafe_harvest.topics.summary import MOST, summarize

GOLDEN = Path(__file__).parents[2] / "golden/summaries.jsonl"
ROWS = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
WORDS = st.sampled_from(
    ["We propose a net", "Results show 5%", "et al.", "e.g.", "$x. Y$", "Fig. 2", ". ", "! ", " "]
)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in ROWS])
def test_a_summary_tells_what_was_done_and_found(row: dict[str, Any]) -> None:
    assert summarize(row["abstract"], row["tldr"]) == (row["summary"], row["from"])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ("By J. K. Smith et al. We agree.", ["By J. K. Smith et al.", "We agree."]),
        ("As in Smith et al. [2], it is so.", ["As in Smith et al. [2], it is so."]),
        ("It is 0.95 (p < .05). Next.", ["It is 0.95 (p < .05).", "Next."]),
        ("See Figs. 2 and Eq. 3, cf. Sec. 4.", ["See Figs. 2 and Eq. 3, cf. Sec. 4."]),
        ("It costs $5. We pay.", ["It costs $5.", "We pay."]),
        ("We gave vitamin D. The risk fell.", ["We gave vitamin D.", "The risk fell."]),
        ("Site No. 5 was left out.", ["Site No. 5 was left out."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("\u4e00\u3002\u4e8c\u3002", ["\u4e00\u3002", "\u4e8c\u3002"]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


@given(st.lists(WORDS | st.text(max_size=8), max_size=30).map(" ".join))
def test_a_summary_is_made_of_sentences_of_the_abstract(text: str) -> None:
    parts = sentences(text)
    assert "".join("".join(parts).split()) == "".join(text.split())
    summary = summarize(text, None)
    assert (summary.origin == "abstract") == bool(parts)
    if summary.text is None:
        return
    own = [part for part in parts if part in summary.text or part.startswith(summary.text[:-1])]
    assert own
    assert len(summary.text) <= max(MOST, *(len(part) for part in own))
    assert summarize(text, None) == summary
