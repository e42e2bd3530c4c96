"""Cut an abstract into its sentences."""

from __future__ import annotations

import re

#: A possible end: stop, closing quotes or brackets, space, and what can begin a sentence.
_END = re.compile(
    r"[.!?][\"'\u201d\u2019)\]}]*\s+(?=[\"'\u201c(\[{$\\]*(?:[^\W\d_a-z]|\d|\$|\\))|[\u3002\uff01\uff1f]\s*"
)
#: Words with a stop that do not end a sentence.
_SHORT = re.compile(
    r"(?:^|[\s(\[{~\u201c\"'/-])(?:e\.?g|i\.?e|vs?|cf|ca|approx|resp|figs?|eqs?|eqns?|secs?|sects?|tabs?"
    r"|refs?|vol|pp?|chap|app|thm|dr|drs|prof|mr|mrs|ms|st|inc|ltd|viz|w\.r\.t|a\.k\.a|dept|univ"
    r"|wrt|incl|excl)\.$",
    re.IGNORECASE,
)
#: Such words end a sentence where a new one plainly begins.
_MAYBE = re.compile(
    r"\b(?:et\s+al|etc|i\.i\.d|Ph\.D|a\.m|p\.m|(?:[A-Z]\.)*[A-Z])\.$", re.IGNORECASE
)
#: "No. 5", but also the answer.
_NUMBER = re.compile(r"\bnos?\.$", re.IGNORECASE)
_BEGINS = re.compile(
    r"(?:The|Th[ei]se|This|Those|We|Our|In|It|Its|However|Here|To|By|On|For|As|With|Experiments?"
    r"|Results?|Furthermore|Moreover|Finally|Although|While|When|Our|They|An?|Code)\b"
)


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order, each as it stands there but for spaces at its ends.

    Stops of abbreviations, initials, numbers and formulas between dollar signs end none.
    """
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        if _is_end(text, start, end):
            found.append(text[start : end.end()].strip())
            start = end.end()
    found.append(text[start:].strip())
    return [one for one in found if one]


def _is_end(text: str, start: int, end: re.Match[str]) -> bool:
    # A few words before the stop tell; all of the sentence is needed to count dollar signs.
    stop = end.start() + 1
    before = text[max(start, stop - 16) : stop]
    if _MAYBE.search(before):
        return _BEGINS.match(text, end.end()) is not None
    if _NUMBER.search(before) and text[end.end() : end.end() + 1].isdecimal():
        return False
    if before.endswith(".") and _SHORT.search(before):
        return False
    return not _inside_formula(text, start, stop)


def _inside_formula(text: str, start: int, stop: int) -> bool:
    """Whether a dollar sign before is closed only behind; a single one is money."""
    opened = text.count("$", start, stop) - text.count("\\$", start, stop)
    return opened % 2 == 1 and "$" in text[stop : stop + 80]
