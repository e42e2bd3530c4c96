"""What a notebook gets: the same papers in every form, and answers that can be shown."""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import medsafe_harvest as mh
from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.frames import Form
from medsafe_harvest.errors import SelectionError
from medsafe_harvest.schema import TABLES

EVIL = "<script>alert(1)</script> & co"
SEEN = {"first_seen": dt.date(2026, 11, 1), "last_seen": dt.date(2026, 11, 1), "withdrawn": False}
AUTHOR = {"name": "Ada <b>Lovelace</b>", "given": "Ada", "family": "Lovelace", "suffix": None}


def row(table: str, **values: Any) -> dict[str, Any]:
    """A row of a curated table; lists that are not given are empty."""
    fields = TABLES[table]
    return {one.name: [] for one in fields if pa.types.is_list(one.type)} | SEEN | values


def record(source: str, **values: Any) -> dict[str, Any]:
    identity = {"record_id": f"{source}:1", "source": source, "source_id": "1"}
    texts = {"title": EVIL, "title_raw": EVIL, "year": 2024, "authors": [AUTHOR]}
    return row("records", **identity | texts | values)


RECORDS = [
    record("arxiv", arxiv_id="2401.00001", published=dt.date(2024, 1, 2)),
    record("semantic_scholar", arxiv_id="2401.00001", venue="TMI", venue_kind="journal"),
]
PAPERS = [
    row(
        "papers",
        paper_id="mh1",
        title=EVIL,
        authors=[AUTHOR],
        year=2024,
        venue="TMI",
        published=dt.date(2024, 1, 2),
        arxiv_id="2401.00001",
        medical=True,
        topics=["fairness", "mri"],
        record_ids=["arxiv:1", "semantic_scholar:1"],
        tags=[
            {"facet": "trust", "topic": "fairness", "score": 1.0, "rule": "r", "field": "title"}
            | {"text": "<i>fair</i>", "start": 0}
        ],
        provenance=[
            {
                "field": "venue",
                "record_id": "semantic_scholar:1",
                "rule": "published_first",
                "losers": [{"record_id": "arxiv:1", "value": '"<i>CoRR</i>"'}],
            }
        ],
    ),
    row("papers", paper_id="mh2", title="b", medical=False, record_ids=["arxiv:2"]),
]


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "curated"
    rows = {"papers": PAPERS, "records": [*RECORDS, record("arxiv", record_id="arxiv:2")]}
    tables = {
        name: pa.Table.from_pylist(rows.get(name, []), schema) for name, schema in TABLES.items()
    }
    snapshot.write(folder, tables, {"as_of": None}, keep=1)
    return folder


def test_every_form_has_the_same_papers(curated: Path) -> None:
    columns = ["paper_id", "topics", "published", "year"]
    arrow = mh.load_papers(curated, columns=columns, as_="arrow")
    assert arrow.column_names == columns
    expected = [tuple(one.values()) for one in arrow.to_pylist()]
    assert expected[0] == ("mh1", ["fairness", "mri"], dt.date(2024, 1, 2), 2024)
    assert mh.load_papers(curated, columns=columns, as_="polars").rows() == expected
    assert mh.load_papers(curated, columns=columns, as_="duckdb").fetchall() == expected
    pandas = mh.load_papers(curated, columns=columns)
    assert pandas["topics"].to_list() == [["fairness", "mri"], []]
    assert str(pandas["published"].dtype).startswith("datetime64")
    assert pandas["year"].dtype == pd.Int32Dtype()


def test_every_table_comes_in_every_form_with_the_columns_asked_for(curated: Path) -> None:
    loaders = (mh.load_records, mh.load_decisions, mh.load_relations)
    for load, columns in zip(loaders, (["source", "year"], ["right"], ["kind"]), strict=True):
        for form in get_args(Form):
            table = load(curated, columns=columns, as_=form)
            assert (table.column_names if form == "arrow" else list(table.columns)) == columns


def test_the_folder_above_the_curated_one_will_do(curated: Path) -> None:
    assert len(mh.load_papers(curated.parent)) == len(mh.load_papers(curated)) > 0


@pytest.mark.parametrize(
    ("since", "until", "number"),
    [("2024", None, 1), ("2024-01-03", None, 0), (None, "2024-01", 1), (None, "2023", 0)],
)
def test_a_period_may_be_a_text(
    curated: Path, since: str | None, until: str | None, number: int
) -> None:
    assert len(mh.load_papers(curated, since=since, until=until)) == number


def test_mistakes_have_names(curated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SelectionError, match="not 'May 2024'"):
        mh.load_papers(curated, since="May 2024")
    with pytest.raises(SelectionError, match="no column 'sorce'; did you mean 'source'"):
        mh.load_records(curated, columns=["sorce"])
    with pytest.raises(SelectionError, match="no column 'manifest'; did you mean 'manifestation'"):
        mh.load_papers(curated, columns=["manifest"], roll_up="manifestation")
    with pytest.raises(ValueError, match="as_ is pandas, arrow, polars, duckdb, not 'csv'"):
        mh.load_papers(curated, as_="csv")  # type: ignore[call-overload]
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match="pip install polars"):
        mh.load_papers(curated, as_="polars")


def test_manifestations_of_chosen_papers_are_those_of_all(curated: Path) -> None:
    every = mh.load_papers(curated, roll_up="manifestation", as_="arrow")
    chosen = mh.load_papers(curated, where="medical", roll_up="manifestation", as_="arrow")
    assert 0 < chosen.num_rows < every.num_rows
    assert chosen.to_pylist() == [one for one in every.to_pylist() if one["paper_id"] == "mh1"]


def test_an_opened_paper_says_where_each_value_is_from(curated: Path) -> None:
    paper = mh.paper("2401.00001", curated)
    assert (str(paper), paper["venue"]) == (f"mh1: {EVIL} (2024)", "TMI")
    assert paper.origins().to_dict("records") == [
        dict(zip(("field", "value", "chosen", "record_id", "rule"), values, strict=True))
        for values in (
            ("venue", "TMI", True, "semantic_scholar:1", "published_first"),
            ("venue", "<i>CoRR</i>", False, "arxiv:1", "published_first"),
        )
    ]
    assert [one["record_id"] for one in paper.to_dict()["records"]] == PAPERS[0]["record_ids"]
    page = paper._repr_html_()
    assert "&lt;script&gt;" in page
    assert not re.search("<script|<i>|Ada <b>", page)


def test_an_explanation_tells_one_paper_from_two(curated: Path) -> None:
    one = mh.explain("arxiv:1", "semantic_scholar:1", curated)
    assert one.same
    assert str(one).startswith("one paper mh1: match (shared_identifier: arxiv:2401.00001)")
    page = one._repr_html_()
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert one.to_dict()["pairs"][0]["recorded"] is None
    two = mh.explain("mh1", "mh2", curated)
    assert not two.same
    assert (len(two.to_dict()["pairs"]), two.to_dict()["papers"]) == (2, ["mh1", "mh2"])
    itself = mh.explain("arxiv:1", "arxiv:1", curated)
    assert str(itself) == "one paper mh1: both ids name its record arxiv:1"
    assert itself.to_dict()["pairs"] == []
    assert "<table" not in itself._repr_html_()


def test_polars_frames_can_be_filtered_on_lists(curated: Path) -> None:
    frame = mh.load_papers(curated, as_="polars")
    assert frame.filter(pl.col("topics").list.contains("mri"))["paper_id"].to_list() == ["mh1"]
