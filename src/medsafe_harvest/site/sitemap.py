"""What search engines read: ``sitemap.xml``, its parts, and ``robots.txt``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from medsafe_harvest.site.pages import address

#: A sitemap may name 50,000 pages (sitemaps.org).
_MOST = 40_000
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def files(base: str, pages: Sequence[str]) -> dict[str, str]:
    """The files by path.

    Args:
        base: address of the site, with a slash at its end.
        pages: paths of the pages.
    """
    found = {"robots.txt": f"User-agent: *\nAllow: /\n\nSitemap: {base}sitemap.xml\n"}
    parts = []
    for number, start in enumerate(range(0, len(pages), _MOST), start=1):
        name = f"sitemaps/{number}.xml"
        addresses = (base + address(page) for page in pages[start : start + _MOST])
        found[name] = _list("urlset", "url", addresses)
        parts.append(base + name)
    found["sitemap.xml"] = _list("sitemapindex", "sitemap", parts)
    return found


def _list(outer: str, inner: str, addresses: Iterable[str]) -> str:
    lines = "".join(f"<{inner}><loc>{escape(one)}</loc></{inner}>\n" for one in addresses)
    return f'{_HEAD}<{outer} xmlns="{_NAMESPACE}">\n{lines}</{outer}>\n'
