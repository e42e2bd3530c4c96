"""The two files of a pack of old days: an index to read quickly, and the bodies, packed tightly.

``<name>.jsonl.gz`` has a line ``{"name", "kind": "seal" | "window", "value"}`` for everything that
stood in a ``.meta.json`` or a ``window.json``; ``<name>.tar.xz`` has each distinct body once, named
by its SHA-256. One stream of xz over all bodies: pages of one query fetched night after night
differ by a few papers, so most of each is a copy of the one before. Both are read by everybody's
tools: ``tar -xOJf PACK | grep``.
"""

from __future__ import annotations

import gzip
import json
import lzma
import tarfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

INDEX = ".jsonl.gz"
BODIES = ".tar.xz"


class BadPackError(Exception):
    """A pack is not what it should be."""


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a pack's index.

    Raises:
        BadPackError: a line is not an object.
        OSError, EOFError, zlib.error, ValueError: the file is damaged.
    """
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            value = json.loads(line)
            if not isinstance(value, dict):
                raise BadPackError("a line of the index is no object")
            yield value


def bodies(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """The wanted bodies that a pack holds, with their names, in the order in which they stand.

    Raises:
        BadPackError: the file is damaged.
        OSError: the file cannot be read.
    """
    try:
        with tarfile.open(path, "r|xz") as pack:
            for member in pack:
                file = pack.extractfile(member) if member.name in wanted else None
                if file is not None:
                    yield member.name, file.read()
    except (tarfile.TarError, lzma.LZMAError, EOFError, zlib.error) as error:
        raise BadPackError(str(error)) from error
