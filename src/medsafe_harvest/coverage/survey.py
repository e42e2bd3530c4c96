"""Everything that ``coverage`` tells, from the curated papers, the seed queries and the ledger."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.coverage.proposals import Proposal, propose
from medsafe_harvest.coverage.queries import Contribution, contributions
from medsafe_harvest.coverage.thin import Asked, Months, by_month
from medsafe_harvest.coverage.unnamed import Subject, Unnamed, names, terms
from medsafe_harvest.coverage.words import Flags, WordIndex, folded
from medsafe_harvest.sources.query import Query

#: Columns of ``schema.PAPER`` that this reads.
COLUMNS = (
    *("paper_id", "title", "abstract", "authors", "venue", "venue_kind", "published", "year"),
    *("medical", "trust", "queries"),
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """How much to tell."""

    #: Names of each kind, and proposals.
    limit: int = 15
    #: Fewest relevant papers of a name.
    least: int = 3


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the seed queries cover, and what seems to be missing."""

    papers: int
    #: About medicine and at least one trust topic.
    relevant: int
    #: Papers that no query found, for example from a list that was imported.
    unasked: int
    #: Relevant papers that no query's words match: a service stems more, or found them elsewhere.
    unmatched: int
    queries: tuple[Contribution, ...]
    months: Months
    #: Topic -> relevant papers; every topic of the configuration.
    topics: Mapping[str, int]
    authors: tuple[Unnamed, ...]
    venues: tuple[Unnamed, ...]
    terms: tuple[Unnamed, ...]
    proposals: tuple[Proposal, ...]

    def plain(self) -> dict[str, Any]:
        """The same as JSON values."""
        proposals = [dataclasses.asdict(one) | {"yaml": one.yaml} for one in self.proposals]
        return dataclasses.asdict(self) | {"proposals": proposals}


def cover(  # noqa: PLR0913 - papers, questions, ledger, the day
    papers: pa.Table,
    queries: Sequence[Query],
    groups: Mapping[str, Sequence[str]],
    topics: Sequence[str],
    asked: Sequence[Asked],
    *,
    judged_until: dt.date,
    wishes: Wishes,
) -> Coverage:
    """Look at the whole curated set.

    Args:
        papers: rows of ``schema.PAPER`` with at least :data:`COLUMNS`, in any order.
        queries: the seed queries.
        groups: the vocabularies of ``queries.yaml``, for proposals.
        topics: every trust topic of the configuration.
        asked: what the ledger says of each query at each door; nothing where there is none.
        judged_until: months that end after this day are too young to be judged.
        wishes: how much to tell.
    """
    papers = papers.select(COLUMNS).sort_by("paper_id")
    by_topic = _by_topic(papers, topics)
    medical = papers["medical"].to_numpy().astype(bool)
    trust = pc.greater(pc.list_value_length(papers["trust"]), 0).to_numpy().astype(bool)
    relevant = medical & trust
    subject = Subject(papers["paper_id"].to_pylist(), relevant, by_topic, wishes.least)
    titles, abstracts = papers["title"].to_pylist(), papers["abstract"].to_pylist()
    index = WordIndex.of(titles, abstracts)
    matched = np.zeros(len(papers), dtype=bool)
    for query in queries:
        matched |= index.matching(query.expression)
    found_terms = terms(index, subject, queries, wishes.limit)
    times_found = pc.list_value_length(papers["queries"]).to_numpy()
    proposals = propose(
        found_terms,
        index=index,
        relevant=relevant,
        matched=matched,
        alone=times_found == 1,
        groups=groups,
    )
    surfaces = {one.name: _as_written(one.name, index, titles, abstracts) for one in found_terms}
    days = papers["published"].to_numpy().astype("datetime64[D]")[relevant]
    return Coverage(
        papers=len(papers),
        relevant=int(relevant.sum()),
        unasked=int((times_found == 0).sum()),
        unmatched=int((relevant & ~matched).sum()),
        queries=contributions(papers, [query.id for query in queries], relevant),
        months=by_month(
            days, {name: has[relevant] for name, has in by_topic.items()}, asked, judged_until
        ),
        topics={name: int((has & relevant).sum()) for name, has in by_topic.items()},
        authors=names(_authors(papers), subject, queries, wishes.limit),
        venues=names(_venues(papers), subject, queries, wishes.limit),
        terms=tuple(dataclasses.replace(one, name=surfaces[one.name]) for one in found_terms),
        proposals=tuple(one.written_as(surfaces[one.term]) for one in proposals),
    )


def _by_topic(papers: pa.Table, topics: Sequence[str]) -> dict[str, Flags]:
    lists = papers["trust"].combine_chunks()
    rows = pc.list_parent_indices(lists).to_numpy()
    found = pc.index_in(lists.flatten(), value_set=pa.array(topics, pa.string()))
    numbers = pc.fill_null(found, -1).to_numpy()
    flags = {}
    for number, topic in enumerate(topics):
        flags[topic] = np.zeros(len(lists), dtype=bool)
        flags[topic][rows[numbers == number]] = True
    return flags


def _authors(papers: pa.Table) -> pa.ListArray:
    lists = papers["authors"].combine_chunks()
    own = lists.flatten().field("name")
    lengths = pc.list_value_length(lists).to_numpy()
    return pa.ListArray.from_arrays(np.append(0, np.cumsum(lengths)).astype(np.int32), own)


def _venues(papers: pa.Table) -> pa.ListArray:
    """The venue of each paper; preprint servers say nothing of a subject."""
    venues = papers["venue"].combine_chunks()
    is_preprint = pc.fill_null(pc.equal(papers["venue_kind"].combine_chunks(), "preprint"), False)
    wanted = pc.and_(pc.is_valid(venues), pc.invert(is_preprint))
    offsets = np.append(0, np.cumsum(wanted.to_numpy(zero_copy_only=False))).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, venues.filter(wanted))


#: Papers whose spelling of a term is looked at.
_LOOKED_AT = 30


def _as_written(
    term: str, index: WordIndex, titles: Sequence[str], abstracts: Sequence[str | None]
) -> str:
    """A term of the index as papers mostly write it, in lower case."""
    words = tuple(term.split())
    found: Counter[str] = Counter()
    for row in np.flatnonzero(index.holding(words))[:_LOOKED_AT].tolist():
        written = re.findall(r"\w+", f"{titles[row]} . {abstracts[row] or ''}".casefold())
        forms = [folded(word)[0] for word in written]
        for n in range(len(forms) - len(words) + 1):
            if tuple(forms[n : n + len(words)]) == words:
                found[" ".join(written[n : n + len(words)])] += 1
    return min(found, key=lambda one: (-found[one], one), default=term)
