"""Relations: corrections, comments and preprints."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.dedupe.prepare import NEEDED
from medsafe_harvest.engines.duckdb import match
from medsafe_harvest.schema import RECORD

SCHEMA = pa.schema([RECORD.field(name) for name in NEEDED])
TITLE = "Algorithmic bias in pulse oximetry of intensive care patients"


def links(*records: dict[str, Any]) -> list[tuple[str, str, str]]:
    common = {"source": "semantic_scholar", "year": 2021, "other_dois": []}
    rows = [
        {**common, "record_id": f"r{n}", "authors": [{"name": "Ada Moss"}], **record}
        for n, record in enumerate(records)
    ]
    found = match(pa.Table.from_pylist(rows, schema=SCHEMA), Overrides()).relations
    return [(row["left"], row["kind"], row["right"]) for row in found.to_pylist()]


@pytest.mark.parametrize(
    ("marked", "kind"),
    [
        (f"Erratum: {TITLE}", "corrects"),
        (f"Correction to: {TITLE}", "corrects"),
        (f"{TITLE} (vol 3, pg 7, 2021)", "corrects"),
        (f"Reply to: {TITLE}", "comments_on"),
        (f"Comment on {TITLE}", "comments_on"),
    ],
)
@pytest.mark.parametrize("marked_first", [True, False])
def test_a_marked_title_is_about_the_other(marked: str, kind: str, *, marked_first: bool) -> None:
    titles = [marked, TITLE] if marked_first else [TITLE, marked]
    expected = ("r0", kind, "r1") if marked_first else ("r1", kind, "r0")
    assert links({"title": titles[0]}, {"title": titles[1]}) == [expected]


def test_others_may_comment_but_not_correct() -> None:
    other = [{"name": "Ben Stone"}]
    assert links({"title": f"Erratum: {TITLE}", "authors": other}, {"title": TITLE}) == []
    comment = links({"title": f"Comment on: {TITLE}", "authors": other}, {"title": TITLE})
    assert comment == [("r0", "comments_on", "r1")]


def test_a_foreword_neither_corrects_nor_comments() -> None:
    assert links({"title": f"Foreword: {TITLE}"}, {"title": TITLE}) == []


def test_the_arxiv_record_is_the_preprint_of_the_published_one() -> None:
    preprint = {"title": TITLE, "source": "arxiv", "arxiv_id": "2101.00001"}
    published = {"title": TITLE, "doi": "10.1/x", "venue": "Critical Care", "venue_kind": "journal"}
    assert links(preprint, published) == [("r0", "is_preprint_of", "r1")]


def test_an_indexed_preprint_is_no_published_version() -> None:
    preprint = {"title": TITLE, "source": "arxiv", "arxiv_id": "2101.00001"}
    indexed = {"title": TITLE, "arxiv_id": "2101.00001", "venue": "arXiv.org"}
    assert links(preprint, indexed) == []
