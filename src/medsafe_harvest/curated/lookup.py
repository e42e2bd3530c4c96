"""Find a paper by any id that a person may have at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.curated import redirects, snapshot
from medsafe_harvest.curated.readings import IDENTIFIERS, contains, read_as
from medsafe_harvest.curated.redirects import Kind, Redirect
from medsafe_harvest.dedupe.paper_ids import mint
from medsafe_harvest.errors import NotFoundError, SplitError


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that a snapshot knows of one paper; rows as in the schemas."""

    paper: dict[str, Any]
    records: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    relations: list[dict[str, Any]]


def find_paper(folder: Path, name: str) -> dict[str, Any]:
    """The paper that an id names.

    Args:
        folder: a snapshot.
        name: a paper id (present or former), a record id, an arXiv id with or without version or
            ``arXiv:``, a DOI or its URL, a PMID, a PMCID (``PMC1`` or ``pmcid:1``), a Semantic
            Scholar id, a corpus id (``corpus:1`` or ``CorpusID:1``), or after ``acl:``,
            ``dblp:`` or ``openreview:`` an id of theirs. Digits alone are a PMID.

    Raises:
        NotFoundError: nothing answers to it, or more than one paper does.
    """
    papers = snapshot.read(folder, "papers", _NAMES)
    paper_id = _the_one(papers, snapshot.read(folder, "records", _OF_RECORD), name.strip())
    found = snapshot.read(folder, "papers", only=("paper_id", [paper_id]))
    row: dict[str, Any] = found.to_pylist()[0]
    return row


def _the_one(papers: pa.Table, records: pa.Table, name: str) -> str:
    """The id of the single paper that answers to a name.

    Raises:
        NotFoundError: as :func:`find_paper`.
    """
    found = next(filter(None, _answers(papers, records, name)), [])
    if not found:
        raise NotFoundError(
            f"no paper answers to {name!r}: give a paper id (mh...), record id "
            "(arxiv:2301.00001), arXiv id, DOI, PMID, PMCID or Semantic Scholar id"
        )
    if len(found) > 1:
        raise NotFoundError(
            f"{name!r} names {len(found)} papers, give one of these: {', '.join(found)}",
            candidates=tuple(found),
        )
    return found[0]


def _answers(papers: pa.Table, records: pa.Table, name: str) -> Iterator[list[str]]:
    """Ids of the papers that answer to a name: exact ids first, what it may mean after them."""
    ids_of = papers["paper_id"]

    def where(mask: pa.Array | pa.ChunkedArray) -> list[str]:
        found: list[str] = ids_of.filter(mask).to_pylist()
        return found

    def owners(own: pa.ChunkedArray) -> list[str]:
        lists = papers["record_ids"].combine_chunks()
        inside = pc.is_in(lists.flatten(), value_set=own.combine_chunks())
        rows = pc.unique(pc.list_parent_indices(lists).filter(inside))
        found: list[str] = ids_of.take(rows).to_pylist()
        return found

    yield where(pc.equal(ids_of, name))
    yield where(contains(papers["record_ids"], name))
    yield owners(records["record_id"].filter(contains(records["former_record_ids"], name)))
    yield where(contains(papers["former_ids"], name))
    # A record that its source renamed left the id that it would have alone.
    yield where(contains(papers["former_ids"], mint(name)))
    yield where(read_as(papers, name))
    # What a paper's records say and the paper does not: the values not chosen.
    yield owners(records["record_id"].filter(read_as(records, name)))


@dataclass(frozen=True, slots=True)
class Resolution:
    """The paper that answers to an id today."""

    paper_id: str
    #: What the ledger says of the id, and of the ids that it led to, in that order. That an id
    #: was split is left out once all its pieces are that paper again.
    history: tuple[Redirect, ...]
    #: Each piece of a split in ``history`` -> the papers that it is today, none where it is gone.
    pieces: Mapping[str, tuple[str, ...]]


#: Columns of ``schema.PAPER`` and of ``schema.RECORD`` that are read.
_NAMES = ["paper_id", "former_ids", "record_ids", *IDENTIFIERS]
_OF_RECORD = ["record_id", "former_record_ids", *IDENTIFIERS]


def resolve(folder: Path, ledger: Sequence[Redirect], name: str) -> Resolution:
    """The present paper id behind an id that somebody kept; errors as :func:`trace`.

    Args:
        folder: a snapshot.
        ledger: from :func:`redirects.read`.
        name: as for :func:`find_paper`.
    """
    papers = snapshot.read(folder, "papers", _NAMES)
    return trace(papers, snapshot.read(folder, "records", _OF_RECORD), ledger, name.strip())


