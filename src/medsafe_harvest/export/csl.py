"""CSL-JSON, as Zotero, pandoc and every citeproc read it."""

from __future__ import annotations

import json
from typing import Any

from medsafe_harvest.export.works import Kind, Person, Work

_TYPES = {
    Kind.ARTICLE: "article-journal",
    Kind.CONFERENCE: "paper-conference",
    Kind.PREPRINT: "article",
    Kind.OTHER: "document",
}


def entry(work: Work) -> str:
    """One item as JSON."""
    return json.dumps(item(work), ensure_ascii=False, indent=1)


def item(work: Work) -> dict[str, Any]:
    """One item of the CSL schema 1.0.2, without empty fields."""
    preprint = work.kind is Kind.PREPRINT
    fields: dict[str, Any] = {
        "id": work.key,
        "type": _TYPES[work.kind],
        "title": work.title,
        "author": [name(person) for person in work.people],
        "issued": _date(work),
        "container-title": None if preprint else work.container,
        "publisher": work.container if preprint else None,
        "genre": "preprint" if preprint else None,
        "number": f"arXiv:{work.arxiv_id}" if preprint and work.arxiv_id else None,
        "archive": "arXiv" if work.arxiv_id else None,
        "archive_location": work.arxiv_id,
        "volume": work.volume,
        "issue": work.issue,
        "page": work.pages,
        "DOI": work.doi,
        "PMID": work.pmid,
        "PMCID": work.pmcid,
        "URL": work.url,
        "abstract": work.abstract,
        "keyword": ", ".join(work.keywords),
        "note": ". ".join([*work.warnings, *(f"Code: {url}" for url in work.code)]),
        # For key-value pairs, says the schema; citeproc-py warns that it does not know it.
        "custom": {"paper_id": work.paper_id},
    }
    return {field: value for field, value in fields.items() if value}


def _date(work: Work) -> dict[str, list[list[int]]] | None:
    if work.year is None:
        return None
    return {"date-parts": [[part for part in (work.year, work.month, work.day) if part]]}


def name(person: Person) -> dict[str, str]:
    """The parts of a name; a group, or a name of one word, is literal."""
    if person.is_group:
        return {"literal": person.family}
    parts = {
        "family": person.family,
        "given": person.given,
        "non-dropping-particle": person.particle,
        "suffix": person.suffix,
    }
    return {part: value for part, value in parts.items() if value}
