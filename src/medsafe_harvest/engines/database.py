"""DuckDB as matching uses it: in memory, within a limit, what is beyond it in files."""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from medsafe_harvest.engines import sql
from medsafe_harvest.errors import EngineError

#: Views of ``sql.statements`` that are read several times.
_KEPT = frozenset({"refined", "placed"})
#: Bytes with which DuckDB can work at all, and that each thread of it needs: of what it spills,
#: each holds a part.
_LEAST = 100_000_000


@contextmanager
def open_database(
    folder: Path, memory_limit: str, threads: int | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that spills into a folder.

    Args:
        folder: for what spills.
        memory_limit: for example "4GB"; with less than 100 MB it has 100 MB.
        threads: cores to use, as far as the memory goes round; all if None.

    Raises:
        EngineError: work does not fit into the limit, or what it spills not on the disk.
    """
    size = max(bytes_of(memory_limit), _LEAST)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{size // 1000}KB",
        "temp_directory": str(folder / "spill"),
        "preserve_insertion_order": False,
        "threads": min(threads or os.cpu_count() or 1, size // _LEAST),
    }
    try:
        with duckdb.connect(config=config) as database:
            # Long queries would draw it on the standard output, where a table or JSON is wanted.
            database.execute("set enable_progress_bar = false")
            yield database
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise EngineError(
            f"the work does not fit into a memory limit of {memory_limit} (curate.memory_limit of "
            "settings.yaml, --memory-limit of curate), or what it spills does not fit into "
            f"{tempfile.gettempdir()} (TMPDIR): {str(error).splitlines()[0]}"
        ) from error


def bytes_of(size: str) -> int:
    """The bytes of a size such as "4GB" or "500 MiB".

    Raises:
        EngineError: it is none.
    """
    found = re.fullmatch(r"(?P<number>\d+(?:\.\d+)?)\s?(?P<unit>[KMGT])(?P<binary>i?)B", size)
    if found is None:
        raise EngineError(f"{size!r} is no amount of memory such as 4GB")
    base = 1024 if found["binary"] else 1000
    return int(float(found["number"]) * base ** ("KMGT".index(found["unit"]) + 1))


def pair_off(database: duckdb.DuckDBPyConnection) -> Counter[str]:
    """Make ``candidates`` of ``members``, ``sketches`` and ``by_hand``; how many blocks are large.

    It is a view, to be read once. ``members`` has id (a row), key (any number for a block), kind,
    and the size of the block.
    """
    # Else it puts together each two records of a block before it looks at their places.
    database.execute("set disabled_optimizers = 'join_order'")
    for name, text in sql.statements():
        if name != "members":
            what = "temporary table" if name in _KEPT else "temporary view"
            database.execute(f"create or replace {what} {name} as {text}")
    counts = Counter[str]()
    for name, text in sql.counts().items():
        [(counts[name],)] = database.execute(text).fetchall()
    return counts
