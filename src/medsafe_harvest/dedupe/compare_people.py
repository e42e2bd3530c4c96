"""Compare the authors of aligned rows of ``prepare.COMPARISON``."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe import columns
from medsafe_harvest.dedupe.columns import Bools, Floats, Ints

#: What is left over of two lists of names is misspelt from this ratio.
_MISSPELT = 0.8
#: And from this one where they have nobody in common: "Chen" and "Cheng" are two people.
_MISSPELT_ALONE = 0.85
_LONG = 6


def common_authors(
    left: pa.RecordBatch, right: pa.RecordBatch
) -> tuple[Floats, Ints, Bools, Bools]:
    """Similarity, number in common, whether one list is longer, whether they are namesakes."""
    sizes = columns.lengths(left, "families"), columns.lengths(right, "families")
    fewer = np.minimum(*sizes)
    matched = columns.matched(left.column("families"), right.column("families"))
    owners = [columns.owners(side, "families") for side in (left, right)]
    by_family = np.bincount(owners[0][matched[0]], minlength=len(left))
    by_sign = columns.overlap(left, right, "signed")
    # "Zhang Wei" and "W. Zhang"; "Pérez García, J." and "Pérez, J."
    by_reverse = np.maximum(
        columns.overlap(left, right, "reversed", "signed"),
        columns.overlap(left, right, "signed", "reversed"),
    )
    by_other = np.maximum(
        columns.overlap(left, right, "families", "other_families"),
        columns.overlap(left, right, "other_families", "families"),
    )
    # "Gómez Reynoso" and "Reynoso Gómez": both directions must agree.
    swapped = np.minimum(
        columns.overlap(left, right, "families", "givens"),
        columns.overlap(left, right, "givens", "families"),
    )
    # Misspelt or broken names: what is left over of both lists, where it is of much one length.
    rest = [
        columns.joined(side.column("families"), owner, ~found)
        for side, owner, found in zip((left, right), owners, matched, strict=True)
    ]
    left_over = np.minimum(sizes[0] - by_family, sizes[1] - by_family)
    signed = [side.column("signed") for side in (left, right)]
    # Where no other vouches for it, a name has to be much alike, and long.
    letters = np.minimum([len(names) for names in rest[0]], [len(names) for names in rest[1]])
    alike = columns.ratios(*rest)
    vouched = ((by_family > 0) | (left_over > 1)) & (alike >= _MISSPELT)
    alone = (alike >= _MISSPELT_ALONE) & (letters >= _LONG)
    misspelt = np.zeros_like(left_over)
    unsure = np.flatnonzero((left_over > 0) & (vouched | alone))
    some = (side.take(pa.array(unsure)) for side in signed)
    misspelt[unsure] = np.where(_initials_allow(*some), left_over[unsure], 0)
    other_order = np.maximum(swapped, by_reverse)
    common = np.minimum(np.maximum(by_family + misspelt + by_other, other_order), fewer)
    # Two people called Kim: one family in common, and no initial agrees.
    namesakes = (
        (by_sign == 0)
        & (other_order == 0)
        & (misspelt == 0)
        & (by_other == 0)
        & (columns.lengths(left, "signed") > 0)
        & (columns.lengths(right, "signed") > 0)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(namesakes, 0.5 * common / fewer, common / fewer)
    # Whole lists as strings: "Brien O" and "O'Brien".
    spelled = columns.ratio(left, right, "names")
    groups = [columns.bools(side.column("group")) for side in (left, right)]
    broken = (spelled > _MISSPELT) & ~namesakes & ~groups[0] & ~groups[1]
    share = np.where(broken, np.maximum(share, spelled), share)
    unknown = (fewer == 0) | (groups[0] != groups[1])
    similarity = np.where(unknown, np.nan, np.minimum(share, 1.0))
    common = np.where(unknown, 0, np.where(groups[0], np.minimum(common, 1), common))
    return similarity, common, (sizes[0] != sizes[1]) & ~unknown, namesakes & (common > 0)


def _initials_allow(ours: pa.ListArray, theirs: pa.ListArray) -> Bools:
    """Whether as many initials agree as authors can be signed on both sides.

    "Wang, X" and "Wan, Y" are two people; "Tilla, D." and "Till, D." are one.
    """
    initials = []
    for signed in (ours, theirs):
        flat = pc.utf8_slice_codeunits(pc.list_flatten(signed), -1)
        offsets = np.r_[0, np.cumsum(pc.list_value_length(signed))].astype(np.int32)
        lists = pa.ListArray.from_arrays(pa.array(offsets), flat)
        initials.append(["".join(sorted(text)) for text in pc.binary_join(lists, "").to_pylist()])
    either = [not one or not other for one, other in zip(*initials, strict=True)]
    return np.asarray(either, dtype=bool) | (columns.ratios(*initials) >= _MISSPELT)


def first_author_agrees(left: pa.RecordBatch, right: pa.RecordBatch) -> Bools:
    """Whether the first authors have one family name, or one of them is written family first."""
    first = [
        [names[0] if names else "" for names in side.column("families").to_pylist()]
        for side in (left, right)
    ]
    given = [
        [names[0] if names else "" for names in side.column("givens").to_pylist()]
        for side in (left, right)
    ]
    swapped = [
        bool(a) and a == d and b == c
        for a, b, c, d in zip(first[0], first[1], given[0], given[1], strict=True)
    ]
    known = np.array([bool(a and b) for a, b in zip(*first, strict=True)], dtype=bool)
    alike = known & (columns.ratios(*first) >= _MISSPELT)
    return np.asarray(alike | np.array(swapped, dtype=bool), dtype=bool)
