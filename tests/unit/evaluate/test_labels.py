"""Reading labelled sets, well and badly made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from medsafe_harvest.errors import EvaluateError
from medsafe_harvest.evaluate import find_sets, read_set


def write(
    folder: Path,
    records: Any,
    pairs: Any,
    meta: Any = None,
) -> Path:
    folder.mkdir(exist_ok=True)
    for name, table in (("records", records), ("pairs", pairs)):
        arrow = pa.table(table) if isinstance(table, dict) else pa.Table.from_pandas(table)
        pq.write_table(arrow, folder / f"{name}.parquet")
    (folder / "meta.json").write_text(json.dumps({"complete": True} if meta is None else meta))
    return folder


TWO: dict[str, Sequence[Any]] = {"record_id": ["b", "a"], "title": ["Second", "First"]}
PAIR: dict[str, Sequence[Any]] = {"left": ["b"], "right": ["a"], "match": [True]}


def test_two_columns_are_enough(tmp_path: Path) -> None:
    got = read_set(write(tmp_path / "mine", TWO, PAIR))
    assert got.name == "mine"
    assert got.records["record_id"].to_pylist() == ["a", "b"]
    assert (got.left.tolist(), got.right.tolist(), got.match.tolist()) == ([0], [1], [True])
    assert got.complete
    assert not got.cross_source_only


def test_a_table_as_pandas_leaves_it(tmp_path: Path) -> None:
    """Whole numbers with a gap become floats, and ids numbers."""
    records = pd.DataFrame(
        {
            "record_id": [10, 9],
            "title": ["A", None],
            "year": [2020.0, float("nan")],
            "volume": [7.0, float("nan")],
            "number": [3, 4],
            "authors": ["Lee, A.; Kim, B.", None],
            "doi": ["https://doi.org/10.1000/ABC", "10.48550/arXiv.2301.00001"],
            "pmid": [123456.0, float("nan")],
        }
    )
    pairs = pd.DataFrame({"left": [10.0], "right": [9.0], "match": [1]})
    got = read_set(write(tmp_path, records, pairs, {"name": "x", "complete": False}))
    one, other = got.records.to_pylist()
    assert (one["record_id"], one["year"], one["volume"], one["doi"]) == (
        "10",
        2020,
        "7",
        "10.1000/abc",
    )
    assert (one["issue"], one["pmid"]) == ("3", "123456")
    assert [author["name"] for author in one["authors"]] == ["Lee, A.", "Kim, B."]
    assert (other["title"], other["year"], other["authors"]) == ("", None, [])
    assert (other["doi"], other["arxiv_id"]) == (None, "2301.00001")
    assert (got.left.tolist(), got.right.tolist(), got.match.tolist()) == ([0], [1], [True])


def test_pairs_without_match_are_matches_and_those_of_one_source_can_be_out_of_scope(
    tmp_path: Path,
) -> None:
    records = {"record_id": ["a", "b", "c"], "title": ["", "", ""], "source": ["x", "x", "y"]}
    pairs = {"left": ["a", "c", "a"], "right": ["b", "a", "c"]}
    meta = {"complete": True, "cross_source_only": True}
    got = read_set(write(tmp_path, records, pairs, meta))
    assert (got.left.tolist(), got.right.tolist(), got.match.tolist()) == ([0], [2], [True])


@pytest.mark.parametrize(
    ("records", "pairs", "meta", "said"),
    [
        ({"record_id": ["a"]}, PAIR, None, "records.parquet: no column title; it has record_id"),
        (TWO, {"left": ["a"]}, None, "pairs.parquet: no column right"),
        (TWO, PAIR, {}, r'meta.json: expected "complete": true or false'),
        (TWO, PAIR, [], "meta.json: expected an object"),
        (TWO, PAIR, {"complete": True, "cross_source_only": True}, "no column source"),
        ({**TWO, "record_id": ["a", "a"]}, PAIR, None, "record_id a occurs more than once"),
        ({**TWO, "record_id": ["a", None]}, PAIR, None, "a row has no record_id"),
        ({**TWO, "year": ["n.d.", "1999"]}, PAIR, None, "record b: year is 'n.d.', expected a wh"),
        ({**TWO, "authors": [[1], [2]]}, PAIR, None, "record b: authors are"),
        ({**TWO, "venue_kind": ["book", None]}, PAIR, None, "venue_kind 'book' is none of"),
        ({"record_id": [], "title": []}, PAIR, None, "records.parquet: no records"),
        (TWO, {**PAIR, "left": ["z"]}, None, "pairs.parquet: 'z' in row 1 is no record_id"),
        (TWO, {**PAIR, "left": [None]}, None, "None in row 1 is no record_id"),
        (TWO, {**PAIR, "left": ["a"]}, None, "record a is paired with itself"),
        (TWO, {**PAIR, "match": ["yes"]}, None, "expected true or false"),
        (TWO, {**PAIR, "match": [2]}, None, "expected true or false"),
        (
            TWO,
            {"left": ["a", "b"], "right": ["b", "a"], "match": [True, False]},
            None,
            "a and b are labelled both",
        ),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, records: Any, pairs: Any, meta: Any, said: str
) -> None:
    with pytest.raises(EvaluateError, match=said):
        read_set(write(tmp_path, records, pairs, meta))


@pytest.mark.parametrize("name", ["records.parquet", "pairs.parquet", "meta.json"])
def test_missing_and_unreadable_files_are_named(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, TWO, PAIR) / name
    file.write_bytes(b"\xff not it")
    with pytest.raises(EvaluateError, match=rf"{name}: not a"):
        read_set(tmp_path)
    file.unlink()
    with pytest.raises(EvaluateError, match=rf"{name}: missing"):
        read_set(tmp_path)


def test_sets_are_found_by_any_of_their_files(tmp_path: Path) -> None:
    with pytest.raises(EvaluateError, match="no labelled set here"):
        find_sets(tmp_path)
    with pytest.raises(EvaluateError, match="no such folder"):
        find_sets(tmp_path / "nowhere")
    (tmp_path / "notes").mkdir()
    whole = write(tmp_path / "b", TWO, PAIR)
    (tmp_path / "a").mkdir()
    (tmp_path / "a/meta.json").touch()
    assert find_sets(tmp_path) == [tmp_path / "a", whole]
    assert find_sets(whole) == [whole]
