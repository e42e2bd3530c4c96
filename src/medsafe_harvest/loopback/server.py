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
from medsafe_harvest.loopback.corpus import Corpus
from medsafe_harvest.loopback.limits import Limits
from medsafe_harvest.loopback.s2_api import SemanticScholarApi

#: Called with each request before the service sees it; a response given back is sent instead.
Before = Callable[[Request], Response | None]
Log = Callable[[str], None]

_HOST = "127.0.0.1"
_ARXIV_PATH = "/api/query"
_GRAPH = "/graph/v1/paper"
_PATHS = Map(
    [
        Rule(_ARXIV_PATH, endpoint="arxiv", methods=["GET", "POST"]),
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
    """

    def __init__(
        self, corpus: Corpus, limits: Limits, before: Before | None = None, log: Log | None = None
    ) -> None:
        self._arxiv = ArxivApi(corpus, limits, now=lambda: datetime.now(UTC))
        self._semantic_scholar = SemanticScholarApi(corpus, limits)
        self._before = before
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
        response = self._answer(request)
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
        return self._semantic_scholar.respond(request, endpoint, **values)


def _service(path: str) -> str:
    if path == _ARXIV_PATH:
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
    def semantic_scholar_url(self) -> str:
        """Base URL of the Semantic Scholar services, without ``/graph/v1``."""
        return self.root

    @property
    def requests(self) -> tuple[Seen, ...]:
        """All requests answered so far, in the order of their answers."""
        return self._application.requests


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
def running(
    corpus: Corpus,
    *,
    port: int = 0,
    limits: Limits = Limits(),  # noqa: B008 frozen
    log: Log | None = None,
    before: Before | None = None,
) -> Generator[Services]:
    """Serve a corpus while the ``with`` block runs.

    Args:
        corpus: what both services serve.
        port: TCP port on 127.0.0.1; 0 takes a free one.
        limits: the services' limits.
        log: called with a line a request, from the server's threads.
        before: called with each request before the service sees it; a response that it gives
            back is sent instead. It is how a test answers 429 or cuts a body short.

    Raises:
        OSError: the port is taken.
    """
    application = Application(corpus, limits, before, log)
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
