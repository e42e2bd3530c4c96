"""The words of all titles and abstracts as numbers, so that phrases are found by arithmetic.

Words are cut and brought to one form as :func:`~medsafe_harvest.sources.expression.matches` does:
lower case, and a plural is the same as its singular. A test holds the two to the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from medsafe_harvest.sources.expression import And, Expression, Field, Not, Or, Term

Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]

#: A word that no text holds: it stands between a title and its abstract.
BETWEEN = "."
_WORD = re.compile(r"\w+")
#: Each ASCII character that is part of no word becomes a blank.
_BLANKS = bytes(n if chr(n).isalnum() or chr(n) == "_" else ord(" ") for n in range(256))


def folded(text: str) -> tuple[str, ...]:
    """The words of a short text in the form in which they are compared."""
    return tuple(map(_singular, _WORD.findall(text.casefold())))


@dataclass(frozen=True, slots=True)
class WordIndex:
    """Every word of every paper, in order; arrays over words have a place for each."""

    #: Number of papers.
    papers: int
    #: What word it is: a place in ``vocabulary``.
    codes: NDArray[np.int32]
    #: Row of its paper.
    rows: NDArray[np.int32]
    in_title: Flags
    vocabulary: tuple[str, ...]
    by_word: dict[str, int]
    #: Places sorted by code, and where each code begins among them.
    order: NDArray[np.int32]
    begins: Whole

    @classmethod
    def of(cls, titles: Sequence[str], abstracts: Sequence[str | None]) -> Self:
        """The index of papers, by row."""
        lines = [
            f"{_cut(title)} {BETWEEN} {_cut(abstract or '')}"
            for title, abstract in zip(titles, abstracts, strict=True)
        ]
        parts = [
            pc.split_pattern(pa.array(lines[start : start + _CHUNK], pa.string()), " ")
            for start in range(0, len(lines), _CHUNK)
        ]
        words = pa.chunked_array([one.flatten() for one in parts], pa.string())
        encoded = words.dictionary_encode().unify_dictionaries()
        written = encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []
        # The few distinct words are brought to one form, not each of the many in the texts.
        forms = [_singular(word) for word in written]
        by_word = {word: code for code, word in enumerate(dict.fromkeys(forms))}
        codes = np.array([by_word[form] for form in forms], np.int32)[
            np.concatenate([np.empty(0, np.int32), *(one.indices for one in encoded.chunks)])
        ]
        lengths = [pc.list_value_length(one).to_numpy() for one in parts]
        counts = np.concatenate([np.empty(0, np.int32), *lengths])
        rows = np.repeat(np.arange(len(lines), dtype=np.int32), counts)
        is_between = codes == by_word.get(BETWEEN, -1)
        # Each earlier paper has one mark behind it.
        in_title = np.cumsum(is_between) == rows
        sizes = np.bincount(codes, minlength=len(by_word))
        return cls(
            papers=len(lines),
            codes=codes,
            rows=rows,
            in_title=in_title,
            vocabulary=tuple(by_word),
            by_word=by_word,
            order=stable_order(codes).astype(np.int32),
            begins=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        )

    def places(self, words: Sequence[str]) -> NDArray[np.int32]:
        """Where a phrase begins; its words as :func:`folded` gives them."""
        codes = [self.by_word.get(word) for word in words]
        known = [code for code in codes if code is not None]
        if len(known) < len(codes) or not known:
            return np.empty(0, np.int32)
        rarest = min(range(len(known)), key=lambda n: self._count(known[n]))
        code = known[rarest]
        found: NDArray[np.int32]
        found = self.order[self.begins[code] : self.begins[code + 1]] - np.int32(rarest)
        found = found[(found >= 0) & (found + len(known) <= len(self.codes))]
        for offset, code in enumerate(known):
            found = found[self.codes[found + offset] == code]
        found = found[self.rows[found] == self.rows[found + (len(known) - 1)]]
        return found

    def _count(self, code: int) -> int:
        return int(self.begins[code + 1] - self.begins[code])

    def holding(self, words: Sequence[str], fields: Sequence[Field] = tuple(Field)) -> Flags:
        """Which papers hold a phrase in one of the fields."""
        places = self.places(words)
        if Field.TITLE not in fields:
            places = places[~self.in_title[places]]
        if Field.ABSTRACT not in fields:
            places = places[self.in_title[places]]
        found = np.zeros(self.papers, dtype=bool)
        found[self.rows[places]] = True
        return found

    def matching(self, expression: Expression) -> Flags:
        """Which papers have what is asked for, as ``expression.matches`` would tell of each."""
        match expression:
            case Term():
                return self.holding(folded(expression.words), expression.fields)
            case Not():
                return ~self.matching(expression.item)
            case And():
                return ~self._any(tuple(~self.matching(item) for item in expression.items))
            case Or():
                return self._any(tuple(self.matching(item) for item in expression.items))

    def _any(self, several: Sequence[Flags]) -> Flags:
        found = np.zeros(self.papers, dtype=bool)
        for flags in several:
            found |= flags
        return found


#: Papers whose words are split at once: their text stays below the 2 GB of an Arrow array.
_CHUNK = 50_000


def stable_order(numbers: NDArray[np.integer[Any]]) -> Whole:
    """What ``argsort(kind="stable")`` gives for numbers from 0 to 2**32 - 1, several times as fast.

    NumPy sorts 16 bits by their digits: the lower half first, then the upper half.
    """
    order: Whole = np.argsort((numbers & 0xFFFF).astype(np.uint16), kind="stable")
    upper = (numbers >> 16).astype(np.uint16)
    if upper.any():
        order = order[np.argsort(upper[order], kind="stable")]
    return order


def _cut(text: str) -> str:
    text = text.casefold()
    # Nearly all texts are ASCII, where a table is many times as fast as a pattern.
    if text.isascii():
        return " ".join(text.encode().translate(_BLANKS).decode().split())
    return " ".join(_WORD.findall(text))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == "s" else word
