"""One request, one response: the only module that knows httpx.

Nothing here retries, waits or interprets. A failure on the way is an
:class:`~medsafe_harvest.errors.UnavailableError`; whatever the service answered is a ``Page``.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx

from medsafe_harvest.errors import MalformedPageError, UnavailableError
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
_THIS_MACHINE = frozenset(("127.0.0.1", "localhost", "::1"))


class Client:
    """Asks one service.

    Args:
        service: address, time-outs and the header of the key.
        version: of this package, for the User-Agent.
        contact: mail address for the User-Agent, or None.
        api_key: sent with each request; never logged, stored or shown.
        transport: stands in for the network in tests.
    """

    def __init__(
        self,
        service: ServiceSettings,
        *,
        version: str,
        contact: str | None = None,
        api_key: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._service = service
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
        """The address that a request is sent to, parameters included; it never holds a secret."""
        return str(self._build(request).url)

    def send(self, request: Request) -> Page:
        """Send one request and read the whole response.

        Raises:
            UnavailableError: no connection, time-out, broken connection or broken HTTP.
            MalformedPageError: the body is larger than allowed, or not in the encoding it claims.
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
        headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
        return Page(response.status_code, headers, body, str(response.request.url))

    def _build(self, request: Request) -> httpx.Request:
        base = self._service.base_url.rstrip("/")
        url = f"{base}/{request.path}" if request.path else base
        return self._http.build_request("GET", url, params=list(request.params))

    def _read(self, response: httpx.Response) -> bytes:
        largest = int(self._service.max_body_mb * _MIB)
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > largest:
                raise MalformedPageError(f"the body is larger than {self._service.max_body_mb} MiB")
        return bytes(body)
