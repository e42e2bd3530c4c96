"""What a link leads to: a paper with its identifiers, code, data, a talk, a badge; offline."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from medsafe_harvest.lists.hosts import (
    ARXIV_HOSTS,
    BADGE_HOSTS,
    CODE_HOSTS,
    DATA_DOIS,
    DATA_HOSTS,
    MDPI_JOURNALS,
    MEDIA_HOSTS,
    PAPER_PATHS,
)
from medsafe_harvest.normalize.code_links import find_code_links
from medsafe_harvest.normalize.ids import (
    clean_doi,
    clean_openreview,
    clean_pmcid,
    clean_pmid,
    parse_arxiv,
)

#: ``index`` is a page of a host of papers that names no single one, such as an issue.
Kind = Literal["paper", "code", "data", "media", "badge", "anchor", "index", "other"]

_PLAIN_HOSTS: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("badge", BADGE_HOSTS),
    ("media", MEDIA_HOSTS),
)
#: Longer is no address that anyone reads, and every pattern below sees it whole.
_LONGEST = 4000

_ARXIV_NEW = re.compile(r"(?<![0-9])(?<![0-9]\.)([0-9]{4}\.[0-9]{4,5})(?:v[0-9]+)?(?![0-9])")
_ARXIV_OLD = re.compile(r"([a-z]+(?:-[a-z]+)?(?:\.[a-z-]{2,})?/[0-9]{7})(?![0-9])", re.IGNORECASE)
_ARXIV_CORR = re.compile(r"/corr/abs-([0-9]{4})-([0-9]{4,5})(?![0-9])", re.IGNORECASE)
_ARXIV_BIBCODE = re.compile(r"[0-9]{4}arxiv([0-9]{4})\.?([0-9]{4,5})[A-Z]", re.IGNORECASE)
#: The path names an arXiv paper although the host has papers of others as well.
_ARXIV_WORD = re.compile(r"arxiv|/papers?/[0-9]{4}\.[0-9]", re.IGNORECASE)

_PMID = re.compile(r"/(?:pubmed/|article/med/|abstract/med/)?([0-9]{1,8})(?![0-9.])", re.IGNORECASE)
_PMCID = re.compile(r"/(PMC[0-9]{1,9})(?![0-9])", re.IGNORECASE)
_NATURE = re.compile(r"/articles/([a-z]+[0-9][a-z0-9.-]*?)(?:\.pdf|\.epdf)?/?$", re.IGNORECASE)
_HINDAWI = re.compile(r"/journals/\w+/([0-9]{4})/([0-9]{5,8})(?:/|\.|$)", re.ASCII)
_MDPI = re.compile(r"/([0-9]{4}-[0-9]{3}[0-9X])/([0-9]+)/([0-9]+)/([0-9]+)(?:/|$)", re.IGNORECASE)
_LANCET = re.compile(r"PII(S[0-9]{4}-[0-9]{4}\([0-9]{2}\)[0-9]{5}-[0-9X])", re.IGNORECASE)
_SSRN = re.compile(r"abstract(?:_?id)?=([0-9]{5,8})(?![0-9])", re.IGNORECASE)
_IJCAI = re.compile(
    r"/proceedings/(20(?:1[7-9]|[2-9][0-9]))/0*([0-9]{1,5})(?:\.pdf)?/?$", re.IGNORECASE
)
_ACM = re.compile(r"[?&](?:id|doid)=([0-9]{5,8}\.[0-9]{5,8})(?![0-9])", re.IGNORECASE)
_RXIV = re.compile(
    r"/early/[0-9]{4}/[0-9]{2}/[0-9]{2}/([0-9]{6}|[0-9]{4}\.[0-9]{2}\.[0-9]{2}\.[0-9]{6,8})"
)
_OUP = re.compile(r"/([a-z]+)/(?:article|advance-article)[\w-]*/.*?/([a-z]{3,6}[0-9]{2,4})(?:/|$)")
_OUP_DOI = re.compile(r"10\.1093/[a-z]+/[a-z0-9]+")
_DOI_TAIL = re.compile(
    r"(?:\.(?:full|short|abstract|epdf)|/(?:full|html|pdf|epub|references|figures|metrics|tables"
    r"|suppl\w*|cite|asset/.*|type/.*|keyword/.*|citation|summary|download))+$"
)
_QUERY_TAIL = re.compile(r"[&;](?:[a-z_]+=|amp;).*$", re.IGNORECASE)
_OPENREVIEW_ID = re.compile(r"[?&]id=([A-Za-z0-9_-]{8,12})(?![A-Za-z0-9_-])")
_SUPPLEMENT = re.compile(r"[/_=-]supp(?:l(?:emental|ementary|ements?)?)?(?![a-z])", re.IGNORECASE)
#: An identifier that is named rather than linked.
_SPOKEN = re.compile(r"(doi|arxiv|pmid|pmcid)\s?(?::|\s|(?=[0-9P]))", re.IGNORECASE)
_BARE_DOI = re.compile(r"10\.[0-9]{4,9}/\S")
_PDF_IN_CODE = re.compile(r"/(?:blob|raw|tree)/.*\.pdf$", re.IGNORECASE)


class Place(NamedTuple):
    """What a link leads to.

    Attributes:
        kind: see :data:`Kind`.
        arxiv_id: and the other four, as in :class:`~medsafe_harvest.lists.entries.Entry`.
        code: the repository, canonical, where it leads to one.
    """

    kind: Kind
    arxiv_id: str | None = None
    doi: str | None = None
    pmid: str | None = None
    pmcid: str | None = None
    openreview_id: str | None = None
    code: str | None = None

    @property
    def ids(self) -> tuple[str | None, ...]:
        """The five identifiers."""
        return self[1:6]

    @property
    def identified(self) -> bool:
        """Whether the address names the paper by an identifier."""
        return any(self.ids)


def locate(url: str) -> Place:
    """What an address leads to, read off the address alone; never raises."""
    url = url[:_LONGEST].strip()
    if not url or url.startswith("#"):
        return Place("anchor")
    if spoken := _SPOKEN.match(url):
        return _by_ids(spoken[1].lower(), url)
    if _BARE_DOI.match(url):
        return _by_ids("doi", f"doi:{url}")
    parts = _split(url)
    if parts is None or not parts.netloc:
        return Place("other" if parts is None else _relative(url))
    return _by_host(_host(parts), parts, url)


def _by_host(host: str, parts: SplitResult, url: str) -> Place:
    for kind, hosts in _PLAIN_HOSTS:
        if _is_in(host, hosts):
            return Place(kind)
    path = unquote(parts.path) + (f"?{parts.query}" if parts.query else "")
    if _is_in(host, CODE_HOSTS) or host.startswith("gitlab."):
        return _code(url, path)
    arxiv = _arxiv(host, path)
    found = Place("paper", arxiv_id=arxiv) if arxiv else _identified(host, path, url)
    if found:
        return found
    if _is_in(host, DATA_HOSTS):
        return Place("data", code=next(iter(find_code_links(url)), None))
    return Place(_kind(host, path))


def _relative(url: str) -> Kind:
    return "paper" if url.lower().endswith(".pdf") else "anchor"


def _split(url: str) -> SplitResult | None:
    text = re.sub(r"\s+", "", url)
    if text.startswith("//"):
        text = f"https:{text}"
    elif text.startswith("www."):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        named = parts.hostname is not None
    except ValueError:
        return None
    return parts if named or not parts.scheme else None


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower().rstrip(".")
    return re.sub(r"^(?:www\d?|m|amp)\.(?=.+\.)", "", host)


def _is_in(host: str, hosts: frozenset[str] | dict[str, re.Pattern[str]]) -> bool:
    return _known(host, hosts) is not None


def _known(host: str, hosts: frozenset[str] | dict[str, re.Pattern[str]]) -> str | None:
    """The host itself or the nearest one that it is part of, if it is among the hosts."""
    while host:
        if host in hosts:
            return host
        _, _, host = host.partition(".")
    return None


def _code(url: str, path: str) -> Place:
    if _PDF_IN_CODE.search(path):
        return Place("paper")
    return Place("code", code=next(iter(find_code_links(url)), None))


def _by_ids(kind: str, text: str) -> Place:
    number = re.sub(r"\s", "", text.partition(":")[2] or text[len(kind) :])
    if arxiv := parse_arxiv(f"arxiv:{number}" if kind == "arxiv" else number):
        place = Place("paper", arxiv_id=arxiv[0])
    elif kind == "doi":
        place = Place("paper", doi=_doi_of(number))
    elif kind == "pmid":
        place = Place("paper", pmid=clean_pmid(number))
    else:
        place = Place("paper", pmcid=clean_pmcid(number) if kind == "pmcid" else None)
    return place if place.identified else Place("other")


def _arxiv(host: str, path: str) -> str | None:
    if not _is_in(host, ARXIV_HOSTS):
        return None
    own = host.endswith(("arxiv.org", "alphaxiv.org", "ar5iv.org", "arxiv-vanity.com", "lanl.gov"))
    if not own and not _ARXIV_WORD.search(path) and "/corr/" not in path:
        return None
    if found := _ARXIV_CORR.search(path) or _ARXIV_BIBCODE.search(path):
        candidates = [f"{found[1]}.{found[2]}"]
    else:
        candidates = [one[1] for one in (*_ARXIV_NEW.finditer(path), *_ARXIV_OLD.finditer(path))]
    return next((ok[0] for one in candidates if (ok := parse_arxiv(one))), None)


def _identified(host: str, path: str, url: str) -> Place | None:
    """The paper, where the address has an identifier other than arXiv's."""
    if host == "openreview.net":
        found = _OPENREVIEW_ID.search(path)
        is_paper = path.startswith(("/forum", "/pdf", "/attachment"))
        forum = clean_openreview(found[1]) if found and is_paper else None
        return Place("paper", openreview_id=forum) if forum else None
    if host.endswith(("ncbi.nlm.nih.gov", "europepmc.org")):
        return _medical(host, path)
    doi = _derived(host, path) or _doi_of(url)
    if not doi:
        return None
    if doi.startswith(DATA_DOIS):
        return Place("data", code=next(iter(find_code_links(url)), None))
    whole = re.search(r"/doi/(?:proceedings|book)/|/book/|/journal/|/series/", path)
    return Place("index") if whole else Place("paper", doi=doi)


