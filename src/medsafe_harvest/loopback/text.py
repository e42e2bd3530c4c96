"""Words, stems and an inverted index with positions: how both stand-ins find text.

A text is lower-cased and split into runs of letters and digits (``str.isalnum``), so that
``X-ray`` is ``x`` and ``ray``; every word is stemmed with Snowball English; no word is left out.
``docs/loopback.md`` states these rules for whoever wants to check the index independently.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import Stemmer
from rapidfuzz.distance import Levenshtein

#: One truth value a paper of the corpus.
Mask = npt.NDArray[np.bool_]
_Positions = npt.NDArray[np.int64]

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Lower-case runs of letters and digits, in order."""
    return _WORD.findall(text.lower())


def folded(text: str) -> str:
    """The text without diacritics: names are found with and without them."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark))


def stems(plain: Sequence[str]) -> list[str]:
    """Snowball English stems, one a word."""
    # A new stemmer each time: its cache is not safe to share between threads.
    stemmed: list[str] = Stemmer.Stemmer("english").stemWords(list(plain))
    return stemmed


def wildcard_rule(pattern: str) -> re.Pattern[str]:
    """What ``*`` (any run of characters) and ``?`` (one character) stand for; to match in full."""
    return re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern))


class FieldIndex:
    """Where each word of one field stands, over all papers of a corpus.

    Args:
        texts: one item a paper: its passages. A phrase never runs over from one passage into
            the next (the names of two authors) nor from one paper into the next.
    """

    def __init__(self, texts: Iterable[Sequence[str]]) -> None:
        vocabulary: dict[str, int] = {"": 0}  # 0 stands after every passage
        sequence = array("i")
        lengths = array("q")
        for passages in texts:
            before = len(sequence)
            for passage in passages:
                sequence.extend(vocabulary.setdefault(w, len(vocabulary)) for w in words(passage))
                sequence.append(0)
            lengths.append(len(sequence) - before)
        self._size = len(lengths)
        self._paper_of = np.repeat(np.arange(self._size), np.array(lengths, dtype=np.int64))
        numbers = np.array(sequence, dtype=np.int32)
        self._order = np.argsort(numbers, kind="stable")
        self._starts = np.searchsorted(numbers[self._order], np.arange(len(vocabulary) + 1))
        del vocabulary[""]
        self._vocabulary = vocabulary
        self._stems: dict[str, list[int]] = {}
        for stem, number in zip(stems(list(vocabulary)), vocabulary.values(), strict=True):
            self._stems.setdefault(stem, []).append(number)
        self._stem_positions: dict[str, _Positions] = {}

    def phrase(self, sought: Sequence[str], *, exact: bool = False) -> Mask:
        """Papers in which the words follow one another; none for an empty phrase.

        Args:
            sought: words as :func:`words` gives them.
            exact: compare the words themselves instead of their stems.
        """
        lists = self._positions_of(sought, exact=exact)
        if not lists:
            return self._mask(np.empty(0, dtype=np.int64))
        by_rarity = sorted(enumerate(lists), key=lambda item: len(item[1]))
        first, rarest = by_rarity[0]
        found = rarest - first
        for offset, positions in by_rarity[1:]:
            found = found[_contains(positions, found + offset)]
        return self._mask(found)

    def near(self, sought: Sequence[str], slop: int) -> Mask:
        """Papers in which the words stand within ``slop`` moves of the phrase, by stems.

        Lucene's measure: of the positions of the words, each less its place in the phrase, the
        largest and the smallest differ by at most ``slop``.
        """
        lists = self._positions_of(sought, exact=False)
        shifted = sorted(
            (int(position) - offset, offset, int(self._paper_of[position]))
            for offset, positions in enumerate(lists)
            for position in positions
        )
        mask = self._mask(np.empty(0, dtype=np.int64))
        last: dict[int, tuple[int, int]] = {}
        for place, offset, paper in shifted:
            last[offset] = (place, paper)
            if len(last) == len(lists):
                nearest = min(seen for seen, _ in last.values())
                together = all(of == paper for _, of in last.values())
                if together and place - nearest <= slop:
                    mask[paper] = True
        return mask

    def wildcard(self, pattern: str) -> Mask:
        """Papers with a word, not stemmed, that fits ``*`` (any run) and ``?`` (one character)."""
        rule = wildcard_rule(pattern.lower())
        return self._any_of(n for word, n in self._vocabulary.items() if rule.fullmatch(word))

    def fuzzy(self, sought: str, distance: int) -> Mask:
        """Papers with a word, not stemmed, within the edit distance."""
        return self._any_of(
            number
            for word, number in self._vocabulary.items()
            if Levenshtein.distance(sought, word, score_cutoff=distance) <= distance
        )

    def _positions_of(self, sought: Sequence[str], *, exact: bool) -> list[_Positions]:
        if exact:
            numbers = (self._vocabulary.get(word) for word in sought)
            return [self._places([] if n is None else [n]) for n in numbers]
        return [self._places_of_stem(stem) for stem in stems(sought)]

    def _places_of_stem(self, stem: str) -> _Positions:
        places = self._stem_positions.get(stem)
        if places is None:
            places = np.sort(self._places(self._stems.get(stem, [])))
            self._stem_positions[stem] = places
        return places

    def _places(self, numbers: Iterable[int]) -> _Positions:
        starts = self._starts
        parts = [self._order[starts[n] : starts[n + 1]] for n in numbers]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def _any_of(self, numbers: Iterable[int]) -> Mask:
        return self._mask(self._places(numbers))

    def _mask(self, positions: _Positions) -> Mask:
        mask = np.zeros(self._size, dtype=np.bool_)
        mask[self._paper_of[positions]] = True
        return mask


def _contains(ascending: _Positions, wanted: _Positions) -> Mask:
    """For each wanted position, whether it is in the ascending ones."""
    if not len(ascending):
        return np.zeros(len(wanted), dtype=np.bool_)
    at = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    found: Mask = ascending[at] == wanted
    return found
