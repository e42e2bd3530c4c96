"""Compare where the papers of aligned rows of ``prepare.COMPARISON`` appeared."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from medsafe_harvest.dedupe import columns
from medsafe_harvest.dedupe.columns import Bools, Floats


def venue_similarity(left: pa.RecordBatch, right: pa.RecordBatch) -> Floats:
    """0 to 100, on the beginnings of words; acronyms are resolved.

    A name that is wholly part of another ("Nephron", "Nephron Clinical Practice") may be it.
    """
    one, other = (pc.fill_null(side.column("venue"), "").to_pylist() for side in (left, right))
    part = np.asarray(cpdist(one, other, scorer=fuzz.token_set_ratio, dtype=np.float64)) >= _WHOLE
    alike = np.asarray(cpdist(one, other, scorer=fuzz.token_sort_ratio, dtype=np.float64))
    several = np.array([" " in a and " " in b for a, b in zip(one, other, strict=True)], dtype=bool)
    within = np.where(part, np.where(several, 100.0, _MAYBE), 0.0)
    acronym = columns.equal(left, right, "venue_initials")
    return np.where(acronym, 100.0, np.maximum(alike, within))


#: Of 100: every word of one is in the other; between like and unlike.
_WHOLE = 100.0
_MAYBE = 70.0


def pages(left: pa.RecordBatch, right: pa.RecordBatch) -> tuple[Bools, Bools]:
    """Whether the pages agree, and whether they conflict."""
    known = columns.known(left, "first_page") & columns.known(right, "first_page")
    same = columns.equal(left, right, "first_page")
    (from_l, to_l), (from_r, to_r) = (
        [columns.numbers(side, name) for name in ("page_from", "page_to")] for side in (left, right)
    )
    ranged = (from_l >= 0) & (from_r >= 0)
    # "c37-c42" and "37-42"; "2141-2147" and "2142-2147".
    starts = ranged & (from_l == from_r) & ((to_l == to_r) | ~_lettered(left, right))
    within = ((from_l >= from_r) & (to_l <= to_r)) | ((from_r >= from_l) & (to_r <= to_l))
    several = (to_l > from_l) & (to_r > from_r)
    short = np.maximum(to_l - from_l, to_r - from_r) <= _PAGES_OF_A_PAPER
    inside = ranged & within & several & short
    agree = same | starts | inside
    return agree, known & ~agree


#: A longer range of pages is that of a whole supplement.
_PAGES_OF_A_PAPER = 60


def _lettered(left: pa.RecordBatch, right: pa.RecordBatch) -> Bools:
    """Whether both first pages begin with a letter: "S12" and "E12" are two pages."""
    one, other = (
        columns.bools(pc.match_substring_regex(side.column("first_page"), "^[a-z]"))
        for side in (left, right)
    )
    return one & other


def dois(left: pa.RecordBatch, right: pa.RecordBatch) -> tuple[Bools, Bools]:
    """Whether journal DOIs conflict, and whether they are of different registrants.

    A publisher registers a paper once. Another registrant may hold it for a new owner of the
    journal, or hold a copy.
    """
    both = (columns.lengths(left, "journal_dois") > 0) & (
        columns.lengths(right, "journal_dois") > 0
    )
    differ = both & (columns.overlap(left, right, "journal_dois") == 0)
    registrants = [
        pa.ListArray.from_arrays(
            pa.array(np.r_[0, np.cumsum(columns.lengths(side, "journal_dois"))].astype(np.int32)),
            pc.extract_regex(
                pc.list_flatten(side.column("journal_dois")), r"^(?P<registrant>[^/]*)"
            ).field("registrant"),
        )
        for side in (left, right)
    ]
    same = columns.common(*registrants) > 0
    return differ & same, differ & ~same
