"""Semantic Scholar's bulk search.

Rules taken from its documentation and from recorded responses:

* Every word is looked for in title and abstract together, so a term cannot be kept to one field,
  and arXiv categories are unknown: :meth:`SemanticScholarSource.widened` names what is lost.
* Hyphenated words match nothing; a blank in place of the hyphen does.
* Pages are chained by ``token``. Only the default order, by paper id, is stable while papers
  are added.
* A paper of which only the year is known counts as published on 1 January.
* ``{"total": 0, "offset": 0}`` without ``data`` is the answer to a query that finds nothing.
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from medsafe_harvest.errors import EmptyPageError, MalformedPageError, RefusedError, ThrottledError
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    Page,
    PageContent,
    Request,
    Window,
    refuse_unreadable,
    too_many_rejected,
)
from medsafe_harvest.sources.expression import (
    EVERYWHERE,
    And,
    Expression,
    Not,
    Or,
    Term,
    both,
    either,
)
from medsafe_harvest.sources.http import legible, quoted, raise_for_status, sounds_throttled
from medsafe_harvest.sources.query import Query
from medsafe_harvest.sources.s2_paper import Json, record
from medsafe_harvest.sources.service import ServiceSettings

#: A year and a half after 1 January, a paper of that year without a day is no news any more.
_UNDATED_DAYS = 545
_PATH = "graph/v1/paper/search/bulk"
#: Flat fields only: bulk search refuses nested ones, tldr and embedding.
FIELDS = (
    "paperId,corpusId,externalIds,url,title,abstract,venue,publicationVenue,year,referenceCount,"
    "citationCount,influentialCitationCount,isOpenAccess,openAccessPdf,fieldsOfStudy,"
    "s2FieldsOfStudy,publicationTypes,publicationDate,journal,authors"
)
#: Longer numbers are no counts and no ids; Python itself refuses those of more than 4,300 digits.
_DIGITS = 20
#: Longer addresses cannot be asked for.
_LONGEST_TOKEN = 4_000
_NOT_WORDS = re.compile(r"[\s\-\u2010-\u2015]+")


@dataclass(frozen=True, slots=True)
class SemanticScholarSource:
    """Semantic Scholar's bulk search."""

    #: Papers that the service hands out for one query.
    cap: int = 10_000_000

    name: ClassVar[str] = "semantic_scholar"
    source: ClassVar[str] = "semantic_scholar"
    gives: ClassVar[tuple[str, ...]] = ()
    service: ClassVar[ServiceSettings] = ServiceSettings(
        base_url="https://api.semanticscholar.org",
        pace="semantic_scholar",
        # One request a second with a key, over all endpoints; a little slack for clocks.
        min_interval=1.1,
        # Without a key all the world shares one pool, which is mostly empty.
        keyless_interval=10.0,
        api_key_env="S2_API_KEY",
    )

    def compile(self, query: Query) -> str:
        """The query in the bulk search's language, without dates."""
        raw = query.raw.get(self.name)
        if raw is not None:
            return raw
        relaxed = _relaxed(query.expression, upward=True)
        # Something is asked for beside every negation, so dropping negations leaves a query.
        assert not isinstance(relaxed, bool)
        return _compiled(relaxed)

    def widened(self, query: Query) -> tuple[str, ...]:
        """What of the query is dropped, so that more papers are found than asked for."""
        if self.name in query.raw:
            return ()
        lost: list[str] = []
        if query.categories:
            lost.append(f"categories {', '.join(query.categories)}: papers of all fields are found")
        lost.extend(
            f"{term.words!r} in the {term.fields[0]} only: looked for in title and abstract"
            for term in _restricted(query.expression, excluded=False)
        )
        lost.extend(
            f"not {term.words!r} in the {term.fields[0]} only: not excluded"
            for term in _restricted(query.expression, excluded=True)
        )
        return tuple(lost)

    def slow_days(self, window: Window) -> Mapping[date, int]:
        """Each 1 January: papers without a day arrive there during their year and the next."""
        new_years = (date(year, 1, 1) for year in range(window.since.year, window.until.year + 1))
        return {day: _UNDATED_DAYS for day in new_years if window.since <= day}

    def harvest(self, query: Query, window: Window) -> Generator[Request, PageContent, Harvested]:
        """Ask for everything that the query finds in the window, by publication date.

        Raises:
            EmptyPageError: the first page is empty twice although the total announces papers.
            MalformedPageError: the chain of tokens runs in a circle, or a page's counts cannot be.
        """
        asked = (
            ("query", self.compile(query)),
            ("fields", FIELDS),
            ("publicationDateOrYear", f"{window.since.isoformat()}:{window.until.isoformat()}"),
            ("sort", "paperId:asc"),
        )
        received: set[str] = set()
        tokens: set[str] = set()
        rejected: list[str] = []
        page = yield Request(_PATH, asked)
        largest = page.total or 0
        if page.entries == 0:
            # Nothing found is doubted once.
            page = yield Request(_PATH, asked)
        if page.entries == 0 and page.total:
            raise EmptyPageError(f"no paper of the {page.total} announced, twice")
        while True:
            refuse_unreadable(page)
            if page.total is None:
                raise MalformedPageError("a page of the bulk search without a total")
            if page.entries > page.total:
                raise MalformedPageError(f"{page.entries} papers, but a total of {page.total}")
            largest = max(largest, page.total)
            if largest > self.cap:
                return Harvested(Completeness.TOO_LARGE, largest, len(received))
            received.update(paper.source_id for paper in page.records)
            rejected.extend(f"page {len(tokens) + 1}: {text}" for text in page.rejected)
            if page.token is None:
                break
            if page.token in tokens:
                raise MalformedPageError("the token of an earlier page came again")
            tokens.add(page.token)
            page = yield Request(_PATH, (*asked, ("token", page.token)))
        # An entry that names no paper was received all the same; asking again would not mend it.
        counted = len(received) + len(rejected)
        if counted < largest or too_many_rejected(len(rejected), len(received)):
            state = Completeness.SHORT
        else:
            state = Completeness.COMPLETE if counted else Completeness.EMPTY
        return Harvested(state, page.total, len(received), tuple(rejected))

    def parse(self, page: Page) -> PageContent:
        """Read one page of the bulk, the relevance or the title search.

        Raises:
            RefusedError: an ``error`` body or a 4xx.
            ThrottledError: 429, also where only the body says so.
            ForbiddenError: 401 or 403.
            MovedError: 3xx.
            UnavailableError: 5xx.
            MalformedPageError: not JSON, or not the object documented; an odd paper on it is
                ``rejected``.
            EmptyPageError: no papers although a total or a token announces some.
        """
        if not 200 <= page.status < 300:
            raise_for_status(page)
        body = _read(page.body)
        if not isinstance(body, dict):
            raise MalformedPageError("not a JSON object")
        _raise_for_message(body)
        return _content(Json(body, "page"))


