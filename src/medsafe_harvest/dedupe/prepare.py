"""Records to comparison rows: everything that matching looks at, computed once a record.

A comparison row is a fact about one record alone, so rows can be made in any batches and on any
engine, and kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from medsafe_harvest.dedupe.dois import arxiv_id_of, dois_of, is_copy
from medsafe_harvest.dedupe.people import people
from medsafe_harvest.dedupe.places import (
    first_number,
    page_range,
    venue_class,
    venue_initials,
    venue_stems,
)
from medsafe_harvest.dedupe.titles import take_apart
from medsafe_harvest.schema import STRINGS

#: What ``compare`` reads. Lists are distinct and never null.
COMPARISON = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),  # comparison form without the marker
        pa.field("sorted_title", pa.string(), nullable=False),  # its words in alphabetical order
        pa.field("compact_title", pa.string(), nullable=False),  # its words run together
        pa.field("words", STRINGS, nullable=False),  # neither function words nor numbers
        pa.field("information", pa.list_(pa.float64()), nullable=False),  # of each word, in nats
        pa.field("parts", STRINGS, nullable=False),  # what may stand alone of it, run together
        pa.field("name", pa.string()),  # "NAME: what it does"
        pa.field("generic", pa.bool_(), nullable=False),
        pa.field("recurring", pa.bool_(), nullable=False),
        pa.field("serial", pa.bool_(), nullable=False),
        pa.field("marker", pa.string()),
        pa.field("numbers", STRINGS, nullable=False),
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
    "record_id", "source", "title", "authors", "year", "venue", "venue_kind", "volume", "issue",
    "pages", "doi", "other_dois", "arxiv_id", "pmid", "pmcid", "corpus_id", "acl_id", "dblp_key",
    "openreview_id",
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
    columns = [records.column(name).to_pylist() for name in NEEDED]
    rows = [_row(dict(zip(NEEDED, values, strict=True))) for values in zip(*columns, strict=True)]
    return pa.RecordBatch.from_pylist(rows, schema=COMPARISON)


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    title = take_apart(record["title"])
    authors = people(record["authors"])
    words = title.form.split()
    page_from, page_to = page_range(record["pages"])
    dois = dois_of([record["doi"], *(record["other_dois"] or [])])
    arxiv_id = arxiv_id_of(record["arxiv_id"], dois)
    return {
        "record_id": record["record_id"],
        "source": record["source"],
        "title": title.form,
        "sorted_title": " ".join(sorted(words)),
        "compact_title": "".join(words),
        "words": title.words,
        "information": title.information,
        "parts": title.parts,
        "name": title.name,
        "generic": title.generic,
        "recurring": title.recurring,
        "serial": title.serial,
        "marker": title.marker,
        "numbers": title.numbers,
        "designators": title.designators,
        "families": authors.families,
        "signed": authors.signed,
        "givens": authors.givens,
        "reversed": authors.reversed,
        "other_families": authors.other_families,
        "names": " ".join(sorted(authors.families)),
        "authors_cut": authors.cut,
        "group": authors.group,
        "year": record["year"],
        "venue": venue_stems(record["venue"]),
        "venue_initials": venue_initials(record["venue"]),
        "venue_class": venue_class(record["venue"], record["venue_kind"]),
        "volume": first_number(record["volume"]),
        "issue": first_number(record["issue"]),
        "first_page": first_number(record["pages"]),
        "page_from": page_from,
        "page_to": page_to,
        "arxiv_id": arxiv_id,
        "pmid": record["pmid"],
        "pmcid": record["pmcid"],
        "ids": [
            f"{kind}:{value}"
            for kind, column in IDENTIFIERS.items()
            if (value := arxiv_id if kind == "arxiv" else record[column]) is not None
        ],
        "dois": dois,
        "journal_dois": [doi for doi in dois if not is_copy(doi)],
    }
