"""What spares work in taking titles and names apart must not change what comes out."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from medsafe_harvest.dedupe import markers, people
from medsafe_harvest.dedupe.numbers import numbers_of, numbers_of_title
from medsafe_harvest.normalize.text import comparison_form

PLAIN = st.characters(min_codepoint=32, max_codepoint=126)
PATTERNS = [pattern for _, pattern in markers._MARKERS if pattern.pattern.isascii()]


@pytest.mark.parametrize("number", range(len(PATTERNS)))
@settings(max_examples=30)
@given(data=st.data())
def test_what_carries_a_marker_is_never_taken_for_plain(number: int, data: st.DataObject) -> None:
    """Titles made from each pattern, so a new pattern without a sign of its own fails here."""
    title = data.draw(st.from_regex(PATTERNS[number], alphabet=PLAIN))
    assume(PATTERNS[number].search(title))
    assert markers.may_be_marked(title)


@pytest.mark.parametrize(
    "title",
    [
        "What next? [37 refs]",
        "P123: Sepsis alerts",
        "Freund et al (1996). Boosting",
        "Sepsis alerts: brief communication",
        "A remark on sepsis",
        "Re: Sepsis alerts",
    ],
)
def test_notes_and_leads_are_seen(title: str) -> None:
    assert markers.may_be_marked(title)


def test_most_titles_are_plain() -> None:
    assert not markers.may_be_marked("Federated learning for sepsis alerts in hospitals")


@given(st.text(max_size=60))
def test_numbers_are_the_same_with_the_form_at_hand(title: str) -> None:
    form = comparison_form(title) if title else ""
    assert numbers_of_title(title, form) == numbers_of(title)


@given(st.from_regex(people._GROUP, alphabet=PLAIN))
def test_a_group_is_never_taken_for_a_person(name: str) -> None:
    assume(people._GROUP.search(name))
    assert not people._is_plain(name)


@given(st.from_regex(people._ET_AL, alphabet=PLAIN))
def test_a_list_that_is_cut_is_never_taken_for_a_person(name: str) -> None:
    assume(people._ET_AL.search(name))
    assert not people._is_plain(name)