def _medical(host: str, path: str) -> Place | None:
    if found := _PMCID.search(path):
        return Place("paper", pmcid=clean_pmcid(found[1]))
    if "/pmc/" in path or host.startswith("pmc."):
        return None
    is_paper = host.startswith("pubmed.") or "/pubmed/" in path or "/med/" in path.lower()
    number = _PMID.search(path) if is_paper else None
    pmid = clean_pmid(number[1]) if number else None
    return Place("paper", pmid=pmid) if pmid else None


def _doi_of(url: str) -> str | None:
    if "10." not in url:
        return None
    parts = _split(url)
    query = parse_qs(parts.query) if parts and "10." in unquote(parts.query) else {}
    values = [value for values in query.values() for value in values if "10." in value]
    before = None
    doi = clean_doi(values[0] if values and "10." not in (parts.path if parts else "") else url)
    while doi and doi != before:
        before, doi = doi, _DOI_TAIL.sub("", _QUERY_TAIL.sub("", doi))
    if doi and (oxford := _OUP_DOI.match(doi)):
        return oxford[0]
    return clean_doi(doi)


def _derived(host: str, path: str) -> str | None:
    """The DOI that a publisher's address gives by rule although it does not contain it."""
    known = _known(host, _DERIVED_HOSTS)
    return _DERIVE[known](path) if known else None


