"""Texts made to be slow: what is looked at is bounded, so the time is."""

from __future__ import annotations

import time

import pytest

from medsafe_harvest.dedupe.people import people
from medsafe_harvest.dedupe.places import first_number, page_range, venue_class, venue_stems
from medsafe_harvest.dedupe.titles import take_apart

RUNS = [
    "x" + " " * 100_000 + "y",
    "." * 100_000 + "x",
    "(" * 100_000,
    "- " * 50_000,
    "[1" * 50_000,
    "[12 refs " * 10_000,
    "a" * 100_000 + "1",
    "et " * 30_000,
    ", " * 50_000,
    "A. " * 30_000,
    "(1999) " * 10_000,
    "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 50_000,
    "$" * 100_000,
    "&amp;" * 20_000,
]


@pytest.mark.parametrize("text", RUNS, ids=[run[:8] for run in RUNS])
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    take_apart(text)
    people([{"name": text}])
    first_number(text)
    page_range(text)
    venue_class(text, None)
    venue_stems(text)
    # Milliseconds in truth; a quadratic pattern would take minutes.
    assert time.process_time() - begun < 10
