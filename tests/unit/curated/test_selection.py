"""Papers are chosen by topic, time, query and condition; nothing else can be asked of the file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.selection import _open, select
from medsafe_harvest.curated.where import parse
from medsafe_harvest.curated.where_columns import known_words
from medsafe_harvest.errors import SelectionError
from medsafe_harvest.schema import PAPER, TABLES

_DAY = dt.date(2026, 11, 1)


def paper(name: str, **values: Any) -> dict[str, Any]:
    """A row of ``schema.PAPER``: what must be there and is not given is empty."""
    lists: dict[str, Any] = {field.name: [] for field in PAPER if pa.types.is_list(field.type)}
    plain = {"title": name, "medical": False, "withdrawn": False}
    return lists | plain | {"first_seen": _DAY, "last_seen": _DAY} | values | {"paper_id": name}


def author(given: str, family: str) -> dict[str, Any]:
    return {"name": f"{given} {family}", "given": given, "family": family, "suffix": None}


def link(
    kind: str = "repository", *, own: bool | None = True, dead: bool = False
) -> dict[str, Any]:
    return {"url": "https://a.b/c", "kind": kind, "own": own, "said": None, "looks_dead": dead}


PAPERS = [
    paper(
        "mh1",
        title="Fair chest X-rays",
        authors=[author("Zoë", "Müller")],
        published=dt.date(2024, 5, 31),
        year=2024,
        venue="MICCAI",
        topics=["fairness", "x-ray"],
        trust=["fairness"],
        modality=["x-ray"],
        medical=True,
        links=[link()],
        queries=["fairness"],
        doi="10.1000/1",
    ),
    paper(
        "mh2",
        title="Federated O'Hare",
        authors=[author("Bo", "Li"), author("Jane", "Smith")],
        year=2023,
        topics=["federated-learning"],
        trust=["federated-learning"],
        links=[link(own=False), link(dead=True), link("dataset")],
        open_access=True,
    ),
    paper("mh3", published=dt.date(2022, 12, 31), year=2022, venue="TMI", medical=True),
    paper("mh4", venue="100% sure", citation_count=7, open_access=False),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tables = {name: schema.empty_table() for name, schema in TABLES.items()}
    tables["papers"] = pa.Table.from_pylist(PAPERS, PAPER)
    about = {"as_of": None, "windows": [["arxiv", "privacy", "0", "2024-01-01..2024-12-31"]]}
    # A quote in the path is no end of a text in SQL.
    return snapshot.write(tmp_path_factory.mktemp("it's"), tables, about, keep=1)


def chosen(folder: Path, **choice: Any) -> str:
    """The numbers of the papers let in."""
    ids = select(folder, columns=["paper_id"], **choice)["paper_id"].to_pylist()
    return "".join(ids).replace("mh", "")


def test_a_selection_is_whole_and_in_the_schema(folder: Path) -> None:
    table = select(folder, where="paper_id != 'x'")
    assert table.schema.equals(PAPER, check_metadata=True)
    assert table.equals(pa.Table.from_pylist(PAPERS, PAPER))
    assert select(folder).equals(table)
    assert select(folder, columns=["year", "title"], topics=["x-ray"]).to_pylist() == [
        {"year": 2024, "title": "Fair chest X-rays"}
    ]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"topics": ["fairness", "modality:X-Ray"]}, "1"),
        ({"topics": ["fairness", "federated_learning"]}, ""),
        ({"topics": ["modality:fairness"], "known": ["fairness"]}, ""),
        ({"query": "fairness"}, "1"),
        ({"query": "privacy"}, ""),  # asked, and found nothing
        ({"since": dt.date(2024, 5, 31)}, "1"),
        ({"since": dt.date(2024, 6, 1)}, ""),
        ({"since": dt.date(2023, 7, 1)}, "12"),  # of 2 only the year is known
        ({"until": dt.date(2022, 12, 31)}, "3"),
        ({"since": dt.date(2022, 1, 1), "until": dt.date(2023, 1, 1)}, "23"),
        ({"topics": ["fairness"], "since": dt.date(2020, 1, 1), "where": "year = 2024"}, "1"),
    ],
)
def test_choices(folder: Path, choice: dict[str, Any], expected: str) -> None:
    assert chosen(folder, **choice) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("topic = 'fairness' and year >= 2024", "1"),
        ("Topic = 'Fairness'", "1"),
        ("topic = 'trust:fairness'", "1"),
        ("topic != 'fairness'", "234"),
        ("topic in ('fairness', 'federated learning')", "12"),
        ("'federated_learning' in topics", "2"),
        ("'federated_learning' not in topics", "134"),
        ("topic like 'fed%'", "2"),
        ("topic is null", "34"),
        ("medical and not code", "3"),
        ("medical = false", "24"),
        ("medical is true", "13"),
        ("code", "1"),  # neither others' nor dead, and no data set
        ("code = false", "234"),
        ("venue = 'miccai'", "1"),
        ("venue != 'MICCAI'", "234"),  # 2 has none, so it is not that one
        ("not venue = 'MICCAI'", "234"),
        ("not (venue = 'MICCAI' or venue = 'TMI')", "24"),
        ("not (venue = 'TMI' and year = 2022)", "124"),
        ("not not venue = 'TMI'", "3"),
        ("venue is null", "2"),
        ("venue and not doi", "34"),
        ("author = 'muller'", "1"),
        ("author = 'Zoe Müller'", "1"),
        ("author in ('Smith', 'Mueller')", "2"),
        ("author like 'jane %'", "2"),
        ("title like '%O''HARE%'", "2"),
        ("title not like '%e%'", "34"),
        ("title like 'fair' or venue like '100!%'", ""),
        ("year between 2022 and 2023", "23"),
        ("not year between 2022 and 2023", "14"),
        ("2023 < year", "1"),
        ("year in (2022, 2024)", "13"),
        ("year = '2022'", "3"),
        ("published = '2024-05'", "1"),
        ("published > '2024-05'", ""),
        ("published >= '2024-05'", "1"),
        ("published < 2024", "3"),
        ("published <= 2022", "3"),
        ("date between '2022-12' and date '2024-05-30'", "3"),
        ("open_access = false", "4"),
        ("not open_access", "134"),
        ("citations > 6", "4"),
        ("query = 'fairness'", "1"),
        ("links and not code", "2"),
        ("doi = '10.1000/1' -- of May", "1"),
        ("Paper_ID = 'MH1'", ""),  # ids are compared letter by letter
    ],
)
def test_conditions(folder: Path, where: str, expected: str) -> None:
    assert chosen(folder, where=where) == expected


@pytest.mark.parametrize(
    ("where", "said", "at"),
    [
        ("yaer = 2024", "no column 'yaer'; did you mean 'year'", 0),
        ("author = 'Müller' and yearx = 3", "no column 'yearx'", 22),
        ('topic = "fairness"', "text stands in single quotes", 8),
        ("year > 2020 or topic = 'fairnes'", "topic 'fairnes'; did you mean 'fairness'", 23),
        ("topic = 'trst:fairness'", "no facet 'trst'; facets: trust, modality, task", 8),
        ("year = 2024 and", "cannot be read", 12),
        ("year = 1) or (1 = 1", "cannot be read", 8),
        ("year = 'abc'", "compared with a whole number", 7),
        ("year = 99999999999999999999", "compared with a whole number", 7),
        ("year like '2%'", "year is a number", 10),
        ("published = '2024-02-30'", "compared with a date", 12),
        ("title < 'a'", "title is text", 8),
        ("title = null", "`is null`", 8),
        ("title like '\0'", "single quotes", 11),
        ("title = '\udcff'", "half a character", 9),
        ("title = venue", "a value must stand here", 8),
        ("medical = 'yes'", "yes or no", 10),
        ("code = 1", "write `code`", 0),
        ("code is null", "write `code`", 0),
        ("tags = 'x'", "only be there or not", 7),
        ("topics > 'x'", "compared with =, !=, in or like", 9),
        ("", "the condition is empty", None),
        ("year = 1 " * 300, "at most 2000 letters", None),
        # Whatever could reach further than the columns is refused.
        ("year = 1; drop table papers", "no condition on papers", None),
        ("year = 1 limit 1", "only a condition may stand here", None),
        ("year = 1 union select 1", "only a condition may stand here", None),
        ("read_csv('/etc/passwd')", "cannot stand in a condition", 0),
        ("title = getenv('HOME')", "a value must stand here", 8),
        ("year in (select 1)", "cannot stand in a condition", 8),
        ("exists(from '/etc/passwd')", "cannot stand in a condition", 0),
        ("year + 1 = 2", "a column must stand here", 5),
        ("year = $since", "a value must stand here", 7),
        ("title like 'a' escape 'b'", "cannot stand in a condition", 6),
        ("papers.year = 1", "no column 'papers.year'", 0),
    ],
)
def test_a_wrong_condition_is_refused_at_its_place(
    folder: Path, where: str, said: str, at: int | None
) -> None:
    with pytest.raises(SelectionError) as caught:
        select(folder, where=where)
    assert said in str(caught.value)
    assert caught.value.at == at
    if at is not None:
        lines = str(caught.value).splitlines()
        assert lines[1].isprintable()
        assert lines[2] == "  " + " " * at + "^"


def test_a_deep_condition_is_read_or_refused(folder: Path) -> None:
    assert chosen(folder, where="not " * 400 + "year = 2024") == "1"
    assert chosen(folder, where="(" * 900 + "year = 2024" + ")" * 900) == "1"


_TOKENS = [
    *known_words(),
    *("=", "!=", "<", ">=", "in", "like", "between", "and", "or", "not", "is null", "(", ")", ","),
    *("'a'", "'%'", "2024", "-1", "true", "null", "'2024-01'", "[", "]", "::", ";", "--", "*", "?"),
    *("select", "from", "papers", "exists", "case", "$1", '"x"', "1.5", "interval", "lambda"),
]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(_TOKENS), min_size=1, max_size=8).map(" ".join))
def test_whatever_is_written_is_refused_or_runs(folder: Path, where: str) -> None:
    try:
        condition = parse(where)
    except SelectionError:
        return
    with _open(folder / "papers.parquet") as connection:
        sql = f"select count(*) from papers where {condition.sql}"
        connection.execute(sql, dict(condition.values))


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"topics": ["fairnes"]}, "no paper has the topic 'fairnes'; did you mean 'fairness'?"),
        ({"topics": ["modality:fairness"]}, "the topic of modality 'fairness'"),
        ({"topics": "fairness"}, r"write \['fairness'\]"),
        ({"query": "fair"}, "no seed query is called 'fair'; did you mean 'fairness'"),
        ({"columns": ["titel"]}, "no column 'titel'; did you mean 'title'"),
    ],
)
def test_a_wrong_choice_names_what_there_is(
    folder: Path, choice: dict[str, Any], said: str
) -> None:
    with pytest.raises(SelectionError, match=said):
        select(folder, **choice)


def test_the_database_can_open_no_other_file(folder: Path) -> None:
    with _open(folder / "papers.parquet") as connection:
        assert connection.execute("select count(*) from papers").fetchall() == [(4,)]
        for statement in (
            "from read_text('/etc/hostname')",
            f"from read_parquet('{str(folder / 'records.parquet').replace(chr(39), chr(39) * 2)}')",
            "copy papers to '/tmp/medsafe_stolen.csv'",
            "set enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)
