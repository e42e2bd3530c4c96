"""Files that are there as a whole or as they were, and errors of the disk that say what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from medsafe_harvest.errors import StoreError


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


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Let a file be written under a temporary name beside its place, sync it, and rename it.

    Raises:
        OSError: it cannot be written; a file that was there is unchanged.
    """
    beside = path.parent / f".{path.name}-{os.getpid()}"
    try:
        write(beside)
        sync(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and make its name survive a loss of power as well.

    Raises:
        OSError: it cannot be written; a file that was there is unchanged.
    """
    replace(path, lambda beside: beside.write_bytes(content))
    sync(path.parent)


def sync(path: Path) -> None:
    """Make the content of a file, or the names in a folder, survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def files(root: Path, *endings: str) -> list[Path]:
    """All files of these endings under a folder, sorted; those still being written are left out.

    Raises:
        StoreError: a folder cannot be read, which is no empty folder; names it.
    """

    def stop(error: OSError) -> None:
        if error.filename != str(root) or not isinstance(error, FileNotFoundError):
            raise StoreError(
                f"{error.filename} cannot be read ({error.strerror}): mend its permissions"
            ) from error

    return sorted(
        Path(folder, name)
        for folder, _, names in os.walk(root, onerror=stop)
        for name in names
        if name.endswith(endings) and not name.startswith(".")
    )
