"""Merge the records of each cluster into one paper, field by field, with provenance.

Each field has one rule, in :data:`RULES`. Everything works on whole columns: for a field, the
records are ranked, the first of each cluster that has a value wins, and the values that lost are
kept with the record that said them.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.gather import collect, empty_for_null, union
from medsafe_harvest.dedupe.paper_ids import mint, mint_all
from medsafe_harvest.dedupe.provenance import NOBODY, Rows, provenance
from medsafe_harvest.dedupe.united_links import united_links
from medsafe_harvest.schema import PAPER, WORK_FIELDS


class Rule(enum.StrEnum):
    """How a field of a paper is chosen; the value stands in ``provenance.rule``."""

    #: arXiv's own words first: authors keep them up to date, LaTeX and all.
    ARXIV_FIRST = "arxiv_first"
    #: Semantic Scholar first: it knows the published version.
    INDEX_FIRST = "index_first"
    #: The version of record: journal or conference before workshop before preprint.
    PUBLISHED_FIRST = "published_first"
    #: From the record that gave the venue, and from no other; where none gave one, from the first.
    WITH_VENUE = "with_venue"
    #: From the record that gave the venue, or else from the first that has it.
    WITH_VENUE_OR_FIRST = "with_venue_or_first"
    #: The list with the most names written out.
    FULLEST_NAMES = "fullest_names"
    EARLIEST = "earliest"
    LATEST = "latest"
    LARGEST = "largest"
    #: True where any record says so.
    ANY = "any"
    #: All values of all records.
    UNION = "union"
    #: Further DOIs: all that were not chosen as the paper's own.
    REMAINING = "remaining"


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "title": Rule.ARXIV_FIRST,
        "abstract": Rule.ARXIV_FIRST,
        "authors": Rule.FULLEST_NAMES,
        "published": Rule.EARLIEST,
        "updated": Rule.LATEST,
        "year": Rule.WITH_VENUE_OR_FIRST,
        "venue": Rule.PUBLISHED_FIRST,
        "venue_kind": Rule.WITH_VENUE_OR_FIRST,
        "volume": Rule.WITH_VENUE,
        "issue": Rule.WITH_VENUE,
        "pages": Rule.WITH_VENUE,
        "doi": Rule.PUBLISHED_FIRST,
        "other_dois": Rule.REMAINING,
        "arxiv_id": Rule.ARXIV_FIRST,
        "arxiv_version": Rule.ARXIV_FIRST,
        "version_dates": Rule.ARXIV_FIRST,
        "pmid": Rule.INDEX_FIRST,
        "pmcid": Rule.INDEX_FIRST,
        "corpus_id": Rule.INDEX_FIRST,
        "s2_paper_id": Rule.INDEX_FIRST,
        "acl_id": Rule.INDEX_FIRST,
        "dblp_key": Rule.INDEX_FIRST,
        "mag_id": Rule.INDEX_FIRST,
        "openreview_id": Rule.INDEX_FIRST,
        "openalex_id": Rule.INDEX_FIRST,
        "primary_category": Rule.ARXIV_FIRST,
        "categories": Rule.ARXIV_FIRST,
        "fields_of_study": Rule.UNION,
        "publication_types": Rule.UNION,
        "licence": Rule.ARXIV_FIRST,
        "licence_url": Rule.ARXIV_FIRST,
        "comment": Rule.ARXIV_FIRST,
        "journal_ref": Rule.ARXIV_FIRST,
        "code_links": Rule.UNION,
        "links": Rule.UNION,
        "withdrawn": Rule.ANY,
        "url": Rule.ARXIV_FIRST,
        "pdf_url": Rule.ARXIV_FIRST,
        "open_access": Rule.ANY,
        "open_access_url": Rule.INDEX_FIRST,
        "citation_count": Rule.LARGEST,
        "influential_citation_count": Rule.LARGEST,
        "reference_count": Rule.LARGEST,
        "cites": Rule.UNION,
        "tldr": Rule.INDEX_FIRST,
    }
)

#: A list is kept by hand: it speaks where all services are silent, whatever it says.
_LAST = 99
_ORDER = {
    Rule.ARXIV_FIRST: {"arxiv": 0, "list": _LAST},
    Rule.INDEX_FIRST: {"semantic_scholar": 0, "arxiv": 2, "list": _LAST},
}
_VENUE_KINDS = {"journal": 0, "conference": 0, "workshop": 1, "preprint": 3}


@dataclass(frozen=True, slots=True)
class Clustered:
    """Records sorted by cluster and record id, and where each cluster begins."""

    records: pa.Table
    #: Cluster number of each row, ascending from 0.
    cluster: Rows
    #: First row of each cluster.
    starts: Rows

    @property
    def clusters(self) -> int:
        """How many there are."""
        return len(self.starts)


def merge(records: pa.Table, clusters: pa.Table) -> pa.Table:
    """One paper a cluster, without the topic columns, sorted by ``paper_id``.

    Args:
        records: rows of ``schema.RECORD``.
        clusters: ``record_id``, ``cluster`` (any string, equal for the records of one paper).

    Returns:
        The columns of ``schema.PAPER`` up to the topics, in the schema's order without them.
    """
    grouped = group(records, clusters)
    columns: dict[str, pa.Array] = _identity(grouped)
    winners: dict[str, Rows] = {}
    # The venue first: other fields go with it.
    for field in sorted(WORK_FIELDS, key=lambda name: name != "venue"):
        rule = RULES[field]
        if rule in (Rule.UNION, Rule.REMAINING):
            continue
        winners[field] = _winners(grouped, field, rule, winners)
        columns[field] = _take(grouped.records[field], winners[field])
    for field in ("fields_of_study", "publication_types", "code_links", "cites", "queries"):
        columns[field] = union(grouped.records, grouped.cluster, grouped.clusters, [field])
    columns["links"] = united_links(grouped.records["links"], grouped.cluster, grouped.clusters)
    columns["other_dois"] = union(
        grouped.records, grouped.cluster, grouped.clusters, ["doi", "other_dois"], columns["doi"]
    )
    for field in ("authors", "categories", "version_dates"):
        columns[field] = empty_for_null(columns[field])
    columns["provenance"] = provenance(
        grouped.records,
        grouped.cluster,
        {field: rule.value for field, rule in RULES.items()},
        winners,
        _contributors(grouped, winners["doi"]),
        {
            field: _unchosen(grouped, field, winners[field])
            for field, rule in RULES.items()
            if rule is Rule.WITH_VENUE
        },
    )
    names = [name for name in PAPER.names if name in columns]
    table = pa.table(
        [columns[name] for name in names],
        schema=pa.schema([PAPER.field(name) for name in names]),
    )
    return table.sort_by("paper_id")


def group(records: pa.Table, clusters: pa.Table) -> Clustered:
    """Sort records by cluster and record id."""
    place = pc.index_in(records["record_id"], value_set=clusters["record_id"].combine_chunks())
    if place.null_count:
        raise ValueError("a record belongs to no cluster")
    keys = pa.table({"cluster": clusters["cluster"].take(place), "id": records["record_id"]})
    order = pc.sort_indices(keys, [("cluster", "ascending"), ("id", "ascending")])
    ordered = records.take(order).combine_chunks()
    codes = pc.rank(keys["cluster"].take(order), tiebreaker="dense").to_numpy().astype(np.int64) - 1
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else codes
    return Clustered(ordered, codes, starts.astype(np.int64))


def _identity(grouped: Clustered) -> dict[str, pa.Array]:
    """Ids, records, sources and first and last days."""
    records = grouped.records
    rows = _anchor_rows(grouped)
    names, former = records["record_id"].combine_chunks(), records["former_record_ids"]
    minted = mint_all(_first_names(records))
    had = pc.greater(pc.list_value_length(former), 0)
    renamed = [
        (row, mint(name))
        for row, before in zip(
            np.flatnonzero(had.to_numpy()).tolist(), former.filter(had).to_pylist(), strict=True
        )
        for name in {*before[1:], names[row].as_py()} - {before[0]}
    ]
    is_anchor = np.zeros(len(records), dtype=bool)
    is_anchor[rows] = True
    return {
        "paper_id": minted.take(pa.array(rows)),
        "former_ids": _former(grouped, np.flatnonzero(~is_anchor), minted, renamed),
        "record_ids": collect(grouped.clusters, grouped.cluster, names),
        "sources": collect(grouped.clusters, grouped.cluster, records["source"].combine_chunks()),
        "first_seen": _take(
            records["first_seen"], _winners(grouped, "first_seen", Rule.EARLIEST, {})
        ),
        "last_seen": _take(records["last_seen"], _winners(grouped, "last_seen", Rule.LATEST, {})),
    }


def anchors(grouped: Clustered) -> pa.Array:
    """The ``paper_id`` of each cluster."""
    named = _first_names(grouped.records)
    return mint_all(named.take(pa.array(_anchor_rows(grouped))))


def _first_names(records: pa.Table) -> pa.Array:
    """The id of each record; one that its source renamed keeps the oldest that it had."""
    former = records["former_record_ids"].combine_chunks()
    had = pc.greater(pc.list_value_length(former), 0)
    first = pc.list_element(former.filter(had), 0)
    return pc.replace_with_mask(records["record_id"].combine_chunks(), had, first)


def _anchor_rows(grouped: Clustered) -> Rows:
    """The row of each cluster that was seen first, arXiv's before others of that day."""
    by_source = _source_rank(grouped.records, _ORDER[Rule.ARXIV_FIRST])
    rank = _dense(grouped.records["first_seen"]) * (_LAST + 1) + by_source
    return _first_in_cluster(grouped, rank, np.ones(len(grouped.records), dtype=bool))


