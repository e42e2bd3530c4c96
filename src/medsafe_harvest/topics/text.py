"""Fold text so that the spellings of one phrase become equal, and find the way back.

A phrase is written with spaces; authors write "out-of-distribution", "out of distribution" and
"out\N{EN DASH}of\N{EN DASH}distribution". Folding makes every run of spaces, hyphens and dashes
one space, and remembers what it left out, so that evidence points into the original text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_ASCII_SEPARATORS = "-\t\n\r\x0b\x0c"
_OTHER_SEPARATORS = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000\u0085"  # spaces
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"  # hyphens, dashes, minus
)
_RUN = re.compile(" {2,}")
_NO_WORD = re.compile(r"[\W_]")
_ASCII_NO_WORD = {code: " " for code in range(128) if not chr(code).isalnum()}


@dataclass(frozen=True, slots=True)
class Folded:
    """A text after folding.

    Attributes:
        cased: the folded text in the author's case, for acronyms.
        lower: the same in lower case; character i of all three stands at the same place.
        flat: ``lower`` with a space for each character that is no letter or digit.
        cuts: places of the folded text before which something was left out.
        shifts: how many characters were left out up to each cut.
    """

    cased: str
    lower: str
    flat: str
    cuts: Sequence[int] = ()
    shifts: Sequence[int] = ()

    def origin(self, index: int) -> int:
        """Offset in the original of the character at an index of the folded text."""
        passed = bisect_right(self.cuts, index) if self.cuts else 0
        return index + self.shifts[passed - 1] if passed else index

    def index(self, origin: int) -> int:
        """Index in the folded text of a character of the original that was not left out."""
        shift = 0
        for cut, after in zip(self.cuts, self.shifts, strict=True):
            if cut + after > origin:
                break
            shift = after
        return origin - shift


def fold(text: str) -> Folded:
    """Separators to single spaces, sentence ends to full stops, quotes to ASCII."""
    for separator in _ASCII_SEPARATORS:
        text = text.replace(separator, " ")
    text = text.replace("?", ".").replace("!", ".")
    plain = text.isascii()
    if not plain:
        for separator in _OTHER_SEPARATORS:
            text = text.replace(separator, " ")
        # The capital dotted I is the one letter whose lower case is longer than itself.
        text = text.replace("\u0130", "I").replace("\u2019", "'")
    cuts: list[int] = []
    shifts: list[int] = []
    if "  " in text:
        left_out = 0
        for run in _RUN.finditer(text):
            cuts.append(run.start() - left_out + 1)
            left_out += run.end() - run.start() - 1
            shifts.append(left_out)
        text = _RUN.sub(" ", text)
    lower = text.lower()
    flat = lower.translate(_ASCII_NO_WORD) if plain else _NO_WORD.sub(" ", lower)
    return Folded(text, lower, flat, cuts, shifts)
