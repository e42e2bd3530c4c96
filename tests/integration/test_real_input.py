"""The whole pipeline over 25,197 real papers finds exactly what each query means.

The oracle reads the corpus file itself and evaluates the meaning of each query by brute force. Of
the code it tests it shares only the query's tree; of the stand-in servers it shares nothing but
the rule for text that ``docs/loopback.md`` documents.
"""

from __future__ import annotations

import filecmp
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import Stemmer
import yaml

from medsafe_harvest import loopback
from medsafe_harvest.config import load_config
from medsafe_harvest.sources.expression import And, Expression, Field, Not, Or, Term
from medsafe_harvest.sources.query import Query

from .conftest import Project, make_project

#: The corpus names a paper 2406.16143, 2406.16143v1 or http://arxiv.org/abs/2406.16143v1.
_ARXIV_ID = re.compile(
    r"(?:https?://arxiv\.org/abs/)?(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?"
)
_WORD = re.compile(r"[^\W_]+")
_STEM = Stemmer.Stemmer("english")
_ALIASES = {"cs.SY": "eess.SY", "cs.NA": "math.NA", "cs.IT": "math.IT", "stat.TH": "math.ST"}


def stemmed(text: str | None) -> str:
    """The text's stems, each between two blanks, so that a phrase is a substring."""
    return f" {' '.join(_STEM.stemWords(_WORD.findall((text or '').lower())))} "


@dataclass(frozen=True, slots=True)
class Row:
    """One paper of the corpus as the oracle sees it."""

    arxiv_id: str | None
    title: str
    day: date
    whole_day: bool
    categories: tuple[str, ...]
    stems: dict[Field, str]


def rows_of(file: Path) -> Iterator[Row]:
    for row in pq.read_table(file).to_pylist():
        named = _ARXIV_ID.fullmatch(row["record_id"] or "")
        yield Row(
            arxiv_id=named["id"] if named else None,
            title=row["title"],
            day=date.fromisoformat(row["date"] if len(row["date"]) > 4 else f"{row['date']}-01-01"),
            whole_day=len(row["date"]) > 4,
            categories=tuple(re.split(r"[,\s]+", row["categories"] or "")),
            stems={
                Field.TITLE: stemmed(row["title"]),
                Field.ABSTRACT: stemmed(row["abstract"]),
            },
        )


def holds(expression: Expression, row: Row) -> bool:
    match expression:
        case Term():
            phrase = stemmed(expression.words)
            return any(phrase in row.stems[field] for field in expression.fields)
        case And():
            return all(holds(item, row) for item in expression.items)
        case Or():
            return any(holds(item, row) for item in expression.items)
        case Not():
            return not holds(expression.item, row)


def in_category(query: Query, row: Row) -> bool:
    patterns = {*query.categories, *(_ALIASES.get(name, name) for name in query.categories)}
    return not patterns or any(
        fnmatchcase(category, pattern) for category in row.categories for pattern in patterns
    )


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


def first_rows(rows: list[Row]) -> list[Row]:
    """One row an arXiv id, the first; every row without one."""
    seen: set[str] = set()
    kept = []
    for row in rows:
        if row.arxiv_id is None or row.arxiv_id not in seen:
            kept.append(row)
        if row.arxiv_id is not None:
            seen.add(row.arxiv_id)
    return kept


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


def test_a_second_harvest_asks_only_for_the_days_that_may_still_change(
    project: Project, corpus_file: Path, tmp_path: Path
) -> None:
    copy = Project(tmp_path)
    shutil.copytree(project.folder, tmp_path, dirs_exist_ok=True, symlinks=True)
    with loopback.running(loopback.read_corpus(corpus_file)) as services:
        settings = yaml.safe_load((copy.config / "settings.yaml").read_text(encoding="utf-8"))
        settings["sources"]["arxiv"]["base_url"] = services.arxiv_url
        settings["sources"]["semantic_scholar"]["base_url"] = services.semantic_scholar_url
        (copy.config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        assert copy.run("harvest").exit_code == 0
        queries = len(load_config(copy.config).queries)
        # One window a query and source, and Semantic Scholar's two latest first of January;
        # arXiv's empty first pages are asked for twice.
        assert 2 * queries <= len(services.requests) <= 5 * queries
    before = pq.read_table(project.data / "curated/papers.parquet")
    assert pq.read_table(copy.data / "curated/papers.parquet").equals(before)
