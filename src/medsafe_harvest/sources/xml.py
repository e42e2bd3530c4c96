"""Strict reading of XML: a page that is cut or broken is no page, and nothing is expanded."""

from __future__ import annotations

from lxml import etree


def read_xml(body: bytes) -> etree._Element | None:
    """The root element, or None for what is not well-formed XML from end to end."""
    parser = etree.XMLParser(
        recover=False,
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        # A comment inside a text would split it into pieces.
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def texts(element: etree._Element, path: str) -> list[str]:
    """Texts at the path without blanks at the ends; elements without text are left out.

    Names in the path carry their namespace: ``{http://...}title``.
    """
    found = (node.text for node in element.iterfind(path))
    return [text.strip() for text in found if text and text.strip()]


def text(element: etree._Element, path: str) -> str | None:
    """The first text at the path, or None."""
    return next(iter(texts(element, path)), None)
