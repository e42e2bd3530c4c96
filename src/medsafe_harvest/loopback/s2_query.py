"""The boolean query language of Semantic Scholar's bulk search.

``+`` and, ``|`` or, ``-`` not, ``"a phrase"``, ``prefix*``, ``word~N``, ``"a phrase"~N`` and
parentheses, as in Lucene's simple query syntax: words side by side are all required, operators
have no precedence and group from the left (``a | b c`` is ``(a | b) + c``), and whatever makes no
sense (a lone quote or parenthesis) is passed over rather than refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from medsafe_harvest.loopback.corpus import Corpus
from medsafe_harvest.loopback.text import FieldIndex, Mask, words

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<operator>[+|])
    | (?P<bracket>[()])
    | (?P<minus>-)(?=\S)
    | "(?P<phrase>[^"]*)"(?:~(?P<slop>\d*))?
    | (?P<word>[^\s"+|()]+)
    | (?P<stray>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
#: N of ``~`` where none is given.
_DEFAULT_DISTANCE = 2


@dataclass(slots=True)
class _Level:
    """What one pair of parentheses has found so far."""

    mask: Mask | None = None
    operator: str = "+"
    negate: bool = False

    def add(self, mask: Mask) -> None:
        if self.negate:
            mask = ~mask
        if self.mask is None:
            self.mask = mask
        elif self.operator == "|":
            self.mask = self.mask | mask
        else:
            self.mask = self.mask & mask
        self.operator, self.negate = "+", False


def find(corpus: Corpus, query: str) -> Mask:
    """Papers that the query finds in title or abstract; an empty query finds all."""
    everything = np.ones(len(corpus.papers), dtype=np.bool_)
    levels = [_Level()]
    for match in _TOKEN.finditer(query.rstrip()):
        level = levels[-1]
        if match["operator"]:
            level.operator = match["operator"]
        elif match["minus"]:
            level.negate = not level.negate
        elif match["bracket"] == "(":
            levels.append(_Level())
        elif match["bracket"] == ")":
            if len(levels) > 1:
                _close(levels)
        elif not match["stray"]:
            mask = _leaf(corpus, match)
            if mask is not None:
                level.add(mask)
    while len(levels) > 1:
        _close(levels)
    found = levels[0].mask
    return everything if found is None else found


def _close(levels: list[_Level]) -> None:
    inner = levels.pop().mask
    if inner is not None:
        levels[-1].add(inner)


def _leaf(corpus: Corpus, match: re.Match[str]) -> Mask | None:
    """Papers that one phrase or word finds; None where it holds no letter or digit."""
    phrase = match["phrase"]
    if phrase is not None:
        sought = words(phrase)
        slop = match["slop"]
        if not sought:
            return None
        if slop is None:
            return corpus.title.phrase(sought) | corpus.abstract.phrase(sought)
        distance = int(slop or _DEFAULT_DISTANCE)
        return corpus.title.near(sought, distance) | corpus.abstract.near(sought, distance)
    return _word(corpus, match["word"])


def _word(corpus: Corpus, text: str) -> Mask | None:
    body, tilde, distance = text.partition("~")
    sought = words(body)
    if not sought:
        return None
    if tilde and (not distance or distance.isdecimal()):
        edits = int(distance or _DEFAULT_DISTANCE)
        return _each(corpus, sought, lambda index, word: index.fuzzy(word, edits))
    sought = words(text)
    if text.endswith("*"):
        start = sought.pop()
        started = _each(corpus, [start], lambda index, word: index.wildcard(f"{word}*"))
        return all_words(corpus, sought) & started
    return all_words(corpus, sought)


def all_words(corpus: Corpus, sought: Sequence[str]) -> Mask:
    """Papers that hold each of the words, by stem, in title or abstract."""
    return _each(corpus, sought, lambda index, word: index.phrase([word]))


def _each(corpus: Corpus, sought: Sequence[str], search: Callable[[FieldIndex, str], Mask]) -> Mask:
    mask = np.ones(len(corpus.papers), dtype=np.bool_)
    for word in sought:
        mask &= search(corpus.title, word) | search(corpus.abstract, word)
    return mask
