"""Compare aligned batches of comparison rows: features as arrays, a value for each pair.

String similarity is rapidfuzz over arrays; set overlap is arithmetic on dictionary codes. Every
feature is symmetric: swapping the two sides changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import fuzz
from rapidfuzz.distance import Postfix, Prefix
from rapidfuzz.process import cpdist

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Value of ``year_difference`` where a side has no year.
NO_YEAR = -1
# Of 100; abbreviations reach about 60, unrelated journals about 45.
_VENUE_ALIKE = 55.0


@dataclass(frozen=True, slots=True)
class Features:
    """Evidence about n pairs; every field is an array of length n."""

    #: Titles equal, spaces apart.
    title_equal: Bools
    #: 0 to 1: better of the ratios on sorted words and on words run together.
    title_similarity: Floats
    #: One title begins (or ends) with the whole other, which has at least three words.
    title_extends: Bools
    #: Content words of the poorer title.
    content_words: Ints
    #: Either title names a kind of text only.
    generic: Bools
    #: The titles carry different markers (reply, erratum, ...), or only one carries one.
    marker_differs: Bools
    #: Numbers of one title that the other lacks, counted on the side that has fewer of them.
    numbers_conflict: Ints
    #: The same, counted on the side that has more of them.
    numbers_missing: Ints
    #: Both titles have a single letter or Greek letter that the other lacks.
    designators_conflict: Bools
    #: 0 to 1, share of the shorter author list found in the longer; NaN where a side has none.
    author_similarity: Floats
    #: Number of authors found on both sides.
    authors_common: Ints
    #: One list has more authors than the other although neither ends in "et al.".
    authors_extra: Bools
    #: Absolute difference, or NO_YEAR.
    year_difference: Ints
    #: Either is a preprint, or they are published in places of the same or unknown class.
    same_class: Bools
    #: Either is a preprint by venue or identifier.
    preprint: Bools
    #: Both name a venue, and the names have little in common or one alone is a journal.
    venue_differs: Bools
    volume_agrees: Bools
    volume_conflicts: Bools
    page_agrees: Bools
    page_conflicts: Bools
    #: An identifier other than a DOI is shared.
    id_agrees: Bools
    doi_agrees: Bools
    #: Both have a journal DOI, and none is shared.
    doi_conflicts: Bools
    #: They have different arXiv ids, PubMed ids or PubMed Central ids.
    id_conflicts: Bools

    def __len__(self) -> int:
        return len(self.title_equal)

    def row(self, number: int) -> dict[str, bool | float | int]:
        """Features of one pair as plain values."""
        return {field.name: getattr(self, field.name)[number].item() for field in fields(self)}


def compare(left: pa.RecordBatch, right: pa.RecordBatch) -> Features:
    """Features of the pairs (row i of left, row i of right).

    Args:
        left: n rows of ``prepare.COMPARISON``.
        right: n rows of ``prepare.COMPARISON``.
    """
    equal = _equal(left, right, "compact_title")
    numbers = _overlap(left, right, "numbers")
    # Equal titles have equal numbers, however they are spaced: "Times-Ten" and "TimesTen".
    lacking = [np.where(equal, 0, _lengths(side, "numbers") - numbers) for side in (left, right)]
    designators = _overlap(left, right, "designators")
    similarity, common, extra = _authors(left, right)
    preprint = _is_preprint(left) | _is_preprint(right)
    classes_differ = _conflict(left, right, "venue_class")
    return Features(
        title_equal=equal,
        title_similarity=np.where(equal, 1.0, _title_similarity(left, right)),
        title_extends=_title_extends(left, right) & ~equal,
        content_words=np.minimum(_ints(left, "content_words"), _ints(right, "content_words")),
        generic=_bools(left.column("generic")) | _bools(right.column("generic")),
        marker_differs=_strings_differ(left, right, "marker"),
        numbers_conflict=np.minimum(*lacking),
        numbers_missing=np.maximum(*lacking),
        designators_conflict=(_lengths(left, "designators") > designators)
        & (_lengths(right, "designators") > designators),
        author_similarity=similarity,
        authors_common=common,
        authors_extra=extra,
        year_difference=_year_difference(left, right),
        same_class=preprint | ~classes_differ,
        preprint=preprint,
        venue_differs=_venue_differs(left, right),
        volume_agrees=_equal(left, right, "volume"),
        volume_conflicts=_conflict(left, right, "volume"),
        page_agrees=_equal(left, right, "first_page"),
        page_conflicts=_conflict(left, right, "first_page"),
        id_agrees=_overlap(left, right, "ids") > 0,
        doi_agrees=_overlap(left, right, "dois") > 0,
        doi_conflicts=(_lengths(left, "journal_dois") > 0)
        & (_lengths(right, "journal_dois") > 0)
        & (_overlap(left, right, "journal_dois") == 0),
        id_conflicts=_conflict(left, right, "arxiv_id")
        | _conflict(left, right, "pmid")
        | _conflict(left, right, "pmcid"),
    )


def _title_similarity(left: pa.RecordBatch, right: pa.RecordBatch) -> Floats:
    return np.maximum(_ratio(left, right, "sorted_title"), _ratio(left, right, "compact_title"))


def _ratio(left: pa.RecordBatch, right: pa.RecordBatch, column: str) -> Floats:
    one, other = left.column(column).to_pylist(), right.column(column).to_pylist()
    scores = cpdist(one, other, scorer=fuzz.ratio, dtype=np.float64)
    return np.asarray(scores, dtype=np.float64) / 100.0


def _title_extends(left: pa.RecordBatch, right: pa.RecordBatch) -> Bools:
    # A trailing space makes words whole: "deep learn" does not begin "deep learning".
    one = [f" {title} " for title in left.column("title").to_pylist()]
    other = [f" {title} " for title in right.column("title").to_pylist()]
    shorter = np.minimum([len(title) for title in one], [len(title) for title in other])
    words = np.minimum(
        [title.count(" ") - 1 for title in one], [title.count(" ") - 1 for title in other]
    )
    begins = cpdist(one, other, scorer=Prefix.similarity, dtype=np.int64)
    ends = cpdist(one, other, scorer=Postfix.similarity, dtype=np.int64)
    return np.asarray((np.maximum(begins, ends) >= shorter) & (words >= 3), dtype=bool)


def _authors(left: pa.RecordBatch, right: pa.RecordBatch) -> tuple[Floats, Ints, Bools]:
    """Similarity, number in common, and whether one list is longer by right."""
    sizes = _lengths(left, "families"), _lengths(right, "families")
    fewer = np.minimum(*sizes)
    by_family = _overlap(left, right, "families")
    by_sign = _overlap(left, right, "signed")
    # "Gómez Reynoso" and "Reynoso Gómez": both directions must agree.
    swapped = np.minimum(
        _overlap(left, right, "families", "givens"), _overlap(left, right, "givens", "families")
    )
    common = np.maximum(by_family, swapped)
    # Two people called Kim: one family in common, and no initial agrees.
    namesakes = (
        (by_sign == 0)
        & (swapped == 0)
        & (_lengths(left, "signed") > 0)
        & (_lengths(right, "signed") > 0)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(namesakes, 0.5 * common / fewer, common / fewer)
    # Misspelt or broken names: whole lists as strings, where they have much the same length.
    spelled = _ratio(left, right, "names")
    share = np.where((spelled > 0.8) & ~namesakes, np.maximum(share, spelled), share)
    similarity = np.where(fewer == 0, np.nan, np.minimum(share, 1.0))
    cut = _bools(left.column("authors_cut")) | _bools(right.column("authors_cut"))
    return similarity, np.where(fewer == 0, 0, common), (sizes[0] != sizes[1]) & ~cut & (fewer > 0)


def _year_difference(left: pa.RecordBatch, right: pa.RecordBatch) -> Ints:
    difference = pc.abs(pc.subtract(left.column("year"), right.column("year")))
    filled = pc.fill_null(difference, NO_YEAR)
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)


def _venue_differs(left: pa.RecordBatch, right: pa.RecordBatch) -> Bools:
    one, other = (pc.fill_null(side.column("venue"), "").to_pylist() for side in (left, right))
    alike = np.asarray(cpdist(one, other, scorer=fuzz.token_set_ratio, dtype=np.float64))
    known = _bools(pc.is_valid(left.column("venue"))) & _bools(pc.is_valid(right.column("venue")))
    return known & ((alike < _VENUE_ALIKE) | _strings_differ(left, right, "venue_class"))


def _is_preprint(side: pa.RecordBatch) -> Bools:
    by_venue = _bools(pc.equal(side.column("venue_class"), "preprint"))
    by_id = _bools(pc.is_valid(side.column("arxiv_id"))) & _bools(
        pc.is_null(side.column("venue_class"))
    )
    by_doi = (_lengths(side, "dois") > 0) & (_lengths(side, "journal_dois") == 0)
    by_source = _bools(pc.equal(side.column("source"), "arxiv"))
    return np.asarray(by_source | by_venue | by_id | by_doi, dtype=bool)


def _overlap(left: pa.RecordBatch, right: pa.RecordBatch, one: str, other: str = "") -> Ints:
    """Number of list items that both sides have; the lists are distinct."""
    ours, theirs = left.column(one), right.column(other or one)
    values = pa.chunked_array([pc.list_flatten(ours), pc.list_flatten(theirs)], type=pa.string())
    codes = values.combine_chunks().dictionary_encode()
    numbers = np.asarray(codes.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    size = len(codes.dictionary)
    owners = [np.asarray(pc.list_parent_indices(side), dtype=np.int64) for side in (ours, theirs)]
    split = len(owners[0])
    mine = owners[0] * size + numbers[:split]
    yours = owners[1] * size + numbers[split:]
    return np.bincount(owners[0][np.isin(mine, yours)], minlength=len(left)).astype(np.int64)


def _equal(left: pa.RecordBatch, right: pa.RecordBatch, column: str) -> Bools:
    return _bools(pc.equal(left.column(column), right.column(column)))


def _conflict(left: pa.RecordBatch, right: pa.RecordBatch, column: str) -> Bools:
    return _bools(pc.not_equal(left.column(column), right.column(column)))


def _strings_differ(left: pa.RecordBatch, right: pa.RecordBatch, column: str) -> Bools:
    """Null counts as a value."""
    one, other = pc.fill_null(left.column(column), ""), pc.fill_null(right.column(column), "")
    return _bools(pc.not_equal(one, other))


def _bools(values: pa.Array) -> Bools:
    """Null counts as False."""
    filled = pc.fill_null(values, False)
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=bool)


def _ints(side: pa.RecordBatch, column: str) -> Ints:
    return np.asarray(side.column(column).to_numpy(zero_copy_only=False), dtype=np.int64)


def _lengths(side: pa.RecordBatch, column: str) -> Ints:
    lengths = pc.list_value_length(side.column(column))
    return np.asarray(lengths.to_numpy(zero_copy_only=False), dtype=np.int64)
