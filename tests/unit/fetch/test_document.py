"""One document of the web: GitHub's addresses, redirects, refusals."""

from __future__ import annotations

import httpx
import pytest

from medsafe_harvest.errors import ForbiddenError, MovedError, RefusedError
from medsafe_harvest.fetch.client import Client
from medsafe_harvest.fetch.document import addresses, fetch_document
from medsafe_harvest.sources.service import ServiceSettings

PAGES = {
    "https://x.org/list?a=1": httpx.Response(200, text="# List"),
    "https://x.org/moved": httpx.Response(302, headers={"location": "/list?a=1"}),
    "https://x.org/round": httpx.Response(302, headers={"location": "/round"}),
    "https://x.org/closed": httpx.Response(403, text="no"),
    "https://raw.githubusercontent.com/o/r/HEAD/readme.md": httpx.Response(200, text="# Small"),
}


def connect(service: ServiceSettings) -> Client:
    def answer(request: httpx.Request) -> httpx.Response:
        return PAGES.get(str(request.url), httpx.Response(404, text="not here"))

    return Client(service, version="1", transport=httpx.MockTransport(answer))


def test_github_pages_stand_for_their_text() -> None:
    raw = "https://raw.githubusercontent.com/o/r"
    assert addresses("https://github.com/o/r")[0] == f"{raw}/HEAD/README.md"
    assert addresses("https://github.com/o/r/blob/main/docs/a.md?x#y") == (f"{raw}/main/docs/a.md",)
    assert addresses("https://x.org/list") == ("https://x.org/list",)


@pytest.mark.parametrize("path", ["moved", "list?a=1"])
def test_redirects_are_followed_to_the_body(path: str) -> None:
    page = fetch_document(f"https://x.org/{path}", connect)
    assert (page.body, page.url) == (b"# List", "https://x.org/list?a=1")


def test_a_readme_in_small_letters_is_found() -> None:
    assert fetch_document("https://github.com/o/r", connect).body == b"# Small"


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("https://x.org/round", MovedError),
        ("https://x.org/closed", ForbiddenError),
        ("https://x.org/none", RefusedError),
        ("https://github.com/o/none", RefusedError),
        ("ftp://x.org/a", RefusedError),
        ("https://me:secret@x.org/a", RefusedError),
    ],
)
def test_what_cannot_be_had_is_told(url: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetch_document(url, connect)
