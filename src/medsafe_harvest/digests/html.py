"""A digest as one HTML page for mail and browser.

Mail clients drop much: so no script, no picture, nothing from elsewhere, one column, every style on
its element. The style sheet in the head only recolours for the dark, where a client reads it.
Texts become nodes of a tree, so none of them can be a tag.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from medsafe_harvest.digests.content import Digest, closing, counting, opening
from medsafe_harvest.digests.health import Health
from medsafe_harvest.markup import Element, node
from medsafe_harvest.outgoing import (
    code_of,
    names,
    page_of,
    plain,
    topic_name,
    where_and_when,
)

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
_STYLES = {
    "page": "margin:0;padding:0;background:#ffffff;",
    "body": f"max-width:640px;margin:0 auto;padding:16px;color:#1f2328;{_FONT}"
    "font-size:16px;line-height:1.5;background:#ffffff;",
    "alarm": "margin:0 0 16px;padding:12px 16px;background:#ffebe9;color:#82071e;"
    "border-left:4px solid #cf222e;",
    "warning": "margin:0 0 16px;padding:12px 16px;background:#fff8c5;color:#4d3800;"
    "border-left:4px solid #9a6700;",
    "lead": "margin:0 0 8px;font-size:16px;line-height:1.5;font-weight:400;color:#1f2328;",
    "paper": "margin:0;padding:20px 0;border-top:1px solid #d1d9e0;",
    "title": "margin:0 0 4px;font-size:18px;line-height:1.35;font-weight:600;color:#1f2328;",
    "link": "color:#0b5cad;word-break:break-word;overflow-wrap:anywhere;",
    "muted": "margin:0 0 4px;font-size:14px;color:#59636e;",
    "text": "margin:8px 0;color:#1f2328;",
    "why": "margin:8px 0 0;padding:0 0 0 18px;font-size:13px;line-height:1.45;color:#59636e;"
    "word-break:break-word;overflow-wrap:anywhere;",
    "line": "margin:0 0 4px;",
    "foot": "margin:0;padding:16px 0 0;border-top:1px solid #d1d9e0;font-size:13px;color:#59636e;",
}
_DARK = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
.page, .body { background: #0d1117 !important; }
.body, .lead, .title, .text { color: #e6edf3 !important; }
.muted, .why, .foot { color: #a8b1bb !important; }
.link { color: #79b8ff !important; }
.paper, .foot { border-top-color: #3d444d !important; }
.alarm { background: #3d1417 !important; color: #ffc1bc !important; }
.warning { background: #33290c !important; color: #f2cc60 !important; }
}
"""


def render(digest: Digest) -> str:
    """The page; the same digest gives the same text."""
    parts = [*_alarms(digest.health), _node("h1", "lead", " ".join(opening(digest)))]
    parts += [
        _paper(number, paper, digest.highest) for number, paper in enumerate(digest.papers, start=1)
    ]
    parts.append(_foot(digest))
    head = node(
        "head",
        node("meta", charset="utf-8"),
        node("meta", name="viewport", content="width=device-width, initial-scale=1"),
        node("meta", name="color-scheme", content="light dark"),
        node("meta", name="supported-color-schemes", content="light dark"),
        node("title", digest.subject),
        node("style", _DARK),
    )
    body = _node("body", "page", _node("div", "body", *parts))
    page = node("html", head, body, lang="en")
    text = etree.tostring(page, method="html", encoding="unicode", doctype="<!DOCTYPE html>")
    # Mails keep to lines of 998 characters; here one begins with each block.
    return text.replace("</p>", "</p>\n").replace("</li>", "</li>\n") + "\n"


def _node(tag: str, style: str, *children: Element | str, **attributes: str) -> Element:
    return node(tag, *children, class_=style, style=_STYLES[style], **attributes)


def _alarms(health: Health) -> list[Element]:
    found = []
    if health.has_failed:
        lines: list[Element | str] = [_node("p", "line", node("strong", plain(health.headline)))]
        lines += [_node("p", "line", plain(detail)) for detail in health.details]
        status = node("code", "medsafe-harvest status")
        lines.append(_node("p", "line", status, " says which days are missing."))
        found.append(_node("div", "alarm", *lines, role="alert"))
    if health.warnings:
        words = [
            _node("p", "line", node("strong", "Warning: "), plain(one)) for one in health.warnings
        ]
        found.append(_node("div", "warning", *words))
    return found


def _paper(number: int, paper: Mapping[str, Any], highest: float) -> Element:
    title = plain(paper["title"])
    address = page_of(paper)
    parts = [
        _node(
            "h2",
            "title",
            f"{number}. ",
            _node("a", "link", title, href=address, dir="auto") if address else title,
        ),
        _node("p", "muted", names(paper["authors"], 6)),
    ]
    topics = ", ".join(topic_name(topic) for topic in paper["topics"])
    said = " \N{MIDDLE DOT} ".join(part for part in (where_and_when(paper), topics) if part)
    if said:
        parts.append(_node("p", "muted", said))
    if paper["summary"]:
        parts.append(_node("p", "text", plain(paper["summary"]), dir="auto"))
    parts += [
        _node("p", "muted", f"{kind}: ", _node("a", "link", url, href=url))
        for kind, url in code_of(paper)
    ]
    parts.append(_node("p", "muted", node("strong", f"Score {paper['score']:.2f} of {highest:g}")))
    reasons = [
        _node("li", "line", f"{part['part']} {part['points']:.2f}: {plain(part['why'])}")
        for part in counting(paper)
    ]
    if reasons:
        parts.append(_node("ul", "why", *reasons))
    return _node("div", "paper", *parts)


def _foot(digest: Digest) -> Element:
    ended = digest.health.ended
    run = f" The latest harvest ended {ended:%Y-%m-%d %H:%M} UTC." if ended else ""
    more: list[Element | str] = []
    for command, does in closing(digest):
        more += [node("code", command), f" {does} "]
    return _node("p", "foot", f"medsafe-harvest, {digest.today}.{run} ", *more)
