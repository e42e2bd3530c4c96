"""Fold text so that the spellings of one phrase become equal, and find the way back.

A phrase is written with spaces; authors write "out-of-distribution", "out of distribution" and
"out\N{EN DASH}of\N{EN DASH}distribution". Folding makes every run of spaces, hyphens and dashes
one space, and remembers what it left out, so that evidence points into the original text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_OTHER_SEPARATORS = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000\u0085"  # spaces
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"  # hyphens, dashes, minus
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
#: ASCII is folded as bytes: one table does in a pass what takes a text ten.
_ASCII = bytes.maketrans(b"-\t\n\r\x0b\x0c?!", b"      ..")
_ASCII_NO_WORD = bytes(
    ord(" ") if code < ord("\x80") and not chr(code).isalnum() else code for code in range(256)
)


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


def fold(text: str) -> Folded:
    """Separators to single spaces, sentence ends to full stops, quotes to ASCII."""
    plain = text.isascii()
    text = text.encode().translate(_ASCII).decode() if plain else _fold_others(text)
    text, cuts, shifts = _single_spaces(text)
    lower = text.lower()
    return Folded(text, lower, _only_words(lower), cuts, shifts)


def _only_words(text: str) -> str:
    """A space for each character that is no letter or digit."""
    # The bytes of other letters than those of ASCII are all above 127.
    flat = text.encode(errors="surrogatepass").translate(_ASCII_NO_WORD)
    text = flat.decode(errors="surrogatepass")
    for mark in [] if text.isascii() else set(_NOT_ASCII.findall(text)):
        if not mark.isalnum():
            text = text.replace(mark, " ")
    return text


def _single_spaces(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """One space for each run of them, and the places as ``Folded`` has them."""
    run = text.find("  ")
    if run < 0:
        return text, (), ()
    parts: list[str] = []
    cuts: list[int] = []
    shifts: list[int] = []
    start = left_out = 0
    while run >= 0:
        parts.append(text[start : run + 1])
        cuts.append(run + 1 - left_out)
        start = run + 2
        while text.startswith(" ", start):
            start += 1
        left_out += start - run - 1
        shifts.append(left_out)
        run = text.find("  ", start)
    return "".join([*parts, text[start:]]), cuts, shifts


def _fold_others(text: str) -> str:
    """The same for a text with other letters than those of ASCII, character by character."""
    for separator in "-\t\n\r\x0b\x0c" + _OTHER_SEPARATORS:
        text = text.replace(separator, " ")
    text = text.replace("?", ".").replace("!", ".")
    # The capital dotted I is the one letter whose lower case is longer than itself.
    return text.replace("\u0130", "I").replace("\u2019", "'")
