"""Find a paper by any id that a person may have at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.curated import redirects, snapshot
from medsafe_harvest.curated.redirects import Kind, Redirect
from medsafe_harvest.dedupe.paper_ids import mint
from medsafe_harvest.errors import NotFoundError, SplitError
from medsafe_harvest.normalize import ids


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
            ``arXiv:``, a DOI or its URL, a PMID, a PMCID, or a Semantic Scholar id.

    Raises:
        NotFoundError: nothing answers to it, or more than one paper does.
    """
    row: dict[str, Any] = _the_one(snapshot.read(folder, "papers"), name).to_pylist()[0]
    return row


def _the_one(papers: pa.Table, name: str) -> pa.Table:
    """The single row that answers to a name.

    Raises:
        NotFoundError: as :func:`find_paper`.
    """
    matches = papers.filter(_named(papers, name.strip()))
    if matches.num_rows == 0:
        raise NotFoundError(
            f"no paper answers to {name!r}: give a paper id (mh...), record id "
            "(arxiv:2301.00001), arXiv id, DOI, PMID, PMCID or Semantic Scholar id"
        )
    if matches.num_rows > 1:
        names = ", ".join(matches["paper_id"].to_pylist())
        raise NotFoundError(f"{name!r} names {matches.num_rows} papers: {names}")
    return matches


def _named(papers: pa.Table, name: str) -> pa.ChunkedArray:
    by_id = pc.equal(papers["paper_id"], name)
    for column in ("former_ids", "record_ids"):
        by_id = pc.or_(by_id, _contains(papers[column], name))
    # A record that its source renamed left the id that it would have alone.
    by_id = pc.or_(by_id, _contains(papers["former_ids"], mint(name)))
    for column, value in _readings(name):
        if column == "doi" and isinstance(value, str):
            by_id = pc.or_(by_id, _contains(papers["other_dois"], value))
        same = pc.equal(papers[column], pa.scalar(value, papers.schema.field(column).type))
        by_id = pc.or_(by_id, pc.fill_null(same, False))
    return by_id


def _contains(lists: pa.ChunkedArray, value: str) -> pa.Array:
    array = lists.combine_chunks()
    rows = pc.list_parent_indices(array).filter(pc.equal(array.flatten(), value))
    return pc.is_in(pa.array(range(len(array))), value_set=rows.cast(pa.int64()))


def _readings(name: str) -> list[tuple[str, str | int]]:
    """Columns that the text could be an id of, with the id in canonical form."""
    readings: list[tuple[str, str | int]] = []
    for column, clean in (
        ("arxiv_id", ids.clean_arxiv),
        ("doi", ids.clean_doi),
        ("pmid", ids.clean_pmid),
        ("pmcid", ids.clean_pmcid),
        ("s2_paper_id", ids.clean_s2_paper_id),
    ):
        value = clean(name)
        if value is not None:
            readings.append((column, value))
    kind, _, number = name.rpartition(":")
    if kind.lower() == "corpusid" and number.isdigit():
        readings.append(("corpus_id", int(number)))
    return readings


@dataclass(frozen=True, slots=True)
class Resolution:
    """The paper that answers to an id today."""

    paper_id: str
    #: What the ledger says of the id, and of the ids that it led to, in that order.
    history: tuple[Redirect, ...]


#: Columns of ``schema.PAPER`` that hold an id of some kind.
_NAMES = [
    "paper_id", "former_ids", "record_ids", "arxiv_id", "doi", "other_dois", "pmid", "pmcid",
    "corpus_id", "s2_paper_id",
]  # fmt: skip


def resolve(folder: Path, ledger: Sequence[Redirect], name: str) -> Resolution:
    """The present paper id behind an id that somebody kept; errors as :func:`trace`.

    Args:
        folder: a snapshot.
        ledger: from :func:`redirects.read`.
        name: as for :func:`find_paper`.
    """
    return trace(snapshot.read(folder, "papers", _NAMES), ledger, name.strip())


def trace(papers: pa.Table, ledger: Sequence[Redirect], name: str) -> Resolution:
    """The present paper id behind an id.

    A paper id that is there is its own answer, also after records left it. One that is not there
    answers by the record that it was made from, and after that by the ledger; where its paper was
    split, only if all pieces have come together again.

    Args:
        papers: the columns ``_NAMES`` of ``schema.PAPER``.
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
        passed={},
    )
    if name not in search.present and name not in search.ledger:
        return Resolution(_the_one(papers, name)["paper_id"][0].as_py(), ())
    found = search.follow(name)
    if len(found) == 1:
        return Resolution(found[0], tuple(search.passed.values()))
    if not found:
        last = [*search.passed.values()][-1]
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
    #: Id -> its entry, of those that were passed.
    passed: dict[str, Redirect]

    def follow(self, name: str) -> list[str]:
        """Present ids, without repetition; a chain may be long, and lead in a circle."""
        found: dict[str, None] = {}
        waiting, seen = [name], {name}
        while waiting:
            here = waiting.pop(0)
            entry = self.ledger.get(here)
            if entry is not None and (here not in self.present or entry.change.kind is Kind.SPLIT):
                self.passed[here] = entry
            if here in self.present:
                found[here] = None
            elif here in self.former and (entry is None or entry.change.kind is not Kind.SPLIT):
                found[self.former[here]] = None
            elif entry is not None:
                waiting += [one for one in entry.change.to if one not in seen]
                seen.update(entry.change.to)
        if not found and name in self.former:
            found[self.former[name]] = None
        return list(found)


def dossier(folder: Path, name: str) -> Dossier:
    """A paper with its records, the decisions about them and its relations.

    Raises:
        NotFoundError: as :func:`find_paper`.
    """
    paper = find_paper(folder, name)
    own = pa.array(paper["record_ids"])

    def touching(table: str, left: str = "left", right: str = "right") -> list[dict[str, Any]]:
        rows = snapshot.read(folder, table)
        mask = pc.or_(pc.is_in(rows[left], value_set=own), pc.is_in(rows[right], value_set=own))
        found: list[dict[str, Any]] = rows.filter(mask).to_pylist()
        return found

    records = snapshot.read(folder, "records")
    return Dossier(
        paper=paper,
        records=records.filter(pc.is_in(records["record_id"], value_set=own)).to_pylist(),
        decisions=touching("decisions"),
        relations=touching("relations"),
    )
