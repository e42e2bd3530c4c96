"""What known papers cite, from Semantic Scholar.

Rules taken from its documentation and from what users report:

* An answer holds 9,999 references in all; papers behind the last of them come with an empty list,
  without a word. So an answer that full is not believed, and the ids are halved.
* ``references`` is null or empty where a publisher withholds them, and for papers not read yet.
* A reference that the service knows no paper for has null in place of ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from medsafe_harvest.sources.base import KnownPaper
from medsafe_harvest.sources.s2_batch import SemanticScholarBatch

#: References of one answer.
_MOST = 9_999


@dataclass(frozen=True, slots=True)
class SemanticScholarReferences(SemanticScholarBatch):
    """The references of papers, by ``CorpusId:123`` or paper id."""

    name: ClassVar[str] = "semantic_scholar_references"
    gives: ClassVar[tuple[str, ...]] = ("cites",)
    # Answers with many references are slow to come, and so few papers seldom have 9,999.
    batch: ClassVar[int] = 100
    fields: ClassVar[str] = "title,corpusId,references.corpusId"

    nightly: int = 20
    again_days: int = 180

    def wants(self, papers: Sequence[KnownPaper]) -> list[str]:
        """All papers of Semantic Scholar."""
        return [
            f"CorpusId:{one.source_id}" if one.source_id.isdigit() else one.source_id
            for one in (paper.record for paper in papers if paper.is_due)
            if one.source == self.source
        ]

    def is_cut(self, papers: Sequence[object]) -> bool:
        """Whether the answer holds as many references as one answer can."""
        lists = (paper.get("references") for paper in papers if isinstance(paper, dict))
        return sum(len(one) for one in lists if isinstance(one, list)) >= _MOST
