"""The redirect ledger: what became of paper ids that are no longer what they were.

``redirects.jsonl`` lies beside the snapshots, not in them: a snapshot depends on the stored pages
alone, the ledger on which snapshots there were. One line a change, the oldest first::

    {"from": "mh...", "kind": "merged", "to": ["mh..."], "when": "2026-11-21T05:31:02Z"}

It can be deleted: former ids that a paper lists (``former_ids``) resolve without it, and a new
ledger begins with the next change.
"""

from __future__ import annotations

import enum
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.errors import CuratedError

FILE = "redirects.jsonl"


class Kind(enum.StrEnum):
    """What became of a paper id."""

    #: All its records are in one other paper.
    MERGED = "merged"
    #: Its records are in several papers; the id itself may be one of them.
    SPLIT = "split"
    #: The same records are a paper of another id.
    MOVED = "moved"
    #: None of its records is left.
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one paper id."""

    former: str
    kind: Kind
    #: Ids of the papers that have its records now, that with the most first.
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """A change, and when it was seen."""

    when: datetime
    change: Change

    def plain(self) -> dict[str, str | list[str]]:
        """The entry as JSON values."""
        return {
            "from": self.change.former,
            "kind": self.change.kind.value,
            "to": list(self.change.to),
            "when": self.when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def in_words(self, pieces: Mapping[str, Sequence[str]] | None = None) -> str:
        """What happened, as a sentence without its full stop.

        Args:
            pieces: where known, what the ids that it led to are today; only what is not its own
                answer is named.
        """
        happened = {
            Kind.MERGED: "was merged into",
            Kind.SPLIT: "was split into",
            Kind.MOVED: "was renamed to",
            Kind.GONE: "lost its last record",
        }[self.change.kind]
        to = []
        for one in self.change.to:
            now = (pieces or {}).get(one, (one,))
            today = f" (now {', '.join(now) or 'gone'})" if tuple(now) != (one,) else ""
            to.append(f"{one}{today}")
        words = [self.change.former, happened, ", ".join(to), f"on {self.when:%Y-%m-%d}"]
        return " ".join(filter(None, words))


@dataclass(frozen=True, slots=True)
class Names:
    """Which paper answers to what, in one snapshot."""

    #: Record id, present or former -> paper id.
    by_record: Mapping[str, str]
    #: Former paper id -> paper id.
    by_former_id: Mapping[str, str]

    @classmethod
    def of(cls, papers: pa.Table, records: pa.Table) -> Self:
        """The names in tables.

        Args:
            papers: ``paper_id``, ``record_ids`` and ``former_ids`` of every paper.
            records: ``record_id`` and ``former_record_ids`` of every record.
        """
        by_record = owners(papers, "record_ids")
        renamed = records.filter(pc.greater(pc.list_value_length(records["former_record_ids"]), 0))
        for row in renamed.select(["record_id", "former_record_ids"]).to_pylist():
            for former in row["former_record_ids"]:
                by_record.setdefault(former, by_record[row["record_id"]])
        return cls(by_record, owners(papers, "former_ids"))


def owners(papers: pa.Table, column: str) -> dict[str, str]:
    """Each value of a column of lists -> the id of the paper that lists it."""
    lists = papers[column].combine_chunks()
    owners = papers["paper_id"].take(pc.list_parent_indices(lists))
    return dict(zip(lists.flatten().to_pylist(), owners.to_pylist(), strict=True))


def changes(before: Names, after: Names) -> list[Change]:
    """What a reader who kept a paper id, present or former, has to know; sorted by that id.

    Args:
        before: the snapshot that the reader knows.
        after: the one that takes its place.
    """
    now: dict[str, Counter[str]] = {}
    for record, paper in before.by_record.items():
        successors = now.setdefault(paper, Counter())
        if record in after.by_record:
            successors[after.by_record[record]] += 1
    present = set(after.by_record.values())
    heirs = Counter(paper for successors in now.values() for paper in successors)
    to = {
        paper: tuple(sorted(counts, key=lambda one: (-counts[one], one)))
        for paper, counts in now.items()
    }
    found = [
        Change(paper, _kind(ids, alone=len(ids) == 1 and heirs[ids[0]] == 1), ids)
        for paper, ids in to.items()
        if ids != (paper,) and (ids or paper not in present)
    ]
    # The record that such an id was made from is no longer there: it goes where its paper went.
    found += [
        Change(former, _kind(to[paper], alone=False), to[paper])
        for former, paper in before.by_former_id.items()
        if former not in after.by_former_id and former not in present and former not in to
    ]
    return sorted(found, key=lambda change: change.former)


def _kind(to: Sequence[str], *, alone: bool) -> Kind:
    if not to:
        return Kind.GONE
    if len(to) > 1:
        return Kind.SPLIT
    return Kind.MOVED if alone else Kind.MERGED


def read(folder: Path) -> tuple[Redirect, ...]:
    """The ledger of a curated folder, the oldest first; empty where there is none.

    Raises:
        CuratedError: it is damaged; the message says where.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise CuratedError(f"{path} cannot be read ({error})") from error
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            found.append(_from_line(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CuratedError(
                f"{path}:{number} is no entry of the redirect ledger ({error}): mend or remove the "
                "line, or delete the file, and old paper ids resolve by `former_ids` alone"
            ) from error
    return tuple(found)


def append(folder: Path, found: Sequence[Change], when: datetime) -> None:
    """Add changes to the ledger, the whole file at once.

    A run that was killed after this and is repeated adds nothing: what the last entry of that day
    and time says already is left out.

    Args:
        folder: the curated folder.
        found: what changed.
        when: the moment of the curation, aware.

    Raises:
        CuratedError: the ledger is damaged.
        OSError: it cannot be written.
    """
    if not found:
        return
    known = read(folder)
    last = {one.change for one in known if one.when == known[-1].when}
    new = [Redirect(when, change) for change in found if change not in last]
    if not new:
        return
    path = folder / FILE
    beside = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8") as file:
            file.writelines(
                json.dumps(one.plain(), sort_keys=True) + "\n" for one in (*known, *new)
            )
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def latest(ledger: Iterable[Redirect]) -> dict[str, Redirect]:
    """The last entry about each id."""
    return {one.change.former: one for one in ledger}


def _from_line(line: str) -> Redirect:
    entry = json.loads(line)
    if not (isinstance(entry["from"], str) and all(isinstance(one, str) for one in entry["to"])):
        raise TypeError("`from` is an id and `to` a list of ids")
    when = datetime.fromisoformat(entry["when"])
    if when.tzinfo is None:
        raise ValueError("`when` has no time zone")
    return Redirect(when, Change(entry["from"], Kind(entry["kind"]), tuple(entry["to"])))
