"""Atom and RSS feeds of the curated papers. Pure: a table in, bytes out.

Which feeds there are, and what an entry says, stands in ``model``; how it is written in ``atom``,
``rss`` and ``opml``. Why no feed library is used: docs/decisions/2026-11-21_packages.md.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from medsafe_harvest.feeds import atom, opml, rss
from medsafe_harvest.feeds.model import COLUMNS, Place, channels

__all__ = ["COLUMNS", "build"]


def build(
    papers: pa.Table,
    topics: Mapping[str, str],
    queries: Mapping[str, str],
    *,
    base_url: str | None = None,
    limit: int = 50,
    paper_page: str | None = None,
) -> dict[str, bytes]:
    """Every feed, as Atom and as RSS 2.0, and a list of them all (OPML).

    Args:
        papers: rows of ``schema.PAPER`` with at least :data:`COLUMNS`, in any order.
        topics: facet of each topic that gets a feed.
        queries: description of each seed query that gets a feed.
        base_url: where the folder of feeds will be found on the web; None leaves out what only
            that address tells (the feeds' links to themselves, and the list).
        limit: entries of a feed.
        paper_page: address of a page of ours about a paper, with ``{paper_id}`` in it; entries
            lead there. None: they lead to the publisher or arXiv.

    Returns:
        Contents by path, in order: ``all.atom``, ``all.rss``, ``relevant.atom``, ...,
        ``topics/privacy.atom``, ..., ``queries/unlearning.rss``, ``feeds.opml``. The same papers
        give the same bytes.
    """
    place = Place(base_url.rstrip("/") + "/" if base_url else None, paper_page)
    files: dict[str, bytes] = {}
    found = channels(papers, topics, queries, limit, place)
    for channel in found:
        files[f"{channel.name}.atom"] = atom.write(channel, place)
        files[f"{channel.name}.rss"] = rss.write(channel, place)
    if place.base is not None:
        files["feeds.opml"] = opml.write(found, place)
    return files
