"""Comparison rows: what is kept of a record."""

from __future__ import annotations

import pyarrow as pa
import pytest

from medsafe_harvest.dedupe.prepare import (
    COMPARISON,
    NEEDED,
    first_number,
    is_copy,
    prepare,
    venue_class,
)
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
