"""A file that is there as a whole, or as it was before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from medsafe_harvest import disk
from medsafe_harvest.errors import ExportError


def write_text(path: Path, pieces: Iterable[str], *, encoding: str = "utf-8") -> None:
    """Write a text piece by piece beside the file, then put it in the file's place.

    Raises:
        ExportError: it cannot be written; a file that was there is unchanged.
    """

    def write(beside: Path) -> None:
        with beside.open("w", encoding=encoding, newline="\n") as file:
            file.writelines(pieces)

    replace(path, write)


def replace(path: Path, write: Callable[[Path], None]) -> None:
    """Let a file be written under a temporary name beside its place, sync it, and rename it.

    Raises:
        ExportError: it cannot be written; a file that was there is unchanged.
    """
    try:
        disk.replace(path, write)
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written ({error.strerror or error}); nothing there was changed"
        ) from error
