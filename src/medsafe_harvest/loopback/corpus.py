"""The corpus that the stand-ins serve: papers, which service has which, and their text indices."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from medsafe_harvest.loopback.text import FieldIndex, folded

Rows = npt.NDArray[np.int64]

# Identifiers of 2007-04 on (five digits from 2015 on), and the older ones with their archive.
_ARXIV_ID = re.compile(
    r"(?:https?://arxiv\.org/abs/)?"
    r"(?P<id>(?:0[7-9]|1[0-4])(?:0[1-9]|1[0-2])\.\d{4}|(?:1[5-9]|[2-9]\d)(?:0[1-9]|1[0-2])\.\d{5}"
    r"|[a-z]+(?:-[a-z]+)?(?:\.[A-Za-z-]{2,})?/\d{2}(?:0[1-9]|1[0-2])\d{3})(?:v(?P<version>[1-9]\d*))?"
)
_SUBJECT_CLASS = re.compile(r"\.[A-Za-z-]+(?=/)")  # math.GT/0309136 is math/0309136
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One row of the corpus. What a service derives from it is in ``docs/loopback.md``."""

    title: str
    abstract: str | None
    authors: tuple[str, ...]
    #: One an author, in their order; empty where unknown.
    affiliations: tuple[str, ...]
    #: Submission of version 1, or publication, where the corpus knows the day. UTC.
    published: datetime | None
    updated: datetime | None
    year: int | None
    version: int
    arxiv_id: str | None
    doi: str | None
    categories: tuple[str, ...]
    comment: str | None
    journal_ref: str | None
    s2_id: str
    corpus_id: int
    venue: str | None
    journal: str | None
    volume: str | None
    pages: str | None
    pmid: str | None
    pmcid: str | None
    dblp: str | None
    acl: str | None
    mag: str | None
    publication_types: tuple[str, ...]
    fields_of_study: tuple[str, ...]
    citation_count: int
    influential_citation_count: int
    reference_count: int
    open_access_url: str | None
    tldr: str | None
    #: URL of the licence on arXiv.
    licence: str | None
    #: ``s2_id`` of the paper that this one became on Semantic Scholar, and the day of it; None
    #: for the day is from the beginning.
    merged_into: str | None
    merged_from: date | None
    #: First day on which Semantic Scholar has the paper no more.
    deleted_from: date | None
    #: Truth key for tests; no service shows it.
    paper: str | None


@dataclass(frozen=True, eq=False)
class Corpus:
    """Papers and the two services' shares of them.

    ``arxiv`` and ``semantic_scholar`` hold positions in ``papers``, ascending. Masks (see
    ``text.Mask``) have one value a paper.
    """

    papers: tuple[Paper, ...]
    arxiv: Rows
    semantic_scholar: Rows
    title: FieldIndex = field(repr=False)
    abstract: FieldIndex = field(repr=False)
    #: This and the next two are for exact words, without diacritics; a passage an author.
    authors: FieldIndex = field(repr=False)
    comment: FieldIndex = field(repr=False)
    journal_ref: FieldIndex = field(repr=False)

    @classmethod
    def from_table(cls, table: pa.Table) -> Self:
        """Read a table with the columns of ``docs/loopback.md``; only ``title`` is required.

        Raises:
            ValueError: the column ``title`` is missing, or a row cannot be read (with its number).
        """
        if "title" not in table.column_names:
            raise ValueError(f"the corpus has no column 'title', only {table.column_names}")
        return cls.from_rows(table.to_pylist())

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> Self:
        """Read one mapping a paper.

        Raises:
            ValueError: a row cannot be read (with its number, counted from 0).
        """
        papers: list[Paper] = []
        arxiv: dict[str, int] = {}
        scholar: list[int] = []
        shared_ids: set[str] = set()
        given_out: set[str] = set()
        for number, row in enumerate(rows):
            try:
                paper = _paper(row, given_out)
                side = _side(row, paper)
            except ValueError as error:
                raise ValueError(f"row {number} of the corpus: {error}") from error
            on_arxiv = side != "semantic_scholar" and paper.published is not None
            if on_arxiv and paper.arxiv_id is not None:
                arxiv.setdefault(paper.arxiv_id, len(papers))
            if side == "semantic_scholar" or (side is None and paper.arxiv_id not in shared_ids):
                scholar.append(len(papers))
            if side is None and paper.arxiv_id is not None:
                shared_ids.add(paper.arxiv_id)
            papers.append(paper)
        _check_merges(papers, scholar)
        return cls(
            papers=tuple(papers),
            arxiv=np.array(sorted(arxiv.values()), dtype=np.int64),
            semantic_scholar=np.array(scholar, dtype=np.int64),
            title=FieldIndex((p.title,) for p in papers),
            abstract=FieldIndex((p.abstract or "",) for p in papers),
            authors=FieldIndex([folded(name) for name in p.authors] for p in papers),
            comment=FieldIndex((folded(p.comment or ""),) for p in papers),
            journal_ref=FieldIndex((folded(p.journal_ref or ""),) for p in papers),
        )


def read_corpus(path: Path) -> Corpus:
    """Read a corpus from a Parquet file.

    Raises:
        ValueError: not Parquet, no column ``title``, or a row that cannot be read.
        OSError: the file cannot be read.
    """
    return Corpus.from_table(pq.read_table(path))


def bundled_corpus() -> Corpus:
    """The corpus of facts about real papers that comes with the package."""
    resource = resources.files("medsafe_harvest.loopback") / "corpus.jsonl"
    lines = resource.read_text(encoding="utf-8").splitlines()
    return Corpus.from_rows(json.loads(line) for line in lines if line.strip())


