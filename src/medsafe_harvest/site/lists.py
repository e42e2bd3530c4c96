"""The pages that list papers: front page, topics, authors; and the search page."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.outgoing import topic_label
from medsafe_harvest.site import charts
from medsafe_harvest.site.catalogue import Catalogue, Rows, by_month, by_topic, by_year
from medsafe_harvest.site.fresh import New
from medsafe_harvest.site.pages import Pages
from medsafe_harvest.site.people import People, Person
from medsafe_harvest.site.words import (
    ABOUT_TOPIC,
    FACETS,
    TITLE,
    VENUE,
    best_link,
    prose,
    shortened,
)

#: Papers of a page, of the page of a topic, of an author's page; names on the page of authors.
_PART, _LATEST, _OF_AUTHOR, _NAMES = 200, 50, 300, 600
#: Authors whose papers are read at a time.
_TOGETHER = 100
#: Months of the front page's chart, years of a topic's line.
_MONTHS, _YEARS = 36, 12
#: Characters of a summary in a table.
_SUMMARY = 260
_CARD = (
    *("paper_id", "title", "authors", "published", "day", "year", "venue", "summary"),
    *("trust", "modality", "task", "withdrawn", "links"),
)


def topics_of(papers: pa.Table) -> list[tuple[str, str, int]]:
    """Slug, facet and number of papers of every topic, by facet, the most frequent first."""
    return [
        (slug, facet, len(rows))
        for facet in FACETS
        for slug, rows in sorted(
            by_topic(papers, facet).items(), key=lambda item: (-len(item[1]), item[0])
        )
    ]


@dataclass(frozen=True, slots=True)
class Lists:
    """Writes the pages that list papers."""

    pages: Pages
    catalogue: Catalogue
    people: People
    #: Papers under a name from which on it has a page.
    least: int
    #: Paths of the feeds.
    feeds: AbstractSet[str]

    def cards(self, rows: Rows) -> list[dict[str, Any]]:
        """What a list shows of papers.

        Args:
            rows: places in the catalogue.
        """
        papers = self.catalogue.papers.select(_CARD).take(pa.array(rows, pa.int64()))
        return [
            {
                **row,
                "authors": [
                    {"name": author["name"], "slug": self.people.slug(author)}
                    for author in row["authors"]
                ],
                "title": shortened(row["title"], TITLE),
                "venue": shortened(row["venue"], VENUE),
                "year": row["year"] or (row["day"].year if row["day"] else None),
                "day": row["published"],
                "summary": prose(row["summary"], _SUMMARY),
                "code": best_link(row["links"]),
            }
            for row in papers.to_pylist()
        ]

    def _facts(self) -> list[dict[str, Any]]:
        papers = self.catalogue.papers
        code = sum(1 for links in papers["links"].to_pylist() if best_link(links))
        published = pc.is_in(
            papers["venue_kind"], value_set=pa.array(["journal", "conference", "workshop"])
        )
        counts = {
            "papers": len(self.catalogue),
            "about medicine": pc.sum(papers["medical"]).as_py() or 0,
            "published": pc.sum(published).as_py() or 0,
            "with code or data": code,
        }
        return [{"name": name, "count": count} for name, count in counts.items()]

    def front(self, fresh: New) -> None:
        """The front page."""
        ids = self.catalogue.papers["paper_id"].combine_chunks()
        places = pc.index_in(pa.array(fresh.ids, pa.string()), value_set=ids)
        trust = [one for one in topics_of(self.catalogue.papers) if one[1] == "trust"]
        most = max((count for _, _, count in trust), default=0)
        every = np.arange(len(self.catalogue))
        months = charts.months(by_month(self.catalogue.papers, every), fresh.today, _MONTHS)
        self.pages.write(
            "index",
            "index.html",
            facts=self._facts(),
            new=self.cards(places.to_numpy(zero_copy_only=False)),
            new_note=fresh.note(),
            topics=[
                {"slug": slug, "count": count, "bar": charts.bar(count, most)}
                for slug, _, count in trust
            ],
            months=months,
            chart=charts.columns(months, "Papers by month of first publication", height=260),
        )

    def search(self) -> None:
        """The search page; scripts fill it."""
        self.pages.write("search", "search.html", here="search")

    def about(self, feeds: Iterable[str]) -> None:
        """Where the data comes from, and all feeds."""
        stems = [name.removesuffix(".atom") for name in feeds if name.endswith(".atom")]
        shown = [{"file": stem, "label": _feed_label(stem)} for stem in stems]
        self.pages.write("about", "about.html", here="about", facts=self._facts(), feeds=shown)

    def topics(self) -> None:
        """The page of all topics, and the pages of each."""
        facets = []
        recent = self._recent()
        for facet, label in FACETS.items():
            rows_of = by_topic(self.catalogue.papers, facet)
            order = sorted(rows_of, key=lambda slug: (-len(rows_of[slug]), slug))
            shown = [self._topic(slug, np.sort(rows_of[slug]), recent) for slug in order]
            facets.append({"slug": facet, "label": label, "topics": shown})
        self.pages.write("topics", "topics.html", here="topics", facets=facets)

    def _recent(self) -> range:
        """The years up to that of the latest paper."""
        every = by_year(self.catalogue.papers, np.arange(len(self.catalogue)))
        last = next(iter(every), None) or 0
        return range(last - _YEARS + 1, last + 1)

    def _topic(self, slug: str, rows: Rows, recent: range) -> dict[str, Any]:
        """Write the pages of a topic; what the page of all topics shows of it."""
        years = by_year(self.catalogue.papers, rows)
        counts = {year: len(own) for year, own in years.items() if year is not None}
        bars = charts.years(counts)
        feed = f"topics/{slug}.atom"
        topic = {
            "slug": slug,
            "about": ABOUT_TOPIC.get(slug),
            "count": len(rows),
            "feed": feed if feed in self.feeds else None,
            "years": bars,
            "chart": charts.columns(bars, f"Papers on {topic_label(slug)} by year"),
            "spark": charts.spark([counts.get(year, 0) for year in recent]),
        }
        whole = len(rows) <= _LATEST
        linked = {} if whole else years
        for year, own in linked.items():
            self._year(topic, year, own, linked)
        self.pages.write(
            "topic",
            f"topics/{slug}.html",
            here="topics",
            topic=topic | {"pages": list(_year_links(slug, linked, None))},
            cards=self.cards(rows[:_LATEST]),
            year=None,
            part=1,
            parts=1,
        )
        return topic

    def _year(
        self,
        topic: Mapping[str, Any],
        year: int | None,
        rows: Rows,
        years: Mapping[int | None, Rows],
    ) -> None:
        """The papers of a topic of one year, in parts."""
        name = _year_name(year)
        parts = math.ceil(len(rows) / _PART)
        links = list(_year_links(topic["slug"], years, name))
        for part in range(1, parts + 1):
            ending = f"-{part}" if part > 1 else ""
            self.pages.write(
                "topic",
                f"topics/{topic['slug']}-{name}{ending}.html",
                here="topics",
                topic={**topic, "pages": links},
                cards=self.cards(rows[(part - 1) * _PART : part * _PART]),
                year=name,
                part=part,
                parts=parts,
            )

    def authors(self) -> Iterator[Person]:
        """The page of authors, and that of each; yields each as it is written."""
        by_papers = sorted(self.people, key=lambda one: (-len(one.papers), one.slug))
        self.pages.write(
            "authors",
            "authors.html",
            here="authors",
            people=by_papers[:_NAMES],
            total=len(self.people),
            least=self.least,
        )
        waiting = list(self.people)
        for start in range(0, len(waiting), _TOGETHER):
            batch = waiting[start : start + _TOGETHER]
            shown = [person.papers[:_OF_AUTHOR] for person in batch]
            cards = iter(self.cards(np.concatenate(shown)))
            for person, rows in zip(batch, shown, strict=True):
                self._author(person, list(itertools.islice(cards, len(rows))))
                yield person

    def _author(self, person: Person, cards: Sequence[dict[str, Any]]) -> None:
        years = [card["year"] for card in cards if card["year"]]
        topics = Counter(itertools.chain.from_iterable(card["trust"] for card in cards))
        others: Counter[str] = Counter(
            author["slug"]
            for card in cards
            for author in card["authors"]
            if author["slug"] not in {None, person.slug}
        )
        self.pages.write(
            "author",
            f"authors/{person.slug}.html",
            here="authors",
            person=person,
            cards=cards,
            total=len(person.papers),
            span=_span(years),
            topics=_most(topics, 8),
            others=[
                {"slug": slug, "name": self.people.by_slug[slug].name, "count": count}
                for slug, count in _most(others, 12)
            ],
        )


def _most(counts: Counter[str], limit: int) -> list[tuple[str, int]]:
    """The most frequent, equal ones by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def _span(years: Sequence[int]) -> str:
    if not years:
        return ""
    first, last = min(years), max(years)
    return str(first) if first == last else f"{first}\N{EN DASH}{last}"


def _year_name(year: int | None) -> str:
    return "undated" if year is None else str(year)


def _year_links(
    slug: str, years: Mapping[int | None, Rows], current: str | None
) -> Iterator[dict[str, Any]]:
    for year, rows in years.items():
        name = _year_name(year)
        yield {
            "file": f"{slug}-{name}.html",
            "label": name,
            "count": len(rows),
            "current": name == current,
        }


def _feed_label(stem: str) -> str:
    known = {"all": "All papers", "relevant": "About medicine, with a topic of trust"}
    if stem.startswith("queries/"):
        return f"Query: {stem.removeprefix('queries/')}"
    return known.get(stem) or topic_label(stem.removeprefix("topics/"))
