"""What relations are made of: kinds, links, and pairs of records of different papers."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class Relation(enum.StrEnum):
    """What the left record is to the right one; the words of DataCite or Crossref in brackets."""

    #: A preprint, and what a publisher made of it, of one paper (Crossref isPreprintOf).
    IS_PREPRINT_OF = "is_preprint_of"
    #: Another version or a deposited copy, of one paper (DataCite IsVersionOf).
    IS_VERSION_OF = "is_version_of"
    #: A journal paper, and the conference paper of the same team before it (DataCite
    #: IsDerivedFrom).
    EXTENDS = "extends"
    #: An erratum, correction or retraction, and the paper (Crossmark's updates).
    CORRECTS = "corrects"
    #: A comment, and what it is about (Crossref isCommentOn).
    COMMENTS_ON = "comments_on"
    #: A reply, and what is replied to or defended (Crossref isReplyTo).
    REPLIES_TO = "replies_to"
    #: A later part, and the part before it (DataCite Continues).
    CONTINUES = "continues"
    #: A translation, and the original (DataCite IsTranslationOf).
    IS_TRANSLATION_OF = "is_translation_of"
    #: Data, code or an additional file, and its paper (DataCite IsSupplementTo).
    SUPPLEMENTS = "supplements"
    #: A published evaluation, and the paper (DataCite Reviews).
    REVIEWS = "reviews"


#: Titles, or what is left of them without their marker, agree.
ALIKE = 0.9
#: Share of the shorter author list that is found in the longer.
_SAME_TEAM = 0.8
#: Titles with fewer words that say something are those of several papers.
_TELLING = 3
#: Letters of such a word, at least; two signs of a script without spaces are a word.
_LONG = 4

#: A row of ``prepare.COMPARISON``, the columns ``relations.READ`` of it.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records of different papers, and what was decided."""

    left: Row
    right: Row
    title_similarity: float
    #: None where a side names no author.
    author_similarity: float | None
    score: float

    def both_ways(self) -> Iterator[tuple[Row, Row]]:
        """Left and right, and right and left."""
        yield self.left, self.right
        yield self.right, self.left

    @property
    def same_team(self) -> bool:
        """Two or more authors in common, or the only one on both sides."""
        ours, theirs = set(self.left["families"]), set(self.right["families"])
        enough = len(ours & theirs) >= 2 or (ours == theirs and len(ours) == 1)
        return enough and (self.author_similarity or 0.0) >= _SAME_TEAM


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """A relation; ``left`` is what the sentence is about."""

    left: str
    kind: Relation
    right: str
    reason: str
    #: Of the decision about the pair; None if it has none.
    score: float | None


def tells(title: str) -> bool:
    """Whether a title, in comparison form, says enough to be that of one paper."""
    weights = (
        len(word) >= _LONG if word.isascii() else max(1, sum(sign > "\u2e80" for sign in word) // 2)
        for word in title.split()
    )
    return sum(weights) >= _TELLING
