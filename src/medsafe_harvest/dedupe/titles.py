"""What a title says besides its words: notes, markers, numbers, and titles that say nothing."""

from __future__ import annotations

import enum
import html
import re
from dataclasses import dataclass

from medsafe_harvest.normalize.text import comparison_form


class Marker(enum.StrEnum):
    """A word that turns a title into a title *about* another paper."""

    CORRECTION = "correction"
    REPLY = "reply"
    COMMENT = "comment"
    EDITORIAL = "editorial"
    REVIEW = "review"
    COMPANION = "companion"


def words_of(text: str) -> tuple[str, ...]:
    """The words of a table that is easier to read as text."""
    return tuple(text.split())


@dataclass(frozen=True, slots=True)
class Title:
    """A title taken apart for comparison."""

    #: Comparison form without library notes and without the marker.
    form: str
    marker: Marker | None
    #: Numbers, Roman numerals and part letters as sorted distinct strings.
    numbers: tuple[str, ...]
    #: Single letters that name a thing: the B of "hepatitis B", the alpha of "interferon alpha".
    designators: tuple[str, ...]
    #: The title names a kind of text ("Editorial"), not its subject.
    generic: bool
    #: Number of words that are not function words.
    content_words: int


# Medline and Embase exports append notes: "What next? [Review] [37 refs]", "... [Swedish]".
# Programmes add what was presented: "... (panel)", "... (extended abstract)".
_NOTE = re.compile(
    r"\s*\((?:(?:extended|invited|panel|tutorial|demo|demonstration|short|poster)\s*)*"
    r"(?:abstract|version|session|panel|tutorial|demo|demonstration|poster|paper|talk)\)[.\s]*$"
    r"|[.\s]*\[\s*(?:\d+\s*refs?|reviews?|see comments?|comments?\b[^\]]*|abstracts?\b[^\]]*"
    r"|(?:published )?erratum[^\]]*"
    r"|corrected[^\]]*|article in \w+|(?-i:[A-Z][a-z]+))\s*\.?\s*\]?[.\s]*$",
    re.IGNORECASE,
)
# Web of Science names a correction after the paper it corrects: "Title (vol 360, pg 542, 2009)".
_WOS_CORRECTION = re.compile(
    r"\(vol\.?\s*\d+[^()]*\b(?:pg|pp?|page|art)\b[^()]*\)\s*$", re.IGNORECASE
)

_DASH = r"\u2013\u2014-"
# What parts a marker from the title that it stands before, or behind.
_THEN = rf"(?:\s*[:.{_DASH}]\s+|\s*:|\s*$|\s+(?:to|for|on|of)\b"
_AFTER = rf"[:.({_DASH}]\s*"
_AUTHORS = r"(?:(?:the )?authors?['\u2019]?s?['\u2019]? )?"

# In order; the first that is found is the title's marker.
_PATTERNS: tuple[tuple[Marker, str], ...] = (
    # "Correction of motion artefacts" is a subject, "Correction to: X" is not.
    (Marker.CORRECTION, rf"^(?:erratum|errata|corrigend(?:um|a)|addend(?:um|a))\b{_THEN})?"),
    (
        Marker.CORRECTION,
        rf"^(?:(?:author|publisher) )?corrections?(?:\s*[:.{_DASH}]\s+|\s*:|\s*$|\s+to\b)",
    ),
    (Marker.CORRECTION, rf"^(?:retraction(?: note| notice)?|expression of concern){_THEN})"),
    (Marker.CORRECTION, rf"[:.(\s{_DASH}]+(?:erratum|corrigendum|addendum)\W*$"),
    (Marker.REPLY, rf"^{_AUTHORS}(?:reply|response|rejoinder){_THEN})"),
    (Marker.REPLY, rf"{_AFTER}{_AUTHORS}(?:reply|response|rejoinder)\W*$"),
    (Marker.COMMENT, rf"^(?:a )?(?:comments?|commentary|discussion|remarks?){_THEN})"),
    (Marker.COMMENT, rf"{_AFTER}(?:an? )?(?:comments?|commentary|discussion)\W*$"),
    (
        Marker.EDITORIAL,
        rf"^(?:guest |invited )?(?:editorial|editors?['\u2019]?s? note|foreword|preface){_THEN})",
    ),
    (Marker.REVIEW, rf"{_AFTER}(?:a )?book review\W*$"),
    (Marker.REVIEW, r"^(?:book )?reviews?(?:\s*:|\s+of\b\s*:?)|^book reviews?\b"),
    (Marker.COMPANION, r"^additional file\s*\d*\s*:?\s*(?:of\b)?"),
    (
        Marker.COMPANION,
        r"^supplement(?:ary|al)?(?: (?:material|data|information|file))?s?\s*\d*\s*(?:to|for|of|:)",
    ),
    (
        Marker.COMPANION,
        r"^(?:data|dataset|code)(?: presented)? (?:from|for|in) the (?:paper|article)",
    ),
    (Marker.COMPANION, r"^faculty of 1000 (?:evaluation|review) (?:for|of)\b"),
)
_MARKERS = tuple((marker, re.compile(pattern, re.IGNORECASE)) for marker, pattern in _PATTERNS)

