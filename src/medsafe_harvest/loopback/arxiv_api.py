"""The arXiv search API: one request in, one Atom feed out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import numpy as np
from werkzeug import Request, Response

from medsafe_harvest.loopback.arxiv_feed import Asked, error_feed, result_feed
from medsafe_harvest.loopback.arxiv_query import Searcher, parse, rewritten
from medsafe_harvest.loopback.corpus import Corpus
from medsafe_harvest.loopback.limits import Limits
from medsafe_harvest.loopback.refused import RefusedError

# 0000.0000 is well-formed for the service, though no paper can have it. The subject class of an
# old id (math.GT/0309136) is no part of the identity.
_ID = re.compile(r"(?:(\d{4}\.\d{4,5})|([a-z-]+)(?:\.[A-Za-z-]{2,})?(/\d{7}))(?:v([1-9]\d*))?")
_SORT_FIELDS = ("relevance", "lastUpdatedDate", "submittedDate")
_SORT_ORDERS = ("ascending", "descending")
_LONG_AGO = datetime(1991, 1, 1, tzinfo=UTC)


class ArxivApi:
    """Answers requests over the arXiv side of a corpus.

    Args:
        corpus: what to serve.
        limits: page and window sizes.
        now: the clock of the feeds' ``updated``.
    """

    def __init__(self, corpus: Corpus, limits: Limits, now: Callable[[], datetime]) -> None:
        self._corpus = corpus
        self._searcher = Searcher(corpus)
        self._limits = limits
        self._now = now

    def respond(self, request: Request) -> Response:
        """The feed, or the service's error feed with its status."""
        try:
            asked = self._asked(_parameters(request))
            rows = self._rows(asked)
        except RefusedError as error:
            return _atom(error_feed(str(error), self._now()), error.status)
        papers = [
            self._corpus.papers[row] for row in rows[asked.start : asked.start + asked.max_results]
        ]
        page = [(p, asked.ids.get(p.arxiv_id or "") or p.version) for p in papers]
        return _atom(result_feed(asked, len(rows), page, self._now()), 200)

    def _asked(self, parameters: Mapping[str, str]) -> Asked:
        id_list = parameters.get("id_list", "").strip()
        ids = dict(_identifier(item) for item in id_list.split(",")) if id_list else {}
        max_results = _count(parameters, "max_results", 10)
        start = _count(parameters, "start", 0)
        sort_by = _one_of(parameters, "sortBy", _SORT_FIELDS, "relevance")
        sort_order = _one_of(parameters, "sortOrder", _SORT_ORDERS, "descending")
        query = parameters.get("search_query", "").strip()
        if not query and not ids:
            raise RefusedError("either a search_query or id_list must be specified")
        self._check_depth(start, max_results)
        if query and parameters.get("raw") != "1":
            query = rewritten(query)
        return Asked(query, id_list, ids, start, max_results, sort_by, sort_order == "ascending")

    def _check_depth(self, start: int, max_results: int) -> None:
        if max_results == 0:
            raise RefusedError("integer division or modulo by zero", 500)
        if max_results > self._limits.arxiv_page:
            raise RefusedError(f"max_results must not exceed {self._limits.arxiv_page}")
        # The service's own arithmetic, which also refuses a last page that would just fit.
        if 1 + round(start / max_results) > self._limits.arxiv_window // max_results:
            raise RefusedError(f"results beyond {self._limits.arxiv_window} are out of reach", 500)

    def _rows(self, asked: Asked) -> list[int]:
        """Positions in the corpus of everything that was asked for, sorted."""
        papers = self._corpus.papers
        rows: list[int] = self._corpus.arxiv.tolist()
        if asked.search_query:
            rows = np.flatnonzero(self._searcher.find(parse(asked.search_query))).tolist()
        if asked.ids:
            wanted = {self._searcher.row(arxiv_id) for arxiv_id in asked.ids}
            rows = [
                row
                for row in rows
                if row in wanted
                and (asked.ids[papers[row].arxiv_id or ""] or 1) <= papers[row].version
            ]

        def moment(row: int) -> datetime:
            paper = papers[row]
            revised = paper.updated if asked.sort_by == "lastUpdatedDate" else None
            return revised or paper.published or _LONG_AGO

        return sorted(rows, key=moment, reverse=not asked.ascending)


def _parameters(request: Request) -> Mapping[str, str]:
    """GET parameters, and those of a form; a body without content type is a form too."""
    parameters = dict(parse_qsl(request.get_data(as_text=True), keep_blank_values=True))
    if request.content_type not in (None, "", "application/x-www-form-urlencoded"):
        parameters = {}
    return {**parameters, **request.args.to_dict()}


def _identifier(text: str) -> tuple[str, int | None]:
    shape = _ID.fullmatch(text.strip().removeprefix("arXiv:"))
    if shape is None:
        raise RefusedError(f"incorrect id format for {text}")
    new, archive, number, version = shape.groups()
    return new or f"{archive}{number}", int(version) if version else None


def _count(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name, str(default))
    try:
        value = int(text)
    except ValueError as error:
        raise RefusedError(f"{name} must be an integer") from error
    if value < 0:
        raise RefusedError(f"{name} must be non-negative")
    return value


def _one_of(
    parameters: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str
) -> str:
    value = parameters.get(name, default)
    if value not in allowed:
        raise RefusedError(f"{name} must be in: {', '.join(allowed)}")
    return value


def _atom(body: bytes, status: int) -> Response:
    return Response(body, status=status, content_type="application/atom+xml; charset=utf-8")
