"""What a person typed into the search: words, "phrases", and -what is not wanted.

Any text can be asked for; there is no wrong query.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from medsafe_harvest.finder.words import LITTLE, plain, tidy, whole_words

#: More than a title has; of a longer text only the first so many words are looked for.
MOST_WORDS = 50

_QUOTES = '"\u201c\u201d\u201e\u00ab\u00bb'
_PIECE = re.compile(
    rf"(?P<minus>(?<!\S)(?:[-\u2212]|NOT\s+)(?=[\w{_QUOTES}]))?"
    rf"(?:[{_QUOTES}](?P<phrase>[^{_QUOTES}]*)[{_QUOTES}]|(?P<words>[^\s{_QUOTES}]+)|[{_QUOTES}])"
)
#: Connectives of the language of ``query``, which is not ours.
_CONNECTIVES = frozenset({"AND", "OR", "NOT"})

#: One word, or the parts of a word such as "x-ray".
Unit = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted, in words as :func:`words.plain` gives them."""

    #: Words outside of quotes, each once, in order; words that say nothing alone are left out,
    #: unless there are no others.
    units: tuple[Unit, ...]
    #: All words outside of quotes in order: what a title may have as it stands.
    line: tuple[str, ...]
    #: Words in quotes, which must stand side by side.
    phrases: tuple[Unit, ...]
    #: What must not occur: a word, or words side by side.
    unwanted: tuple[Unit, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.units and not self.phrases


def read(text: str) -> Asked:
    """What a text asks for."""
    units: list[Unit] = []
    phrases: list[Unit] = []
    unwanted: list[Unit] = []
    for piece in _PIECE.finditer(tidy(text)):
        if piece["phrase"] is not None:
            found = [plain(piece["phrase"])]
            into = phrases
        else:
            words = [word for word in whole_words(piece["words"] or "") if word not in _CONNECTIVES]
            found = [plain(word) for word in words]
            into = units
        (unwanted if piece["minus"] else into).extend(unit for unit in found if unit)
    units = units[:MOST_WORDS]
    telling = [unit for unit in units if len(unit) > 1 or unit[0] not in LITTLE]
    return Asked(
        units=tuple(dict.fromkeys(telling or (() if phrases else units))),
        line=tuple(word for unit in units for word in unit)[:MOST_WORDS],
        phrases=tuple(dict.fromkeys(phrase[:MOST_WORDS] for phrase in phrases)),
        unwanted=tuple(dict.fromkeys(unwanted)),
    )
