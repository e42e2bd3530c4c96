"""Author lists as keys."""

from __future__ import annotations

import pytest

from medsafe_harvest.dedupe.people import people


def names(*listed: str) -> tuple[str, ...]:
    return people({"name": name, "family": None, "given": None} for name in listed).families


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Jürgen Müller", "muller"),
        ("Müller, Jürgen", "muller"),
        ("van de Kar, N. C.", "kar"),
        ("Le, Quintrec M.", "quintrec"),
        ("O'Donnell C. P.", "odonnell"),
        ("Michal Kosinskihttps://www.semanticscholar.org/me/account", "kosinski"),
    ],
)
def test_the_family_key_is_the_last_word_that_is_no_particle(name: str, family: str) -> None:
    assert names(name) == (family,)


def test_parts_given_by_the_source_are_preferred_to_guesses() -> None:
    found = people([{"name": "Wang Chao", "family": "Wang", "given": "Chao"}])
    assert (found.families, found.signed, found.givens) == (("wang",), ("wang c",), ("chao",))


def test_a_list_glued_into_one_name_is_taken_apart() -> None:
    assert names("Tan A.Schulze A.O'Donnell C. P.Davis P. G.") == (
        "tan",
        "schulze",
        "odonnell",
        "davis",
    )
    assert names("Matthew D Zeiler; Rob Fergus") == ("zeiler", "fergus")


def test_a_name_cut_inside_a_character_entity_is_mended() -> None:
    assert names("C&#233", "sar A. Galindo") == ("galindo",)


def test_et_al_is_noticed_and_is_nobody() -> None:
    found = people([{"name": "Jakub Lála et.al.", "family": None, "given": None}])
    assert (found.families, found.cut) == (("lala",), True)


def test_unknown_authors_are_nobody() -> None:
    assert names("UNKNOWN", "Anonymous", "") == ()
