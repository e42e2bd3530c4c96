# ruff: noqa: RUF001 - look-alike characters are what these tests are about
from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest import schema
from medsafe_harvest.normalize.records import Seen, to_batch
from medsafe_harvest.normalize.venues import VenueConfig, VenueTable
from medsafe_harvest.sources.base import SourceAuthor, SourceRecord

CONFIG = Path(__file__).parents[3] / "config/venues.yaml"
TABLE = VenueTable(VenueConfig.model_validate(yaml.safe_load(CONFIG.read_text("utf-8"))))
SEEN = Seen(("q2", "q1", "q1"), date(2024, 1, 1), date(2024, 2, 1))

ARXIV = SourceRecord(
    source="arxiv",
    source_id="2301.00001",
    title="Trust in\n  {C}heXpert \\& $\\alpha$",
    abstract="First line\n second line. Code: https://github.com/x/y.",
    authors=(SourceAuthor("J\\'er\\^ome Dupont"), SourceAuthor("The ABC Collaboration")),
    identifiers=(
        ("arxiv", "http://arxiv.org/abs/2301.00001v2"),
        ("doi", "10.1016/J.MEDIA.2023.1"),
        ("doi", "10.1000/Z; 10.1000/b"),
    ),
    published="2023-01-01T10:00:00Z",
    updated="2023-03-01T10:00:00Z",
    venue_kind="preprint",
    journal_ref="Medical Image Analysis 58 (2024) 101552",
    comment="12 pages",
    primary_category="cs.CV",
    categories=("cs.CV", "cs.LG", "cs.CV"),
    licence="http://creativecommons.org/licenses/by/4.0/",
    url="https://arxiv.org/abs/2301.00001v2",
)
SEMANTIC_SCHOLAR = SourceRecord(
    source="semantic_scholar",
    source_id="204e3073870fae3d05bcbc2f6a8e263d9b72e776",
    title="Trust",
    authors=(SourceAuthor("J. Dupont"),),
    identifiers=(
        ("s2", "204e3073870fae3d05bcbc2f6a8e263d9b72e776"),
        ("corpus", "13756489"),
        ("doi", "10.48550/arXiv.2301.00001"),
        ("pmid", "not a number"),
        ("pmcid", "7095418"),
        ("dblp", "journals/corr/abs-2301-00001"),
    ),
    year=2023,
    venue="arXiv.org",
    venue_kind="journal",
    volume="abs/2301.00001",
    fields_of_study=("Medicine", "Computer Science", "Medicine"),
    publication_types=("Review", "JournalArticle"),
    licence="CCBY",
    open_access=True,
    citation_count=12,
)


def _rows(*records: SourceRecord) -> list[dict[str, Any]]:
    batch = to_batch(records, [SEEN] * len(records), TABLE)
    batch.validate(full=True)
    assert batch.schema.equals(schema.RECORD, check_metadata=True)
    rows: list[dict[str, Any]] = batch.to_pylist()
    return rows


def test_an_arxiv_record_is_normalized() -> None:
    (row,) = _rows(ARXIV)
    expected = {
        "record_id": "arxiv:2301.00001",
        "title": "Trust in CheXpert & α",
        "title_raw": ARXIV.title,
        "abstract": "First line second line. Code: https://github.com/x/y.",
        "published": date(2023, 1, 1),
        "updated": date(2023, 3, 1),
        "year": 2024,
        "venue": "MedIA",
        "venue_raw": None,
        "venue_kind": "journal",
        "volume": "58",
        "pages": "101552",
        "doi": "10.1016/j.media.2023.1",
        "other_dois": ["10.1000/b", "10.1000/z"],
        "arxiv_id": "2301.00001",
        "arxiv_version": 2,
        "categories": ["cs.CV", "cs.LG"],
        "licence": "CC-BY-4.0",
        "code_links": ["https://github.com/x/y"],
        "withdrawn": False,
        "open_access": None,
        "queries": ["q1", "q2"],
        "first_seen": date(2024, 1, 1),
        "last_seen": date(2024, 2, 1),
    }
    assert {name: row[name] for name in expected} == expected
    assert row["authors"] == [
        {"name": "J\\'er\\^ome Dupont", "given": "Jérôme", "family": "Dupont", "suffix": None},
        {"name": "The ABC Collaboration", "given": None, "family": "The ABC Collaboration",
         "suffix": None},
    ]  # fmt: skip