def parse_papers(body: bytes) -> PageContent:
    """Read the answer of ``paper/batch``, of the recommendations, or one paper object.

    Raises:
        RefusedError: an ``error`` body.
        ThrottledError: a body that asks for a slower pace.
        MalformedPageError: not JSON, or no list of papers.
    """
    # The batch answers null for an unknown id.
    return _papers([paper for paper in read_list(body) if paper is not None], None, None)


def read_list(body: bytes) -> list[object]:
    """The papers as they came, null for an unknown id, from an answer without a total.

    Raises:
        RefusedError: an ``error`` body.
        ThrottledError: a body that asks for a slower pace.
        MalformedPageError: not JSON, or no list of papers.
    """
    answer = _read(body)
    if isinstance(answer, dict):
        _raise_for_message(answer)
        answer = answer.get("recommendedPapers", [answer])
    if not isinstance(answer, list):
        raise MalformedPageError("not a list of papers")
    return answer


def _compiled(expression: Expression) -> str:
    match expression:
        case Term():
            words = _NOT_WORDS.sub(" ", expression.words).strip()
            return words if words.isalnum() else f'"{words}"'
        case Not():
            inner = _compiled(expression.item)
            return f"-{inner}" if inner.startswith("(") else f"-({inner})"
        case And():
            return f"({' + '.join(_compiled(item) for item in expression.items)})"
        case Or():
            return f"({' | '.join(_compiled(item) for item in expression.items)})"


