"""How text becomes words, the same for papers and for what is asked.

A word is a run of letters and digits in lower case without diacritics ("Müller" is ``muller``);
its stem is that of the Snowball stemmer for English ("predictions" is ``predict``). British words
are spelt as American ones ("tumour" is ``tumor``). Words with a hyphen or an apostrophe inside are
also known in one piece: "X-ray" is ``x``, ``ray`` and ``xray``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from medsafe_harvest.normalize.spellings import all_american, american
from medsafe_harvest.normalize.text import one_line

#: Longer runs are no words: addresses, sequences of bases.
_LONGEST = 60
_INSIDE = "-'\u2019\u2010\u2011\u2013\u2212"
_WORD = re.compile(rf"\w++(?:[{_INSIDE}]\w++)*+")
_COMPOUND = re.compile(rf"\b\w++(?:[{_INSIDE}]\w++)++")
_NO_WORD = re.compile(r"[\W_]+")
_POSSESSIVE = re.compile(r"['\u2019]s\b")
#: Words that say nothing alone; they count in phrases only.
LITTLE = frozenset(
    "a an and are as at be by can do for from has have how in into is it its not of on or our "  # noqa: SIM905 - a word list reads best as text
    "that the their these this to toward towards using via was we were what when which with".split()
)


def _builder() -> TextAnalyzerBuilder:
    plain = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(_LONGEST))
    return plain.filter(Filter.lowercase()).filter(Filter.ascii_fold())


def plain_analyzer() -> TextAnalyzer:
    """Text to words."""
    return _builder().build()


def stem_analyzer() -> TextAnalyzer:
    """Text to stems."""
    return _builder().filter(Filter.stemmer("english")).build()


_PLAIN = plain_analyzer()
_STEM = stem_analyzer()


def tidy(text: str) -> str:
    """The text on one line, without the possessive s, in American spelling."""
    return american(_without_possessive(text))


def all_tidy(texts: Iterable[str | None]) -> list[str]:
    """The same for many texts."""
    return all_american([_without_possessive(text) for text in texts])


def _without_possessive(text: str | None) -> str:
    return _POSSESSIVE.sub("", one_line(text) or "")


def plain(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(_PLAIN.analyze(text))


@lru_cache(maxsize=10_000)
def stem(word: str) -> str:
    """The stem of one word as :func:`plain` gives it, however it is spelt."""
    return next(iter(_STEM.analyze(american(word))), word)


def whole_words(text: str) -> list[str]:
    """Words as written, those with a hyphen or an apostrophe inside in one piece."""
    return _WORD.findall(text)


def joined(text: str) -> str:
    """The words with a hyphen or an apostrophe inside, in one piece each, between spaces."""
    runs = text.split()  # far faster than a search through all of the text
    few = [run for sign in _INSIDE if sign in text for run in runs if sign in run]
    found = set(_COMPOUND.findall(" ".join(few)))
    return " ".join(_NO_WORD.sub("", word) for word in sorted(found))


def places(text: str, stems: Collection[str]) -> Iterator[tuple[int, int]]:
    """Where the words stand that have one of the stems: start and end in characters."""
    for found in re.finditer(r"[^\W_]+", text):
        if any(stem(word) in stems for word in plain(found[0])):
            yield found.span()
