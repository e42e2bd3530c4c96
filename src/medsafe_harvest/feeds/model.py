"""What feeds there are, and what an entry says, whatever the format.

==================  ==============================================================
``all``             every paper
``relevant``        papers about medicine with a topic of trust
``topics/<slug>``   papers with that topic
``queries/<id>``    papers that this seed query found
==================  ==============================================================

Withdrawn papers are left out. The papers seen first last stand first, of one day the latest
published, then by id. An entry's moment is the day on which the paper was first seen, never the
clock's: a feed changes only when its papers do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from medsafe_harvest.markup import Element, node
from medsafe_harvest.outgoing import (
    UNTITLED,
    code_of,
    page_of,
    plain,
    topic_label,
    topic_name,
    web,
    where_and_when,
)

#: Columns of ``schema.PAPER`` that feeds are made of.
COLUMNS = (
    *("paper_id", "title", "abstract", "summary", "authors", "published", "year", "venue"),
    *("doi", "url", "open_access_url", "links", "withdrawn", "medical", "trust", "topics"),
    *("queries", "first_seen"),
)
#: The project's own page, where a feed has no address of its own.
HOME = "https://github.com/medsafe-harvest/medsafe-harvest"
NAME = "medsafe-harvest"
#: Who names ids, and since when (RFC 4151). Never to be changed: readers know entries by them.
_TAG = "tag:medsafe-harvest.github.io,2026:"
#: Authors named in an entry; consortia have thousands.
_AUTHORS = 50
#: The moment of a feed that no paper is in.
_BEGINNING = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where feeds and papers are found on the web."""

    #: Address of the folder of feeds, with a slash at its end.
    base: str | None = None
    #: Address of a page about a paper, with ``{paper_id}`` in it.
    paper_page: str | None = None

    def of(self, file: str) -> str | None:
        """The address of a file in the folder of feeds."""
        return None if self.base is None else self.base + file


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper in a feed."""

    id: str
    title: str
    authors: tuple[str, ...]
    updated: dt.datetime
    summary: str
    #: The whole as HTML.
    content: str
    #: Slugs of its topics.
    topics: tuple[str, ...]
    link: str | None
    #: Title and address of what else belongs to it.
    related: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """A feed."""

    #: Its path, without the ending.
    name: str
    title: str
    about: str
    updated: dt.datetime
    entries: tuple[Entry, ...]

    def id(self, place: Place) -> str:
        """Its id: of the address where it has one, since two houses may have the same query."""
        return place.of(f"{self.name}.atom") or f"{_TAG}feed/{self.name}"


def channels(
    papers: pa.Table,
    topics: Mapping[str, str],
    queries: Mapping[str, str],
    limit: int,
    place: Place,
) -> list[Channel]:
    """All feeds; arguments as for ``feeds.build``."""
    members = _members(papers, limit)
    rows = sorted({row for found in members.values() for row in found})
    made = (_entry(paper, place) for paper in papers.take(pa.array(rows, pa.int64())).to_pylist())
    entries = dict(zip(rows, made, strict=True))

    def channel(name: str, title: str, about: str) -> Channel:
        own = tuple(entries[row] for row in members.get(name, ()))
        moments = [entry.updated for entry in own]
        return Channel(
            name, f"{title} - {NAME}", about, max(moments, default=_midnight(_BEGINNING)), own
        )

    found = [
        channel("all", "All papers", "Every paper that the seed queries found."),
        channel("relevant", "Relevant papers", "Papers about medicine with a topic of trust."),
    ]
    found += [
        channel(
            f"topics/{slug}",
            topic_label(slug),
            f"Papers with the topic {topic_name(slug)} ({facet}).",
        )
        for slug, facet in topics.items()
    ]
    found += [
        channel(f"queries/{name}", f"Query {name}", plain(about)) for name, about in queries.items()
    ]
    return found


def _members(papers: pa.Table, limit: int) -> dict[str, list[int]]:
    """By feed, the rows of its papers in order, at most ``limit``."""
    small = papers.select(["first_seen", "published", "paper_id", *_SORTED_BY])
    small = small.append_column("row", pa.array(range(len(small)), pa.int64()))
    shown = small.filter(pc.invert(papers["withdrawn"])).sort_by(
        [("first_seen", "descending"), ("published", "descending"), ("paper_id", "ascending")]
    )
    rows = shown["row"].to_numpy()
    has_trust = pc.greater(pc.list_value_length(shown["trust"]), 0)
    relevant = pc.and_(shown["medical"], has_trust).to_numpy(zero_copy_only=False)
    found = {"all": rows[:limit].tolist(), "relevant": rows[relevant][:limit].tolist()}
    for column in ("topics", "queries"):
        lists = shown[column].combine_chunks()
        names = lists.flatten().dictionary_encode()
        codes, parents = names.indices.to_numpy(), pc.list_parent_indices(lists).to_numpy()
        for code, name in enumerate(names.dictionary.to_pylist()):
            found[f"{column}/{name}"] = rows[parents[codes == code][:limit]].tolist()
    return found


#: What decides to which feeds a paper belongs.
_SORTED_BY = ("topics", "queries", "medical", "trust")


def _entry(paper: Mapping[str, Any], place: Place) -> Entry:
    publisher = page_of(paper)
    ours = place.paper_page and web(place.paper_page.replace("{paper_id}", paper["paper_id"]))
    code = code_of(paper)
    related = [*code, ("Publisher", publisher)] if ours and publisher else code
    return Entry(
        id=f"{_TAG}paper/{paper['paper_id']}",
        title=plain(paper["title"]) or UNTITLED,
        authors=tuple(plain(author["name"]) for author in paper["authors"][:_AUTHORS]),
        updated=_midnight(paper["first_seen"]),
        summary=plain(paper["summary"] or paper["abstract"]),
        content=_content(paper, code),
        topics=tuple(paper["topics"]),
        link=ours or publisher,
        related=tuple(related),
    )


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def _content(paper: Mapping[str, Any], code: Sequence[tuple[str, str]]) -> str:
    """The paper as HTML: escaped by the writer of the tree, so no text of it is ever a tag."""
    authors = [plain(author["name"]) for author in paper["authors"]]
    more = f" and {len(authors) - _AUTHORS:,} more" if len(authors) > _AUTHORS else ""
    lines: list[Element] = []
    summary, abstract = plain(paper["summary"]), plain(paper["abstract"])
    if authors:
        lines.append(node("p", ", ".join(authors[:_AUTHORS]) + more))
    about = (where_and_when(paper), ", ".join(topic_name(slug) for slug in paper["topics"]))
    if said := " \N{MIDDLE DOT} ".join(part for part in about if part):
        lines.append(node("p", said))
    # A summary made of the abstract's own sentences need not be read twice.
    if summary and summary not in abstract:
        lines.append(node("p", node("strong", summary)))
    lines += [node("p", f"{kind}: ", node("a", url, href=url)) for kind, url in code]
    if abstract or summary:
        lines.append(node("p", abstract or summary))
    return "".join(etree.tostring(line, method="html", encoding="unicode") for line in lines)
