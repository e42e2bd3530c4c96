"""A feed as Atom (RFC 4287)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from lxml import etree

from medsafe_harvest.feeds.model import HOME, NAME, Channel, Entry, Place

_ATOM = "http://www.w3.org/2005/Atom"
#: The namespace of names without a prefix.
_DEFAULT: Any = {None: _ATOM}


def write(channel: Channel, place: Place) -> bytes:
    """The document."""
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap=_DEFAULT)
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    _add(feed, "id", channel.id(place))
    _add(feed, "title", channel.title)
    _add(feed, "subtitle", channel.about)
    _add(feed, "updated", _moment(channel.updated))
    # Stands for the entries without an author of their own.
    _add(_add(feed, "author"), "name", NAME)
    _add(feed, "generator", NAME, uri=HOME)
    if address := place.of(f"{channel.name}.atom"):
        _add(feed, "link", rel="self", type="application/atom+xml", href=address)
    for entry in channel.entries:
        _write_entry(feed, entry)
    return etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True)


def _write_entry(feed: etree._Element, entry: Entry) -> None:
    node = _add(feed, "entry")
    _add(node, "id", entry.id)
    _add(node, "title", entry.title)
    # Readers sort by either, so both are the day on which the paper turned up here.
    _add(node, "published", _moment(entry.updated))
    _add(node, "updated", _moment(entry.updated))
    for name in entry.authors:
        if name:
            _add(_add(node, "author"), "name", name)
    if entry.link:
        _add(node, "link", rel="alternate", href=entry.link)
    for title, address in entry.related:
        _add(node, "link", rel="related", title=title, href=address)
    for topic in entry.topics:
        _add(node, "category", term=topic)
    _add(node, "summary", entry.summary)
    _add(node, "content", entry.content, type="html")


def _moment(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _add(
    parent: etree._Element, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    node = etree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    node.text = text
    return node
