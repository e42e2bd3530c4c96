"""What each seed query brought, alone and together with others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one seed query found."""

    query: str
    #: Whether ``config/queries.yaml`` has it today.
    is_configured: bool
    papers: int
    #: Papers that no other query found: what would be lost without it.
    alone: int
    #: Of its papers those about medicine and a trust topic, and those of them found by it alone.
    relevant: int
    relevant_alone: int
    #: Other query -> share of this query's papers that it found too; without those that share none.
    overlap: Mapping[str, float]
    #: Year or month of publication (``2024``, ``2024-05``) -> papers; "" where it is not known.
    by_year: Mapping[str, int]
    by_month: Mapping[str, int]


def contributions(
    papers: pa.Table, configured: Sequence[str], relevant: NDArray[np.bool_]
) -> tuple[Contribution, ...]:
    """What each query found, in the order of the file, then those that it no longer has.

    Args:
        papers: ``queries``, ``published`` and ``year``.
        configured: ids of the seed queries.
        relevant: for each paper whether it is what the project is about.
    """
    lists = papers["queries"].combine_chunks()
    others = set(lists.flatten().to_pylist()) - set(configured)
    names = [*configured, *sorted(others)]
    found = np.zeros((len(lists), len(names)), dtype=bool)
    column = pc.index_in(lists.flatten(), value_set=pa.array(names, pa.string())).to_numpy()
    found[pc.list_parent_indices(lists).to_numpy(), column] = True
    single = found.sum(axis=1) == 1
    # Floats are multiplied by the fast routine, and exact up to 2**53 papers.
    both = found.T.astype(float) @ found.astype(float)
    years, months = _dates(papers)
    return tuple(
        Contribution(
            query=name,
            is_configured=name not in others,
            papers=int(found[:, n].sum()),
            alone=int((found[:, n] & single).sum()),
            relevant=int((found[:, n] & relevant).sum()),
            relevant_alone=int((found[:, n] & single & relevant).sum()),
            overlap={
                other: round(float(both[n, m] / both[n, n]), 4)
                for m, other in enumerate(names)
                if m != n and both[n, m]
            },
            by_year=_counted(years, found[:, n]),
            by_month=_counted(months, found[:, n]),
        )
        for n, name in enumerate(names)
    )


def _dates(papers: pa.Table) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Year and month of each paper as text."""
    published = papers["published"]
    month = pc.fill_null(pc.strftime(published.cast(pa.timestamp("s")), "%Y-%m"), "")
    year = pc.fill_null(pc.coalesce(pc.year(published), papers["year"]).cast(pa.string()), "")
    return (
        year.to_numpy().astype(str) if len(papers) else np.empty(0, str),
        month.to_numpy().astype(str) if len(papers) else np.empty(0, str),
    )


def _counted(names: NDArray[np.str_], wanted: NDArray[np.bool_]) -> dict[str, int]:
    return dict(sorted(Counter(names[wanted].tolist()).items()))
