"""A source that suddenly finds nothing new is more likely broken than dry."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

#: Nights before the silence that tell what is usual.
_LOOK_BACK = 28
#: With fewer nights nothing is usual yet.
_ENOUGH = 14
#: Expected new records of which none came; chance alone does that once in a thousand times, since
#: a Poisson variable of mean m is zero with probability exp(-m), and exp(-6.9) = 0.001.
_EXPECTED = 6.9


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing new for too long."""

    #: Nights asked in succession without anything new.
    nights: int
    #: New records to be expected in them from the nights before.
    expected: float


def find_silence(new: Mapping[date, int], asked: Collection[date], today: date) -> Silence | None:
    """Whether nothing new came in for longer than chance explains.

    The nights before the silence tell how many new records a night brings: their mean without the
    tenth that brought most, since a first harvest or an outage brings many at once. A silence no
    longer than one of theirs is usual too: nothing is announced at weekends.

    Args:
        new: by day, records seen for the first time.
        asked: days on which everything that was asked was received; of those before the silence
            the latest 28 count.
        today: later days are not believed.

    Returns:
        The silence, or None where there is none, or too little is known.
    """
    nights = sorted(day for day in asked if day <= today)
    silent = 0
    while silent < len(nights) and not new.get(nights[-1 - silent]):
        silent += 1
    if silent == 0:
        return None
    usual = nights[: len(nights) - silent][-_LOOK_BACK:]
    if len(usual) < _ENOUGH:
        return None
    runs = itertools.groupby(usual, key=lambda day: bool(new.get(day)))
    if silent <= max((len(list(days)) for found, days in runs if not found), default=0):
        return None
    counts = sorted(new.get(day, 0) for day in usual)
    kept = counts[: len(counts) - max(1, len(counts) // 10)]
    expected = silent * sum(kept) / len(kept)
    return Silence(silent, expected) if expected >= _EXPECTED else None
