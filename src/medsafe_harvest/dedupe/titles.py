"""What a title says: its words, and what distinguishes it from a title much like it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.markers import (
    MARKED,
    Marker,
    is_generic,
    is_recurring,
    is_serial,
    may_be_marked,
    strip_marker,
    strip_notes,
)
from medsafe_harvest.dedupe.numbers import designators_of, numbers_of, numbers_of_title, part_in
from medsafe_harvest.dedupe.wording import name_of, parts_of, words_in
from medsafe_harvest.normalize.text import clean_title, comparison_form


@dataclass(frozen=True, slots=True)
class Title:
    """A title taken apart for comparison."""

    #: Comparison form without library notes and without the marker.
    form: str
    marker: Marker | None
    #: Numbers, Roman numerals and part letters as sorted distinct strings.
    numbers: tuple[str, ...]
    #: Of these, the one that says which part of a series it is.
    part: str | None
    #: Single letters that name a thing: the B of "hepatitis B", the alpha of "interferon alpha".
    designators: tuple[str, ...]
    #: The title names a kind of text ("Editorial"), not its subject.
    generic: bool
    #: Such a text appears in each issue, by the same hand: "Editor's notes", "Letter".
    recurring: bool
    #: It says that there is one each year: "Annual report of ...".
    serial: bool
    #: Words that are neither function words nor numbers, sorted, distinct.
    words: tuple[str, ...]
    #: Information of each of them in nats: how rare it is in titles, see ``words.py``.
    information: tuple[float, ...]
    #: What may stand alone of a title with a subtitle, words run together: "name" and "what it
    #: does" of "NAME: what it does".
    parts: tuple[str, ...]
    #: The name before a colon that a method or a data set was given: "NAME" of the same.
    name: str | None


#: Letters of a title that are looked at; the rest is an abstract that slipped in.
_LONGEST = 1500
# "Benchmark (BRATS)": an acronym of the words before it.
_ACRONYM = re.compile(r"\s*\(([A-Za-z]?[A-Z][A-Z0-9-]{1,9}s?)\)")
# "... collaborative data manag...": the last word is cut.
_CUT = re.compile(r"\s\S*(?:\u2026|\.\.\.)\s*$")
# Written or left out at will: points on the Russian e, vowel marks of Arabic, the same of Hebrew.
_AT_WILL = {0x401: "\u0415", 0x451: "\u0435"} | dict.fromkeys(
    [*range(0x591, 0x5C8), *range(0x64B, 0x653), 0x640]
)


@dataclass(frozen=True, slots=True)
class _Bare:
    """A title without what stands before and behind it."""

    #: Without library notes.
    text: str
    #: Its comparison form.
    whole: str
    marker: Marker | None
    #: Without notes and marker, as it is written; never empty where ``text`` is not.
    rest: str
    #: The comparison form of that.
    form: str
    #: The number that an abstract has in its programme.
    number: str | None


def form_of(title: str) -> str:
    """The title that is compared: ``take_apart(title).form``, and nothing else of it."""
    return _bare(title).form


def forms(titles: pa.Array) -> pa.Array:
    """``form_of`` of each title; most are plain, and are read a column at a time."""
    lower = pc.ascii_lower(titles)
    plain = pc.and_(
        pc.match_substring_regex(titles, _PLAIN),
        pc.invert(pc.match_substring_regex(lower, MARKED)),
    )
    words = pc.replace_substring_regex(pc.replace_substring(lower, "'", ""), r"[^a-z]+", " ")
    found = pc.utf8_trim(words, " ")
    odd = pc.invert(pc.and_(plain, pc.not_equal(found, "")))
    read = [form_of(title) for title in titles.filter(odd).to_pylist()]
    return pc.replace_with_mask(found, odd, pa.array(read, pa.string()))


def head_of(title: str) -> str:
    """What stands before the first colon of a title, words run together; "" if it is no name.

    One to three words may be the name of a method: of two papers by one author, it tells.
    """
    head, colon, _ = title.partition(":")
    words = form_of(head).split() if colon else []
    return "".join(words) if len(words) <= _MOST_WORDS else ""


def heads(titles: pa.Array) -> pa.Array:
    """``head_of`` of each title."""
    found = pc.match_substring(titles, ":")
    before = pc.list_element(pc.split_pattern(titles.filter(found), ":", max_splits=1), 0)
    words = forms(before)
    few = pc.less_equal(pc.count_substring(words, " "), _MOST_WORDS - 1)
    read = pc.if_else(few, pc.replace_substring(words, " ", ""), "")
    return pc.replace_with_mask(pa.nulls(len(titles), pa.string()).fill_null(""), found, read)


_MOST_WORDS = 3
#: Letters and signs that only part words: no numbers, no brackets, no markup.
_PLAIN = rf"^[A-Za-z ,.:;?!/'\"-]{{1,{_LONGEST // 2}}}[A-Za-z ,.:;?!/'\"-]{{0,{_LONGEST // 2}}}$"


#: Copies of a paper, prepared one after the other, have one title.
@lru_cache(maxsize=1 << 10)
def take_apart(title: str) -> Title:
    """Split a title into what is compared and what distinguishes.

    Total: any string gives a result, and ``form`` is empty for a blank title only.
    """
    bare = _bare(title)
    words = words_in(bare.form)
    designators = designators_of(bare.rest, bare.form)
    return Title(
        form=bare.form,
        marker=bare.marker,
        numbers=numbers_of_title(bare.rest, bare.form),
        part=part_in(bare.rest, bare.form),
        designators=(*designators, f"abstract {bare.number}") if bare.number else designators,
        generic=is_generic(bare.whole) or (bare.form != bare.whole and is_generic(bare.form)),
        recurring=is_recurring(bare.whole),
        serial=is_serial(bare.whole),
        words=tuple(words),
        information=tuple(words.values()),
        parts=parts_of(bare.rest),
        name=name_of(bare.rest),
    )


def _bare(title: str) -> _Bare:
    text = clean_title(title[:_LONGEST]) or title[:_LONGEST].strip()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_AT_WILL) or text
    if "..." in text or "\u2026" in text:
        text = _CUT.sub("", text) or text
    if not may_be_marked(text):
        form = comparison_form(text) if text else ""
        return _Bare(text, form, None, text, form, None)
    without_notes, number = strip_notes(_without_acronyms(text))
    marker, rest = strip_marker(without_notes)
    whole = comparison_form(without_notes) if without_notes else ""
    form = comparison_form(rest) if rest and rest != without_notes else whole
    return _Bare(without_notes, whole, marker, rest or without_notes, form, number)


def _without_acronyms(text: str) -> str:
    """A title without acronyms in brackets behind what they stand for."""
    for found in reversed(list(_ACRONYM.finditer(text)) if "(" in text else ()):
        if numbers_of(found[1]):
            continue  # "(II)", "(T1)"
        letters = iter(text[: found.start()].lower())
        if all(letter in letters for letter in found[1].rstrip("s").lower() if letter.isalpha()):
            text = text[: found.start()] + text[found.end() :]
    return text
