"""Strict reading of XML: a page that is cut or broken is no page, and no page declares entities."""

from __future__ import annotations

from lxml import etree


def read_xml(body: bytes) -> etree._Element | None:
    """The root element, or None for what is not well-formed XML from end to end.

    Nor is a page with a document type one: no service sends one, and all that XML can be made to
    do to its reader (entities that grow, files and addresses that are read) begins with it.
    """
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
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return None if root.getroottree().docinfo.internalDTD is not None else root


def texts(element: etree._Element, path: str) -> list[str]:
    """Texts at the path without blanks at the ends; elements without text are left out.

    Names in the path carry their namespace: ``{http://...}title``.
    """
    found = (node.text for node in element.iterfind(path))
    return [text.strip() for text in found if text and text.strip()]


def text(element: etree._Element, path: str) -> str | None:
    """The first text at the path, or None."""
    return next(iter(texts(element, path)), None)
