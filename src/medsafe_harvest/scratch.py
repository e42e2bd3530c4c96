"""Temporary folders that do not pile up: what a run left that was ended, the next one removes.

A folder of matching a million records has gigabytes, and a run that is killed cannot remove its
own. Each folder is held by a lock beside it, which ends with the process, so whoever comes later
sees that nobody needs it.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from medsafe_harvest.errors import EngineError

_PREFIX = "medsafe-harvest-"
_LOCK = ".lock"


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for this process alone, gone afterwards; those of dead processes go before.

    Raises:
        EngineError: there is no room for what is written meanwhile.
        OSError: the folder cannot be made.
    """
    _sweep()
    folder = Path(tempfile.gettempdir()) / f"{_PREFIX}{uuid.uuid4().hex}"
    # Held before there is a folder: nobody takes one that is just being made for one that is dead.
    with FileLock(folder.with_suffix(_LOCK)):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise EngineError(
                f"no room is left for the temporary files in {folder.parent}: make some, or let "
                f"TMPDIR name a folder on a larger disk ({error})"
            ) from error
        finally:
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder and its lock; where files of it are still read and cannot go, the next run.

    So it is on NFS, and on Windows: results are mapped from files of their folder.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        folder.with_suffix(_LOCK).unlink(missing_ok=True)


def _sweep() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*{_LOCK}"):
        try:
            with FileLock(path).acquire(timeout=0):
                _remove(path.with_suffix(""))
        except (Timeout, PermissionError):
            continue  # In use, or of another user.
