"""A digest as plain text, for a terminal, a file, or the part of a mail that every client shows."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from medsafe_harvest.digests.content import Digest, closing, counting, opening
from medsafe_harvest.digests.health import Health
from medsafe_harvest.outgoing import (
    code_of,
    names,
    page_of,
    plain,
    topic_name,
    where_and_when,
)

_WIDTH = 76


def render(digest: Digest) -> str:
    """The whole, in lines of at most 76 characters but for addresses; ends with a line break."""
    parts = [*alarm(digest.health), _wrapped(" ".join(opening(digest)))]
    parts += [
        _paper(number, paper, digest.highest) for number, paper in enumerate(digest.papers, start=1)
    ]
    parts.append(_foot(digest))
    return "\n\n".join(parts) + "\n"


def alarm(health: Health) -> list[str]:
    """What a person should look at, paragraph by paragraph; nothing where all is well."""
    parts = []
    if health.has_failed:
        lines = [_wrapped(f"!! {health.headline}", "!! ")]
        lines += [_wrapped(f"!! {plain(detail)}", "!!   ") for detail in health.details]
        lines.append(_wrapped("!! `medsafe-harvest status` says which days are missing.", "!! "))
        parts.append("\n".join(lines))
    if health.warnings:
        words = (_wrapped(f"! Warning: {plain(one)}", "!   ") for one in health.warnings)
        parts.append("\n".join(words))
    return parts


def _paper(number: int, paper: Mapping[str, Any], highest: float) -> str:
    said = (where_and_when(paper), ", ".join(topic_name(topic) for topic in paper["topics"]))
    lines = [
        _wrapped(f"{number}. {plain(paper['title'])}", "   "),
        _indented(names(paper["authors"], 6)),
    ]
    if any(said):
        lines.append(_indented(" | ".join(part for part in said if part)))
    if address := page_of(paper):
        lines.append(f"   {address}")
    lines += [f"   {kind}: {address}" for kind, address in code_of(paper)]
    if paper["summary"]:
        lines += ["", _indented(plain(paper["summary"]))]
    lines += ["", f"   Score {paper['score']:.2f} of {highest:g}:"]
    lines += [
        _wrapped(f"     {part['part']:<9} {part['points']:.2f}  {plain(part['why'])}", " " * 21)
        for part in counting(paper)
    ]
    return "\n".join(lines)


def _foot(digest: Digest) -> str:
    ended = digest.health.ended
    run = f" The latest harvest ended {ended:%Y-%m-%d %H:%M} UTC." if ended else ""
    return "-- \n" + _wrapped(
        f"medsafe-harvest, {digest.today}.{run} "
        + " ".join(f"`{command}` {does}" for command, does in closing(digest))
    )


def _indented(text: str) -> str:
    return _wrapped(f"   {text}", "   ")


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
