from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.loopback import Corpus
from medsafe_harvest.loopback.arxiv_query import Searcher, parse, rewritten
from medsafe_harvest.loopback.refused import RefusedError

# Eight papers whose titles hold every combination of three words.
LETTERS = ("alpha", "beta", "gamma")
COMBINATIONS = [
    " ".join(word for word, held in zip(LETTERS, holds, strict=True) if held)
    for holds in itertools.product((True, False), repeat=3)
]
SEARCHER = Searcher(
    Corpus.from_rows(
        {"title": f"Paper {title}", "arxiv_id": f"2101.0000{n}", "date": "2021-01-01"}
        for n, title in enumerate(COMBINATIONS, start=1)
    )
)


def titles(query: str) -> set[str]:
    found = SEARCHER.find(parse(rewritten(query)))
    return {title for title, hit in zip(COMBINATIONS, found.tolist(), strict=True) if hit}


def found(corpus: Corpus, query: str) -> list[int]:
    return [int(row) for row in Searcher(corpus).find(parse(rewritten(query))).nonzero()[0]]


@pytest.mark.parametrize(
    ("sent", "executed"),
    [
        ("testing", "all:testing"),
        ('"deep learning"', 'all:"deep learning"'),
        ("author:smith", "all:author:smith"),
        ("ti:(electron proton)", "(ti:electron OR ti:proton)"),
        ("ti:electron ti:proton", "ti:electron OR ti:proton"),
        ("ti:a and ti:b", "ti:a OR all:and OR ti:b"),
        ("ti:a NOT ti:b", "ti:a ANDNOT ti:b"),
        ("ti:a AND NOT ti:b", "ti:a ANDNOT ti:b"),
        ("ti:a AND OR ti:b", "ti:a OR ti:b"),
        ('ti:(a OR "b c") AND d', '(ti:a OR ti:"b c") AND all:d'),
        ("ti:(a abs:(b c) d)", "(ti:a OR (abs:b OR abs:c) OR ti:d)"),
        ("au:del_maestro", 'au:"del maestro"'),
        ("ti:a lastUpdatedDate:[2020 TO 2021]", "ti:a OR submittedDate:[2020 TO 2021]"),
        ('  ( (ti:"a  b")   AND(abs:c) ) ', '((ti:"a  b") AND (abs:c))'),
    ],
)
def test_a_query_is_rewritten_before_it_is_executed(sent: str, executed: str) -> None:
    assert rewritten(sent) == executed


def test_a_query_written_out_is_executed_as_it_was_sent() -> None:
    query = (
        '((ti:"federated learning" OR abs:"federated learning") AND (cat:cs.LG OR cat:eess.*)'
        " AND submittedDate:[202001010000 TO 202012312359])"
    )
    assert rewritten(query) == query
    assert parse(rewritten(query)) == parse(query)


@pytest.mark.parametrize(
    ("query", "means"),
    [
        ("{0} AND {1} OR {2}", "{0} AND ({1} OR {2})"),
        ("{0} OR {1} AND {2}", "{0} OR ({1} AND {2})"),
        ("{0} ANDNOT {1} ANDNOT {2}", "{0} ANDNOT ({1} ANDNOT {2})"),
        ("{0} AND {1} ANDNOT {2}", "{0} AND ({1} ANDNOT {2})"),
        ("{0} {1} AND {2}", "{0} OR ({1} AND {2})"),
    ],
)
def test_operators_have_no_precedence_and_group_from_the_right(query: str, means: str) -> None:
    terms = [f"ti:{word}" for word in LETTERS]
    assert titles(query.format(*terms)) == titles(means.format(*terms))


def test_a_double_exclusion_lets_through_what_holds_both() -> None:
    assert "alpha beta gamma" in titles("ti:alpha ANDNOT ti:beta ANDNOT ti:gamma")
    assert titles("ti:alpha ANDNOT (ti:beta OR ti:gamma)") == {"alpha"}


@given(
    st.lists(st.sampled_from(LETTERS), min_size=2, max_size=6),
    st.lists(st.sampled_from(("AND", "OR", "ANDNOT")), min_size=5, max_size=5),
)
def test_a_chain_equals_its_parentheses_from_the_right(terms: list[str], ops: list[str]) -> None:
    chain = [f"ti:{term}" for term in terms]
    explicit = chain[-1]
    for term, op in reversed(list(zip(chain, ops[: len(chain) - 1], strict=False))):
        explicit = f"{term} {op} ({explicit})"
    flat = " ".join(
        part
        for pair in itertools.zip_longest(chain, ops[: len(chain) - 1])
        for part in pair
        if part
    )
    assert titles(flat) == titles(explicit)


