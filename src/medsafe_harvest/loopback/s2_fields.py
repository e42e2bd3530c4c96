"""What a Semantic Scholar paper object shows, field by field, and which fields may be asked."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from medsafe_harvest.loopback.corpus import Paper
from medsafe_harvest.loopback.refused import RefusedError

_DEFAULT = ("paperId", "title")
_NOTICE = (
    "Notice: the licence of this file is stated by its source: {url}. "
    "Go there before using the content."
)
_VENUE_TYPES = {"Conference": "conference", "JournalArticle": "journal"}
#: Subfields that may be named after a dot. ``citations`` and ``references`` take those of a paper.
_AUTHOR = frozenset(
    ("authorId", "name", "affiliations", "hIndex", "paperCount", "citationCount", "homepage",
     "url", "externalIds")
)  # fmt: skip
_BULK_AUTHOR = frozenset(("authorId", "name"))
#: Not answered by bulk search: nested papers and what is computed per paper.
_NOT_IN_BULK = frozenset(("citations", "references", "embedding", "tldr"))


def parse_fields(text: str | None, *, bulk: bool) -> tuple[str, ...]:
    """The asked field names, with their dots; the service's default where none is asked.

    Raises:
        RefusedError: a field that the endpoint does not know.
    """
    if not text:
        return _DEFAULT
    asked = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in asked if not _known(name, bulk=bulk)]
    if unknown:
        raise RefusedError(f"Unrecognized or unsupported fields: [{', '.join(unknown)}]")
    return asked


def _known(name: str, *, bulk: bool) -> bool:
    top, dot, rest = name.partition(".")
    if top not in _FIELDS or (bulk and top in _NOT_IN_BULK):
        return False
    if not dot:
        return True
    if top == "authors":
        return rest in (_BULK_AUTHOR if bulk else _AUTHOR)
    if top in {"citations", "references"}:
        return rest.partition(".")[0] in _FIELDS
    return name == "embedding.specter_v2"


def render(
    paper: Paper, fields: tuple[str, ...], references: Sequence[Paper] | None = ()
) -> dict[str, Any]:
    """The object with the asked fields and ``paperId``, in the service's order.

    Args:
        paper: what is shown.
        fields: as asked for.
        references: the papers that it cites; None where they are withheld.
    """
    tops = {name.partition(".")[0] for name in fields} | {"paperId"}
    shown = {name: show(paper) for name, show in _FIELDS.items() if name in tops}
    if "authors" in shown:
        parts = (name.partition(".") for name in fields)
        wanted = _BULK_AUTHOR | {rest for top, _, rest in parts if top == "authors"}
        shown["authors"] = [
            {key: value for key, value in author.items() if key in wanted}
            for author in shown["authors"]
        ]
    if "references" in shown and references is not None:
        parts = (name.partition(".") for name in fields)
        inner = tuple(rest for top, _, rest in parts if top == "references" and rest)
        shown["references"] = [render(one, inner or _DEFAULT) for one in references]
    return shown


def open_access_url(paper: Paper) -> str:
    """Where the paper can be read freely, or an empty text."""
    if paper.open_access_url is not None:
        return paper.open_access_url
    return f"https://arxiv.org/pdf/{paper.arxiv_id}" if paper.arxiv_id is not None else ""


def venue(paper: Paper) -> str:
    """Name of the venue; arXiv itself for a paper that appeared nowhere else."""
    if paper.venue is None and paper.journal is None and paper.arxiv_id is not None:
        return "arXiv.org"
    return paper.venue or ""


def journal(paper: Paper) -> dict[str, str] | None:
    """Name, volume and pages, each only where known."""
    if paper.journal is None and paper.venue is None and paper.arxiv_id is not None:
        return {"name": "ArXiv", "volume": f"abs/{paper.arxiv_id}"}
    parts = {"name": paper.journal, "pages": paper.pages, "volume": paper.volume}
    return {key: text for key, text in parts.items() if text is not None} or None


def external_ids(paper: Paper) -> dict[str, str | int]:
    """All identifiers; the corpus id is a number, the others are texts."""
    texts = {
        "DBLP": paper.dblp,
        "ArXiv": paper.arxiv_id,
        "MAG": paper.mag,
        "ACL": paper.acl,
        "PubMedCentral": paper.pmcid.removeprefix("PMC") if paper.pmcid is not None else None,
        "DOI": paper.doi,
    }
    known: dict[str, str | int] = {key: text for key, text in texts.items() if text is not None}
    known["CorpusId"] = paper.corpus_id
    if paper.pmid is not None:
        known["PubMed"] = paper.pmid
    return known


def _publication_venue(paper: Paper) -> dict[str, Any] | None:
    name = venue(paper)
    if not name:
        return None
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"venue:{name}"))
    shown: dict[str, Any] = {"id": identity, "name": name, "alternate_names": []}
    types = [_VENUE_TYPES[kind] for kind in paper.publication_types if kind in _VENUE_TYPES]
    return {**shown, "type": types[0]} if types and name != "arXiv.org" else shown


def _open_access(paper: Paper) -> dict[str, Any]:
    url = open_access_url(paper)
    status = "GREEN" if url else None
    return {"url": url, "status": status, "license": None, "disclaimer": _NOTICE.format(url=url)}


def _authors(paper: Paper) -> list[dict[str, Any]]:
    affiliations = dict(enumerate(paper.affiliations))
    return [
        {
            "authorId": str(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)),
            "name": name,
            "affiliations": [affiliations[n]] if affiliations.get(n) else [],
            "hIndex": 0,
            "paperCount": 0,
            "citationCount": 0,
            "homepage": None,
            "url": None,
            "externalIds": {},
        }
        for n, name in enumerate(paper.authors)
    ]


def _bibtex(paper: Paper) -> dict[str, str]:
    # The service writes the list of types where BibTeX wants one word.
    kind = str(list(paper.publication_types)) if paper.publication_types else "Article"
    names = " and ".join(paper.authors)
    return {
        "bibtex": f"@{kind}{{{paper.s2_id[:8]},\n author = {{{names}}},\n"
        f" title = {{{paper.title}}},\n year = {{{paper.year}}}\n}}\n"
    }


_FIELDS: dict[str, Callable[[Paper], Any]] = {
    "paperId": lambda p: p.s2_id,
    "externalIds": external_ids,
    "corpusId": lambda p: p.corpus_id,
    "publicationVenue": _publication_venue,
    "url": lambda p: f"https://www.semanticscholar.org/paper/{p.s2_id}",
    "title": lambda p: p.title,
    "abstract": lambda p: p.abstract,
    "venue": venue,
    "year": lambda p: p.year,
    "referenceCount": lambda p: p.reference_count,
    "citationCount": lambda p: p.citation_count,
    "influentialCitationCount": lambda p: p.influential_citation_count,
    "isOpenAccess": lambda p: bool(open_access_url(p)),
    "openAccessPdf": _open_access,
    "fieldsOfStudy": lambda p: list(p.fields_of_study) or None,
    "s2FieldsOfStudy": lambda p: [
        {"category": name, "source": "external"} for name in p.fields_of_study
    ],
    "tldr": lambda p: {"model": "tldr@v2.0.0", "text": p.tldr} if p.tldr is not None else None,
    "publicationTypes": lambda p: list(p.publication_types) or None,
    "publicationDate": lambda p: p.published.date().isoformat() if p.published else None,
    "journal": journal,
    "citationStyles": _bibtex,
    "embedding": lambda _: None,
    "textAvailability": lambda p: "none" if p.abstract is None else "abstract",
    "authors": _authors,
    "citations": lambda _: [],
    "references": lambda _: None,
}
