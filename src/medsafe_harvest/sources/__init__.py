"""The services that are asked; ``docs/new-source.md`` says how to add one."""

from __future__ import annotations

from medsafe_harvest.sources.arxiv import ArxivSource
from medsafe_harvest.sources.base import Source
from medsafe_harvest.sources.semantic_scholar import SemanticScholarSource

_ALL: tuple[Source, ...] = (
    ArxivSource(),
    SemanticScholarSource(),
)

#: Every source by its name.
SOURCES: dict[str, Source] = {source.name: source for source in _ALL}
