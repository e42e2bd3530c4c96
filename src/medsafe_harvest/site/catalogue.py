"""What the site's pages are made of, read from a snapshot: columns kept in Arrow, rows on demand.

In memory stand the columns that lists need (title, authors, year ...) and the rows that link papers
to records and to one another; abstracts and provenance are read batch by batch.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from medsafe_harvest.curated import cited, snapshot
from medsafe_harvest.dedupe.manifestations import split
from medsafe_harvest.outgoing import UNTITLED
from medsafe_harvest.site.words import IDENTIFIERS

#: Columns of ``schema.PAPER`` that lists, charts and the index are made of.
LISTED = (
    *("paper_id", "title", "authors", "published", "year", "venue", "venue_kind"),
    *("topics", "trust", "modality", "task", "medical", "withdrawn", "links", "arxiv_id", "doi"),
    *("record_ids", "first_seen", "summary", "summary_from"),
)
_OF_RECORD = (
    *("record_id", "source", "title", "published", "year", "venue", "venue_kind", "other_dois"),
    *("arxiv_version", "withdrawn", "url", *IDENTIFIERS),
)
_BATCH = 500
_SIDES = ("left_paper", "right_paper")
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows by group: those of group ``i`` are ``rows[bounds[i]:bounds[i + 1]]``."""

    rows: Rows
    bounds: Rows

    @classmethod
    def of(cls, group: Rows, rows: Rows, count: int) -> Groups:
        """Group rows; the order within a group is that in which they are given.

        Args:
            group: of each row its group, 0 to ``count`` - 1, or -1 for none.
            rows: the rows.
            count: how many groups there are.
        """
        order = np.argsort(group, kind="stable")
        bounds = np.searchsorted(group[order], np.arange(count + 1))
        return cls(rows[order], bounds)

    def __getitem__(self, group: int) -> Rows:
        return self.rows[self.bounds[group] : self.bounds[group + 1]]

    def sizes(self) -> Rows:
        """How many rows each group has."""
        return np.diff(self.bounds)


