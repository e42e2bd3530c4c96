"""A snapshot: the tables and their manifest, in one folder that appears as a whole.

Layout of the curated folder::

    snapshots/<as-of day>-<digest>/   a .parquet for each of ``schema.TABLES``, and manifest.json
    current -> snapshots/...          swapped by one rename: a reader sees the old or the new one
    papers.parquet -> current/papers.parquet     and so on, for those who name the file
    redirects.jsonl                   what became of paper ids, see ``redirects``

The name of a snapshot is made from its content, so the same input gives the same name and bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from medsafe_harvest import disk
from medsafe_harvest.errors import BusyError, CuratedError
from medsafe_harvest.schema import SCHEMA_VERSION, TABLES

_CURRENT = "current"
_MANIFEST = "manifest.json"
#: Small enough that a filter on a sorted column skips most of a large file.
_ROWS_PER_GROUP = 50_000
#: Seconds to wait for another process that writes.
_PATIENCE = 600
#: Tables that are written at a time: papers and records are nearly all that there is.
_AT_ONCE = 2

#: A table, or a stream of its batches.
Rows: TypeAlias = pa.Table | pa.RecordBatchReader


def write(
    folder: Path,
    tables: Mapping[str, Rows],
    about: Mapping[str, Any],
    *,
    keep: int,
    before_swap: Callable[[Path], None] = lambda _: None,
) -> Path:
    """Write a snapshot and make it the current one.

    Args:
        folder: the curated folder; made if missing.
        tables: one table for each of ``schema.TABLES``, in that schema; or a stream of its
            batches, so that it need not fit into memory.
        about: further entries of the manifest, JSON values; ``as_of`` names the snapshot.
        keep: number of snapshots to leave, the current one included, at least 1.
        before_swap: given the folder when its files are written and no reader sees them yet.

    Returns:
        Folder of the snapshot.

    Raises:
        BusyError: another process writes there for ten minutes.
        CuratedError: the folder cannot be written. The current snapshot is then untouched.
    """
    try:
        snapshots = folder / "snapshots"
        snapshots.mkdir(parents=True, exist_ok=True)
        with FileLock(snapshots / ".lock", timeout=_PATIENCE):
            return _write(folder, tables, about, keep, before_swap)
    except Timeout as error:
        raise BusyError(f"another process writes to {folder}: try again when it is done") from error
    except OSError as error:
        raise CuratedError(
            f"{folder} cannot be written ({error}); the snapshot there is unchanged. "
            "Free some space or mend the permissions, then run: medsafe-harvest rebuild"
        ) from error


def _write(
    folder: Path,
    tables: Mapping[str, Rows],
    about: Mapping[str, Any],
    keep: int,
    before_swap: Callable[[Path], None],
) -> Path:
    snapshots = folder / "snapshots"
    beside = snapshots / f".writing-{os.getpid()}"
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        digest = _write_tables(beside, tables, about)
        target = snapshots / f"{about['as_of'] or 'empty'}-{digest[:12]}"
        if _is_whole(target):
            shutil.rmtree(beside)
        else:
            shutil.rmtree(target, ignore_errors=True)  # only there if somebody damaged it
            beside.rename(target)
            disk.sync(snapshots)
        before_swap(target)
        _point(folder / _CURRENT, Path("snapshots") / target.name)
        for name in TABLES:
            _point(folder / f"{name}.parquet", Path(_CURRENT) / f"{name}.parquet")
        _prune(snapshots, target, keep)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return target


def _is_whole(snapshot: Path) -> bool:
    """Whether a snapshot is there with all its bytes."""
    try:
        return not verify(snapshot)
    except CuratedError:
        return False


def _write_tables(folder: Path, tables: Mapping[str, Rows], about: Mapping[str, Any]) -> str:
    """Write the files; the digest of the manifest, which holds theirs."""
    # Streams come from one place, which sends one after the other.
    at_once = _AT_ONCE if all(isinstance(rows, pa.Table) for rows in tables.values()) else 1
    with ThreadPoolExecutor(at_once) as threads:
        written = threads.map(lambda name: _write_file(folder, name, tables[name]), TABLES)
        files = dict(zip(TABLES, written, strict=True))
    manifest = {**about, "schema_version": SCHEMA_VERSION, "tables": files}
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / _MANIFEST).write_text(text, encoding="utf-8")
    disk.sync(folder / _MANIFEST)
    return hashlib.sha256(text.encode()).hexdigest()


def _write_file(folder: Path, name: str, rows: Rows) -> dict[str, Any]:
    """Write one table to the disk; its entry in the manifest."""
    path = folder / f"{name}.parquet"
    count = _write_table(path, rows, TABLES[name])
    disk.sync(path)
    return {
        "file": path.name,
        "rows": count,
        "bytes": path.stat().st_size,
        "sha256": _sha256(path),
    }


def _write_table(path: Path, rows: Rows, schema: pa.Schema) -> int:
    """Write one file; its bytes depend on the rows alone, not on how they are cut into batches."""
    written = 0
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=True) as writer:
        for group in _groups(rows.to_batches() if isinstance(rows, pa.Table) else rows):
            writer.write_table(group.cast(schema).combine_chunks(), row_group_size=_ROWS_PER_GROUP)
            written += len(group)
    return written


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The same rows in tables of ``_ROWS_PER_GROUP``, the last one of what is left."""
    held: list[pa.RecordBatch] = []
    count = 0
    for whole in batches:
        batch = whole
        while count + len(batch) >= _ROWS_PER_GROUP:
            room = _ROWS_PER_GROUP - count
            yield pa.Table.from_batches([*held, batch.slice(0, room)])
            held, count, batch = [], 0, batch.slice(room)
        if len(batch):
            held.append(batch)
            count += len(batch)
    if held:
        yield pa.Table.from_batches(held)


