"""The identifiers under which Semantic Scholar finds one paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from medsafe_harvest.loopback.corpus import Paper
from medsafe_harvest.loopback.s2_fields import external_ids

_KINDS = {
    "CORPUSID": "CorpusId",
    "DOI": "DOI",
    "ARXIV": "ArXiv",
    "MAG": "MAG",
    "ACL": "ACL",
    "PMID": "PubMed",
    "PMCID": "PubMedCentral",
}
_URLS = (
    (re.compile(r"semanticscholar\.org/paper/(?:[^/]+/)?([0-9a-f]{40})$"), "S2"),
    (re.compile(r"arxiv\.org/(?:abs|pdf)/([^v]+?)(?:\.pdf)?$"), "ArXiv"),
    (re.compile(r"(?:aclweb\.org/anthology|aclanthology\.org)/([^/]+?)/?$"), "ACL"),
    (re.compile(r"(?:acm\.org/doi|biorxiv\.org/content)/(10\.\d{4,9}/\S+)$"), "DOI"),
)


class PaperIds:
    """Finds papers by ``paperId``, by ``KIND:value``, by bare DOI or by ``URL:``.

    Args:
        papers: the papers, each with its position in the corpus.
    """

    def __init__(self, papers: Iterable[tuple[int, Paper]]) -> None:
        self._rows: dict[tuple[str, str], list[int]] = {}
        for row, paper in papers:
            known = {"S2": paper.s2_id, **external_ids(paper)}
            for kind, value in known.items():
                self._rows.setdefault((kind, str(value).lower()), []).append(row)

    def rows(self, text: str) -> Sequence[int]:
        """Positions of the papers with this id. One of arXiv with a version is unknown."""
        prefix, colon, value = text.partition(":")
        if colon and prefix.upper() == "URL":
            return self._by_url(unquote(value))
        if colon and prefix.upper() in _KINDS:
            return self._rows.get((_KINDS[prefix.upper()], value.lower()), ())
        kind = "DOI" if text.startswith("10.") else "S2"
        return self._rows.get((kind, text.lower()), ())

    def _by_url(self, url: str) -> Sequence[int]:
        for shape, kind in _URLS:
            found = shape.search(url)
            if found is not None:
                return self._rows.get((kind, found[1].lower()), ())
        return ()
