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
import json
import os
import re
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch import packs
from medsafe_harvest.fetch.rawindex import (
    META,
    PACKS,
    WINDOW,
    Entry,
    Index,
    Seal,
    WindowRecord,
    damaged,
    entries_of,
    readable,
    seal_of,
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

    def packed_names(self) -> set[str]:
        """Names of all pages and attempts that are in packs.

        Raises:
            StoreError: the index of a pack is damaged; names it.
        """
        return {
            entry.name
            for path in self._files(packs.INDEX)
            for entry in entries_of(path, self.folder)
        }

    def has_days_before(self, day: date) -> bool:
        """Whether pages fetched before that day are files of their own."""
        return any(
            path.name < day.isoformat()
            for path in self.folder.glob("*/[0-9]*-[0-9]*-[0-9]*")
            if path.is_dir()
        )

    def loose(self, folders: Iterable[Path]) -> list[Entry]:
        """Seals and window records under these folders that are files of their own.

        Raises:
            StoreError: one is damaged; names the file.
        """
        inside = frozenset(folders)
        return [
            entry
            for path in self._files(META, WINDOW)
            if not inside.isdisjoint(path.parents)
            for entry in entries_of(path, self.folder)
        ]

    def read_loose(self, entry: Entry) -> bytes:
        """The body that a loose page has itself, its checksum verified.

        Raises:
            StoreError: it is damaged or missing; names the file.
        """
        ((_, page),) = self.read_all([seal_of(entry)])
        return page.body

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
        found = self._files(META, WINDOW, packs.INDEX)
        return sorted(found, key=lambda path: path.name.endswith(packs.INDEX))

    def _files(self, *endings: str) -> list[Path]:
        """All files of these endings, sorted. A folder that cannot be read is no empty folder."""

        def stop(error: OSError) -> None:
            if error.filename != str(self.folder) or not isinstance(error, FileNotFoundError):
                raise StoreError(
                    f"{error.filename} cannot be read ({error.strerror}): mend its permissions"
                ) from error

        return sorted(
            Path(folder, name)
            for folder, _, names in os.walk(self.folder, onerror=stop)
            for name in names
            if name.endswith(endings) and not name.startswith(".")
        )


#: Outcomes of attempts that came to their end.
_ENDED = frozenset(("complete", "empty", "short", "too_large"))


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation of the harvester."""

    name: str
    day: date

    @classmethod
    def starting(cls, now: datetime) -> Run:
        """A run that starts now; processes that start together differ by their number."""
        return cls(f"{now:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}", now.date())


class Attempt:
    """Writes the pages of one attempt at a window, and how it ended."""

    def __init__(
        self, store: RawStore, folder: Path, label: Mapping[str, str], version: str
    ) -> None:
        self._store = store
        self._folder = folder
        self._path = folder.relative_to(store.folder).as_posix()
        self._label = label
        self._version = version
        self._number = 0

    def keep(self, url: str, page: Page, fetched_at: datetime) -> str:
        """Store a response; returns the page's number in this attempt.

        A body that is stored already is not written again.

        Raises:
            StoreError: it cannot be written.
        """
        self._number += 1
        number = f"{self._number:04d}"
        sha256 = hashlib.sha256(page.body).hexdigest()
        holder = self._store.holder(sha256)
        meta = {
            **self._label,
            "bytes": len(page.body),
            "fetched_at": fetched_at.isoformat(timespec="microseconds"),
            "headers": dict(page.headers),
            "number": self._store.next_number(),
            "sha256": sha256,
            "status": page.status,
            "url": url,
            "version": self._version,
        }
        if page.sent:
            meta["sent"] = page.sent
        if holder is None:
            meta["body"] = f"{number}.{_suffix(page)}.gz"
        else:
            meta["same_as"] = holder
        with explained(self._folder):
            if holder is None:
                body = gzip.compress(page.body, compresslevel=6, mtime=0)
                write(self._folder / str(meta["body"]), body)
            write(self._folder / f"{number}{META}", _json(meta))
        self._store.add(f"{self._path}/{number}", "seal", meta)
        return number

    def finish(self, record: WindowRecord) -> None:
        """Write how the attempt ended.

        Raises:
            StoreError: it cannot be written.
        """
        content = {
            **self._label,
            "announced": record.announced,
            "began_at": record.began_at.isoformat(timespec="microseconds"),
            "finished_at": record.finished_at.isoformat(timespec="microseconds"),
            "message": record.message,
            "notes": list(record.notes),
            "outcome": record.outcome,
            "pages": list(record.pages),
            "received": record.received,
        }
        with explained(self._folder):
            write(self._folder / WINDOW, _json(content))
        self._store.add(self._path, "window", content)


def _suffix(page: Page) -> str:
    kind = page.headers.get("content-type", "")
    return next((word for word in ("json", "xml", "html") if word in kind), "txt")


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn an error of the disk into one that says what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error.strerror or error}): free some space "
            "or mend the permissions, and run again; what was stored before is untouched"
        ) from error


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, also when the power goes.

    Raises:
        OSError: it cannot be written.
    """
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Make the names in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()


def _checked(body: bytes, seal: Seal) -> bytes:
    if hashlib.sha256(body).hexdigest() != seal.sha256:
        raise ValueError(f"its checksum is not that of the seal of {seal.name}")
    return body


def _page(seal: Seal, body: bytes) -> Page:
    return Page(seal.status, seal.headers, body, seal.url, seal.sent)
