"""Words that turn a title into one about another text, and titles that name a kind of text only."""

from __future__ import annotations

import enum
import re


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


# Medline and Embase exports append notes: "What next? [Review] [37 refs]", "... [Swedish]".
# Programmes add what was presented: "... (panel)", "... (extended abstract)".
_NOTE = re.compile(
    r"\s*\((?:(?:extended|invited|panel|tutorial|demo|demonstration|short|poster)\s*)*"
    r"(?:abstract|version|session|panel|tutorial|demo|demonstration|poster|paper|talk)\)[.\s]*$"
    r"|[.\s]*\[\s*(?:\d+(?:\s*refs?)?|reviews?|letters?|see comments?|comments?\b[^\]]*"
    r"|abstracts?\b[^\]]*|corrected[^\]]*|article in \w+"
    r"|(?:in )?(?:english|french|german|spanish|italian"
    r"|portuguese|russian|polish|czech|dutch|danish|swedish|norwegian|finnish|hungarian|turkish"
    r"|chinese|japanese|korean|hebrew|arabic|greek|croatian|serbian|slovak|romanian|ukrainian))"
    r"\s*\.?\s*\]?[.\s]*$"
    r"|[.\s]*\[\s*(?:published )?erratum\b.*$"
    r"|\s*\((?:multiple )?letters?(?: to the editor)?\)[.\s]*$"
    r"|\s*[:.]\s*brief (?:communication|report)[.\s]*$"
    # Catalogues go on with who made it: "... / edited by Ruth Kemp."
    r"|\s+/\s+(?:(?:edited|compiled|written|translated|prepared|ed\.)\s+)?by\s+[^/]{3,}$"
    # Citations go on behind the title: "..., in Saitta, L. (ed.),"
    r"|[,.]\s+in\s+[^:()]{2,60}\(eds?\.?\)[.,\s]*$",
    re.IGNORECASE,
)
# Before it: the number of an abstract in its programme, the authors and year of a citation.
_LEAD = re.compile(
    r"^(?P<programme>(?-i:P(?!300|450|100)|PP|PO|PS|OP|OC|EP|LB|S(?!100)|SAT|SUN|MON|TUE|WED"
    r"|THU|FRI)-?\d{3,4}"
    r"|(?:abstract|poster)(?: (?:no\.?|number))?[ #-]*[a-z]{0,2}-?\d{1,4})\s*[:.]\s+"
    r"|^\((?:19|20)\d\d[a-z]?\)[.,:]?\s+"
    # Of people, not of a subject: "Y. Freund & R. Schapire (1996). ", "Smith et al. [2001], ".
    r"|^(?=[^()\[\]:]{0,60}(?:\bet al|&|[a-z],? [a-z]\.|\b[a-z]\. ?[a-z]))[^()\[\]:]{2,60}"
    r"[(\[](?:19|20)\d\d[a-z]?[)\]][.,]\s*",
    re.IGNORECASE,
)
# Web of Science and Scopus name a correction after the paper it corrects: "Title (vol 360, pg 542,
# 2009)", "Title (Journal (2009) 360 (542-544))".
_INDEX_CORRECTION = re.compile(
    r"\(vol\.?\s*\d+[^()]*\b(?:pg|pp?|page|art)\b[^()]*\)\s*$"
    r"|\([^()]{4,}\((?:[a-z]+\s*)?(?:19|20)\d\d\)[\s,:;]*\d+[^()]*(?:\([^()]*\))?[^()]*\)\s*$",
    re.IGNORECASE,
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
    (Marker.CORRECTION, rf"^(?:notice|statement) of (?:retraction|correction|redaction){_THEN})"),
    # PNAS names the authors: "Correction for Berg and Lund, Title".
    (
        Marker.CORRECTION,
        r"^correction for (?-i:[A-Z])[^,:]{2,60}(?: and (?-i:[A-Z])[^,:]{2,40}|,? et al\.?)[,:]\s+",
    ),
    (
        Marker.CORRECTION,
        (
            r"^(?:berichtigung|fe de err\w+|errata corrige|erratum zu|rectificatif|correzione)"
            r"\s*[:.]?\s+"
        ),
    ),
    (Marker.CORRECTION, r"^(?:更正|勘误|勘誤|訂正|订正|正誤)\s*[:\uff1a]?\s*"),
    (Marker.CORRECTION, rf"[:.(\s{_DASH}](?:erratum|corrigendum|addendum)\W*$"),
    (Marker.REPLY, rf"^{_AUTHORS}(?:reply|response|rejoinder){_THEN})"),
    (Marker.REPLY, rf"{_AFTER}{_AUTHORS}(?:reply|response|rejoinder)(?: and \w+)?\W*$"),
    (Marker.COMMENT, rf"^(?:a )?(?:comments?|commentary|discussion|remarks?){_THEN})"),
    (Marker.COMMENT, r"^(?:editorial|invited) comment(?:ary)?\s*[:.]\s+"),
    (Marker.COMMENT, r"^(?:re|letter to the editor|letter)\s*:\s+"),
    (Marker.COMMENT, rf"{_AFTER}(?:an? )?(?:comments?|commentary|discussion)\W*$"),
    (
        Marker.EDITORIAL,
        rf"^(?:guest |invited )?(?:editorial|editors?['\u2019]?s? note|foreword|preface){_THEN})",
    ),
    (
        Marker.EDITORIAL,
        (
            r"[:.(,\u2013\u2014-]\s*(?:(?:guest )?editors?['\u2019]?s?['\u2019]? |guest |invited )?"
            r"(?:editorial|foreword|preface)\W*$"
        ),
    ),
    (Marker.REVIEW, rf"{_AFTER}(?:a )?book review\W*$"),
    (Marker.REVIEW, r"^(?:book )?reviews?(?:\s*:|\s+of\b\s*:?)|^book reviews?\b"),
    (
        Marker.COMPANION,
        r"^(?:data|code|replication (?:data|files)|underlying data)\s+(?:from|for)\s*:",
    ),
    (Marker.COMPANION, r"^(?:moesm|esm)\d*\s+(?:of|for)\b"),
    (Marker.COMPANION, r"^(?:plain[- ]language )?summary for patients\s*[:.]\s+"),
    (Marker.COMPANION, r"^additional file\s*\d*\s*:?\s*(?:of\b)?"),
    (
        Marker.COMPANION,
        (
            r"^supplement(?:ary|al)?(?: (?:material|data|information|file))?s?\s*\d*\s*"
            r"(?:to|for|of|from|:)"
        ),
    ),
    (
        Marker.COMPANION,
        r"^(?:data|dataset|code)(?: presented)? (?:from|for|in) the (?:paper|article)",
    ),
    (
        Marker.COMPANION,
        (
            r"^(?:(?:technical|online|web|electronic) )?(?:appendix|supporting (?:document|material"
            r"|information)|supplement(?:ary|al) material)s?\s+(?:to|for|of)\b\s*"
            r"(?:the (?:paper|article)\s*)?:?"
        ),
    ),
    (
        Marker.COMPANION,
        (
            rf"{_AFTER}(?:supporting (?:information|material)|supplement(?:ary|al)? (?:material"
            r"|information)|(?:technical|online|web) appendix)s?\W*$"
        ),
    ),
    (Marker.COMPANION, r"^faculty of 1000 (?:evaluation|review) (?:for|of)\b"),
)
_MARKERS = tuple((marker, re.compile(pattern, re.IGNORECASE)) for marker, pattern in _PATTERNS)

