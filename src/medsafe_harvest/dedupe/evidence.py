"""The table of evidence: what is looked at, and how much it weighs, in natural log-odds.

``python -m bench.weights`` says where the weights come from, and how they do on labelled sets that
they were not fitted to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from medsafe_harvest.dedupe.columns import Bools
from medsafe_harvest.dedupe.compare import NO_DAY, NO_YEAR, Features

#: Log-odds before any evidence: candidate pairs are mostly different papers.
PRIOR = -4.0
#: Sum from which a pair is a match: odds of about 9 to 1, score 0.9.
MATCH_FROM = 2.2
#: Sum from which it is worth a second look: even odds, score 0.5.
REVIEW_FROM = 0.0
#: Share of the shorter author list that has to be found in the longer.
_AUTHORS_AGREE = 0.8
UNRELATED_TITLE = 0.6
#: Days between which services say that one paper was posted, most of them, and nearly all.
_SAME_DAYS, A_WEEK = 4, 7
_A_YEAR = 366
#: Information, in nats, that a word of substance has.
A_WORD = 3.5


@dataclass(frozen=True, slots=True)
class Level:
    """One level of one kind of evidence."""

    words: str
    weight: float
    holds: Callable[[Features], Bools]


def always(features: Features) -> Bools:
    """The last level of each kind."""
    return np.ones(len(features), dtype=bool)


def alike(f: Features) -> Bools:
    """Titles that are one, or of which one is part of the other."""
    return (f.title_similarity >= 0.9) | f.title_extends | f.title_part


def one_wording(f: Features) -> Bools:
    """No word of substance stands in place of another."""
    return f.information_swapped < A_WORD


def sequel(f: Features) -> Bools:
    """One title has a number more, and no word, or says which part it is: "X" and "X II"."""
    return ((f.numbers_missing > 0) & ~word_more(f)) | f.part_missing


def word_more(f: Features) -> Bools:
    """A word of substance stands in one title alone."""
    return np.asarray(f.information_swapped + f.information_added >= A_WORD, dtype=bool)


def posted_apart(f: Features) -> Bools:
    """Both are preprints of a known day, and the days are weeks apart."""
    return np.asarray(f.days_apart > A_WEEK, dtype=bool)


def same_days(f: Features) -> Bools:
    """Posted on much the same day, where of one the first author alone is known, and agrees."""
    near = (f.days_apart != NO_DAY) & (f.days_apart <= _SAME_DAYS)
    return np.asarray(near & f.authors_one_known & f.first_author_agrees, dtype=bool)


def placed(f: Features) -> Bools:
    """One volume and one page."""
    return f.volume_agrees & f.page_agrees


def misplaced(f: Features) -> Bools:
    """Another volume and another page."""
    return f.volume_conflicts & f.page_conflicts


def authors_agree(f: Features) -> Bools:
    """All authors of the shorter list, or nearly all, stand in the longer."""
    return f.author_similarity >= _AUTHORS_AGREE


#: Kind of evidence -> its levels; the first that holds counts.
EVIDENCE: Mapping[str, tuple[Level, ...]] = MappingProxyType(
    {
        "title": (
            Level("titles equal", 4.0, lambda f: f.title_equal),
            Level(
                "titles nearly equal",
                3.5,
                lambda f: (
                    ((f.title_similarity >= 0.96) & one_wording(f) & (f.information_added < 10))
                    | (
                        (f.title_similarity >= 0.8)
                        & (f.information_swapped + f.information_added == 0)
                    )
                ),
            ),
            Level("one title is part of the other", 2.5, lambda f: f.title_part),
            Level("one title extends the other", 1.5, lambda f: f.title_extends),
            Level("titles similar", 2.5, lambda f: (f.title_similarity >= 0.9) & one_wording(f)),
            Level("titles similar, a word differs", -0.5, lambda f: f.title_similarity >= 0.9),
            Level(
                "titles somewhat similar, one name",
                1.5,
                lambda f: f.name_agrees & (f.title_similarity >= UNRELATED_TITLE),
            ),
            Level(
                "titles somewhat similar",
                0.6,
                lambda f: (f.title_similarity >= 0.8) & one_wording(f),
            ),
            Level(
                "titles somewhat similar, a word differs",
                0.0,
                lambda f: f.title_similarity >= 0.8,
            ),
            Level("one name", 0.0, lambda f: f.name_agrees),
            Level(
                "titles little alike, but for many words",
                -0.5,
                lambda f: (f.title_similarity >= UNRELATED_TITLE) & (f.information_shared >= 30),
            ),
            Level("titles little alike", -1.5, lambda f: f.title_similarity >= UNRELATED_TITLE),
            Level("titles unlike", -5.0, always),
        ),
        "rarity": (
            Level("title unlike anyway", 0.0, lambda f: ~alike(f)),
            Level("says very little", -2.5, lambda f: f.information_shared < 10),
            Level("says little", -1.0, lambda f: f.information_shared < 18),
            Level("says something", 0.0, lambda f: f.information_shared < 24),
            Level("says more", 0.7, lambda f: f.information_shared < 40),
            Level("says much", 1.2, lambda f: f.information_shared < 60),
            Level("says very much", 2.0, always),
        ),
        "numbers": (
            Level("same numbers", 0.0, lambda f: f.numbers_missing == 0),
            Level(
                "numbers where one title is longer",
                -1.0,
                # A number alone is a sequel: "X" and "X II".
                lambda f: (
                    (f.title_extends | f.title_part)
                    & (f.numbers_conflict == 0)
                    & (f.information_added > A_WORD)
                ),
            ),
            Level("numbers missing in one title", -3.5, always),
        ),
        "kind": (
            Level("kind of text alike", 0.0, lambda f: ~f.marker_missing & ~f.turning),
            Level("one is called editorial or review", -1.0, lambda f: f.marker_missing),
            Level("one is a protocol, a pilot, an update or the like", -4.0, always),
        ),
        "authors": (
            Level("authors unknown", 0.0, lambda f: np.isnan(f.author_similarity)),
            Level(
                "only a first author known, and it agrees",
                2.5,
                lambda f: f.authors_one_known & f.first_author_agrees,
            ),
            Level(
                "only a first author known, elsewhere not the first",
                -1.5,
                lambda f: f.authors_one_known & (f.authors_common > 0),
            ),
            Level(
                "three or more authors agree",
                4.0,
                lambda f: authors_agree(f) & (f.authors_common >= 3) & ~f.authors_extra,
            ),
            Level("authors agree", 3.0, lambda f: authors_agree(f) & ~f.authors_extra),
            Level(
                "three or more authors among those of the other",
                3.0,
                lambda f: authors_agree(f) & (f.authors_common >= 3),
            ),
            Level(
                "two authors among those of the other",
                1.0,
                lambda f: authors_agree(f) & (f.authors_common == 2),
            ),
            Level("one author among those of the other", 0.3, authors_agree),
            Level("namesakes", -1.5, lambda f: f.namesakes),
            Level("authors partly agree", 0.5, lambda f: f.author_similarity >= 0.5),
            Level("few authors agree", -2.0, lambda f: f.author_similarity > 0.0),
            # Alone it is decisive (see GUARDS); beside one place it is a misread list of names.
            Level("no author agrees", -3.7, always),
        ),
        "year": (
            Level("year unknown", 0.0, lambda f: f.year_difference == NO_YEAR),
            Level("same year", 1.0, lambda f: f.year_difference == 0),
            # Of a preprint, the year is that of its first version.
            Level("years apart, both preprints", -2.5, lambda f: f.preprints),
            # It appears years before its journal version.
            Level("years apart, preprint", 0.0, lambda f: f.preprint & (f.year_difference <= 3)),
            # A meeting's paper and its journal version, or an abstract shown twice.
            Level("years apart, other venue", -3.5, lambda f: f.venue_differs),
            Level("another year's meeting", -1.5, lambda f: f.meetings),
            Level("next year", -0.5, lambda f: f.year_difference == 1),
            Level("two years apart", -2.0, lambda f: f.year_difference == 2),
            Level("years apart", -3.0, always),
        ),
        "day": (
            Level("day of posting unknown", 0.0, lambda f: f.days_apart == NO_DAY),
            # A list says when a paper was announced, up to four days after it was sent in.
            Level(
                "posted on the same days, only a first author known",
                1.5,
                same_days,
            ),
            Level("posted within a week", 0.0, lambda f: f.days_apart <= A_WEEK),
            Level("posted more than a year apart", -2.5, lambda f: f.days_apart > _A_YEAR),
            Level(
                "posted weeks apart under one title, by more authors",
                -2.0,
                lambda f: f.title_equal & f.authors_extra,
            ),
            # Put on two servers, or twice on one.
            Level("posted weeks apart under one title", 0.0, lambda f: f.title_equal),
            Level("posted weeks apart under two titles", -2.5, always),
        ),
        "venue": (
            Level("venues agree", 0.5, lambda f: f.venue_agrees),
            Level(
                "venues differ",
                -0.8,
                lambda f: f.venue_differs & ~f.preprint & ~placed(f),
            ),
            Level("venues tell nothing", 0.0, always),
        ),
        "place": (
            Level("volume and page agree in one venue", 5.5, lambda f: placed(f) & f.venue_agrees),
            Level("volume and page agree", 4.0, placed),
            Level("page agrees", 2.0, lambda f: f.page_agrees & ~f.volume_conflicts),
            Level("volume and page differ", -4.0, misplaced),
            Level(
                "volume differs, other venue",
                -4.6,
                lambda f: f.volume_conflicts & f.venue_differs & ~f.preprint,
            ),
            Level("volume differs", -2.5, lambda f: f.volume_conflicts),
            Level(
                "issue and page differ in one volume",
                -4.0,
                lambda f: f.page_conflicts & f.volume_agrees & f.issue_conflicts & ~f.venue_differs,
            ),
            Level(
                "page differs in one volume",
                -2.8,
                lambda f: f.page_conflicts & f.volume_agrees & ~f.venue_differs,
            ),
            Level(
                "page differs, other venue",
                -3.2,
                lambda f: f.page_conflicts & f.venue_differs & ~f.preprint,
            ),
            Level("page differs", -1.5, lambda f: f.page_conflicts),
            Level("volume agrees", 0.5, lambda f: f.volume_agrees),
            Level("place unknown", 0.0, always),
        ),
        "identifiers": (
            Level("identifier shared", 10.0, lambda f: f.id_agrees),
            Level("DOI shared", 7.0, lambda f: f.doi_agrees),
            Level("DOI of another registrant", -2.0, lambda f: f.doi_elsewhere),
            Level("no identifier shared", 0.0, always),
        ),
    }
)
