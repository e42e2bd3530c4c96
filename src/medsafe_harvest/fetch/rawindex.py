"""What is known of the stored pages without reading their bodies.

Seals and window records are read from their own files or from the index of a pack; what cannot be
read is noted, and stops nothing else. ``rawstore.py`` says where the files are.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch import packs
from medsafe_harvest.sources.base import Window

META = ".meta.json"
PACKS = "packs"
WINDOW = "window.json"
#: Outcome of a window that was received once, and of which a page is lost.
DAMAGED = "damaged"


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
class Index:
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
                entries += entries_of(path, root)
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
        with readable(entry.path):
            if entry.kind == "window":
                record = _window_record(entry.value)
                self.windows[entry.name] = record
                asked = (record.source, record.query_digest, record.window)
                self.asked.setdefault(asked, (set(), set()))[1].add(entry.name)
                return
            seal = seal_of(entry)
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


def _read_json(path: Path) -> dict[str, Any]:
    with readable(path):
        value = json.loads(path.read_bytes())
        if not isinstance(value, dict):
            raise TypeError("not an object")
    return value


def entries_of(path: Path, root: Path) -> Iterator[Entry]:
    """What an index file holds: one seal, one window record, or all of a pack.

    Raises:
        StoreError: it is damaged.
    """
    if path.name.endswith(packs.INDEX):
        bodies = path.with_name(path.name.removesuffix(packs.INDEX) + packs.BODIES)
        pack = bodies.relative_to(root).as_posix()
        with readable(path):
            for line in packs.lines(path):
                yield Entry(path, line["name"], line["kind"], line["value"], pack)
        return
    value = _read_json(path)
    name = path.relative_to(root).as_posix()
    if path.name == WINDOW:
        yield Entry(path, name.removesuffix(f"/{WINDOW}"), "window", value, None)
    else:
        yield Entry(path, name.removesuffix(META), "seal", value, None)


def seal_of(entry: Entry) -> Seal:
    """The seal that an entry is.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
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


@contextmanager
def readable(path: Path) -> Iterator[None]:
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
        raise damaged(path, error) from error


def damaged(path: Path, why: object) -> StoreError:
    """The error that names a damaged file, and says what to do."""
    if path.parent.name == PACKS:
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
