"""Answer some requests wrongly, by a seeded script.

Each door of the services has a stream of random numbers of its own, so what befalls the n-th
request of a door depends on the seed and on nothing else. A fault is always one that a careful
client can notice: a whole, plausible answer that just lacks a paper would deceive anybody, so an
empty list is given only once for each address, and what is dropped from a list is still counted in
its total.
"""

from __future__ import annotations

import enum
import gzip
import json
import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlencode

from werkzeug import Request, Response

Answer = Callable[[Request], Response]

_MIB = 1 << 20
_ATOM_TYPE = "application/atom+xml; charset=utf-8"


class Fault(enum.StrEnum):
    """What may be wrong with an answer."""

    THROTTLED = "429"
    THROTTLED_SECONDS = "429, Retry-After in seconds"
    THROTTLED_DATE = "429, Retry-After as a date"
    NOT_ACCEPTABLE = "406"
    ERROR = "500"
    UNAVAILABLE = "503"
    UNAVAILABLE_SECONDS = "503, Retry-After"
    HTML = "HTML with 200"
    NOTHING = "no body with 200"
    EMPTY = "empty list with 200"
    CUT = "body cut"
    CLOSED = "connection closed early"
    SLOW = "slow bytes"
    RESET = "connection reset at once"
    RESET_LATER = "connection reset halfway"
    REPEATED = "page before once more"
    SHIFTED = "page shifted"
    TOTAL = "another total"
    EXPIRED = "token expired"
    NO_GZIP = "gzip that is none"
    NO_UTF8 = "bytes that are no UTF-8"
    UTF16 = "UTF-16 unannounced"
    HUGE = "endless body"
    BOMB = "gzip bomb"
    MOVED = "redirect elsewhere"


