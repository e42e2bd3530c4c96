"""Citation keys: readable, unique, and the same whatever else is exported or comes later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.export import citation_keys
from medsafe_harvest.export.keys import base
from medsafe_harvest.schema import PAPER

Row = dict[str, Any]


def author(family: str, given_: str | None = "Ann") -> Row:
    return {"name": family, "given": given_, "family": family, "suffix": None}


@pytest.mark.parametrize(
    ("family", "given_", "title", "expected"),
    [
        ("Müller-Łukasz", "Zoë", "On the Fairness of X", "mullerlukasz2023fairness"),
        ("van der Berg", "Jan", "A U-Net for MRI", "vanderberg2023unet"),
        ("The Imaging Consortium", None, "Towards 3D", "imaging20233d"),
        ("O\u2019Brien", "S.", "What is It?", "obrien2023"),
        ("王", "小明", "医学 AI", "anon2023ai"),
    ],
)
def test_a_key_is_name_year_and_word(
    make_row: Callable[..., Row], family: str, given_: str | None, title: str, expected: str
) -> None:
    row = make_row(authors=[author(family, given_)], title=title, year=2023)
    assert base(row) == expected


def test_the_year_stays_when_a_preprint_is_published(make_row: Callable[..., Row]) -> None:
    preprint = make_row(authors=[author("Li")], published="2022-12-01", year=2022)
    assert base(preprint | {"year": 2024, "venue": "TMI"}) == base(preprint) == "li2022title"


def table(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=PAPER)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("abc234", min_size=6, max_size=6), st.integers(1, 3), st.sampled_from("xy")
        ),
        unique_by=lambda one: one[0],
        max_size=12,
    )
)
def test_keys_are_unique_and_later_papers_change_none(
    make_row: Callable[..., Row], drawn: list[tuple[str, int, str]]
) -> None:
    rows = [
        make_row(paper_id=f"mh{one:a<16}", authors=[author(name)], first_seen=f"2026-01-{day:02}")
        for one, day, name in drawn
    ]
    keys = citation_keys(table(rows))
    assert len(set(keys.values())) == len(rows) == len(keys)
    assert all(key.isascii() for key in keys.values())
    earlier = [row for row in rows if row["first_seen"] < date(2026, 1, 3)]
    before = citation_keys(table(earlier))
    plain = {one: key for one, key in before.items() if "-" not in key}
    assert plain.items() <= keys.items()
    assert citation_keys(table(rows[::-1])) == keys


def test_of_equal_keys_the_first_seen_is_plain(make_row: Callable[..., Row]) -> None:
    ids = ["mhzz22" + 12 * "a", "mhbb22" + 12 * "a", "mhcc22" + 12 * "a"]
    days = ["2026-01-01", "2026-01-02", "2026-01-02"]
    rows = [
        make_row(paper_id=one, first_seen=day, authors=[author("Li")], year=2023)
        for one, day in zip(ids, days, strict=True)
    ]
    assert list(citation_keys(table(rows)).values()) == [
        "li2023title",
        "li2023title-bb22",
        "li2023title-cc22",
    ]
