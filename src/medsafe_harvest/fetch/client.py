"""One request, one response: the only module that knows httpx.

Nothing here retries, waits or interprets. A failure on the way is an
:class:`~medsafe_harvest.errors.UnavailableError`; whatever the service answered is a ``Page``.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx

from medsafe_harvest.errors import MalformedPageError, UnavailableError
from medsafe_harvest.fetch.clock import Clock, SystemClock
from medsafe_harvest.sources.base import Page, Request
from medsafe_harvest.sources.service import ServiceSettings

#: Response headers worth keeping; cookies and tracing of intermediaries are not.
_KEPT_HEADERS = frozenset(
    (
        "content-type",
        "date",
        "etag",
        "last-modified",
        "location",
        "retry-after",
        "x-amzn-requestid",
        "x-api-pool",
        "x-cache",
    )
)
_PROJECT = "https://github.com/medsafe-harvest/medsafe-harvest"
_MIB = 1 << 20
#: A shorter one is no secret, and may stand in any text by chance.
_SHORTEST_KEY = 8
_THIS_MACHINE = frozenset(("127.0.0.1", "localhost", "::1"))


class Client:
    """Asks one service.

    Args:
        service: address, time-outs and the header of the key.
        version: of this package, for the User-Agent.
        contact: mail address for the User-Agent, or None.
        api_key: sent with each request; never logged, stored or shown.
        clock: measures how long an answer takes.
        transport: stands in for the network in tests.
    """

    def __init__(
        self,
        service: ServiceSettings,
        *,
        version: str,
        contact: str | None = None,
        api_key: str | None = None,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._service = service
        self._clock = clock or SystemClock()
        self._without_key = _without(api_key)
        about = f"+{_PROJECT}" + (f"; mailto:{contact}" if contact else "")
        headers = {
            "user-agent": f"medsafe-harvest/{version} ({about})",
            "accept": "application/atom+xml, application/json, text/xml;q=0.9, */*;q=0.1",
        }
        if api_key is not None:
            headers[service.api_key_header] = api_key
        self._http = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(service.read_timeout, connect=service.connect_timeout),
            # A redirect is shown to the user instead of followed: the key stays where it belongs.
            follow_redirects=False,
            limits=httpx.Limits(max_connections=1),
            # A proxy from the environment is for the world outside.
            trust_env=httpx.URL(service.base_url).host not in _THIS_MACHINE,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def url(self, request: Request) -> str:
        """The address that a request is sent to, parameters included; it never holds a secret.

        Raises:
            MalformedPageError: none can be made, since a service gave something too long to go on.
        """
        return str(self._build(request).url)

    def send(self, request: Request) -> Page:
        """Send one request and read the whole response.

        Raises:
            UnavailableError: no connection, time-out, an answer that does not end, broken
                connection or broken HTTP.
            MalformedPageError: the body is larger than allowed, or not in the encoding it claims;
                or no address can be made of what the service gave to go on with.
        """
        try:
            response = self._http.send(self._build(request), stream=True)
            try:
                body = self._read(response)
            finally:
                response.close()
        except httpx.DecodingError as error:
            raise MalformedPageError(f"the body is not what its encoding says: {error}") from error
        except httpx.HTTPError as error:
            # Some errors of httpx have no text; the type's name then says it best.
            words = str(error) or type(error).__name__
            raise UnavailableError(f"{self._service.base_url}: {words}") from error
        headers = {
            name: self._without_key(value.encode()).decode()
            for name, value in response.headers.items()
            if name in _KEPT_HEADERS
        }
        url = str(response.request.url)
        return Page(response.status_code, headers, self._without_key(body), url, request.body)

    def _build(self, request: Request) -> httpx.Request:
        base = self._service.base_url.rstrip("/")
        url = f"{base}/{request.path}" if request.path else base
        params = httpx.QueryParams(list(request.params))
        method, headers = (
            ("POST", {"content-type": "application/json"}) if request.body else ("GET", {})
        )
        content = request.body or None
        try:
            return self._http.build_request(
                method, url, params=params, content=content, headers=headers
            )
        except httpx.InvalidURL as error:
            raise MalformedPageError(f"{base}: no address for what it gave: {error}") from error

    def _read(self, response: httpx.Response) -> bytes:
        service = self._service
        largest = int(service.max_body_mb * _MIB)
        began = self._clock.monotonic()
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > largest:
                raise MalformedPageError(f"the body is larger than {service.max_body_mb} MiB")
            if self._clock.monotonic() - began > service.total_timeout:
                raise UnavailableError(
                    f"{service.base_url}: no whole answer in {service.total_timeout:.0f} s"
                )
        return bytes(body)


def _without(key: str | None) -> Callable[[bytes], bytes]:
    """Take the key out of what a service says, should it repeat it: nobody keeps or shows it.

    A function rather than an attribute, so that no dump of a client shows the key either.
    """
    if not key or len(key) < _SHORTEST_KEY:
        return lambda words: words
    secret = key.encode()
    return lambda words: words.replace(secret, b"***")


def ping(url: str, timeout: float = 10.0) -> None:
    """Tell a monitoring service that a run began or ended.

    Args:
        url: address to get; it is a secret, so no message names it.
        timeout: seconds.

    Raises:
        UnavailableError: it could not be told.
    """
    try:
        response = httpx.get(url, timeout=timeout, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise UnavailableError(f"the ping failed: {type(error).__name__}") from error
    if not response.is_success:
        raise UnavailableError(f"the ping was answered with status {response.status_code}")
