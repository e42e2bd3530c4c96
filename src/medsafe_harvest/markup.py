"""Trees of HTML and XML nodes: what stands in a tree is escaped when it is written. Pure."""

from __future__ import annotations

from lxml import etree

Element = etree._Element  # noqa: SLF001 - lxml names the type of a node nowhere else


def node(tag: str, *children: Element | str, **attributes: str) -> Element:
    """An element with texts and elements in it, in that order.

    Args:
        tag: its name.
        children: texts without control characters, and elements.
        attributes: a trailing underscore is left out, so that ``class_`` can be said.

    Raises:
        ValueError: a text holds what no document can.
    """
    made = etree.Element(tag, {name.rstrip("_"): value for name, value in attributes.items()})
    last: Element | None = None
    for child in children:
        if not isinstance(child, str):
            made.append(child)
            last = child
        elif last is None:
            made.text = (made.text or "") + child
        else:
            last.tail = (last.tail or "") + child
    return made
