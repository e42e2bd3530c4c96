"""Compare the titles of aligned rows of ``prepare.COMPARISON``."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz.distance import Postfix, Prefix
from rapidfuzz.process import cpdist

from medsafe_harvest.dedupe import columns
from medsafe_harvest.dedupe.columns import Bools, Floats, Ints
from medsafe_harvest.dedupe.wording import TURNING, are_opposed, is_acronym

#: Words that are left over on both sides are one word spelt in two ways from this ratio.
_SPELLING = 0.86


def similarity(left: pa.RecordBatch, right: pa.RecordBatch) -> Floats:
    """0 to 1: the better of the ratios on sorted words and on words run together."""
    return np.maximum(
        columns.ratio(left, right, "sorted_title"), columns.ratio(left, right, "compact_title")
    )


def extends(left: pa.RecordBatch, right: pa.RecordBatch) -> Bools:
    """One title begins or ends with the whole other."""
    titles = [side.column("title") for side in (left, right)]
    words = np.minimum(*(pc.count_substring(column, " ").to_numpy() + 1 for column in titles))
    shorter = np.minimum(*map(_letters, titles)) + 2
    # A trailing space makes words whole: "deep learn" does not begin "deep learning".
    one, other = ([f" {title} " for title in column.to_pylist()] for column in titles)
    begins = cpdist(one, other, scorer=Prefix.similarity, dtype=np.int64)
    ends = cpdist(one, other, scorer=Postfix.similarity, dtype=np.int64)
    whole_words = (np.maximum(begins, ends) >= shorter) & (words >= 3)
    # A field of limited length cuts a long title within a word.
    compact = [side.column("compact_title") for side in (left, right)]
    least = np.minimum(*map(_letters, compact))
    beginnings = [column.to_pylist() for column in compact]
    cut = cpdist(*beginnings, scorer=Prefix.similarity, dtype=np.int64) >= least
    return np.asarray(whole_words | (cut & (least >= _CUT_FROM)), dtype=bool)


def _letters(texts: pa.Array) -> Ints:
    return np.asarray(pc.utf8_length(texts).to_numpy(), dtype=np.int64)


#: Letters of a title that may be the beginning of another.
_CUT_FROM = 40


def is_part(left: pa.RecordBatch, right: pa.RecordBatch) -> Bools:
    """One title stands in the other as its main title or as its subtitle."""
    whole = [columns.as_lists(side.column("compact_title")) for side in (left, right)]
    parts = [side.column("parts") for side in (left, right)]
    return np.asarray(
        (columns.common(whole[0], parts[1]) > 0) | (columns.common(parts[0], whole[1]) > 0),
        dtype=bool,
    )


def name_agrees(left: pa.RecordBatch, right: pa.RecordBatch) -> Bools:
    """Both begin with one name, or one is nothing but the name that the other begins with."""
    alone = [
        columns.bools(pc.equal(one.column("name"), other.column("compact_title")))
        for one, other in ((left, right), (right, left))
    ]
    return columns.equal(left, right, "name") | alone[0] | alone[1]


def information(
    left: pa.RecordBatch, right: pa.RecordBatch, equal: Bools
) -> tuple[Floats, Floats, Floats, Bools, Bools, Bools]:
    """Of the words of two titles: shared, swapped, added; opposites; words that turn the meaning.

    Last, whether the one has an acronym in place of words of the other.

    What is left over on both sides and spelt much alike ("behaviour", "behavior"; "on line",
    "online") is not swapped but shared.
    """
    matched = columns.matched(left.column("words"), right.column("words"))
    totals, alone, rest = [], [], []
    for side, found in zip((left, right), matched, strict=True):
        owners = columns.owners(side, "words")
        weights = np.asarray(pc.list_flatten(side.column("information")), dtype=np.float64)
        totals.append(np.bincount(owners, weights, minlength=len(side)))
        alone.append(np.bincount(owners[~found], weights[~found], minlength=len(side)))
        rest.append(columns.joined(side.column("words"), owners, ~found))
    spelt = np.zeros(len(left))
    both = np.flatnonzero((alone[0] > 0) & (alone[1] > 0))
    spelt[both] = columns.ratios(*(_as_scanned(texts, both) for texts in rest))
    lesser, greater = np.minimum(*alone), np.maximum(*alone)
    abbreviated = _abbreviated(*rest) & ~equal
    one_word = (spelt >= _SPELLING) | abbreviated
    swapped = np.where(equal | one_word, 0.0, lesser)
    added = np.where(equal, 0.0, np.where(one_word, 0.0, greater - lesser))
    # The words that both have may be spelt otherwise here than there, and weigh less.
    common = np.minimum(totals[0] - alone[0], totals[1] - alone[1])
    shared = np.where(equal | one_word, np.minimum(*totals), common)
    return (
        shared,
        swapped,
        added,
        _contrast(*rest) & ~equal,
        _turning(rest[0], rest[1], ~equal & (swapped == 0)),
        abbreviated,
    )


def _abbreviated(one: list[str], other: list[str]) -> Bools:
    """Whether what is left over of one title is the acronym of what is left over of the other."""
    return np.array(
        [
            bool(a and b)
            and (
                (" " not in a and is_acronym(a, b.split()))
                or (" " not in b and is_acronym(b, a.split()))
            )
            for a, b in zip(one, other, strict=True)
        ],
        dtype=bool,
    )


def _as_scanned(texts: list[str], rows: Ints) -> list[str]:
    """Words run together, where letters that a scanner mistakes for one are one."""
    found = pa.array([texts[row] for row in rows], pa.string())
    for seen, meant in ((" ", ""), ("rn", "m"), ("cl", "d"), ("vv", "w")):
        found = pc.replace_substring(found, seen, meant)
    scanned: list[str] = found.to_pylist()
    return scanned


def _contrast(one: list[str], other: list[str]) -> Bools:
    """Whether what is left over of one title is the opposite of what is left over of the other.

    Of titles that differ in many words, opposites say nothing.
    """
    return np.array(
        [
            bool(a and b)
            and a.count(" ") < _FEW
            and b.count(" ") < _FEW
            and are_opposed(a.split(), b.split())
            for a, b in zip(one, other, strict=True)
        ],
        dtype=bool,
    )


#: Words of a difference between two titles about opposite things.
_FEW = 4


def _turning(one: list[str], other: list[str], asked: Bools) -> Bools:
    """Whether one title alone has a word that makes it that of another paper; no, if not asked."""
    found = np.zeros(len(asked), dtype=bool)
    for row in np.flatnonzero(asked):
        ours, theirs = one[row].split(), other[row].split()
        found[row] = TURNING.isdisjoint(ours) != TURNING.isdisjoint(theirs)
    return found
