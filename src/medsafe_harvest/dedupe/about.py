"""Records whose titles name another paper: errata, comments, replies, supplements, evaluations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from medsafe_harvest.dedupe.links import ALIKE, Link, Pair, Relation, Row, tells
from medsafe_harvest.dedupe.markers import Marker
from medsafe_harvest.dedupe.titles import take_apart

_KIND = {
    Marker.CORRECTION: Relation.CORRECTS,
    Marker.REPLY: Relation.REPLIES_TO,
    Marker.COMMENT: Relation.COMMENTS_ON,
    Marker.COMPANION: Relation.SUPPLEMENTS,
}
#: These are written by those who wrote the other.
_BY_THE_SAME = frozenset({Relation.CORRECTS, Relation.SUPPLEMENTS})
# Registrant of Faculty Opinions (Faculty of 1000), which evaluates papers of others.
_EVALUATIONS = "10.3410/"


def about(pairs: Iterable[Pair], cluster_of: Mapping[str, str]) -> Iterator[Link]:
    """Links from records with a marked title to the paper that the rest of the title names.

    Of several papers with that title, those that fit best are taken: of the same venue, most alike.

    Args:
        pairs: records of different papers.
        cluster_of: record id -> cluster.
    """
    ordered = sorted(_candidates(pairs), key=lambda one: one.link)
    for _, several in groupby(ordered, key=lambda one: one.link.left):
        own = list(several)
        best = max((one.same_venue, one.similarity) for one in own)
        papers = {
            cluster_of[one.link.right] for one in own if (one.same_venue, one.similarity) == best
        }
        yield from (one.link for one in own if cluster_of[one.link.right] in papers)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A link from a marked title, and how well the two fit."""

    link: Link
    same_venue: bool
    similarity: float


def _candidates(pairs: Iterable[Pair]) -> Iterator[_Candidate]:
    """A record whose title is a marker and another record's title is about that record."""
    for pair in pairs:
        for marked, original in pair.both_ways():
            if (
                marked["marker"] not in _KIND
                or marked["generic"]
                or not _named(marked, original, pair)
            ):
                continue
            marker = Marker(marked["marker"])
            kind = _KIND[marker]
            if kind is Relation.SUPPLEMENTS and _is_evaluation(marked):
                kind = Relation.REVIEWS
            if not _may_write(kind, pair) or not _in_time(marked, original):
                continue
            yield _Candidate(
                Link(
                    marked["record_id"],
                    kind,
                    original["record_id"],
                    f"title marked as {marker.value}, then the title of the other",
                    pair.score,
                ),
                marked["venue"] is not None and marked["venue"] == original["venue"],
                pair.title_similarity,
            )


def _named(marked: Row, original: Row, pair: Pair) -> bool:
    """The title names the other record, and not what the other record is about."""
    if not (tells(marked["title"]) and tells(original["title"])):
        return False
    inner = take_apart(marked["title"])
    if inner.marker is not None:
        # "Reply to: Comment on X" replies to the comment.
        return bool(inner.marker == original["marker"] and inner.form == original["title"])
    return (
        original["marker"] is None
        and pair.title_similarity >= ALIKE
        and set(marked["numbers"]) == set(original["numbers"])
        and set(marked["designators"]) == set(original["designators"])
    )


def _is_evaluation(row: Row) -> bool:
    return any(doi.startswith(_EVALUATIONS) for doi in row["dois"])


def _may_write(kind: Relation, pair: Pair) -> bool:
    """Authors correct themselves; a comment, a reply or a review may be by anybody."""
    return kind not in _BY_THE_SAME or pair.author_similarity != 0.0


def _in_time(marked: Row, original: Row) -> bool:
    """Nobody corrects what is not there yet; an issue may bear next year's number."""
    known = marked["year"] is not None and original["year"] is not None
    return not known or marked["year"] + 1 >= original["year"]
