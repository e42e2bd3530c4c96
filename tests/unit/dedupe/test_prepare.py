"""Comparison rows: what is kept of a record."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from medsafe_harvest.dedupe.dois import dois_of, is_copy
from medsafe_harvest.dedupe.places import (
    day_posted,
    first_number,
    first_range,
    page_range,
    venue_class,
    venue_initials,
    venue_stems,
)
from medsafe_harvest.dedupe.prepare import COMPARISON, NEEDED, prepare
from medsafe_harvest.schema import RECORD


@pytest.mark.parametrize(
    ("doi", "copy"),
    [
        ("10.48550/arxiv.2301.00001", True),
        ("10.1101/2020.03.24.20042937", True),
        ("10.1101/174813", True),
        ("10.1101/gr.1239303", False),
        ("10.64898/2026.01.01.26300001", True),
        ("10.21203/rs.3.rs-100001/v1", True),
        ("10.2139/ssrn.2645730", True),
        ("10.1038/nature21056", False),
    ],
)
def test_a_preprints_doi_is_told_from_a_journals(doi: str, *, copy: bool) -> None:
    assert is_copy(doi) is copy


@pytest.mark.parametrize(
    ("venue", "kind", "found"),
    [
        ("Journal of Digital Studies", None, "journal"),
        ("Workshop of Digital Studies", None, "meeting"),
        ("Proc. 21st STOC", None, "meeting"),
        ("Proceedings of the National Academy of Sciences", None, "journal"),
        ("arXiv.org", None, "preprint"),
        ("Vaccine", None, None),
        ("MICCAI", "conference", "meeting"),
        ("Journal of Digital Studies", "a kind of its own", "journal"),
        (None, "book", None),
        (None, None, None),
    ],
)
def test_the_class_of_a_venue(venue: str | None, kind: str | None, found: str | None) -> None:
    assert venue_class(venue, kind) == found


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("pp. 197-227,", "197"),
        ("S600-S601", "s600"),
        ("4 (1) (no pagination)", "4"),
        ("pages 411-420.", "411"),
        ("9848--9853", "9848"),
        ("no pagination", None),
        (None, None),
    ],
)
def test_the_first_number_of_pages_and_volumes(text: str | None, number: str | None) -> None:
    assert first_number(text) == number


def test_a_row_has_the_schema_and_keeps_identifiers_and_folds_doi_versions() -> None:
    record = {
        "record_id": "r",
        "source": "semantic_scholar",
        "title": "Air versus oxygen",
        "authors": [{"name": "A. Tan"}],
        "doi": "10.1002/14651858.CD002273.pub2",
        "other_dois": ["10.1101/174813"],
        "arxiv_id": "1505.04597",
        "corpus_id": 3719281,
    }
    schema = pa.schema([RECORD.field(name) for name in NEEDED])
    batch = prepare(pa.RecordBatch.from_pylist([record], schema=schema))
    assert batch.schema.equals(COMPARISON)
    (row,) = batch.to_pylist()
    assert row["ids"] == ["arxiv:1505.04597", "corpus:3719281"]
    assert row["dois"] == ["10.1002/14651858.cd002273", "10.1101/174813"]
    assert row["journal_dois"] == ["10.1002/14651858.cd002273"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10.1145/2644865.2541946", "10.1145/2541940.2541946"),
        ("10.1002/anie.202003115", "10.1002/ange.202003115"),
        ("10.1007/978-3-319-76887-8_61-1", "10.1007/978-3-319-76887-8_61"),
        ("10.1002/14651858.CD001.pub2", "10.1002/14651858.cd001.pub3"),
        ("10.1101/2020.05.01.071234v1", "10.1101/2020.05.01.071234v2"),
    ],
)
def test_reprints_editions_and_versions_have_one_doi(one: str, other: str) -> None:
    assert dois_of([one]) == dois_of([other])


def test_two_papers_of_one_publisher_keep_their_dois() -> None:
    given = ["10.1145/2644865.2541946", "10.1145/2644865.2541947", "10.1007/978-3-319-1-1_6", None]
    assert len(dois_of(given)) == 3


@pytest.mark.parametrize(
    ("pages", "found"),
    [
        ("123-9", (123, 129)),
        ("123-129", (123, 129)),
        ("S600-S601", (600, 601)),
        ("c37\u2013c42", (37, 42)),
        ("pp. 7", (7, 7)),
        ("2243-5; author reply 2243-5", (2243, 2245)),
        ("98-3", (98, 98)),
        (None, (None, None)),
        ("xii", (None, None)),
        ("1" * 40, (None, None)),
    ],
)
def test_page_range(pages: str | None, found: tuple[int | None, int | None]) -> None:
    assert page_range(pages) == found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("J. Thromb. Haemost.", "Journal of Thrombosis and Haemostasis"),
        (
            "Journal of Thrombosis and Haemostasis.Conference: 23rd Congress of the ISTH",
            "J Thromb Haemost",
        ),
        ("Pediatr Nephrol", "Pediatric Nephrology."),
    ],
)
def test_abbreviated_venues_have_the_stems_of_the_full_name(one: str, other: str) -> None:
    assert venue_stems(one) == venue_stems(other) is not None


def test_an_acronym_has_the_initials_of_the_full_name() -> None:
    assert venue_initials("Very Large Data Bases") == venue_initials("VLDB") == "vldb"
    assert venue_initials("") is None


@pytest.mark.parametrize(
    ("pages", "first"),
    [
        ("233-8, 230-5, 246-51", "230-5"),
        ("S40-S44+S31-S39", "s31-s39"),
        ("e31-8; quiz e39", "e31-8; quiz e39"),
        ("S12-S15, 3-9", "S12-S15, 3-9"),
        ("12-19", "12-19"),
        (None, None),
    ],
)
def test_of_several_ranges_of_pages_the_first_counts(pages: str | None, first: str | None) -> None:
    assert first_range(pages) == first


@pytest.mark.parametrize(
    ("day", "source", "venue", "kind", "known"),
    [
        (date(2021, 3, 12), "arxiv", "Nature", "journal", True),
        (date(2021, 3, 12), "semantic_scholar", None, None, True),
        (date(2021, 3, 12), "semantic_scholar", "medRxiv", "preprint", True),
        (date(2021, 3, 12), "semantic_scholar", "Nature", "journal", False),
        (date(2021, 3, 12), "semantic_scholar", "Somewhere", None, False),
        (date(2021, 3, 1), "arxiv", None, None, True),
        (date(2021, 1, 1), "semantic_scholar", None, None, False),
        (None, "arxiv", None, None, False),
    ],
)
def test_only_the_day_of_a_preprint_is_a_day_of_posting(
    day: date | None, source: str, venue: str | None, kind: str | None, *, known: bool
) -> None:
    assert (day_posted(day, source, venue, kind) is not None) is known
