"""The compiled queries mean what the tree means: small evaluators of both languages say so."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlencode

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.sources import SOURCES
from medsafe_harvest.sources.base import Window
from medsafe_harvest.sources.expression import And, Expression, Field, Not, Or, Term
from medsafe_harvest.sources.query import Node, Query, QueryFile, parse_text

ARXIV = SOURCES["arxiv"]
S2 = SOURCES["semantic_scholar"]
Document: TypeAlias = dict[str, str]

VOCABULARY = ["alpha", "beta", "gamma", "x", "ray", "and"]
words = st.sampled_from(["alpha", "beta", "gamma", "alpha beta", "x-ray", "AND"])
documents = st.fixed_dictionaries(
    {
        "title": st.lists(st.sampled_from(VOCABULARY), max_size=4),
        "abstract": st.lists(st.sampled_from(VOCABULARY), max_size=4),
    }
).map(lambda parts: {field: " ".join(text) for field, text in parts.items()})
both_fields = st.just((Field.TITLE, Field.ABSTRACT))
any_fields = both_fields | st.sampled_from([(Field.TITLE,), (Field.ABSTRACT,)])


def nodes(fields: st.SearchStrategy[tuple[Field, ...]]) -> st.SearchStrategy[Node]:
    terms = st.builds(lambda term, where: Node(term=term, fields=where), words, fields)

    def joined(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        several = st.lists(inner, min_size=1, max_size=3).map(tuple)
        return (
            st.builds(lambda items: Node(any_of=items), several)
            | st.builds(lambda items: Node(all_of=items), several)
            | st.builds(lambda wanted, not_: Node(all_of=wanted, none_of=not_), several, several)
        )

    return st.recursive(terms, joined, max_leaves=8)


def as_query(node: Node) -> Query:
    return Query(id="q", description="d", all_of=(node,))


def holds(words: str, text: str) -> bool:
    sought = " ".join(re.findall(r"\w+", words.lower()))
    return f" {sought} " in f" {text} "


def means(expression: Expression, document: Document) -> bool:
    match expression:
        case Term():
            return any(holds(expression.words, document[field]) for field in expression.fields)
        case Not():
            return not means(expression.item, document)
        case And():
            return all(means(item, document) for item in expression.items)
        case Or():
            return any(means(item, document) for item in expression.items)


def arxiv_finds(query: str, document: Document) -> bool:
    """arXiv's grammar: no precedence, every operator groups from the right, no unary ANDNOT."""
    tokens = re.findall(r'[()]|[a-z]+:"[^"]*"|[^\s()]+', query)
    names = {"ti": "title", "abs": "abstract"}

    def operand() -> bool:
        token = tokens.pop(0)
        if token == "(":
            value = whole()
            assert tokens.pop(0) == ")"
            return value
        prefix, _, text = token.partition(":")
        return holds(text, document[names[prefix]])

    def whole() -> bool:
        left = operand()
        if not tokens or tokens[0] == ")":
            return left
        operator = tokens.pop(0)
        right = whole()
        return {
            "AND": left and right,
            "OR": left or right,
            "ANDNOT": left and not right,
        }[operator]

    value = whole()
    assert not tokens
    return value


def s2_finds(query: str, document: Document) -> bool:
    """Bulk search: no precedence, operators group from the left, words in title or abstract."""
    tokens = re.findall(r'[()+|]|-(?=["(\w])|"[^"]*"|\w+', query)
    assert "".join(tokens).replace(" ", "") == query.replace(" ", "")

    def operand() -> bool:
        token = tokens.pop(0)
        if token == "-":
            return not operand()
        if token == "(":
            value = whole()
            assert tokens.pop(0) == ")"
            return value
        return any(holds(token, text) for text in document.values())

    def whole() -> bool:
        value = operand()
        while tokens and tokens[0] != ")":
            operator = tokens.pop(0)
            right = operand()
            value = {"+": value and right, "|": value or right}[operator]
        return value

    value = whole()
    assert not tokens
    return value


def test_the_arxiv_evaluator_groups_from_the_right() -> None:
    document = {"title": "alpha beta gamma", "abstract": ""}
    assert arxiv_finds("ti:alpha ANDNOT ti:beta ANDNOT ti:gamma", document)
    assert not arxiv_finds("(ti:alpha ANDNOT (ti:beta OR ti:gamma))", document)


@given(nodes(any_fields), documents)
@settings(max_examples=300)
def test_arxiv_finds_what_the_tree_means(node: Node, document: Document) -> None:
    query = as_query(node)
    assert arxiv_finds(ARXIV.compile(query), document) == means(query.expression, document)


