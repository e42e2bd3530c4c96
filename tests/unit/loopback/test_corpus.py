from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from medsafe_harvest.loopback import Corpus, Limits, read_corpus


def one(**row: Any) -> Corpus:
    return Corpus.from_rows([{"title": "T", **row}])


def test_only_the_title_is_required() -> None:
    paper = Corpus.from_table(pa.table({"title": ["A title"], "unheard_of": [1]})).papers[0]
    assert (paper.title, paper.abstract, paper.authors, paper.version) == ("A title", None, (), 1)
    assert len(paper.s2_id) == 40


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"name": ["x"]}), tmp_path / "corpus.parquet")
    with pytest.raises(ValueError, match="no column 'title'"):
        read_corpus(tmp_path / "corpus.parquet")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"title": None}, "row 0 of the corpus: no title"),
        ({"date": "yesterday"}, "row 0 of the corpus: .*yesterday"),
        ({"side": "openalex"}, "side 'openalex'"),
        ({"side": "arxiv", "arxiv_id": "2101.00001", "date": "2021"}, "a date to the day"),
        ({"arxiv_id": "0806x2878"}, "'0806x2878' is not an arXiv identifier"),
        ({"arxiv_id": "1501.0001"}, "is not an arXiv identifier"),
    ],
)
def test_a_row_that_cannot_be_read_is_an_error(row: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        one(**row)


@pytest.mark.parametrize(
    ("authors", "expected"),
    [
        (["A. B.", "C D"], ("A. B.", "C D")),
        ("Wu, Bo; Li, An", ("Wu, Bo", "Li, An")),
        ("Bo Wu, An Li", ("Bo Wu", "An Li")),
        (None, ()),
    ],
)
def test_authors_come_as_list_or_text(authors: Any, expected: tuple[str, ...]) -> None:
    assert one(authors=authors).papers[0].authors == expected


@pytest.mark.parametrize("categories", ["cs.LG stat.ML", "cs.LG,stat.ML", ["cs.LG", "stat.ML"]])
def test_categories_come_as_list_or_text(categories: Any) -> None:
    assert one(categories=categories).papers[0].categories == ("cs.LG", "stat.ML")


@pytest.mark.parametrize(
    ("given", "published", "year"),
    [
        ("2021", None, 2021),
        ("2021-03-04", datetime(2021, 3, 4, tzinfo=UTC), 2021),
        ("2021-03-04T05:06:07Z", datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC), 2021),
        (date(2021, 3, 4), datetime(2021, 3, 4, tzinfo=UTC), 2021),
        (datetime(2021, 3, 4, 5), datetime(2021, 3, 4, 5, tzinfo=UTC), 2021),  # noqa: DTZ001 a timestamp without zone
        (None, None, None),
    ],
)
def test_dates_come_as_text_date_or_time(
    given: Any, published: datetime | None, year: int | None
) -> None:
    paper = one(date=given).papers[0]
    assert (paper.published, paper.year) == (published, year)


@pytest.mark.parametrize(
    ("record_id", "arxiv_id", "version"),
    [
        ("2312.00935v2", "2312.00935", 2),
        ("http://arxiv.org/abs/2310.16485v3", "2310.16485", 3),
        ("math.GT/0309136", "math/0309136", 1),
        ("05684", None, 1),
        ("1501.0001", None, 1),
    ],
)
def test_a_record_id_of_the_right_shape_is_an_arxiv_id(
    record_id: str, arxiv_id: str | None, version: int
) -> None:
    paper = one(record_id=record_id).papers[0]
    assert (paper.arxiv_id, paper.version) == (arxiv_id, version)


def test_the_first_row_of_an_arxiv_id_stands_on_each_side() -> None:
    corpus = Corpus.from_rows(
        {"title": title, "arxiv_id": arxiv_id, "date": day}
        for title, arxiv_id, day in (
            ("only a year", "2101.00001", "2021"),
            ("with a day", "2101.00001", "2021-01-01"),
            ("again", "2101.00001", "2021-01-02"),
            ("elsewhere", None, "2021-01-03"),
        )
    )
    assert corpus.arxiv.tolist() == [1]
    assert corpus.semantic_scholar.tolist() == [0, 3]


def test_a_row_with_a_side_stands_on_that_side_only() -> None:
    row = {"arxiv_id": "2101.00001", "date": "2021-01-01", "title": "T"}
    corpus = Corpus.from_rows([{**row, "side": "semantic_scholar"}, {**row, "side": "arxiv"}])
    assert (corpus.arxiv.tolist(), corpus.semantic_scholar.tolist()) == ([1], [0])


def test_derived_ids_differ_for_equal_rows_and_not_by_order() -> None:
    rows = [{"title": "A"}, {"title": "A"}, {"title": "B"}]
    forwards = Corpus.from_rows(rows).papers
    backwards = Corpus.from_rows(rows[::-1]).papers
    assert len({paper.s2_id for paper in forwards}) == 3
    assert {paper.s2_id for paper in forwards} == {paper.s2_id for paper in backwards}
    assert len({paper.corpus_id for paper in forwards}) == 3


def test_a_limit_below_one_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Limits(arxiv_window=0)
