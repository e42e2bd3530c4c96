"""The Semantic Scholar Graph API: searches, batch and single papers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from werkzeug import Request, Response
from werkzeug.datastructures import MultiDict

from medsafe_harvest.loopback.corpus import Corpus, Paper
from medsafe_harvest.loopback.limits import Limits
from medsafe_harvest.loopback.refused import RefusedError, unacceptable
from medsafe_harvest.loopback.s2_fields import parse_fields, render
from medsafe_harvest.loopback.s2_filters import FILTERS, filters, in_order
from medsafe_harvest.loopback.s2_ids import PaperIds
from medsafe_harvest.loopback.s2_query import all_words, find
from medsafe_harvest.loopback.s2_references import References
from medsafe_harvest.loopback.text import Mask, words
from medsafe_harvest.loopback.timeline import Snapshot

_SEARCH = frozenset(("query", "fields", "offset", "limit", *FILTERS))
_BULK = _SEARCH | {"token", "sort"}
#: What a token is bound to: the other parameters may change from page to page.
_BOUND = ("query", "sort", *FILTERS)


class SemanticScholarApi:
    """Answers requests over the Semantic Scholar side of a corpus.

    Args:
        corpus: what to serve.
        limits: page and window sizes, and the accepted key.
        snapshot: gives what can be seen when a request is answered.
    """

    def __init__(self, corpus: Corpus, limits: Limits, snapshot: Callable[[], Snapshot]) -> None:
        self._corpus = corpus
        self._limits = limits
        self._snapshot = snapshot
        self._references = References(corpus)
        self._ids = PaperIds((row, corpus.papers[row]) for row in corpus.semantic_scholar.tolist())
        self._endpoints = {
            "bulk": self._bulk,
            "search": self._search,
            "match": self._match,
            "batch": self._batch,
        }

    def respond(self, request: Request, endpoint: str, paper_id: str | None = None) -> Response:
        """The answer of one endpoint: ``bulk``, ``search``, ``match``, ``batch`` or ``paper``."""
        key = self._limits.api_key
        if key is not None and request.headers.get("x-api-key") != key:
            return Response('{"message":"Forbidden"}', 403, content_type="application/json")
        try:
            if paper_id is not None:
                body: Any = self._paper(request, paper_id)
            else:
                body = self._endpoints[endpoint](request)
        except RefusedError as error:
            return _error(str(error), error.status)
        return Response(json.dumps(body) + "\n", content_type="application/json")

    def _bulk(self, request: Request) -> dict[str, Any]:
        if "|" in request.environ.get("QUERY_STRING", ""):
            raise RefusedError("the query string holds an unencoded |: write %7C")
        asked = _parameters(request, _BULK)
        fields = parse_fields(asked.get("fields"), bulk=True)
        found = find(self._corpus, asked["query"]) & self._snapshot().scholar
        rows = np.flatnonzero(self._filtered(found, asked)).tolist()
        papers = in_order([self._corpus.papers[row] for row in rows], asked.get("sort"))
        digest = _digest(asked)
        start = _start(asked["token"], digest) if asked.get("token") else 0
        end = start + self._limits.bulk_page
        return {
            "total": len(papers),
            "token": _token(end, digest) if end < len(papers) else None,
            "data": [render(paper, fields) for paper in papers[start:end]],
        }

    def _search(self, request: Request) -> dict[str, Any]:
        asked = _parameters(request, _SEARCH)
        fields = parse_fields(asked.get("fields"), bulk=False)
        offset = _count(asked, "offset", 0)
        limit = _count(asked, "limit", self._limits.search_page)
        if not 1 <= limit <= self._limits.search_page:
            raise unacceptable("limit", limit)
        if offset + limit > self._limits.search_window:
            raise RefusedError(f"Unacceptable query params: [offset={offset}, limit={limit}]")
        sought = words(asked["query"])
        served = self._snapshot().scholar
        if not sought or re.search(r"\w-\w", asked["query"]):
            found = np.zeros_like(served)  # a hyphenated term matches nothing
        else:
            found = all_words(self._corpus, sought) & served
        papers = self._by_relevance(self._filtered(found, asked), self._scores(sought, served))
        page = papers[offset : offset + limit]
        body: dict[str, Any] = {"total": len(papers), "offset": offset}
        if offset + limit < min(len(papers), self._limits.search_window):
            body["next"] = offset + limit
        if page:  # the service leaves out data where there is none
            body["data"] = [render(paper, fields) for paper in page]
        return body

    def _match(self, request: Request) -> dict[str, Any]:
        asked = _parameters(request, _SEARCH)
        fields = parse_fields(asked.get("fields"), bulk=False)
        served = self._snapshot().scholar
        scores = self._scores(words(asked["query"]), served)
        scores = np.where(self._filtered(served, asked), scores, 0)
        if not scores.size or scores.max() <= 0:
            raise RefusedError("Title match not found", 404)
        rows = np.flatnonzero(scores == scores.max()).tolist()
        papers = self._corpus.papers
        closest = min(rows, key=lambda row: (len(papers[row].title), papers[row].s2_id))
        shown = render(papers[closest], fields)
        return {"data": [{**shown, "matchScore": round(float(scores[closest]), 5)}]}

    def _batch(self, request: Request) -> list[dict[str, Any] | None]:
        _known(request.args, frozenset(("fields",)))
        fields = parse_fields(request.args.get("fields"), bulk=False)
        body = request.get_json(force=True, silent=True)
        ids = body.get("ids") if isinstance(body, dict) else None
        if not isinstance(ids, list) or not ids or not all(isinstance(i, str) for i in ids):
            raise RefusedError("No paper ids given")
        if len(ids) > self._limits.batch_ids:
            raise RefusedError(f"Too many paper ids: at most {self._limits.batch_ids}")
        snapshot = self._snapshot()
        found = [self._find(text, snapshot) for text in ids]
        left = self._limits.batch_references
        answer: list[dict[str, Any] | None] = []
        for paper in found:
            cited = self._cited(paper, fields, snapshot)
            # Where there is room for no more, lists are cut without a word.
            shown = cited and cited[:left]
            left -= len(shown or ())
            answer.append(None if paper is None else render(paper, fields, shown))
        return answer

    def _cited(
        self, paper: Paper | None, fields: tuple[str, ...], snapshot: Snapshot
    ) -> list[Paper] | None:
        """What a paper cites, where that is asked for; None where it is withheld."""
        asked = any(name.partition(".")[0] == "references" for name in fields)
        return self._references.of(paper, snapshot) if asked and paper is not None else []

    def _paper(self, request: Request, paper_id: str) -> dict[str, Any]:
        _known(request.args, frozenset(("fields",)))
        snapshot = self._snapshot()
        paper = self._find(paper_id, snapshot)
        if paper is None:
            raise RefusedError(f"Paper with id {paper_id} not found", 404)
        fields = parse_fields(request.args.get("fields"), bulk=False)
        return render(paper, fields, self._cited(paper, fields, snapshot))

    def _find(self, text: str, snapshot: Snapshot) -> Paper | None:
        """The paper of an id; for one that was merged, the paper that it became."""
        rows = (snapshot.survivor(row) for row in self._ids.rows(text))
        return next((self._corpus.papers[row] for row in rows if row is not None), None)

    def _filtered(self, found: Mask, asked: Mapping[str, str]) -> Mask:
        """Papers that were found and pass the filters."""
        passes = filters(asked)
        mask = found.copy()
        papers = self._corpus.papers
        for row in np.flatnonzero(mask).tolist() if passes else ():
            mask[row] = all(passed(papers[row]) for passed in passes)
        return mask

    def _by_relevance(self, found: Mask, scores: npt.NDArray[np.float64]) -> list[Paper]:
        """Rare words in the title first, then many citations."""
        papers = self._corpus.papers

        def rank(row: int) -> tuple[float, int, str]:
            return (-float(scores[row]), -papers[row].citation_count, papers[row].s2_id)

        return [papers[row] for row in sorted(np.flatnonzero(found).tolist(), key=rank)]

    def _scores(self, sought: list[str], served: Mask) -> npt.NDArray[np.float64]:
        """For each paper, the summed rarity of the words that its title holds."""
        scores = np.zeros(len(served))
        for word in set(sought):
            hits = self._corpus.title.phrase([word]) & served
            scores += hits * math.log1p(len(hits) / (1 + hits.sum()))
        return scores


def _parameters(request: Request, allowed: frozenset[str]) -> dict[str, str]:
    asked = _known(request.args, allowed)
    if "query" not in asked:
        raise RefusedError("Missing required parameter: query")
    return asked


def _known(arguments: MultiDict[str, str], allowed: frozenset[str]) -> dict[str, str]:
    asked = arguments.to_dict()
    unknown = ", ".join(f"{name}={value}" for name, value in asked.items() if name not in allowed)
    if unknown:
        raise RefusedError(f"Unacceptable query params: [{unknown}]")
    return asked


def _count(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not text.isdecimal():
        raise unacceptable(name, text)
    return int(text)


def _digest(asked: Mapping[str, str]) -> str:
    bound = json.dumps([asked.get(name) for name in _BOUND])
    return hashlib.sha256(bound.encode()).hexdigest()[:16]


def _token(start: int, digest: str) -> str:
    return base64.b32encode(f"{digest}:{start}".encode()).decode().rstrip("=")


def _start(token: str, digest: str) -> int:
    """Where the page of a token begins; a token belongs to one query with its filters."""
    try:
        text = base64.b32decode(token + "=" * (-len(token) % 8)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise unacceptable("token", token) from error
    of, _, start = text.partition(":")
    if of != digest or not start.isdecimal():
        raise unacceptable("token", token)
    return int(start)


def _error(message: str, status: int) -> Response:
    body = json.dumps({"error": message}, separators=(",", ":")) + "\n"
    return Response(body, status, content_type="application/json")
