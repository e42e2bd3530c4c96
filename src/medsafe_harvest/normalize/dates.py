"""Dates: the day where a source gives one, the year where it gives at least that."""

from __future__ import annotations

import re
from datetime import date

#: Years outside are typing errors. The first scholarly journals are of 1665; the upper end keeps
#: announced volumes and drops ``9999``. Fixed, so that a rebuild never depends on today.
FIRST_YEAR = 1600
LAST_YEAR = 2100

_DATE = re.compile(r"\s*([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ].*)?)?)?\s*")


def valid_year(year: int | None) -> int | None:
    """The year, or None where it cannot be a year of publication."""
    return year if year is not None and FIRST_YEAR <= year <= LAST_YEAR else None


def parse_date(text: str | None) -> tuple[date | None, int | None]:
    """Day and year of ``2024-01-31T10:00:00Z``, ``2024-01-31``, ``2024-01`` or ``2024``.

    The day is the one that is written, in the source's own time zone; arXiv writes UTC. Where the
    day does not exist (``2023-02-30``), the year is kept.
    """
    found = _DATE.fullmatch(text) if text is not None else None
    year = valid_year(int(found[1])) if found else None
    if found is None or year is None:
        return None, None
    if found[3] is None:
        return None, year
    try:
        return date(year, int(found[2]), int(found[3])), year
    except ValueError:
        return None, year
