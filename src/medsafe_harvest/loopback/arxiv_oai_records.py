"""Headers and metadata of arXiv's OAI-PMH service, element by element."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime

from lxml import etree

from medsafe_harvest.loopback.arxiv_sets import sets_of, with_partners
from medsafe_harvest.loopback.corpus import Paper
from medsafe_harvest.loopback.timeline import is_withdrawn
from medsafe_harvest.loopback.xml import child

OAI = "{http://www.openarchives.org/OAI/2.0/}"
PREFIX = "oai:arXiv.org:"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_DC = "http://purl.org/dc/elements/1.1/"
#: Namespace and schema of each ``metadataPrefix``.
FORMATS = {
    "oai_dc": (
        "http://www.openarchives.org/OAI/2.0/oai_dc/",
        "http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
    ),
    "arXiv": ("http://arxiv.org/OAI/arXiv/", "http://arxiv.org/OAI/arXiv.xsd"),
    "arXivRaw": ("http://arxiv.org/OAI/arXivRaw/", "http://arxiv.org/OAI/arXivRaw.xsd"),
}
_LICENCES = (
    "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    "http://creativecommons.org/licenses/by/4.0/",
    "http://creativecommons.org/licenses/by-nc-sa/4.0/",
    "http://creativecommons.org/licenses/by-nc-nd/4.0/",
)


def licence(paper: Paper) -> str:
    """URL of the paper's licence; made up from its arXiv id where the corpus has none."""
    return paper.licence or _LICENCES[_number(paper) % len(_LICENCES)]


def sets(paper: Paper) -> tuple[str, ...]:
    """The sets that hold the paper, cross-lists included."""
    names = {name for category in with_partners(paper.categories) for name in sets_of(category)}
    return tuple(sorted(names))


def add_header(parent: etree._Element, paper: Paper, day: str) -> None:
    """Append a header with the paper's identifier, datestamp (``YYYY-MM-DD``) and sets."""
    header = child(parent, f"{OAI}header")
    child(header, f"{OAI}identifier", f"{PREFIX}{paper.arxiv_id}")
    child(header, f"{OAI}datestamp", day)
    for name in sets(paper):
        child(header, f"{OAI}setSpec", name)


def add_record(parent: etree._Element, paper: Paper, day: str, prefix: str) -> None:
    """Append a record: a header, and the metadata in one of :data:`FORMATS`."""
    record = child(parent, f"{OAI}record")
    add_header(record, paper, day)
    holder = child(record, f"{OAI}metadata")
    namespace, schema = FORMATS[prefix]
    if prefix == "oai_dc":
        spaces: dict[str | None, str] = {"oai_dc": namespace, "dc": _DC}
        metadata = etree.SubElement(holder, f"{{{namespace}}}dc", nsmap=spaces)  # type: ignore[arg-type]
    else:
        metadata = etree.SubElement(holder, f"{{{namespace}}}{prefix}", nsmap={None: namespace})  # type: ignore[dict-item]
    metadata.set(_XSI, f"{namespace} {schema}")
    _WRITERS[prefix](metadata, paper)


def _write_arxiv(metadata: etree._Element, paper: Paper) -> None:
    space = f"{{{FORMATS['arXiv'][0]}}}"
    day = f"{_moments(paper)[-1]:%Y-%m-%d}"
    child(metadata, f"{space}id", paper.arxiv_id)
    child(metadata, f"{space}created", day)
    if paper.version > 1:
        child(metadata, f"{space}updated", day)
    authors = child(metadata, f"{space}authors")
    for name in paper.authors:
        keyname, forenames = _split(name)
        author = child(authors, f"{space}author")
        child(author, f"{space}keyname", keyname)
        if forenames:
            child(author, f"{space}forenames", forenames)
    child(metadata, f"{space}title", paper.title)
    _write_rest(metadata, space, paper)


def _write_raw(metadata: etree._Element, paper: Paper) -> None:
    space = f"{{{FORMATS['arXivRaw'][0]}}}"
    child(metadata, f"{space}id", paper.arxiv_id)
    child(metadata, f"{space}submitter", paper.authors[0] if paper.authors else "")
    for number, moment in enumerate(_moments(paper), 1):
        withdrawn = number == paper.version and is_withdrawn(paper)
        version = child(metadata, f"{space}version", version=f"v{number}")
        child(version, f"{space}date", format_datetime(moment, usegmt=True))
        child(version, f"{space}size", "0kb" if withdrawn else f"{10 + _number(paper) % 5000}kb")
        child(version, f"{space}source_type", "I" if withdrawn else "D")
    child(metadata, f"{space}title", paper.title)
    names = list(paper.authors)
    last = f" and {names.pop()}" if len(names) > 1 else ""
    child(metadata, f"{space}authors", ", ".join(names) + last)
    _write_rest(metadata, space, paper)


def _write_rest(metadata: etree._Element, space: str, paper: Paper) -> None:
    rest = {
        "categories": " ".join(paper.categories) or None,
        "comments": paper.comment,
        "journal-ref": paper.journal_ref,
        "doi": paper.doi,
        "license": licence(paper),
        "abstract": paper.abstract,
    }
    for name, text in rest.items():
        if text is not None:
            child(metadata, f"{space}{name}", text)


def _write_dublin_core(metadata: etree._Element, paper: Paper) -> None:
    moments = _moments(paper)
    days = [f"{moment:%Y-%m-%d}" for moment in (moments[0], moments[-1])]
    rest: list[tuple[str, str | None]] = [
        ("title", paper.title),
        *(("creator", ", ".join(part for part in _split(a) if part)) for a in paper.authors),
        *(("subject", category) for category in paper.categories),
        ("description", paper.abstract),
        *(("date", day) for day in days[: min(paper.version, 2)]),
        ("type", "text"),
        ("identifier", f"http://arxiv.org/abs/{paper.arxiv_id}"),
        ("identifier", f"https://arxiv.org/abs/{paper.arxiv_id}"),
        ("identifier", paper.journal_ref),
        ("identifier", None if paper.doi is None else f"doi:{paper.doi}"),
    ]
    for name, text in rest:
        if text is not None:
            child(metadata, f"{{{_DC}}}{name}", text)


_WRITERS: dict[str, Callable[[etree._Element, Paper], None]] = {
    "oai_dc": _write_dublin_core,
    "arXiv": _write_arxiv,
    "arXivRaw": _write_raw,
}


def _moments(paper: Paper) -> list[datetime]:
    """When each version was submitted: the first and the last as known, the others in between."""
    first = paper.published
    if first is None:
        raise ValueError("a paper without a date has no place on the arXiv side")
    step = (paper.updated or first) - first
    steps = max(paper.version - 1, 1)
    return [
        first + timedelta(seconds=step.total_seconds() * n / steps) for n in range(paper.version)
    ]


def _split(name: str) -> tuple[str, str]:
    """Keyname and forenames: the last word and those before, or what a comma separates."""
    if "," in name:
        keyname, _, forenames = name.partition(",")
    else:
        forenames, _, keyname = name.rpartition(" ")
    return keyname.strip(), forenames.strip()


def _number(paper: Paper) -> int:
    """A number that depends on the arXiv id alone."""
    text = str(paper.arxiv_id).encode()
    return int(hashlib.sha1(text, usedforsecurity=False).hexdigest()[:8], 16)
