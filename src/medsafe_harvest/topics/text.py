"""Fold text so that the spellings of one phrase become equal, and find the way back.

A phrase is written with spaces; authors write "out-of-distribution", "out of distribution" and
"out\N{EN DASH}of\N{EN DASH}distribution". Folding makes every run of spaces, hyphens and dashes
one space, and remembers where each character came from, so that evidence points into the
original text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_ASCII_SEPARATORS = "-\t\n\r\x0b\x0c"
_OTHER_SEPARATORS = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000\u0085"  # spaces
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"  # hyphens, dashes, minus
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text after folding.

    Attributes:
        cased: the folded text in the author's case, for acronyms.
        lower: the same in lower case; character i of both stands at the same place.
        positions: for each character, its offset in the original; None where nothing moved.
    """

    cased: str
    lower: str
    positions: Sequence[int] | None

    def origin(self, index: int) -> int:
        """Offset in the original of the character at an index of the folded text."""
        return index if self.positions is None else self.positions[index]


def fold(text: str) -> Folded:
    """Separators to single spaces, sentence ends to full stops, quotes to ASCII."""
    for separator in _ASCII_SEPARATORS:
        text = text.replace(separator, " ")
    text = text.replace("?", ".").replace("!", ".")
    if not text.isascii():
        for separator in _OTHER_SEPARATORS:
            text = text.replace(separator, " ")
        # The capital dotted I is the one letter whose lower case is longer than itself.
        text = text.replace("\u0130", "I").replace("\u2019", "'")
    if "  " not in text:
        return Folded(text, text.lower(), None)
    kept = [0, *(i for i in range(1, len(text)) if text[i] != " " or text[i - 1] != " ")]
    cased = "".join([text[i] for i in kept])
    return Folded(cased, cased.lower(), kept)
