"""One record out of what several doors of a source say of a paper.

Most doors describe a paper fully; the newest description is the record. Some know a few fields
better than the others: arXiv's OAI-PMH has the licence, the parts of the names, all versions and
the mark of a withdrawal, which its search has not.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from medsafe_harvest.sources.base import Reader, SourceRecord

_VERSION = re.compile(r"v([1-9][0-9]*)\Z")
#: Fields that are the same at all doors, or belong together with one that is.
_NEVER_FILLED = frozenset(("source", "source_id", "title", "withdrawn", "announced"))
#: Fields that authors change without a new version.
TELLING = ("comment", "journal_ref")
#: News of a day, and no property of the paper.
_NO_COLUMN = frozenset(("announced",))


@dataclass(frozen=True, slots=True)
class Composed:
    """A record, and which of its fields came from a door that knows them better."""

    record: SourceRecord
    #: (field, door), sorted.
    given: tuple[tuple[str, str], ...]


def compose(
    parts: Sequence[tuple[str, SourceRecord]], doors: Mapping[str, Reader]
) -> Composed | None:
    """The record that the parts make.

    Args:
        parts: (door, what it said last), the newest first.
        doors: every door by its name. Where several say the same, the first of them is named.

    Returns:
        None where no door has described the paper fully.
    """
    full = [record for door, record in parts if not doors[door].gives]
    if not full:
        return None
    base = full[0]
    changes: dict[str, object] = {}
    for record in full[1:]:
        for field in dataclasses.fields(record):
            name = field.name
            value = getattr(record, name)
            if name not in _NEVER_FILLED | changes.keys() and value and not getattr(base, name):
                changes[name] = value
    given: dict[str, str] = {}
    partial = [(door, record) for door, record in parts if doors[door].gives]
    for name in sorted({name for door, _ in partial for name in doors[door].gives} - _NO_COLUMN):
        said = {
            door: value
            for door, record in partial
            if name in doors[door].gives
            # False is a word too: a withdrawal may be taken back.
            and ((value := getattr(record, name)) or value is False)
            and _fits(name, value, base)
        }
        newest = next(iter(said.values()), None)
        if newest is not None and newest != getattr(base, name):
            changes[name] = newest
            given[name] = next(door for door in doors if said.get(door) == newest)
    return Composed(
        dataclasses.replace(base, **changes),  # type: ignore[arg-type] # values of its own fields
        tuple(sorted(given.items())),
    )


def _fits(name: str, value: object, base: SourceRecord) -> bool:
    """Names of another number than the description's are those of another version."""
    return name != "authors" or len(value) == len(base.authors)  # type: ignore[arg-type] # a tuple


def differs(heard: SourceRecord, described: SourceRecord) -> bool:
    """Whether a feed gives a comment, journal reference or DOI that the description has not."""
    fields = any(
        value and _words(value) != _words(getattr(described, name))
        for name in TELLING
        if (value := getattr(heard, name))
    )
    dois = {text.casefold() for kind, text in heard.identifiers if kind == "doi"}
    known = {text.casefold() for kind, text in described.identifiers if kind == "doi"}
    return fields or not dois <= known


def _words(text: str | None) -> list[str]:
    return (text or "").split()


def version(record: SourceRecord) -> int:
    """The version that an arXiv identifier of the record names; 0 where none does."""
    found = (_VERSION.search(text) for kind, text in record.identifiers if kind == "arxiv")
    return max((int(match[1]) for match in found if match), default=0)