def _former(
    grouped: Clustered, rows: Rows, minted: pa.Array, renamed: list[tuple[int, str]]
) -> pa.Array:
    """Ids that the given rows, and renamed ones under their other names, would have alone."""
    extra = np.array([row for row, _ in renamed], dtype=np.int64)
    values = [minted.take(pa.array(rows)), pa.array([name for _, name in renamed], pa.string())]
    cluster = grouped.cluster[np.concatenate([rows, extra])]
    return collect(grouped.clusters, cluster, pa.concat_arrays(values))


def _winners(grouped: Clustered, field: str, rule: Rule, chosen: Mapping[str, Rows]) -> Rows:
    """Row that supplies the field for each cluster, or -1 where no record has it."""
    has_value = _has_value(grouped.records[field])
    if rule in (Rule.WITH_VENUE, Rule.WITH_VENUE_OR_FIRST):
        with_venue = chosen["venue"]
        usable = (with_venue != NOBODY) & has_value[with_venue]
        if rule is Rule.WITH_VENUE:
            # Volume and pages of two records do not go together.
            alone = np.where(with_venue == NOBODY, _placed_first(grouped), with_venue)
            return np.where((alone != NOBODY) & has_value[alone], alone, NOBODY)
        first = _first_in_cluster(grouped, _rank(grouped.records, field, rule), has_value)
        return np.where(usable, with_venue, first)
    return _first_in_cluster(grouped, _rank(grouped.records, field, rule), has_value)


