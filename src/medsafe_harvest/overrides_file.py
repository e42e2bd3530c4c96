"""Add entries to ``config/overrides.yaml`` and take them out again, leaving all else as it is.

The file belongs to people: comments, order, quotes and line ends stay byte for byte. So an entry is
put in or cut out as text, at the place that the YAML parser names; what comes out is read again,
and takes the old file's place only if it says exactly what it should.

Every change is one rename under a lock, so a kill leaves the old file or the new one, and two
programs that write at once lose nothing.
"""

from __future__ import annotations

import codecs
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from filelock import FileLock, Timeout
from pydantic import ValidationError

from medsafe_harvest.config_files import load
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.errors import BusyError, ConfigError, MedsafeError

#: Seconds to wait for another writer; each needs far less than one.
_PATIENCE = 10.0
#: Places do not depend on the loader; the one in C is many times faster, where there is one.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
                        text = _added(text, key, links)
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
            self._replace(_cut(self._text(), ruling.key, place), after)
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
        # One name is enough: who holds the lock is the only writer.
        new = self._target.with_name(f".{self._target.name}.new")
        content = text.encode()
        if self._bytes().startswith(codecs.BOM_UTF8):
            content = codecs.BOM_UTF8 + content
        try:
            with new.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if not _says(new, meant):
                new.unlink()
                raise ConfigError(
                    "is laid out in a way that only a person can edit: write `must_link:` and "
                    "`cannot_link:` with one entry under the other, as its head shows",
                    file=str(self.path),
                )
            shutil.copymode(self._target, new)
            new.replace(self._target)
            _sync_folder(self._target.parent)
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


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


# ── the text of the file ─────────────────────────────────────────────────────────────────────


def _added(text: str, key: str, links: Sequence[Link]) -> str:
    """The text with entries at the end of a list."""
    found = _list(text, key)
    newline = "\r\n" if "\r\n" in text else "\n"
    if found is None:
        separator = "" if not text or text.endswith("\n") else newline
        return f"{text}{separator}{key}:{newline}" + _block(links, "  ", newline)
    name, value = found
    if not isinstance(value, yaml.SequenceNode) or not value.value:
        # "[]" gives way to entries on the lines below.
        colon = text.index(":", name.end_mark.index) + 1
        text = text[:colon] + text[value.end_mark.index :]
        return _below(text, colon, _block(links, "  ", newline), newline)
    end = _end(text, value.value[-1])
    if value.flow_style:
        return text[:end] + "".join(f", {_flow(link)}" for link in links) + text[end:]
    indent = " " * value.start_mark.column
    return _below(text, end, _block(links, indent, newline), newline)


def _cut(text: str, key: str, place: int) -> str:
    """The text without one entry of a list that has it."""
    found = _list(text, key)
    if found is None:
        return text
    name, value = found
    if not isinstance(value, yaml.SequenceNode):
        return text
    items = value.value
    ends = [_end(text, item) for item in items]
    if value.flow_style:
        if place + 1 < len(items):
            return text[: items[place].start_mark.index] + text[items[place + 1].start_mark.index :]
        start = ends[place - 1] if place else items[place].start_mark.index
        return text[:start] + text[ends[place] :]
    dash = text.rindex("-", 0, items[place].start_mark.index)
    start = text.rfind("\n", 0, dash) + 1
    text = text[:start] + text[_line_end(text, ends[place]) :]
    if len(items) > 1:
        return text
    colon = text.index(":", name.end_mark.index) + 1
    return f"{text[:colon]} []{text[colon:]}"


def _list(text: str, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Nodes of a key and of its value, with places in the text."""
    node = yaml.compose(text, _LOADER)
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                return name, value
    return None


def _end(text: str, node: yaml.Node) -> int:
    """Where an entry really ends; block collections claim the comments below them as well."""
    while not getattr(node, "flow_style", True):
        children = node.value
        if not children:
            break
        node = children[-1][1] if isinstance(node, yaml.MappingNode) else children[-1]
    start, end = node.start_mark.index, node.end_mark.index
    return start + len(text[start:end].rstrip())


def _line_end(text: str, place: int) -> int:
    """Behind the line break that follows, or the end of the text."""
    found = text.find("\n", place)
    return len(text) if found < 0 else found + 1


def _below(text: str, place: int, lines: str, newline: str) -> str:
    """The text with lines under the one that a place is in."""
    end = _line_end(text, place)
    separator = "" if text[:end].endswith("\n") else newline
    return text[:end] + separator + lines + text[end:]


class _Dumper(yaml.SafeDumper):
    """Writes a day that two entries share twice, rather than as ``&id001`` and ``*id001``."""

    def ignore_aliases(self, data: Any) -> bool:
        """No value is named."""
        del data
        return True


def _dumped(what: object, *, flow: bool) -> str:
    text: str = yaml.dump(
        what,
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
        default_flow_style=flow,
    )
    return text


def _block(links: Sequence[Link], indent: str, newline: str) -> str:
    dumped = _dumped([link.model_dump() for link in links], flow=False)
    return "".join(f"{indent}{line}{newline}" for line in dumped.rstrip("\n").split("\n"))


def _flow(link: Link) -> str:
    return _dumped(link.model_dump(), flow=True).strip()
