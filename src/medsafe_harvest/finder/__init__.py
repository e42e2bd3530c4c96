"""Search on the curated papers, offline: ``medsafe-harvest search`` and ``mh.search()``.

Nothing here asks a service. The index is tantivy's (BM25, phrases); ``docs/how-to/search.md`` says
how papers are ranked. The command ``query`` and ``asked_once.search`` are the other thing: they ask
arXiv and Semantic Scholar.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.selection import Choice
from medsafe_harvest.curated.where_columns import check_columns
from medsafe_harvest.finder import index, staged
from medsafe_harvest.finder.staged import Found, Hit
from medsafe_harvest.schema import PAPER

__all__ = ["COLUMNS", "Answer", "Found", "Hit", "cache_of", "find"]

#: Columns of ``schema.PAPER`` that come with each paper found.
COLUMNS = (
    *("paper_id", "title", "year", "published", "venue", "topics", "code_links"),
    *("withdrawn", "arxiv_id", "doi", "url"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found, and the papers."""

    found: Found
    #: How many papers there are, and how many of them were searched.
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
    within: Choice | None = None,
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
        within: which papers to search; None for all.
        limit: how many papers at most.
        columns: columns of ``schema.PAPER`` wanted of each.
        rebuild: build the index although there is one.
        progress: told how many papers are indexed, of how many, while an index is built.
        waiting: told once if another process builds one.

    Raises:
        SelectionError: the choice or the columns name what is not there.
        CuratedError: there is no snapshot, it is damaged, or the index cannot be written.
    """
    check_columns(columns, PAPER.names)
    folder = snapshot.current(curated)
    ids = snapshot.read(folder, "papers", ["paper_id"])["paper_id"]
    rows = _rows(folder, ids, within) if within and within.any else None
    opened = index.opened(folder, cache_of(curated), progress, waiting=waiting, rebuild=rebuild)
    found = Found() if rows == [] else staged.search(opened, text, limit, rows)
    return Answer(
        found=found,
        papers=len(ids),
        within=len(ids) if rows is None else len(rows),
        table=_table(folder, ids, found.hits, columns),
    )


def _rows(folder: Path, ids: pa.ChunkedArray, within: Choice) -> list[int]:
    chosen = within.papers(folder, ["paper_id"])["paper_id"]
    rows: list[int] = pc.index_in(chosen, value_set=ids.combine_chunks()).to_pylist()
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
