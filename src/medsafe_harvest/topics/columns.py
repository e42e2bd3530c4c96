"""The columns of papers that tagging fills."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pyarrow as pa

from medsafe_harvest.schema import PAPER, TAG
from medsafe_harvest.topics.rules import LISTED_FACETS
from medsafe_harvest.topics.tables import Bools, Ints
from medsafe_harvest.topics.verdicts import Match, Verdict

#: Columns of :data:`medsafe_harvest.schema.PAPER` that tagging fills.
COLUMNS = ("medical", "topics", "trust", "modality", "task", "tags")


def columns_of(papers: Sequence[Sequence[Verdict]]) -> pa.RecordBatch:
    """``COLUMNS`` of some papers, from the verdicts on the topics given to each."""
    given = list(chain.from_iterable(papers))
    counts = np.array([len(own) for own in papers], dtype=np.int64)
    facet = np.array([one.facet for one in given], dtype=np.str_)
    medical = facet == "medical"
    paper = np.repeat(np.arange(len(counts)), counts)
    topics = _Topics([one.topic for one in given], paper, len(counts))
    return pa.record_batch(
        [
            pa.array(np.bincount(paper[medical], minlength=len(counts)) > 0),
            topics.lists(~medical),
            *[topics.lists(facet == name) for name in LISTED_FACETS],
            _tags(given, counts),
        ],
        schema=pa.schema([PAPER.field(name) for name in COLUMNS]),
    )


class _Topics:
    """Topics given to papers, by number: those of a paper are listed by name."""

    def __init__(self, topics: Sequence[str], paper: Ints, papers: int) -> None:
        names = sorted(set(topics))
        numbers = {name: number for number, name in enumerate(names)}
        self._names = pa.array(names, pa.string())
        self._topic = np.array([numbers[topic] for topic in topics], dtype=np.int64)
        self._paper, self._papers = paper, papers

    def lists(self, rows: Bools) -> pa.ListArray:
        """Those of some rows, a list a paper."""
        topic, paper = self._topic[rows], self._paper[rows]
        values = self._names.take(pa.array(topic[np.lexsort((topic, paper))]))
        return _lists(values, np.bincount(paper, minlength=self._papers))


def _tags(given: Sequence[Verdict], counts: Ints) -> pa.ListArray:
    """What speaks for the topics given, a list a paper."""
    told = [[match for match in one.matches if match.weight > 0] for one in given]
    matches = list(chain.from_iterable(told))
    many = np.array([len(own) for own in told], dtype=np.int64)
    verdict = pa.array(np.repeat(np.arange(len(given)), many))
    of_verdicts = dict(zip(Verdict._fields, zip(*given, strict=True), strict=False))
    of_matches = dict(zip(Match._fields, zip(*matches, strict=True), strict=False))
    fields = [
        pa.array(of_verdicts.get(one.name, ()), one.type).take(verdict)
        if one.name in Verdict._fields
        else pa.array(of_matches.get(one.name, ()), one.type)
        for one in TAG
    ]
    tags = pa.StructArray.from_arrays(fields, fields=list(TAG))
    paper = np.repeat(np.arange(len(counts)), counts)
    return _lists(tags, np.bincount(np.repeat(paper, many), minlength=len(counts)))


def _lists(values: pa.Array, counts: Ints) -> pa.ListArray:
    """So many of the values to each paper."""
    return pa.ListArray.from_arrays(pa.array(np.cumsum(np.r_[0, counts]), pa.int32()), values)
