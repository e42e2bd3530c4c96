"""One row a manifestation: which records it unites, what it is called, and what stands in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import medsafe_harvest as mh
from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.manifestations import MANIFESTATION, manifestations
from medsafe_harvest.dedupe.manifestations import split
from medsafe_harvest.dedupe.merge import merge
from medsafe_harvest.schema import PAPER, RECORD, TABLES

ARXIV = {"record_id": "arxiv:2101.00001", "arxiv_id": "2101.00001", "title": "On it, v2"}
INDEXED = {"record_id": "semantic_scholar:1", "arxiv_id": "2101.00001", "venue": "arXiv.org"}
TALK = {"record_id": "semantic_scholar:2", "venue": "MICCAI", "venue_kind": "conference"}
JOURNAL = {
    "record_id": "semantic_scholar:3", "venue": "TMI", "venue_kind": "journal", "doi": "10.1/x",
    "volume": "41", "arxiv_id": "2101.00001",
}  # fmt: skip
INDEXED_JOURNAL = {"record_id": "openalex:4", "doi": "10.1/x"}
ZENODO = {"record_id": "openalex:5", "doi": "10.5281/zenodo.1"}


def record(**values: Any) -> dict[str, Any]:
    blank: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in RECORD
    }
    source, _, source_id = values["record_id"].partition(":")
    day = mh_day(len(values["record_id"]))
    own = {"source": source, "source_id": source_id, "title": "On it", "title_raw": "On it"}
    return blank | own | {"withdrawn": False, "first_seen": day, "last_seen": day} | values


def mh_day(number: int) -> Any:
    return pa.scalar(20000 + number, pa.date32()).as_py()


def tables(*records: dict[str, Any]) -> tuple[pa.Table, pa.Table]:
    """Papers and records, all of one paper."""
    rows = pa.Table.from_pylist([record(**one) for one in records], schema=RECORD)
    of = pa.table({"record_id": rows["record_id"], "cluster": ["x"] * rows.num_rows})
    papers = merge(rows, of)
    for field in PAPER:
        if field.name not in papers.column_names:
            said: object = ["fairness"] if field.name == "topics" else []
            said = "In words" if field.type == pa.string() else said
            values = [said if field.type != pa.bool_() else True] * papers.num_rows
            papers = papers.append_column(field, pa.array(values, field.type))
    return papers.select(PAPER.names).cast(PAPER), rows


def groups(*records: dict[str, Any]) -> dict[str, list[str]]:
    """Record ids by what they are a manifestation of, and its smallest record."""
    _, rows = tables(*records)
    of = pa.table({"record_id": rows["record_id"], "cluster": ["x"] * rows.num_rows})
    found: dict[str, list[str]] = {}
    for row in split(rows, of).to_pylist():
        found.setdefault(f"{row['manifestation']} {row['cluster']}", []).append(row["record_id"])
    return found


def test_records_of_one_manifestation_come_together() -> None:
    assert groups(ARXIV, INDEXED, TALK, JOURNAL, INDEXED_JOURNAL, ZENODO) == {
        "preprint arxiv:2101.00001": ["arxiv:2101.00001", "semantic_scholar:1"],
        "journal openalex:4": ["openalex:4", "semantic_scholar:3"],
        "conference semantic_scholar:2": ["semantic_scholar:2"],
        "other openalex:5": ["openalex:5"],
    }


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        # A record without a DOI is of the journal that there is, not of another form.
        ([JOURNAL, {"record_id": "openalex:6", "venue": "IEEE TMI", "venue_kind": "journal"}],
         [["openalex:6", "semantic_scholar:3"]]),
        ([{**TALK, "doi": "10.1/t"}, {"record_id": "openalex:6", "venue_kind": "journal"}],
         [["openalex:6"], ["semantic_scholar:2"]]),
        # Two servers are two preprints; a record that names neither could be of both.
        ([ARXIV, {"record_id": "openalex:6", "doi": "10.1101/2021.01.01.21249000"}],
         [["arxiv:2101.00001"], ["openalex:6"]]),
        ([ARXIV, {"record_id": "openalex:6", "doi": "10.1101/2021.01.01.21249000"},
          {"record_id": "openalex:7", "venue_kind": "preprint"}],
         [["arxiv:2101.00001"], ["openalex:6"], ["openalex:7"]]),
        # arXiv's record is of the preprint although its authors name journal and DOI.
        ([{**ARXIV, "doi": "10.1/x", "venue_kind": "journal"}, JOURNAL],
         [["arxiv:2101.00001"], ["semantic_scholar:3"]]),
        ([{"record_id": "openalex:6", "venue_kind": "workshop"}, TALK],
         [["openalex:6"], ["semantic_scholar:2"]]),
    ],
)  # fmt: skip
def test_which_records_are_one(records: list[dict[str, Any]], expected: list[list[str]]) -> None:
    assert sorted(groups(*records).values()) == expected


def test_each_row_says_what_its_own_records_say() -> None:
    papers, records = tables(ARXIV, INDEXED, JOURNAL)
    made = manifestations(papers, records)
    assert made.schema.equals(MANIFESTATION)
    rows = {row["manifestation"]: row for row in made.to_pylist()}
    [paper] = papers.to_pylist()
    assert rows.keys() == {"preprint", "journal"}
    assert {row["paper_id"] for row in rows.values()} == {paper["paper_id"]}
    assert (rows["preprint"]["title"], rows["preprint"]["volume"]) == ("On it, v2", None)
    assert (rows["journal"]["title"], rows["journal"]["volume"]) == ("On it", "41")
    assert rows["journal"]["topics"] == ["fairness"]


def test_ids_of_manifestations_stay_when_records_and_manifestations_join() -> None:
    before = manifestations(*tables(ARXIV))
    after = manifestations(*tables(ARXIV, {**INDEXED, "first_seen": mh_day(900)}, JOURNAL))
    [name] = before["manifestation_id"].to_pylist()
    assert name.startswith("mm")
    assert len(set(after["manifestation_id"].to_pylist())) == 2
    assert name in after["manifestation_id"].to_pylist()


def test_a_reader_chooses_the_row(tmp_path: Path) -> None:
    papers, records = tables(ARXIV, JOURNAL)
    empty = {name: schema.empty_table() for name, schema in TABLES.items()}
    made = empty | {"papers": papers, "records": records}
    snapshot.write(tmp_path, made, {"as_of": "2026-11-20"}, keep=1)
    assert len(mh.load_papers(tmp_path)) == 1
    columns = ["manifestation", "venue"]
    frame = mh.load_papers(tmp_path, roll_up="manifestation", columns=columns)
    assert sorted(frame["manifestation"]) == ["journal", "preprint"]
    assert list(frame.columns) == columns
    with pytest.raises(ValueError, match="roll_up"):
        mh.load_papers(tmp_path, roll_up="row")  # type: ignore[call-overload]


def test_an_empty_table_has_no_manifestations() -> None:
    assert manifestations(PAPER.empty_table(), RECORD.empty_table()).num_rows == 0
