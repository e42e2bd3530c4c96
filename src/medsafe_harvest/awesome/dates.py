"""Days as lists write them: found, and written alike."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_NAMES = "|".join(name[:3] for name in _MONTHS)
PATTERN = re.compile(
    rf"(?<![\w/.-])(?:(?:[0-9]{{1,2}}(?:st|nd|rd|th)?\s+)?(?:{_NAMES})[a-z]*\.?,?\s+"
    r"(?:[0-9]{1,2}(?:st|nd|rd|th)?,\s*)?20[0-9]{2}(?![0-9])"
    r"|20[0-9]{2}([-/.])(?:1[0-2]|0?[1-9])(?:\1[0-3]?[0-9])?(?![\w-])"
    r"|20[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])(?!\w))"
)
_FORMS: tuple[tuple[str, bool], ...] = (
    *(("{Y}-{m:02}-{d:02}", True), ("{Y}/{m:02}/{d:02}", True), ("{Y}.{m:02}.{d:02}", True)),
    *(("{Y}{m:02}{d:02}", True), ("{Y}-{m:02}", False), ("{Y}/{m:02}", False)),
    *(("{Y}.{m}", False), ("{Y}.{m:02}", False), ("{Y}/{m}", False)),
    *(("{d:02}{o} {dotted}, {Y}", True), ("{d}{o} {dotted}, {Y}", True)),
    *(("{d}{o} {brief}, {Y}", True), ("{d}{o} {full}, {Y}", True), ("{d}{o} {full} {Y}", True)),
    *(("{d} {full} {Y}", True), ("{d} {brief} {Y}", True), ("{full} {d}, {Y}", True)),
    *(("{brief} {d}, {Y}", True), ("{brief}. {d}, {Y}", True), ("{full} {d}{o}, {Y}", True)),
    *(("{full} {Y}", False), ("{brief} {Y}", False), ("{dotted} {Y}", False)),
    *(("{brief}, {Y}", False), ("{full}, {Y}", False)),
)


class Form(NamedTuple):
    """One way to write a day; ``needs_day`` where month and year are not enough."""

    pattern: str
    needs_day: bool

    def write(self, day: dt.date) -> str:
        """The day in this form."""
        full = _MONTHS[day.month - 1]
        return self.pattern.format(
            Y=day.year, m=day.month, d=day.day, o=_ordinal(day.day), full=full, brief=full[:3],
            dotted=full if len(full) <= 4 else f"{'Sept' if full[0] == 'S' else full[:3]}.",
        )  # fmt: skip


def _ordinal(day: int) -> str:
    if day in {11, 12, 13}:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def parse(text: str) -> dt.date | None:
    """The day of a text that :data:`PATTERN` found; the first of its month where it says none."""
    year = re.search(r"20[0-9]{2}", text)
    name = re.search(rf"\b({_NAMES})", text)
    if year is None:
        return None
    rest = text.replace(year[0], " ", 1)
    numbers = [int(number) for number in re.findall(r"[0-9]+", rest)]
    if name:
        month = 1 + [one[:3] for one in _MONTHS].index(name[1])
        day = numbers[0] if numbers else 1
    else:
        if len(numbers) == 1 and numbers[0] > 12:  # 20250508
            numbers = [numbers[0] // 100, numbers[0] % 100]
        month, day = numbers[0], (numbers[1] if len(numbers) > 1 else 1)
    try:
        return dt.date(int(year[0]), month, day)
    except ValueError:
        return None


def form_of(texts: Iterable[str]) -> Form | None:
    """The form in which most of the texts are written; None where none is known."""
    votes = dict.fromkeys(_FORMS, 0)
    for text in texts:
        day = parse(text)
        for form in votes if day else ():
            # A slip such as "2th" is the same form.
            votes[form] += _same(Form(*form).write, day, text)
    best = max(votes, key=lambda form: votes[form])
    return Form(*best) if votes[best] else None


def _same(write: Callable[[dt.date], str], day: dt.date | None, text: str) -> bool:
    return day is not None and write(day) == " ".join(text.split())
