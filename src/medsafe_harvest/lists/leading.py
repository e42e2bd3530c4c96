"""The plain words that an item begins with, up to what ends a title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsafe_harvest.lists.pieces import Piece
from medsafe_harvest.lists.places import Known, is_place
from medsafe_harvest.lists.runs import HARD, SOFT
from medsafe_harvest.lists.words import is_authors, is_label, is_title_like, words

#: Words that say what comes behind them, which is no title.
KEY = re.compile(
    r"^\W*(?:key ?words?|authors?|digest|abstract|tl;?dr|note|summary|venue|date|citations?|code"
    r"|paper|institut\w*|affiliations?|conference|journal|tags?|topics?|highlights?|contributions?"
    r"|comments?|links?|data ?sets?|method|task|published|publisher|bib\w*|doi|project)"
    r"\s*[:\uff1a]",
    re.IGNORECASE,
)
#: Characters that are looked at for a title.
MOST_TEXT = 3000


def leading_text(pieces: Sequence[Piece], known: Known) -> tuple[str, list[Piece]]:
    """The plain words before the first label, break or words in italics that end a title."""
    text, used, ready = "", list[Piece](), False
    for number, piece in enumerate(pieces):
        ready = ready or is_title_like(text)
        if len(text) > MOST_TEXT or _ends_at(piece, text, ready=ready):
            break
        if piece.place is not None:
            continue
        if piece.text in {HARD, SOFT}:
            if ready and (piece.text == HARD or _begins_rest(pieces[number + 1 :], known)):
                break
            used.append(piece)
            text += " "
            continue
        if (piece.slanted or piece.strong) and words(piece.text):
            place = _is_place(piece, pieces[number + 1 : number + 2], known)
            if place and not ready:
                continue
            if piece.slanted and not place and is_authors(text):
                text, used = "", []  # "Doe, J., Li, W. *The Title*"
            elif place or (ready and piece.slanted and _ends(text, piece)):
                break
        used.append(piece)
        text += piece.text
    return text, used


def _line(pieces: Sequence[Piece]) -> str:
    texts = []
    for piece in pieces:
        if piece.is_break:
            break
        texts.append(piece.text if piece.place is None else " ")
    return "".join(texts)


def _ends_at(link: Piece, text: str, *, ready: bool) -> bool:
    """Whether a link ends the words before it."""
    return link.place is not None and (ready or bool(is_label(link.text) and words(text)))


def _begins_rest(pieces: Sequence[Piece], known: Known) -> bool:
    """Whether a line is what comes behind a title: authors, a place, a word and its colon."""
    line = _line(pieces)
    return is_authors(line) or is_place(line, known) or KEY.match(line) is not None


def _is_place(piece: Piece, behind: Sequence[Piece], known: Known) -> bool:
    """Whether words in bold or italics are a place; ``**CORD-19**: ...`` is a name."""
    named = any(one.text.lstrip()[:1] == ":" for one in behind)
    return not named and is_place(piece.text, known)


def _ends(text: str, piece: Piece) -> bool:
    """Whether words in italics come behind the end of a title."""
    return text.rstrip()[-1:] in ".?!,;:|-)]" or is_authors(piece.text)
