"""Rules that decide alone, whatever the sum of the evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from medsafe_harvest.dedupe.columns import Bools
from medsafe_harvest.dedupe.compare import Features
from medsafe_harvest.dedupe.evidence import (
    UNRELATED_TITLE,
    alike,
    authors_agree,
    misplaced,
    one_wording,
    placed,
    sequel,
)
from medsafe_harvest.dedupe.reasons import Outcome, Reason


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule that decides alone."""

    reason: Reason
    outcome: Outcome
    holds: Callable[[Features], Bools]


def _contradicted(f: Features) -> Bools:
    """Neither title nor authors support it."""
    unsupported = ~(f.author_similarity >= 0.5)  # also where a side names no author
    return (f.title_similarity < UNRELATED_TITLE) & ~f.title_extends & unsupported


def _any_id(f: Features) -> Bools:
    return f.id_agrees | f.doi_agrees


def _conflicting(f: Features) -> Bools:
    return f.id_conflicts | f.doi_conflicts


def _same_place_and_authors(f: Features) -> Bools:
    return placed(f) & (authors_agree(f) | np.isnan(f.author_similarity))


def _same_in_all_else(f: Features) -> Bools:
    """Journals that move to another publisher get new DOIs; repositories give DOIs to copies."""
    same_year = f.title_equal & authors_agree(f) & (f.year_difference == 0)
    return np.asarray((alike(f) & _same_place_and_authors(f)) | same_year, dtype=bool)


def _same_team(f: Features) -> Bools:
    """Of one year and venue, by two or more editors, or a text that is written but once."""
    agree = authors_agree(f) & ~f.authors_extra
    apart = f.page_conflicts | f.issue_conflicts | f.volume_conflicts | f.venue_differs
    one_place = (f.year_difference == 0) & ~apart
    enough = (f.authors_common >= 2) | (f.venue_agrees & ~f.recurring)
    return np.asarray(agree & one_place & enough, dtype=bool)


def _another_text(f: Features) -> Bools:
    """A correction or reply; or an editorial or review by others than the text that it is about."""
    one_hand = f.marker_missing & authors_agree(f) & (f.year_difference == 0)
    return np.asarray(f.marker_differs & ~one_hand, dtype=bool)


#: In order: the first that holds decides.
GUARDS: tuple[Guard, ...] = (
    Guard(
        Reason.IDENTIFIERS_DISAGREE,
        Outcome.REVIEW,
        lambda f: _conflicting(f) & (_any_id(f) | (_same_in_all_else(f) & ~f.id_conflicts)),
    ),
    Guard(Reason.CONFLICTING_IDENTIFIERS, Outcome.NON_MATCH, _conflicting),
    Guard(
        # Another paper's number, or one number for Part I and Part II.
        Reason.IDENTIFIER_CONTRADICTED,
        Outcome.REVIEW,
        lambda f: (
            (_any_id(f) & _contradicted(f)) | (f.id_agrees & (f.numbers_conflict > 0) & ~placed(f))
        ),
    ),
    Guard(
        # One DOI over the abstracts of a supplement, or over a whole issue.
        Reason.DOI_OF_SEVERAL,
        Outcome.REVIEW,
        lambda f: (
            f.doi_agrees
            & ~f.id_agrees
            & (
                (misplaced(f) & ~alike(f))
                | (f.numbers_conflict > 0)
                | (f.generic & ~placed(f))
                # A journal gives one DOI to all that was said in the discussion of a paper.
                | (f.marked & (f.author_similarity == 0.0))
                | (~alike(f) & (f.title_similarity < 0.8) & ~authors_agree(f))
                | (~alike(f) & (f.title_similarity < UNRELATED_TITLE))
                | (~one_wording(f) & (f.title_similarity < _ALIKE))
            )
        ),
    ),
    Guard(Reason.MARKER_DIFFERS, Outcome.NON_MATCH, _another_text),
    Guard(Reason.SHARED_IDENTIFIER, Outcome.MATCH, lambda f: f.id_agrees),
    Guard(Reason.SHARED_DOI, Outcome.MATCH, lambda f: f.doi_agrees),
    Guard(
        Reason.NUMBERS_DIFFER,
        Outcome.NON_MATCH,
        lambda f: (f.numbers_conflict > 0) & ~_same_place_and_authors(f),
    ),
    Guard(
        Reason.DESIGNATORS_DIFFER,
        Outcome.NON_MATCH,
        lambda f: f.designators_conflict & ~_same_place_and_authors(f),
    ),
    Guard(
        Reason.OPPOSITES,
        Outcome.NON_MATCH,
        lambda f: f.contrast & ~_same_place_and_authors(f),
    ),
    Guard(
        Reason.GENERIC_TITLE,
        Outcome.NON_MATCH,
        lambda f: f.generic & ~(placed(f) & ~(f.author_similarity < 0.5)) & ~_same_team(f),
    ),
    Guard(
        Reason.AUTHORS_DIFFER,
        Outcome.NON_MATCH,
        lambda f: (f.author_similarity == 0.0) & ~(placed(f) & alike(f)),
    ),
    Guard(Reason.PLACE_DIFFERS, Outcome.NON_MATCH, misplaced),
)


def promising(f: Features) -> Bools:
    """All but the title agrees, or the title does and nothing else is known."""
    team = (authors_agree(f) & ~f.authors_extra) | (f.authors_one_known & f.first_author_agrees)
    # One team writes several papers in a year: the title or the venue has to say that it is one.
    named = f.name_agrees | f.title_part | (f.title_similarity >= _ALIKE)
    placed_alike = f.venue_agrees & (f.title_similarity >= UNRELATED_TITLE)
    retitled = team & (named | placed_alike) & (f.information_shared >= _SOMETHING)
    bare = np.isnan(f.author_similarity) & (f.title_equal | f.title_part)
    one_time = (f.year_difference <= 0) | (f.preprint & (f.year_difference <= 1))
    apart = f.page_conflicts | f.volume_conflicts | (f.venue_differs & ~f.preprint & ~f.same_class)
    # "Qwen2 technical report" and "Qwen2.5 technical report" are a sequel, too.
    apart |= f.contrast | f.turning | f.marker_differs | sequel(f)
    likely = retitled | (bare & (f.information_shared >= _TELLING))
    return np.asarray(likely & one_time & ~apart & ~f.generic & ~_conflicting(f), dtype=bool)


_ALIKE = 0.9
#: Information, in nats, of two titles that have something in common.
_SOMETHING = 16.0
#: The same of a title that no two papers share by accident.
_TELLING = 24.0
#: A promising pair is kept from this sum.
PROMISING_FROM = -3.0
