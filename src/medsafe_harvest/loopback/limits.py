"""The services' limits, as arguments, so that a test reaches them with few papers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Numbers at which the services refuse or cut; the defaults are the services' own."""

    #: arXiv: largest ``max_results``; more is answered with 400.
    arxiv_page: int = 2000
    #: arXiv: how deep a result may be paged into; deeper is answered with 500.
    arxiv_window: int = 10_000
    #: arXiv's OAI-PMH: records or headers a page.
    oai_page: int = 1000
    #: arXiv's announcements: items a feed.
    rss_items: int = 2000
    #: Semantic Scholar bulk search: papers a page.
    bulk_page: int = 1000
    #: Semantic Scholar relevance search: largest ``limit``.
    search_page: int = 100
    #: Semantic Scholar relevance search: largest ``offset + limit``.
    search_window: int = 1000
    #: Semantic Scholar batch: ids a request.
    batch_ids: int = 500
    #: Semantic Scholar batch: references an answer; what comes after them is left out.
    batch_references: int = 9999
    #: Semantic Scholar: the one accepted ``x-api-key``; None accepts every request.
    api_key: str | None = None

    def __post_init__(self) -> None:
        arxiv = (self.arxiv_page, self.arxiv_window, self.oai_page, self.rss_items)
        scholar = (self.bulk_page, self.search_page, self.search_window, self.batch_ids)
        if min(*arxiv, *scholar, self.batch_references) < 1:
            raise ValueError(f"every limit is at least 1: {self}")
