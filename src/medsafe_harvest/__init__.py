"""One clean table of the literature on trustworthy machine learning in medicine.

In a notebook::

    import medsafe_harvest as mh
    papers = mh.load_papers()
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from medsafe_harvest.curated import frames, lookup, manifestations, redirects, snapshot

__all__ = [
    "__version__",
    "load_decisions",
    "load_papers",
    "load_records",
    "load_relations",
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


def resolve(name: str, data: Path | str | None = None) -> str:
    """The paper id that answers today to an id that you kept.

    Args:
        name: a paper id of today or of earlier days, a record id, an arXiv id, a DOI, a PMID, a
            PMCID or a Semantic Scholar id.
        data: the curated folder; None finds ``data/curated`` here or in a folder above.

    Raises:
        SplitError: the paper of that id was split, and none of its successors, named in
            ``candidates``, has the id.
        NotFoundError: nothing answers to it, or more than one paper does.
        CuratedError: there is no snapshot yet, or the redirect ledger is damaged.
    """
    folder = frames.folder(data)
    return lookup.resolve(snapshot.current(folder), redirects.read(folder), name).paper_id
