"""Source records to the record schema, column by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from medsafe_harvest.normalize import ids
from medsafe_harvest.normalize.code_links import find_code_links
from medsafe_harvest.normalize.dates import parse_date, valid_year
from medsafe_harvest.normalize.journal_ref import JournalRef, parse_journal_ref
from medsafe_harvest.normalize.licences import parse_licence
from medsafe_harvest.normalize.links import find_links
from medsafe_harvest.normalize.names import Name, split_name
from medsafe_harvest.normalize.text import clean_title, one_line
from medsafe_harvest.normalize.venues import VenueTable, is_workshop
from medsafe_harvest.normalize.withdrawal import says_withdrawn
from medsafe_harvest.schema import RECORD
from medsafe_harvest.sources.base import SourceAuthor, SourceRecord

_KINDS = frozenset({"journal", "conference", "workshop", "preprint"})
_COUNT_LIMIT = 2**31 - 1

#: Identifier kinds that need no more than their cleaner, with their columns.
_SIMPLE_IDS: dict[str, tuple[str, Callable[[str | None], str | None]]] = {
    "pmid": ("pmid", ids.clean_pmid),
    "pmcid": ("pmcid", ids.clean_pmcid),
    "s2": ("s2_paper_id", ids.clean_s2_paper_id),
    "acl": ("acl_id", ids.clean_acl),
    "dblp": ("dblp_key", ids.clean_dblp),
    "mag": ("mag_id", ids.clean_mag),
    "openreview": ("openreview_id", ids.clean_openreview),
    "openalex": ("openalex_id", ids.clean_openalex),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """Which seed queries found a record, and the days (UTC) of its first and latest harvest."""

    queries: tuple[str, ...]
    first_seen: date
    last_seen: date
    #: Fields of other doors than the one that described it, as ``field=door``.
    doors: tuple[str, ...] = ()
    #: From when the source has it no longer.
    gone: date | None = None
    #: ``record_id`` that it had before, as the column ``former_record_ids`` has them.
    former_ids: tuple[str, ...] = ()


def to_batch(
    records: Sequence[SourceRecord], seen: Sequence[Seen], venues: VenueTable
) -> pa.RecordBatch:
    """The records in schema RECORD, in the order given.

    A malformed identifier, date or number becomes null; it never stops the rest. ``year`` of an
    arXiv record is that of its journal reference where that names one, else of its first version.

    Raises:
        ValueError: the two sequences differ in length.
    """
    rows = [_row(record, when, venues) for record, when in zip(records, seen, strict=True)]
    columns = [pa.array([row.get(field.name) for row in rows], type=field.type) for field in RECORD]
    return pa.RecordBatch.from_arrays(columns, schema=RECORD)


def _row(record: SourceRecord, seen: Seen, venues: VenueTable) -> dict[str, Any]:
    licence, licence_url = parse_licence(record.licence)
    return {
        "record_id": _valid(f"{record.source}:{record.source_id}"),
        "source": record.source,
        "source_id": _valid(record.source_id),
        "title_raw": _valid(record.title),
        "title": clean_title(record.title),
        "abstract": one_line(record.abstract),
        "authors": [_author(author) for author in record.authors if one_line(author.name)],
        **_dates(record),
        **_publication(record, venues),
        **_identifiers(record),
        "primary_category": one_line(record.primary_category),
        "categories": _distinct(record.categories),
        "fields_of_study": sorted(_distinct(record.fields_of_study)),
        "publication_types": sorted(_distinct(record.publication_types)),
        "licence": licence,
        "licence_url": one_line(licence_url),
        "comment": one_line(record.comment),
        "journal_ref": one_line(record.journal_ref),
        "code_links": find_code_links(record.abstract, record.comment),
        "links": [link._asdict() for link in find_links(record.abstract, record.comment)],
        "withdrawn": record.withdrawn or says_withdrawn(record.comment, record.abstract),
        "url": one_line(record.url),
        "pdf_url": one_line(record.pdf_url),
        "open_access": record.open_access,
        "open_access_url": one_line(record.open_access_url),
        "citation_count": _count(record.citation_count),
        "influential_citation_count": _count(record.influential_citation_count),
        "reference_count": _count(record.reference_count),
        "cites": sorted({one for one in record.cites if 0 < one < 2**63}),
        "tldr": one_line(record.tldr),
        "doors": sorted(seen.doors),
        "gone": seen.gone,
        "former_record_ids": list(seen.former_ids),
        "queries": sorted(set(seen.queries)),
        "first_seen": seen.first_seen,
        "last_seen": seen.last_seen,
    }


def _valid(text: str) -> str:
    """As received, but for lone surrogates and nulls, which no Arrow or C reader can hold."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _author(author: SourceAuthor) -> dict[str, str | None]:
    """Parts that the source itself splits are trusted; a suffix or group may still be in them."""
    family = clean_title(author.family) if author.family else None
    if family:
        given = clean_title(author.given) if author.given else None
        parts = Name(given or None, family, one_line(author.suffix))
    else:
        parts = split_name(author.name)
    return {
        "name": one_line(author.name),
        "given": parts.given,
        "family": parts.family,
        "suffix": parts.suffix,
    }


