"""One document of the web by its address, such as a list that somebody keeps on GitHub."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urljoin, urlsplit

from medsafe_harvest.errors import MovedError, RefusedError
from medsafe_harvest.fetch.client import Client
from medsafe_harvest.sources.base import Page, Request
from medsafe_harvest.sources.http import raise_for_status
from medsafe_harvest.sources.service import ServiceSettings

_MOST_REDIRECTS = 5
_REPOSITORY = re.compile(r"https?://(?:www\.)?github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?(?:#.*)?")
_FILE = re.compile(
    r"https?://(?:www\.)?github\.com/([\w.-]+)/([\w.-]+)/(?:blob|raw)/([^?#]+)(?:[?#].*)?"
)
_READMES = ("README.md", "readme.md", "Readme.md", "README.rst", "README")


def addresses(url: str) -> tuple[str, ...]:
    """Where the text behind an address may be, the likeliest first.

    A repository on GitHub stands for its README, a file's page there for the file.
    """
    if file := _FILE.fullmatch(url):
        return (f"https://raw.githubusercontent.com/{file[1]}/{file[2]}/{file[3]}",)
    if repository := _REPOSITORY.fullmatch(url):
        root = f"https://raw.githubusercontent.com/{repository[1]}/{repository[2]}/HEAD"
        return tuple(f"{root}/{name}" for name in _READMES)
    return (url,)


def fetch_document(url: str, connect: Callable[[ServiceSettings], Client]) -> Page:
    """Get a document, following redirects.

    Args:
        url: of http or https; see :func:`addresses` for what one of GitHub stands for.
        connect: gives a client for an address.

    Returns:
        The page as it came; ``url`` is the address that it came from in the end.

    Raises:
        FetchError: no usable page; the subclass says why.
    """
    *others, last = addresses(url)
    for candidate in others:
        try:
            return _follow(candidate, connect)
        except RefusedError:
            continue
    return _follow(last, connect)


def _follow(url: str, connect: Callable[[ServiceSettings], Client]) -> Page:
    for _ in range(_MOST_REDIRECTS + 1):
        page = _get(url, connect)
        to = page.headers.get("location")
        if not (300 <= page.status < 400 and to):
            raise_for_status(page)
            return page
        url = urljoin(url, to)
    raise MovedError(f"{url}: more than {_MOST_REDIRECTS} redirects")


def _get(url: str, connect: Callable[[ServiceSettings], Client]) -> Page:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise RefusedError(f"{url}: not an address of http or https without a password")
    base = f"{parts.scheme}://{parts.netloc}{parts.path or '/'}"
    try:
        service = ServiceSettings(base_url=base, total_timeout=120, read_timeout=60)
    except ValueError as error:
        raise RefusedError(f"{url}: not an address that can be asked") from error
    with connect(service) as client:
        return client.send(Request("", tuple(parse_qsl(parts.query, keep_blank_values=True))))
