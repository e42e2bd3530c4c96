"""Add entries to ``config/overrides.yaml`` and take them out again, leaving all else as it is.

The file belongs to people: comments, order, quotes and line ends stay byte for byte. So an entry is
put in or cut out as text, at the place that the YAML parser names; what comes out is read again,
and takes the old file's place only if it says exactly what it should.

Every change is one rename under a lock, so a kill leaves the old file or the new one, and two
programs that write at once lose nothing.
"""

from __future__ import annotations

import codecs
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout
from pydantic import ValidationError

from medsafe_harvest import disk
from medsafe_harvest.config_files import load
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.errors import BusyError, ConfigError, MedsafeError
from medsafe_harvest.overrides_text import added, without

#: Seconds to wait for another writer; each needs far less than one.
_PATIENCE = 10.0


class Ruling(NamedTuple):
    """A curator's word about two records."""

    same: bool
    link: Link

    @property
    def key(self) -> str:
        """The list of the file that it belongs to."""
        return "must_link" if self.same else "cannot_link"


class OverridesFile:
    """The file of curators' decisions.

    Args:
        path: ``overrides.yaml``; a symbolic link is followed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._target = path.resolve()
        #: Bytes last read and what they say: reading thousands of entries takes seconds.
        self._known: tuple[bytes, Overrides] | None = None

    def read(self) -> Overrides:
        """What the file says now.

        Raises:
            ConfigError: it is missing, is wrong, or contradicts itself.
        """
        content = self._bytes()
        if self._known is None or self._known[0] != content:
            self._known = content, load(self.path, Overrides)
        return self._known[1]

    def add(self, rulings: Iterable[Ruling]) -> list[Ruling]:
        """Write rulings at the end of their lists, all or none.

        Returns:
            Those that were not there yet. One about the same pair with the same answer counts as
            there, whoever gave it.

        Raises:
            ConfigError: one contradicts another or an entry of the file; names both. Or the file
                is wrong, or laid out in a way that takes no entry.
            BusyError: another program has held the file for long.
            MedsafeError: it cannot be written.
        """
        with self._held():
            before = self.read()
            new = fresh(before, rulings)
            if new:
                after = extended(before, new, self.path)
                text = self._text()
                for key in ("must_link", "cannot_link"):
                    links = [ruling.link for ruling in new if ruling.key == key]
                    if links:
                        text = added(text, key, links)
                self._replace(text, after)
        return new

    def remove(self, ruling: Ruling) -> bool:
        """Take one entry out; False where it is no longer there as it was written.

        Raises:
            ConfigError: the file is wrong, or laid out in a way that the entry cannot be cut out.
            BusyError: another program has held the file for long.
            MedsafeError: it cannot be written.
        """
        with self._held():
            before = self.read()
            links: list[Link] = list(getattr(before, ruling.key))
            if ruling.link not in links:
                return False
            place = len(links) - 1 - links[::-1].index(ruling.link)
            del links[place]
            after = before.model_copy(update={ruling.key: tuple(links)})
            self._replace(without(self._text(), ruling.key, place), after)
        return True

    @contextmanager
    def _held(self) -> Iterator[None]:
        lock = FileLock(self._target.with_name(f".{self._target.name}.lock"))
        try:
            lock.acquire(timeout=_PATIENCE)
        except Timeout as error:
            raise BusyError(f"another program holds {self.path}: try again") from error
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            yield
        finally:
            lock.release()

    def _bytes(self) -> bytes:
        try:
            return self._target.read_bytes()
        except OSError as error:
            raise ConfigError(unreadable(error), file=str(self.path)) from error

    def _text(self) -> str:
        # Without the byte order mark that some editors write; it has no place among the lines.
        return self._bytes().decode("utf-8-sig")

    def _replace(self, text: str, meant: Overrides) -> None:
        """Put the text in the file's place, if it says what is meant."""
        content = text.encode()
        if self._bytes().startswith(codecs.BOM_UTF8):
            content = codecs.BOM_UTF8 + content

        def write(beside: Path) -> None:
            beside.write_bytes(content)
            if not _says(beside, meant):
                raise ConfigError(
                    "is laid out in a way that only a person can edit: write `must_link:` and "
                    "`cannot_link:` with one entry under the other, as its head shows",
                    file=str(self.path),
                )
            shutil.copymode(self._target, beside)

        try:
            disk.replace(self._target, write)
            disk.sync(self._target.parent)
        except OSError as error:
            raise self._unwritable(error) from error
        self._known = content, meant

    def _unwritable(self, error: OSError) -> MedsafeError:
        return MedsafeError(f"{self.path} cannot be written ({error.strerror}); it is as it was")


def unreadable(error: OSError) -> str:
    """Why a file cannot be read, in plain words."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def _says(path: Path, meant: Overrides) -> bool:
    try:
        return load(path, Overrides) == meant
    except ConfigError:
        return False


# ── what the lists say ───────────────────────────────────────────────────────────────────────


def fresh(before: Overrides, rulings: Iterable[Ruling]) -> list[Ruling]:
    """The rulings that are not there yet, each pair once for each answer."""
    there = {(True, link.pair) for link in before.must_link}
    there |= {(False, link.pair) for link in before.cannot_link}
    new = []
    for ruling in rulings:
        if (key := (ruling.same, ruling.link.pair)) not in there:
            there.add(key)
            new.append(ruling)
    return new


def extended(before: Overrides, new: Sequence[Ruling], path: Path) -> Overrides:
    """The lists with the new rulings at their ends.

    Raises:
        ConfigError: a ruling contradicts another; names both.
    """
    after: dict[str, tuple[Link, ...]] = {}
    for key in ("must_link", "cannot_link"):
        own = tuple(ruling.link for ruling in new if ruling.key == key)
        after[key] = getattr(before, key) + own
    try:
        return Overrides(**after)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{first['loc'][0]} {first['msg']}", file=str(path)) from error
