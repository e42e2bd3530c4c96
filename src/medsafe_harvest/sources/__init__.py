"""The doors that are asked; ``docs/new-source.md`` says how to add one."""

from __future__ import annotations

from medsafe_harvest.sources.arxiv import ArxivSource
from medsafe_harvest.sources.arxiv_ids import ArxivIds
from medsafe_harvest.sources.arxiv_oai import ArxivOai, ArxivOaiGet, ArxivOaiRaw
from medsafe_harvest.sources.arxiv_rss import ArxivRss
from medsafe_harvest.sources.arxiv_titles import ArxivTitles
from medsafe_harvest.sources.base import Door, Feed, Lookup, Source
from medsafe_harvest.sources.s2_batch import SemanticScholarBatch
from medsafe_harvest.sources.s2_references import SemanticScholarReferences
from medsafe_harvest.sources.s2_titles import SemanticScholarTitles
from medsafe_harvest.sources.semantic_scholar import SemanticScholarSource

_SOURCES: tuple[Source, ...] = (
    ArxivSource(),
    SemanticScholarSource(),
)
_FEEDS: tuple[Feed, ...] = (
    ArxivOai(),
    ArxivOaiRaw(),
    ArxivRss(),
)
_LOOKUPS: tuple[Lookup, ...] = (
    ArxivIds(),
    ArxivOaiGet(),
    SemanticScholarBatch(),
    # Searches by title are asked in this order: the next one for what the one before had not.
    ArxivTitles(),
    SemanticScholarTitles(),
    SemanticScholarReferences(),
)

#: Every door that is asked the seed queries, by its name.
SOURCES: dict[str, Source] = {source.name: source for source in _SOURCES}
#: Every door that tells what changed, by its name.
FEEDS: dict[str, Feed] = {feed.name: feed for feed in _FEEDS}
#: Every door that is asked for known papers, by its name.
LOOKUPS: dict[str, Lookup] = {lookup.name: lookup for lookup in _LOOKUPS}
#: Every door by its name.
DOORS: dict[str, Door] = {**SOURCES, **FEEDS, **LOOKUPS}
