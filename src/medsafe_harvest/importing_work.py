"""The look-ups of an import of lists, and the table made of what they gave."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medsafe_harvest import pipeline
from medsafe_harvest.collect import Collected
from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.fetch.harvest import Fetched, Network, Session, Task
from medsafe_harvest.fetch.plan import Wanted
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.listed_known import alone
from medsafe_harvest.lookups import wishes
from medsafe_harvest.night import NightObserver
from medsafe_harvest.pipeline import Curated
from medsafe_harvest.reading import Reading

#: Nobody needs to know before of so few seconds.
_SHORT = 20.0


@dataclass(slots=True)
class Work:
    """An import while it goes on.

    Attributes:
        config: how to read and to curate, and the services.
        store: where pages are kept.
        network: how services are reached, and the clock.
        data: the folder that holds ``curated`` and ``cache``.
        observer: told of each step.
        reading: what the stored pages say.
        allow_loss: also replace a table that has far more records of a source.
        fetched: what became of the look-ups.
        curated: the table that was made last, or None.
    """

    config: Config
    store: RawStore
    network: Network
    data: Path
    observer: NightObserver
    reading: Reading
    allow_loss: bool
    fetched: Fetched = field(default_factory=Fetched)
    curated: Curated | None = None
    _session: Session | None = None

    def look_up(self) -> bool:
        """Ask the services for papers of lists that they have not given yet, by identifier.

        Returns:
            Whether they said something new.
        """
        return self._ask([name for name, one in self.config.lookups.items() if not one.offers])

    def search(self) -> bool:
        """Search for what only lists name in the table, and by title alone, door by door.

        Returns:
            As :meth:`look_up`.
        """
        only_listed = alone(self.data / "curated")
        doors = [name for name, one in self.config.lookups.items() if one.offers]
        # Each is asked, whatever the one before said.
        said = [self._ask([name], only_listed) for name in doors]
        return any(said)

    def make(self, *, changed: bool) -> None:
        """Make the table anew if something changed, or it is not what the pages say."""
        self.reading.read_all_if_needed(self.config, self.store, self.observer)
        folder = self.data / "curated"
        if changed or not _is_current(self.reading.collected, folder):
            self.curated = pipeline.curate(
                self.store,
                self.config,
                folder,
                self.observer,
                self.reading.collected,
                now=self.network.clock.now(),
                allow_loss=self.allow_loss,
            )

    def _ask(self, doors: Sequence[str], alone: Collection[str] = ()) -> bool:
        """Ask some look-ups; whether what they said changes the table."""
        tasks = wishes(
            self.config,
            self.store,
            self.reading.collected,
            Wanted((), tuple(doors)),
            self.network.clock.now(),
            alone=alone,
            only_listed=True,
        )
        if not tasks:
            return False
        for door, words, number in _outlook(tasks, self.config, self.network):
            self.observer.step(f"ask {door}{words}", number)
        if self._session is None:
            self._session = Session(self.config, self.store, self.network, self.observer)
        self.fetched += self._session.fetch(tasks)
        touched = self.reading.read_new(self.store)
        return not touched.isdisjoint(self.reading.collected.entries())


def _outlook(
    tasks: Sequence[Task], config: Config, network: Network
) -> Iterator[tuple[str, str, int]]:
    """Of each door its name, how long its tasks will take at the service's pace, and how many."""
    for door, number in Counter(task.source for task in tasks).items():
        seconds = number * network.service(config, door).min_interval
        minutes = math.ceil(seconds / 60)
        words = "" if seconds < _SHORT else f", at least {minutes} min at its pace"
        yield door, words, number


def _is_current(collected: Collected, folder: Path) -> bool:
    """Whether the table has the records that the pages tell of, and no other."""
    try:
        rows = snapshot.read(snapshot.current(folder), "records", ["record_id"])
    except CuratedError:
        return False
    own = {f"{source}:{name}" for source, name in collected.entries()}
    return own == set(rows["record_id"].to_pylist())
