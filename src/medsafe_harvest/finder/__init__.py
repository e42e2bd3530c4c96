"""Search on the curated papers, offline: ``medsafe-harvest search`` and ``mh.search()``.

Nothing here asks a service. The index is tantivy's (BM25, phrases); ``docs/how-to/search.md`` says
how papers are ranked. The command ``query`` and ``pipeline.search`` are the other thing: they ask
arXiv and Semantic Scholar.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import platformdirs
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.selection import select
from medsafe_harvest.curated.where_columns import check_columns
from medsafe_harvest.curated.where_sql import span
from medsafe_harvest.errors import SelectionError
from medsafe_harvest.finder import index, staged
from medsafe_harvest.finder.staged import Found, Hit
from medsafe_harvest.schema import PAPER

__all__ = ["COLUMNS", "Answer", "Found", "Hit", "Options", "cache_of", "day", "find"]

#: Columns of ``schema.PAPER`` that come with each paper found.
COLUMNS = (
    *("paper_id", "title", "year", "published", "venue", "topics", "code_links"),
    *("withdrawn", "arxiv_id", "doi", "url"),
)


@dataclass(frozen=True, slots=True)
class Options:
    """Which papers to search, as for :func:`curated.selection.select`."""

    topics: Sequence[str] = ()
    since: date | None = None
    until: date | None = None
    where: str | None = None
    query: str | None = None
    #: Topics and seed queries that are no mistake although no paper has them.
    known: Collection[str] = ()

    @property
    def any(self) -> bool:
        """Whether papers are left out at all."""
        return bool(self.topics or self.since or self.until or self.where or self.query)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found, and the papers."""

    found: Found
    #: How many papers were searched, and how many the options left of them.
    papers: int
    within: int
    #: rank, score, match, then the columns asked for; the best first.
    table: pa.Table


def cache_of(curated: Path) -> Path:
    """Where the indexes of a curated folder are: beside it, or else in the user's own cache."""
    beside = curated.absolute().parent / "cache/search"
    there = next(folder for folder in (beside, *beside.parents) if folder.exists())
    if os.access(there, os.W_OK):
        return beside
    name = hashlib.sha256(os.fsencode(beside)).hexdigest()[:16]
    return platformdirs.user_cache_path("medsafe-harvest") / "search" / name


def find(  # noqa: PLR0913 - what a person may say, each by its name
    curated: Path,
    text: str,
    options: Options = Options(),
    *,
    limit: int = 20,
    columns: Sequence[str] = COLUMNS,
    rebuild: bool = False,
    progress: index.Progress | None = None,
    waiting: Callable[[], None] = lambda: None,
) -> Answer:
    """Search the current snapshot of a curated folder.

    Args:
        curated: the curated folder.
        text: what to look for; any text will do.
        options: which papers to search.
        limit: how many papers at most.
        columns: columns of ``schema.PAPER`` wanted of each.
        rebuild: build the index although there is one.
        progress: told how many papers are indexed, of how many, while an index is built.
        waiting: told once if another process builds one.

    Raises:
        SelectionError: the options or columns name what is not there.
        CuratedError: there is no snapshot, it is damaged, or the index cannot be written.
    """
    check_columns(columns, PAPER.names)
    folder = snapshot.current(curated)
    ids = snapshot.read(folder, "papers", ["paper_id"])["paper_id"]
    rows = _rows(folder, ids, options) if options.any else None
    opened = index.opened(folder, cache_of(curated), progress, waiting=waiting, rebuild=rebuild)
    found = Found() if rows == [] else staged.search(opened, text, limit, rows)
    return Answer(
        found=found,
        papers=len(ids),
        within=len(ids) if rows is None else len(rows),
        table=_table(folder, ids, found.hits, columns),
    )


def _rows(folder: Path, ids: pa.ChunkedArray, options: Options) -> list[int]:
    chosen = select(
        folder,
        topics=options.topics,
        since=options.since,
        until=options.until,
        where=options.where,
        query=options.query,
        known=options.known,
        columns=["paper_id"],
    )
    rows: list[int] = pc.index_in(chosen["paper_id"], value_set=ids.combine_chunks()).to_pylist()
    return rows


def _table(
    folder: Path, ids: pa.ChunkedArray, hits: Sequence[Hit], columns: Sequence[str]
) -> pa.Table:
    wanted = ids.combine_chunks().take(pa.array([hit.row for hit in hits], pa.int64()))
    names = list(dict.fromkeys(["paper_id", *columns]))
    path = snapshot.file(folder, "papers", names)
    try:
        rows = pq.read_table(path, columns=names, filters=pc.field("paper_id").isin(wanted))
    except (OSError, pa.ArrowException) as error:
        raise snapshot.damaged(path, str(error)) from error
    order = pc.index_in(wanted, value_set=rows["paper_id"].combine_chunks())
    own: dict[str, Any] = {
        "rank": pa.array(range(1, len(hits) + 1), pa.int32()),
        "score": pa.array([hit.score for hit in hits], pa.float64()),
        "match": pa.array([hit.match for hit in hits], pa.string()),
    }
    papers = rows.take(order).select(list(columns))
    return pa.table(own | {name: papers[name] for name in papers.column_names})


def day(text: date | str | None, *, first: bool) -> date | None:
    """A day, or the first or last one of what a text says: ``2023-05-31``, ``2023-05``, ``2023``.

    Raises:
        SelectionError: the text is no day, month or year.
    """
    if not isinstance(text, str):
        return text
    found = span(text)
    if found is None:
        raise SelectionError(f"a day is written 2023-05-31, 2023-05 or 2023, not {text!r}")
    return found[0 if first else 1]
