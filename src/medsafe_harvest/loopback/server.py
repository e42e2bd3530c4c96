"""One HTTP server on 127.0.0.1 for both services, under the services' own paths."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from medsafe_harvest.loopback.arxiv_api import ArxivApi
from medsafe_harvest.loopback.arxiv_oai import OaiApi
from medsafe_harvest.loopback.arxiv_rss import RssApi
from medsafe_harvest.loopback.corpus import Corpus
from medsafe_harvest.loopback.faults import Faults
from medsafe_harvest.loopback.limits import Limits
from medsafe_harvest.loopback.s2_api import SemanticScholarApi
from medsafe_harvest.loopback.timeline import Snapshot, Timeline

#: Called with each request before the service sees it; a response given back is sent instead.
Before = Callable[[Request], Response | None]
Log = Callable[[str], None]

_HOST = "127.0.0.1"
_ARXIV_PATH = "/api/query"
_OAI_PATH = "/oai"
_RSS_PATH = "/rss"
_ATOM_PATH = "/atom"
_GRAPH = "/graph/v1/paper"
_PATHS = Map(
    [
        Rule(_ARXIV_PATH, endpoint="arxiv", methods=["GET", "POST"]),
        Rule(_OAI_PATH, endpoint="oai", methods=["GET", "POST"]),
        Rule(f"{_RSS_PATH}/<cats>", endpoint="rss", methods=["GET"]),
        Rule(f"{_ATOM_PATH}/<cats>", endpoint="atom", methods=["GET"]),
        Rule(f"{_GRAPH}/search", endpoint="search", methods=["GET"]),
        Rule(f"{_GRAPH}/search/bulk", endpoint="bulk", methods=["GET"]),
        Rule(f"{_GRAPH}/search/match", endpoint="match", methods=["GET"]),
        Rule(f"{_GRAPH}/batch", endpoint="batch", methods=["POST"]),
        # A DOI holds slashes, and a URL holds two in a row.
        Rule(f"{_GRAPH}/<path:paper_id>", endpoint="paper", methods=["GET"]),
    ],
    merge_slashes=False,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that the server answered."""

    #: ``arxiv``, ``semantic_scholar``, or an empty text for a path that neither has.
    service: str
    method: str
    path: str
    args: Mapping[str, str]
    #: Monotonic seconds at which the request arrived.
    time: float
    status: int
    user_agent: str


class Application:
    """The WSGI application: routing, the ``before`` hook and the log of requests.

    Args:
        corpus: what both services serve.
        limits: the services' limits.
        before: see :data:`Before`.
        log: called with a line a request.
        now: the clock, aware of its zone; with it, the services show only what exists at that
            moment. Without it they show everything, and their day is today.
    """

    def __init__(
        self,
        corpus: Corpus,
        limits: Limits,
        before: Before | None = None,
        log: Log | None = None,
        now: Callable[[], datetime] | None = None,
        faults: Faults | None = None,
    ) -> None:
        timeline = Timeline(corpus)
        clock = now if now is not None else lambda: datetime.now(UTC)

        def snapshot() -> Snapshot:
            return timeline.at(None if now is None else now())

        self._arxiv = ArxivApi(corpus, limits, clock, snapshot)
        self._oai = OaiApi(corpus, limits, clock, snapshot)
        self._rss = RssApi(corpus, limits, clock, timeline)
        self._semantic_scholar = SemanticScholarApi(corpus, limits, snapshot)
        self._before = before
        self.faults = faults
        self._log = log
        self._lock = threading.Lock()
        self._seen: list[Seen] = []

    @property
    def requests(self) -> tuple[Seen, ...]:
        """All requests answered so far, in the order of their answers."""
        with self._lock:
            return tuple(self._seen)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        arrived = time.monotonic()
        request = Request(environ)
        request.get_data()  # an unread body would reset the connection when it is closed
        if self.faults is None:
            response = self._answer(request)
        else:
            response = self.faults.answer(request, self._answer)
        seen = Seen(
            _service(request.path),
            request.method,
            request.path,
            request.args.to_dict(),
            arrived,
            response.status_code,
            request.headers.get("User-Agent", ""),
        )
        with self._lock:
            self._seen.append(seen)
        if self._log is not None:
            self._log(f"{seen.status} {seen.method} {request.full_path}")
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        instead = self._before(request) if self._before is not None else None
        if instead is not None:
            return instead
        try:
            endpoint, values = _PATHS.bind_to_environ(request.environ).match()
        except HTTPException as error:  # a path or a method that neither service has
            return Response(error.description, error.code)
        if endpoint == "arxiv":
            return self._arxiv.respond(request)
        if endpoint == "oai":
            return self._oai.respond(request)
        if endpoint in {"rss", "atom"}:
            return self._rss.respond(request, endpoint, **values)
        return self._semantic_scholar.respond(request, endpoint, **values)


