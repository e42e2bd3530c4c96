"""A list of papers in Markdown, grouped by topic, newest first."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from medsafe_harvest.awesome.markdown import Anchors, inline, link
from medsafe_harvest.awesome.papers import Listed

#: Heading of the papers that have none of the topics.
_OTHERS = "Other papers"
_CONTENTS = "Contents"
_ARXIV = r"\[arXiv\]"
#: Characters of a summary in a table, and below a bullet.
_SUMMARY = {"tables": 200, "bullets": 400}


class Template(enum.StrEnum):
    """What an entry looks like."""

    TABLES = "tables"
    BULLETS = "bullets"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the list is written.

    Attributes:
        title: heading of the whole.
        template: of the entries.
        headings: topic -> heading, in the order in which they come. A topic that is not among
            them has no section.
        as_of: day of the snapshot.
        once: each paper stands under its strongest topic only, not under each of its topics.
        summaries: whether summaries go along.
    """

    title: str
    template: Template
    headings: Mapping[str, str]
    as_of: dt.date | None = None
    once: bool = False
    summaries: bool = True


def export(papers: Iterable[Listed], layout: Layout) -> Iterator[str]:
    """The list, piece by piece.

    A paper of several topics stands under each of them, as readers of such lists expect. One of no
    topic that has a heading stands at the end, under "Other papers".
    """
    every = sorted(papers, key=lambda one: one.newest_first)
    groups = _groups(every, layout)
    yield f"# {inline(layout.title)}\n\n{_about(every, groups, layout)}\n"
    if groups:
        yield f"\n## {_CONTENTS}\n\n"
    anchors = Anchors()
    for heading in (layout.title, _CONTENTS):
        anchors.of(heading)
    for heading, own in groups:
        yield f"- {link(inline(heading), f'#{anchors.of(heading)}')} ({len(own):,})\n"
    for heading, own in groups:
        yield f"\n## {inline(heading)}\n\n"
        if layout.template is Template.TABLES:
            yield from _table(own, summaries=layout.summaries)
        else:
            yield from (_bullet(one, summaries=layout.summaries) for one in own)


def _groups(papers: Sequence[Listed], layout: Layout) -> list[tuple[str, list[Listed]]]:
    """Heading and papers of each section that has any."""
    groups: dict[str | None, list[Listed]] = {slug: [] for slug in layout.headings}
    groups[None] = []
    for one in papers:
        own: list[str | None] = [slug for slug in layout.headings if slug in one.topics]
        if layout.once and own:
            own = [max(own, key=lambda slug: one.topics[str(slug)][1])]  # the first of equals
        for slug in own or [None]:
            groups[slug].append(one)
    return [
        (_OTHERS if slug is None else layout.headings[slug], own)
        for slug, own in groups.items()
        if own
    ]


def _about(
    papers: Sequence[Listed], groups: Sequence[tuple[str, Sequence[Listed]]], layout: Layout
) -> str:
    count = f"{len(papers):,} {'paper' if len(papers) == 1 else 'papers'}"
    day = f" as of {layout.as_of.day} {layout.as_of:%B %Y}" if layout.as_of else ""
    several = sum(len(own) for _, own in groups) > len(papers)
    note = " A paper with several topics stands under each of them." if several else ""
    return f"{count}{day}, newest first.{note}"


def _table(papers: Sequence[Listed], *, summaries: bool) -> Iterator[str]:
    names = ["Paper", "Year", "Venue", "Code", *(["Summary"] if summaries else [])]
    yield f"| {' | '.join(names)} |\n|{' --- |' * len(names)}\n"
    for one in papers:
        cells = [
            f"{link(inline(one.title), one.url)}{_arxiv(one)}",
            str(one.year or ""),
            inline(one.venue),
            _code(one),
            *([inline(short(one.summary, _SUMMARY["tables"]))] if summaries else []),
        ]
        yield f"| {' | '.join(cells)} |\n"


def _bullet(one: Listed, *, summaries: bool) -> str:
    where = " ".join(filter(None, (inline(one.venue), str(one.year or ""))))
    parts = [
        f"- **{link(inline(one.title), one.url)}**",
        f"({where})" if where else "",
        _arxiv(one).strip(),
        _code(one),
    ]
    summary = inline(short(one.summary, _SUMMARY["bullets"])) if summaries else ""
    below = f"<br>\n  {summary}" if summary else ""
    return f"{' '.join(filter(None, parts))}{below}\n"


def _arxiv(one: Listed) -> str:
    """A link to arXiv where the title leads elsewhere."""
    return f" {link(_ARXIV, one.arxiv_url)}" if one.arxiv_url not in {None, one.url} else ""


def _code(one: Listed) -> str:
    """The links to code, data and demos."""
    return " ".join(link(inline(f"[{kind.lower()}]"), url) for kind, url in one.code)


def short(text: str | None, most: int) -> str:
    """The text, cut behind a word where it is longer."""
    if text is None or len(text) <= most:
        return text or ""
    return f"{text[:most].rsplit(' ', 1)[0]} \N{HORIZONTAL ELLIPSIS}"
