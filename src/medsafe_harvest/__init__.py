"""One clean table of the literature on trustworthy machine learning in medicine.

In a notebook::

    import medsafe_harvest as mh
    papers = mh.load_papers()
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from medsafe_harvest.curated import frames

__all__ = [
    "__version__",
    "load_decisions",
    "load_papers",
    "load_records",
    "load_relations",
]

__version__ = "0.1.0"


def load_papers(
    data: Path | str | None = None, *, columns: list[str] | None = None
) -> pd.DataFrame:
    """The current snapshot's papers, one merged row a paper; columns as in docs/columns.md.

    Args:
        data: the curated folder; None finds ``data/curated`` here or in a folder above.
        columns: the columns wanted; None for all.

    Raises:
        CuratedError: there is no snapshot yet; the message says what to run.
        KeyError: there is no such column.
    """
    return frames.load("papers", data, columns)


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
    """Preprints, corrections and comments; arguments as for :func:`load_papers`."""
    return frames.load("relations", data, columns)
