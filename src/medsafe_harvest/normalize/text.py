"""Text: one line, Unicode, without markup; and the form in which titles are compared."""

from __future__ import annotations

import html
import re
import unicodedata

from medsafe_harvest.normalize.latex import SUBSCRIPTS, SUPERSCRIPTS, from_latex

_PLAIN = re.compile(r"[ -~]*")
_INVISIBLE = frozenset({"Cf", "Cs"})
_MARKUP = re.compile(r"[&<\\${}]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BREAK = re.compile(r"<\s*/?\s*(?:br|p|div|jats:p|jats:title)\s*/?\s*>", re.IGNORECASE)
_SCRIPT = re.compile(r"<(su[bp])>\s*([0-9+-]+)\s*</\1>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:i|b|u|em|strong|su[bp]|tt|small|span|font|italic|bold|scp|sc|title|inf"
    r"|(?:jats|mml):[a-z-]+|math|mi|mo|mn|mrow|msub|msup|mtext)"
    r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*\s*/?>",
    re.IGNORECASE,
)
#: Enough for an entity in an entity in a LaTeX escape; a title that goes on changing is not text.
_ROUNDS = 6


class _Visible(dict[int, str]):
    """Maps a code point to itself, a control character to a space, an invisible one to nothing."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        category = unicodedata.category(char)
        if category == "Cc":
            char = " "
        kept = "" if category in _INVISIBLE else char
        self[code] = kept
        return kept


_VISIBLE = _Visible()


def one_line(text: str | None) -> str | None:
    """The text in NFC on one line, or None where nothing of it is visible.

    Control characters (an embedded null among them) become spaces; zero-width characters,
    direction marks, soft hyphens and lone surrogates go.
    """
    if text is None:
        return None
    if not _PLAIN.fullmatch(text):
        text = unicodedata.normalize("NFC", text.translate(_VISIBLE))
    return " ".join(text.split()) or None


def clean_title(raw: str) -> str:
    """The title as plain Unicode on one line: LaTeX, entities and tags resolved.

    A title without markup comes back unchanged but for white space and invisible characters.
    A non-empty title never becomes empty, and cleaning twice is cleaning once.
    """
    line = one_line(raw) or ""
    if not _MARKUP.search(line):
        return line
    text = line
    for _ in range(_ROUNDS):
        cleaned = one_line(from_latex(_without_html(text))) or ""
        if cleaned == text:
            return text
        if not cleaned:
            break
        text = cleaned
    return line


def _without_html(text: str) -> str:
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    if "<" in text:
        text = _SCRIPT.sub(_script, _BREAK.sub(" ", text))
        text = _TAG.sub("", text)
    return text


def _script(tag: re.Match[str]) -> str:
    return tag[2].translate(SUBSCRIPTS if tag[1].lower() == "sub" else SUPERSCRIPTS)


# ── the form for comparison ──────────────────────────────────────────────────────────────────

#: What a library adds behind a title: "... [Review] [37 refs]".
_NOTE = re.compile(
    r"(?:\s*\[(?:review|review article|[0-9]+ ref(?:erence)?s?\.?|see comments?|corrected"
    r"|(?:published )?erratum (?:appears )?in[^\]]*|comment in[^\]]*)\]\.?)+\s*$"
)
_LETTERS = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "æ": "ae",
        "œ": "oe",
        "\u0131": "i",
        "þ": "th",
        "ð": "d",
        "ħ": "h",
    }
)
_GREEK = re.compile(
    r"(?<![\u0370-\u03ff\u1f00-\u1fff])[\u03b1-\u03c9](?![\u0370-\u03ff\u1f00-\u1fff])"
)
_INDEX = re.compile(r"_(?=[0-9{])")
_APOSTROPHES = "'`\u2019\u2018\u00b4\u02bc"
_DROPPED = "^{}"


class _Folded(dict[int, str]):
    """Maps a code point of a casefolded text to what is compared; computed once for each."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold(chr(code))
        return folded


def _fold(char: str) -> str:
    if char in _APOSTROPHES or char in _DROPPED:
        return ""
    if char in "&+":
        return " and " if char == "&" else " plus "
    kind = unicodedata.category(char)
    if kind in _INVISIBLE or 0x300 <= ord(char) <= 0x36F:
        return ""
    wide = unicodedata.normalize("NFKD", char)
    if unicodedata.name(wide[0], "").startswith(("LATIN", "GREEK")):
        wide = "".join(c for c in wide if not unicodedata.combining(c))
    else:  # a Cyrillic й or a Japanese が is another letter than и or か
        wide = unicodedata.normalize("NFC", wide)
    wide = wide.casefold().translate(_LETTERS)
    return "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in wide)


_FOLDED = _Folded()


def _name_of_greek(letter: re.Match[str]) -> str:
    name = unicodedata.name(letter[0]).removeprefix("GREEK SMALL LETTER ").lower()
    return f" {name.replace('final ', '').replace('lamda', 'lambda')} "


def comparison_form(title: str) -> str:
    """The title as it is compared: words of casefolded letters and digits between single spaces.

    Digits and numbers stay, for they tell "Part 1" from "Part 2". Latin diacritics go, other
    scripts stay as they are. A Greek letter that stands alone becomes its name, so that "TNF-β"
    equals "TNF-(beta)"; super- and subscript digits become digits; ``&`` becomes "and".
    Library notes such as "[Review] [37 refs]" go. Never empty for a title that is not: a title
    of signs alone is compared by its signs.
    """
    text = title.casefold()
    if "]" in text:
        text = _NOTE.sub("", text) or text
    if "_" in text:
        text = _INDEX.sub("", text)
    if text.isascii():
        folded = text.translate(_FOLDED)
    else:
        folded = unicodedata.normalize("NFC", text).translate(_FOLDED)
        folded = _GREEK.sub(_name_of_greek, folded)
    return " ".join(folded.split()) or one_line(text) or text