def _service(path: str) -> str:
    if path in {_ARXIV_PATH, _OAI_PATH} or path.startswith((f"{_RSS_PATH}/", f"{_ATOM_PATH}/")):
        return "arxiv"
    return "semantic_scholar" if path.startswith(_GRAPH) else ""


@dataclass(frozen=True, slots=True)
class Services:
    """Both services, up and answering."""

    #: ``http://127.0.0.1:PORT``
    root: str
    _application: Application

    @property
    def arxiv_url(self) -> str:
        """Base URL of the arXiv search API."""
        return self.root + _ARXIV_PATH

    @property
    def arxiv_oai_url(self) -> str:
        """Base URL of arXiv's OAI-PMH service."""
        return self.root + _OAI_PATH

    @property
    def arxiv_rss_url(self) -> str:
        """Base URL of arXiv's announcements in RSS, without the categories."""
        return self.root + _RSS_PATH

    @property
    def semantic_scholar_url(self) -> str:
        """Base URL of the Semantic Scholar services, without ``/graph/v1``."""
        return self.root

    @property
    def urls(self) -> dict[str, str]:
        """Base URL of each door of the harvester, by its name."""
        oai = self.arxiv_oai_url
        return {
            "arxiv": self.arxiv_url,
            "arxiv_ids": self.arxiv_url,
            "arxiv_oai": oai,
            "arxiv_oai_raw": oai,
            "arxiv_oai_get": oai,
            "arxiv_rss": self.arxiv_rss_url,
            "arxiv_titles": self.arxiv_url,
            "semantic_scholar": self.semantic_scholar_url,
            "semantic_scholar_batch": self.semantic_scholar_url,
            "semantic_scholar_titles": self.semantic_scholar_url,
            "semantic_scholar_references": self.semantic_scholar_url,
        }

    @property
    def requests(self) -> tuple[Seen, ...]:
        """All requests answered so far, in the order of their answers."""
        return self._application.requests

    @property
    def faults(self) -> Faults | None:
        """The script by which requests are answered wrongly, if any."""
        return self._application.faults


class _Server(ThreadedWSGIServer):
    """Waits for the answers under way before it closes."""

    daemon_threads = False


class _Handler(WSGIRequestHandler):
    """One connection a request, so that none is left open when the server closes."""

    protocol_version = "HTTP/1.0"
    #: Seconds after which a client that opened a connection and says nothing is dropped.
    timeout = 5

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 the base's name
        """Say nothing: the application has its own log."""


@contextmanager
def running(  # noqa: PLR0913 - each is a wish of its own, named by the caller
    corpus: Corpus,
    *,
    port: int = 0,
    limits: Limits = Limits(),  # noqa: B008 frozen
    log: Log | None = None,
    before: Before | None = None,
    now: Callable[[], datetime] | None = None,
    faults: Faults | None = None,
) -> Generator[Services]:
    """Serve a corpus while the ``with`` block runs.

    Args:
        corpus: what both services serve.
        port: TCP port on 127.0.0.1; 0 takes a free one.
        limits: the services' limits.
        log: called with a line a request, from the server's threads.
        before: called with each request before the service sees it; a response that it gives
            back is sent instead. It is how a test answers 429 or cuts a body short.
        now: the clock, aware of its zone; with it, the services show only what exists at that
            moment. It is called from the server's threads.
        faults: a script by which some requests are answered wrongly.

    Raises:
        OSError: the port is taken.
    """
    application = Application(corpus, limits, before, log, now, faults)
    server = _Server(_HOST, port, application, handler=_Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Services(f"http://{_HOST}:{server.server_port}", application)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serve(
    corpus: Corpus,
    *,
    port: int,
    limits: Limits = Limits(),  # noqa: B008 frozen
    log: Log | None = None,
    ready: Callable[[Services], None],
) -> None:
    """Serve a corpus until the process is interrupted.

    Args:
        corpus: what both services serve.
        port: TCP port on 127.0.0.1; 0 takes a free one.
        limits: the services' limits.
        log: called with a line a request.
        ready: called once with the server when it answers.

    Raises:
        OSError: the port is taken.
        KeyboardInterrupt: the user's interrupt, after the server is closed.
    """
    with running(corpus, port=port, limits=limits, log=log) as server:
        ready(server)
        threading.Event().wait()