#: A marker of a title in ASCII holds one of these, or begins with one of the others.
_SIGNS_OF_MARKER = (
    "erratum", "corrigendum", "addendum", "reply", "response", "rejoinder", "comment", "remark",
    "discussion", "editor", "foreword", "preface", "book review", "supporting", "supplement",
    "appendi",
)  # fmt: skip
#: A note behind a title holds one of these; a lead holds a digit.
_SIGNS_OF_NOTE = ("(", "[", " / ", "brief")
_SIGNS = (*_SIGNS_OF_NOTE, *_SIGNS_OF_MARKER, *"0123456789")
_FIRST_SIGNS = (
    "errat", "corrig", "addend", "correct", "author", "publisher", "retract", "expression",
    "notice", "statement", "bericht", "fe de", "rectif", "correzion", "re:", "re ",
    "letter", "review", "data", "code", "replication", "underlying", "moesm", "esm", "plain",
    "summary", "additional", "supplement", "supporting", "technical app", "online app", "web app",
    "electronic app", "appendi", "faculty",
)  # fmt: skip


#: The same of titles in lower case, as a regular expression; and a title that is cut.
MARKED = rf"^(?:{'|'.join(_FIRST_SIGNS)})|\.\.\.|{'|'.join(map(re.escape, _SIGNS))}"


