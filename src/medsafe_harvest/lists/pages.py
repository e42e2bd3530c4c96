"""Which parts of a page hold one record each: search results, related papers, an author's works.

Such pages repeat one markup for each record. The elements that look like titles are grouped by
their markup; around each title, the largest element that holds no other title of the group is the
record's card.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from urllib.parse import urljoin

from lxml import etree

from medsafe_harvest.lists.addresses import Place, locate
from medsafe_harvest.lists.places import year_of
from medsafe_harvest.lists.roles import role_of
from medsafe_harvest.lists.rows import words_of
from medsafe_harvest.lists.words import is_authors, is_label, is_title_like

_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
#: No page is nested deeper by hand; it bounds the work for each title.
_DEEPEST = 200
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(https?://[^\s>]+)\s*-->")
#: Such a list of a page is read as a list; a card would hold a whole row or item anyhow.
_WHOLE = frozenset({"body", "html", "main", "table", "tbody", "ul", "ol"})

Signature = tuple[str, str, str]


def base_of(root: etree._Element, text: str, name: str) -> str:
    """The address that a page's relative links are relative to; empty where nothing says it.

    Args:
        root: of the page.
        text: of the page, where a browser notes what it saved.
        name: of the file, or the page's address.
    """
    if name.startswith(("http://", "https://")):
        return name
    if saved := _SAVED_FROM.search(text[:4096]):
        return saved[1]
    for path, key in (
        (".//base[@href]", "href"),
        (".//link[@rel='canonical']", "href"),
        (".//meta[@property='og:url']", "content"),
    ):
        found = root.find(path)
        address = found.get(key) if found is not None else None
        if address and address.startswith(("http://", "https://")):
            return address
    return ""


def group_definitions(root: etree._Element, tag: str) -> None:
    """Put each term of a definition list with what is said of it into an element of its own.

    Lists of new papers have links in the term and the title below it, or the other way round.

    Args:
        root: of the tree.
        tag: of the new elements.
    """
    for dl in list(root.iter("dl")):
        group: etree._Element | None = None
        said = False
        for child in list(dl):
            if child.tag == "dt" and (group is None or said):
                group = etree.Element(tag)
                group.sourceline = child.sourceline
                child.addprevious(group)
                said = False
            if child.tag not in {"dt", "dd"} or group is None:
                group = None
                continue
            said = child.tag == "dd"
            group.append(child)


def cards(root: etree._Element, base: str) -> dict[etree._Element, etree._Element]:
    """Card -> the element in it that holds the title."""
    candidates = {
        element: signature
        for element in root.iter(etree.Element)
        if (signature := _signature(element, base))
    }
    # Of a title in a title, the inner one is the title: the outer one holds authors as well.
    named = [one for one in candidates if _is_named(one)]
    outer = {parent for one in named for parent in _parents(one)}
    groups: dict[Signature, list[etree._Element]] = defaultdict(list)
    for element, signature in candidates.items():
        if element not in outer:
            groups[signature].append(element)
    found: dict[etree._Element, etree._Element] = {}
    taken: set[etree._Element] = set()
    direct = {
        signature: sum(_leads_to_paper(title, base, identified=False) for title in titles)
        for signature, titles in groups.items()
    }
    order = sorted(groups.items(), key=lambda pair: (-len(pair[1]), -direct[pair[0]], pair[0]))
    for signature, titles in order:
        own = _around(titles)
        papers = {card: title for card, title in own.items() if _has_paper(card, base)}
        if not papers and _are_works(own):
            papers = own  # whose links lead back to the page's own site
        # One link by itself is no search result; one title in the page's own words is.
        if len(papers) < 2 and signature[2]:
            continue
        if len(papers) >= 2 and 2 * len(papers) >= len(own) and _is_named(next(iter(titles))):
            papers = own  # a result that is only cited has no link
        for card, title in papers.items():
            if card not in taken and not any(one in taken for one in _parents(card)):
                found[card] = title
                taken.update(card.iter())
    return found


def _text(element: etree._Element) -> str:
    return " ".join(words_of(element).split())[:1000]


def _is_named(element: etree._Element) -> bool:
    return role_of(element, str(element.tag).lower()) == "title"


def _signature(element: etree._Element, base: str) -> Signature | None:
    """The markup of an element that may hold a title; None for one that cannot."""
    tag = str(element.tag).lower()
    named = role_of(element, tag) == "title"
    linked = tag in _HEADINGS and (element.find(".//a") is not None or _inside_link(element))
    if not named and not linked and tag != "a":
        return None
    text = _text(element)
    least = 1 if linked and _leads_to_paper(element, base) else 3
    if not is_title_like(text, least) or is_label(text) or len(text) > 500:
        return None
    parent = element.getparent()
    plain = not named and not linked and parent is not None
    above = f"{parent.tag} {parent.get('class') or ''}" if plain and parent is not None else ""
    return tag, element.get("class") or "", above


def _inside_link(element: etree._Element) -> bool:
    return any(parent.tag == "a" for parent in _parents(element)[:4])


def _parents(element: etree._Element) -> list[etree._Element]:
    found: list[etree._Element] = []
    for parent in element.iterancestors():
        found.append(parent)
        if len(found) >= _DEEPEST:
            break
    return found


def _around(titles: list[etree._Element]) -> dict[etree._Element, etree._Element]:
    """For each title, the largest element around it without another title of the group."""
    held = Counter(parent for title in titles for parent in _parents(title))
    found = {}
    for title in titles:
        card = title
        for parent in _parents(title):
            if held[parent] > 1 or parent.tag in _WHOLE:
                break
            card = parent
        found[card] = title
    return found


def _has_paper(card: etree._Element, base: str) -> bool:
    """Whether a card links to a paper, from its inside or as a link around it."""
    links = [*card.iter("a"), *(one for one in _parents(card)[:3] if one.tag == "a")]
    return any((place := _place(link, base)) and place.kind == "paper" for link in links[:40])


def _are_works(found: dict[etree._Element, etree._Element]) -> bool:
    """Whether most cards under titles in the page's own words have authors and a year."""
    credited = 0
    for card, title in found.items():
        if not _is_named(title):
            return False
        said = [_text(one) for one in card.iter(etree.Element) if one is not title]
        credited += any(map(is_authors, said)) and any(map(year_of, said))
    return credited >= max(2, len(found) / 2)


def _leads_to_paper(title: etree._Element, base: str, *, identified: bool = True) -> bool:
    """Whether a title's own link leads to a paper, where asked one that names an identifier."""
    links = [*title.iter("a"), *(one for one in _parents(title)[:4] if one.tag == "a")]
    places = [place for link in links[:4] if (place := _place(link, base))]
    return any(place.identified or (place.kind == "paper" and not identified) for place in places)


def _place(link: etree._Element, base: str) -> Place | None:
    href = link.get("href")
    if not href:
        return None
    try:
        return locate(urljoin(base, href) if base else href)
    except ValueError:
        return None