def _placed_first(grouped: Clustered) -> Rows:
    """Row of each cluster that has a volume or pages, by the rank of published records."""
    placed = _has_value(grouped.records["volume"]) | _has_value(grouped.records["pages"])
    rank = _rank(grouped.records, "volume", Rule.PUBLISHED_FIRST)
    return _first_in_cluster(grouped, rank, placed)


def _unchosen(grouped: Clustered, field: str, winners: Rows) -> Rows:
    """Clusters where records have a value, but none of those that may supply it."""
    having = grouped.cluster[_has_value(grouped.records[field])]
    return np.setdiff1d(having, np.flatnonzero(winners != NOBODY))


def _rank(records: pa.Table, field: str, rule: Rule) -> Rows:
    """Preference of each row for a field: the smallest number wins, then the smallest record."""
    match rule:
        case Rule.ARXIV_FIRST | Rule.INDEX_FIRST:
            return _source_rank(records, _ORDER[rule])
        case Rule.PUBLISHED_FIRST | Rule.WITH_VENUE_OR_FIRST:
            kinds = _ranked(records["venue_kind"], _VENUE_KINDS, 2)
            return kinds * 10 + _source_rank(records, _ORDER[Rule.INDEX_FIRST])
        case Rule.FULLEST_NAMES:
            by_source = _source_rank(records, _ORDER[Rule.ARXIV_FIRST])
            return by_source - np.where(by_source < _LAST, _written_out(records) * 10, 0)
        case Rule.EARLIEST:
            return _dense(records[field])
        case Rule.LATEST | Rule.LARGEST | Rule.ANY:
            return -_dense(records[field])
        case _:
            raise AssertionError(f"{rule} chooses no single record")


