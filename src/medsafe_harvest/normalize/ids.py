"""Identifiers: from text, prefix or address to one canonical form, or None.

Canonical forms: a DOI in lower case without resolver, an arXiv id without prefix and version,
a PMID in digits, a PMCID as ``PMC`` and digits, an OpenAlex id as ``W`` and digits. All patterns
are ASCII only, so that other scripts' digits and look-alike letters never pass.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

#: Prefixes of mirror copies that carry a DOI of their own for somebody else's paper.
MIRROR_PREFIXES = frozenset({"10.65215"})

#: Archives with ids of the scheme used until March 2007.
ARCHIVES = frozenset(
    "acc-phys adap-org alg-geom ao-sci astro-ph atom-ph bayes-an chao-dyn chem-ph cmp-lg comp-gas "  # noqa: SIM905 - a word list reads best as text
    "cond-mat cs dg-ga funct-an gr-qc hep-ex hep-lat hep-ph hep-th math math-ph mtrl-th nlin "
    "nucl-ex nucl-th patt-sol physics plasm-ph q-alg q-bio quant-ph solv-int supr-con".split()
)
_ARCHIVE_OF_BARE_NAME = {name.replace("-", ""): name for name in ARCHIVES}

_ARXIV_NEW = re.compile(
    r"([0-9]{2}(?:0[1-9]|1[0-2]))\.([0-9]{4,5})(?:v([1-9][0-9]{0,3}))?", re.IGNORECASE
)
_ARXIV_OLD = re.compile(
    r"([a-z]+(?:-[a-z]+)?)(?:\.[a-z-]{2,})?/([0-9]{2}(?:0[1-9]|1[0-2]))([0-9]{3})"
    r"(?:v([1-9][0-9]{0,3}))?",
    re.IGNORECASE,
)
_ARXIV_PREFIX = re.compile(
    r"(?:https?://)?(?:(?:www\.|export\.)?arxiv\.org|xxx\.lanl\.gov)"
    r"/(?:abs|pdf|html|src|e-print|format|ps)/"
    r"|(?:https?://(?:dx\.)?doi\.org/|doi:)?\s*10\.48550/arxiv\."
    r"|oai:arxiv\.org:"
    r"|arxiv\s*:\s*",
    re.IGNORECASE,
)
_ARXIV_TAIL = re.compile(r"(?:[?#].*|\.pdf|/|\s+\[[A-Za-z.-]+\])$", re.IGNORECASE)

_DOI = re.compile(r"(?<![0-9.])10\.[0-9]{4,9}(?:\.[0-9]+)*/\S+")
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.", re.IGNORECASE)
_NEXT_DOI = re.compile(
    r"[,;|](?=(?:https?://(?:dx\.)?doi\.org/|doi:)?10\.[0-9]{4,9}/)", re.IGNORECASE
)
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_URL = re.compile(r"https?://\S+")
_PREPRINT_TAIL = re.compile(
    r"(10\.(?:1101|64898)/\S+?)v[0-9]+(?:\.(?:full|abstract|supplementary|article)\S*)?$"
)
_PAGE_TAIL = re.compile(
    r"(?:/(?:full|pdf|epdf|abstract|abs|meta|fulltext|full-text)|\.pdf)$", re.IGNORECASE
)
_CLOSING = {")": "(", "]": "[", "}": "{", ">": "<"}


def parse_arxiv(text: str | None) -> tuple[str, int | None] | None:
    """The arXiv id and version that the text is, as id, prefixed id, address or arXiv DOI.

    New ids run from 0704, with four digits up to 1412 and five from 1501. Old ids run from 9107
    to 0703; their subject class is no part of the identity (``math.GT/0309136`` is
    ``math/0309136``), and a missing hyphen is repaired as arXiv's own server does (``hepth/``).
    """
    if text is None:
        return None
    bare = text.strip()
    prefix = _ARXIV_PREFIX.match(bare)
    if prefix:
        bare = bare[prefix.end() :]
    bare = _ARXIV_TAIL.sub("", _ARXIV_TAIL.sub("", bare))
    if new := _ARXIV_NEW.fullmatch(bare):
        month, number, version = new.groups()
        five = month >= "1501"
        if not "0704" <= month <= "9012" or len(number) != 4 + five or not int(number):
            return None
        return f"{month}.{number}", int(version) if version else None
    if old := _ARXIV_OLD.fullmatch(bare):
        archive, month, number, version = old.groups()
        known = _ARCHIVE_OF_BARE_NAME.get(archive.lower().replace("-", ""))
        if known is None or not (month >= "9107" or month <= "0703") or not int(number):
            return None
        return f"{known}/{month}{number}", int(version) if version else None
    return None


def clean_arxiv(text: str | None) -> str | None:
    """The arXiv id without version; see :func:`parse_arxiv`."""
    parsed = parse_arxiv(text)
    return parsed[0] if parsed else None


def is_arxiv_doi(text: str) -> bool:
    """Whether the text holds a DOI that DataCite registered for an arXiv paper."""
    return _ARXIV_DOI.search(text) is not None


def find_dois(text: str | None) -> tuple[str, ...]:
    """All DOIs in a text or address, in order, each once, in canonical form.

    An author's DOI field often holds several. An address is percent-decoded once; whatever is
    still escaped then is damaged and left out. arXiv's own DOIs say no more than the arXiv id
    (:func:`parse_arxiv` reads them), and mirror copies' DOIs denote no paper: both are left out.
    """
    if text is None or "10." not in text:
        return ()
    readable = _URL.sub(lambda url: re.split(r"[?#](?!.*10\.[0-9]{4,9}/)", url[0])[0], text)
    readable = _NEXT_DOI.sub(" ", unquote(readable))
    found = (_trim_doi(match[0]) for match in _DOI.finditer(readable))
    return tuple(dict.fromkeys(doi for doi in found if doi))


def clean_doi(text: str | None) -> str | None:
    """The first DOI in a text or address; see :func:`find_dois`."""
    return next(iter(find_dois(text)), None)


def _trim_doi(raw: str) -> str | None:
    doi = _PREPRINT_TAIL.sub(r"\1", raw.lower())
    before = None
    while doi != before:
        before = doi
        doi = _PAGE_TAIL.sub("", doi).rstrip(".,;:\"'`*")
        last = doi[-1:]
        if last in _CLOSING and doi.count(last) > doi.count(_CLOSING[last]):
            doi = doi[:-1]
    prefix, _, suffix = doi.partition("/")
    damaged = _ESCAPED.search(doi) or not doi.isprintable() or "\ufffd" in doi
    if damaged or not any(map(str.isalnum, suffix)):
        return None
    return None if prefix in MIRROR_PREFIXES or is_arxiv_doi(doi) else doi


def _cleaner(pattern: str) -> re.Pattern[str]:
    """A pattern with one group, for the whole of a text, in any case."""
    return re.compile(rf"\s*{pattern}/?\s*", re.IGNORECASE | re.ASCII)


def _match(pattern: re.Pattern[str], text: str | None) -> str | None:
    found = pattern.fullmatch(text) if text is not None else None
    return found[1] if found else None


_SCHEME = r"(?:https?://)?(?:www\.)?"
_PMID = _cleaner(
    rf"(?:{_SCHEME}(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/|PMID\s*:?\s*)?"
    r"([1-9][0-9]{0,7})"
)
_PMCID = _cleaner(
    rf"(?:{_SCHEME}(?:pmc\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pmc)/articles/|PMCID\s*:?\s*)?"
    r"(?:PMC)?([1-9][0-9]{0,8})"
)
_CORPUS = _cleaner(
    rf"(?:{_SCHEME}(?:api\.)?semanticscholar\.org/)?(?:CorpusID\s*:?\s*)?([1-9][0-9]{{0,17}})"
)
_S2_PAPER = _cleaner(rf"(?:{_SCHEME}semanticscholar\.org/paper/(?:[^/\s]+/)?)?([0-9a-f]{{40}})")
_ACL_TAIL = r"(?:\.pdf|\.bib)?"
_ACL_SITE = rf"(?:{_SCHEME}(?:aclanthology\.org|aclweb\.org/anthology)/)?"
_ACL_OLD = _cleaner(rf"{_ACL_SITE}([A-Z][0-9]{{2}}-[0-9]{{4,5}}){_ACL_TAIL}")
_ACL_NEW = _cleaner(rf"{_ACL_SITE}([0-9]{{4}}\.[a-z0-9_]+-[a-z0-9_]+\.[0-9]+){_ACL_TAIL}")
_DBLP = re.compile(
    rf"\s*(?:{_SCHEME}dblp\.(?:org|uni-trier\.de)/rec/(?:html/|bibtex/)?)?"
    r"((?:journals|conf|books|series|phd|tr|reference|data)/[^/\s]+/[^/\s]+?)"
    r"(?:\.html|\.bib|\.xml)?\s*"
)
_MAG = _cleaner(r"([1-9][0-9]{0,17})")
_OPENREVIEW = re.compile(
    rf"\s*(?:{_SCHEME}openreview\.net/(?:forum|pdf|attachment)\?id=)?([A-Za-z0-9_-]{{8,12}})"
    r"(?:[&#]\S*)?\s*"
)
_OPENALEX = _cleaner(rf"(?:{_SCHEME}(?:api\.)?openalex\.org/(?:works/)?)?(W[0-9]{{4,}})")


def clean_pmid(text: str | None) -> str | None:
    """PubMed id: digits, without leading zero."""
    return _match(_PMID, text)


def clean_pmcid(text: str | None) -> str | None:
    """PubMed Central id: PMC and digits. Semantic Scholar gives the digits alone."""
    digits = _match(_PMCID, text)
    return f"PMC{digits}" if digits else None


def clean_corpus_id(text: str | None) -> str | None:
    """Semantic Scholar corpus id: digits."""
    return _match(_CORPUS, text)


def clean_s2_paper_id(text: str | None) -> str | None:
    """Semantic Scholar paper id: 40 hexadecimal digits in lower case."""
    found = _match(_S2_PAPER, text)
    return found.lower() if found else None


def clean_acl(text: str | None) -> str | None:
    """ACL Anthology id: ``P19-1001`` or ``2020.acl-main.447``."""
    if old := _match(_ACL_OLD, text):
        return old.upper()
    new = _match(_ACL_NEW, text)
    return new.lower() if new else None


def clean_dblp(text: str | None) -> str | None:
    """DBLP key, whose case counts: ``conf/miccai/RonnebergerFB15``."""
    return _match(_DBLP, text)


def clean_mag(text: str | None) -> str | None:
    """Microsoft Academic Graph id: digits."""
    return _match(_MAG, text)


def clean_openreview(text: str | None) -> str | None:
    """OpenReview note id, whose case counts."""
    return _match(_OPENREVIEW, text)


def clean_openalex(text: str | None) -> str | None:
    """OpenAlex work id: W and digits."""
    found = _match(_OPENALEX, text)
    return found.upper() if found else None
