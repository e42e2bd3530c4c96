"""A feed as RSS 2.0, with Dublin Core's ``creator``, since RSS's own author is a mail address."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

from lxml import etree

from medsafe_harvest.feeds.model import HOME, NAME, Channel, Entry, Place

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"


def write(channel: Channel, place: Place) -> bytes:
    """The document."""
    root = etree.Element("rss", {"version": "2.0"}, nsmap={"atom": _ATOM, "dc": _DC})
    node = _add(root, "channel")
    _add(node, "title", channel.title)
    _add(node, "link", place.base or HOME)
    _add(node, "description", channel.about)
    _add(node, "language", "en")
    _add(node, "lastBuildDate", _moment(channel.updated))
    _add(node, "generator", NAME)
    if address := place.of(f"{channel.name}.rss"):
        _add(node, f"{{{_ATOM}}}link", rel="self", type="application/rss+xml", href=address)
    for entry in channel.entries:
        _write_item(node, entry)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)


def _write_item(channel: etree._Element, entry: Entry) -> None:
    node = _add(channel, "item")
    _add(node, "title", entry.title)
    if entry.link:
        _add(node, "link", entry.link)
    _add(node, "guid", entry.id, isPermaLink="false")
    _add(node, "pubDate", _moment(entry.updated))
    for name in entry.authors:
        if name:
            _add(node, f"{{{_DC}}}creator", name)
    for topic in entry.topics:
        _add(node, "category", topic)
    _add(node, "description", entry.content or entry.summary)


def _moment(moment: dt.datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _add(
    parent: etree._Element, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    node = etree.SubElement(parent, name, attributes)
    node.text = text
    return node
