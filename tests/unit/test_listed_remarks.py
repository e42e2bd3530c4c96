"""What is odd about an entry of a list, beside what services know."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from medsafe_harvest.listed_remarks import notes
from medsafe_harvest.lists.entries import Entry


def entry(**said: Any) -> Entry:
    empty = dict.fromkeys(Entry.__slots__)
    return Entry(**{**empty, "code": (), "headings": (), "line": 3, "title": "A Map", **said})


def row(**said: Any) -> dict[str, Any]:
    return {
        **dict.fromkeys(("year", "published", "updated", "venue", "venue_kind", "doi", "gone")),
        "record_id": "arxiv:2101.00001",
        "title": "A map",
        "version_dates": [],
        "withdrawn": False,
        **said,
    }


PREPRINT = row(year=2020, published=date(2020, 12, 30), version_dates=[date(2021, 2, 1)])
JOURNAL = row(record_id="s2:1", year=2022, venue="TMI", venue_kind="journal", doi="10.1/x")


@pytest.mark.parametrize(
    ("said", "rows", "expected"),
    [
        ({"year": 2021}, [PREPRINT], []),
        ({"year": 2019}, [PREPRINT], ["wrong_year"]),
        # The list may know where a preprint appeared later.
        ({"year": 2023, "venue": "MICCAI"}, [PREPRINT], []),
        ({"year": 2023, "venue": "MICCAI"}, [PREPRINT, JOURNAL], ["wrong_year"]),
        ({"arxiv_id": "2101.00001"}, [PREPRINT, JOURNAL], ["now_published"]),
        ({"venue": "arXiv 2020"}, [JOURNAL], ["now_published"]),
        ({"arxiv_id": "2101.00001", "venue": "TMI"}, [JOURNAL], []),
        ({"arxiv_id": "2101.00001"}, [PREPRINT], []),
        ({}, [row(withdrawn=True)], ["withdrawn"]),
        ({}, [row(gone=date(2024, 1, 1))], ["withdrawn"]),
        ({"title": "Cats in clinics"}, [PREPRINT], ["wrong_title"]),
        ({"title": "A map: MAPS for the hospital"}, [PREPRINT], []),
        ({"url": "https://arxiv.org/abs/2101.00001"}, [PREPRINT], []),
        ({"url": "https://ieeexplore.ieee.org/"}, [PREPRINT], ["dead_link"]),
        ({"url": "https://arxiv.org/abs/..."}, [PREPRINT], ["dead_link"]),
        ({"url": "http://[broken"}, [PREPRINT], ["dead_link"]),
        ({"code": ("https://github.com/anonymous/placeholder",)}, [PREPRINT], ["dead_link"]),
    ],
)
def test_notes(said: dict[str, Any], rows: list[dict[str, Any]], expected: list[str]) -> None:
    assert [note.kind for note in notes(entry(**said), rows, rows)] == expected


def test_a_title_is_compared_where_the_identifier_leads_even_if_not_united() -> None:
    (note,) = notes(entry(title="Cats in clinics"), [], [PREPRINT])
    assert (note.kind, note.words) == ("wrong_title", "its identifier is of 'A map'")
