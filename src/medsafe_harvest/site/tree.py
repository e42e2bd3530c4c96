"""A folder that is written beside the one in use and takes its place as a whole.

A file whose bytes have not changed is linked, not written: it keeps its time, and tools that copy
the folder elsewhere see what is new. What others put into the folder (``.git``, ``CNAME``) stays.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from medsafe_harvest.errors import BusyError, ExportError

#: In the folder's root: this package made it and may replace what is there.
MARK = ".made-by-medsafe-harvest"
#: All that a site may have in its root; anything else there is somebody's own.
OWN = frozenset(
    (
        *(MARK, ".nojekyll", "index.html", "search.html", "topics.html", "authors.html"),
        *("about.html", "404.html", "robots.txt", "sitemap.xml", "sitemaps"),
        *("papers", "topics", "authors", "index", "feeds", "static"),
    )
)


@dataclass(slots=True)
class Tree:
    """A site that is being written."""

    #: Where it is written.
    beside: Path
    #: What it will replace; may be missing.
    previous: Path
    written: int = 0
    unchanged: int = 0
    total_bytes: int = 0
    _folders: set[Path] = field(default_factory=set)

    def put(self, name: str, content: bytes | str) -> None:
        """Add a file; its name is a relative path with slashes."""
        data = content.encode() if isinstance(content, str) else content
        path = self.beside / name
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        self.total_bytes += len(data)
        if _link_same(self.previous / name, path, data):
            self.unchanged += 1
        else:
            path.write_bytes(data)
            self.written += 1


def _link_same(old: Path, new: Path, data: bytes) -> bool:
    """Link to the file of the last build if it has these bytes."""
    try:
        if old.stat().st_size != len(data) or old.read_bytes() != data:
            return False
        os.link(old, new)
    except OSError:  # it is not there, or this file system has no links: then it is written
        return False
    return True


@contextmanager
def replacing(out: Path) -> Iterator[Tree]:
    """A tree that takes the place of a folder when the block ends without an error.

    Raises:
        ExportError: the folder holds something else than a site, or cannot be written.
        BusyError: another process builds there.
    """
    out = out.resolve()
    _refuse_foreign(out)  # also before the lock, which is a file beside it
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(out.with_name(f".{out.name}.lock"), timeout=0):
            _recover(out)
            _refuse_foreign(out)
            beside = out.with_name(f".{out.name}.new")
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir()
            try:
                tree = Tree(beside, out)
                tree.put(MARK, "A site made by `medsafe-harvest site build`; it replaces it.\n")
                yield tree
                _swap(out, beside)
            finally:
                _recover(out)  # where the second of the two renames failed
                shutil.rmtree(beside, ignore_errors=True)
    except Timeout as error:
        raise BusyError(f"another process builds a site in {out}: wait until it is done") from error
    except OSError as error:
        raise ExportError(
            f"the site cannot be written to {out} ({error}); what was there is unchanged"
        ) from error


def _old(out: Path) -> Path:
    return out.with_name(f".{out.name}.old")


def _refuse_foreign(out: Path) -> None:
    """Never replace files that no build made."""
    if not out.exists():
        return
    if not out.is_dir() or not out.name:
        raise ExportError(f"{out} is no folder for a site: choose another --out")
    foreign = sorted(path.name for path in out.iterdir() if path.name in OWN)
    if foreign and not (out / MARK).is_file():
        raise ExportError(
            f"{out} has {', '.join(foreign[:3])} that no build of this site made: "
            "choose another --out, or empty it"
        )


def _swap(out: Path, beside: Path) -> None:
    """Two renames: between them the folder is missing for an instant, never half-written."""
    old = _old(out)
    if out.exists():
        out.rename(old)
    beside.rename(out)
    _recover(out)


def _recover(out: Path) -> None:
    """Put back what a killed build left aside, and what is not ours."""
    old = _old(out)
    if not old.is_dir():
        return
    if not out.exists():
        old.rename(out)
        return
    for path in old.iterdir():
        if path.name not in OWN:
            path.rename(out / path.name)
    shutil.rmtree(old)
