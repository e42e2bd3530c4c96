"""What the front page calls new, by the ranking of the digest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.curated import snapshot
from medsafe_harvest.ranking import COLUMNS, RankingSettings, rank

#: Papers shown.
_NEW = 20


@dataclass(frozen=True, slots=True)
class New:
    """What the front page calls new."""

    ids: Sequence[str]
    total: int
    since: dt.date
    today: dt.date

    def note(self) -> str:
        """What stands above them."""
        since = f"{self.since.day} {self.since:%B %Y}"
        if self.total > len(self.ids):
            return (
                f"The {len(self.ids)} that rank highest of {self.total:,} papers first seen since "
                f"{since}: by topic, date, citations, code and venue."
            )
        return f"First seen since {since}." if self.ids else f"No paper is new since {since}."


def new(
    folder: Path, ids: pa.Array, today: dt.date, since: dt.date, settings: RankingSettings
) -> New:
    """The best papers of those first seen lately.

    Args:
        folder: the snapshot.
        ids: of those papers.
        today: day of the snapshot.
        since: what lately means.
        settings: of the ranking.
    """
    papers = snapshot.read(folder, "papers", [*COLUMNS, "withdrawn"])
    papers = papers.filter(
        pc.and_(pc.is_in(papers["paper_id"], value_set=ids), pc.invert(papers["withdrawn"]))
    )
    best = rank(papers, today, settings).slice(0, _NEW)
    return New(best["paper_id"].to_pylist(), papers.num_rows, since, today)