def _side(row: Mapping[str, Any], paper: Paper) -> Literal["arxiv", "semantic_scholar"] | None:
    side = row.get("side")
    if side is None or side == "semantic_scholar":
        return side
    if side != "arxiv":
        raise ValueError(f"side {side!r} is neither 'arxiv' nor 'semantic_scholar' nor null")
    if paper.arxiv_id is None or paper.published is None:
        raise ValueError("a paper on the arxiv side needs an arXiv id and a date to the day")
    return "arxiv"


def _check_merges(papers: Sequence[Paper], scholar: Sequence[int]) -> None:
    """Refuse merges that lead nowhere or in a circle."""
    into = {papers[row].s2_id: papers[row].merged_into for row in scholar}
    for number, paper in enumerate(papers):
        at, steps = paper.merged_into, 0
        if at is None and paper.merged_from is not None:
            raise ValueError(f"row {number} of the corpus: merged_from without merged_into")
        if at is not None and paper.deleted_from is not None:
            raise ValueError(f"row {number} of the corpus: both merged and deleted")
        while at is not None:
            steps += 1
            if at not in into or steps > len(into):
                raise ValueError(f"row {number} of the corpus: merged_into {at!r} leads nowhere")
            at = into[at]


def _paper(row: Mapping[str, Any], given_out: set[str]) -> Paper:
    title = _text(row, "title")
    if title is None:
        raise ValueError("no title")
    arxiv_id, version = _arxiv(row)
    published = _moment(row.get("date"))
    authors = _people(row.get("authors"))
    year = _integer(row, "year")
    if year is None:
        year = _year(row.get("date"))
    doi = _text(row, "doi")
    s2_id = _text(row, "s2_id")
    if s2_id is None:
        s2_id = _unused_id(arxiv_id or doi or "\n".join((title, str(year), *authors)), given_out)
    given_out.add(s2_id)
    corpus_id = _integer(row, "corpus_id")
    return Paper(
        title=title,
        authors=authors,
        affiliations=_affiliations(row.get("affiliations")),
        published=published,
        updated=_moment(row.get("updated")),
        year=year,
        version=version,
        arxiv_id=arxiv_id,
        doi=doi,
        categories=_list(row.get("categories"), r"[,\s]+"),
        s2_id=s2_id,
        # Twelve of the forty hex digits: real corpus ids are integers of nine digits.
        corpus_id=corpus_id if corpus_id is not None else int(s2_id[:12], 16),
        publication_types=_list(row.get("publication_types"), r"[,;]\s*"),
        fields_of_study=_list(row.get("fields_of_study"), r"[,;]\s*"),
        citation_count=_integer(row, "citation_count") or 0,
        influential_citation_count=_integer(row, "influential_citation_count") or 0,
        reference_count=_integer(row, "reference_count") or 0,
        merged_from=_day(row, "merged_from"),
        deleted_from=_day(row, "deleted_from"),
        **{name: _text(row, name) for name in _PLAIN_TEXT},
    )


_PLAIN_TEXT = (
    "abstract", "comment", "journal_ref", "venue", "journal", "volume", "pages", "pmid", "pmcid",
    "dblp", "acl", "mag", "open_access_url", "tldr", "licence",
    "merged_into", "paper",
)  # fmt: skip


def _unused_id(basis: str, given_out: set[str]) -> str:
    """A 40-digit id that depends on what the paper is, not on where it stands."""
    copies = 0
    while True:
        text = basis if copies == 0 else f"{basis}\n{copies}"
        candidate = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        if candidate not in given_out:
            return candidate
        copies += 1


def _arxiv(row: Mapping[str, Any]) -> tuple[str | None, int]:
    """Identifier without version, and the version of the row (1 where nothing says more)."""
    given = _text(row, "arxiv_id") if "arxiv_id" in row else _text(row, "record_id")
    shape = _ARXIV_ID.fullmatch(given) if given is not None else None
    if shape is None:
        if given is not None and "arxiv_id" in row:
            raise ValueError(f"arxiv_id {given!r} is not an arXiv identifier")
        return None, 1
    version = _integer(row, "version") or int(shape["version"] or 1)
    return _SUBJECT_CLASS.sub("", shape["id"]), version


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return str(value) if value is not None and value != "" else None


def _integer(row: Mapping[str, Any], name: str) -> int | None:
    value = row.get(name)
    return int(value) if value is not None and value != "" else None


def _list(value: Sequence[str] | str | None, separator: str) -> tuple[str, ...]:
    if value is None:
        return ()
    items = re.split(separator, value) if isinstance(value, str) else value
    return tuple(item.strip() for item in items if item.strip())


def _people(value: Sequence[str] | str | None) -> tuple[str, ...]:
    """Names from a list, or from one string separated by ``;`` or, without one, by commas."""
    return _list(value, ";" if isinstance(value, str) and ";" in value else ",")


def _affiliations(value: Sequence[str | None] | str | None) -> tuple[str, ...]:
    """One item an author, in the order of the authors; empty where there is none."""
    items = value.split(";") if isinstance(value, str) else value or ()
    return tuple((item or "").strip() for item in items)


def _moment(value: str | date | None) -> datetime | None:
    """The point of time in UTC, or None where the day is not known.

    Raises:
        ValueError: neither a year nor an ISO date or time.
    """
    if value is None or value == "" or (isinstance(value, str) and _YEAR.fullmatch(value)):
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value.astimezone(UTC)


def _day(row: Mapping[str, Any], name: str) -> date | None:
    value = row.get(name)
    moment = _moment(value)
    if moment is None and value is not None and value != "":
        raise ValueError(f"{name} {value!r} is no day")
    return None if moment is None else moment.date()


def _year(value: str | date | None) -> int | None:
    if value is None or value == "":
        return None
    return int(value[:4]) if isinstance(value, str) else value.year