def _relaxed(expression: Expression, *, upward: bool) -> Expression | bool:
    """The nearest expression that the service can be asked.

    Args:
        expression: what is meant.
        upward: find at least as many papers, else (under a negation) at most as many.

    Returns:
        An expression without restricted terms; True or False where nothing or all is excluded.
    """
    match expression:
        case Term():
            full = set(expression.fields) == set(EVERYWHERE)
            return Term(expression.words) if full or upward else False
        case Not():
            inner = _relaxed(expression.item, upward=not upward)
            return (not inner) if isinstance(inner, bool) else Not(inner)
        case And() | Or():
            # What decides the whole: one False in an And, one True in an Or.
            deciding = isinstance(expression, Or)
            kept: list[Expression] = []
            for item in expression.items:
                part = _relaxed(item, upward=upward)
                if isinstance(part, bool):
                    if part is deciding:
                        return deciding
                else:
                    kept.append(part)
            if not kept:
                return not deciding
            return either(*kept) if deciding else both(*kept)


def _restricted(expression: Expression, *, excluded: bool) -> list[Term]:
    """Terms kept to one field, under an odd number of negations or under an even one."""
    match expression:
        case Term():
            return [] if excluded or len(set(expression.fields)) > 1 else [expression]
        case Not():
            return _restricted(expression.item, excluded=not excluded)
        case And() | Or():
            return [
                term for item in expression.items for term in _restricted(item, excluded=excluded)
            ]


def _read(body: bytes) -> object:
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_int=_integer,
        )
    except (ValueError, RecursionError) as error:
        said = quoted(body)
        if sounds_throttled(said):
            raise ThrottledError(said) from error
        raise MalformedPageError(f"not JSON ({error}): {said!r}") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names a key twice")
    return found


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else float(digits)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _raise_for_message(body: dict[str, object]) -> None:
    """An error body is an error whatever its status."""
    if "data" in body or "paperId" in body:
        return
    if "error" in body:
        raise RefusedError(_said(body["error"]))
    if "message" in body:
        message = _said(body["message"])
        if str(body.get("code")) == "429" or sounds_throttled(message):
            raise ThrottledError(message)
        raise MalformedPageError(f"a message in place of papers: {message}")


def _said(words: object) -> str:
    # Anything but words may be nested too deeply to be written out.
    return legible(words if isinstance(words, str) else reprlib.repr(words))


def _content(page: Json) -> PageContent:
    total = page.count("total")
    token = page.text("token")
    data = page.values("data")
    if data is None and total is None:
        raise MalformedPageError("page has neither data nor total")
    if token is not None and len(token) > _LONGEST_TOKEN:
        raise MalformedPageError(f"a token of {len(token):,} characters")
    if not data and token is not None:
        raise EmptyPageError("a page without papers that announces more pages")
    if data is None and total:
        raise EmptyPageError(f"no data, but a total of {total}")
    return _papers(data or [], total, token)


def _papers(papers: list[object], total: int | None, token: str | None) -> PageContent:
    read = [record(paper, f"data[{index}]") for index, paper in enumerate(papers)]
    return PageContent(
        records=tuple(paper for paper in read if not isinstance(paper, str)),
        entries=len(papers),
        total=total,
        token=token,
        rejected=tuple(paper for paper in read if isinstance(paper, str)),
    )
