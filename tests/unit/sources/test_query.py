from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from medsafe_harvest.sources.expression import And, Field, Not, Or, Term, problem
from medsafe_harvest.sources.query import Query, QueryFile, parse_text
from medsafe_harvest.sources.query_text import QuerySyntaxError


def query(**parts: Any) -> dict[str, Any]:
    return {"id": "q", "description": "d", **parts}


def read(*queries: dict[str, Any], **groups: list[str]) -> QueryFile:
    return QueryFile.model_validate({"groups": groups, "queries": list(queries)})


def test_groups_nodes_and_fields_become_one_tree() -> None:
    file = read(
        query(
            all_of=[
                "federated  learning",
                {"group": "organs"},
                {"term": "mri", "fields": ["title"]},
                {"any_of": ["x", {"all_of": ["y", "z"]}], "fields": ["abstract"]},
            ],
            none_of=["survey", "review"],
        ),
        organs=["heart", "lung"],
    )
    abstract = (Field.ABSTRACT,)
    assert file.queries[0].expression == And(
        (
            Term("federated learning"),
            Or((Term("heart"), Term("lung"))),
            Term("mri", (Field.TITLE,)),
            Or((Term("x", abstract), And((Term("y", abstract), Term("z", abstract))))),
            Not(Or((Term("survey"), Term("review")))),
        )
    )


@pytest.mark.parametrize(
    ("wrong", "place", "message"),
    [
        (query(all_of=["a", "b+c"]), (0, "all_of", 1, "term"), "without \\+"),
        (query(all_of=["-a"]), (0, "all_of", 0, "term"), "begin with '-'"),
        (query(all_of=["..."]), (0, "all_of", 0, "term"), "letter or a digit"),
        (query(all_of=[""]), (0, "all_of", 0, "term"), "letter or a digit"),
        (query(all_of=["a", {}]), (0, "all_of", 1), "empty"),
        (query(all_of=[{"any_of": []}]), (0, "all_of", 0, "any_of"), "at least 1"),
        (query(all_of=["a", {"group": "nope"}]), (0, "all_of", 1, "group"), "no group 'nope'"),
        (query(none_of=["a"]), (0,), "nothing that is wanted"),
        (query(), (0,), "nothing that is wanted"),
        (query(all_of=[{"none_of": ["a"]}]), (0,), "not wanted"),
        (query(any_of=["a", {"none_of": ["b"]}]), (0, "any_of", 1), "not wanted"),
        (
            query(all_of=["a", {"any_of": ["b", {"none_of": ["c"]}]}]),
            (0, "all_of", 1, "any_of", 1),
            "not wanted",
        ),
        (
            query(all_of=["a"], none_of=[{"none_of": ["b"]}]),
            (0, "none_of", 0),
            "not wanted",
        ),
        (query(all_of=["a"], fields=["author"]), (0, "fields", 0), "title"),
        (query(all_of=["a"], fields=[]), (0, "fields"), "at least 1"),
        (query(all_of=["a"], since="2024-02-01", until="2024-01-01"), (0,), "later than"),
        (query(all_of=["a"], categories=["cs.LG", "LG"]), (0, "categories", 1), "pattern"),
        (query(all_of=["a"], raw={"arxiv": " "}), (0, "raw", "arxiv"), "at least 1"),
        (query(all_of=["a"], allof=["b"]), (0, "allof"), "not permitted"),
        (query(id="Not A Slug", all_of=["a"]), (0, "id"), "pattern"),
    ],
)
def test_a_mistake_is_reported_where_it_stands(
    wrong: dict[str, Any], place: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        read(wrong, organs=["heart"])
    assert caught.value.errors()[0]["loc"] == ("queries", *place)


def test_a_second_query_of_the_same_id_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="another query has this id") as caught:
        read(query(all_of=["a"]), query(all_of=["b"]))
    assert caught.value.errors()[0]["loc"] == ("queries", 1, "id")


