from __future__ import annotations

from datetime import date, timedelta

import pytest

from medsafe_harvest.silence import Silence, find_silence

START = date(2025, 1, 1)


def nights(number: int) -> list[date]:
    return [START + timedelta(days=night) for night in range(number)]


def new(counts: list[int]) -> dict[date, int]:
    return {day: count for day, count in zip(nights(len(counts)), counts, strict=True) if count}


@pytest.mark.parametrize(
    ("counts", "silence"),
    [
        ([1000, *[5] * 20, 0], None),
        ([1000, *[5] * 20, 0, 0], Silence(2, 10.0)),
        ([1000, *[9] * 20, 0], Silence(1, 9.0)),
        # Weekends are part of what is usual.
        ([900, *[6, 6, 6, 6, 6, 0, 0] * 3], None),
        # Little is usual, or not enough is known.
        ([50, *[0, 0, 0, 1] * 5, *[0] * 9], None),
        ([1000, 5, 5, 0, 0, 0], None),
        ([0] * 30, None),
        ([*[5] * 10, 7], None),
    ],
)
def test_silence_is_what_chance_does_not_explain(
    counts: list[int], silence: Silence | None
) -> None:
    assert find_silence(new(counts), nights(len(counts)), nights(len(counts))[-1]) == silence


def test_an_outage_is_no_silence_of_the_nights_that_were_not_asked() -> None:
    counts = [*[5] * 20, *[0] * 7]
    asked = nights(20)
    assert find_silence(new(counts), asked, nights(27)[-1]) is None