def test_a_semantic_scholar_record_is_normalized() -> None:
    (row,) = _rows(SEMANTIC_SCHOLAR)
    expected = {
        "published": None,
        "year": 2023,
        "venue": "arXiv",
        "venue_raw": "arXiv.org",
        "venue_kind": "preprint",
        "volume": None,
        "doi": None,
        "other_dois": [],
        "arxiv_id": "2301.00001",
        "arxiv_version": None,
        "s2_paper_id": "204e3073870fae3d05bcbc2f6a8e263d9b72e776",
        "corpus_id": 13756489,
        "pmid": None,
        "pmcid": "PMC7095418",
        "dblp_key": "journals/corr/abs-2301-00001",
        "fields_of_study": ["Computer Science", "Medicine"],
        "publication_types": ["JournalArticle", "Review"],
        "licence": "CC-BY",
        "licence_url": None,
        "open_access": True,
        "citation_count": 12,
    }
    assert {name: row[name] for name in expected} == expected


def test_an_arxiv_record_without_reference_has_no_venue_and_stays_a_preprint() -> None:
    (row,) = _rows(dataclasses.replace(ARXIV, journal_ref=None))
    assert (row["venue"], row["venue_kind"]) == (None, "preprint")


def test_a_venue_outside_the_table_keeps_its_own_words() -> None:
    record = dataclasses.replace(
        SEMANTIC_SCHOLAR, venue="Annals of &lt;Nowhere&gt; &amp; Co", volume="3"
    )
    (row,) = _rows(record)
    assert (row["venue"], row["venue_kind"], row["volume"]) == (
        "Annals of <Nowhere> & Co", "journal", "3",
    )  # fmt: skip


def test_parts_that_the_source_splits_are_trusted() -> None:
    author = SourceAuthor("Van Der Berg Anna", given="Anna", family="Van Der Berg", suffix="Jr.")
    (row,) = _rows(dataclasses.replace(ARXIV, authors=(author,)))
    assert row["authors"] == [
        {"name": "Van Der Berg Anna", "given": "Anna", "family": "Van Der Berg", "suffix": "Jr."}
    ]


def test_a_comment_that_says_withdrawn_flags_the_record() -> None:
    comment = "This paper has been withdrawn by the authors"
    assert _rows(dataclasses.replace(ARXIV, comment=comment))[0]["withdrawn"] is True
    assert _rows(dataclasses.replace(ARXIV, withdrawn=True))[0]["withdrawn"] is True


def test_nulls_control_characters_and_lone_surrogates_are_neutralised() -> None:
    (row,) = _rows(
        dataclasses.replace(
            ARXIV, title="a\0b\ud800c", abstract="x\0y", comment="\udfff", citation_count=2**40
        )
    )
    assert row["title"] == "a bc"
    assert row["title_raw"] == "a\ufffdb?c"
    assert row["abstract"] == "x y"
    assert row["comment"] is None
    assert row["citation_count"] is None


def test_no_records_give_an_empty_batch_of_the_schema() -> None:
    assert to_batch([], [], TABLE).num_rows == 0
    assert _rows() == []


def test_records_and_sightings_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="shorter"):
        to_batch([ARXIV], [], TABLE)


TEXT = st.text(alphabet=st.characters(), max_size=20)
KINDS = ["arxiv", "doi", "pmid", "pmcid", "corpus", "s2", "acl", "dblp", "mag", "unknown"]


@given(
    st.builds(
        SourceRecord,
        source=st.just("arxiv"),
        source_id=st.just("1"),
        title=TEXT,
        abstract=st.none() | TEXT,
        authors=st.lists(st.builds(SourceAuthor, name=TEXT, family=st.none() | TEXT)).map(tuple),
        identifiers=st.lists(st.tuples(st.sampled_from(KINDS), TEXT)).map(tuple),
        published=st.none() | TEXT,
        year=st.none() | st.integers(),
        venue=st.none() | TEXT,
        journal_ref=st.none() | TEXT,
        comment=st.none() | TEXT,
        licence=st.none() | TEXT,
        citation_count=st.none() | st.integers(),
    )
)
def test_any_garbage_gives_a_valid_row(record: SourceRecord) -> None:
    (row,) = _rows(record)
    assert row["title_raw"] is not None
    assert bool(row["title"]) or not record.title.strip() or not record.title.isprintable()


def test_what_one_record_says_never_leaks_into_the_next() -> None:
    together = _rows(ARXIV, SEMANTIC_SCHOLAR)
    assert together == [*_rows(ARXIV), *_rows(SEMANTIC_SCHOLAR)]
    assert pa.Table.from_pylist(together, schema=schema.RECORD).num_rows == 2