def _point(link: Path, target: Path) -> None:
    """Make or move a symbolic link in one step."""
    if link.is_symlink() and link.readlink() == target:
        return
    if link.is_dir() and not link.is_symlink() and (link / _MANIFEST).is_file():
        shutil.rmtree(link)  # a copy made by a tool that follows links
    new = link.with_name(f".{link.name}-{os.getpid()}")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)
    disk.sync(link.parent)


def _prune(snapshots: Path, current: Path, keep: int) -> None:
    """Remove the oldest snapshots, and what a killed run left half-written."""
    finished = [path for path in snapshots.iterdir() if not path.name.startswith(".")]
    by_age = sorted(finished, key=lambda path: (path == current, path.stat().st_mtime_ns))
    for path in by_age[: max(len(by_age) - keep, 0)]:
        shutil.rmtree(path)
    for path in snapshots.glob(".writing-*"):
        shutil.rmtree(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def current(folder: Path) -> Path:
    """Folder of the current snapshot, resolved once so that a reader stays with it.

    Raises:
        CuratedError: there is none.
    """
    link = folder / _CURRENT
    if not (link / _MANIFEST).is_file():
        raise CuratedError(
            f"no curated snapshot in {folder}: run `medsafe-harvest harvest`, "
            "or `medsafe-harvest rebuild` where data/raw already holds pages"
        )
    return link.resolve()


def manifest(snapshot: Path) -> dict[str, Any]:
    """What the snapshot says of itself.

    Raises:
        CuratedError: it is missing or damaged.
    """
    path = snapshot / _MANIFEST
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(path, str(error)) from error
    if not isinstance(read, dict) or not {"tables", "schema_version"} <= read.keys():
        raise damaged(path, "it is no manifest")
    return read


def damaged(path: Path, why: str) -> CuratedError:
    """The error for a file of a snapshot that cannot be read."""
    return CuratedError(f"{path} is damaged ({why}): run `medsafe-harvest rebuild`")


def read(
    snapshot: Path,
    name: str,
    columns: list[str] | None = None,
    *,
    only: tuple[str, Sequence[str] | Sequence[int]] | None = None,
) -> pa.Table:
    """One table of a snapshot, or some of its columns.

    Args:
        snapshot: its folder.
        name: of ``schema.TABLES``.
        columns: those wanted; None for all.
        only: a column and the values it may have; parts of the file without them are not read.

    Raises:
        CuratedError: the snapshot is damaged, or of a later version of this package.
    """
    path = file(snapshot, name, columns)
    try:
        wanted = only and pc.field(only[0]).isin(
            pa.array(only[1], TABLES[name].field(only[0]).type)
        )
        return pq.read_table(path, columns=columns, filters=wanted)
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, str(error)) from error


def file(snapshot: Path, name: str, columns: Sequence[str] | None = None) -> Path:
    """The Parquet file of a table, once it is sure that it has the columns asked for.

    Raises:
        CuratedError: the snapshot is damaged, or of another version of this package.
    """
    version = manifest(snapshot)["schema_version"]
    if version > SCHEMA_VERSION:
        raise CuratedError(
            f"{snapshot} has schema version {version}, this package reads up to "
            f"{SCHEMA_VERSION}: upgrade medsafe-harvest"
        )
    path = snapshot / f"{name}.parquet"
    try:
        if version < SCHEMA_VERSION:
            _refuse_lack(path, columns or TABLES[name].names, version)
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, str(error)) from error
    return path


def _refuse_lack(path: Path, columns: Sequence[str], version: int) -> None:
    """Say what to do where an earlier version did not write what is asked for."""
    lacking = sorted(set(columns) - set(pq.read_schema(path).names))
    if lacking:
        raise CuratedError(
            f"{path} has no column {', '.join(lacking)}: it was made by an earlier version (schema "
            f"{version}, now {SCHEMA_VERSION}); run `medsafe-harvest rebuild`"
        )


def verify(snapshot: Path) -> list[str]:
    """What is wrong with a snapshot's files, in words; empty where all is well.

    Raises:
        CuratedError: the manifest is missing or damaged.
    """
    problems = []
    for entry in manifest(snapshot)["tables"].values():
        path = snapshot / entry["file"]
        if not path.is_file():
            problems.append(f"{path} is missing")
        elif _sha256(path) != entry["sha256"]:
            problems.append(f"{path} does not have the checksum of its manifest")
    return problems
