"""Reading lists of papers: an awesome list, a saved page of search results, a bibliography.

:func:`read` is pure: text in, entries out, nothing raised whatever the text holds. A list in other
markup is brought to Markdown (``dialects``), Markdown to HTML line by line (``document``), the page
is cut into headings, items, rows and cards (``blocks``, ``pages``), links are read by their address
(``addresses``), and each item is cut into papers (``split``), given a title (``titles``, ``trim``),
a year and a venue (``places``), brought together with what stands apart (``gather``) and judged
(``judge``). :class:`ListDoor` makes records of a stored list.
"""

from __future__ import annotations

from medsafe_harvest.lists.document import decode
from medsafe_harvest.lists.door import LIST, ListDoor
from medsafe_harvest.lists.entries import Entry, LeftOut, Reading, Reason
from medsafe_harvest.lists.reading import read

__all__ = ["LIST", "Entry", "LeftOut", "ListDoor", "Reading", "Reason", "decode", "read"]