def test_a_mistake_in_a_group_is_reported_in_the_group_alone() -> None:
    with pytest.raises(ValidationError) as caught:
        read(query(all_of=[{"group": "organs"}]), organs=["heart", "lu*g"])
    assert [error["loc"] for error in caught.value.errors()] == [("groups", "organs", 1)]


def test_braces_in_a_name_do_not_break_its_message() -> None:
    with pytest.raises(ValidationError, match=r"no group '\{x\}'"):
        read(query(all_of=[{"group": "{x}"}]))


def test_the_digest_follows_the_meaning_and_nothing_else() -> None:
    def digest(**parts: Any) -> str:
        return read(query(**parts), g=["B", "a"]).queries[0].digest

    same = digest(any_of=["a", "b"])
    assert same == digest(any_of=["b", "A"], description="other", since="2020-01-01", topic="t")
    assert same == digest(all_of=[{"group": "g"}], sources=["arxiv"])
    others = [
        digest(all_of=["a", "b"]),
        digest(any_of=["a", "b"], none_of=["c"]),
        digest(any_of=["a", "b"], fields=["title"]),
        digest(any_of=["a", "b"], categories=["cs.LG"]),
        digest(any_of=["a", "b"], raw={"arxiv": "ti:a"}),
        digest(any_of=["a b"]),
    ]
    assert len({same, *others}) == len(others) + 1


def test_the_digest_is_the_same_in_every_release() -> None:
    # A change of this value makes every complete window be fetched again.
    assert parse_text("a OR b").digest == (
        "4c475bf0184447ee6d5561d523caee96f417bdc5450e1053266fe27ce49020b8"
    )


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("chest x-ray", And((Term("chest"), Term("x-ray")))),
        ('"chest  x-ray"', Term("chest x-ray")),
        ("a AND b OR c", Or((And((Term("a"), Term("b"))), Term("c")))),
        ("a OR b AND c", Or((Term("a"), And((Term("b"), Term("c")))))),
        ("a NOT b c", And((Term("a"), Not(Term("b")), Term("c")))),
        ("a AND NOT (b OR c)", And((Term("a"), Not(Or((Term("b"), Term("c"))))))),
        ("(a)(b)", And((Term("a"), Term("b")))),
        ("a and b", And((Term("a"), Term("and"), Term("b")))),
        ("médecine 肺癌", And((Term("médecine"), Term("肺癌")))),
        ('"AND" a', And((Term("AND"), Term("a")))),
    ],
)
def test_typed_text_is_read_with_not_before_and_before_or(text: str, meaning: object) -> None:
    assert parse_text(text).expression == meaning


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "missing"),
        ("  ", 3, "missing"),
        ("a AND", 6, "missing"),
        ("OR a", 1, "before 'OR'"),
        ("a OR )", 6, "before"),
        ("a (b", 3, "never closed"),
        ("a) b", 2, "closes nothing"),
        ('a "b', 3, "never closed"),
        ("a ti:b", 3, "plain words"),
        ("a -b", 3, "begin with '-'"),
        ("NOT a", 1, "not wanted"),
        ("a OR NOT b", 1, "not wanted"),
        ('a ""', 4, "letter or a digit"),
        ("(" * 60 + "a" + ")" * 60, 52, "too many"),
    ],
)
def test_a_mistake_in_typed_text_names_its_column(text: str, column: int, message: str) -> None:
    with pytest.raises(QuerySyntaxError, match=message) as caught:
        parse_text(text)
    assert caught.value.column == column


@given(st.text(alphabet='ab"()- ANDORT:é\n', max_size=25) | st.text(max_size=25))
def test_any_text_gives_a_query_or_a_syntax_error(text: str) -> None:
    try:
        found = parse_text(text)
    except QuerySyntaxError:
        return
    assert problem(found.expression) is None
    assert Query.model_validate(found.model_dump()) == found
