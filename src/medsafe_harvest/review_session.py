"""A walk over the pairs that a person should look at, and what becomes of the answers.

No terminal here: ``cli/review_walk.py`` shows a pair and passes on the answer; ``review_sheet.py``
takes answers from a table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.overrides_file import OverridesFile, Ruling
from medsafe_harvest.review import Pair, Papers, Standing, doubt


@dataclass(frozen=True, slots=True)
class _Step:
    """Something done with the pair at a position; a skip wrote nothing."""

    position: int
    ruling: Ruling | None
    skipped: bool = False


class Session:
    """A walk over pairs. Each answer is in the file before the next pair is shown.

    Args:
        queue: pairs in the order of the walk.
        file: where answers go; others may write to it meanwhile.
        papers: what the table holds.
        skipped: pairs that were skipped another day; they come last.
    """

    def __init__(
        self,
        queue: Sequence[Pair],
        file: OverridesFile,
        papers: Papers,
        skipped: Collection[tuple[str, str]] = (),
    ) -> None:
        overrides = file.read()
        self._file = file
        self._papers = papers
        self._standing = overrides, Standing(papers, overrides)
        open_ones, self._others = _once(queue, self.standing)
        self._queue = sorted(open_ones, key=lambda pair: pair.ids in skipped)
        self._position = 0
        self._steps: list[_Step] = []

    def limit(self, most: int | None) -> None:
        """Walk over the first pairs only; None: over all."""
        self._queue = self._queue[:most]

    @property
    def queue(self) -> tuple[Pair, ...]:
        """All pairs of the walk."""
        return tuple(self._queue)

    def others(self, pair: Pair) -> int:
        """How many pairs of the same two papers this one stands for, itself left out."""
        return self._others.get(pair.ids, 0)

    @property
    def papers(self) -> Papers:
        """What the table holds."""
        return self._papers

    @property
    def overrides(self) -> Overrides:
        """What the file says now.

        Raises:
            ConfigError: the file is wrong.
        """
        return self._file.read()

    @property
    def number(self) -> int:
        """Place of the present pair, from 1."""
        return self._position + 1

    @property
    def standing(self) -> Standing:
        """What table and file say now.

        Raises:
            ConfigError: the file is wrong.
        """
        overrides = self._file.read()
        if overrides is not self._standing[0]:
            self._standing = overrides, Standing(self._papers, overrides)
        return self._standing[1]

    def present(self) -> Pair | None:
        """The pair to ask about; those that are settled by now are passed over. None: the end.

        Raises:
            ConfigError: the file is wrong.
        """
        standing = self.standing
        while self._position < len(self._queue):
            pair = self._queue[self._position]
            if not standing.is_settled(pair):
                return pair
            self._position += 1
        return None

    def answer(self, pair: Pair, *, same: bool, who: str, when: date, why: str) -> None:
        """Write the answer about the present pair and go on.

        Raises:
            ConfigError: it contradicts another; names both. Nothing is written, the pair stays.
            MedsafeError: it cannot be written.
        """
        ruling = Ruling(same, Link(left=pair.left, right=pair.right, who=who, when=when, why=why))
        written = self._file.add([ruling])
        self._go_on(ruling if written else None)

    def skip(self) -> None:
        """Leave the present pair without an answer."""
        self._go_on(None, skipped=True)

    def _go_on(self, ruling: Ruling | None, *, skipped: bool = False) -> None:
        self._steps.append(_Step(self._position, ruling, skipped))
        self._position += 1

    def undo(self) -> bool:
        """Go back to the pair before, and take its answer out of the file.

        Returns:
            False where nothing was done before.

        Raises:
            MedsafeError: the file cannot be read or written; nothing is undone.
        """
        if not self._steps:
            return False
        step = self._steps[-1]
        if step.ruling is not None:
            self._file.remove(step.ruling)
        self._steps.pop()
        self._position = step.position
        return True

    @property
    def has_begun(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._steps)

    @property
    def answered(self) -> tuple[Ruling, ...]:
        """What this session wrote, without what was undone."""
        return tuple(step.ruling for step in self._steps if step.ruling is not None)

    @property
    def left(self) -> int:
        """Pairs not come to."""
        return sum(not self.standing.is_settled(pair) for pair in self._queue[self._position :])

    @property
    def skipped(self) -> tuple[Pair, ...]:
        """Pairs that were skipped."""
        return tuple(self._queue[step.position] for step in self._steps if step.skipped)


def _once(
    queue: Iterable[Pair], standing: Standing
) -> tuple[list[Pair], dict[tuple[str, str], int]]:
    """The open pairs, of each two papers the strongest alone, and how many others that one has."""
    asked: dict[frozenset[str], list[Pair]] = {}
    for pair in queue:
        if not standing.is_settled(pair):
            asked.setdefault(standing.question(pair), []).append(pair)
    strongest = [
        min(several, key=lambda pair: (doubt(pair)[0], -pair.score)) for several in asked.values()
    ]
    counts = map(len, asked.values())
    return strongest, {
        pair.ids: count - 1 for pair, count in zip(strongest, counts, strict=True) if count > 1
    }
