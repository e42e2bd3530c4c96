"""Pack old days of the raw store, without losing a byte of a body.

A year of nights is hundreds of thousands of small files, most of them copies of the night before
but for a few papers. A pack holds all days of a door up to some day in two files. It is written
beside, read back and compared, and only then are the loose files removed; killed at any moment, the
next call goes on.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from medsafe_harvest.disk import explained, files, sync, write
from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch import packs
from medsafe_harvest.fetch.rawindex import META, WINDOW, Entry, entries_of, seal_of
from medsafe_harvest.fetch.rawstore import RawStore


@dataclass(frozen=True, slots=True)
class Packed:
    """What one door's packing did."""

    door: str
    pages: int
    #: Bytes on disk before and after.
    before: int
    after: int


def compact(store: RawStore, before: date) -> Iterator[Packed]:
    """Pack all days before that one, door by door.

    Args:
        store: nobody else may write to it meanwhile.
        before: the first day that stays loose.

    Raises:
        StoreError: a page is damaged, or the disk cannot be written; nothing is lost then.
    """
    if store.damaged():
        raise StoreError(f"nothing is packed while something is damaged: {store.damaged()[0]}")
    packed = _packed_names(store)
    for door in sorted(path for path in _folders(store.folder)):
        days = [path for path in _folders(door) if _is_day(path.name, before)]
        old = sorted(path for day in days for path in day.rglob("*") if path.is_file())
        if not old:
            continue
        entries = [entry for entry in _loose(store, days) if entry.name not in packed]
        size = sum(path.stat().st_size for path in old)
        with explained(door):
            after = _pack(store, door, days, entries) if entries else 0
            _remove(days, old)
        store.forget()
        pages = sum(entry.kind == "seal" for entry in entries)
        yield Packed(door.name, pages, size, after)


def has_days_before(store: RawStore, day: date) -> bool:
    """Whether pages fetched before that day are files of their own."""
    return any(
        path.name < day.isoformat()
        for path in store.folder.glob("*/[0-9]*-[0-9]*-[0-9]*")
        if path.is_dir()
    )


def _packed_names(store: RawStore) -> set[str]:
    """Names of all pages and attempts that are in packs.

    Raises:
        StoreError: the index of a pack is damaged; names it.
    """
    return {
        entry.name
        for path in files(store.folder, packs.INDEX)
        for entry in entries_of(path, store.folder)
    }


def _loose(store: RawStore, folders: Iterable[Path]) -> list[Entry]:
    """Seals and window records under these folders that are files of their own.

    Raises:
        StoreError: one is damaged; names the file.
    """
    inside = frozenset(folders)
    return [
        entry
        for path in files(store.folder, META, WINDOW)
        if not inside.isdisjoint(path.parents)
        for entry in entries_of(path, store.folder)
    ]


def _body(store: RawStore, entry: Entry) -> bytes:
    """The body that a loose page has itself, its checksum verified.

    Raises:
        StoreError: it is damaged or missing; names the file.
    """
    return store.read(seal_of(entry)).body


def _pack(store: RawStore, door: Path, days: list[Path], entries: list[Entry]) -> int:
    """Write the pack of these entries; its size in bytes."""
    folder = door / "packs"
    folder.mkdir(exist_ok=True)
    stem = f"{days[0].name}_{days[-1].name}"
    number = 1
    while (folder / f"{stem}{packs.INDEX}").exists():
        number += 1
        stem = f"{days[0].name}_{days[-1].name}__{number}"
    bodies, index = folder / f"{stem}{packs.BODIES}", folder / f"{stem}{packs.INDEX}"
    _write_bodies(store, bodies, entries)
    lines = [
        json.dumps(
            {"name": entry.name, "kind": entry.kind, "value": entry.value},
            sort_keys=True,
            ensure_ascii=False,
        )
        for entry in entries
    ]
    # The pack counts from here on.
    write(index, gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))
    return bodies.stat().st_size + index.stat().st_size


def _write_bodies(store: RawStore, path: Path, entries: list[Entry]) -> None:
    """Write each distinct body that the entries have themselves, and read all of them back."""
    own = [entry for entry in entries if entry.kind == "seal" and not entry.is_reference]
    # Pages of one query stand together: most of each is a copy of the one before.
    own.sort(key=lambda entry: (str(entry.value["query"]), str(entry.value["fetched_at"])))
    wanted: dict[str, int] = {}
    new = path.with_name(f".{path.name}.new")
    with tarfile.open(new, "w:xz", preset=6, format=tarfile.USTAR_FORMAT) as pack:
        for entry in own:
            sha256 = str(entry.value["sha256"])
            if sha256 in wanted:
                continue
            body = _body(store, entry)
            member = tarfile.TarInfo(sha256)
            member.size = wanted[sha256] = len(body)
            pack.addfile(member, io.BytesIO(body))
    with new.open("rb") as file:
        os.fsync(file.fileno())
    for name, body in packs.bodies(new, wanted.keys()):
        if hashlib.sha256(body).hexdigest() != name or len(body) != wanted.pop(name):
            raise StoreError(f"{new} was not written as it should be: nothing was removed")
    if wanted:
        raise StoreError(f"{new} lacks {len(wanted)} bodies: nothing was removed")
    new.replace(path)
    sync(path.parent)


def _remove(days: list[Path], old: list[Path]) -> None:
    for path in old:
        path.unlink()
    for day in days:
        for folder, _, _ in os.walk(day, topdown=False):
            Path(folder).rmdir()


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.exists() else []


def _is_day(name: str, before: date) -> bool:
    try:
        return date.fromisoformat(name) < before
    except ValueError:
        return False