def may_be_marked(text: str) -> bool:
    """Whether a title may carry a note, a lead or a marker; most titles carry none.

    False is certain, and much cheaper to know than what all patterns say.
    """
    return not text.isascii() or _holds(text.lower(), _SIGNS)


def _holds(lower: str, signs: tuple[str, ...]) -> bool:
    return lower.startswith(_FIRST_SIGNS) or any(map(lower.__contains__, signs))


# Whole titles that name a kind of text; compared after numbers and months are taken out.
_GENERIC_LIST = """
    abstract, abstracts, abstracts of papers, acknowledgement, acknowledgement to reviewers,
    acknowledgements, acknowledgment, acknowledgment of reviewers, acknowledgments,
    announcement, announcements, author index, author reply, authors reply, case report,
    case reports, image of the month, images in clinical medicine, what is your diagnosis, news in
    brief,
    meeting report, conference report, oral presentations, poster presentations, author response,
    message from the chairs, message from the general chair, presidents page, journal watch,
    program committee, literature review, introduction to the minitrack, reviewer list, in reply,
    back matter, book review, book
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
    return " ".join(word for word in form.split() if not word.isdecimal() and word not in _CALENDAR)


_GENERIC = frozenset(_undated(phrase) for phrase in _GENERIC_LIST.split(","))
_BEGIN_GENERIC = frozenset(form.partition(" ")[0] for form in _GENERIC)
#: Of these, what the same hand writes once: one preface a book, one guest editorial an issue.
_WRITTEN_ONCE = re.compile(
    r"guest|preface|prefazione|prefacio|vorwort|geleitwort|foreword|introduction|obituary|memoriam"
)


def strip_notes(text: str) -> tuple[str, str | None]:
    """A title without what libraries and programmes put before and behind it.

    Returns:
        The title, and the number that an abstract has in its programme, if one was found.
    """
    lead = _LEAD.match(text)
    number = _DIGITS.search(lead["programme"]) if lead and lead["programme"] else None
    text = (text[lead.end() :] if lead else text) or text
    if text.isascii() and not any(sign in text.lower() for sign in _SIGNS_OF_NOTE):
        return text, number[0].lstrip("0") if number else None
    while (stripped := _NOTE.sub("", text)) and stripped != text:
        text = stripped
    return text, number[0].lstrip("0") if number else None


def strip_marker(text: str) -> tuple[Marker | None, str]:
    """The marker of a title and the rest; a title that is nothing but a marker keeps its words."""
    without = _INDEX_CORRECTION.sub("", text).strip() if "(" in text else ""
    if without and without != text:
        return Marker.CORRECTION, without
    if text.isascii() and not _holds(text.lower(), _SIGNS_OF_MARKER):
        return None, text
    for marker, pattern in _MARKERS:
        if found := pattern.search(text):
            rest = (text[: found.start()] + text[found.end() :]).strip(" :.-\u2013\u2014()[]\"'")
            return marker, rest or text
    return None, text


def is_generic(form: str) -> bool:
    """Whether a title in comparison form names a kind of text, not a subject."""
    first = form.partition(" ")[0]
    if first and not (first in _BEGIN_GENERIC or first in _CALENDAR or first.isdecimal()):
        return False
    undated = _undated(form)
    return not undated or undated in _GENERIC


def is_recurring(form: str) -> bool:
    """Whether such a text appears again and again by the same hand."""
    return not _WRITTEN_ONCE.search(form)


_SERIAL = re.compile(
    r"\b(?:annual|quarterly|monthly|biennial) (?:\w+ )?(?:report|review|statistics|survey)"
    r"|\bregistry report|\byear in review|\byearbook|\breport of the (?:\w+ )?registry"
)


def is_serial(form: str) -> bool:
    """Whether a title says that there is one each year."""
    return any(sign in form for sign in _SERIAL_SIGNS) and _SERIAL.search(form) is not None


#: Every such title holds one of these.
_SERIAL_SIGNS = ("annual", "quarterly", "monthly", "biennial", "year", "regist")
