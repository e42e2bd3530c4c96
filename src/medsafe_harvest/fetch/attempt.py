"""What a run writes of one window: each page as it came, and how the attempt ended.

``rawstore.py`` says where the files are.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from medsafe_harvest.disk import explained, write
from medsafe_harvest.fetch.rawindex import META, WINDOW, WindowRecord
from medsafe_harvest.sources.base import Page


class Shelf(Protocol):
    """What an attempt asks of the store that it is part of."""

    @property
    def folder(self) -> Path:
        """The folder of the whole store."""

    def holder(self, sha256: str) -> str | None:
        """Name of a page that has the body of that checksum, or None."""

    def next_number(self) -> int:
        """A running number for the next page."""

    def add(self, name: str, kind: str, value: Mapping[str, Any]) -> None:
        """Keep in mind what was written: a ``seal`` or a ``window``."""


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation of the harvester."""

    name: str
    day: date

    @classmethod
    def starting(cls, now: datetime) -> Run:
        """A run that starts now; processes that start together differ by their number."""
        return cls(f"{now:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}", now.date())


class Attempt:
    """Writes the pages of one attempt at a window, and how it ended."""

    def __init__(self, store: Shelf, folder: Path, label: Mapping[str, str], version: str) -> None:
        self._store = store
        self._folder = folder
        self._path = folder.relative_to(store.folder).as_posix()
        self._label = label
        self._version = version
        self._number = 0

    def keep(self, url: str, page: Page, fetched_at: datetime) -> str:
        """Store a response; returns the page's number in this attempt.

        A body that is stored already is not written again.

        Raises:
            StoreError: it cannot be written.
        """
        self._number += 1
        number = f"{self._number:04d}"
        sha256 = hashlib.sha256(page.body).hexdigest()
        holder = self._store.holder(sha256)
        meta = {
            **self._label,
            "bytes": len(page.body),
            "fetched_at": fetched_at.isoformat(timespec="microseconds"),
            "headers": dict(page.headers),
            "number": self._store.next_number(),
            "sha256": sha256,
            "status": page.status,
            "url": url,
            "version": self._version,
        }
        if page.sent:
            meta["sent"] = page.sent
        if holder is None:
            meta["body"] = f"{number}.{_suffix(page)}.gz"
        else:
            meta["same_as"] = holder
        with explained(self._folder):
            if holder is None:
                body = gzip.compress(page.body, compresslevel=6, mtime=0)
                write(self._folder / str(meta["body"]), body)
            write(self._folder / f"{number}{META}", _json(meta))
        self._store.add(f"{self._path}/{number}", "seal", meta)
        return number

    def finish(self, record: WindowRecord) -> None:
        """Write how the attempt ended.

        Raises:
            StoreError: it cannot be written.
        """
        content = {
            **self._label,
            "announced": record.announced,
            "began_at": record.began_at.isoformat(timespec="microseconds"),
            "finished_at": record.finished_at.isoformat(timespec="microseconds"),
            "message": record.message,
            "notes": list(record.notes),
            "outcome": record.outcome,
            "pages": list(record.pages),
            "received": record.received,
        }
        with explained(self._folder):
            write(self._folder / WINDOW, _json(content))
        self._store.add(self._path, "window", content)


def _suffix(page: Page) -> str:
    kind = page.headers.get("content-type", "")
    return next((word for word in ("json", "xml", "html") if word in kind), "txt")


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()
