"""RIS, as Zotero, EndNote and Mendeley read it: one tag a line, one record after another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from medsafe_harvest.export.works import Kind, Person, Work

_TYPES = {
    Kind.ARTICLE: "JOUR",
    Kind.CONFERENCE: "CPAPER",
    Kind.PREPRINT: "UNPB",
    Kind.OTHER: "GEN",
}
_FIRST_LAST = re.compile(r"(\w+)-(\w+)")


def entry(work: Work) -> str:
    """One record, with an empty line behind it."""
    lines = "".join(f"{tag}  - {value}\n" for tag, value in _tags(work))
    return f"TY  - {_TYPES[work.kind]}\n{lines}ER  - \n\n"


def _tags(work: Work) -> Iterator[tuple[str, str]]:
    yield "ID", work.key
    yield "TI", work.title
    for person in work.people:
        yield "AU", name(person)
    if work.container:
        yield ("PB" if work.kind is Kind.PREPRINT else "T2"), work.container
    if work.year:
        yield "PY", str(work.year)
        if work.month:
            yield "DA", f"{work.year:04}/{work.month:02}/{work.day:02}"
    optional = {
        "VL": work.volume,
        "IS": work.issue,
        **_pages(work.pages),
        "DO": work.doi,
        "AN": _accession(work),
        "UR": work.url,
        "AB": work.abstract,
    }
    yield from ((tag, value) for tag, value in optional.items() if value)
    yield from (("KW", word) for word in work.keywords)
    yield from (("N1", warning) for warning in work.warnings)
    yield from (("N1", f"Code: {url}") for url in work.code)


def _pages(pages: str | None) -> dict[str, str | None]:
    both = _FIRST_LAST.fullmatch(pages or "")
    return {"SP": both[1], "EP": both[2]} if both else {"SP": pages}


def _accession(work: Work) -> str | None:
    if work.arxiv_id:
        return f"arXiv:{work.arxiv_id}"
    return f"PMID:{work.pmid}" if work.pmid else None


def name(person: Person) -> str:
    """``van der Berg, Jan, Jr.``; commas part names, so those within a part are left out."""
    family = f"{person.particle} {person.family}" if person.particle else person.family
    parts = (family, person.given, person.suffix)
    return ", ".join(" ".join(part.replace(",", " ").split()) for part in parts if part)
