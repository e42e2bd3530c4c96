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
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch import packs
from medsafe_harvest.sources.base import Page, Window

_META = ".meta.json"
_PACKS = "packs"
_WINDOW = "window.json"
# A leading underscore marks what is no seed query.
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Seal:
    """What is known of a stored response without reading its body."""

    #: Path under ``data/raw`` without ending.
    name: str
    source: str
    query: str
    query_digest: str
    window: Window
    url: str
    #: What was sent with POST; empty for a GET.
    sent: str
    status: int
    headers: Mapping[str, str]
    fetched_at: datetime
    #: Running number in the store: what came later, whatever the clock said.
    number: int
    #: SHA-256 of the body, in hex, and its length in bytes.
    sha256: str
    size: int
    #: Path under ``data/raw`` of the body's file, or the body's name in its pack.
    body: str
    #: Path under ``data/raw`` of the pack that holds the body, or None.
    pack: str | None = None

    @property
    def attempt(self) -> str:
        """Path of the attempt's folder under ``data/raw``."""
        return self.name.rpartition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRecord:
    """How one attempt to fetch a window ended."""

    source: str
    query: str
    #: ``Query.digest`` at that time: another meaning of the query needs another harvest.
    query_digest: str
    window: Window
    #: A ``Completeness`` value, or the ``outcome`` of a ``FetchError``.
    outcome: str
    #: What went wrong, in words; empty for a complete window.
    message: str = ""
    announced: int = 0
    received: int = 0
    notes: tuple[str, ...] = ()
    #: The pages that were accepted: numbers in the attempt's folder, names where an earlier
    #: attempt fetched them.
    pages: tuple[str, ...] = ()
    #: When the first of the pages was fetched: the window is known as it was then.
    began_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A seal or a window record as it is written."""

    #: File that it stands in.
    path: Path
    #: Name of the page, or path of the attempt's folder.
    name: str
    kind: str
    value: Mapping[str, Any]
    #: The pack that it stands in, or None.
    pack: str | None

    @property
    def is_reference(self) -> bool:
        """Whether the body of the page is stored with another page."""
        return "same_as" in self.value


#: Door, digest of the question, window.
_Asked = tuple[str, str, Window]


@dataclass(slots=True)
class _Index:
    """All that is stored, bodies apart; grows with each page that this process stores."""

    seals: dict[str, Seal] = field(default_factory=dict)
    #: By path of the attempt's folder.
    windows: dict[str, WindowRecord] = field(default_factory=dict)
    #: Pages that have their body themselves, by its checksum.
    holders: dict[str, Seal] = field(default_factory=dict)
    #: Names of the pages, and of the attempts that ended, by what was asked.
    asked: dict[_Asked, tuple[set[str], set[str]]] = field(default_factory=dict)
    #: Files that cannot be read, and why, in words.
    damage: dict[Path, str] = field(default_factory=dict)
    #: Largest running number of a page.
    number: int = 0

    @classmethod
    def of(cls, paths: Iterable[Path], root: Path) -> Self:
        """Everything that the index files say; what cannot be read is noted as damage.

        A window whose pages are not all there was not received: it is fetched again.
        """
        index = cls()
        entries: list[Entry] = []
        for path in paths:
            with index.noting(path):
                entries += _entries(path, root)
        for entry in sorted(entries, key=lambda entry: entry.is_reference):
            with index.noting(entry.path):
                index.add(entry)
        for folder, record in index.windows.items():
            names = (name if "/" in name else f"{folder}/{name}" for name in record.pages)
            lost = [name for name in names if name not in index.seals]
            if lost:
                words = f"page {lost[0]}, which is not there or damaged"
                index.damage.setdefault(root / folder, f"{root / folder} names {words}")
                index.windows[folder] = replace(record, outcome=DAMAGED, message=f"lacks {words}")
        return index

    @contextmanager
    def noting(self, path: Path) -> Iterator[None]:
        """Note what is damaged, and go on."""
        try:
            yield
        except StoreError as error:
            self.damage[path] = str(error)

    def add(self, entry: Entry) -> None:
        """Add an entry; a reference after the page that it refers to.

        Raises:
            StoreError: the entry is damaged, or refers to a body that is not there.
        """
        with _readable(entry.path):
            if entry.kind == "window":
                record = _window_record(entry.value)
                self.windows[entry.name] = record
                asked = (record.source, record.query_digest, record.window)
                self.asked.setdefault(asked, (set(), set()))[1].add(entry.name)
                return
            seal = _seal(entry)
            if entry.is_reference:
                holder = self.holders.get(seal.sha256)
                if holder is None:
                    raise ValueError(f"the body, of page {entry.value['same_as']}, is not there")
                seal = replace(seal, body=holder.body, pack=holder.pack)
            else:
                self.holders[seal.sha256] = seal
            self.seals[seal.name] = seal
            self.number = max(self.number, seal.number)
            asked = (seal.source, seal.query_digest, seal.window)
            self.asked.setdefault(asked, (set(), set()))[0].add(seal.name)


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
        self._index: _Index | None = None

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
            with _readable(path):
                body = _checked(gzip.decompress(path.read_bytes()), seal)
            yield seal, _page(seal, body)
        for pack, wanted in sorted(packed.items()):
            path = self.folder / pack
            left = set(wanted)
            with _readable(path):
                for name, body in packs.bodies(path, left):
                    left.discard(name)
                    for seal in wanted[name]:
                        yield seal, _page(seal, _checked(body, seal))
            if left:
                raise _damaged(path, f"it lacks {min(left)}")

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

    def _checked_bodies(self) -> tuple[_Index, dict[Path, str]]:
        """What is stored, read anew, and the damaged files of bodies with words for each."""
        index = _Index.of(self._index_files(), self.folder)
        damage = _Index()
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
            entry.name for path in self._files(packs.INDEX) for entry in _entries(path, self.folder)
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
            for path in self._files(_META, _WINDOW)
            if not inside.isdisjoint(path.parents)
            for entry in _entries(path, self.folder)
        ]

    def read_loose(self, entry: Entry) -> bytes:
        """The body that a loose page has itself, its checksum verified.

        Raises:
            StoreError: it is damaged or missing; names the file.
        """
        ((_, page),) = self.read_all([_seal(entry)])
        return page.body

    def _known(self) -> _Index:
        with self._lock:
            if self._index is None:
                self._index = _Index.of(self._index_files(), self.folder)
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
            if path.parent.name == _PACKS:
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
        found = self._files(_META, _WINDOW, packs.INDEX)
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


#: Outcome of a window that was received once, and of which a page is lost.
DAMAGED = "damaged"
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
            write(self._folder / f"{number}{_META}", _json(meta))
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
            write(self._folder / _WINDOW, _json(content))
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


def _read_json(path: Path) -> dict[str, Any]:
    with _readable(path):
        value = json.loads(path.read_bytes())
        if not isinstance(value, dict):
            raise TypeError("not an object")
    return value


def _entries(path: Path, root: Path) -> Iterator[Entry]:
    """What an index file holds: one seal, one window record, or all of a pack.

    Raises:
        StoreError: it is damaged.
    """
    if path.name.endswith(packs.INDEX):
        bodies = path.with_name(path.name.removesuffix(packs.INDEX) + packs.BODIES)
        pack = bodies.relative_to(root).as_posix()
        with _readable(path):
            for line in packs.lines(path):
                yield Entry(path, line["name"], line["kind"], line["value"], pack)
        return
    value = _read_json(path)
    name = path.relative_to(root).as_posix()
    if path.name == _WINDOW:
        yield Entry(path, name.removesuffix(f"/{_WINDOW}"), "window", value, None)
    else:
        yield Entry(path, name.removesuffix(_META), "seal", value, None)


def _seal(entry: Entry) -> Seal:
    meta = entry.value
    folder = entry.name.rpartition("/")[0]
    return Seal(
        name=entry.name,
        source=str(meta["source"]),
        query=str(meta["query"]),
        query_digest=str(meta["query_digest"]),
        window=_window(meta),
        url=str(meta["url"]),
        sent=str(meta.get("sent", "")),
        status=int(meta["status"]),
        headers=dict(meta["headers"]),
        fetched_at=datetime.fromisoformat(meta["fetched_at"]),
        number=int(meta.get("number", 0)),
        sha256=str(meta["sha256"]),
        size=int(meta["bytes"]),
        body=str(meta["sha256"]) if entry.pack else f"{folder}/{meta.get('body')}",
        pack=entry.pack,
    )


def _checked(body: bytes, seal: Seal) -> bytes:
    if hashlib.sha256(body).hexdigest() != seal.sha256:
        raise ValueError(f"its checksum is not that of the seal of {seal.name}")
    return body


def _page(seal: Seal, body: bytes) -> Page:
    return Page(seal.status, seal.headers, body, seal.url, seal.sent)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Name the file that cannot be read, and what to do."""
    try:
        yield
    except PermissionError as error:
        raise StoreError(
            f"{path} cannot be read ({error.strerror}): mend its permissions"
        ) from error
    except (
        OSError,
        EOFError,
        zlib.error,
        packs.BadPackError,
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
    ) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, why: object) -> StoreError:
    if path.parent.name == _PACKS:
        return StoreError(
            f"{path} is damaged ({why}): it holds all pages of the days in its name, so bring it "
            "back from a backup; without one, `medsafe-harvest raw verify --set-aside` moves it "
            "away, and the next harvest fetches what the services still have"
        )
    return StoreError(
        f"{path} is damaged ({why}): `medsafe-harvest raw verify --set-aside` moves its folder "
        "out of data/raw, and the next harvest fetches that window again"
    )


def _window(meta: Mapping[str, Any]) -> Window:
    return Window(date.fromisoformat(meta["since"]), date.fromisoformat(meta["until"]))


def _window_record(value: Mapping[str, Any]) -> WindowRecord:
    return WindowRecord(
        source=value["source"],
        query=value["query"],
        query_digest=value["query_digest"],
        window=_window(value),
        outcome=value["outcome"],
        message=value["message"],
        announced=value["announced"],
        received=value["received"],
        notes=tuple(value["notes"]),
        pages=tuple(value["pages"]),
        began_at=datetime.fromisoformat(value.get("began_at", value["finished_at"])),
        finished_at=datetime.fromisoformat(value["finished_at"]),
    )
