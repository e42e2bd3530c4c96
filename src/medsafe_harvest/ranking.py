"""What is new and matters: a score that is a sum of named parts, each shown.

::

    score = sum over the parts of weight * part,    0 <= part <= 1

    recency    2 ** (-age / half_life_days)                           age in days
    topic      min(1, strength / topics_full) * medical               strength: see below
    citations  min(1, log(1 + rate) / log(1 + citations_full))        rate in citations a month
    code       1 with a repository of the authors', 0.5 with one that may be theirs or
               with another link of theirs, else 0; links that look dead do not count
    venue      what ``venue_kinds`` says of the kind of venue; 0 where none is known

``age`` counts from the first publication; where only a year is known from its 1st of July, but not
after the day the paper was first seen; else from that day. A day in the future counts as today.
``strength`` is the sum of the scores of the paper's trust topics (docs/topics.md), ``medical`` is 1
or, for a paper that is not about medicine, ``not_medical``. ``rate`` is (citations +
(influential_counts - 1) * influential citations) / months, a month being 30.4375 days and the first
month counted whole. The logarithm keeps one famous paper from hiding all others.

Pure: the day is an argument.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

#: The parts of the score, in the order in which they are shown.
PARTS = ("recency", "topic", "citations", "code", "venue")
#: Days of a month, on average.
MONTH = 30.4375
#: Columns of ``schema.PAPER`` that the score is made of.
COLUMNS = (
    *("paper_id", "published", "year", "first_seen", "medical", "tags", "links"),
    *("venue_kind", "citation_count", "influential_citation_count"),
)
#: Columns of a ranking: the id, the score, its parts, and what the parts were made of.
RANKED = pa.schema(
    [
        pa.field("paper_id", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        *(pa.field(f"part_{part}", pa.float64(), nullable=False) for part in PARTS),
        pa.field("age_days", pa.int64(), nullable=False),
        pa.field("dated_by", pa.string(), nullable=False),  # published, year or first_seen
        pa.field("topic_strength", pa.float64(), nullable=False),
        pa.field("citations_per_month", pa.float64()),  # null where nobody counted
    ]
)
Numbers = NDArray[np.float64]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Weights(_Section):
    """What each part counts in the score."""

    recency: float = Field(default=1.0, ge=0)
    topic: float = Field(default=2.0, ge=0)
    citations: float = Field(default=1.0, ge=0)
    code: float = Field(default=0.5, ge=0)
    venue: float = Field(default=0.5, ge=0)


class VenueKinds(_Section):
    """The part of each kind of venue; published counts more than deposited."""

    journal: float = Field(default=1.0, ge=0, le=1)
    conference: float = Field(default=1.0, ge=0, le=1)
    workshop: float = Field(default=0.6, ge=0, le=1)
    preprint: float = Field(default=0.2, ge=0, le=1)


class RankingSettings(_Section):
    """The constants of the formula, ``ranking`` in ``config/settings.yaml``."""

    weights: Weights = Weights()
    half_life_days: float = Field(
        default=30.0, gt=0, description="Days after which recency is half as much"
    )
    topics_full: float = Field(
        default=3.0, gt=0, description="Sum of scores of trust topics at which the fit is full"
    )
    not_medical: float = Field(
        default=0.25, ge=0, le=1, description="Factor of the fit of a paper not about medicine"
    )
    citations_full: float = Field(
        default=10.0, gt=0, description="Citations a month at which their part is full"
    )
    influential_counts: float = Field(
        default=5.0, ge=1, description="An influential citation counts as so many"
    )
    venue_kinds: VenueKinds = VenueKinds()

    @property
    def highest(self) -> float:
        """The score of a paper with all parts full."""
        weights = self.weights
        return sum((weights.recency, weights.topic, weights.citations, weights.code, weights.venue))


def rank(papers: pa.Table, today: dt.date, settings: RankingSettings) -> pa.Table:
    """Papers by score, the highest first; equal ones by their ids.

    Args:
        papers: rows of ``schema.PAPER`` with at least :data:`COLUMNS`, in any order.
        today: the day for which ages are counted.
        settings: the constants.

    Returns:
        A table of :data:`RANKED` with a row for each paper.
    """
    age, dated_by = _ages(papers, today)
    strength = _strengths(papers)
    rate, counted = _rates(papers, age, settings)
    medical = papers["medical"].to_numpy().astype(bool)
    fit = np.minimum(1.0, strength / settings.topics_full)
    parts: dict[str, Numbers] = {
        "recency": np.exp2(-age / settings.half_life_days),
        "topic": fit * np.where(medical, 1.0, settings.not_medical),
        "citations": np.minimum(1.0, np.log1p(rate) / np.log1p(settings.citations_full)),
        "code": _code(papers),
        "venue": _venues(papers, settings),
    }
    score = np.zeros(len(age))
    for name, part in parts.items():
        score += getattr(settings.weights, name) * part
    table = pa.table(
        {
            "paper_id": papers["paper_id"],
            # Equal papers stay equal, whatever the last bit of a logarithm says.
            "score": np.round(score, 9),
            **{f"part_{name}": part for name, part in parts.items()},
            "age_days": age,
            "dated_by": dated_by,
            "topic_strength": strength,
            "citations_per_month": pa.array(rate, mask=~counted),
        }
    )
    ranked: pa.Table = table.cast(RANKED).sort_by(
        [("score", "descending"), ("paper_id", "ascending")]
    )
    return ranked


def _ages(papers: pa.Table, today: dt.date) -> tuple[NDArray[np.int64], pa.Array]:
    """Days since each paper came out, and by which column that was told."""
    day = np.datetime64(today, "D")
    first_seen = _days(papers["first_seen"])
    years = papers["year"].cast(pa.float64()).to_numpy()
    known = ~np.isnan(years)
    middle = np.where(known, years, 1970).astype("int64") - 1970
    by_year = middle.astype("datetime64[Y]").astype("datetime64[M]") + np.timedelta64(6, "M")
    by_year = np.minimum(by_year.astype("datetime64[D]"), first_seen)
    published = _days(papers["published"])
    is_published = ~np.isnat(published)
    began = np.where(is_published, published, np.where(known, by_year, first_seen))
    dated_by = np.where(is_published, "published", np.where(known, "year", "first_seen"))
    return np.maximum((day - began).astype("int64"), 0), pa.array(dated_by, pa.string())


def _days(column: pa.ChunkedArray) -> NDArray[np.datetime64]:
    days: NDArray[np.datetime64] = column.cast(pa.date32()).to_numpy().astype("datetime64[D]")
    return days


def _strengths(papers: pa.Table) -> Numbers:
    """For each paper the sum of its trust topics' scores; a topic has a row for each evidence."""
    tags = papers["tags"].combine_chunks()
    flat = tags.flatten()
    evidence = pa.table(
        {
            "paper": pc.list_parent_indices(tags).cast(pa.int64()),
            "facet": flat.field("facet"),
            "topic": flat.field("topic"),
            "score": flat.field("score"),
        }
    ).filter(pc.field("facet") == "trust")
    topics = evidence.group_by(["paper", "topic"]).aggregate([("score", "max")])
    # Sums are taken in one order, whatever the grouping's was: equal input, equal bytes.
    topics = topics.sort_by([("paper", "ascending"), ("topic", "ascending")])
    return np.bincount(
        topics["paper"].to_numpy(), weights=topics["score_max"].to_numpy(), minlength=len(papers)
    ).astype(np.float64)


