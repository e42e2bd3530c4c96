"""Where in an item the paper's title is, and what is left around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from medsafe_harvest.lists.leading import KEY, MOST_TEXT, leading_text
from medsafe_harvest.lists.pieces import Piece
from medsafe_harvest.lists.places import Known, is_dated, is_place, year_of
from medsafe_harvest.lists.runs import HARD, SOFT
from medsafe_harvest.lists.trim import DASH, LEADING, trimmed
from medsafe_harvest.lists.words import is_authors, is_label, is_title_like, length, tidy, words

#: A link that its author forgot to close.
_OPEN_LINK = re.compile(r"^\s*\[([^\[\]]{8,400})\]\(\s*$")
_QUOTED = re.compile(
    r"[\u201c\"\u300a]([^\u201c\u201d\"\u300a\u300b]{12,400})[\u201d\"\u300b]"
    r"|[\u300c\u300e]([^\u300c-\u300f]{6,400})[\u300d\u300f]"
)
_JOINT = re.compile(r"^\s*[:\uff1a]|^\s+[-\u2013\u2014]+\s|^\s*\u2014")
_NOTE = re.compile(
    r"^\W*(?:key ?words?|authors?|digest|abstract|tl;?dr|summary|tags?|paper|code|links?|venue)"
    r"\s*[:\uff1a]",
    re.IGNORECASE,
)
_YEAR_BEHIND = re.compile(r"[\s,.(]{0,3}(?:19|20)[0-9]{2}(?![0-9])")
#: What a page puts before a title: ``Title:``, ``[PDF]``.
_BEFORE_TITLE = re.compile(r"\W*(?:title\s*:|(?:\[[A-Z]{1,8}\]\s*)+)", re.IGNORECASE)
_LONGEST = 60
#: Words of a column of titles that are one, whatever they look like.
_SURE = 6
#: Pieces of an item among which its title is.
_MOST_PIECES = 200


class Found(NamedTuple):
    """A title and what surrounds it.

    Attributes:
        title: tidy, or None.
        how: what gave it: a link, bold type, quotes, plain words, the page's markup.
        rest: the texts that are no part of it, in order.
        href: of the link that is the title.
    """

    title: str | None
    how: str
    rest: tuple[str, ...]
    href: str | None = None


def is_venue_link(text: str, known: Known) -> bool:
    """Whether the words of a link are a venue with its year (``NeurIPS 2021``)."""
    count = len(words(text))
    if count > 9 or is_label(text):
        return False
    ends = re.search(r"(?:19|20)[0-9]{2}\W*$|^\W*(?:19|20)[0-9]{2}|['\u2019][0-3][0-9]\W*$", text)
    return bool(ends and (count <= 4 or known(text))) or (count <= 6 and known(text) and not ends)


def find_title(
    pieces: Sequence[Piece], known: Known, *, short: bool = False, nested: bool = False
) -> Found:
    """The title of the paper that an item names.

    Args:
        pieces: of the item.
        known: whether words are the name of a venue.
        short: take a title of one word, as in a table's column of titles.
        nested: a short text before a labelled link is a note on the parent, not a title.
    """
    return (
        _by_role(pieces)
        or _by_weight(pieces, known)
        or _by_link(pieces, known, 1 if short else 3)
        or _plain(pieces, known, 1 if short else 3, 4 if nested else 1, column=short)
    )


def rest_of(pieces: Sequence[Piece], without: Sequence[Piece] = ()) -> tuple[str, ...]:
    """The texts of pieces, neighbours in one style together; those of labels left out."""
    texts: list[str] = [""]
    outside = {id(piece) for piece in without}
    for piece in pieces:
        if id(piece) in outside:
            texts.append("")
        elif piece.place is not None:
            if not piece.bare and (not is_label(piece.text) or is_dated(piece.text)):
                texts += [piece.text, ""]
        elif piece.slanted or piece.strong:
            texts += [piece.text, ""]
        elif not texts[-1] and len(texts) > 1 and _YEAR_BEHIND.match(piece.text):
            texts[-2] += piece.text  # "*PET Clinics*, 2022"
        else:
            texts[-1] += piece.text
    return tuple(text for text in texts if text.strip())


def _by_role(pieces: Sequence[Piece]) -> Found | None:
    named = [piece for piece in pieces if piece.role == "title" and not piece.is_break]
    line = " ".join("".join(piece.text for piece in named).split())
    text = tidy(_BEFORE_TITLE.sub("", line, count=1) if _BEFORE_TITLE.match(line) else line)
    if not text or not is_title_like(text, 1):
        return None
    href = next((piece.href for piece in named if piece.href), None)
    useful = [piece for piece in pieces if piece.role not in {"abstract", "authors", "aside"}]
    return Found(text, "role", rest_of(useful, named), href)


def _by_weight(pieces: Sequence[Piece], known: Known) -> Found | None:
    """Words in bold, outside brackets: the title, or the short name that it begins with."""
    if _quotes_behind_people(pieces):
        return None
    depth, worded = 0, None
    for number, piece in enumerate(pieces[:_MOST_PIECES]):
        before = depth
        depth = max(0, depth + _opened(piece.text)) if piece.place is None else depth
        if not piece.strong or before or not words(piece.text) or piece.text.lstrip()[:1] in "[(":
            continue
        if is_label(piece.text) or is_place(piece.text, known) or KEY.match(piece.text + ":"):
            continue
        if piece.place and piece.place.kind in {"badge", "anchor"}:
            continue
        last = number
        while last + 1 < min(len(pieces), _MOST_PIECES) and pieces[last + 1].strong:
            last += 1
        own = list(pieces[number : last + 1])
        text = "".join(one.text for one in own)
        goes_on = length(text) <= 4
        more, used, behind = _continued(pieces[last + 1 :], known) if goes_on else ("", [], "")
        title, around = trimmed(text + more, known)
        alone = last + 1 < len(pieces) and pieces[last + 1].is_break
        ahead = is_authors("".join(one.text for one in pieces[:number]))
        sure = alone and any(_says_paper(one, known) for one in pieces)
        least = 1 if sure else 2 if ahead else 3
        if title and is_title_like(title, least):
            rest = (*around, *filter(None, (behind,)), *rest_of(pieces, [*own, *used]))
            return Found(title, "strong", rest, piece.href)
        if worded is None:
            worded = any(one.place is None and is_title_like(one.text) for one in pieces)
        if worded:
            return None
    return None


def _quotes_behind_people(pieces: Sequence[Piece]) -> bool:
    """Whether an item is a reference with its title in quotes, and what is in bold a person."""
    text = "".join(one.text for one in pieces[:_MOST_PIECES] if one.place is None)[:MOST_TEXT]
    quoted = _QUOTED.search(text)
    return quoted is not None and is_authors(text[: quoted.start()])


def _opened(text: str) -> int:
    return text.count("[") + text.count("(") - text.count("]") - text.count(")")


def _continued(pieces: Sequence[Piece], known: Known) -> tuple[str, list[Piece], str]:
    """The text that goes on with a title begun by a short name: ``: A Model for ...``.

    Returns:
        The text, its pieces, and what stands in the last of them behind it.
    """
    text, used, behind = "", list[Piece](), ""
    for piece in pieces:
        if piece.text == HARD or piece.place is not None or len(text) > MOST_TEXT:
            break
        if piece.text == SOFT:
            text += " "
            used.append(piece)
            continue
        cut = re.search(r"\s*[\[(\u3010](?=[^\])]*$)|\s*[\[(][^\])]*(?:19|20)[0-9]{2}", piece.text)
        text += piece.text[: cut.start()] if cut else piece.text
        used.append(piece)
        if cut:
            behind = piece.text[cut.start() :]
            break
    joint = _JOINT.match(text)
    bare = text[joint.end() :] if joint else text
    whole = words(bare)
    first = DASH.split(bare)[0]
    if len(whole) < (1 if joint else 4) or any(
        is_authors(one) or is_place(one, known) for one in (bare, first)
    ):
        return "", [], ""
    if not joint and (text[:1] in ",.;|" or len(whole) > 40):
        return "", [], ""
    return text, used, behind


def _by_link(pieces: Sequence[Piece], known: Known, least: int) -> Found | None:
    for number, piece in enumerate(pieces[:_MOST_PIECES]):
        place = piece.place
        if place is None or place.kind in {"badge", "anchor"} or piece.bare:
            continue
        if is_label(piece.text) or is_venue_link(piece.text, known):
            continue
        more, used, behind = "", list[Piece](), ""
        if length(piece.text) <= 6:
            more, used, behind = _continued(pieces[number + 1 :], known)
            told = more.lstrip().startswith((":", "\uff1a"))
            inside = not _JOINT.match(more) and any(words(one.text) for one in pieces[:number][-2:])
            if not told and (length(piece.text) > 3 or (inside and piece.text[:1].islower())):
                more, used, behind = "", [], ""
        text = piece.text + more
        short = place.identified or least == 1
        named = place.kind == "paper" and not text.isupper()
        if not is_title_like(text, 1 if short else 2 if named else least):
            continue
        if _stands_before(pieces[:number], known, piece):
            return None
        title, around = trimmed(text, known)
        if title and (place.kind == "paper" or not is_authors(title)):
            rest = (*around, *filter(None, (behind,)), *rest_of(pieces, [piece, *used]))
            return Found(title, "link", rest, piece.href)
    return None


def _stands_before(pieces: Sequence[Piece], known: Known, link: Piece) -> bool:
    """Whether the plain words before a link are the title, and the link says something else."""
    text = "".join(piece.text for piece in pieces if piece.place is None)
    line = text.replace(SOFT, " ").rpartition(HARD)[2] or text
    bare = line
    while lead := LEADING.match(bare):
        bare = bare[lead.end() :]
    if not is_title_like(bare, 4) or is_authors(bare) or is_place(bare, known):
        return False
    return bare.rstrip()[-1:] in ".?![(-:|," and len(words(link.text)) <= 6


def _plain(
    pieces: Sequence[Piece], known: Known, least: int, labelled: int, *, column: bool
) -> Found:
    text, used = _slanted(pieces, known) or leading_text(pieces, known)
    text = broken[1] if (broken := _OPEN_LINK.match(text)) else text
    quoted = _QUOTED.search(text)
    words_in = (quoted[1] or quoted[2]) if quoted else ""
    if (
        quoted
        and is_title_like(words_in, 2 if words_in.endswith(",") else 3)
        and not _is_inside(text, quoted)
    ):
        sides = (text[: quoted.start()], text[quoted.end() :])
        return Found(tidy(words_in), "quoted", (*sides, *rest_of(pieces, used)))
    title, around = trimmed(text, known)
    rest = (*around, *rest_of(pieces, used))
    linked = labelled == 1 and any(_says_paper(one, known) for one in pieces)
    least = 1 if linked else max(least, labelled) if labelled > 1 else least
    if title is None or not is_title_like(title, least) or len(words(title)) > _LONGEST:
        return Found(None, "none", rest_of(pieces))
    count = len(words(title))
    named = year_of(title) is not None or not (linked or column) or count < 3
    if named and not (column and count > _SURE) and is_place(title, known):
        return Found(None, "none", rest_of(pieces))
    key = _NOTE.match(text) if linked else KEY.match(text)
    if not column and (key or is_authors(title)):
        return Found(None, "none", rest_of(pieces))
    return Found(title, "plain", rest)


def _slanted(pieces: Sequence[Piece], known: Known) -> tuple[str, list[Piece]] | None:
    """The words in italics that an item begins with, where they are a title by themselves."""
    number = next((n for n, one in enumerate(pieces) if words(one.text)), None)
    if number is None or not pieces[number].slanted or not is_title_like(pieces[number].text, 4):
        return None
    text = pieces[number].text
    behind = "".join(one.text for one in pieces[number + 1 : number + 2]).lstrip(" ")
    if behind[:1] not in ",.;(|" or is_authors(text) or is_place(text, known):
        return None
    return text, [pieces[number]]


def _says_paper(piece: Piece, known: Known) -> bool:
    """Whether a piece is a link to a paper under a label, so that a title stands before it."""
    if piece.place is None or piece.place.kind != "paper":
        return False
    return is_label(piece.text) or is_venue_link(piece.text, known)


def _is_inside(text: str, quoted: re.Match[str]) -> bool:
    """Quotes inside a title: words of the title stand before and behind them."""
    if text[quoted.end() :].lstrip()[:1] == ":":
        return True
    if (quoted[1] or quoted[2]).rstrip()[-1:] == ",":
        return False
    before, behind = text[: quoted.start()].strip(" ,.;:-"), text[quoted.end() :].strip(" ,.;:-")
    if is_authors(re.sub(r"^\W*[0-9]{0,4}\W*", "", before)):
        return False
    return bool(
        behind[:1].islower() or (before and not is_authors(before) and len(words(before)) < 4)
    )
