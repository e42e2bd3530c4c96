"""Serve a site on this machine, for a look before it goes out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.exceptions import NotFound
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    """Says nothing of each file."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Drop a line of the log."""


def application(folder: Path) -> WSGIApplication:
    """Files, ``index.html`` for a folder, ``404.html`` for what is missing."""

    @Request.application
    def answer(request: Request) -> Response:
        name = request.path.lstrip("/")
        if not name or name.endswith("/"):
            name += "index.html"
        try:
            # Asked for anew each time: the site may have been built again.
            return send_from_directory(folder, name, request.environ, max_age=0)
        except NotFound:
            page = folder / "404.html"
            text = page.read_text("utf-8") if page.is_file() else "There is no such page."
            return Response(text, status=404, mimetype="text/html")

    return answer


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[tuple[BaseWSGIServer, str]]:
    """A server on this machine's own address; the caller lets it run.

    Args:
        folder: of the site.
        port: 0 takes a free one.

    Raises:
        OSError: the port cannot be used.
    """
    server = make_server(
        HOST, port, application(folder.resolve()), threaded=True, request_handler=_Quiet
    )
    try:
        yield server, f"http://{HOST}:{server.port}/"
    finally:
        server.server_close()