def _rates(
    papers: pa.Table, age: NDArray[np.int64], settings: RankingSettings
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Citations a month, and whether anybody counted."""
    citations = papers["citation_count"].cast(pa.float64()).to_numpy()
    influential = papers["influential_citation_count"].cast(pa.float64()).to_numpy()
    counted = ~np.isnan(citations)
    weighed = np.nan_to_num(citations) + (settings.influential_counts - 1) * np.minimum(
        np.nan_to_num(influential), np.nan_to_num(citations)
    )
    return weighed / np.maximum(age / MONTH, 1.0), counted


def _code(papers: pa.Table) -> Numbers:
    links = papers["links"].combine_chunks()
    flat = links.flatten()
    is_repository = pc.equal(flat.field("kind"), "repository")
    own = flat.field("own")
    half = pc.or_(pc.fill_null(own, False), pc.and_(is_repository, pc.is_null(own)))
    whole = pc.and_(pc.fill_null(own, False), is_repository)
    alive = pc.invert(flat.field("looks_dead"))
    rows = pc.list_parent_indices(links)
    found: Numbers = np.zeros(len(links))
    found[rows.filter(pc.and_(half, alive)).to_numpy()] = 0.5
    found[rows.filter(pc.and_(whole, alive)).to_numpy()] = 1.0
    return found


def _venues(papers: pa.Table, settings: RankingSettings) -> Numbers:
    kinds = papers["venue_kind"].combine_chunks()
    by_name = settings.venue_kinds.model_dump()
    names = list(by_name)
    values = np.array([*by_name.values(), 0.0])
    places = pc.index_in(kinds, value_set=pa.array(names, pa.string()))
    found: Numbers = values[pc.fill_null(places, len(names)).to_numpy()]
    return found


def select_new(papers: pa.Table, since: dt.date | None, topics: Sequence[str] = ()) -> pa.Table:
    """What a digest is about: papers first seen from a day on, none of them withdrawn.

    Args:
        papers: rows of ``schema.PAPER``.
        since: that day; None takes all papers.
        topics: of these each paper has at least one; none asks for nothing.
    """
    wanted = pc.invert(papers["withdrawn"])
    if since is not None:
        wanted = pc.and_(wanted, pc.greater_equal(papers["first_seen"], pa.scalar(since)))
    if topics:
        lists = papers["topics"].combine_chunks()
        has = np.zeros(len(lists), dtype=bool)
        given = pc.is_in(lists.flatten(), value_set=pa.array(topics, pa.string()))
        has[pc.list_parent_indices(lists).filter(given).to_numpy()] = True
        wanted = pc.and_(wanted, pa.array(has))
    return papers.filter(wanted)