def _dates(record: SourceRecord) -> dict[str, Any]:
    published, year_of_date = parse_date(record.published)
    updated, _ = parse_date(record.updated)
    return {
        "published": published,
        "updated": updated,
        "version_dates": [day for text in record.versions if (day := parse_date(text)[0])],
        "year": year_of_date or valid_year(record.year),
    }


def _publication(record: SourceRecord, venues: VenueTable) -> dict[str, Any]:
    """Venue, kind, volume, issue and pages; an arXiv record's from its journal reference.

    A reference that names its year gives the year of publication too.
    """
    words = clean_title(record.venue) if record.venue else None
    volume, issue, pages = (one_line(x) for x in (record.volume, record.issue, record.pages))
    if volume and volume.startswith("abs/"):
        volume = None  # CoRR's "volume" is the arXiv id
    ref = parse_journal_ref(record.journal_ref, venues) if not words else None
    if ref:
        return {
            "venue_raw": _valid(record.venue) if record.venue else None,
            "venue": ref.venue,
            "venue_kind": _kind(ref, record),
            "volume": volume or ref.volume,
            "issue": issue or ref.issue,
            "pages": pages or ref.pages,
            **({"year": ref.year} if ref.year else {}),
        }
    known = venues.find(words)
    said = record.venue_kind if record.venue_kind in _KINDS else None
    return {
        "venue_raw": _valid(record.venue) if record.venue else None,
        "venue": known[0] if known else words or None,
        "venue_kind": known[1] if known else ("workshop" if is_workshop(words) else said),
        "volume": volume,
        "issue": issue,
        "pages": pages,
    }


def _kind(ref: JournalRef, record: SourceRecord) -> str | None:
    """A record with a venue beyond the preprint server is no longer called a preprint."""
    if ref.venue_kind:
        return ref.venue_kind
    said = record.venue_kind
    if said in _KINDS and said != "preprint":
        return said
    return "journal" if ref.volume else None


def _identifiers(record: SourceRecord) -> dict[str, Any]:
    found: dict[str, Any] = {}
    dois: list[str] = []
    for kind, text in record.identifiers:
        if kind in _SIMPLE_IDS:
            column, cleaner = _SIMPLE_IDS[kind]
            found[column] = found.get(column) or cleaner(text)
        elif kind == "corpus":
            corpus = ids.clean_corpus_id(text)
            found["corpus_id"] = found.get("corpus_id") or (int(corpus) if corpus else None)
        elif kind == "doi":
            dois.extend(ids.find_dois(text))
        if kind in {"arxiv", "doi"} and "arxiv_id" not in found:
            parsed = ids.parse_arxiv(text)
            if parsed:
                found["arxiv_id"], found["arxiv_version"] = parsed
    distinct = list(dict.fromkeys(dois))
    found["doi"] = distinct[0] if distinct else None
    found["other_dois"] = sorted(distinct[1:])
    return found


def _distinct(texts: Sequence[str]) -> list[str]:
    lines = (one_line(text) for text in texts)
    return list(dict.fromkeys(line for line in lines if line))


def _count(value: int | None) -> int | None:
    return value if value is not None and 0 <= value <= _COUNT_LIMIT else None
