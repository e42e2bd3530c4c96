"""The arXiv search API: one request in, one Atom feed out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import numpy as np
import numpy.typing as npt
from werkzeug import Request, Response

from medsafe_harvest.loopback.arxiv_feed import Asked, error_feed, result_feed
from medsafe_harvest.loopback.arxiv_query import Searcher, parse, rewritten
from medsafe_harvest.loopback.corpus import Corpus
from medsafe_harvest.loopback.limits import Limits
from medsafe_harvest.loopback.refused import RefusedError
from medsafe_harvest.loopback.timeline import Snapshot

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
        snapshot: gives what can be seen when a request is answered.
    """

    def __init__(
        self,
        corpus: Corpus,
        limits: Limits,
        now: Callable[[], datetime],
        snapshot: Callable[[], Snapshot],
    ) -> None:
        self._searcher = Searcher(corpus)
        self._limits = limits
        self._now = now
        self._snapshot = snapshot
        papers = corpus.papers
        self._versions = np.array([p.version for p in papers], dtype=np.int64)
        self._published = _times(p.published for p in papers)
        self._updated = _times(p.updated or p.published for p in papers)

    def respond(self, request: Request) -> Response:
        """The feed, or the service's error feed with its status."""
        try:
            asked = self._asked(_parameters(request))
            snapshot = self._snapshot()
            rows = self._rows(asked, snapshot)
        except RefusedError as error:
            return _atom(error_feed(str(error), self._now()), error.status)
        shown = rows[asked.start : asked.start + asked.max_results]
        papers = [snapshot.paper(row) for row in shown]
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

    def _rows(self, asked: Asked, snapshot: Snapshot) -> list[int]:
        """Positions in the corpus of everything that was asked for, sorted."""
        found = snapshot.arxiv
        if asked.search_query:
            found = found & self._searcher.find(parse(asked.search_query))
        if asked.ids:
            versions = np.where(snapshot.revised, self._versions, 1)
            wanted = np.zeros_like(found)
            for arxiv_id, version in asked.ids.items():
                row = self._searcher.row(arxiv_id)
                if row is not None:
                    wanted[row] = (version or 1) <= versions[row]
            found = found & wanted
        rows = np.flatnonzero(found)
        moments = self._published
        if asked.sort_by == "lastUpdatedDate":
            moments = np.where(snapshot.revised, self._updated, self._published)
        keys = moments[rows].astype(np.int64)
        ordered: list[int] = rows[
            np.argsort(keys if asked.ascending else -keys, kind="stable")
        ].tolist()
        return ordered


def _times(moments: Iterable[datetime | None]) -> npt.NDArray[np.datetime64]:
    """In microseconds; without a moment, long ago."""
    times = [(moment or _LONG_AGO).astimezone(UTC).replace(tzinfo=None) for moment in moments]
    return np.array(times, dtype="datetime64[us]")


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
