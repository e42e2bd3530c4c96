"""Records to comparison rows: everything that matching looks at, computed once a record.

A comparison row is a fact about one record alone, so rows can be made in any batches and on any
engine, and kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from medsafe_harvest.dedupe.people import people
from medsafe_harvest.dedupe.titles import take_apart
from medsafe_harvest.normalize.text import comparison_form
from medsafe_harvest.schema import STRINGS

#: What ``compare`` reads. Lists are distinct and never null.
COMPARISON = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),  # comparison form without the marker
        pa.field("sorted_title", pa.string(), nullable=False),  # its words in alphabetical order
        pa.field("compact_title", pa.string(), nullable=False),  # its words run together
        pa.field("content_words", pa.int32(), nullable=False),
        pa.field("generic", pa.bool_(), nullable=False),
        pa.field("marker", pa.string()),
        pa.field("numbers", STRINGS, nullable=False),
        pa.field("designators", STRINGS, nullable=False),
        pa.field("families", STRINGS, nullable=False),
        pa.field("signed", STRINGS, nullable=False),
        pa.field("givens", STRINGS, nullable=False),
        pa.field("names", pa.string(), nullable=False),  # sorted family keys as one string
        pa.field("authors_cut", pa.bool_(), nullable=False),
        pa.field("year", pa.int32()),
        pa.field("venue", pa.string()),  # comparison form
        pa.field("venue_class", pa.string()),  # journal, meeting, preprint or null
        pa.field("volume", pa.string()),
        pa.field("first_page", pa.string()),
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
    "record_id", "source", "title", "authors", "year", "venue", "venue_kind", "volume", "pages",
    "doi", "other_dois", "arxiv_id", "pmid", "pmcid", "corpus_id", "acl_id", "dblp_key",
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

# Registrants of preprints and deposits: arXiv, medRxiv and bioRxiv (new), Research Square, SSRN,
# PsyArXiv, OSF, Preprints.org, ChemRxiv, TechRxiv, Authorea, JMIR Preprints, Zenodo, figshare, and
# JSTOR, which registers copies of papers that have a DOI of their publisher's, and a mirror.
_COPIES = (
    "10.48550/", "10.64898/", "10.21203/", "10.2139/", "10.31234/", "10.31219/", "10.20944/",
    "10.26434/", "10.36227/", "10.22541/", "10.2196/preprints.", "10.5281/", "10.6084/",
    "10.2307/", "10.65215/",
)  # fmt: skip
# Cold Spring Harbor registers journals and, until 2025, bioRxiv under one prefix.
_BIORXIV = re.compile(r"10\.1101/(?:\d{4}\.\d{2}\.\d{2}\.)?\d{6,}$")
# Versions of one work: Cochrane ".pub3", figshare ".v1", Research Square "/v2".
_DOI_VERSION = re.compile(r"(?:[./]v\d{1,2}|\.pub\d{1,2})$")
_MEETING = re.compile(
    r"\b(?:proc|proceedings|conf|conference|symp|symposium|workshops?|congress|meeting|minitrack)\b"
)
_JOURNAL = re.compile(
    r"\b(?:j|journal|trans|transactions|letters|annals|archives|bulletin|acta|revista|zeitschrift)\b"
)
# Journals that are called after proceedings.
_PROCEEDINGS_JOURNAL = re.compile(
    r"\b(?:national academy|natl acad|royal society|vldb endowment|transplantation proceedings"
    r"|mayo clinic|acm on)\b"
)
_PREPRINT = re.compile(r"\b(?:arxiv|corr|biorxiv|medrxiv|ssrn|chemrxiv|preprints?)\b")
_KINDS = {
    "journal": "journal",
    "conference": "meeting",
    "workshop": "meeting",
    "preprint": "preprint",
}
_FIRST_NUMBER = re.compile(r"[a-z]*\d+")


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
    dois = _dois([record["doi"], *(record["other_dois"] or [])])
    return {
        "record_id": record["record_id"],
        "source": record["source"],
        "title": title.form,
        "sorted_title": " ".join(sorted(words)),
        "compact_title": "".join(words),
        "content_words": title.content_words,
        "generic": title.generic,
        "marker": title.marker,
        "numbers": title.numbers,
        "designators": title.designators,
        "families": authors.families,
        "signed": authors.signed,
        "givens": authors.givens,
        "names": " ".join(sorted(authors.families)),
        "authors_cut": authors.cut,
        "year": record["year"],
        "venue": comparison_form(record["venue"]) if record["venue"] else None,
        "venue_class": venue_class(record["venue"], record["venue_kind"]),
        "volume": first_number(record["volume"]),
        "first_page": first_number(record["pages"]),
        "arxiv_id": record["arxiv_id"],
        "pmid": record["pmid"],
        "pmcid": record["pmcid"],
        "ids": [
            f"{kind}:{record[column]}"
            for kind, column in IDENTIFIERS.items()
            if record[column] is not None
        ],
        "dois": dois,
        "journal_dois": [doi for doi in dois if not is_copy(doi)],
    }


def _dois(values: Sequence[str | None]) -> list[str]:
    return sorted({_DOI_VERSION.sub("", value.lower()) for value in values if value})


def is_copy(doi: str) -> bool:
    """Whether a DOI names a preprint or a deposited copy, beside which a paper has its own DOI."""
    return doi.startswith(_COPIES) or _BIORXIV.match(doi) is not None


def venue_class(venue: str | None, kind: str | None) -> str | None:
    """Journal, meeting or preprint, from the kind if given, else from the venue's words."""
    if kind is not None:
        return _KINDS[kind]
    words = " ".join(re.split(r"\W+", (venue or "").lower()))
    if _PREPRINT.search(words):
        return "preprint"
    if _PROCEEDINGS_JOURNAL.search(words):
        return "journal"
    if _MEETING.search(words):
        return "meeting"
    return "journal" if _JOURNAL.search(words) else None


def first_number(text: str | None) -> str | None:
    """First page or volume number: "pp. S600-S601" gives s600, "4 (1)" gives 4."""
    found = _FIRST_NUMBER.search((text or "").lower().replace("pages", "").replace("pp", ""))
    return found[0] if found else None
