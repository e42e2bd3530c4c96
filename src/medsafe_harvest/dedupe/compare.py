"""Compare aligned batches of comparison rows: features as arrays, a value for each pair.

String similarity is rapidfuzz over arrays; set overlap is arithmetic on dictionary codes. Every
feature is symmetric: swapping the two sides changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe import columns, compare_people, compare_places, compare_titles
from medsafe_harvest.dedupe.columns import Bools, Floats, Ints
from medsafe_harvest.dedupe.markers import Marker

#: Value of ``year_difference`` where a side has no year.
NO_YEAR = -1
#: Value of ``days_apart`` where a side was not posted on a known day.
NO_DAY = -1
# Of 100; abbreviations reach about 60, unrelated journals about 45.
_VENUE_UNLIKE = 55.0
_VENUE_ALIKE = 85.0
#: Similarity of two titles that are one but for an acronym and its words.
_SPELT_OUT = 0.95


@dataclass(frozen=True, slots=True)
class Features:
    """Evidence about n pairs; every field is an array of length n."""

    #: Titles equal, spaces apart.
    title_equal: Bools
    #: 0 to 1: better of the ratios on sorted words and on words run together; 0.95 where they
    #: differ in an acronym and its words alone.
    title_similarity: Floats
    #: One title begins (or ends) with the whole other, which has at least three words.
    title_extends: Bools
    #: One title is the other without its subtitle, or both have the same main title.
    title_part: Bools
    #: Both begin with the same name before a colon.
    name_agrees: Bools
    #: Information, in nats, of the words that both titles have, see ``words.py``.
    information_shared: Floats
    #: Of the words that stand in place of others: the lesser of what either title has alone.
    information_swapped: Floats
    #: Of the words that one title has more than the other.
    information_added: Floats
    #: Either title names a kind of text only.
    generic: Bools
    #: Such a text as appears again and again by the same hand.
    recurring: Bools
    #: Both titles say that there is such a text each year.
    serial: Bools
    #: The titles carry different markers (reply, erratum, ...), or only one carries one.
    marker_differs: Bools
    #: Of these, only one carries one, and it says what the text is: editorial or review.
    marker_missing: Bools
    #: Both titles carry one marker.
    marked: Bools
    #: Each title has a word that is the opposite of one of the other: adult and paediatric.
    contrast: Bools
    #: One title is the other and a word such as "protocol" or "without".
    turning: Bools
    #: Numbers of one title that the other lacks, counted on the side that has fewer of them.
    numbers_conflict: Ints
    #: The same, counted on the side that has more of them.
    numbers_missing: Ints
    #: Only one title says which part it is.
    part_missing: Bools
    #: Both titles have a single letter or Greek letter that the other lacks.
    designators_conflict: Bools
    #: 0 to 1, share of the shorter author list found in the longer; NaN where a side has none.
    author_similarity: Floats
    #: Number of authors found on both sides.
    authors_common: Ints
    #: Families agree, and no initial does where both give some.
    namesakes: Bools
    #: One list has more authors than the other although neither ends in "et al.".
    authors_extra: Bools
    #: A list ends in "et al." after one name.
    authors_one_known: Bools
    #: The first authors are the same.
    first_author_agrees: Bools
    #: Absolute difference, or NO_YEAR.
    year_difference: Ints
    #: Days between the days on which they were first posted, or NO_DAY.
    days_apart: Ints
    #: Either is a preprint, or they are published in places of the same or unknown class.
    same_class: Bools
    #: Either is a preprint by venue or identifier.
    preprint: Bools
    #: Both are.
    preprints: Bools
    #: Both name a venue, and the names have little in common or one alone is a journal.
    venue_differs: Bools
    #: Both name a venue, and the names are one, abbreviations resolved.
    venue_agrees: Bools
    #: Both are of a meeting.
    meetings: Bools
    volume_agrees: Bools
    volume_conflicts: Bools
    issue_conflicts: Bools
    #: The first pages are one, or one range of pages lies in the other.
    page_agrees: Bools
    page_conflicts: Bools
    #: An identifier other than a DOI is shared.
    id_agrees: Bools
    doi_agrees: Bools
    #: Both have journal DOIs of one registrant, and none is shared.
    doi_conflicts: Bools
    #: Both have journal DOIs, of different registrants.
    doi_elsewhere: Bools
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
    equal = columns.equal(left, right, "compact_title")
    numbers = columns.overlap(left, right, "numbers")
    # Equal titles have equal numbers, however they are spaced: "Times-Ten" and "TimesTen".
    lacking = [
        np.where(equal, 0, columns.lengths(side, "numbers") - numbers) for side in (left, right)
    ]
    designators = columns.overlap(left, right, "designators")
    shared, swapped, added, contrast, turning, abbreviated = compare_titles.information(
        left, right, equal
    )
    alike = np.where(abbreviated, _SPELT_OUT, compare_titles.similarity(left, right))
    similarity, common, extra, namesakes = compare_people.common_authors(left, right)
    cut = [columns.bools(side.column("authors_cut")) for side in (left, right)]
    preprints = _is_preprint(left), _is_preprint(right)
    preprint = preprints[0] | preprints[1]
    classes_differ = columns.conflict(left, right, "venue_class")
    soft = [columns.bools(pc.is_in(side.column("marker"), _SOFT)) for side in (left, right)]
    unmarked = [columns.bools(pc.is_null(side.column("marker"))) for side in (left, right)]
    pages_agree, pages_conflict = compare_places.pages(left, right)
    venue_alike = compare_places.venue_similarity(left, right)
    venues_known = columns.known(left, "venue") & columns.known(right, "venue")
    venues_differ = venues_known & (
        (venue_alike < _VENUE_UNLIKE) | columns.strings_differ(left, right, "venue_class")
    )
    dois_conflict, dois_elsewhere = compare_places.dois(left, right)
    return Features(
        title_equal=equal,
        title_similarity=np.where(equal, 1.0, alike),
        title_extends=compare_titles.extends(left, right) & ~equal,
        title_part=compare_titles.is_part(left, right) & ~equal,
        name_agrees=compare_titles.name_agrees(left, right),
        information_shared=shared,
        information_swapped=swapped,
        information_added=added,
        generic=columns.bools(left.column("generic")) | columns.bools(right.column("generic")),
        recurring=columns.bools(left.column("recurring"))
        & columns.bools(right.column("recurring")),
        serial=columns.bools(left.column("serial")) & columns.bools(right.column("serial")),
        marker_differs=columns.strings_differ(left, right, "marker"),
        marker_missing=(soft[0] & unmarked[1]) | (soft[1] & unmarked[0]),
        marked=columns.equal(left, right, "marker"),
        contrast=contrast,
        turning=turning,
        numbers_conflict=np.maximum(
            np.minimum(*lacking), columns.conflict(left, right, "part") & ~equal
        ),
        numbers_missing=np.maximum(*lacking),
        part_missing=(columns.known(left, "part") != columns.known(right, "part"))
        & (np.maximum(*lacking) > 0),
        designators_conflict=(columns.lengths(left, "designators") > designators)
        & (columns.lengths(right, "designators") > designators),
        author_similarity=similarity,
        authors_common=common,
        namesakes=namesakes,
        authors_extra=extra & ~cut[0] & ~cut[1],
        authors_one_known=(cut[0] & (columns.lengths(left, "families") == 1))
        | (cut[1] & (columns.lengths(right, "families") == 1)),
        first_author_agrees=compare_people.first_author_agrees(left, right),
        year_difference=_difference(left, right, "year", NO_YEAR),
        days_apart=_difference(left, right, "posted", NO_DAY),
        same_class=preprint | ~classes_differ,
        preprint=preprint,
        preprints=preprints[0] & preprints[1],
        venue_differs=venues_differ,
        venue_agrees=venues_known & (venue_alike >= _VENUE_ALIKE) & ~venues_differ,
        meetings=columns.are_both(left, right, "venue_class", "meeting"),
        volume_agrees=columns.equal(left, right, "volume"),
        volume_conflicts=columns.conflict(left, right, "volume"),
        issue_conflicts=columns.conflict(left, right, "issue"),
        page_agrees=pages_agree,
        page_conflicts=pages_conflict,
        id_agrees=columns.overlap(left, right, "ids") > 0,
        doi_agrees=columns.overlap(left, right, "dois") > 0,
        doi_conflicts=dois_conflict,
        doi_elsewhere=dois_elsewhere,
        id_conflicts=columns.conflict(left, right, "arxiv_id")
        | columns.conflict(left, right, "pmid")
        | columns.conflict(left, right, "pmcid"),
    )


#: Markers that say what a text is, not which other text it is about.
_SOFT = pa.array([Marker.EDITORIAL.value, Marker.REVIEW.value])


def _difference(left: pa.RecordBatch, right: pa.RecordBatch, column: str, unknown: int) -> Ints:
    difference = pc.abs(pc.subtract(left.column(column), right.column(column)))
    filled = pc.fill_null(difference, unknown)
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)


def _is_preprint(side: pa.RecordBatch) -> Bools:
    by_venue = columns.bools(pc.equal(side.column("venue_class"), "preprint"))
    by_id = columns.bools(pc.is_valid(side.column("arxiv_id"))) & columns.bools(
        pc.is_null(side.column("venue_class"))
    )
    by_doi = (columns.lengths(side, "dois") > 0) & (columns.lengths(side, "journal_dois") == 0)
    by_source = columns.bools(pc.equal(side.column("source"), "arxiv"))
    return np.asarray(by_source | by_venue | by_id | by_doi, dtype=bool)
