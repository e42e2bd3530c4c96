"""In which order the entries of a section stand, and where a new one goes."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from medsafe_harvest.awesome.papers import Listed

#: Share of the neighbours that must stand in an order for it to be one, and how many at least.
_SHARE, _LEAST = 0.8, 2
_ARXIV = re.compile(r"([0-9]{2})(0[1-9]|1[0-2])\.[0-9]{4,5}")


class Order(enum.StrEnum):
    """An order of entries."""

    NEWEST_FIRST = "newest first"
    OLDEST_FIRST = "oldest first"
    ALPHABETIC = "by title"
    NONE = "none"


class Key(NamedTuple):
    """What entries are sorted by, each part None where the list does not say it.

    ``day`` is a number that grows with time, from a date with its month; ``month`` one from the
    arXiv id.
    """

    day: int | None
    month: int | None
    year: int | None
    title: str


def month_of_arxiv(arxiv_id: str | None) -> int | None:
    """Months since the year 0, by an arXiv id."""
    found = _ARXIV.fullmatch(arxiv_id or "")
    return (2000 + int(found[1])) * 12 + int(found[2]) if found else None


def key_of(paper: Listed) -> Key:
    """The key of a paper."""
    day = paper.published
    month = month_of_arxiv(dict(paper.ids).get("arxiv_id"))
    if month is None and day:
        month = day.year * 12 + day.month
    return Key(
        day=day_number(day) if day else month and (month - 1) // 12 * 372 + _first_of(month),
        month=month,
        year=paper.year,
        title=title_key(paper.title),
    )


def day_number(day: dt.date) -> int:
    """A number that grows with time."""
    return day.year * 372 + day.month * 31 + day.day


def _first_of(month: int) -> int:
    """What :func:`day_number` adds to the year on the first of a month."""
    return ((month - 1) % 12 + 1) * 31 + 1


def title_key(title: str | None) -> str:
    """How a title is sorted."""
    return re.sub(r"\W+", " ", title or "").strip().casefold()


class Sorting(NamedTuple):
    """An order, and by which part of a key."""

    order: Order
    part: int

    def place(self, key: Key, keys: Sequence[Key]) -> int:
        """Before which of the keys a new one stands; their number where it comes last.

        Where it is on the wrong side of the fewest: an entry out of order moves nothing. Of equal
        ones a newer entry comes first where the newest do, and last elsewhere.
        """
        own = key[self.part]
        if self.order is Order.NONE or own is None:
            return len(keys)
        newest_first = self.order is Order.NEWEST_FIRST
        sides = [_side(one[self.part], own) * (-1 if newest_first else 1) for one in keys]
        wrong = sum(side < 0 for side in sides)
        best, place = wrong, 0
        for number, side in enumerate(sides, 1):
            wrong += (side > 0) - (side < 0)
            if wrong < best or (wrong == best and not newest_first):
                best, place = wrong, number
        return place

    def ordered(self, new: Sequence[tuple[Key, str]]) -> list[tuple[Key, str]]:
        """New entries of one place, which come newest first, as they stand among themselves."""
        if self.order is Order.NEWEST_FIRST:
            return sorted(new, key=lambda one: -int(one[0][self.part] or 0))
        if self.order is Order.ALPHABETIC:
            return sorted(new, key=lambda one: one[0].title)
        oldest_first = list(reversed(new))
        return sorted(oldest_first, key=lambda one: int(one[0][self.part] or 0))


def _side(one: int | str | None, own: int | str) -> int:
    """-1 for what is smaller than the new one, 1 for what is greater, 0 for what is not known."""
    if one is None or one == own:
        return 0
    if isinstance(one, int) and isinstance(own, int):
        return -1 if one < own else 1
    return -1 if str(one) < str(own) else 1


def sorting_of(keys: Sequence[Key]) -> Sorting:
    """The order in which entries stand; by day or month where the year alone tells too little."""
    for part in (0, 1, 2):
        values = [value for key in keys if (value := key[part]) is not None]
        if len(values) < max(_LEAST, _SHARE * len(keys)):
            continue
        order = _direction(values)
        if order is not Order.NONE:
            return Sorting(order, part)
    titles = [key.title for key in keys]
    rising = _share(titles, lambda one, two: one <= two)
    if len(titles) > _LEAST + 2 and rising >= 0.9 and len(set(titles)) > _LEAST + 1:
        return Sorting(Order.ALPHABETIC, 3)
    return Sorting(Order.NONE, 2)


def _direction(values: Sequence[int | str]) -> Order:
    changes = [(a, b) for a, b in pairwise(values) if a != b]
    if not changes:
        return Order.NONE
    falling = sum(_side(b, a) < 0 for a, b in changes) / len(changes)
    if falling >= _SHARE:
        return Order.NEWEST_FIRST
    return Order.OLDEST_FIRST if falling <= 1 - _SHARE else Order.NONE


def _share(values: Sequence[str], holds: Callable[[str, str], bool]) -> float:
    pairs: Iterable[bool] = [holds(a, b) for a, b in pairwise(values)]
    every = list(pairs)
    return sum(every) / len(every) if every else 0.0
