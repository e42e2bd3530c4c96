"""Outlines never drop a pair that the screen would keep, and drop most strangers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.dedupe.outline import outlines, packed, unpacked
from medsafe_harvest.dedupe.screen import Side, least_ratio, possible, worth_comparing

LEASTS = sorted({least_ratio(kinds) for kinds in (["title"], ["team"], ["rare_word_author"], [])})
TITLES = st.text("ab cé7,", max_size=24) | st.sampled_from(["a" * 300, "deep learning for x rays"])


def screened_by(titles: list[str], heads: list[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "sorted_title": [" ".join(sorted(title.split())) for title in titles],
            "compact_title": [title.replace(" ", "") for title in titles],
            "head": heads,
        }
    )


def outlined(rows: pa.RecordBatch) -> np.ndarray:
    return outlines(*rows.columns)


@given(st.lists(st.tuples(TITLES, TITLES, st.integers(0, 9), st.sampled_from(LEASTS)), min_size=1))
def test_no_pair_that_is_worth_comparing_is_dropped(
    pairs: list[tuple[str, str, int, float]],
) -> None:
    one = [left for left, _, _, _ in pairs]
    # What stands beside is often much like it: cut, extended, or the same.
    other = [left[:cut] + right if cut else left for left, right, cut, _ in pairs]
    heads = [
        [title.replace(" ", "")[: cut or None] for title, cut in zip(titles, cuts, strict=True)]
        for titles, cuts in ((one, [0] * len(pairs)), (other, [cut for *_, cut, _ in pairs]))
    ]
    left, right = (screened_by(*side) for side in zip((one, other), heads, strict=True))
    least = np.array([least for *_, least in pairs])
    sides = Side.of_all(left), Side.of_all(right)
    worth = worth_comparing(*sides, least)
    chances = possible(outlined(left), outlined(right), least)
    assert chances.some[worth].all()
    assert (worth_comparing(*sides, least, chances) == worth).all()


def test_strangers_are_told_apart_by_their_letters() -> None:
    left = screened_by(["uncertainty of sepsis alerts across four hospitals"] * 2, ["", ""])
    right = screened_by(["sepsis alerts of ward rounds with gradient boosting", "sepsis"], ["", ""])
    least = np.full(2, least_ratio(["rare_words"]))
    assert not possible(outlined(left), outlined(right), least).some.any()


def test_outlines_pass_through_a_column() -> None:
    rows = outlined(screened_by(["one title", "", "another"], ["", "", ""]))
    column = packed(rows)
    assert (unpacked(column) == rows).all()
    assert (unpacked(column.slice(1)) == rows[1:]).all()
    assert (unpacked(column.take(pa.array([2, 0]))) == rows[[2, 0]]).all()
