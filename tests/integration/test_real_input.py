"""The whole pipeline over 25,197 real papers finds exactly what each query means.

``tests/chaos/oracle.py`` evaluates the meaning of each query by brute force.
"""

from __future__ import annotations

import filecmp
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from medsafe_harvest import loopback
from medsafe_harvest.config import load_config
from tests.chaos.oracle import first_rows, holds, in_category, rows_of

from .conftest import Project, make_project, settled


@pytest.fixture(scope="module")
def corpus_file(shared_data: Path) -> Path:
    return shared_data / "corpus/medical_ml.parquet"


@pytest.fixture(scope="module")
def project(corpus_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    with loopback.running(loopback.read_corpus(corpus_file)) as services:
        made = make_project(tmp_path_factory.mktemp("real"), services)
        result = made.run("harvest")
    assert result.exit_code == 0, result.output
    return made


def test_each_query_finds_exactly_the_papers_that_it_means(
    project: Project, corpus_file: Path
) -> None:
    config = load_config(project.config)
    rows = list(rows_of(corpus_file))
    on_arxiv = first_rows([row for row in rows if row.arxiv_id and row.whole_day])
    on_s2 = first_rows(rows)
    found = pq.read_table(project.data / "curated/records.parquet").to_pylist()
    today = datetime.now(UTC).date()
    for query in config.queries:
        since, until = query.since or config.settings.harvest.since, query.until or today
        means = query.expression
        inside = [row for row in on_arxiv if since <= row.day <= until and holds(means, row)]
        expected = {row.arxiv_id for row in inside if in_category(query, row)}
        got = {
            row["arxiv_id"]
            for row in found
            if row["source"] == "arxiv" and query.id in row["queries"]
        }
        assert got == expected, query.id
        assert expected, f"{query.id} finds nothing, so this proves nothing"
        # Semantic Scholar cannot be asked for categories.
        expected_s2 = {
            row.arxiv_id or row.title
            for row in on_s2
            if since <= row.day <= until and holds(means, row)
        }
        got_s2 = {
            row["arxiv_id"] or row["title_raw"]
            for row in found
            if row["source"] == "semantic_scholar" and query.id in row["queries"]
        }
        assert got_s2 == expected_s2, query.id


def test_rebuilding_elsewhere_from_the_raw_pages_gives_the_same_bytes(
    project: Project, tmp_path: Path
) -> None:
    elsewhere = Project(tmp_path)
    shutil.copytree(project.config, elsewhere.config)
    shutil.copytree(project.data / "raw", elsewhere.data / "raw")
    assert elsewhere.run("rebuild").exit_code == 0
    one, two = ((place.data / "curated/current").resolve() for place in (project, elsewhere))
    names = sorted(path.name for path in one.iterdir())
    assert one.name == two.name
    assert names == sorted(path.name for path in two.iterdir())
    assert filecmp.cmpfiles(one, two, names, shallow=False)[0] == names


def test_a_later_harvest_asks_only_for_the_days_that_may_still_change(
    project: Project, corpus_file: Path, tmp_path: Path
) -> None:
    copy = Project(tmp_path)
    shutil.copytree(project.folder, tmp_path, dirs_exist_ok=True, symlinks=True)
    with loopback.running(loopback.read_corpus(corpus_file)) as services:
        settings = yaml.safe_load((copy.config / "settings.yaml").read_text(encoding="utf-8"))
        for name, url in services.urls.items():
            settings["sources"][name]["base_url"] = url
        (copy.config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        assert copy.run("harvest").exit_code == 0
    first, later = settled(project), settled(copy)
    assert first
    assert later == first, "a window that was received is not asked for again"
    # Licences and versions of further papers were looked up meanwhile.
    columns = ["paper_id", "title", "record_ids", "queries", "citation_count", "tldr"]
    before = pq.read_table(project.data / "curated/papers.parquet", columns=columns)
    after = pq.read_table(copy.data / "curated/papers.parquet", columns=columns)
    assert after.equals(before)
