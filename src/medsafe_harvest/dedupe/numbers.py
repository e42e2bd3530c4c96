"""What numbers and letters in titles tell apart: Part I and Part II, hepatitis B and C."""

from __future__ import annotations

import re

from medsafe_harvest.dedupe.markers import words_of
from medsafe_harvest.normalize.text import comparison_form

_DIGITS = re.compile(r"\d+")
_ROMAN = {
    numeral: str(number)
    for number, numeral in enumerate(
        words_of("ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx"), start=2
    )
} | {"i": "1"}
# Alone, these are words, initials or variables; after "part" or at the end they count.
_AMBIGUOUS_NUMERALS = frozenset({"i", "v", "x"})
#: Words that are numbers and nothing else: the "II" of a sequel.
NUMERALS = frozenset(_ROMAN) - _AMBIGUOUS_NUMERALS
_NUMBER_WORDS = {
    word: number
    for words in (
        "two three four five six seven eight nine ten",
        "second third fourth fifth sixth seventh eighth ninth tenth",
        "deuxieme troisieme quatrieme cinquieme",
        "zweiter dritter vierter",
        "zweite dritte vierte",
        "segunda tercera cuarta",
    )
    for number, word in enumerate(words.split(), start=2)
}
_ONE = frozenset(words_of("one first premiere erster erste primera"))
_TENS = {
    word: 10 * number
    for number, word in enumerate(
        words_of("twenty thirty forty fifty sixty seventy eighty ninety"), start=2
    )
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


_LETTER = re.compile(
    r"(?<=\w )[B-HJ-Z](?=$|[\s.,:;)-])|(?<=\w )A(?=$|[.,:;)]| (?:for|of|in|and)\b)"
)


#: A title of ASCII letters that has none of these words has no number.
_COUNTING = frozenset({*_ROMAN, *_NUMBER_WORDS, *_ONE, *_TENS, "part", "teil", "partie", "parte"})


def numbers_of(text: str) -> tuple[str, ...]:
    """Numbers, Roman numerals and part letters of a title, sorted, distinct.

    Digits of one word are one number, however they are parted: "H1N1" gives 11.
    """
    words = comparison_form(_THOUSANDS.sub("", text)).split() if text else []
    return _numbers_in(words)


def numbers_of_title(text: str, form: str) -> tuple[str, ...]:
    """As :func:`numbers_of`, of a title whose comparison form is known."""
    if not text.isascii() or _DIGITS.search(text):
        return numbers_of(text)
    words = form.split()
    return () if _COUNTING.isdisjoint(words) else _numbers_in(words)


def _numbers_in(words: list[str]) -> tuple[str, ...]:
    found: set[str] = set()
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        after = words[place + 1] if place + 1 < len(words) else ""
        if digits := "".join(_DIGITS.findall(word)):
            found.add(digits.lstrip("0") or "0")
        if word in _NUMBER_WORDS and before not in _TENS:
            found.add(str(_NUMBER_WORDS[word]))
        elif word in _TENS:
            found.add(str(_TENS[word] + (1 if after in _ONE else _NUMBER_WORDS.get(after, 0))))
        elif word in _ONE and (after in _PART_WORDS or (word == "one" and before in _PART_WORDS)):
            found.add("1")
        elif before in ("part", "teil", "partie", "parte") and len(word) == 1 and word.isalpha():
            found.add(_ROMAN.get(word, word))
        elif word in _ROMAN and (
            word not in _AMBIGUOUS_NUMERALS
            or before in _PART_WORDS
            or (place > 0 and place == len(words) - 1 and word != "x")
        ):
            found.add(_ROMAN[word])
        elif cjk := _CJK_NUMBER.fullmatch(word):
            found.add(cjk[1])
    return tuple(sorted(found))


# "X, part II", "X. Pt 2", "X II: Y", "X (III)", "X. 2. Y"; not "stage II", "type 2: Y".
_PART = re.compile(
    r"\b(?:part|pt|teil|partie|parte)\b\.?\s+(?P<named>\d{1,2}|[ivx]{1,5}|[a-h]"
    r"|one|two|three|four|five|six)(?![\w-])"
    r"|(?:(?<=\s)|(?<=[(:.,]))(?P<roman>i{1,3}|iv|vi{0,3}|ix)"
    r"(?=\s*(?:[:)]|\.(?:\s|$)|$|\s[\u2013\u2014-]\s))"
    r"|[.:,]\s+(?P<alone>\d)\s*[.:]\s"
    r"|\s(?P<behind>[2-9])\s*:\s",
    re.IGNORECASE,
)


def part_in(text: str, form: str) -> str | None:
    """Which part of a series a title says that it is, as a numeral or a small letter.

    Args:
        text: the title as it is written.
        form: the same in comparison form.
    """
    if not _DIGITS.search(text) and _COUNTING.isdisjoint(form.split()):
        return None
    if not (found := _PART.search(text)):
        return None
    if (sign := found["named"]) is None:
        if comparison_form(text[: found.start()]).rpartition(" ")[2] in _GRADED:
            return None
        sign = found["roman"] or found["alone"] or found["behind"]
    word = sign.lower()
    if word in _ONE:
        return "1"
    return _ROMAN.get(word) or str(_NUMBER_WORDS.get(word, word))


#: Words before a number that counts no parts: "stage II", "type 2".
_GRADED = frozenset(words_of("phase type stage grade class level group version v factor covid cov"))


def designators_of(text: str, form: str) -> tuple[str, ...]:
    """Letters that name a thing, sorted, distinct: the B of "hepatitis B", the D of "vitamin D".

    Args:
        text: the title as it is written; a capital letter that stands alone is a name, where not
            everything is in capitals.
        form: the same in comparison form.
    """
    tokens = form.split()
    letters = {token for token in tokens if len(token) == 1 and "a" <= token <= "z"}
    found = (letters - _NO_DESIGNATORS) | _GREEK.intersection(tokens)
    if letters and not text.isupper():
        found |= {letter.lower() for letter in _LETTER.findall(text)}
    return tuple(sorted(found))
