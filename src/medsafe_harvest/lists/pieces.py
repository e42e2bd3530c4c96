"""Runs brought together: plain text, links with what they lead to, and ends of lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urljoin

from medsafe_harvest.lists.addresses import Place, locate
from medsafe_harvest.lists.roles import Role
from medsafe_harvest.lists.runs import HARD, SOFT, Run

_BARE = re.compile(
    r"https?://(?:[^\s<>\"'\]()}|\\^`]|\([^\s<>\"'()]*\))+"
    r"|(?<![\w/.])arxiv(?:\s?:\s?|\s)(?:[0-9]{4}\.[0-9]{4,5}(?![0-9])|[a-z.-]{2,20}/[0-9]{7})"
    r"(?:v[0-9]{1,2})?"
    r"|(?<![\w/.])doi\s?:\s?10\.[0-9]{4,9}/[^\s<>\"\]|]+"
    r"|(?<![\w/.:=])10\.[0-9]{4,9}/[^\s<>\"\]|]+"
    r"|(?<![\w/.])PMID\s?:?\s?[1-9][0-9]{3,7}(?![0-9])"
    r"|(?<![\w/.])PMCID\s?:?\s?PMC[1-9][0-9]{3,8}(?![0-9])",
    re.IGNORECASE,
)


class Piece(NamedTuple):
    """Text between two changes of link or weight.

    Attributes:
        text: with its white space; :data:`HARD` or :data:`SOFT` for an end of line.
        line: of the file.
        place: what its link leads to; None for plain text.
        href: the link, absolute where that can be known.
        strong: in bold.
        slanted: in italics.
        role: what the page's own markup says that it is.
        bare: the link is written out in the text.
    """

    text: str
    line: int
    place: Place | None = None
    href: str | None = None
    strong: bool = False
    slanted: bool = False
    role: Role | None = None
    bare: bool = False

    @property
    def is_break(self) -> bool:
        """Whether it is an end of line."""
        return self.text in {HARD, SOFT}


def pieces_of(runs: Iterable[Run], base: str = "") -> list[Piece]:
    """The pieces of runs.

    Args:
        runs: of a block or a cell.
        base: address that relative links are relative to.
    """
    found: list[Piece] = []
    for (link, *_, is_break), group in groupby(runs, _style):
        run, *rest = group
        if is_break and not link:
            found += [Piece(one.text, one.line) for one in (run, *rest)]
            continue
        text = "".join(one.text.replace(HARD, " ").replace(SOFT, " ") for one in (run, *rest))
        if link:
            found.append(_link(run, text, base))
        else:
            found += _plain(text, run)
    return _joined(found)


def _style(run: Run) -> tuple[int, bool, bool, Role | None, bool]:
    if run.link and run.href:
        return run.link, False, False, None, False
    plain = run.text in {HARD, SOFT}
    return 0, run.strong and not plain, run.slanted and not plain, run.role, plain


def _link(run: Run, text: str, base: str) -> Piece:
    href = _mended(run.href or "")
    if base and not href.startswith("#"):
        try:
            href = urljoin(base, href)
        except ValueError:
            base = ""
    return Piece(text, run.line, locate(href), href, run.strong, run.slanted, run.role)


def _mended(href: str) -> str:
    """An address without the brackets of a slip of the pen: ``[paper]((https://...))``."""
    bare = href.lstrip("([<{\"' ")
    return bare if bare == href else bare.rstrip(")]>}\"' ")


def _plain(text: str, run: Run) -> Iterator[Piece]:
    plain = Piece("", run.line, strong=run.strong, slanted=run.slanted, role=run.role)
    end = 0
    for match in _BARE.finditer(text):
        if match.start() > end:
            yield plain._replace(text=text[end : match.start()])
        href = match[0].rstrip(".,;:")
        yield Piece(href, run.line, locate(href), href, role=run.role, bare=True)
        end = match.start() + len(href)
    if end < len(text):
        yield plain._replace(text=text[end:])


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbours that are parts of one link, such as its icon and its words, become one."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if last and last.href and last.href == piece.href and last.place == piece.place:
            found[-1] = last._replace(text=f"{last.text} {piece.text}")
        else:
            found.append(piece)
    return found
