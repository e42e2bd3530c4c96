"""A paper in words, as feeds and digests show it. Pure.

A paper here is a row of ``schema.PAPER`` as a dict, with the columns that a function names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from medsafe_harvest.normalize.text import one_line

#: What XML 1.0 cannot hold and ``one_line`` leaves.
_NO_XML = re.compile("[\ufffe\uffff]")
#: What stands in an address as it is: reserved and unreserved characters (RFC 3986), and escapes.
_IN_ADDRESS = ":/?#[]@!$&'()*+,;=-._~%"
#: For a paper whose title is empty.
UNTITLED = "(no title)"
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_ABOUT_ONLY = "//www.semanticscholar.org/"
_LINKS = {"repository": "Code", "dataset": "Data"}
#: Topics that have capitals or hyphens, within a sentence.
_TOPICS = {
    **{word: word.upper() for word in ("ct", "mri", "pet", "ecg", "eeg", "ehr")},
    "model-ip": "model IP",
    "x-ray": "X-ray",
    "vision-language": "vision-language",
}
#: What a topic is called where its name stands alone, if that is more than its slug tells.
_HEADINGS = {
    "backdoor-poisoning": "Backdoors and poisoning",
    "adversarial": "Adversarial attacks",
}


def plain(text: str | None) -> str:
    """The text on one line, without what no XML document can hold; empty for None."""
    return one_line(_NO_XML.sub("", text or "")) or ""


def web(url: str | None) -> str | None:
    """The address with odd characters escaped; None where it is none of the web's."""
    text = plain(url)
    if not _WEB.match(text):
        return None
    escaped = quote(text, safe=_IN_ADDRESS)
    # A percent sign that begins no escape, and brackets that enclose no IPv6 address.
    escaped = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", escaped)
    scheme, _, rest = escaped.partition("//")
    host, slash, path = rest.partition("/")
    return f"{scheme}//{host}{slash}{path.replace('[', '%5B').replace(']', '%5D')}"


def page_of(paper: Mapping[str, Any]) -> str | None:
    """Where the paper is read: by its ``url``, ``doi`` or ``open_access_url``.

    A page of Semantic Scholar, which tells of the paper only, comes last.
    """
    doi = paper["doi"] and f"https://doi.org/{quote(plain(paper['doi']), safe='/:;().-_')}"
    found = [web(address) for address in (paper["url"], doi, paper["open_access_url"])]
    known = [address for address in found if address]
    return min(known, key=lambda address: _ABOUT_ONLY in address, default=None)


def names(authors: Sequence[str], most: int) -> str:
    """The authors on one line, the first ``most`` of them by name."""
    shown = [plain(name) for name in authors]
    if len(shown) > most:
        return f"{', '.join(shown[:most])} and {len(shown) - most:,} more"
    return ", ".join(shown) or "no authors named"


def code_of(paper: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What kind of thing, and its address, of each link of the authors' own (``links``).

    Links that look dead or lead to another's work are left out.
    """
    found = []
    for link in paper["links"]:
        address = web(link["url"])
        if link["own"] is not False and not link["looks_dead"] and address:
            found.append((link_label(link["kind"]), address))
    return found


def link_label(kind: str) -> str:
    """What a link to code, data or a demo is called, by its ``kind``."""
    return _LINKS.get(kind) or kind.replace("_", " ").capitalize()


def where_and_when(paper: Mapping[str, Any]) -> str:
    """Venue and day, or what is known of them (``venue``, ``published``, ``year``)."""
    when = paper["published"] or paper["year"]
    return ", ".join(plain(str(part)) for part in (paper["venue"], when) if part is not None)


def topic_name(slug: str) -> str:
    """A topic within a sentence: "federated learning", "MRI"."""
    return _TOPICS.get(slug) or slug.replace("-", " ")


def topic_label(slug: str) -> str:
    """A topic where its name stands alone: "Federated learning", "MRI"."""
    name = _HEADINGS.get(slug) or topic_name(slug)
    return name[:1].upper() + name[1:]


def shared_in_words(terms: Sequence[str]) -> list[str]:
    """What two papers share, in words, each once: of "ct" and "CT" the latter.

    Papers that both cite and that are not in the table are counted: their numbers tell nobody
    anything.
    """
    said = [_term(term) for term in terms]
    found: dict[str, str] = {}
    for one in filter(None, said):
        found[one.casefold()] = min(one, found.get(one.casefold(), one))
    unknown = said.count("")
    others = [f"{unknown} other paper{'' if unknown == 1 else 's'} cited by both"]
    return [*found.values(), *(others if unknown else ())]


def _term(term: str) -> str:
    """In words: a word, a topic, a paper that both cite or that is one of the two; "" for none."""
    if term.startswith("topic:"):
        return topic_name(term.removeprefix("topic:"))
    if term.startswith("cites:"):
        title = term.removeprefix("cites:")
        return "" if title.isdecimal() else f"cites \u201c{title}\u201d"
    return term