@dataclass(frozen=True, slots=True)
class Full:
    """A paper with all that belongs to it, as rows."""

    #: Of ``schema.PAPER``.
    row: dict[str, Any]
    #: Its records, each with ``cluster`` and ``manifestation`` of ``manifestations.SPLIT``.
    records: list[dict[str, Any]]
    #: The nearest papers: paper_id, title, year, venue and terms.
    related: list[dict[str, Any]]
    #: Of ``schema.RELATION``, with ``left_title`` and ``right_title``, null for papers not here.
    relations: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The papers of a site, the newest first, and what belongs to them."""

    folder: Path
    #: ``LISTED`` and ``day``: when a paper came out, for sorting; null where nothing tells.
    papers: pa.Table
    records: pa.Table
    #: Place of a paper -> rows of ``records``.
    records_of: Groups
    #: Record -> smallest record of its manifestation, and what that is.
    forms: pa.Table
    #: Row of ``records`` -> row of ``forms``.
    form_at: pa.Array
    #: ``schema.RELATED`` of papers that are here.
    related: pa.Table
    related_of: Groups
    #: Row of ``related`` -> place of the related paper.
    related_at: Rows
    relations: pa.Table
    relations_of: Groups
    #: Row of ``relations`` -> place of its left and of its right paper, -1 for one not here.
    relation_at: Rows

    def __len__(self) -> int:
        return int(self.papers.num_rows)

    def full(self) -> Iterator[Full]:
        """Each paper with all that belongs to it, in the order of their ids; read in batches."""
        ids = self.papers["paper_id"].combine_chunks()
        file = pq.ParquetFile(self.folder / "papers.parquet")
        for batch in file.iter_batches(batch_size=_BATCH):
            at = pc.index_in(batch["paper_id"], value_set=ids)
            rows = batch.filter(pc.is_valid(at)).to_pylist()
            places: list[int] = at.drop_null().to_pylist()
            parts = (
                _gather(places, self.records_of, self._records),
                _gather(places, self.related_of, self._related),
                _gather(places, self.relations_of, self._relations),
            )
            for row, records, related, relations in zip(rows, *parts, strict=True):
                row["title"] = row["title"] or UNTITLED
                yield Full(row, records, related, relations)

    def _records(self, rows: Rows) -> list[dict[str, Any]]:
        own = pa.array(rows)
        records = self.records.take(own)
        forms = self.forms.take(self.form_at.take(own))
        for name in ("cluster", "manifestation"):
            records = records.append_column(name, forms[name])
        found: list[dict[str, Any]] = records.to_pylist()
        return found

    def _related(self, rows: Rows) -> list[dict[str, Any]]:
        cards = self._some(self.related_at[rows], ["paper_id", "title", "year", "venue"])
        terms = self.related["terms"].take(pa.array(rows)).to_pylist()
        return [{**card, "terms": own} for card, own in zip(cards, terms, strict=True)]

    def _relations(self, rows: Rows) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.relations.take(pa.array(rows)).to_pylist()
        for name, end in zip(("left_title", "right_title"), self.relation_at[rows].T, strict=True):
            titles = self._some(np.maximum(end, 0), ["title"])
            for row, place, one in zip(found, end.tolist(), titles, strict=True):
                row[name] = one["title"] if place >= 0 else None
        return found

    def _some(self, places: Rows, columns: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.papers.select(columns).take(pa.array(places)).to_pylist()
        return rows


def _gather(
    places: list[int], groups: Groups, rows_of: Callable[[Rows], list[dict[str, Any]]]
) -> Iterator[list[dict[str, Any]]]:
    """The rows of each group, taken all at once."""
    own = [groups[place] for place in places]
    rows = iter(rows_of(np.concatenate([np.empty(0, np.int64), *own])))
    return (list(itertools.islice(rows, len(one))) for one in own)


def load(folder: Path, papers: pa.Table) -> Catalogue:
    """The catalogue of some papers of a snapshot.

    Args:
        folder: the snapshot.
        papers: the columns ``LISTED`` of the papers wanted, in any order.

    Raises:
        CuratedError: the snapshot is damaged.
    """
    papers = newest_first(_titled(papers))
    ids = papers["paper_id"].combine_chunks()
    members = papers["record_ids"].combine_chunks()
    records = snapshot.read(folder, "records", list(_OF_RECORD))
    own = pc.is_in(records["record_id"], value_set=members.flatten())
    records = records.filter(own).combine_chunks()
    owner = pc.list_parent_indices(members)
    at = pc.index_in(records["record_id"].combine_chunks(), value_set=members.flatten())
    owners = owner.take(at)
    clusters = pa.table({"record_id": records["record_id"], "cluster": ids.take(owners)})
    related = snapshot.read(folder, "related")
    related = related.filter(pc.is_in(related["related_paper_id"], value_set=ids))
    order = [("paper_id", "ascending"), ("rank", "ascending")]
    related = related.sort_by(order).combine_chunks()
    terms = cited.in_words(folder, related["terms"])
    related = related.set_column(related.column_names.index("terms"), "terms", terms)
    relations = snapshot.read(folder, "relations").combine_chunks()
    ends = np.stack([_numbers(_places(relations[side], ids)) for side in _SIDES], axis=1)
    forms = split(records, clusters).combine_chunks()
    return Catalogue(
        folder=folder,
        papers=papers,
        records=records,
        records_of=_groups(owners, len(ids)),
        forms=forms,
        form_at=_places(records["record_id"], forms["record_id"].combine_chunks()),
        related=related,
        related_of=_groups(_places(related["paper_id"], ids), len(ids)),
        related_at=_numbers(_places(related["related_paper_id"], ids)),
        relations=relations,
        relations_of=_both_ends(ends, len(ids)),
        relation_at=ends,
    )


def _titled(papers: pa.Table) -> pa.Table:
    """The papers, each with a title that can be pointed at."""
    place, titles = papers.schema.get_field_index("title"), papers["title"]
    titled = pc.if_else(pc.equal(titles, ""), UNTITLED, titles)
    return papers.set_column(place, papers.schema.field(place), titled)


def newest_first(papers: pa.Table) -> pa.Table:
    """Papers by year and day, the newest first, with the further column ``day``."""
    middle = pc.if_else(
        pc.is_valid(papers["year"]),
        pc.binary_join_element_wise(papers["year"].cast(pa.string()), "07-01", "-"),
        pa.scalar(None, pa.string()),
    )
    day = pc.coalesce(papers["published"], pc.cast(middle, pa.date32()))
    papers = papers.append_column("day", day).append_column(
        "_year", pc.coalesce(papers["year"], pc.year(day).cast(pa.int32()))
    )
    ordered = papers.sort_by(
        [("_year", "descending"), ("day", "descending"), ("paper_id", "ascending")]
    )
    # Rows are taken a few at a time, which is slow where a column is in many pieces.
    return ordered.drop_columns("_year").combine_chunks()


def _places(column: pa.ChunkedArray, ids: pa.Array) -> pa.Array:
    return pc.index_in(column.combine_chunks(), value_set=ids)


def _groups(places: pa.Array | pa.ChunkedArray, count: int) -> Groups:
    group = _numbers(places)
    return Groups.of(group, np.arange(len(group)), count)


def _numbers(places: pa.Array | pa.ChunkedArray) -> Rows:
    """Places as numbers, -1 where there is none."""
    numbers: Rows = pc.fill_null(places, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def _both_ends(ends: Rows, count: int) -> Groups:
    """Relations by paper; one within a paper stands there once."""
    rows = np.arange(len(ends))
    left, right = ends.T
    other = right != left
    return Groups.of(
        np.concatenate([left, right[other]]), np.concatenate([rows, rows[other]]), count
    )


def by_topic(papers: pa.Table, facet: str) -> dict[str, Rows]:
    """Topic of a facet -> places of its papers, the newest first."""
    lists = papers[facet].combine_chunks()
    topics = lists.flatten().dictionary_encode()
    names: list[str] = topics.dictionary.to_pylist()
    if not names:
        return {}
    groups = Groups.of(
        topics.indices.to_numpy().astype(np.int64),
        pc.list_parent_indices(lists).to_numpy().astype(np.int64),
        len(names),
    )
    return {name: groups[place] for place, name in enumerate(names)}


def by_year(papers: pa.Table, rows: Rows) -> dict[int | None, Rows]:
    """The rows of each year, the latest first; None for those whose year is not known."""
    years = pc.coalesce(papers["year"], pc.year(papers["day"]).cast(pa.int32()))
    values = years.take(pa.array(rows)).to_pylist()
    found: dict[int | None, list[int]] = {}
    for row, year in zip(rows.tolist(), values, strict=True):
        found.setdefault(year, []).append(row)
    return {
        year: np.array(found[year])
        for year in sorted(found, key=lambda one: -1 if one is None else one, reverse=True)
    }


def by_month(papers: pa.Table, rows: Rows) -> Counter[tuple[int, int]]:
    """How many came out in each (year, month); papers of which only the year is known are left."""
    days = papers["published"].take(pa.array(rows)).drop_null()
    return Counter(zip(pc.year(days).to_pylist(), pc.month(days).to_pylist(), strict=True))
