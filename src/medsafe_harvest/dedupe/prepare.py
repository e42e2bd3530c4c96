"""Records to comparison rows: everything that matching looks at, computed once a record.

A comparison row is a fact about one record alone, so rows can be made in any batches and on any
engine, and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.dois import arxiv_id_of, dois_of, is_copy
from medsafe_harvest.dedupe.people import people
from medsafe_harvest.dedupe.places import (
    day_posted,
    first_number,
    first_range,
    page_range,
    venue_class,
    venue_initials,
    venue_stems,
)
from medsafe_harvest.dedupe.titles import head_of, take_apart
from medsafe_harvest.schema import STRINGS

#: What ``compare`` reads. Lists are distinct and never null.
COMPARISON = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),  # comparison form without the marker
        pa.field("sorted_title", pa.string(), nullable=False),  # its words in alphabetical order
        pa.field("compact_title", pa.string(), nullable=False),  # its words run together
        pa.field("head", pa.string(), nullable=False),  # the same before a colon; "" for none
        pa.field("words", STRINGS, nullable=False),  # neither function words nor numbers
        pa.field("information", pa.list_(pa.float64()), nullable=False),  # of each word, in nats
        pa.field("parts", STRINGS, nullable=False),  # what may stand alone of it, run together
        pa.field("name", pa.string()),  # "NAME: what it does"
        pa.field("generic", pa.bool_(), nullable=False),
        pa.field("recurring", pa.bool_(), nullable=False),
        pa.field("serial", pa.bool_(), nullable=False),
        pa.field("marker", pa.string()),
        pa.field("numbers", STRINGS, nullable=False),
        pa.field("part", pa.string()),  # "2" of "X, part II" and of "X. 2. Y"
        pa.field("designators", STRINGS, nullable=False),
        pa.field("families", STRINGS, nullable=False),
        pa.field("signed", STRINGS, nullable=False),
        pa.field("givens", STRINGS, nullable=False),
        pa.field("reversed", STRINGS, nullable=False),  # names read family first
        pa.field("other_families", STRINGS, nullable=False),
        pa.field("names", pa.string(), nullable=False),  # sorted family keys as one string
        pa.field("authors_cut", pa.bool_(), nullable=False),
        pa.field("group", pa.bool_(), nullable=False),  # families are words of a group's name
        pa.field("year", pa.int32()),
        pa.field("posted", pa.int32()),  # day that it was first posted, of what is posted to a day
        pa.field("venue", pa.string()),  # beginnings of its words
        pa.field("venue_initials", pa.string()),  # of its words, or its acronym
        pa.field("venue_class", pa.string()),  # journal, meeting, preprint or null
        pa.field("volume", pa.string()),
        pa.field("issue", pa.string()),
        pa.field("first_page", pa.string()),
        pa.field("page_from", pa.int64()),  # digits of the first page
        pa.field("page_to", pa.int64()),  # of the last; the first where there is no other
        pa.field("arxiv_id", pa.string()),
        pa.field("pmid", pa.string()),
        pa.field("pmcid", pa.string()),
        pa.field("ids", STRINGS, nullable=False),  # "kind:value", all but DOIs
        pa.field("dois", STRINGS, nullable=False),  # without version suffix
        pa.field("journal_dois", STRINGS, nullable=False),  # all but copies
    ]
)

#: Columns of ``schema.RECORD`` that are read; a batch may have more.
NEEDED: tuple[str, ...] = (
    "record_id", "source", "title", "authors", "published", "year", "venue", "venue_kind", "volume",
    "issue", "pages", "doi", "other_dois", "arxiv_id", "pmid", "pmcid", "corpus_id", "acl_id",
    "dblp_key", "openreview_id",
)  # fmt: skip

#: Kind of identifier -> column, for those that name one paper. DOIs are treated apart.
IDENTIFIERS: Mapping[str, str] = {
    "arxiv": "arxiv_id",
    "pmid": "pmid",
    "pmcid": "pmcid",
    "corpus": "corpus_id",
    "acl": "acl_id",
    "dblp": "dblp_key",
    "openreview": "openreview_id",
}


def prepare(records: pa.RecordBatch) -> pa.RecordBatch:
    """One ``COMPARISON`` row for each record, in the same order.

    Args:
        records: rows with the columns ``NEEDED`` of ``schema.RECORD``.
    """
    given = {name: records.column(name).to_pylist() for name in _READ}
    found: dict[str, Sequence[Any] | pa.Array] = {
        name: records.column(name) for name in ("record_id", "source", "year", "pmid", "pmcid")
    }
    titles, authors = records.column("title"), records.column("authors")
    found |= _once(titles, titles, _titles)
    found |= _once(authors, _as_texts(authors), _people)
    found |= _places(given)
    found |= identifiers(given)
    return pa.RecordBatch.from_arrays(
        [
            column if isinstance(column, pa.Array) else pa.array(column, field.type)
            for field, column in ((field, found[field.name]) for field in COMPARISON)
        ],
        schema=COMPARISON,
    )


_READ = tuple(name for name in NEEDED if name not in ("title", "authors"))


def _once(
    values: pa.Array, texts: pa.Array, read: Callable[[list[Any]], Mapping[str, Sequence[Any]]]
) -> dict[str, pa.Array]:
    """Columns of what is read of values; copies, which have one text, are read once."""
    codes = texts.dictionary_encode().indices
    _, first, places = np.unique(codes, return_index=True, return_inverse=True)
    return {
        name: pa.array(column, COMPARISON.field(name).type).take(pa.array(places))
        for name, column in read(values.take(pa.array(first)).to_pylist()).items()
    }


def _as_texts(authors: pa.ListArray) -> pa.Array:
    """Each list of authors as one text; lists that differ have texts that do."""
    names = pc.list_flatten(authors)
    parts = (pc.fill_null(names.field(name), "\x00") for name in ("name", "family", "given"))
    ends = np.r_[0, np.cumsum(pc.list_value_length(authors))].astype(np.int32)
    each = pc.binary_join_element_wise(*parts, "\x01")
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), each), "\x02")


def _titles(titles: Sequence[str]) -> dict[str, Sequence[Any]]:
    taken_apart = [take_apart(title) for title in titles]
    words = [title.form.split() for title in taken_apart]
    return {
        "title": [title.form for title in taken_apart],
        "sorted_title": [" ".join(sorted(one)) for one in words],
        "compact_title": ["".join(one) for one in words],
        "head": [head_of(title) for title in titles],
        **{name: [getattr(title, name) for title in taken_apart] for name in _OF_TITLE},
    }


_OF_TITLE = (
    "words", "information", "parts", "name", "generic", "recurring", "serial", "marker", "numbers",
    "part", "designators",
)  # fmt: skip


def _people(authors: Sequence[Sequence[Mapping[str, str | None]]]) -> dict[str, Sequence[Any]]:
    lists = [people(one) for one in authors]
    return {
        **{name: [getattr(one, name) for one in lists] for name in _OF_PEOPLE},
        "names": [" ".join(sorted(one.families)) for one in lists],
        "authors_cut": [one.cut for one in lists],
    }


_OF_PEOPLE = ("families", "signed", "givens", "reversed", "other_families", "group")


def _places(given: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    ranges = [first_range(pages) for pages in given["pages"]]
    pages = [page_range(one) for one in ranges]
    kinds = zip(given["venue"], given["venue_kind"], strict=True)
    classes = [venue_class(venue, kind) for venue, kind in kinds]
    posted = zip(given["published"], given["source"], given["venue"], classes, strict=True)
    return {
        "posted": [day_posted(*one) for one in posted],
        "venue": [venue_stems(venue) for venue in given["venue"]],
        "venue_initials": [venue_initials(venue) for venue in given["venue"]],
        "venue_class": classes,
        "volume": [first_number(volume) for volume in given["volume"]],
        "issue": [first_number(issue) for issue in given["issue"]],
        "first_page": [first_number(one) for one in ranges],
        "page_from": [first for first, _ in pages],
        "page_to": [last for _, last in pages],
    }


def identifiers(given: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Identifiers of records in the forms that are compared.

    Args:
        given: columns of ``schema.RECORD``, as many as ``NEEDED`` names.

    Returns:
        The columns ``arxiv_id``, ``ids``, ``dois`` and ``journal_dois`` of ``COMPARISON``.
    """
    dois = [
        dois_of([doi, *(others or ())]) if doi or others else []
        for doi, others in zip(given["doi"], given["other_dois"], strict=True)
    ]
    arxiv_ids = [
        arxiv_id_of(arxiv_id, own) if arxiv_id or own else None
        for arxiv_id, own in zip(given["arxiv_id"], dois, strict=True)
    ]
    ids: list[list[str]] = [[] for _ in dois]
    for kind, column in IDENTIFIERS.items():
        for row, value in enumerate(arxiv_ids if kind == "arxiv" else given[column]):
            if value is not None:
                ids[row].append(f"{kind}:{value}")
    return {
        "arxiv_id": arxiv_ids,
        "ids": ids,
        "dois": dois,
        "journal_dois": [[doi for doi in own if not is_copy(doi)] for own in dois],
    }
