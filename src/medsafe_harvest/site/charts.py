"""Charts as SVG, drawn when the site is built; colours and fonts are the style sheet's.

Pure: numbers in, markup out. Every chart has a title that says what it shows, and its numbers stand
in a table or in the labels beside it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 720, 200
_BOTTOM, _TOP = 32, 10
#: Room for a digit of the scale where its letters are largest, in a narrow column.
_DIGIT = 13
_GRID = Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>')
_TICK = Markup('<text class="tick" x="{}" y="{:.1f}">{:,}</text>')
_UNDER = Markup('<text class="under" x="{:.1f}" y="{}">{}</text>')
_BAR = Markup(
    '<g class="bar"><title>{}: {:,}</title>'
    '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/></g>'
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One upright bar."""

    #: What it stands for, told on pointing at it.
    label: str
    #: What is written under it; may be nothing.
    under: str
    count: int


def columns(bars: Sequence[Bar], title: str, *, height: int = _HEIGHT) -> Markup:
    """Upright bars in the order given, with a scale at the left.

    Args:
        bars: what is drawn.
        title: what the chart shows.
        height: of the drawing, in its own units.
    """
    if not bars:
        return Markup()
    top, step = scale(max(one.count for one in bars))
    floor = height - _BOTTOM
    room = floor - _TOP
    left = 14 + _DIGIT * max(len(f"{top:,}"), 2)
    width = (_WIDTH - left) / len(bars)
    thick = min(max(width * 0.78, 1), 48)
    parts = [
        _GRID.format(left, _WIDTH, y, y) + _TICK.format(left - 8, y + 4, number)
        for number in range(0, top + 1, step)
        for y in (floor - room * number / top,)
    ]
    for place, one in enumerate(bars):
        x = left + width * (place + 0.5)
        tall = room * one.count / top
        parts.append(_BAR.format(one.label, one.count, x - thick / 2, floor - tall, thick, tall))
        if one.under:
            parts.append(_UNDER.format(x, height - 6, one.under))
    return _drawing(parts, title, height)


def _drawing(parts: Sequence[Markup], title: str, height: int) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(_WIDTH, height, title, Markup().join(parts))


def bar(count: int, most: int) -> Markup:
    """One lying bar, as wide as its share of the longest; decoration beside a written number."""
    share = 100 * count / most if most else 0
    return Markup(
        '<svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{:.1f}" height="4"/></svg>'
    ).format(share)


def spark(values: Sequence[int]) -> Markup:
    """A small line of the last values; decoration beside a written number."""
    if len(values) < 2 or not any(values):
        return Markup()
    most = max(values)
    points = " ".join(
        f"{100 * place / (len(values) - 1):.1f},{22 - 20 * value / most:.1f}"
        for place, value in enumerate(values)
    )
    return Markup(
        '<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">'
        '<polyline points="{}"/></svg>'
    ).format(escape(points))


def scale(most: int) -> tuple[int, int]:
    """The top of a scale and its step, whole numbers, for values up to ``most``."""
    if most <= 4:
        return max(most, 1), 1
    rough = most / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(int(power * one) for one in (1, 2, 5, 10) if power * one >= rough)
    return step * math.ceil(most / step), step


def months(counts: Mapping[tuple[int, int], int], until: dt.date, back: int) -> list[Bar]:
    """A bar for each of the last months up to a day, gaps as zero; Januaries carry their year.

    Args:
        counts: (year, month) -> number.
        until: a day of the last month.
        back: how many months.
    """
    last = until.year * 12 + until.month - 1
    parted = ((month // 12, month % 12 + 1) for month in range(last - back + 1, last + 1))
    return [
        Bar(f"{year}-{month:02}", str(year) if month == 1 else "", counts.get((year, month), 0))
        for year, month in parted
    ]


def years(counts: Mapping[int, int]) -> list[Bar]:
    """A bar for each year from the first to the last, gaps as zero."""
    if not counts:
        return []
    every = range(min(counts), max(counts) + 1)
    skip = math.ceil(len(every) / 15)
    return [
        Bar(str(year), str(year) if (every[-1] - year) % skip == 0 else "", counts.get(year, 0))
        for year in every
    ]