def test_a_chain_of_thousands_of_alternatives_is_evaluated() -> None:
    assert titles(" OR ".join(["ti:alpha"] * 5000)) == titles("ti:alpha")


def test_a_leading_andnot_takes_one_term() -> None:
    assert titles("ANDNOT ti:alpha") == set(COMBINATIONS) - titles("ti:alpha")
    with pytest.raises(RefusedError, match="one single term"):
        parse(rewritten("ANDNOT ti:alpha AND ti:beta"))


@pytest.mark.parametrize(
    "query",
    [
        '"unclosed', "(ti:a", "ti:a)", "ti:a AND", "OR ti:a", "()", "ti:", "ti: a", 'ti:""',
        "ti:*a", "cat:?s", "submittedDate:2020", "submittedDate:[2020 TO *]",
        "submittedDate:[202013010000 TO 2021]", "submittedDate:[20201 TO 2021]",
        "submittedDate:[2020 TO 202100]",
    ],
)  # fmt: skip
def test_a_malformed_query_is_refused(query: str) -> None:
    with pytest.raises(RefusedError):
        SEARCHER.find(parse(rewritten(query)))


@pytest.mark.parametrize("query", ["testing", "ti:a ti:b", "ti:a NOT ti:b", "author:smith"])
def test_the_grammar_itself_knows_none_of_what_is_rewritten(query: str) -> None:
    with pytest.raises(RefusedError):
        parse(query)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ('ti:"federated learning"', [0]),
        ('ti:"federate learned"', [0]),
        ("ti:learning", [0]),
        ("title:electron", [1]),
        ("abs:x-ray", []),
        ("ti:x-ray", [0]),
        ("ti:ray-x", [0]),
        ('ti:"ray x"', []),
        ("ti:micro*", [1]),
        ("au:muller", [0]),
        ('au:"Ana del Maestro"', [0]),
        ("au:del_maestro", [0]),
        ('au:"müller ana"', []),
        ("au:learned", []),
        ("co:workshop", [0]),
        ("jr:imaging", [0]),
        ("doi:10.1000/abc.1", [0]),
        ("id:2102.00002v1", [1]),
        ("rn:7", []),
        ("federated", [0, 1]),
        ("cat:cs.LG", [0, 1]),
        ("cat:cs.*", [0, 1]),
        ("cat:eess.?V", [0]),
        ("cat:cs.lg", []),
        ("cat:cs", []),
        ("proton", []),
    ],
)
def test_each_prefix_searches_its_field(corpus: Corpus, query: str, rows: list[int]) -> None:
    assert found(corpus, query) == rows


@pytest.mark.parametrize(
    ("bounds", "rows"),
    [
        ("[2021 TO 2021]", [0, 1]),
        ("[202101 TO 202101]", [0]),
        ("[20210131 TO 20210131]", [0]),
        ("[202101310000 TO 202101312359]", [0]),  # 23:59:30 belongs to the last minute
        ("[202101310000 TO 202101312358]", []),
        ("[20210131000000 TO 20210131235900]", [0]),
        ("[202102010000 TO 202102010000]", [1]),
        ("[2019 TO 2020]", []),
        # Ten digits: 2021020106 is 00:06 and not 06:00, so midnight comes before it.
        ("[2021020106 TO 2021]", []),
        ("[20210131 TO 2021020106]", [0, 1]),
    ],
)
def test_submission_dates_are_a_closed_range(corpus: Corpus, bounds: str, rows: list[int]) -> None:
    assert found(corpus, f"submittedDate:{bounds}") == rows
    assert found(corpus, f"lastUpdatedDate:{bounds}") == rows


def test_ten_digits_are_read_with_one_digit_for_the_hour() -> None:
    row: dict[str, Any] = {"title": "T", "arxiv_id": "2301.00001", "date": "2023-01-01T00:06:00Z"}
    assert found(Corpus.from_rows([row]), "submittedDate:[2023010106 TO 202301010006]") == [0]
