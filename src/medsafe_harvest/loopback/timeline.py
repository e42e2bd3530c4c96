"""When each paper of a corpus, and its current version, can be seen.

A paper is announced on arXiv on the day after its submission, or on the Monday after that day
where it is a Saturday or Sunday; so is its current version, by ``updated``. Semantic Scholar
shows a paper one day after the announcement. A day begins at 00:00 UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt

from medsafe_harvest.loopback.corpus import Corpus, Paper
from medsafe_harvest.loopback.text import Mask

#: One day a paper of the corpus; NaT where there is none.
Days = npt.NDArray[np.datetime64]

_DAY_ONE = date(1, 1, 1)


def is_withdrawn(paper: Paper) -> bool:
    """Whether the comment says that the current version is a withdrawal."""
    return re.search("withdrawn", paper.comment or "", re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What can be seen at one moment. Masks and days have one item a paper of the corpus."""

    #: Papers that arXiv shows.
    arxiv: Mask
    #: Papers that Semantic Scholar shows, neither deleted nor merged.
    scholar: Mask
    #: Papers whose current version is announced.
    revised: Mask
    #: Day of the announcement of what arXiv shows.
    stamps: Days
    _corpus: Corpus
    #: Papers that are merged, and into which.
    _into: dict[int, int]

    def paper(self, row: int) -> Paper:
        """The paper as arXiv shows it: in its first version until the current one is announced."""
        paper = self._corpus.papers[row]
        if self.revised[row]:
            return paper
        comment = None if is_withdrawn(paper) else paper.comment
        return replace(paper, version=1, updated=paper.published, comment=comment)

    def survivor(self, row: int) -> int | None:
        """The paper that Semantic Scholar answers with where it is asked for this one."""
        while row in self._into:
            row = self._into[row]
        return row if self.scholar[row] else None


class Timeline:
    """The days on which the papers of a corpus appear, change and go.

    ``announced`` and ``revised`` are the days of the announcement of the first and of the current
    version, one a paper; they are the same for a paper with one version, and NaT where the day of
    the submission is not known.
    """

    def __init__(self, corpus: Corpus) -> None:
        papers = corpus.papers
        self._corpus = corpus
        self._arxiv = _mask(len(papers), corpus.arxiv)
        self._scholar = _mask(len(papers), corpus.semantic_scholar)
        self.announced = _announced(_days(_day(p.published) for p in papers))
        updated = _announced(_days(_day(p.updated) for p in papers))
        self.revised = np.fmax(self.announced, updated)
        seen = _announced(_days(_first_day(p) for p in papers)) + np.timedelta64(1, "D")
        self._seen = np.where(np.isnat(seen), np.datetime64(_DAY_ONE), seen)
        self._deleted = _days(p.deleted_from for p in papers)
        self._merged = _days(
            None if p.merged_into is None else p.merged_from or _DAY_ONE for p in papers
        )
        rows = {papers[row].s2_id: row for row in corpus.semantic_scholar.tolist()}
        self._into = {
            row: rows[into] for row, p in enumerate(papers) if (into := p.merged_into) is not None
        }

    def at(self, moment: datetime | None) -> Snapshot:
        """What can be seen at a moment (aware of its zone); None is after the last change."""
        if moment is None:
            merged, deleted = ~np.isnat(self._merged), ~np.isnat(self._deleted)
            arxiv, scholar, revised = self._arxiv, self._scholar, np.ones_like(self._arxiv)
            stamps = self.revised
        else:
            today = np.datetime64(moment.astimezone(UTC).date())
            merged, deleted = self._merged <= today, self._deleted <= today
            arxiv = self._arxiv & (self.announced <= today)
            scholar = self._scholar & (self._seen <= today)
            revised = self.revised <= today
            stamps = np.where(revised, self.revised, self.announced)
        into = {row: target for row, target in self._into.items() if merged[row] and scholar[row]}
        return Snapshot(arxiv, scholar & ~merged & ~deleted, revised, stamps, self._corpus, into)


def _mask(size: int, rows: npt.NDArray[np.int64]) -> Mask:
    mask = np.zeros(size, dtype=np.bool_)
    mask[rows] = True
    return mask


def _days(days: Iterable[date | None]) -> Days:
    return np.array([np.datetime64(day or "NaT", "D") for day in days], dtype="datetime64[D]")


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _first_day(paper: Paper) -> date | None:
    """The day of the submission or publication; 1 January where only the year is known."""
    if paper.published is None and paper.year:
        return date(paper.year, 1, 1)
    return _day(paper.published)


def _announced(days: Days) -> Days:
    """The next day, moved from a Saturday or Sunday to the Monday after it."""
    announced: Days = np.busday_offset(days + np.timedelta64(1, "D"), 0, roll="forward")
    return announced