# Whole titles that name a kind of text; compared after numbers and months are taken out.
_GENERIC_LIST = """
    abstract, abstracts, abstracts of papers, acknowledgement, acknowledgement to reviewers,
    acknowledgements, acknowledgment, acknowledgment of reviewers, acknowledgments,
    announcement, announcements, author index, authors reply, back matter, book review, book
    reviews, books received, calendar, call for papers, chairmans message, chairs message,
    comment, commentary, conclusion, conclusions, contents, contributors, correction,
    corrections, correspondence, corrigenda, corrigendum, cover, discussion, editorial,
    editorial board, editorial comment, editoriale, editorials, editors, editors
    introduction, editors note, editors notes, errata, erratum, foreword, foreword from the
    editor, front matter, geleitwort, guest editorial, guest editors introduction, in
    memoriam, in this issue, index, introduction, introduction to special issue,
    introduction to the issue, introduction to the special issue, introduction to the
    special section, invited editorial, issue information, keynote, keynote address, letter,
    letter from the editor, letter to the editor, letters, letters to the editor, list of
    reviewers, masthead, message from the editor, miscellaneous, new books, news, news and
    notes, no title, not available, notes, notes and news, obituary, opening remarks, panel,
    preface, prefacio, prefazione, presidents message, program, programme, publishers note,
    recenzje, references, reply, response, retraction, review, reviewers, reviews, subject
    index, summary, symposium, table of contents, thanks to reviewers, title page,
    treasurers message, tutorial, unknown, untitled, volume index, vorwort, welcome, welcome
    message, workshop report
    """
_CALENDAR = frozenset(
    words_of(
        "january february march april may june july august september october november december "
        "spring summer autumn fall winter volume vol number no issue part"
    )
)

_DIGITS = re.compile(r"\d+")


def _undated(form: str) -> str:
    """A comparison form without numbers, months and the words that count issues."""
    return " ".join(
        word for word in form.split() if not _DIGITS.fullmatch(word) and word not in _CALENDAR
    )


_GENERIC = frozenset(_undated(phrase) for phrase in _GENERIC_LIST.split(","))

_FUNCTION_WORDS = frozenset(
    words_of(
        "a an and as at by for from in into is its of on or s the to toward towards via with using "
        "le la les de des du et der die das und el los y en"
    )
)
_ROMAN = {
    numeral: str(number)
    for number, numeral in enumerate(
        words_of("ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx"), start=2
    )
} | {"i": "1"}
# Alone, these are words, initials or variables; after "part" or at the end they count.
_AMBIGUOUS_NUMERALS = frozenset({"i", "v", "x"})
# "one" and "first" are too often mere words.
_NUMBER_WORDS = {
    word: str(number)
    for words in (
        "two three four five six seven eight nine ten",
        "second third fourth fifth sixth seventh eighth ninth tenth",
    )
    for number, word in enumerate(words.split(), start=2)
}
_PART_WORDS = frozenset(
    words_of(
        "part parts chapter volume vol paper phase type stage grade class section book no number "
        "episode round study track teil partie parte"
    )
)
_CJK_NUMBER = re.compile("第?([一二三四五六七八九十上中下])[部章回编編篇卷]?")
_GREEK = frozenset(words_of("alpha beta gamma delta epsilon zeta kappa lambda sigma omega"))
# Not names of things: articles, possessive and elided letters, "e-learning", "x-ray".
_NO_DESIGNATORS = frozenset("aditsloxe")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")


def take_apart(title: str) -> Title:
    """Split a title into what is compared and what distinguishes.

    Total: any string gives a result, and ``form`` is empty for a blank title only.
    """
    text = " ".join(html.unescape(title).split())
    without_notes = _strip_notes(text)
    marker, rest = _strip_marker(without_notes)
    whole = comparison_form(without_notes) if without_notes else ""
    form = comparison_form(rest) if rest else whole
    tokens = form.split()
    return Title(
        form=form,
        marker=marker,
        numbers=_numbers(_THOUSANDS.sub("", rest or without_notes)),
        designators=tuple(
            sorted(
                {
                    token
                    for token in tokens
                    if token in _GREEK or (len(token) == 1 and "a" <= token <= "z")
                }
                - _NO_DESIGNATORS
            )
        ),
        generic=_is_generic(whole) or _is_generic(form),
        content_words=sum(_weight(token) for token in tokens if token not in _FUNCTION_WORDS),
    )


def _strip_notes(text: str) -> str:
    while (stripped := _NOTE.sub("", text)) and stripped != text:
        text = stripped
    return text


def _strip_marker(text: str) -> tuple[Marker | None, str]:
    """The marker of a title and the rest; a title that is nothing but a marker keeps its words."""
    without = _WOS_CORRECTION.sub("", text).strip()
    if without and without != text:
        return Marker.CORRECTION, without
    for marker, pattern in _MARKERS:
        if found := pattern.search(text):
            rest = (text[: found.start()] + text[found.end() :]).strip(" :.-\u2013\u2014()[]\"'")
            return marker, rest or text
    return None, text


def _numbers(text: str) -> tuple[str, ...]:
    words = comparison_form(text).split() if text else []
    found: set[str] = set()
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        found.update(digits.lstrip("0") or "0" for digits in _DIGITS.findall(word))
        if word in _NUMBER_WORDS:
            found.add(_NUMBER_WORDS[word])
        elif word == "one" and before in _PART_WORDS:
            found.add("1")
        elif before in ("part", "teil", "partie", "parte") and len(word) == 1 and word.isalpha():
            found.add(_ROMAN.get(word, word))
        elif word in _ROMAN and (
            word not in _AMBIGUOUS_NUMERALS
            or before in _PART_WORDS
            or (place > 0 and place == len(words) - 1)
        ):
            found.add(_ROMAN[word])
        elif cjk := _CJK_NUMBER.fullmatch(word):
            found.add(cjk[1])
    return tuple(sorted(found))


def _is_generic(form: str) -> bool:
    undated = _undated(form)
    return not undated or undated in _GENERIC


def _weight(token: str) -> int:
    """Words that a token stands for: scripts without spaces carry about one word in two signs."""
    return 1 if token.isascii() or len(token) < 4 else max(1, sum(c > "\u2e80" for c in token) // 2)
