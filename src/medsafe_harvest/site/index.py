"""The index that the search page loads: columns of papers in shards, oldest papers first.

A new paper goes to the last shard, so that a browser's copies of the others stay good. The files
are scripts that hand over JSON, since a page opened as a file may load scripts but not read JSON.
``static/find.js`` reads them::

    index/meta.js      number of papers, topics, venues, spellings, and the version of each shard
    index/core-N.js    titles, authors, topics ... of up to 1,000 papers
    index/text-N.js    their summaries, loaded after all the rest
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from medsafe_harvest.normalize.spellings import SPELLINGS
from medsafe_harvest.outgoing import topic_label
from medsafe_harvest.site.catalogue import Catalogue
from medsafe_harvest.site.words import FACETS, TITLE, VENUE, best_link, prose, shortened

_SIZE = 1_000
#: Authors that a paper is found by, and characters of a summary.
_AUTHORS, _SUMMARY = 40, 300
_PUBLISHED = frozenset(("journal", "conference", "workshop"))


def shards(
    catalogue: Catalogue, topics: Sequence[tuple[str, str, int]]
) -> tuple[dict[str, bytes], str]:
    """The files of the index by path, and the version of the first of them.

    Args:
        catalogue: all papers of the site.
        topics: slug, facet and number of papers of each topic.
    """
    oldest_first = catalogue.papers.take(pa.array(range(len(catalogue) - 1, -1, -1), pa.int64()))
    venues = sorted(set(oldest_first["venue"].drop_null().to_pylist()))
    place_of_venue = {venue: place for place, venue in enumerate(venues)}
    place_of_topic = {slug: place for place, (slug, _, _) in enumerate(topics)}
    files: dict[str, bytes] = {}
    versions = []
    for number, start in enumerate(range(0, len(catalogue), _SIZE)):
        rows = oldest_first.slice(start, _SIZE).to_pylist()
        core = _file("core", number, _columns(rows, place_of_venue, place_of_topic))
        text = _file("text", number, [prose(row["summary"], _SUMMARY) or "" for row in rows])
        files[f"index/core-{number}.js"] = core
        files[f"index/text-{number}.js"] = text
        versions.append([version_of(core), version_of(text)])
    meta = {
        "papers": len(catalogue),
        "size": _SIZE,
        "facets": list(FACETS.items()),
        "topics": [[slug, topic_label(slug), facet, count] for slug, facet, count in topics],
        "venues": [shortened(venue, VENUE) for venue in venues],
        "spellings": SPELLINGS,
        "shards": versions,
    }
    files["index/meta.js"] = f"medsafe.meta({_json(meta)});\n".encode()
    return files, version_of(files["index/meta.js"])


def _columns(
    rows: Sequence[Mapping[str, Any]], venues: Mapping[str, int], topics: Mapping[str, int]
) -> dict[str, list[Any]]:
    return {
        "id": [row["paper_id"] for row in rows],
        "title": [shortened(row["title"], TITLE) for row in rows],
        "authors": [_authors(row["authors"]) for row in rows],
        "venue": [venues.get(row["venue"], -1) for row in rows],
        "year": [row["year"] or (row["day"].year if row["day"] else 0) for row in rows],
        "topics": [
            [topics[topic] for facet in FACETS for topic in row[facet] if topic in topics]
            for row in rows
        ],
        "code": [_code(row["links"]) for row in rows],
        "names": [_names(row) for row in rows],
        "flags": [_flags(row) for row in rows],
    }


def _authors(authors: Sequence[Mapping[str, Any]]) -> str:
    """The names; of very many the first ones and the last, who is often looked for."""
    names = [author["name"] for author in authors]
    if len(names) > _AUTHORS:
        names[_AUTHORS - 1 : -1] = []
    return ", ".join(names)


def _code(links: Sequence[Mapping[str, Any]]) -> list[str] | int:
    code = best_link(links)
    return [code["url"], code["label"]] if code else 0


def _names(row: Mapping[str, Any]) -> str:
    """What else than its paper_id names a paper."""
    return " ".join(one.lower() for one in (row["arxiv_id"], row["doi"]) if one)


def _flags(row: Mapping[str, Any]) -> int:
    flags = (row["medical"], row["venue_kind"] in _PUBLISHED, row["withdrawn"])
    return sum(2**place for place, flag in enumerate(flags) if flag)


def _file(kind: str, number: int, content: Any) -> bytes:
    return f"medsafe.{kind}({number},{_json(content)});\n".encode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def version_of(content: bytes) -> str:
    """What tells a browser that a file has changed."""
    return hashlib.sha256(content).hexdigest()[:10]
