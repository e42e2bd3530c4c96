"""Paper ids that somebody wrote down lead to the paper, on the command line and in notebooks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

import medsafe_harvest as mh
from medsafe_harvest.errors import CuratedError, SplitError

from .conftest import Project


@pytest.fixture
def project(harvested: Project, tmp_path: Path) -> Project:
    copy = Project(tmp_path)
    shutil.copytree(harvested.config, copy.config)
    shutil.copytree(harvested.data, copy.data, symlinks=True)
    return copy


def curated(project: Project) -> Path:
    return project.data / "curated"


def papers(project: Project) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(curated(project) / "papers.parquet").to_pylist()
    return rows


def overrule(project: Project, **links: list[tuple[str, str]]) -> dict[str, Any]:
    """Write overrides and rebuild; the report."""
    written = {
        kind: [
            {"left": left, "right": right, "who": "A. Curator", "when": "2026-11-21", "why": "test"}
            for left, right in links.get(kind, [])
        ]
        for kind in ("must_link", "cannot_link")
    }
    (project.config / "overrides.yaml").write_text(yaml.safe_dump(written))
    result = project.run("rebuild", "--json")
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def test_show_follows_a_merged_id_and_says_so(project: Project) -> None:
    one, other = [row for row in papers(project) if len(row["record_ids"]) == 1][:2]
    before = papers(project)
    report = overrule(project, must_link=[(one["record_ids"][0], other["record_ids"][0])])
    assert (report["papers_merged"], report["papers_split"]) == (1, 0)
    present = {row["paper_id"] for row in papers(project)}
    kept, old = sorted((one["paper_id"], other["paper_id"]), key=lambda name: name not in present)
    assert old not in present
    assert mh.resolve(old, curated(project)) == kept
    text = project.run("show", old).stdout
    assert f"{old} was merged into {kept} on 20" in text
    shown = json.loads(project.run("show", old, "--json").stdout)
    assert shown["paper"]["paper_id"] == kept
    assert [(step["from"], step["to"]) for step in shown["redirects"]] == [(old, [kept])]

    records = (one["record_ids"][0], other["record_ids"][0])
    first, decided, words = project.run("explain", *records).stdout.splitlines()[:3]
    assert first == f"one paper {kept}: match (must_link)"
    assert decided == f"Decided by {min(records)} and {max(records)}."
    assert words.startswith("By itself the pair would be a ")
    assert "A. Curator" in words

    # The curator takes it back: the id is a paper again, and all papers are as before.
    assert overrule(project)["papers_split"] == 1
    assert papers(project) == before
    assert mh.resolve(old, curated(project)) == old
    assert "was merged" not in project.run("show", old).stdout
    assert f"{kept} was split into {kept}, {old} on 20" in project.run("show", kept).stdout


def test_a_split_names_its_pieces_where_none_has_the_id(project: Project) -> None:
    paper = next(row for row in papers(project) if len(row["record_ids"]) == 2)
    ledger = curated(project) / "redirects.jsonl"
    now = sorted(row["paper_id"] for row in papers(project))[:2]
    entry = {"from": "mhold", "kind": "split", "to": now, "when": "2026-11-20T05:30:00Z"}
    ledger.write_text(json.dumps(entry) + "\n")
    error = project.run("show", "mhold").exception
    assert isinstance(error, SplitError)
    assert error.candidates == tuple(now)
    report = overrule(project, cannot_link=[tuple(paper["record_ids"])])
    assert report["papers_split"] == 1
    assert len(ledger.read_text().splitlines()) == 2

    # Each record is found by its own id, and the two are explained as the pair that they are.
    pieces = {}
    for record in paper["record_ids"]:
        told = json.loads(project.run("show", record, "--json").stdout)
        assert told["paper"]["record_ids"] == [record]
        pieces[record] = told["paper"]["paper_id"]
    left, right = paper["record_ids"]
    [explained] = json.loads(project.run("explain", right, left, "--json").stdout)
    assert (explained["left"], explained["right"]) == (left, right)
    assert explained["recorded"]["reason"] == "cannot_link"
    text = project.run("explain", left, right).stdout
    assert text.startswith(
        f"two papers {pieces[left]} and {pieces[right]}: non-match (cannot_link)\n"
    )

    overrule(project)
    assert "was split" not in project.run("show", paper["paper_id"]).stdout


def test_a_damaged_ledger_is_told(project: Project) -> None:
    (curated(project) / "redirects.jsonl").write_text('{"from": "mh')
    error = project.run("show", papers(project)[0]["paper_id"]).exception
    assert isinstance(error, CuratedError)
    assert "redirects.jsonl:1" in str(error)


def test_manifestations_of_what_was_harvested(harvested: Project) -> None:
    works = mh.load_papers(curated(harvested))
    rows = mh.load_papers(curated(harvested), roll_up="manifestation")
    assert rows["manifestation_id"].is_unique
    assert set(rows["paper_id"]) == set(works["paper_id"])
    records = [name for names in rows["record_ids"] for name in names]
    assert sorted(records) == sorted(mh.load_records(curated(harvested))["record_id"])
    both = rows[rows["paper_id"].duplicated(keep=False)]
    assert {"preprint", "journal"} <= set(both["manifestation"])
