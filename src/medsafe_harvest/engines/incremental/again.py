"""Matching night after night: against what was kept where that pays, of all records otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.engines.duckdb import Made, Matching, Tell, match
from medsafe_harvest.engines.incremental import remembered
from medsafe_harvest.engines.incremental.batch import match_batch
from medsafe_harvest.engines.incremental.changes import Batch, changes
from medsafe_harvest.engines.incremental.state import State
from medsafe_harvest.errors import EngineError, StoreError

#: Fewer records are matched in a second or two, whatever is known of them.
LEAST = 20_000
#: Share of the records that may have changed since all were matched: beyond it, all are.
_MOST = 0.1


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps what matching finds from one run to the next.

    Attributes:
        folder: for what is kept; it may be deleted at any time.
        memory_limit: for finding candidate pairs, for example "4GB".
        tell: told of each step, and why all records are matched where they are.
        least: records below which nothing is kept.
        threads: cores to use; all if None.
    """

    folder: Path
    memory_limit: str
    tell: Tell
    least: int = LEAST
    threads: int | None = None

    def match(self, records: pa.Table, overrides: Overrides) -> tuple[Matching, Commit]:
        """What :func:`~medsafe_harvest.engines.duckdb.match` finds in all records.

        Args:
            records: rows of ``schema.RECORD``, each ``record_id`` once.
            overrides: decisions of curators.

        Returns:
            What was found, and a function to call when it is safe: only then it is what the next
            run is matched against.

        Raises:
            EngineError: as ``match``.
        """
        if len(records) < self.least:
            return self._match(records, overrides), nothing
        remembered.prune(self.folder)  # what runs left that were ended
        state = self._state(len(records))
        if state is not None:
            self.tell("match: compare with the last run", len(records))
            batch = changes(state, records)
            if _moved(state, batch) <= _MOST * len(state.records.base):
                self.tell("match: what changed", max(len(batch.comes), len(batch.goes)))
                try:
                    found, new = match_batch(
                        state,
                        batch,
                        overrides,
                        memory_limit=self.memory_limit,
                        threads=self.threads,
                    )
                except (EngineError, pa.ArrowInvalid) as error:
                    # All at once is done in parts, which need less memory.
                    self.tell(f"match: all, since what changed cannot be ({error})", len(records))
                else:
                    return found, self._kept(new)
            else:
                self.tell("match: all, since much changed", len(records))
        return self._all(records, overrides)

    def _state(self, records: int) -> State | None:
        try:
            return remembered.load(self.folder)
        except StoreError as error:
            self.tell(f"match: all, since {error}", records)
            return None

    def _all(self, records: pa.Table, overrides: Overrides) -> tuple[Matching, Commit]:
        states: list[State] = []

        def keep(made: Made) -> None:
            with self._warned():
                states.append(remembered.write_base(self.folder, made, overrides))

        matching = self._match(records, overrides, keep)
        return matching, self._kept(states[0]) if states else nothing

    def _match(
        self,
        records: pa.Table,
        overrides: Overrides,
        keep: Callable[[Made], None] | None = None,
    ) -> Matching:
        return match(
            records,
            overrides,
            memory_limit=self.memory_limit,
            threads=self.threads,
            tell=self.tell,
            keep=keep,
        )

    def _kept(self, state: State) -> Commit:
        """Write what is new now, so that little is left to do later."""
        nights: list[Path] = []
        with self._warned():
            nights.append(remembered.write_night(self.folder, state))

        def commit() -> None:
            with self._warned():
                for night in nights:
                    remembered.commit(self.folder, state, night)

        return commit

    @contextmanager
    def _warned(self) -> Iterator[None]:
        """What cannot be kept takes nothing from this run: the next matches all, or more again."""
        try:
            yield
        except (EngineError, OSError) as error:
            remembered.prune(self.folder)
            self.tell(f"match: not kept for the next run ({error})", 0)


def _moved(state: State, batch: Batch) -> int:
    """Records that came or went since all were matched, whichever are more, the batch's too."""
    gone = len(state.records) - len(state.living)
    return max(len(state.records.more) + len(batch.comes), gone + len(batch.goes))


#: To be called once.
Commit = Callable[[], None]


def nothing() -> None:
    """There is nothing to be kept."""


def forget(folder: Path) -> None:
    """The next run matches all records."""
    remembered.disown(folder)
    shutil.rmtree(folder, ignore_errors=True)
