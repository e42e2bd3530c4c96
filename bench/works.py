"""Invented papers: titles and names drawn from chains, and such as are easily taken for another.

Papers that look like another are made on purpose: parts of a work, challenges of each year, errata,
generic titles, and the next paper of the same people under nearly the same title.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bench.chain import Chain
from bench.changes import VENUES, Copy, Name

#: Shares of papers that a paper like it follows.
SEQUELS, ERRATA, SAME_TEAM, CHALLENGES, GENERIC = 0.01, 0.004, 0.03, 0.002, 0.004
_MOST_WORDS = 24
#: Papers that are drawn together.
_AT_ONCE = 1_000
#: Years of the papers; the identifiers of arXiv have five digits since 2015.
_FIRST_YEAR, _YEARS = 2015, 10
_MONTHS = 12 * _YEARS
#: An identifier of arXiv counts the papers of a month with five digits.
_LAST_PLACE = 99_999
_GENERIC = (
    "Introduction",
    "Editorial",
    "Preface",
    "Book Review",
    "Deep Learning",
    "A Survey",
    "Guest Editorial",
    "Machine Learning in Medicine",
)
_ERRATA = ("Erratum: {}", "Correction to: {}", "Comment on: {}", "Reply to: {}")


@dataclass(frozen=True, slots=True)
class Language:
    """What titles and names are drawn from."""

    titles: Chain
    #: Texts of two words, the family name first.
    names: Chain


@dataclass(frozen=True, slots=True)
class Work:
    """A paper as it truly is."""

    #: Among all works of the corpus.
    number: int
    copy: Copy


def works(language: Language, seed: int, part: int, most: int) -> Iterator[Work]:
    """The works of one part of a corpus, at most so many; a seed has always the same ones."""
    draws = np.random.Generator(np.random.PCG64([seed, part]))
    chance = random.Random(f"{seed} {part}")
    first, made = part * most, 0
    while True:
        titles = [
            " ".join(words) for words in language.titles.draw(draws.random((_AT_ONCE, _MOST_WORDS)))
        ]
        sizes = [1 + int(-3.2 * np.log1p(-draw)) for draw in draws.random(_AT_ONCE)]
        people = language.names.draw(draws.random((sum(sizes), 2)))
        names = iter([(given, family) for family, given in people])
        for title, size in zip(titles, sizes, strict=True):
            team = tuple(next(names) for _ in range(size))
            copy = _copy(title, team, first + made, chance)
            for one in _with_likenesses(copy, titles, chance):
                yield Work(first + made, one)
                made += 1
                if made == most:
                    return


def _copy(title: str, names: tuple[Name, ...], number: int, chance: random.Random) -> Copy:
    month = number % _MONTHS
    year, place = _FIRST_YEAR + month // 12, number // _MONTHS + 1
    return Copy(
        title=title,
        names=names,
        written="{given} {family}",
        year=year,
        day=f"{year}-{month % 12 + 1:02}-{chance.randrange(1, 29):02}",
        venue=chance.choice(VENUES)[0] if chance.random() < 0.7 else None,
        volume=str(chance.randrange(1, 120)) if chance.random() < 0.5 else None,
        pages=_pages(chance) if chance.random() < 0.4 else None,
        doi=f"10.5555/{number:x}" if chance.random() < 0.6 else None,
        arxiv_id=f"{year % 100:02}{month % 12 + 1:02}.{place:05}" if place <= _LAST_PLACE else None,
    )


def _pages(chance: random.Random) -> str:
    first = chance.randrange(1, 3000)
    return f"{first}-{first + chance.randrange(3, 30)}"


def _with_likenesses(copy: Copy, titles: list[str], chance: random.Random) -> list[Copy]:
    """A paper, alone or with papers like it."""
    draw, own = chance.random(), replace(copy, doi=None, arxiv_id=None, pages=None)
    if (draw := draw - SEQUELS) < 0:
        parts = chance.choice((("Part I", "Part II"), ("I", "II"), ("Part 1", "Part 2", "Part 3")))
        return [replace(own, title=f"{copy.title}: {part}") for part in parts]
    if (draw := draw - ERRATA) < 0:
        return [copy, replace(own, title=chance.choice(_ERRATA).format(copy.title))]
    if (draw := draw - SAME_TEAM) < 0:
        title = _alike(copy.title, titles, chance)
        return [copy, replace(own, title=title)] if title else [copy]
    if (draw := draw - CHALLENGES) < 0:
        topic = " ".join(copy.title.replace(":", "").split(" ")[:3])
        years = range(_FIRST_YEAR, _FIRST_YEAR + chance.randrange(3, 9))
        return [
            replace(own, title=f"Overview of the {topic} {year} Challenge", year=year, day=None)
            for year in years
        ]
    if draw < GENERIC:
        return [replace(copy, title=chance.choice(_GENERIC))]
    return [copy]


def _alike(title: str, titles: list[str], chance: random.Random) -> str | None:
    """The title with one or two telling words that are another's; None where it has few words.

    One of them stands before the subtitle, so that a copy without it differs still.
    """
    words = title.split(" ")
    others = [word for word in chance.choice(titles).split(" ") if _tells(word)]
    places = [place for place, word in enumerate(words) if _tells(word)]
    main = next((place for place, word in enumerate(words) if word.endswith(":")), len(words))
    before = [place for place in places if place < main]
    if len(words) < _ENOUGH_WORDS or not before or not others:
        return None
    for place in (chance.choice(before), chance.choice(places)):
        words[place] = chance.choice(others)
    found = " ".join(words)
    return found if found.lower() != title.lower() else None


#: Of a title that another word makes another paper's.
_ENOUGH_WORDS = 5


def _tells(word: str) -> bool:
    return len(word) > len("from") and word.isalpha()
