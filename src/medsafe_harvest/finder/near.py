"""What a misspelt word may have been meant to be."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import process
from rapidfuzz.distance import OSA

from medsafe_harvest.finder.words import LITTLE, stem

#: A slip more makes a word so many times less likely to be meant.
_RARER = 50
#: Left out: words that are less likely than the likeliest by this factor.
_HOPELESS = 100
#: A word of at most so many papers may be misspelt there too; then what is meant is so many times
#: as frequent.
_MISSPELT_AT_MOST = 5
_MORE_FREQUENT = 10
_MOST = 8
#: What a word may be off by to be offered where nothing was found.
_OFFERED_SLIPS = 3


def slips(word: str) -> int:
    """How many letters of a word may be wrong, missing, too many or swapped with the next."""
    if len(word) < 4 or not word.isalpha() or word in LITTLE:
        return 0
    return 1 if len(word) < 8 else 2


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of all papers."""

    #: The columns word and papers, the most frequent word first.
    table: pa.Table

    def meant(self, word: str) -> tuple[str, ...]:
        """Words that a word may be a misspelling of, the likeliest first."""
        own = self.frequency(word)
        allowed = slips(word)
        if not allowed or own > _MISSPELT_AT_MOST:
            return ()
        likely = self._likely(word, 1 if own else allowed, own * _MORE_FREQUENT)
        return tuple(
            other
            for other, weight in likely.items()
            if stem(other) != stem(word) and weight * _HOPELESS >= max(likely.values())
        )[:_MOST]

    def offered(self, word: str) -> tuple[str, ...]:
        """Words to offer for a word that no paper has."""
        if len(word) < 4 or not word.isalpha():
            return ()
        return tuple(self._likely(word, min(_OFFERED_SLIPS, len(word) // 2), 0))[:3]

    def frequency(self, word: str) -> int:
        """How many papers have a word, as far as it is one of letters."""
        return int(
            pc.sum(self.table.filter(pc.equal(self.table["word"], word))["papers"]).as_py() or 0
        )

    def _likely(self, word: str, allowed: int, least: int) -> dict[str, float]:
        """Other words within so many slips and how likely each is meant, the likeliest first.

        Args:
            word: a word.
            allowed: how many slips.
            least: how many papers must have the other word.
        """
        lengths = pc.utf8_length(self.table["word"])
        near = pc.less_equal(pc.abs(pc.subtract(lengths, len(word))), allowed)
        table = self.table.filter(pc.and_(near, pc.greater_equal(self.table["papers"], least)))
        papers = table["papers"]
        found = process.extract(
            word, table["word"].to_pylist(), scorer=OSA.distance, score_cutoff=allowed, limit=None
        )
        weights = {
            other: papers[place].as_py() / _RARER**distance
            for other, distance, place in found
            if distance
        }
        return dict(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0])))