def _mdpi(path: str) -> str | None:
    found = _MDPI.search(path)
    journal = MDPI_JOURNALS.get(found[1].upper()) if found else None
    if not found or not journal:
        return None
    volume, issue, article = (int(number[:9]) for number in found.groups()[1:])
    return f"10.3390/{journal}{volume}{issue:02}{article:04}"


def _oup(path: str) -> str | None:
    found = None if "10.1093" in path else _OUP.search(path)
    return f"10.1093/{found[1]}/{found[2]}" if found else None


def _rule(pattern: re.Pattern[str], form: str) -> Callable[[str], str | None]:
    def derive(path: str) -> str | None:
        found = pattern.search(path.partition("?")[0] if "=" not in pattern.pattern else path)
        return form.format(*found.groups()).lower() if found else None

    return derive


_DERIVE = {
    "nature.com": _rule(_NATURE, "10.1038/{0}"),
    "hindawi.com": _rule(_HINDAWI, "10.1155/{0}/{1}"),
    "mdpi.com": _mdpi,
    "thelancet.com": _rule(_LANCET, "10.1016/{0}"),
    "ssrn.com": _rule(_SSRN, "10.2139/ssrn.{0}"),
    "ijcai.org": _rule(_IJCAI, "10.24963/ijcai.{0}/{1}"),
    "dl.acm.org": _rule(_ACM, "10.1145/{0}"),
    "biorxiv.org": _rule(_RXIV, "10.1101/{0}"),
    "medrxiv.org": _rule(_RXIV, "10.1101/{0}"),
    "academic.oup.com": _oup,
}
_DERIVED_HOSTS = frozenset(_DERIVE)


def _kind(host: str, path: str) -> Kind:
    if _SUPPLEMENT.search(path):
        return "other"
    is_file = re.search(r"\.pdf(?:$|[?#])", path, re.IGNORECASE) is not None
    if known := _known(host, PAPER_PATHS):
        single = PAPER_PATHS[known].match(path) or (is_file and "list" not in path.lower())
        return "paper" if single else "index"
    if is_file or (host.startswith("hal.") and re.search(r"/\w+-\d{5,}", path)):
        return "paper"
    is_blog = host.startswith("blog.") or "/blog/" in path or "/blogs/" in path
    return "media" if is_blog else "other"
