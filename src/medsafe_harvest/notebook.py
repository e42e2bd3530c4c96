"""What notebooks use of the curated tables, as ``import medsafe_harvest as mh`` gives it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from medsafe_harvest import nearby
from medsafe_harvest.curated import (
    frames,
    lookup,
    redirects,
    snapshot,
)
from medsafe_harvest.curated.explained import Explained
from medsafe_harvest.curated.explained import explain as explain_two
from medsafe_harvest.curated.opened import Opened
from medsafe_harvest.curated.selection import Choice, day
from medsafe_harvest.errors import SelectionError
from medsafe_harvest.finder import COLUMNS as SEARCH_COLUMNS
from medsafe_harvest.finder import find
from medsafe_harvest.loading import (
    load_decisions,
    load_papers,
    load_records,
    load_relations,
)
from medsafe_harvest.ranking import RankingSettings, select_new
from medsafe_harvest.ranking import rank as rank_papers

__all__ = [
    "Explained",
    "Opened",
    "SelectionError",
    "explain",
    "load_decisions",
    "load_papers",
    "load_records",
    "load_relations",
    "paper",
    "rank",
    "related",
    "resolve",
    "search",
]


def related(paper: str, data: Path | str | None = None, *, limit: int = 10) -> pd.DataFrame:
    """The papers nearest to a paper, the nearest first; what makes them near is in ``terms``.

    For all papers at once read ``related.parquet`` beside ``papers.parquet``. Where it is empty, as
    for very many papers, the first question computes the weights of all papers, which may take
    minutes; the next ones take a second or two.

    Args:
        paper: any id, as for :func:`resolve`.
        data: the curated folder, or the one that holds it; None finds ``data/curated`` here or in a
            folder above.
        limit: how many, at most 10.

    Returns:
        The columns of ``schema.RELATED``, and title, year, venue and summary of each related paper.

    Raises:
        SplitError: the paper of that id was split, and none of its successors has the id.
        NotFoundError: nothing answers to it, or more than one paper does.
        CuratedError: there is no snapshot yet, or it is damaged.
    """
    folder = frames.folder(data)
    cache = nearby.cache_beside(folder)
    rows = nearby.of(snapshot.current(folder), redirects.read(folder), paper, cache)
    return frames.to_frame(rows.slice(0, limit))


def resolve(name: str, data: Path | str | None = None) -> str:
    """The paper id that answers today to an id that you kept.

    Args:
        name: a paper id of today or of earlier days, a record id, an arXiv id, a DOI, a PMID, a
            PMCID, a Semantic Scholar id or a corpus id (``corpus:1`` or ``CorpusID:1``).
        data: the curated folder, or the one that holds it; None finds ``data/curated`` here or in a
            folder above.

    Raises:
        TypeError: the id is no text.
        SplitError: the paper of that id was split, and none of its successors, named in
            ``candidates``, has the id.
        NotFoundError: nothing answers to it, or more than one paper does; these are named in
            ``candidates``.
        CuratedError: there is no snapshot yet, or the redirect ledger is damaged.
    """
    if not isinstance(name, str):
        raise TypeError(f"resolve() takes an id as text, not {name!r}")
    folder = frames.folder(data)
    return lookup.resolve(snapshot.current(folder), redirects.read(folder), name).paper_id


def paper(name: str, data: Path | str | None = None) -> Opened:
    """One paper with everything about it; a notebook shows its fields and where each comes from.

    Args:
        name: any id, as for :func:`resolve`.
        data: the curated folder, or the one that holds it; None finds ``data/curated`` here or in a
            folder above.

    Raises:
        SplitError: the paper of that id was split, and none of its successors has the id.
        NotFoundError: nothing answers to it, or more than one paper does.
        CuratedError: there is no snapshot yet, or it is damaged.
    """
    folder = frames.folder(data)
    current = snapshot.current(folder)
    found = lookup.resolve(current, redirects.read(folder), name)
    return Opened(lookup.dossier(current, found.paper_id))


def explain(a: str, b: str, data: Path | str | None = None) -> Explained:
    """Why two papers or records are one paper, or are not; a notebook shows it as a table.

    Args:
        a: any id, as for :func:`resolve`. A record id means that record alone.
        b: another one.
        data: the curated folder, or the one that holds it; None finds ``data/curated`` here or in a
            folder above.

    Raises:
        SplitError: the paper of that id was split, and none of its successors has the id.
        NotFoundError: nothing answers to it, or more than one paper does.
        CuratedError: there is no snapshot yet, or it is damaged.
    """
    folder = frames.folder(data)
    return explain_two(snapshot.current(folder), redirects.read(folder), a, b)


def search(  # noqa: PLR0913 - each is a choice of its own
    text: str,
    data: Path | str | None = None,
    *,
    topics: Sequence[str] = (),
    since: dt.date | str | None = None,
    until: dt.date | str | None = None,
    where: str | None = None,
    query: str | None = None,
    limit: int = 20,
    columns: Sequence[str] = SEARCH_COLUMNS,
) -> pd.DataFrame:
    """Search the papers of the current snapshot, the best first; nothing is asked of any service.

    Words, ``"a phrase"`` and ``-without``, or an id; how papers are ranked stands in
    docs/how-to/search.md. The first search after a harvest builds an index beside the curated
    folder, in ``cache/search``.

    Args:
        text: what to look for; any text will do.
        data: the curated folder, or the one that holds it; None finds ``data/curated`` here or in a
            folder above.
        topics: as for :func:`load_papers`, like ``since``, ``until``, ``where`` and ``query``.
        since: only papers published on this day or later.
        until: only papers published on this day or earlier.
        where: a condition in the words of the columns.
        query: the id of a seed query that found the paper.
        limit: how many papers at most.
        columns: columns of ``schema.PAPER`` wanted of each.

    Returns:
        ``rank``; ``score`` (points, to compare within one search only); ``match``: ``id``,
        ``all`` words, ``typos`` (all words if some are misspelt) or ``some`` words; and the
        columns asked for.

    Raises:
        SelectionError: the choice of papers or columns names what is not there.
        CuratedError: there is no snapshot yet, it is damaged, or the index cannot be written.
    """
    within = Choice(topics, day(since, first=True), day(until, first=False), where, query)
    found = find(frames.folder(data), text, within, limit=limit, columns=columns)
    return frames.to_frame(found.table)


def rank(
    data: Path | str | None = None,
    *,
    since: dt.date | None = None,
    topics: Sequence[str] = (),
    today: dt.date | None = None,
    settings: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Papers by what is new and matters, the highest score first, with the parts of the score.

    The formula stands in docs/how-to/digest-and-coverage.md. Withdrawn papers are left out.

    Args:
        data: the curated folder, or the one that holds it; None finds ``data/curated`` here or in a
            folder above.
        since: only papers first seen from this day on; None ranks all.
        topics: only papers with one of these; none asks for nothing.
        today: the day for which ages are counted; None takes that of the snapshot.
        settings: changes to the constants, as under ``ranking`` in ``config/settings.yaml``
            (which is not read here), for example ``{"weights": {"code": 2}}``.

    Returns:
        The columns of ``ranking.RANKED``, then some of the paper's own.

    Raises:
        CuratedError: there is no snapshot yet.
        pydantic.ValidationError: there is no such setting, or it cannot have that value.
    """
    current = snapshot.current(frames.folder(data))
    papers = select_new(snapshot.read(current, "papers"), since, topics)
    if today is None:
        as_of = snapshot.manifest(current)["as_of"]
        today = dt.date.fromisoformat(as_of) if as_of else dt.date(1970, 1, 1)
    ranked = rank_papers(papers, today, RankingSettings.model_validate(settings or {}))
    columns = ["paper_id", "title", "published", "first_seen", "venue", "medical", "trust", "url"]
    own = frames.to_frame(papers.select(columns))
    return frames.to_frame(ranked).merge(own, on="paper_id", how="left", validate="one_to_one")
