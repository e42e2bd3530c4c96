"""Which word follows which, as counted in real texts, and new texts drawn from that.

A chain of first order (A. A. Markov, 1913): each word depends on the one before alone. Drawing is
done for many texts at once, with numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: State 0 is where a text begins and ends.
_EDGE = 0


@dataclass(frozen=True, slots=True)
class Chain:
    """Words and how often each follows each."""

    #: Of each state; that of the edge is "".
    words: list[str]
    #: Row of the first follower of each state, and one more at the end.
    starts: Ints
    followers: Ints
    #: How often all followers before each row were seen.
    before: Ints

    @classmethod
    def of(cls, texts: pa.Array, places: int) -> Self:
        """Count in lists of words; empty ones say nothing.

        Args:
            texts: the lists.
            places: so many words at the beginning are counted apart for each place, so that texts
                are no oftener short than these.
        """
        lengths = pc.list_value_length(texts).to_numpy(zero_copy_only=False)
        ends = np.cumsum(lengths)
        place = np.minimum(np.arange(lengths.sum()) - np.repeat(ends - lengths, lengths), places)
        coded = pc.dictionary_encode(texts.flatten())
        codes, states = np.unique(
            coded.indices.to_numpy().astype(np.int64) * (places + 1) + place, return_inverse=True
        )
        words = ["", *coded.dictionary.take(pa.array(codes // (places + 1))).to_pylist()]
        states = np.insert(states + 1, ends[lengths > 0], _EDGE)
        states = np.insert(states, 0, _EDGE)
        pairs, seen = np.unique(states[:-1] * len(words) + states[1:], return_counts=True)
        return cls(
            words,
            np.searchsorted(pairs // len(words), np.arange(len(words) + 1)),
            pairs % len(words),
            np.insert(np.cumsum(seen), 0, 0),
        )

    def draw(self, draws: Floats) -> list[list[str]]:
        """A text for each row of numbers from [0, 1); it has at most as many words as columns."""
        states = np.zeros(len(draws), np.int64)
        found = np.zeros(draws.shape, np.int64)
        for column in range(draws.shape[1]):
            states = self._next(states, draws[:, column])
            if column:
                states[found[:, column - 1] == _EDGE] = _EDGE
            found[:, column] = states
        return [[self.words[state] for state in row[row != _EDGE]] for row in found]

    def _next(self, states: Ints, draws: Floats) -> Ints:
        low, high = self.before[self.starts[states]], self.before[self.starts[states + 1]]
        places = low + (draws * (high - low)).astype(np.int64)
        return self.followers[np.searchsorted(self.before, places, side="right") - 1]

    def save(self, path: Path) -> None:
        """Write it as an .npz file."""
        arrays: dict[str, Any] = {
            "words": np.frombuffer("\n".join(self.words).encode(), np.uint8),
            "starts": self.starts,
            "followers": self.followers,
            "before": self.before,
        }
        np.savez(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote."""
        with np.load(path) as file:
            words = file["words"].tobytes().decode().split("\n")
            return cls(words, file["starts"], file["followers"], file["before"])
