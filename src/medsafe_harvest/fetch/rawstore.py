"""The raw store: every response as it came, for ever.

Layout, one folder for each attempt at a window::

    data/raw/<door>/<day>/<run>/<query>__<since>_<until>/
        0001.xml.gz      the body, compressed and nothing else: zgrep works
        0001.meta.json   request, status, headers, time, checksum; written last: the page's seal
        window.json      how the attempt ended, which pages were accepted; written last of all
    data/raw/<door>/packs/<first day>_<last day>.{jsonl.gz,tar.xz}
                         days packed by :mod:`~medsafe_harvest.fetch.compact`

Everything is written under a temporary name, synced and renamed, and never changed afterwards. A
body without its seal is what a killed run leaves; it is ignored. A body that is there already is
not stored again: the seal then names the page that has it.

A page's *name* is its path under ``data/raw`` without ending, and stays the same when it is packed.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from medsafe_harvest.disk import explained, files, sync
from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch import packs
from medsafe_harvest.fetch.attempt import Attempt, Run
from medsafe_harvest.fetch.rawindex import (
    META,
    PACKS,
    WINDOW,
    Entry,
    Index,
    Seal,
    WindowRecord,
    damaged,
    readable,
)
from medsafe_harvest.sources.base import Page, Window

# A leading underscore marks what is no seed query.
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class RawStore:
    """All responses under one folder, read once and then kept in mind.

    Args:
        folder: ``data/raw``; made when first written to.
        version: of this package, kept with each page.
    """

    def __init__(self, folder: Path, *, version: str) -> None:
        self.folder = folder
        self._version = version
        self._lock = threading.Lock()
        self._index: Index | None = None

    def attempt(self, source: str, query: str, digest: str, window: Window, run: Run) -> Attempt:
        """A folder for one attempt at a window.

        Raises:
            StoreError: it cannot be made.
        """
        name = f"{query}__{window.since.isoformat()}_{window.until.isoformat()}"
        for part in (source, run.name, name):
            if not _SAFE.fullmatch(part):
                raise StoreError(f"{part!r} cannot be a folder of the raw store")
        above = self.folder / source / run.day.isoformat() / run.name
        with explained(above):
            above.mkdir(parents=True, exist_ok=True)
            # An attempt that is there already is never written into: the store only grows.
            folder = next(
                folder
                for number in range(1, 1000)
                if not (folder := above / (name if number == 1 else f"{name}__{number}")).exists()
            )
            folder.mkdir()
            for parent in folder.parents[:4]:
                sync(parent)
        label = {
            "source": source,
            "query": query,
            "query_digest": digest,
            "since": window.since.isoformat(),
            "until": window.until.isoformat(),
        }
        return Attempt(self, folder, label, self._version)

    def count(self) -> int:
        """Number of sealed pages."""
        return len(self._known().seals)

    def seals(self) -> list[Seal]:
        """All sealed pages, in the order in which they were fetched.

        Pages fetched at the same moment come in the order of their names.

        Raises:
            StoreError: a folder cannot be read; names it. Damaged seals are in :meth:`damaged`.
        """
        known = self._known().seals
        with self._lock:
            found = list(known.values())
        return sorted(found, key=lambda seal: (seal.fetched_at, seal.name))

    def read(self, seal: Seal) -> Page:
        """The response of a seal, its checksum verified.

        Raises:
            StoreError: the body is damaged or missing; names the file.
        """
        return next(page for _, page in self.read_all([seal]))

    def read_all(self, seals: Iterable[Seal]) -> Iterator[tuple[Seal, Page]]:
        """The responses, their checksums verified, in the order in which they are stored best.

        Raises:
            StoreError: a body is damaged or missing; names the file.
        """
        packed: dict[str, dict[str, list[Seal]]] = {}
        for seal in seals:
            if seal.pack is not None:
                packed.setdefault(seal.pack, {}).setdefault(seal.body, []).append(seal)
                continue
            path = self.folder / seal.body
            with readable(path):
                body = _checked(gzip.decompress(path.read_bytes()), seal)
            yield seal, _page(seal, body)
        for pack, wanted in sorted(packed.items()):
            path = self.folder / pack
            left = set(wanted)
            with readable(path):
                for name, body in packs.bodies(path, left):
                    left.discard(name)
                    for seal in wanted[name]:
                        yield seal, _page(seal, _checked(body, seal))
            if left:
                raise damaged(path, f"it lacks {min(left)}")

    def windows(self) -> list[WindowRecord]:
        """How all attempts ended, in the order in which they did.

        Raises:
            StoreError: a folder cannot be read; names it. Damaged records are in :meth:`damaged`.
        """
        known = self._known().windows
        with self._lock:
            found = list(known.values())
        return sorted(found, key=lambda window: (window.finished_at, window.source, window.query))

    def unfinished(
        self, source: str, digest: str, window: Window, after: datetime, now: datetime
    ) -> list[Seal]:
        """Pages of attempts at a window that ended before the window did, the oldest first.

        Args:
            source: name of the door.
            digest: of the query.
            window: exactly this one.
            after: pages fetched earlier are too old to go on from.
            now: pages fetched later cannot have been.
        """
        index = self._known()
        with self._lock:
            pages, attempts = index.asked.get((source, digest, window), ((), ()))
            same = [index.seals[name] for name in pages]
            records = [index.windows[name] for name in attempts]
        # These ended of themselves: their pages would end the same way again.
        ended = [record.finished_at for record in records if record.outcome in _ENDED]
        latest = max(ended, default=after)
        usable = [
            seal
            for seal in same
            # A page from the future is a clock's mistake, and would be used for ever.
            if after <= seal.fetched_at <= now and seal.fetched_at > latest
        ]
        return sorted(usable, key=lambda seal: (seal.fetched_at, seal.name))

    def verify(self) -> list[str]:
        """What is damaged, in words; every byte that is stored is read."""
        index, bodies = self._checked_bodies()
        return [*index.damage.values(), *bodies.values()]

    def _checked_bodies(self) -> tuple[Index, dict[Path, str]]:
        """What is stored, read anew, and the damaged files of bodies with words for each."""
        index = Index.of(self._index_files(), self.folder)
        damage = Index()
        packed: dict[str, list[Seal]] = {}
        for seal in index.seals.values():
            if seal.pack is not None:
                packed.setdefault(seal.pack, []).append(seal)
                continue
            with damage.noting(self.folder / seal.body):
                self.read(seal)
        for pack, own in packed.items():
            with damage.noting(self.folder / pack):
                for _ in self.read_all(own):
                    pass
        return index, damage.damage

    def _known(self) -> Index:
        with self._lock:
            if self._index is None:
                self._index = Index.of(self._index_files(), self.folder)
            return self._index

    def holder(self, sha256: str) -> str | None:
        """Name of a page that has the body of that checksum, and still has it whole, or None."""
        index = self._known()
        with self._lock:
            seal = index.holders.get(sha256)
        if seal is None:
            return None
        if seal.pack is not None:
            # Reading a pack for one body takes too long; packs are verified when they are made.
            return seal.name if (self.folder / seal.pack).is_file() else None
        try:
            self.read(seal)
        except StoreError:
            # A new copy heals what is damaged.
            return None
        return seal.name

    def next_number(self) -> int:
        """A running number for the next page."""
        index = self._known()
        with self._lock:
            index.number += 1
            return index.number

    def damaged(self) -> list[str]:
        """What cannot be read of seals and window records, in words; bodies are not looked at."""
        return list(self._known().damage.values())

    def set_aside(self, target: Path) -> list[Path]:
        """Move what is damaged out of the store: attempts as a whole, packs with their index.

        The next harvest finds their windows missing, and fetches them again.

        Args:
            target: folder that they are moved to.

        Returns:
            Where they are now.

        Raises:
            StoreError: they cannot be moved.
        """
        index, bodies = self._checked_bodies()
        moved = []
        for path in sorted({*index.damage, *bodies}):
            if path.parent.name == PACKS:
                stem = path.name.removesuffix(packs.INDEX).removesuffix(packs.BODIES)
                victims = sorted(path.parent.glob(f"{stem}.*"))
            else:
                victims = [path if path.is_dir() else path.parent]
            for victim in victims:
                goal = target / victim.relative_to(self.folder)
                if victim.exists():
                    with explained(target):
                        goal.parent.mkdir(parents=True, exist_ok=True)
                        shutil.move(victim, goal)
                    moved.append(goal)
        self.forget()
        return moved

    def add(self, name: str, kind: str, value: Mapping[str, Any]) -> None:
        """Keep in mind what an attempt has just written: a ``seal`` or a ``window``."""
        index = self._known()
        with self._lock:
            index.add(Entry(self.folder / name, name, kind, value, None))

    def forget(self) -> None:
        """Read everything anew when asked next; after files were moved."""
        with self._lock:
            self._index = None

    def _index_files(self) -> list[Path]:
        # What is packed counts as packed, also where a killed compaction left the loose pages.
        found = files(self.folder, META, WINDOW, packs.INDEX)
        return sorted(found, key=lambda path: path.name.endswith(packs.INDEX))


#: Outcomes of attempts that came to their end.
_ENDED = frozenset(("complete", "empty", "short", "too_large"))


def _checked(body: bytes, seal: Seal) -> bytes:
    if hashlib.sha256(body).hexdigest() != seal.sha256:
        raise ValueError(f"its checksum is not that of the seal of {seal.name}")
    return body


def _page(seal: Seal, body: bytes) -> Page:
    return Page(seal.status, seal.headers, body, seal.url, seal.sent)