#: Share of faults of the kinds that need a list, a total or a token, where they can be.
_RARE = 0.4
#: Faults that every door may meet; the others need a list, a total or a token.
_ANYWHERE = frozenset(Fault) - {
    Fault.EMPTY,
    Fault.REPEATED,
    Fault.SHIFTED,
    Fault.TOTAL,
    Fault.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request as far as faults are concerned."""

    #: ``search``, ``ids``, ``oai``, ``oai_get``, ``rss``, ``bulk``, ``batch`` or ``other``.
    door: str
    url: str
    #: The list that the request asks a page of: the address without what turns pages.
    list_of: str
    has_token: bool

    @classmethod
    def of(cls, request: Request) -> _Asked:
        arguments = request.args.to_dict()
        token = "resumptionToken" in arguments or "token" in arguments
        door = "other"
        if request.path == "/api/query":
            door = "search" if "search_query" in arguments else "ids"
        elif request.path == "/oai":
            door = "oai" if arguments.get("verb") == "ListRecords" else "oai_get"
        elif request.path.startswith(("/rss/", "/atom/")):
            door = "rss"
        elif request.path.endswith("/search/bulk"):
            door = "bulk"
        elif request.path.endswith("/batch"):
            door = "batch"
        turned = ("start", "max_results", "token", "resumptionToken")
        kept = sorted((key, value) for key, value in arguments.items() if key not in turned)
        return cls(door, request.url, f"{request.path} {kept}", token)


@dataclass(slots=True)
class Faults:
    """The script.

    Attributes:
        seed: of the random numbers.
        rate: share of the requests that are answered wrongly.
        kinds: faults to choose from.
        longest_run: wrong answers in succession at one door, at most.
        huge_mb: size of an endless body, MiB.
        pause: seconds between the pieces of a slow body.
        active: whether anything is wrong at all; may be switched at any time.
        injected: how often each fault was given.
    """

    seed: int
    rate: float
    kinds: Sequence[Fault] = tuple(Fault)
    longest_run: int = 2
    huge_mb: int = 1024
    pause: float = 0.002
    active: bool = True
    injected: Counter[Fault] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _random: dict[str, random.Random] = field(default_factory=dict, repr=False)
    _in_a_row: Counter[str] = field(default_factory=Counter, repr=False)
    _emptied: set[str] = field(default_factory=set, repr=False)
    #: Of each list the latest page: its address and body.
    _pages: dict[str, tuple[str, bytes]] = field(default_factory=dict, repr=False)

    def answer(self, request: Request, real: Answer) -> Response:
        """The service's answer, or what a broken service would send in its place."""
        asked = _Asked.of(request)
        fault, chance = self._draw(asked)
        if fault is None:
            response = real(request)
            self._remember(asked, response)
            return response
        if fault in _PLAIN:
            spoilt: Response | None = _PLAIN[fault](asked)
        else:
            spoilt = self._spoilt(fault, asked, request, real, chance)
        if spoilt is None:
            response = real(request)
            self._remember(asked, response)
            return response
        with self._lock:
            self.injected[fault] += 1
            self._in_a_row[asked.door] += 1
        return spoilt

    def _draw(self, asked: _Asked) -> tuple[Fault | None, random.Random]:
        """The fault that befalls a request, if any, and random numbers for its details."""
        with self._lock:
            fresh = random.Random(f"{self.seed} {asked.door}")  # noqa: S311 - as below
            own = self._random.setdefault(asked.door, fresh)
            wanted = own.random() < self.rate
            possible = [kind for kind in self.kinds if self._is_possible(kind, asked)]
            # Few requests turn a page or bear a token, so what can befall only them comes first.
            rare = [kind for kind in possible if kind not in _ANYWHERE]
            fault = own.choice(rare if rare and own.random() < _RARE else possible or [None])
            chance = random.Random(own.random())  # noqa: S311 - spoils answers, guards nothing
            if not self.active or not wanted or self._in_a_row[asked.door] >= self.longest_run:
                fault = None
            if fault is Fault.EMPTY:
                self._emptied.add(asked.url)
            return fault, chance

    def _is_possible(self, fault: Fault, asked: _Asked) -> bool:
        match fault:
            case Fault.EMPTY:
                listed = asked.door in {"search", "bulk", "oai"} and not asked.has_token
                return listed and asked.url not in self._emptied
            case Fault.REPEATED:
                before = self._pages.get(asked.list_of)
                return (
                    asked.door in {"search", "bulk"}
                    and before is not None
                    and before[0] != asked.url
                )
            case Fault.SHIFTED:
                return asked.door in {"search", "bulk", "oai"}
            case Fault.TOTAL:
                return asked.door in {"search", "bulk"}
            case Fault.EXPIRED:
                return asked.has_token
        return fault in _ANYWHERE

    def _remember(self, asked: _Asked, response: Response) -> None:
        with self._lock:
            self._in_a_row[asked.door] = 0
            if asked.door in {"search", "bulk"}:
                self._pages[asked.list_of] = (asked.url, response.get_data())

    def _spoilt(
        self, fault: Fault, asked: _Asked, request: Request, real: Answer, chance: random.Random
    ) -> Response | None:
        """The real answer with something wrong about it; None where that cannot be done."""
        if fault is Fault.HUGE:
            return _streamed((b" " * _MIB for _ in range(self.huge_mb)), Response())
        if fault is Fault.REPEATED:
            with self._lock:
                _, before = self._pages[asked.list_of]
            return Response(before)
        if fault is Fault.SHIFTED:
            return _shifted(asked, request, real, chance)
        response = real(request)
        if fault is Fault.TOTAL:
            return _with_total(asked, response, chance)
        if fault is Fault.SLOW:
            return _streamed(self._slowly(response.get_data()), response)
        return _broken(fault, request, response, chance)

    def _slowly(self, body: bytes) -> Iterator[bytes]:
        size = max(1, len(body) // 8)
        for start in range(0, len(body), size):
            time.sleep(self.pause)
            yield body[start : start + size]


def _broken(fault: Fault, request: Request, response: Response, chance: random.Random) -> Response:
    """The response with its bytes, or the way they are sent, broken."""
    body = response.get_data()
    place = chance.randrange(1, max(2, len(body)))
    match fault:
        case Fault.CUT:
            response.set_data(body[: max(1, place // 2)])
        case Fault.CLOSED:
            response.headers["Content-Length"] = str(len(body))
            return _streamed([body[: place - 1]], response)
        case Fault.RESET:
            return _streamed(_reset(request), response)
        case Fault.RESET_LATER:
            response.headers["Content-Length"] = str(len(body))
            return _streamed(_reset(request, body[:place]), response)
        case Fault.NO_GZIP:
            response.headers["Content-Encoding"] = "gzip"
        case Fault.NO_UTF8:
            response.set_data(body[:place] + b"\xff\xfe\xc0" + body[place:])
        case Fault.UTF16:
            response.set_data(body.decode().encode("utf-16"))
    return response


def _throttled(asked: _Asked) -> Response:
    if asked.door in {"bulk", "batch"}:
        words = {"message": "Too Many Requests. Please wait and try again.", "code": "429"}
        return Response(json.dumps(words), 429, content_type="application/json")
    return Response("Rate exceeded.", 429, content_type="text/plain")


def _with_wait(response: Response, value: str) -> Response:
    response.headers["Retry-After"] = value
    return response


def _html(status: int) -> Response:
    words = "<html><head><title>Sorry</title></head><body>first byte timeout</body></html>"
    return Response(words, status, content_type="text/html")


def _empty(asked: _Asked) -> Response:
    if asked.door == "bulk":
        return Response('{"total": 0, "offset": 0, "data": []}', content_type="application/json")
    if asked.door == "oai":
        space = "http://www.openarchives.org/OAI/2.0/"
        words = f"<OAI-PMH xmlns='{space}'><ListRecords></ListRecords></OAI-PMH>"
        return Response(words, content_type="text/xml")
    words = (
        "<feed xmlns='http://www.w3.org/2005/Atom' "
        "xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'>"
        "<id>https://arxiv.org/api/x</id><opensearch:itemsPerPage>5</opensearch:itemsPerPage>"
        "<opensearch:totalResults>0</opensearch:totalResults>"
        "<opensearch:startIndex>0</opensearch:startIndex></feed>"
    )
    return Response(words, content_type=_ATOM_TYPE)


def _expired(asked: _Asked) -> Response:
    if asked.door == "bulk":
        words = json.dumps({"error": "Invalid or expired token"})
        return Response(words, 400, content_type="application/json")
    words = (
        "<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'>"
        "<error code='badResumptionToken'>expired</error></OAI-PMH>"
    )
    return Response(words, content_type="text/xml")


def _bomb() -> Response:
    response = Response(gzip.compress(bytes(64 * _MIB), compresslevel=1))
    response.headers["Content-Encoding"] = "gzip"
    return response


def _soon() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)


_PLAIN: dict[Fault, Callable[[_Asked], Response]] = {
    Fault.THROTTLED: _throttled,
    Fault.THROTTLED_SECONDS: lambda asked: _with_wait(_throttled(asked), "1"),
    Fault.THROTTLED_DATE: lambda asked: _with_wait(_throttled(asked), _soon()),
    Fault.NOT_ACCEPTABLE: lambda _: Response("Not Acceptable", 406, content_type="text/plain"),
    Fault.ERROR: lambda _: Response('{"message": "Internal"}', 500),
    Fault.UNAVAILABLE: lambda _: _html(503),
    Fault.UNAVAILABLE_SECONDS: lambda _: _with_wait(_html(503), "0"),
    Fault.HTML: lambda _: _html(200),
    Fault.NOTHING: lambda _: Response(b""),
    Fault.EMPTY: _empty,
    Fault.EXPIRED: _expired,
    Fault.BOMB: lambda _: _bomb(),
    Fault.MOVED: lambda _: Response("", 302, headers={"Location": "http://elsewhere.invalid/"}),
}


def _streamed(pieces: Iterator[bytes] | Sequence[bytes], like: Response) -> Response:
    """A response of pieces, with the status and headers of another."""
    return Response(pieces, like.status_code, like.headers, direct_passthrough=True)


def _reset(request: Request, first: bytes = b"") -> Iterator[bytes]:
    """Send something, then break the connection; the server takes it for the client's doing."""
    if first:
        yield first
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionResetError


def _shifted(
    asked: _Asked, request: Request, real: Answer, chance: random.Random
) -> Response | None:
    """The page as if papers had come or gone in front of it meanwhile."""
    if asked.door == "search":
        arguments = request.args.to_dict()
        start = arguments.get("start", "0")
        if not start.isdecimal():
            return None
        shifts = [shift for shift in (-2, -1, 1, 2) if int(start) + shift >= 0]
        arguments["start"] = str(int(start) + chance.choice(shifts))
        other = Request({**request.environ, "QUERY_STRING": urlencode(arguments)})
        return real(other)
    response = real(request)
    if asked.door == "bulk":
        page = json.loads(response.get_data())
        if not page.get("data"):
            return None
        del page["data"][chance.randrange(len(page["data"]))]
        response.set_data(json.dumps(page))
        return response
    # A list without a total: a page may begin too early, never too late, or nobody could tell.
    body, shifted = re.subn(
        rb"skip%3D([1-9][0-9]*)",
        lambda found: b"skip%%3D%d" % (int(found[1]) - 1),
        response.get_data(),
    )
    if not shifted:
        return None
    response.set_data(body)
    return response


def _with_total(asked: _Asked, response: Response, chance: random.Random) -> Response | None:
    """The page with a total that another page contradicts, or its own entries do."""
    change = chance.choice((-3, -2, -1, 1, 2, 3))
    if asked.door == "bulk":
        page = json.loads(response.get_data())
        # Where a single page is the whole list, nothing contradicts a total that fits it.
        if "total" not in page or page["total"] + change < 0:
            return None
        page["total"] += change
        response.set_data(json.dumps(page))
        return response
    body = response.get_data()
    numbers = re.search(rb"totalResults>(\d+)<.*?startIndex>(\d+)<", body, re.DOTALL)
    if numbers is None:
        return None
    total, start = int(numbers[1]) + change, int(numbers[2])
    entries = body.count(b"<entry>")
    if total < 0 or total == start + entries:
        return None
    response.set_data(
        body.replace(b"totalResults>%s<" % numbers[1], b"totalResults>%d<" % total, 1)
    )
    return response
