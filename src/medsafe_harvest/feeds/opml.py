"""The list of all feeds as OPML 2.0, which feed readers import."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from medsafe_harvest.feeds.model import NAME, Channel, Place


def write(channels: Sequence[Channel], place: Place) -> bytes:
    """The document: the Atom feeds, since readers need one format only."""
    root = etree.Element("opml", {"version": "2.0"})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = f"Feeds of {NAME}"
    body = etree.SubElement(root, "body")
    for channel in channels:
        address = place.of(f"{channel.name}.atom")
        if address:
            shown = {"text": channel.title, "description": channel.about}
            # RSS is what the format calls every kind of feed.
            etree.SubElement(body, "outline", {"type": "rss", **shown, "xmlUrl": address})
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