def _source_rank(records: pa.Table, order: Mapping[str, int]) -> Rows:
    return _ranked(records["source"], order, 1)


def _ranked(column: pa.ChunkedArray, order: Mapping[str, int], other: int) -> Rows:
    """Number of each value in an order; ``other`` for what is not in it."""
    place = pc.index_in(column, value_set=pa.array(list(order), pa.string()))
    numbers = np.array([*order.values(), other], dtype=np.int64)
    return np.asarray(numbers[pc.fill_null(place, len(order)).to_numpy()])


def _dense(column: pa.ChunkedArray) -> Rows:
    """Dense rank of each value from 1; nulls last."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    ranks = pc.rank(column, tiebreaker="dense")
    return np.asarray(ranks.to_numpy(), dtype=np.int64)


def _written_out(records: pa.Table) -> Rows:
    """Number of authors whose given name is more than initials, for each row."""
    authors = records["authors"].combine_chunks()
    given = pc.struct_field(authors.flatten(), "given")
    letters = pc.match_substring_regex(pc.fill_null(given, ""), r"\p{L}{2,}")
    totals = np.r_[0, np.cumsum(letters.to_numpy(zero_copy_only=False))]
    offsets = authors.offsets.to_numpy() - authors.offsets[0].as_py()
    return np.asarray(totals[offsets[1:]] - totals[offsets[:-1]], dtype=np.int64)


def _has_value(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    present = pc.is_valid(column)
    if pa.types.is_list(column.type):
        present = pc.fill_null(pc.greater(pc.list_value_length(column), 0), False)
    return np.asarray(present.to_numpy(zero_copy_only=False), dtype=bool)


def _first_in_cluster(grouped: Clustered, rank: Rows, usable: npt.NDArray[np.bool_]) -> Rows:
    rows = np.flatnonzero(usable)
    cluster = grouped.cluster[rows]
    alone = np.bincount(cluster, minlength=grouped.clusters)[cluster] == 1
    winners = np.full(grouped.clusters, NOBODY, dtype=np.int64)
    winners[cluster[alone]] = rows[alone]
    rows = rows[~alone]
    # Rows stand in order of record id, and lexsort is stable, so ties go to the smallest.
    rows = rows[np.lexsort((rank[rows], grouped.cluster[rows]))]
    cluster = grouped.cluster[rows]
    first = np.r_[True, cluster[1:] != cluster[:-1]] if len(rows) else np.zeros(0, dtype=bool)
    winners[cluster[first]] = rows[first]
    return winners


def _take(column: pa.ChunkedArray, rows: Rows) -> pa.Array:
    return column.combine_chunks().take(pa.array(rows, mask=rows == NOBODY))


def _contributors(grouped: Clustered, doi: Rows) -> dict[str, Rows]:
    """Rows that gave something to each field that unites what all records say."""
    rows = {
        field: np.flatnonzero(_has_value(grouped.records[field]))
        for field, rule in RULES.items()
        if rule is Rule.UNION
    }
    own = _take(grouped.records["doi"], doi[grouped.cluster])
    another = pc.fill_null(pc.not_equal(grouped.records["doi"].combine_chunks(), own), False)
    further = _has_value(grouped.records["other_dois"])
    rows["other_dois"] = np.flatnonzero(another.to_numpy(zero_copy_only=False) | further)
    return rows
