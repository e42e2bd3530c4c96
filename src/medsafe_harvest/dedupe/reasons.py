"""What is decided about two records, and why: closed lists."""

from __future__ import annotations

import enum


class Outcome(enum.StrEnum):
    """What was decided."""

    MATCH = "match"
    NON_MATCH = "non-match"
    REVIEW = "review"


class Reason(enum.StrEnum):
    """Why; docs/matching.md explains each."""

    # Matches
    MUST_LINK = "must_link"
    SHARED_IDENTIFIER = "shared_identifier"
    SHARED_DOI = "shared_doi"
    SAME_TITLE_AND_PLACE = "same_title_and_place"
    SAME_TITLE_AND_AUTHORS = "same_title_and_authors"
    SAME_TITLE_AND_YEAR = "same_title_and_year"
    SIMILAR_TITLE_AND_PLACE = "similar_title_and_place"
    SIMILAR_TITLE_AND_AUTHORS = "similar_title_and_authors"
    ONLY_PARTNER = "only_partner"
    # Reviews
    IDENTIFIERS_DISAGREE = "identifiers_disagree"
    IDENTIFIER_CONTRADICTED = "identifier_contradicted"
    DOI_OF_SEVERAL = "doi_of_several"
    OTHER_VENUE_CLASS = "other_venue_class"
    CLUSTER_CONFLICT = "cluster_conflict"
    ANOTHER_WORD = "another_word"
    ANOTHER_ISSUE = "another_issue"
    PROMISING = "promising"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"
    # Non-matches
    CANNOT_LINK = "cannot_link"
    CONFLICTING_IDENTIFIERS = "conflicting_identifiers"
    MARKER_DIFFERS = "marker_differs"
    NUMBERS_DIFFER = "numbers_differ"
    DESIGNATORS_DIFFER = "designators_differ"
    OPPOSITES = "opposites"
    GENERIC_TITLE = "generic_title"
    AUTHORS_DIFFER = "authors_differ"
    PLACE_DIFFERS = "place_differs"
    TITLES_DIFFER = "titles_differ"
    TOO_LITTLE_IN_COMMON = "too_little_in_common"
