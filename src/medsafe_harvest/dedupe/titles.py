"""What a title says: its words, and what distinguishes it from a title much like it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from medsafe_harvest.dedupe.markers import (
    Marker,
    is_generic,
    is_recurring,
    is_serial,
    strip_marker,
    strip_notes,
)
from medsafe_harvest.dedupe.numbers import designators_of, numbers_of
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


def take_apart(title: str) -> Title:
    """Split a title into what is compared and what distinguishes.

    Total: any string gives a result, and ``form`` is empty for a blank title only.
    """
    text = clean_title(title[:_LONGEST]) or title[:_LONGEST].strip()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_AT_WILL) or text
    without_notes, number = strip_notes(_without_acronyms(_CUT.sub("", text) or text))
    marker, rest = strip_marker(without_notes)
    whole = comparison_form(without_notes) if without_notes else ""
    form = comparison_form(rest) if rest else whole
    words = words_in(form)
    designators = designators_of(rest or without_notes, form)
    return Title(
        form=form,
        marker=marker,
        numbers=numbers_of(rest or without_notes),
        designators=(*designators, f"abstract {number}") if number else designators,
        generic=is_generic(whole) or is_generic(form),
        recurring=is_recurring(whole),
        serial=is_serial(whole),
        words=tuple(words),
        information=tuple(words.values()),
        parts=parts_of(rest or without_notes),
        name=name_of(rest or without_notes),
    )


def _without_acronyms(text: str) -> str:
    """A title without acronyms in brackets behind what they stand for."""
    for found in reversed(list(_ACRONYM.finditer(text))):
        if numbers_of(found[1]):
            continue  # "(II)", "(T1)"
        letters = iter(text[: found.start()].lower())
        if all(letter in letters for letter in found[1].rstrip("s").lower() if letter.isalpha()):
            text = text[: found.start()] + text[found.end() :]
    return text
