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
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest import disk
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

    #: ``name`` (record id, present or former) and ``paper`` (the id of its paper), each name once.
    records: pa.Table
    #: ``name`` (former paper id) and ``paper``.
    former: pa.Table

    @classmethod
    def of(cls, papers: pa.Table, records: pa.Table) -> Self:
        """The names in tables.

        Args:
            papers: ``paper_id``, ``record_ids`` and ``former_ids`` of every paper.
            records: ``record_id`` and ``former_record_ids`` of every record.
        """
        present = _owned(papers, "record_ids")
        renamed = records.filter(pc.greater(pc.list_value_length(records["former_record_ids"]), 0))
        lists = renamed["former_record_ids"].combine_chunks()
        names = renamed["record_id"].take(pc.list_parent_indices(lists))
        # A record that is there by that name itself comes first.
        pairs = zip(lists.flatten().to_pylist(), names.to_pylist(), strict=True)
        first: dict[str, str] = {}
        for name, record in pairs:
            first.setdefault(name, record)
        former = pa.array(first.keys(), pa.string())
        of = pc.index_in(pa.array(first.values(), pa.string()), present["name"].combine_chunks())
        added = pa.table({"name": former, "paper": present["paper"].take(of)})
        added = added.filter(pc.invert(_among(added["name"], present["name"])))
        return cls(pa.concat_tables([present, added]), _owned(papers, "former_ids"))


def owners(papers: pa.Table, column: str) -> dict[str, str]:
    """Each value of a column of lists -> the id of the paper that lists it."""
    found = _owned(papers, column)
    return dict(zip(found["name"].to_pylist(), found["paper"].to_pylist(), strict=True))


def _owned(papers: pa.Table, column: str) -> pa.Table:
    """Each value of a column of lists (``name``) and the id of the ``paper`` that lists it."""
    lists = papers[column].combine_chunks()
    return pa.table(
        {"name": lists.flatten(), "paper": papers["paper_id"].take(pc.list_parent_indices(lists))}
    )


def changes(before: Names, after: Names) -> list[Change]:
    """What a reader who kept a paper id, present or former, has to know; sorted by that id.

    Only papers that lost or gained a record are looked at one by one.

    Args:
        before: the snapshot that the reader knows.
        after: the one that takes its place.
    """
    place = pc.index_in(before.records["name"], after.records["name"].combine_chunks())
    moves = before.records.append_column("now", after.records["paper"].take(place))
    stayed = pc.fill_null(pc.equal(moves["paper"], moves["now"]), False)
    touched = moves["paper"].filter(pc.invert(stayed)).unique()
    to = _successors(moves.filter(_among(moves["paper"], touched)))
    heirs = Counter(paper for ids in to.values() for paper in ids)
    ids_now = pa.array(sorted({*heirs, *to}), pa.string())
    untouched = set(
        ids_now.filter(
            pc.and_(_among(ids_now, moves["paper"]), pc.invert(_among(ids_now, touched)))
        ).to_pylist()
    )
    present = set(ids_now.filter(_among(ids_now, after.records["paper"])).to_pylist())
    found = [
        Change(
            paper,
            _kind(ids, alone=len(ids) == 1 and heirs[ids[0]] == 1 and ids[0] not in untouched),
            ids,
        )
        for paper, ids in to.items()
        if ids != (paper,) and (ids or paper not in present)
    ]
    # The record that such an id was made from is no longer there: it goes where its paper went.
    lost = before.former
    for known in (after.former["name"], after.records["paper"], before.records["paper"]):
        lost = lost.filter(pc.invert(_among(lost["name"], known)))
    where = dict(zip(lost["name"].to_pylist(), lost["paper"].to_pylist(), strict=True))
    found += [
        Change(former, _kind(to.get(paper, (paper,)), alone=False), to.get(paper, (paper,)))
        for former, paper in where.items()
    ]
    return sorted(found, key=lambda change: change.former)


def _successors(moves: pa.Table) -> dict[str, tuple[str, ...]]:
    """The papers that have the records of each now, that with the most first."""
    counts: dict[str, Counter[str]] = {}
    for paper, now in zip(moves["paper"].to_pylist(), moves["now"].to_pylist(), strict=True):
        successors = counts.setdefault(paper, Counter())
        if now is not None:
            successors[now] += 1
    return {
        paper: tuple(sorted(found, key=lambda one: (-found[one], one)))
        for paper, found in counts.items()
    }


def _among(values: pa.Array | pa.ChunkedArray, known: pa.Array | pa.ChunkedArray) -> pa.Array:
    return pc.is_in(values, value_set=known)


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
    return parse(text, str(path))


def parse(text: str, path: str) -> tuple[Redirect, ...]:
    """The entries in the text of a ledger, the oldest first.

    Raises:
        CuratedError: a line is none; the message names ``path`` and the line.
    """
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
    text = text_of(read(folder), found, when)
    if text is not None:
        folder.mkdir(parents=True, exist_ok=True)
        disk.write(folder / FILE, text.encode())


def text_of(known: Sequence[Redirect], found: Sequence[Change], when: datetime) -> str | None:
    """A ledger with changes added to it; None where there is nothing to add.

    A run that was killed after this and is repeated adds nothing: what the last entry of that day
    and time says already is left out.

    Args:
        known: its entries, the oldest first.
        found: what changed.
        when: the moment of the curation, aware.
    """
    last = {one.change for one in known if one.when == known[-1].when}
    new = [Redirect(when, change) for change in found if change not in last]
    if not new:
        return None
    return "".join(json.dumps(one.plain(), sort_keys=True) + "\n" for one in (*known, *new))


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
