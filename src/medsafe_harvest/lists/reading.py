"""Text in, entries out."""

from __future__ import annotations

from medsafe_harvest.lists.blocks import blocks
from medsafe_harvest.lists.document import is_page, list_tree, page_tree
from medsafe_harvest.lists.entries import Reading
from medsafe_harvest.lists.interpret import interpret
from medsafe_harvest.lists.pages import base_of, cards, group_definitions
from medsafe_harvest.lists.places import Known, looks_known
from medsafe_harvest.normalize.venues import VenueTable


def read(text: str, *, name: str, venues: VenueTable | None = None) -> Reading:
    """The papers that a list names.

    Args:
        text: Markdown, or HTML of a saved page.
        name: file name or address of the list; the end of it tells HTML from Markdown, and an
            address is what relative links of a page are relative to.
        venues: by which a venue is known that stands without its year.

    Returns:
        The entries in the order of the file, and what was left out.
    """
    known = _known(venues)
    if is_page(text, name):
        root = page_tree(text)
        group_definitions(root, "section")
        base = base_of(root, text, name)
        found = blocks(root, keeps_lines=False, cards=cards(root, base))
        return interpret(found, known, base)
    root = list_tree(text, name)
    group_definitions(root, "li")
    return interpret(blocks(root, keeps_lines=True), known)


def _known(venues: VenueTable | None) -> Known:
    if venues is None:
        return looks_known
    seen: dict[str, bool] = {}

    def known(text: str) -> bool:
        if text not in seen:
            seen[text] = looks_known(text) or (
                len(text) < 120 and venues.find(text.strip(" .,;:*_()[]")) is not None
            )
        return seen[text]

    return known
