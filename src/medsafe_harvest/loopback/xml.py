"""How the stand-ins write XML."""

from __future__ import annotations

import re

from lxml import etree

# Characters that metadata contains now and then and that XML 1.0 cannot hold.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """The text without what XML cannot hold."""
    return _NOT_XML.sub("", text)


def child(
    parent: etree._Element, tag: str, text: str | None = None, **attributes: str
) -> etree._Element:
    """Append an element; what XML cannot hold is left out of its text and attributes.

    Args:
        parent: the element to append to.
        tag: name of the new element, with its namespace in braces.
        text: its text.
        attributes: its attributes.
    """
    element = etree.SubElement(parent, tag)
    for key, value in attributes.items():
        element.set(key, clean(value))
    if text is not None:
        element.text = clean(text)
    return element


def document(root: etree._Element) -> bytes:
    """The bytes of a document, in UTF-8, with declaration and a last line break."""
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"