@given(nodes(both_fields), documents)
@settings(max_examples=300)
def test_semantic_scholar_finds_what_the_tree_means(node: Node, document: Document) -> None:
    query = as_query(node)
    assert S2.widened(query) == ()
    assert s2_finds(S2.compile(query), document) == means(query.expression, document)


@given(nodes(any_fields), documents)
@settings(max_examples=300)
def test_semantic_scholar_never_loses_a_paper_to_a_field_it_does_not_know(
    node: Node, document: Document
) -> None:
    query = as_query(node)
    if means(query.expression, document):
        assert s2_finds(S2.compile(query), document)


@given(nodes(any_fields))
def test_no_two_kinds_of_operator_stand_side_by_side_at_arxiv(node: Node) -> None:
    text = re.sub(r'"[^"]*"', "phrase", ARXIV.compile(as_query(node)))
    while "(" in text:
        for inner in re.findall(r"\(([^()]*)\)", text):
            assert len(set(re.findall(r" (AND|OR|ANDNOT) ", inner))) <= 1
            assert inner.count(" ANDNOT ") <= 1
        text = re.sub(r"\([^()]*\)", "group", text)


def test_the_languages_are_written_as_their_manuals_say() -> None:
    query = parse_text('"federated learning" AND (x-ray OR ct) NOT survey')
    assert ARXIV.compile(query) == (
        '(((ti:"federated learning" OR abs:"federated learning") AND '
        '(ti:"x-ray" OR abs:"x-ray" OR ti:ct OR abs:ct)) ANDNOT (ti:survey OR abs:survey))'
    )
    assert S2.compile(query) == '("federated learning" + ("x ray" | ct) + -(survey))'


def test_both_names_of_an_archive_are_asked_for() -> None:
    query = Query(id="q", description="d", all_of=(Node(term="a"),), categories=("eess.SY", "cs.*"))
    assert ARXIV.compile(query) == ("((ti:a OR abs:a) AND (cat:eess.SY OR cat:cs.SY OR cat:cs.*))")
    assert ARXIV.widened(query) == ()
    assert S2.widened(query) == ("categories eess.SY, cs.*: papers of all fields are found",)


def test_a_field_that_is_lost_is_named() -> None:
    title = (Field.TITLE,)
    query = Query(
        id="q",
        description="d",
        all_of=(Node(term="a", fields=title),),
        none_of=(Node(term="b", fields=title),),
    )
    assert S2.compile(query) == "a"
    assert S2.widened(query) == (
        "'a' in the title only: looked for in title and abstract",
        "not 'b' in the title only: not excluded",
    )


def test_a_raw_query_is_sent_as_it_is() -> None:
    query = Query(
        id="q",
        description="d",
        all_of=(Node(term="a"),),
        raw={"arxiv": "au:smith", "semantic_scholar": "smith~1"},
        categories=("cs.LG",),
    )
    assert ARXIV.compile(query) == "au:smith"
    assert S2.compile(query) == "smith~1"
    assert S2.widened(query) == ()


ROOT = Path(__file__).parents[3]
SEEDS = QueryFile.model_validate(
    yaml.safe_load((ROOT / "config/queries.yaml").read_text(encoding="utf-8"))
).queries
TRUST = frozenset(
    [
        "explainability",
        "federated-learning",
        "privacy",
        "unlearning",
        "adversarial",
        "backdoor-poisoning",
        "model-ip",
        "fairness",
        "robustness",
        "uncertainty",
        "anomaly-detection",
        "hallucination",
        "governance",
        "synthetic-data",
    ]
)


def test_the_seed_queries_cover_every_trust_topic() -> None:
    assert len(SEEDS) >= 16
    assert {query.topic for query in SEEDS} == TRUST


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("query", SEEDS, ids=lambda query: query.id)
def test_the_address_of_a_seed_query_is_short_enough(query: Query, name: str) -> None:
    request = next(SOURCES[name].harvest(query, Window(date(2020, 1, 1), date(2020, 12, 31))))
    # Servers cut GET lines at about 2,000 bytes; 100 are left for host and path.
    assert len(urlencode(request.params)) < 1900


def test_the_examples_of_the_documentation_are_true() -> None:
    text = (ROOT / "docs/queries.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (query,) = QueryFile.model_validate(yaml.safe_load(example)).queries
    assert len(S2.widened(query)) == 2
    typed = parse_text('"federated learning" AND (mri OR ct) NOT survey')
    assert f"| arXiv | `{ARXIV.compile(typed)}` |" in text
    assert S2.compile(typed) in text.replace("\\|", "|")