def trace(papers: pa.Table, records: pa.Table, ledger: Sequence[Redirect], name: str) -> Resolution:
    """The present paper id behind an id.

    A paper id that is there is its own answer, also after records left it. One that is not there
    answers by the record that it was made from, and after that by the ledger; where its paper was
    split, only if all pieces have come together again.

    Args:
        papers: the columns ``_NAMES`` of ``schema.PAPER``.
        records: the columns ``_OF_RECORD`` of ``schema.RECORD``.
        ledger: the oldest first.
        name: as for :func:`find_paper`.

    Raises:
        SplitError: its records are in several papers, and none of them has the id.
        NotFoundError: nothing answers to it, or more than one paper does.
    """
    search = _Search(
        present=frozenset(papers["paper_id"].to_pylist()),
        former=redirects.owners(papers, "former_ids"),
        ledger=redirects.latest(ledger),
    )
    if name not in search.present and name not in search.ledger:
        return Resolution(_the_one(papers, records, name), (), {})
    found, passed = search.follow(name)
    if len(found) == 1:
        return search.resolution(found[0], passed)
    if not found:
        last = passed[-1]
        raise NotFoundError(f"{name} is gone since {last.when:%Y-%m-%d}: no record of it is left")
    raise SplitError(
        f"{name} was split, its records are in {len(found)} papers now: {', '.join(found)}",
        candidates=tuple(found),
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """Follows ids to present ones."""

    present: frozenset[str]
    #: Former id -> present id, by the record that it was made from.
    former: Mapping[str, str]
    ledger: Mapping[str, Redirect]

    def follow(self, name: str) -> tuple[list[str], list[Redirect]]:
        """Present ids, and the entries passed; a chain may be long, and lead in a circle."""
        found: dict[str, None] = {}
        passed: list[Redirect] = []
        waiting, seen = [name], {name}
        while waiting:
            here = waiting.pop(0)
            entry = self.ledger.get(here)
            if entry is not None and (here not in self.present or entry.change.kind is Kind.SPLIT):
                passed.append(entry)
            if here in self.present:
                found[here] = None
            elif here in self.former and (entry is None or entry.change.kind is not Kind.SPLIT):
                found[self.former[here]] = None
            elif entry is not None:
                new = [one for one in dict.fromkeys(entry.change.to) if one not in seen]
                waiting += new
                seen.update(new)
        if not found and name in self.former:
            found[self.former[name]] = None
        return list(found), passed

    def resolution(self, paper_id: str, passed: Sequence[Redirect]) -> Resolution:
        """The answer with its history, without splits of a present id that were undone."""
        pieces = {
            piece: tuple(self.follow(piece)[0])
            for entry in passed
            if entry.change.kind is Kind.SPLIT
            for piece in entry.change.to
        }

        def holds(entry: Redirect) -> bool:
            former, to = entry.change.former, entry.change.to
            return former not in self.present or any(
                one != former for piece in to for one in pieces.get(piece, ())
            )

        history = tuple(filter(holds, passed))
        told = {one for entry in history for one in entry.change.to}
        return Resolution(
            paper_id, history, {one: now for one, now in pieces.items() if one in told}
        )


def dossier(folder: Path, name: str) -> Dossier:
    """A paper with its records, the decisions about them and its relations.

    Raises:
        NotFoundError: as :func:`find_paper`.
    """
    paper = find_paper(folder, name)
    own = pa.array(paper["record_ids"], pa.string())

    def touching(table: str, left: str = "left", right: str = "right") -> list[dict[str, Any]]:
        rows = snapshot.read(folder, table)
        mask = pc.or_(pc.is_in(rows[left], value_set=own), pc.is_in(rows[right], value_set=own))
        found: list[dict[str, Any]] = rows.filter(mask).to_pylist()
        return found

    records = snapshot.read(folder, "records", only=("record_id", paper["record_ids"]))
    return Dossier(
        paper=paper,
        records=records.to_pylist(),
        decisions=touching("decisions"),
        relations=touching("relations"),
    )


def records_of(folder: Path, ledger: Sequence[Redirect], name: str) -> tuple[str, list[str]]:
    """The paper that an id names, and the record of that id, or all records of the paper.

    Args:
        folder: a snapshot.
        ledger: from :func:`redirects.read`.
        name: as for :func:`find_paper`.

    Raises:
        NotFoundError: as :func:`trace`; with SplitError.
    """
    paper = find_paper(folder, resolve(folder, ledger, name).paper_id)
    own: list[str] = paper["record_ids"]
    name = name.strip()
    if name not in own:
        renamed = snapshot.read(folder, "records", ["record_id", "former_record_ids"])
        renamed = renamed.filter(contains(renamed["former_record_ids"], name))
        own = [one for one in renamed["record_id"].to_pylist() if one in own] or own
    return paper["paper_id"], [name] if name in own else own
