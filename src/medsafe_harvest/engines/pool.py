"""Worker processes that share tables through files: one core runs Python, several run workers.

A stage is a function of a folder and a number. It reads Arrow files of the folder through the
memory of the machine, so that all workers share one copy, and writes others there.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from medsafe_harvest.dedupe.columns import Ints
from medsafe_harvest.errors import EngineError

#: Rows that a stage takes at a time.
ROWS = 20_000

T = TypeVar("T")
Stage = Callable[[Path, int], T]


class Pool(Protocol):
    """Runs the parts of a stage."""

    def run(self, stage: Stage[T], folder: Path, parts: int) -> list[T]:
        """The results of parts 0 to ``parts`` - 1, in that order.

        Raises:
            EngineError: a worker died.
        """

    def end(self) -> None:
        """Let the workers go, and their memory, before the job is over."""


class _Here:
    """One part after the other, in this process."""

    def run(self, stage: Stage[T], folder: Path, parts: int) -> list[T]:
        return [stage(folder, part) for part in range(parts)]

    def end(self) -> None:
        """There are none."""


class _Processes:
    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def run(self, stage: Stage[T], folder: Path, parts: int) -> list[T]:
        try:
            swept = partial(_swept, stage)
            return list(self._executor.map(swept, repeat(folder, parts), range(parts)))
        except BrokenProcessPool as error:
            raise EngineError(
                "a worker process of matching was ended from outside, most likely because the "
                "machine ran out of memory: close other programs, or set fewer curate.threads in "
                "settings.yaml (--threads of curate)"
            ) from error

    def end(self) -> None:
        self._executor.shutdown()


@contextmanager
def pool(workers: int | None, rows: int) -> Iterator[Pool]:
    """Workers for a job of so many rows; a small one is done in this process.

    Args:
        workers: processes; None for one a core.
        rows: of the largest table of the job.
    """
    workers = min(workers or os.cpu_count() or 1, parts_of(rows))
    if workers <= 1 or rows < _SMALL:
        try:
            yield _Here()
        finally:
            shared.cache_clear()
        return
    # A fork of a process that runs threads, as DuckDB and Arrow do, may hang.
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin) as executor:
            yield _Processes(executor)
    finally:
        shared.cache_clear()


def _begin() -> None:
    """Set up a worker: it ends with the process that started it, however that ends."""
    # A stage makes millions of small objects: looking for cycles among them all the while takes a
    # third of the time.
    gc.disable()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _swept(stage: Stage[T], folder: Path, part: int) -> T:
    """The result of one part, which leaves no cycles: pylatexenc makes some kilobytes a title."""
    try:
        return stage(folder, part)
    finally:
        gc.collect(0)  # only what is new since the last time


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


#: Workers take about a second to start.
_SMALL = 30_000


def parts_of(rows: int) -> int:
    """Parts of ``ROWS`` rows."""
    return -(-rows // ROWS)


def rows_of(part: int) -> tuple[int, int]:
    """First row of a part, and number of rows; the last part may have fewer."""
    return part * ROWS, ROWS


def save(path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
    """Write an Arrow file."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def load(path: Path) -> pa.Table:
    """A table in an Arrow file, mapped, not read."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def load_one(path: Path) -> pa.RecordBatch:
    """An Arrow file of one batch, mapped, not read: rows are taken from it at random."""
    return pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)


#: As ``load_one``, for stages: each page of a file that a process looks at costs about as much as a
#: comparison the first time, so what one part has mapped serves the next.
shared = lru_cache(maxsize=3)(load_one)


def save_one(path: Path, table: pa.Table) -> None:
    """Write a table as one batch.

    One of many bytes is written a column at a time first, so that never more than one column of it
    is in memory.

    Raises:
        EngineError: a column has more than two gigabytes of text.
    """
    if table.nbytes > _MUCH:
        columns = [
            _through_file(path.with_suffix(f".{field.name}"), table.select([field.name]))
            for field in table.schema
        ]
    else:
        columns = [_whole(column) for column in table.columns]
    save(path, [pa.RecordBatch.from_arrays(columns, schema=table.schema)], table.schema)
    pa.default_memory_pool().release_unused()  # or it keeps what the copies took


#: Bytes of a table that is not copied as a whole.
_MUCH = 100_000_000


def _through_file(path: Path, table: pa.Table) -> pa.Array:
    """The one column of a table, mapped from a file that nobody else will see."""
    batch = pa.RecordBatch.from_arrays([_whole(table.column(0))], schema=table.schema)
    save(path, [batch], table.schema)
    mapped = load_one(path).column(0)
    path.unlink()
    return mapped


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    try:
        return column.combine_chunks()
    except pa.ArrowInvalid as error:
        raise EngineError(
            f"{len(column):,} rows are too many for the embedded engine: their texts take more "
            "than two gigabytes a column; use the distributed engine"
        ) from error


def gather(folder: Path, stem: str, parts: int, schema: pa.Schema) -> pa.Table:
    """The tables that the parts of a stage wrote, one below the other, mapped."""
    tables = [load(folder / f"{stem}-{part}.arrow") for part in range(parts)]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def unite(folder: Path, stem: str, parts: int, schema: pa.Schema) -> None:
    """Write what :func:`gather` gives as one batch, without a number, and remove the parts.

    Raises:
        EngineError: as :func:`save_one`.
    """
    save_one(folder / f"{stem}.arrow", gather(folder, stem, parts, schema))
    remove(folder, stem, parts)


def remove(folder: Path, stem: str, parts: int) -> None:
    """Remove the files that the parts of a stage wrote."""
    for part in range(parts):
        (folder / f"{stem}-{part}.arrow").unlink()


def deal(batch: pa.RecordBatch, of: Ints, count: int) -> Iterator[pa.RecordBatch]:
    """A batch of its rows for each of so many parts, one after the other.

    Args:
        batch: the rows.
        of: the part of each.
        count: how many there are.
    """
    ordered = batch.take(pa.array(np.argsort(of, kind="stable")))
    ends = np.cumsum(np.bincount(of, minlength=count)).tolist()
    for begin, end in pairwise([0, *ends]):
        yield ordered.slice(begin, end - begin)


def dealt(path: Path, part: int, count: int) -> list[pa.RecordBatch]:
    """The batches of one part, mapped, in a file of what :func:`deal` gave for so many."""
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    return [reader.get_batch(number) for number in range(part, reader.num_record_batches, count)]


def with_arguments(stage: Callable[..., T], **arguments: Any) -> Stage[T]:
    """A stage that takes further arguments; they travel to each worker with each part."""
    return partial(stage, **arguments)
