"""What a digest holds: new papers in the order of their score, and how the harvest went."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.digests.health import Health
from medsafe_harvest.outgoing import plain
from medsafe_harvest.ranking import PARTS, RankingSettings, rank
from medsafe_harvest.ranking_words import reasons

#: What is told of a paper beside its score.
SHOWN = (
    *("paper_id", "title", "authors", "published", "year", "first_seen", "venue", "venue_kind"),
    *("medical", "trust", "topics", "summary", "url", "doi", "open_access_url", "links"),
    *("citation_count", "influential_citation_count", "queries"),
)


@dataclass(frozen=True, slots=True)
class Digest:
    """New papers, the best first."""

    today: dt.date
    since: dt.date
    #: What was asked for beside the days, in words; empty for everything.
    about: str
    #: How many papers are new, shown or not.
    new: int
    #: The papers shown: :data:`SHOWN`, score and parts, as :func:`explained` makes them.
    papers: tuple[Mapping[str, Any], ...]
    #: The score of a paper with all parts full.
    highest: float
    health: Health
    #: Options of ``medsafe-harvest digest`` that show all these papers, and others told before.
    options: str

    @property
    def counted(self) -> str:
        """How many papers are new, in words."""
        number = f"{self.new:,}" if self.new else "no"
        about = f" {self.about}" if self.about else ""
        return f"{number} new paper{'' if self.new == 1 else 's'}{about}"

    @property
    def subject(self) -> str:
        """The digest in one line, what went wrong before anything else."""
        found = self.counted
        if self.papers:
            found += f": {_shortened(plain(self.papers[0]['title']), 60)}"
        if self.health.has_failed:
            return f"[medsafe-harvest] {_ALARMS[self.health.state]} - {found}"
        number = len(self.health.warnings)
        warned = f" ({number:,} warning{'' if number == 1 else 's'})" if number else ""
        return f"[medsafe-harvest] {found[0].upper()}{found[1:]}{warned}"


_ALARMS = {
    "incomplete": "HARVEST INCOMPLETE",
    "failed": "HARVEST FAILED",
    "interrupted": "HARVEST INTERRUPTED",
    "late": "NO HARVEST",
    "unknown": "HARVEST UNKNOWN",
}


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return text[:most].rsplit(" ", 1)[0].rstrip(" ,:;-") + "..."


def explained(
    papers: pa.Table, today: dt.date, settings: RankingSettings, limit: int | None
) -> list[dict[str, Any]]:
    """The first papers of the ranking, each with its parts and why.

    Args:
        papers: rows of ``schema.PAPER``, in any order.
        today: the day for which ages are counted.
        settings: the constants of the ranking.
        limit: how many; None for all.
    """
    best = rank(papers, today, settings).slice(0, limit)
    taken = papers.filter(pc.is_in(papers["paper_id"], value_set=best["paper_id"]))
    rows = {row["paper_id"]: row for row in taken.to_pylist()}
    return [_explained(one, rows[one["paper_id"]], settings) for one in best.to_pylist()]


def _explained(
    ranked: Mapping[str, Any], paper: Mapping[str, Any], settings: RankingSettings
) -> dict[str, Any]:
    words = reasons(ranked, paper, settings)
    return {
        **{name: paper[name] for name in SHOWN},
        "authors": [author["name"] for author in paper["authors"]],
        "score": ranked["score"],
        "parts": [
            {
                "part": part,
                "value": (value := ranked[f"part_{part}"]),
                "weight": (weight := getattr(settings.weights, part)),
                "points": value * weight,
                "why": words[part],
            }
            for part in PARTS
        ],
    }


def opening(digest: Digest) -> Sequence[str]:
    """The first sentence about the papers, as its parts."""
    shown = len(digest.papers)
    first = f"{digest.counted[0].upper()}{digest.counted[1:]}, first seen since {digest.since}"
    if shown < digest.new:
        return (f"{first}.", f"The {shown:,} with the highest score:" if shown > 1 else "The best:")
    return (f"{first}.",)


def closing(digest: Digest) -> tuple[tuple[str, str], ...]:
    """Commands that tell more, each with what it does."""
    found = [("medsafe-harvest show ID", "tells all of a paper.")]
    if len(digest.papers) < digest.new:
        found.insert(0, (f"medsafe-harvest digest {digest.options}", "shows the others, too."))
    return tuple(found)


def counting(paper: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parts of a paper's score that show in it."""
    return [part for part in paper["parts"] if part["points"] >= _SHOWS]


#: The smallest number of points that is not written 0.00.
_SHOWS = 0.005
