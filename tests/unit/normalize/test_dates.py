from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.normalize.dates import parse_date, valid_year


@pytest.mark.parametrize(
    ("text", "day", "year"),
    [
        ("2024-01-31T10:00:00Z", date(2024, 1, 31), 2024),
        ("2024-01-31T23:59:59+02:00", date(2024, 1, 31), 2024),
        (" 2024-01-31 ", date(2024, 1, 31), 2024),
        ("2024-01", None, 2024),
        ("2024", None, 2024),
        ("2023-02-30", None, 2023),
        ("0001-01-01", None, None),
        ("9999-12-31", None, None),
        ("31.01.2024", None, None),
        ("٢٠٢٤", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_day_and_year_are_read(text: str | None, day: date | None, year: int | None) -> None:
    assert parse_date(text) == (day, year)


@given(st.dates(date(1600, 1, 1), date(2100, 12, 31)))
def test_every_day_in_range_survives(day: date) -> None:
    assert parse_date(day.isoformat()) == (day, day.year)


@given(st.text())
def test_parsing_dates_is_total(text: str) -> None:
    day, year = parse_date(text)
    assert day is None or day.year == year


def test_years_out_of_range_are_none() -> None:
    assert [valid_year(year) for year in (0, 1599, 1600, 2024, 2101)] == [
        None, None, 1600, 2024, None,
    ]  # fmt: skip
