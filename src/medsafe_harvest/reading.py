"""What the stored pages say, read as a run goes on, and what they changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from medsafe_harvest import checkpoint
from medsafe_harvest.collect import Collected, Entry, Key
from medsafe_harvest.config import Config
from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.publish import Steps


@dataclass(frozen=True, slots=True)
class Changes:
    """What the run's pages made of one source's records."""

    new: int
    changed: int
    unchanged: int
    #: Record ids that the source says are gone, or are now another: (before, now or None).
    replaced: tuple[tuple[str, str | None], ...]


@dataclass(slots=True)
class Reading:
    """What the stored pages say, read as the run goes on."""

    collected: Collected
    #: What the last run that came to its end knew; one that was killed has told nobody anything.
    before: Mapping[Key, Entry]
    #: Papers that the pages since then are about.
    touched: set[Key]
    damage: list[StoreError]

    @classmethod
    def begun(
        cls, config: Config, store: RawStore, data: Path, steps: Steps, *, is_first: bool
    ) -> Self:
        """Read what no run has read yet."""
        collected = checkpoint.load(data / "cache", store, config)
        reading = cls(collected, collected.entries(), set(), [])
        known = bool(collected.names) or is_first
        reading.damage += [StoreError(words) for words in store.damaged()]
        steps.step("read", store.count() - len(collected.names))
        try:
            reading.read_new(store)
        except StoreError as error:
            reading.damage.append(error)
        if not known:
            # Without what was kept in mind, all that is stored counts as told.
            reading.before, reading.touched = collected.entries(), set()
        return reading

    def read_new(self, store: RawStore) -> set[Key]:
        """Read the pages that were not read yet; the papers that they are about.

        Raises:
            StoreError: one is damaged.
        """
        unread = [seal for seal in store.seals() if seal.name not in self.collected.names]
        touched = self.collected.add(store, unread)
        self.touched |= touched
        return touched

    def refuse_damage(self) -> None:
        """Go no further with a damaged store.

        Raises:
            StoreError: what is damaged first.
        """
        if self.damage:
            raise self.damage[0]

    def read_all_if_needed(self, config: Config, store: RawStore, steps: Steps) -> None:
        """Read everything again if something that was left out is wanted now."""
        if self.collected.lacks_something:
            steps.step("read", store.count())
            self.collected = Collected(config)
            self.collected.add(store, store.seals())


def changes(
    before: Mapping[Key, Entry], after: Mapping[Key, Entry], touched: set[Key]
) -> dict[str, Changes]:
    """New, changed and unchanged records by source, of those that the run's pages are about."""
    found = {}
    for source in sorted({source for source, _ in after}):
        own = [key for key in touched if key[0] == source and key in after]
        new = [key for key in own if key not in before]
        same = [key for key in own if key in before and before[key].record == after[key].record]
        renamed = {
            former: f"{key[0]}:{key[1]}"
            for key, entry in after.items()
            for former in entry.seen.former_ids
            if key[0] == source
        }
        gone = [key for key in own if after[key].seen.gone and not _was_gone(before.get(key))]
        replaced = [
            (name, renamed[name])
            for key in sorted(before.keys() - after.keys())
            if (name := f"{key[0]}:{key[1]}") in renamed
        ]
        found[source] = Changes(
            new=len(new),
            changed=len(own) - len(new) - len(same),
            unchanged=len(same),
            replaced=(*replaced, *((f"{key[0]}:{key[1]}", None) for key in sorted(gone))),
        )
    return found


def _was_gone(entry: Entry | None) -> bool:
    return entry is not None and entry.seen.gone is not None
