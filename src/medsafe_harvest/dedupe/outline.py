"""Outlines of titles: which letters they have, and how they begin and end, in a few bytes.

Most candidate pairs share a word or two by accident. That two titles have too few letters in common
to be alike is seen by arithmetic on whole arrays, without comparing a string: inserting or deleting
a letter changes the count of one letter by one, so the edit distance of two titles is at least the
sum of the differences of their counts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from medsafe_harvest.dedupe.columns import Bools, Floats, Ints

#: n x 32 counts of letters, digits (one count), blanks and others; then 8 bytes that the title
#: begins with, 8 that it ends with, and 8 of its head.
Outlines = npt.NDArray[np.uint8]

_LETTERS = 26
_DIGIT, _BLANK, _OTHER, _UNSURE = range(_LETTERS, _LETTERS + 4)
_COUNTS = 32
#: Letters of a title at either end. No title that another extends is shorter, see ``screen``.
ENDS = 8
#: Bytes of an outline.
WIDTH = _COUNTS + 3 * ENDS


def _count_of(byte: int) -> int:
    if ord("a") <= byte <= ord("z"):
        return byte - ord("a")
    if chr(byte).isdecimal():
        return _DIGIT
    return _BLANK if byte == ord(" ") else _OTHER if byte < 128 else _UNSURE


_COUNT_OF = np.array([_count_of(byte) for byte in range(256)], dtype=np.int64)
_MOST = np.iinfo(np.uint8).max


def outlines(titles: pa.Array, compact_titles: pa.Array, heads: pa.Array) -> Outlines:
    """Outlines of n titles, ``WIDTH`` bytes each.

    Args:
        titles: n titles, their words in any order.
        compact_titles: the same, words run together.
        heads: what stands before a colon of each.
    """
    letters, ends = _bytes_of(titles)
    rows = np.repeat(np.arange(len(titles)), np.diff(ends))
    places = rows * _COUNTS + _COUNT_OF[letters[:-1]]
    counts = np.bincount(places, minlength=len(titles) * _COUNTS).reshape(-1, _COUNTS)
    # Other alphabets have several bytes a letter, and a byte counts no further: not looked at.
    counts[:, _UNSURE] |= (counts > _MOST).any(axis=1)
    compact = _bytes_of(compact_titles)
    signs = [_begin(*compact), _end(*compact), _begin(*_bytes_of(heads))]
    return np.hstack([np.minimum(counts, _MOST), *signs], dtype=np.uint8, casting="unsafe")


def _begin(letters: npt.NDArray[np.uint8], ends: Ints) -> npt.NDArray[np.uint8]:
    places = ends[:-1, None] + np.arange(ENDS)
    return np.where(places < ends[1:, None], letters.take(places, mode="clip"), 0)


def _end(letters: npt.NDArray[np.uint8], ends: Ints) -> npt.NDArray[np.uint8]:
    places = ends[1:, None] - ENDS + np.arange(ENDS)
    return np.where(places >= ends[:-1, None], letters.take(places, mode="clip"), 0)


def packed(rows: Outlines) -> pa.FixedSizeBinaryArray:
    """Outlines as a column."""
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(WIDTH), len(rows), [None, pa.py_buffer(np.ascontiguousarray(rows))]
    )


def unpacked(column: pa.FixedSizeBinaryArray) -> Outlines:
    """The outlines in a column."""
    _, data = column.buffers()
    rows = np.frombuffer(data, dtype=np.uint8).reshape(-1, WIDTH)
    return rows[column.offset : column.offset + len(column)]


def _bytes_of(texts: pa.Array) -> tuple[npt.NDArray[np.uint8], Ints]:
    """All bytes of n texts and a blank one, and the n + 1 places where texts end and begin."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    found = np.frombuffer(data or b"", dtype=np.uint8)[ends[0] : ends[-1]]
    # One byte more, for all texts may be empty.
    return np.append(found, np.uint8(0)), (ends - ends[0]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Chances:
    """What may be true of each of n pairs of titles: never wrongly no."""

    #: The titles are alike, their words in alphabetical order.
    sorted_alike: Bools
    #: They are alike, their words run together.
    compact_alike: Bools
    #: One title begins or ends with the other.
    extends: Bools
    #: They have one head, or one is the head of the other.
    head: Bools

    @property
    def some(self) -> Bools:
        """Whether anything may be true of a pair."""
        return np.asarray(self.sorted_alike | self.compact_alike | self.extends | self.head)

    def of(self, pairs: Ints) -> Chances:
        """Those of some pairs."""
        return Chances(*(getattr(self, field.name)[pairs] for field in fields(self)))


def chances_of(left: Outlines, right: Outlines, least: Floats) -> Chances:
    """What the outlines of titles leave possible.

    Args:
        left: n outlines.
        right: the other n.
        least: edit ratio, 0 to 1, from which the titles of each pair are alike.
    """
    ours, theirs = (side[:, :_COUNTS] for side in (left, right))
    apart = np.maximum(ours, theirs) - np.minimum(ours, theirs)
    our_blanks, their_blanks, blanks_apart = (
        rows[:, _BLANK].astype(np.int16) for rows in (ours, theirs, apart)
    )
    unsure = (ours[:, _UNSURE] | theirs[:, _UNSURE]) > 0
    # 32 counts of a byte are less than 2**15.
    our_size, their_size, distance = (
        rows.sum(axis=1, dtype=np.int16) for rows in (ours, theirs, apart)
    )
    total, longer = our_size + their_size, our_size - their_size
    blanks = our_blanks + their_blanks
    room = 1.0 - least + 1e-9
    # All letters of one are in the other, and it begins or ends there.
    inside = distance - blanks_apart == np.abs(longer - our_blanks + their_blanks)
    (begin, end, head), (other_begin, other_end, other_head) = _ends(left), _ends(right)
    meets = (begin == other_begin) | (end == other_end)
    shared = ((head == other_head) | (head == other_begin)) & (head != 0)
    return Chances(
        sorted_alike=np.asarray(unsure | (distance <= room * total)),
        compact_alike=np.asarray(unsure | (distance - blanks_apart <= room * (total - blanks))),
        extends=np.asarray(unsure | (inside & meets)),
        head=np.asarray(shared | ((other_head == begin) & (other_head != 0))),
    )


def _ends(rows: Outlines) -> npt.NDArray[np.uint64]:
    """What titles begin with, what they end with, and their heads, as numbers: 3 rows."""
    return np.ascontiguousarray(rows[:, _COUNTS:]).view(np.uint64).T
