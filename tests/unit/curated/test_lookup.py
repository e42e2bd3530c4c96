"""Any id that a person has at hand leads to one paper, or to the papers that it may mean."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

import medsafe_harvest as mh
from medsafe_harvest.curated import lookup
from medsafe_harvest.curated.lookup import trace
from medsafe_harvest.dedupe.paper_ids import mint
from medsafe_harvest.errors import NotFoundError
from medsafe_harvest.schema import PAPER, RECORD

NAMES = pa.schema(PAPER.field(column) for column in lookup._NAMES)
OF_RECORD = pa.schema(RECORD.field(column) for column in lookup._OF_RECORD)


def tables(*papers: dict[str, Any], records: list[dict[str, Any]]) -> tuple[pa.Table, pa.Table]:
    """Papers and records; lists that are not given are empty."""
    return (
        pa.Table.from_pylist(
            [{"former_ids": [], "record_ids": [], "other_dois": []} | one for one in papers], NAMES
        ),
        pa.Table.from_pylist(
            [{"former_record_ids": [], "other_dois": []} | one for one in records], OF_RECORD
        ),
    )


#: One record of arXiv and one of Semantic Scholar, of one arXiv id, held apart by a curator.
SPLIT = tables(
    {"paper_id": "mha", "record_ids": ["arxiv:1905.05163"], "arxiv_id": "1905.05163"},
    {"paper_id": "mhb", "record_ids": ["semantic_scholar:1"], "arxiv_id": "1905.05163"},
    records=[
        {"record_id": "arxiv:1905.05163", "arxiv_id": "1905.05163"},
        {"record_id": "semantic_scholar:1", "arxiv_id": "1905.05163"},
    ],
)


def test_after_a_split_a_record_id_is_that_record_and_no_reading_of_it() -> None:
    assert trace(*SPLIT, (), "arxiv:1905.05163").paper_id == "mha"
    assert trace(*SPLIT, (), "semantic_scholar:1").paper_id == "mhb"


def test_a_bare_id_of_two_papers_names_both() -> None:
    with pytest.raises(NotFoundError, match="give one of these: mha, mhb") as caught:
        trace(*SPLIT, (), "1905.05163")
    assert caught.value.candidates == ("mha", "mhb")


LOSING = tables(
    {"paper_id": "mha", "record_ids": ["s:1", "s:2"], "corpus_id": 1, "doi": "10.1000/chosen"},
    {"paper_id": "mhb", "record_ids": ["s:3"], "pmid": "9"},
    records=[
        {"record_id": "s:1", "corpus_id": 1, "former_record_ids": ["s:0"]},
        {
            "record_id": "s:2",
            "corpus_id": 266214626,
            "pmid": "5",
            "pmcid": "PMC6",
            "doi": "10.1000/lost",
            "other_dois": ["10.1000/other"],
            "arxiv_id": "2301.00001",
            "acl_id": "P19-1001",
        },
        {"record_id": "s:3", "doi": "10.1000/chosen"},
    ],
)


@pytest.mark.parametrize(
    "name",
    [
        "CorpusID:266214626",
        "corpusid: 266214626",
        "corpus:266214626",
        "5",
        "pmid:5",
        "PMC6",
        "pmcid:PMC6",
        "pmcid:6",
        "doi:10.1000/LOST",
        "10.1000/other",
        "arxiv:2301.00001v2",
        "acl:P19-1001",
        "s:0",
    ],
)
def test_what_only_a_record_says_leads_to_its_paper(name: str) -> None:
    assert trace(*LOSING, (), name).paper_id == "mha"


def test_a_chosen_identifier_goes_before_one_that_lost() -> None:
    assert trace(*LOSING, (), "10.1000/chosen").paper_id == "mha"


@pytest.mark.parametrize("name", ["6", "266214626", "corpus:", "corpus:99999999999999999999999"])
def test_bare_digits_are_a_pmid_and_nothing_else(name: str) -> None:
    assert trace(*LOSING, (), "9").paper_id == "mhb"
    with pytest.raises(NotFoundError, match="no paper answers"):
        trace(*LOSING, (), name)


def test_the_id_that_a_renamed_record_would_have_resolves() -> None:
    papers, records = tables(
        {"paper_id": "mha", "former_ids": [mint("s:0")], "record_ids": ["s:1"]},
        records=[{"record_id": "s:1"}],
    )
    assert trace(papers, records, (), "s:0").paper_id == "mha"


@pytest.mark.parametrize("name", [None, 5, float("nan")])
def test_what_is_no_text_is_refused_as_such(name: Any) -> None:
    with pytest.raises(TypeError, match="takes an id as text, not"):
        mh.resolve(name)
