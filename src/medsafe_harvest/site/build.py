"""Build the site: reads top to bottom as the site is.

The same snapshot and settings give the same bytes; no clock is read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest import export, feeds
from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.redirects import Redirect
from medsafe_harvest.curated.selection import Choice
from medsafe_harvest.errors import ExportError
from medsafe_harvest.ranking import RankingSettings
from medsafe_harvest.site import fresh, index, lists, sitemap
from medsafe_harvest.site.abstracts import Abstracts, Kept
from medsafe_harvest.site.catalogue import LISTED, Catalogue, load
from medsafe_harvest.site.moved import moved
from medsafe_harvest.site.pages import Look, Pages
from medsafe_harvest.site.paper import Cited, page_of
from medsafe_harvest.site.people import People, people
from medsafe_harvest.site.tree import Tree, replacing

#: Called with a step's name and its size, and with how much of it was done since the last call.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a site is to be."""

    title: str = "Trustworthy machine learning in medicine"
    tagline: str = (
        "The literature on explainability, privacy, fairness, robustness and safety of machine "
        "learning in medicine, harvested from arXiv and Semantic Scholar."
    )
    #: Where it will be found on the web; None leaves out what only that address tells.
    base_url: str | None = None
    #: Papers under a name from which on it has a page.
    author_papers: int = 2
    #: Papers called new on the front page: first seen in so many days before the snapshot's.
    new_days: int = 30
    version: str = ""
    #: Topics and seed queries that get a feed: slug -> facet, id -> description.
    topics: Mapping[str, str] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)
    #: Canonical venue -> full name, for citations.
    venues: Mapping[str, str] = field(default_factory=dict)
    abstracts: Abstracts = Abstracts.ALL
    ranking: RankingSettings = field(default_factory=RankingSettings)


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did."""

    out: Path
    papers: int
    authors: int
    files: int
    written: int
    total_bytes: int


def build(
    folder: Path,
    ledger: Sequence[Redirect],
    out: Path,
    settings: Settings,
    choice: Choice | None = None,
    progress: Progress = lambda _step, _total, _done: None,
) -> Built:
    """Write the site of a snapshot; a reader sees the old or the new one.

    Args:
        folder: the snapshot.
        ledger: what became of paper ids, from ``redirects.read``.
        out: folder of the site; what others put there stays.
        settings: how it looks.
        choice: which papers; None for all.
        progress: told how far it is.

    Raises:
        CuratedError: the snapshot is damaged.
        SelectionError: the choice cannot be read.
        ExportError: the folder holds something else, or cannot be written, or nothing was chosen.
    """
    choice = replace(choice or Choice(), known=tuple(settings.topics))
    progress("reading", 1, 0)
    kept = Kept.of(folder, settings.abstracts)
    catalogue = load(folder, kept.table(choice.papers(folder, LISTED)))
    if choice.any and not len(catalogue):
        raise ExportError("no paper was selected: no site was built, and one that is there stays")
    names = people(catalogue.papers, settings.author_papers)
    with replacing(out) as tree:
        files, version = index.shards(catalogue, lists.topics_of(catalogue.papers))
        look = _look(tree, catalogue, settings, version)
        pages = Pages(tree, look)
        for name, content in files.items():
            tree.put(name, content)
        found = _feeds(folder, choice, kept, settings)
        for name, content in found.items():
            tree.put(f"feeds/{name}", content)
        site = lists.Lists(pages, catalogue, names, settings.author_papers, frozenset(found))
        site.front(_new(folder, catalogue, settings, look.as_of))
        site.search()
        site.about(found)
        progress("topics", 1, 0)
        site.topics()
        progress("authors", len(names), 0)
        for _ in site.authors():
            progress("authors", len(names), 1)
        progress("papers", len(catalogue), 0)
        for _ in _papers(pages, catalogue, names, kept, settings):
            progress("papers", len(catalogue), 1)
        _rest(pages, tree, catalogue, ledger, settings)
    return Built(
        out,
        papers=len(catalogue),
        authors=len(names),
        files=tree.written + tree.unchanged,
        written=tree.written,
        total_bytes=tree.total_bytes,
    )


def _look(tree: Tree, catalogue: Catalogue, settings: Settings, version: str) -> Look:
    """Copy the static files; what all pages have in common."""
    static = resources.files("medsafe_harvest.site") / "static"
    contents = {file.name: file.read_bytes() for file in static.iterdir() if "." in file.name}
    for name in sorted(contents):
        tree.put(f"static/{name}", contents[name])
    tree.put(".nojekyll", b"")
    base = settings.base_url
    return Look(
        title=settings.title,
        tagline=settings.tagline,
        base_url=f"{base.rstrip('/')}/" if base else None,
        papers=len(catalogue),
        as_of=snapshot.manifest(catalogue.folder)["as_of"] or "no day",
        assets=index.version_of(b"".join(contents[name] for name in sorted(contents))),
        index=version,
        version=settings.version,
    )


def _feeds(folder: Path, choice: Choice, kept: Kept, settings: Settings) -> dict[str, bytes]:
    columns = (*feeds.COLUMNS, "summary_from")
    papers = kept.table(choice.papers(folder, columns))
    base = settings.base_url.rstrip("/") if settings.base_url else None
    return feeds.build(
        papers,
        settings.topics,
        settings.queries,
        base_url=f"{base}/feeds" if base else None,
        paper_page=f"{base}/papers/{{paper_id}}.html" if base else None,
    )


def _new(folder: Path, catalogue: Catalogue, settings: Settings, as_of: str) -> fresh.New:
    """The papers that the front page calls new, the best first."""
    try:
        today = dt.date.fromisoformat(as_of)
    except ValueError:  # an empty snapshot has no day
        today = dt.date(1970, 1, 1)
    since = today - dt.timedelta(days=settings.new_days)
    first_seen = catalogue.papers["first_seen"]
    young = catalogue.papers.filter(pc.greater_equal(first_seen, pa.scalar(since)))
    return fresh.new(folder, young["paper_id"].combine_chunks(), today, since, settings.ranking)


def _papers(
    pages: Pages, catalogue: Catalogue, names: People, kept: Kept, settings: Settings
) -> Iterator[str]:
    keys = export.citation_keys(
        snapshot.read(catalogue.folder, "papers", list(export.keys.COLUMNS))
    )
    cited = Cited(keys, settings.venues)
    for full in catalogue.full():
        path = f"papers/{full.row['paper_id']}.html"
        shown = replace(full, row=kept.row(full.row))
        pages.write("paper", path, **page_of(shown, names, cited))
        yield path


def _rest(
    pages: Pages,
    tree: Tree,
    catalogue: Catalogue,
    ledger: Sequence[Redirect],
    settings: Settings,
) -> None:
    """Pages of ids that went, and what only a site with an address has."""
    ids = catalogue.papers["paper_id"].to_pylist()
    titles: dict[str, Any] = dict(zip(ids, catalogue.papers["title"].to_pylist(), strict=True))
    for former, to in moved(ledger, titles).items():
        values = {"former": former, "to": [{"paper_id": one, "title": titles[one]} for one in to]}
        pages.write("moved", f"papers/{former}.html", listed=False, **values)
    if settings.base_url:
        base = f"{settings.base_url.rstrip('/')}/"
        # Shown in place of any missing page, so relative links would lead nowhere.
        pages.write("404", "404.html", listed=False, root=base)
        for name, content in sitemap.files(base, pages.listed).items():
            tree.put(name, content)
