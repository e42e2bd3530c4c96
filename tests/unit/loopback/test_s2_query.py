from __future__ import annotations

import itertools

import pytest

from medsafe_harvest.loopback import Corpus
from medsafe_harvest.loopback.s2_query import find

LETTERS = ("alpha", "beta", "gamma")
TITLES = [
    " ".join(word for word, held in zip(LETTERS, holds, strict=True) if held)
    for holds in itertools.product((True, False), repeat=3)
]
COMBINATIONS = Corpus.from_rows({"title": f"Paper {title}"} for title in TITLES)


def titles(query: str) -> set[str]:
    mask = find(COMBINATIONS, query).tolist()
    return {title for title, hit in zip(TITLES, mask, strict=True) if hit}


def rows(corpus: Corpus, query: str) -> list[int]:
    return [int(row) for row in find(corpus, query).nonzero()[0]]


def test_all_words_are_required_side_by_side_or_with_plus() -> None:
    both = {title for title in TITLES if "alpha" in title and "beta" in title}
    assert titles("alpha beta") == titles("alpha + beta") == titles("alpha+beta") == both


def test_a_bar_means_or_and_a_minus_means_not() -> None:
    assert titles("alpha | beta") == {t for t in TITLES if "alpha" in t or "beta" in t}
    assert titles("alpha -beta") == {t for t in TITLES if "alpha" in t and "beta" not in t}
    assert titles("alpha -(beta | gamma)") == {"alpha"}
    assert titles("-alpha -beta -gamma") == {""}
    assert titles("-(alpha | (beta gamma))") == {"beta", "gamma", ""}
    assert titles("--alpha") == titles("alpha")


def test_operators_group_from_the_left() -> None:
    assert titles("alpha | beta gamma") == titles("(alpha | beta) + gamma")
    assert titles("alpha beta | gamma") == titles("(alpha + beta) | gamma")
    assert titles("alpha | beta gamma") != titles("alpha | (beta gamma)")


def test_an_empty_query_finds_all() -> None:
    assert titles("") == titles("  ") == titles("()") == set(TITLES)


@pytest.mark.parametrize("query", ["alpha)", "(alpha", '"alpha', "alpha -", "+alpha", "alpha |"])
def test_what_makes_no_sense_is_passed_over(query: str) -> None:
    assert titles(query) == titles("alpha")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"federated learning"', [0]),
        ('"federate learned"', [0]),
        ('"learning federated"', []),
        ('"learning federated"~2', [0]),
        ('"federated classifiers"~', []),
        ('"federated classifiers"~4', [0]),
        ('"classifiers hospitals"', []),  # title and abstract are two fields
        ("classifiers hospitals", [0]),
        ("x-ray", [0]),
        ("ray", [0, 1]),
        ("micro*", [1]),
        ("x-ra*", [0]),
        ("protan~1", [2]),
        ("protan~", [2]),
        ("protan", []),
        ("wu", []),  # authors are not searched
        ('"X-ray" -federated', []),
        ('("federated learning" | proton) -survey', [0]),
    ],
)
def test_words_are_sought_in_title_and_abstract(
    corpus: Corpus, query: str, expected: list[int]
) -> None:
    assert rows(corpus, query) == expected
