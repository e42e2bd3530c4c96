"""The raw store: every response as it came, for ever.

Layout, one folder for each attempt at a window::

    data/raw/<source>/<day>/<run>/<query>__<since>_<until>/
        0001.xml.gz      the body, compressed and nothing else: zgrep works
        0001.meta.json   request, status, headers, time, checksum; written last: the page's seal
        window.json      how the attempt ended, which pages were accepted; written last of all

Everything is written under a temporary name, synced and renamed, and never changed afterwards. A
body without its seal is what a killed run leaves; it is ignored.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from medsafe_harvest.errors import StoreError
from medsafe_harvest.sources.base import Page, Window

_META = ".meta.json"
_WINDOW = "window.json"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class StoredPage:
    """One response read back, its checksum verified."""

    source: str
    query: str
    window: Window
    url: str
    fetched_at: datetime
    page: Page


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
    #: Names of the pages that were accepted.
    pages: tuple[str, ...] = ()
    finished_at: datetime


class RawStore:
    """All responses under one folder.

    Args:
        folder: ``data/raw``; made when first written to.
        version: of this package, kept with each page.
    """

    def __init__(self, folder: Path, *, version: str) -> None:
        self.folder = folder
        self._version = version

    def attempt(self, source: str, query: str, digest: str, window: Window, run: Run) -> Attempt:
        """A folder for one attempt at a window.

        Raises:
            StoreError: it cannot be made.
        """
        name = f"{query}__{window.since.isoformat()}_{window.until.isoformat()}"
        for part in (source, run.name, name):
            if not _SAFE.fullmatch(part):
                raise StoreError(f"{part!r} cannot be a folder of the raw store")
        folder = self.folder / source / run.day.isoformat() / run.name / name
        with _explained(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            # An attempt that is there already is never written into: the store only grows.
            folder.mkdir()
            for above in folder.parents[:4]:
                _sync(above)
        return Attempt(folder, source, query, digest, window, self._version)

    def count(self) -> int:
        """Number of sealed pages."""
        return len(self._files(_META))

    def pages(self, query: str | None = None) -> Iterator[StoredPage]:
        """All sealed pages, or those of one query, in the order in which they were fetched.

        Pages fetched at the same moment come in the order of their paths.

        Raises:
            StoreError: a page is damaged, or a folder cannot be read; names it.
        """
        found = [
            (str(_read_json(path).get("fetched_at")), path.relative_to(self.folder).as_posix())
            for path in self._files(_META)
            if query is None or path.parent.name.startswith(f"{query}__")
        ]
        for _, name in sorted(found):
            path = self.folder / name
            yield _read_page(path, _read_json(path))

    def windows(self) -> list[WindowRecord]:
        """How all attempts ended, in the order in which they did.

        Raises:
            StoreError: a record is damaged; names the file.
        """
        found = [_read_window(path) for path in self._files(_WINDOW)]
        return sorted(found, key=lambda window: (window.finished_at, window.source, window.query))

    def verify(self) -> Iterator[str]:
        """What is damaged, in words."""
        for path in self._files(_META):
            try:
                _read_page(path, _read_json(path))
            except StoreError as error:
                yield str(error)
        for path in self._files(_WINDOW):
            try:
                record = _read_window(path)
            except StoreError as error:
                yield str(error)
                continue
            for name in record.pages:
                if not (path.parent / f"{name}{_META}").exists():
                    yield f"{path} names page {name}, which is not there"

    def _files(self, ending: str) -> list[Path]:
        """All files of that ending, sorted. A folder that cannot be read is no empty folder."""

        def stop(error: OSError) -> None:
            if error.filename != str(self.folder) or not isinstance(error, FileNotFoundError):
                raise StoreError(
                    f"{error.filename} cannot be read ({error.strerror}): mend its permissions"
                ) from error

        return sorted(
            Path(folder, name)
            for folder, _, names in os.walk(self.folder, onerror=stop)
            for name in names
            if name.endswith(ending) and not name.startswith(".")
        )


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
        self, folder: Path, source: str, query: str, digest: str, window: Window, version: str
    ) -> None:
        self._folder = folder
        self._label = {
            "source": source,
            "query": query,
            "query_digest": digest,
            "since": window.since.isoformat(),
            "until": window.until.isoformat(),
        }
        self._version = version
        self._number = 0

    def keep(self, url: str, page: Page, fetched_at: datetime) -> str:
        """Store a response; returns the page's name in this attempt.

        Raises:
            StoreError: it cannot be written.
        """
        self._number += 1
        name = f"{self._number:04d}"
        body = self._folder / f"{name}.{_suffix(page)}.gz"
        meta = {
            **self._label,
            "body": body.name,
            "bytes": len(page.body),
            "fetched_at": fetched_at.isoformat(timespec="microseconds"),
            "headers": dict(page.headers),
            "sha256": hashlib.sha256(page.body).hexdigest(),
            "status": page.status,
            "url": url,
            "version": self._version,
        }
        with _explained(self._folder):
            _write(body, gzip.compress(page.body, compresslevel=6, mtime=0))
            _write(self._folder / f"{name}{_META}", _json(meta))
        return name

    def finish(self, record: WindowRecord) -> None:
        """Write how the attempt ended.

        Raises:
            StoreError: it cannot be written.
        """
        content = {
            **self._label,
            "announced": record.announced,
            "finished_at": record.finished_at.isoformat(timespec="microseconds"),
            "message": record.message,
            "notes": list(record.notes),
            "outcome": record.outcome,
            "pages": list(record.pages),
            "received": record.received,
        }
        with _explained(self._folder):
            _write(self._folder / _WINDOW, _json(content))


def _suffix(page: Page) -> str:
    kind = page.headers.get("content-type", "")
    return next((word for word in ("json", "xml", "html") if word in kind), "txt")


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn an error of the disk into one that says what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error.strerror or error}): free some space "
            "or mend the permissions, and run again; what was stored before is untouched"
        ) from error


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
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


def _read_page(path: Path, meta: Mapping[str, Any]) -> StoredPage:
    with _readable(path):
        file, sealed = path.parent / str(meta["body"]), meta["sha256"]
        label = {"source": str(meta["source"]), "query": str(meta["query"]), "url": meta["url"]}
        window = _window(meta)
        fetched_at = datetime.fromisoformat(meta["fetched_at"])
        status, headers = int(meta["status"]), dict(meta["headers"])
    with _readable(file):
        body = gzip.decompress(file.read_bytes())
        if hashlib.sha256(body).hexdigest() != sealed:
            raise ValueError("its checksum is not that of its seal")
    page = Page(status, headers, body, str(label["url"]))
    return StoredPage(window=window, fetched_at=fetched_at, page=page, **label)


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
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
    ) as error:
        raise StoreError(
            f"{path} is damaged ({error}): move its folder out of data/raw, "
            "and the next harvest fetches that window again"
        ) from error


def _window(meta: Mapping[str, Any]) -> Window:
    return Window(date.fromisoformat(meta["since"]), date.fromisoformat(meta["until"]))


def _read_window(path: Path) -> WindowRecord:
    value = _read_json(path)
    with _readable(path):
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
            finished_at=datetime.fromisoformat(value["finished_at"]),
        )
