"""``digest`` and ``coverage`` on the harvested demo papers."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import medsafe_harvest as mh
from tests.integration.conftest import ROOT, Project

PAGE = ROOT / "docs/how-to/digest-and-coverage.md"


def test_the_page_shows_what_the_commands_print(harvested: Project) -> None:
    blocks = re.findall(
        r"^```console\n\$ (.+)\n((?s:.*?))^```$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    assert [command.split()[3] for command, _ in blocks] == ["digest", "coverage"]
    for command, shown in blocks:
        printed = harvested.run(*command.split()[3:]).stdout
        lines = [line.rstrip() for line in printed.splitlines()]
        wrong = [line for line in shown.splitlines() if line not in {"...", *lines}]
        assert not wrong, f"in {PAGE.name} lines are out of date, run `make docs`:\n{printed}"


def test_a_digest_shows_the_best_papers_with_parts_that_add_up(harvested: Project) -> None:
    found = json.loads(harvested.run("digest", "--limit", "5", "--json").stdout)
    papers = pq.read_table(harvested.data / "curated/papers.parquet").to_pylist()
    assert found["new"] == sum(not paper["withdrawn"] for paper in papers)
    scores = [paper["score"] for paper in found["papers"]]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    for paper in found["papers"]:
        assert sum(part["points"] for part in paper["parts"]) == pytest.approx(paper["score"])
        assert all(part["why"] for part in paper["parts"])
    shown = harvested.run("digest", "--limit", "1").stdout
    assert found["papers"][0]["title"] in shown
    assert f"score {scores[0]:.3f} of 5" in shown


def test_a_digest_can_be_narrowed(harvested: Project) -> None:
    privacy = json.loads(harvested.run("digest", "--topic", "privacy", "--json").stdout)
    assert privacy["papers"]
    assert all("privacy" in paper["trust"] for paper in privacy["papers"])
    assert harvested.run("digest", "--topic", "beauty").exit_code == 2
    # Refused before anything is read.
    assert harvested.run("digest", "--days", "1", "--since", "2026-01-01").exit_code == 2


def test_one_paper_is_explained_by_any_of_its_ids(harvested: Project) -> None:
    best = json.loads(harvested.run("digest", "--limit", "1", "--json").stdout)["papers"][0]
    table = pq.read_table(harvested.data / "curated/papers.parquet").to_pylist()
    (row,) = [paper for paper in table if paper["paper_id"] == best["paper_id"]]
    explained = json.loads(
        harvested.run("digest", "--explain", row["record_ids"][0], "--json").stdout
    )
    assert explained["papers"] == [best]


def test_a_notebook_ranks_as_the_digest_does(harvested: Project) -> None:
    today = json.loads(harvested.run("digest", "--json").stdout)
    frame = mh.rank(harvested.data / "curated", today=date.fromisoformat(today["today"]))
    ids = [paper["paper_id"] for paper in today["papers"]]
    assert frame["paper_id"].tolist()[: len(ids)] == ids
    assert frame["score"].is_monotonic_decreasing
    heavier = mh.rank(harvested.data / "curated", settings={"weights": {"code": 9}})
    assert heavier["part_code"].iloc[0] == 1


def test_coverage_tells_what_each_query_brings_and_proposes(harvested: Project) -> None:
    found = json.loads(harvested.run("coverage", "--json").stdout)
    papers = pq.read_table(harvested.data / "curated/papers.parquet").to_pylist()
    for one in found["queries"]:
        assert one["papers"] == sum(one["query"] in paper["queries"] for paper in papers)
        assert one["alone"] == sum(paper["queries"] == [one["query"]] for paper in papers)
    assert found["proposals"][0]["yaml"].startswith("  - id: term-")
    # The ledger of the demo has every day, so only the young months are left out.
    assert all(why == "not over for long enough" for why in found["months"]["unjudged"].values())


def test_a_proposal_pasted_into_the_queries_is_understood(
    harvested: Project, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    shutil.copytree(harvested.config, project.config)
    project.data.symlink_to(harvested.data)
    shown = project.run("coverage", "--limit", "1").stdout
    assert "Authors that no query names" in shown
    block = shown[shown.index("  - id: term-") :]
    with (project.config / "queries.yaml").open("a", encoding="utf-8") as file:
        file.write(block)
    checked = project.run("queries", "check")
    assert checked.exit_code == 0, checked.output
    after = json.loads(project.run("coverage", "--json").stdout)
    assert after["queries"][-1]["papers"] == 0  # it was never asked
    (condition,) = re.findall(r'^      - "(.+)"$', block, re.MULTILINE)
    assert condition not in {one["name"] for one in after["terms"]}
