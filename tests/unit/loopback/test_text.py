from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.loopback.text import FieldIndex, folded, stems, words

VOCABULARY = ("learning", "learned", "learn", "model", "models", "x", "ray", "Ärzte")
TEXTS = st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=8).map(" ".join), max_size=6)


def naive(text: str, sought: list[str]) -> bool:
    here, wanted = stems(words(text)), stems(sought)
    starts = range(len(here) - len(wanted) + 1)
    return bool(wanted) and any(here[at : at + len(wanted)] == wanted for at in starts)


def test_words_are_lower_case_runs_of_letters_and_digits() -> None:
    assert words("X-ray_v2: Ärzte, β-cells (CO2)") == [
        "x", "ray", "v2", "ärzte", "β", "cells", "co2",
    ]  # fmt: skip


def test_folding_drops_diacritics_only() -> None:
    assert folded("Jürgen Ñandú β") == "Jurgen Nandu β"


@given(TEXTS, st.lists(st.sampled_from(VOCABULARY), max_size=3))
def test_a_phrase_is_found_where_a_naive_scan_finds_it(texts: list[str], phrase: list[str]) -> None:
    sought = words(" ".join(phrase))
    found = FieldIndex((text,) for text in texts).phrase(sought)
    assert found.tolist() == [naive(text, sought) for text in texts]


def test_a_phrase_runs_over_neither_passages_nor_papers() -> None:
    index = FieldIndex([("ana wu", "bo li"), ("li ana",)])
    assert index.phrase(["wu", "bo"]).tolist() == [False, False]
    assert index.phrase(["li", "li"]).tolist() == [False, False]
    assert index.phrase(["bo", "li"]).tolist() == [True, False]


def test_exact_words_are_not_stemmed() -> None:
    index = FieldIndex([("learning models",), ("learned model",)])
    assert index.phrase(["model"]).tolist() == [True, True]
    assert index.phrase(["model"], exact=True).tolist() == [False, True]


def test_wildcards_fit_plain_words_in_full() -> None:
    index = FieldIndex([("fairness",), ("fair",), ("unfair",)])
    assert index.wildcard("fair*").tolist() == [True, True, False]
    assert index.wildcard("Fairnes?").tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("slop", "expected"),
    [
        (0, [True, False, False, False]),
        (1, [True, True, False, False]),
        (2, [True, True, True, False]),
        (9, [True, True, True, False]),
    ],
)
def test_slop_counts_the_moves_to_the_phrase(slop: int, expected: list[bool]) -> None:
    # A word between costs one move, an exchange of neighbours two.
    index = FieldIndex([("deep nets",), ("deep wide nets",), ("nets deep",), ("deep",)])
    assert index.near(["deep", "nets"], slop).tolist() == expected


def test_slop_never_reaches_into_the_next_paper() -> None:
    assert not FieldIndex([("deep",), ("nets",)]).near(["deep", "nets"], 50).any()


def test_fuzzy_words_are_within_the_edit_distance() -> None:
    index = FieldIndex([("anaesthesia",), ("anesthesia",), ("anosmia",)])
    assert index.fuzzy("anesthesia", 1).tolist() == [True, True, False]
    assert index.fuzzy("anesthesia", 0).tolist() == [False, True, False]
