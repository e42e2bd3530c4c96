"""One clean table of the literature on trustworthy machine learning in medicine.

In a notebook::

    import medsafe_harvest as mh
    papers = mh.load_papers()
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from medsafe_harvest.curated import (
    frames,
    lookup,
    manifestations,
    nearest,
    redirects,
    snapshot,
)
from medsafe_harvest.ranking import RankingSettings, select_new
from medsafe_harvest.ranking import rank as rank_papers

__all__ = [
    "__version__",
    "load_decisions",
    "load_papers",
    "load_records",
    "load_relations",
    "rank",
    "related",
    "resolve",
]

__version__ = "0.1.0"


def load_papers(
    data: Path | str | None = None,
    *,
    columns: list[str] | None = None,
    roll_up: Literal["work", "manifestation"] = "work",
) -> pd.DataFrame:
    """The current snapshot's papers, one merged row a paper; columns as in docs/columns.md.

    Args:
        data: the curated folder; None finds ``data/curated`` here or in a folder above.
        columns: the columns wanted; None for all.
        roll_up: "work" gives a paper one row; "manifestation" gives each preprint, published
            version and deposited copy of it a row of its own, merged from the records of that
            manifestation alone, with the further columns ``manifestation_id`` and
            ``manifestation`` (journal, conference, workshop, published, preprint or other).

    Raises:
        CuratedError: there is no snapshot yet; the message says what to run.
        KeyError: there is no such column.
        ValueError: there is no such ``roll_up``.
    """
    if roll_up not in {"work", "manifestation"}:
        raise ValueError(f'roll_up is "work" or "manifestation", not {roll_up!r}')
    if roll_up == "work":
        return frames.load("papers", data, columns)
    table = manifestations.load(snapshot.current(frames.folder(data)))
    return frames.to_frame(table if columns is None else table.select(columns))


def load_records(
    data: Path | str | None = None, *, columns: list[str] | None = None
) -> pd.DataFrame:
    """What each source says of each paper; arguments and errors as for :func:`load_papers`."""
    return frames.load("records", data, columns)


def load_decisions(
    data: Path | str | None = None, *, columns: list[str] | None = None
) -> pd.DataFrame:
    """Why two records were matched or kept apart; arguments as for :func:`load_papers`."""
    return frames.load("decisions", data, columns)


def load_relations(
    data: Path | str | None = None, *, columns: list[str] | None = None
) -> pd.DataFrame:
    """Preprints, corrections, extensions and so on; arguments as for :func:`load_papers`."""
    return frames.load("relations", data, columns)


def related(paper: str, data: Path | str | None = None, *, limit: int = 10) -> pd.DataFrame:
    """The papers nearest to a paper, the nearest first; what makes them near is in ``terms``.

    For all papers at once read ``related.parquet`` beside ``papers.parquet``.

    Args:
        paper: any id, as for :func:`resolve`.
        data: the curated folder; None finds ``data/curated`` here or in a folder above.
        limit: how many, at most 10.

    Returns:
        The columns of ``schema.RELATED``, and title, year, venue and summary of each related paper.

    Raises:
        SplitError: the paper of that id was split, and none of its successors has the id.
        NotFoundError: nothing answers to it, or more than one paper does.
        CuratedError: there is no snapshot yet, or it is damaged.
    """
    folder = frames.folder(data)
    rows = nearest.of(snapshot.current(folder), redirects.read(folder), paper)
    return frames.to_frame(rows.slice(0, limit))


def resolve(name: str, data: Path | str | None = None) -> str:
    """The paper id that answers today to an id that you kept.

    Args:
        name: a paper id of today or of earlier days, a record id, an arXiv id, a DOI, a PMID, a
            PMCID, a Semantic Scholar id or a corpus id (``corpus:1`` or ``CorpusID:1``).
        data: the curated folder; None finds ``data/curated`` here or in a folder above.

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
        data: the curated folder; None finds ``data/curated`` here or in a folder above.
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
