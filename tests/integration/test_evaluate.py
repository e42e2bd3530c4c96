"""``evaluate`` from the command line."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from medsafe_harvest.cli import app
from medsafe_harvest.errors import EvaluateError

from .conftest import ROOT, Project

EVIL = "<script>alert('x')</script> & \"calibration\" of networks for <b>chest</b> radiographs"


def make_set(folder: Path, title: str = "Calibration of networks for chest radiographs") -> Path:
    """Two records of one paper and a third; the second pair is mislabelled, so it is missed."""
    folder.mkdir(parents=True)
    titles = [title, title, "The price of hay in Flanders"]
    records = {
        "record_id": ["a", "b", "c"],
        "source": ["x", "y", "x"],
        "title": titles,
        "authors": [["Ada Lovelace", "Charles Babbage", "Mary Somerville"]] * 3,
        "year": [2020, 2020, 2001],
    }
    pq.write_table(pa.table(records), folder / "records.parquet")
    pairs = {"left": ["a", "a", "b"], "right": ["b", "c", "c"], "match": [True, True, True]}
    pq.write_table(pa.table(pairs), folder / "pairs.parquet")
    (folder / "meta.json").write_text(json.dumps({"complete": True}))
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)], env={"COLUMNS": "80"})


def test_json_is_one_object_on_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_set(tmp_path / "sets/one")
    make_set(tmp_path / "sets/two")
    monkeypatch.chdir(tmp_path)  # no project here
    result = run("sets", "--json")
    assert result.exit_code == 0, result.output
    told: list[dict[str, Any]] = json.loads(result.stdout)["sets"]
    assert [one["name"] for one in told] == ["one", "two"]
    figures = ("records", "precision", "f1", "false_merges", "missed", "b_cubed_precision")
    assert [told[0][name] for name in figures] == pytest.approx([3, 1.0, 0.5, 0, 2, 1.0])
    assert told[0]["recall"] == pytest.approx(1 / 3)
    assert told[0]["precision_interval"][0] < 1
    assert [one["kind"] for one in told[0]["errors"]] == ["missed", "missed"]
    assert "matching 3 records" in result.stderr
    assert not list(tmp_path.glob("data*"))


def test_the_table_fits_a_terminal_and_errors_are_told_on_demand(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "one", EVIL)
    plain = run(folder)
    assert plain.exit_code == 0
    assert "missed  score" not in plain.stdout
    assert max(map(len, plain.stdout.splitlines())) <= 80
    assert "of 3 true pairs" in plain.stdout
    told = run(folder, "--errors", "1").stdout
    assert told.count("missed  score") == 1
    assert "The price of hay" in told


def test_the_page_is_whole_and_escaped(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = run(make_set(tmp_path / "one", EVIL), "--html", page, "--errors", "1")
    assert result.exit_code == 0, result.output
    tags: list[str] = []
    targets: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)
            targets.extend(str(to) for name, to in attrs if name in {"src", "href"})

    text = page.read_text(encoding="utf-8")
    Reader(convert_charrefs=True).feed(text)
    assert not {"script", "b", "link", "img", "iframe"} & set(tags)
    assert targets == ["#set0"]
    assert tags.count("article") == 1
    assert "<mark>" in text
    assert "&lt;script&gt;" in text
    assert '<tr class="differs"><th>title' in text
    assert "<tr><th>record_id" in text
    assert "two records that share a key" in text
    printed = run(tmp_path / "one", "--html", "-", "--errors", "1").stdout
    assert printed.startswith("<!doctype html>")
    assert printed.endswith("</html>\n")


def test_a_page_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "one")
    failed = run(folder, "--html", tmp_path / "nowhere/page.html")
    assert isinstance(failed.exception, EvaluateError)
    assert "there is no folder" in str(failed.exception)
    assert "matching" not in failed.stderr
    assert not (tmp_path / "nowhere").exists()
    assert run(folder, "--html", "-", "--json").exit_code == 2


def test_labels_that_contradict_themselves_or_are_missing_are_told(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "one")
    assert "contradict" not in run(folder).stdout
    assert "column match" not in run(folder).stderr
    pairs = {"left": ["a", "b"], "right": ["b", "c"]}
    pq.write_table(pa.table(pairs), folder / "pairs.parquet")
    page = tmp_path / "page.html"
    result = run(folder, "--html", page)
    assert "one: the labels contradict themselves: 1 pairs" in " ".join(result.stdout.split())
    assert "one: the labels contradict themselves: 1 pairs" in page.read_text(encoding="utf-8")
    assert "pairs.parquet has no column match" in result.stderr


def test_one_of_several_sets_by_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_set(tmp_path / name)
    told = json.loads(run(tmp_path, "--set", "two", "--json", "--errors", "0").stdout)
    assert [(one["name"], one["errors"]) for one in told["sets"]] == [("two", [])]
    failed = run(tmp_path, "--set", "three")
    assert isinstance(failed.exception, EvaluateError)
    assert "there are: one, two" in str(failed.exception)
    meta = {"complete": True, "name": "The second"}
    (tmp_path / "two/meta.json").write_text(json.dumps(meta))
    for name in ("two", "The second"):
        told = json.loads(run(tmp_path, "--set", name, "--json", "--errors", "0").stdout)
        assert [one["name"] for one in told["sets"]] == ["The second"]


def test_a_broken_set_stops_it_and_leaves_no_half_answer(tmp_path: Path) -> None:
    make_set(tmp_path / "good")
    (make_set(tmp_path / "worse") / "pairs.parquet").unlink()
    failed = run(tmp_path, "--json")
    assert failed.exit_code != 0
    assert isinstance(failed.exception, EvaluateError)
    assert "worse" in str(failed.exception)
    assert failed.stdout == ""


def test_a_folder_without_sets_is_an_error(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        error = run(folder).exception
        assert isinstance(error, EvaluateError)
        assert "a set is a folder of records.parquet" in str(error)


def test_the_real_sets_are_read_and_scored(shared_data: Path) -> None:
    result = run(shared_data / "match", "--json", "--set", "arxiv_s2", "--set", "hand_cases")
    told = json.loads(result.stdout)["sets"]
    assert [(one["records"], one["gold_matches"]) for one in told] == [(276, 138), (50, 10)]
    assert all(one["f1"] > 0.8 for one in told)


def test_the_documented_start_from_a_project_works(
    harvested: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (ROOT / "docs/how-to/evaluate.md").read_text(encoding="utf-8")
    code = guide.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "data").symlink_to(harvested.data)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "evaluate.md", "exec"), {})
    [told] = json.loads(run("labels", "--json", "--errors", "0").stdout)["sets"]
    assert told["records"] == pq.read_metadata("labels/mine/records.parquet").num_rows > 100
    assert (told["gold_matches"], told["false_merges"]) == (0, told["predicted_matches"])
