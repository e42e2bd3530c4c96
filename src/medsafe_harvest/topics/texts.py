"""Titles and abstracts of some papers as one folded text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, groupby

import numpy as np

from medsafe_harvest.topics.tables import ABSTRACT, TITLE, TITLE_ALONE, Bools, Ints
from medsafe_harvest.topics.text import Folded, fold

#: What stands between title and abstract, and between two papers: a sentence's end, so that no
#: phrase and no sentence reaches across. The second stop is that of an open last sentence.
_JOINT, _END = ". ", ".. "


class Texts:
    """Papers put end to end, so that a position tells paper, field and sentence.

    All positions are those of the folded text, but for what :meth:`words` tells.

    Attributes:
        cased, lower, flat: as in :class:`~medsafe_harvest.topics.text.Folded`.
        papers: how many there are.
        span: more than any position.
    """

    def __init__(self, titles: Sequence[str], abstracts: Sequence[str | None]) -> None:
        """Abstracts may be None or empty."""
        pairs = list(zip(titles, abstracts, strict=True))
        raws = [f"{title}{_JOINT}{abstract or ''}{_END}" for title, abstract in pairs]
        self.papers = len(raws)
        self._raw = "".join([" ", *raws])
        # Neighbours in ASCII are folded together, which is much faster.
        folded = [fold("".join(some)) for _, some in groupby([" ", *raws], str.isascii)]
        self.cased = "".join([one.cased for one in folded])
        self.lower = "".join([one.lower for one in folded])
        self.flat = "".join([one.flat for one in folded])
        self.span = len(self.flat) + 1
        self._cuts, self._shifts = _shifts(folded)
        self._origins = np.array([*accumulate(map(len, raws), initial=1)][:-1], dtype=np.int64)
        self._titles = np.array([len(title) for title in titles], dtype=np.int64)
        # The space before a paper and the stop behind its title are never left out.
        self._begins = self._position(self._origins - 1) + 1
        self._title_ends = self._position(self._origins + self._titles)
        self._in_title = np.array([TITLE if abstract else TITLE_ALONE for _, abstract in pairs])
        letters = np.frombuffer(self.lower.encode("ascii", "replace"), np.uint8)
        space = letters == ord(" ")
        self._spaces = np.flatnonzero(space)
        self._stops = np.flatnonzero((letters[:-1] == ord(".")) & space[1:])

    @property
    def sentences(self) -> int:
        """How many there are."""
        return len(self._stops) + 1

    def paper(self, position: Ints) -> Ints:
        """Number of the paper that each position lies in."""
        return np.searchsorted(self._begins, position, "right") - 1

    def sentence(self, position: Ints) -> Ints:
        """Number of the sentence that each position lies in."""
        return np.searchsorted(self._stops, position, "right")

    def place(self, position: Ints, paper: Ints) -> Ints:
        """``ABSTRACT``, ``TITLE`` or ``TITLE_ALONE``."""
        in_title = position < self._title_ends[paper]
        return np.where(in_title, self._in_title[paper], ABSTRACT)

    def words_between(self, end: Ints, start: Ints) -> Ints:
        """How many stand between an end and a start behind it, in one sentence."""
        return np.searchsorted(self._spaces, start) - np.searchsorted(self._spaces, end) - 1

    def words(self, paper: Ints, start: Ints, end: Ints) -> tuple[Bools, Ints, list[str]]:
        """Whether matches stand in the title, offset into the field, and the text as it came.

        A stem's match reaches to the end of its word.
        """
        flat, raw = self.flat, self._raw
        after = np.array([flat.index(" ", position) for position in end.tolist()], dtype=np.int64)
        first, last = self._origin(start), self._origin(after - 1)
        places = zip(first.tolist(), (last + 1).tolist(), strict=True)
        words = [raw[begin:behind] for begin, behind in places]
        offset, title = first - self._origins[paper], self._titles[paper]
        in_title = offset < title
        return in_title, np.where(in_title, offset, offset - title - len(_JOINT)), words

    def _origin(self, position: Ints) -> Ints:
        """Offsets in the text as it came."""
        return position + self._shifts[np.searchsorted(self._cuts, position, "right") - 1]

    def _position(self, origin: Ints) -> Ints:
        """Positions of offsets that were not left out."""
        after = np.searchsorted(self._cuts + self._shifts, origin, "right")
        return origin - self._shifts[after - 1]


def _shifts(folded: Sequence[Folded]) -> tuple[Ints, Ints]:
    """Where positions begin to differ from offsets by another number, and these numbers."""
    cuts, shifts = [0], [0]
    begin = left_out = 0
    for one in folded:
        cuts += [begin + cut for cut in one.cuts]
        shifts += [left_out + shift for shift in one.shifts]
        begin, left_out = begin + len(one.flat), shifts[-1]
    return np.array(cuts, dtype=np.int64), np.array(shifts, dtype=np.int64)
