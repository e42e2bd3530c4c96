"""Pairs as a table for a spreadsheet, and the answers read back from it.

One row a pair. A cell that a spreadsheet would take for a formula begins with an apostrophe, which
reading takes away again.
"""

from __future__ import annotations

import csv
import io
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.errors import ConfigError
from medsafe_harvest.normalize.text import one_line
from medsafe_harvest.overrides_file import Ruling, extended, fresh
from medsafe_harvest.review import Pair
from medsafe_harvest.review_words import described

_SIDED = ("title", "authors", "year", "venue", "volume", "pages", "identifiers", "url")
#: Filled in by a person.
_ANSWERS = ("answer", "who", "when", "why")
COLUMNS: tuple[str, ...] = (
    "left",
    "right",
    *(f"{side}_{name}" for name in _SIDED for side in ("left", "right")),
    "outcome",
    "reason",
    "score",
    "evidence",
    *_ANSWERS,
)
_NEEDED = ("left", "right", "answer")
_SAME = frozenset(("y", "yes", "same", "match"))
_DIFFERENT = frozenset(("n", "no", "different", "non-match"))
#: With these a spreadsheet begins a formula, or a cell that becomes one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Spreadsheets write the one that their language is used to.
_DELIMITERS = (",", ";", "\t")


def write(pairs: Iterable[Pair], records: Mapping[str, Mapping[str, Any]]) -> str:
    """The table as text.

    Args:
        pairs: a row each.
        records: the records of all pairs by id, with the columns ``review.SHOWN``.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for pair in pairs:
        left, right = (described(records[one]) for one in pair.ids)
        sided = [side[name] for name in _SIDED for side in (left, right)]
        said = [pair.outcome, pair.reason, f"{pair.score:.3f}", pair.detail]
        rows.writerow(_safe(cell) for cell in [*pair.ids, *sided, *said, *("" for _ in _ANSWERS)])
    return text.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _as_meant(cell: str) -> str:
    bare = cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
    return one_line(bare) or ""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a table says."""

    #: In the order of the table.
    rulings: tuple[Ruling, ...]
    #: Line of each ruling.
    lines: tuple[int, ...]
    #: Rows without an answer.
    unanswered: int


def read(content: bytes, *, file: str, who: str, when: date) -> Answers:
    """The answers of a table.

    Args:
        content: CSV in UTF-8, with a comma, a semicolon or tabs between cells.
        file: its name, for messages.
        who: stands where a row names nobody.
        when: stands where a row names no day.

    Raises:
        ConfigError: rows are wrong, or two rows about a pair differ; names the line of each
            mistake, a line of the message each.
    """
    rulings: list[Ruling] = []
    lines: list[int] = []
    mistakes: list[tuple[int, str]] = []
    unanswered = 0
    for line, names, cells in _rows(content, file):
        try:
            row = _row(names, cells)
            if not row["answer"]:
                unanswered += 1
                continue
            rulings.append(_ruling(row, file, who, when))
        except ValueError as error:
            mistakes.append((line, str(error)))
        else:
            lines.append(line)
    mistakes = sorted([*mistakes, *_at_odds(rulings, lines)])
    if mistakes:
        line, message = mistakes[0]
        more = "".join(f"\n{file}:{number}: {words}" for number, words in mistakes[1:])
        raise ConfigError(message + more, file=file, line=line)
    return Answers(tuple(rulings), tuple(lines), unanswered)


def check(answers: Answers, before: Overrides, *, file: str) -> list[Ruling]:
    """The rulings that would be new.

    Args:
        answers: of a table.
        before: what curators ruled until now.
        file: name of the table, for messages.

    Raises:
        ConfigError: one contradicts another or one from before; names both, and the line.
    """
    path = Path(file)

    def fits(number: int) -> bool:
        try:
            extended(before, fresh(before, answers.rulings[:number]), path)
        except ConfigError:
            return False
        return True

    try:
        new = fresh(before, answers.rulings)
        extended(before, new, path)
    except ConfigError as error:
        # What contradicts goes on contradicting, so the first such row can be searched for.
        number = bisect_left(range(len(answers.rulings)), 1, key=lambda row: not fits(row + 1))
        raise ConfigError(error.message, file=file, line=answers.lines[number]) from error
    return new


def not_yet_imported(content: bytes, before: Overrides, *, file: str) -> int:
    """How many answers of a table are not among the rulings, wrong ones included.

    Args:
        content: CSV, as :func:`read` takes it; nothing at all is a table without answers.
        before: what curators ruled until now.
        file: its name, for messages.

    Raises:
        ConfigError: it is no table of pairs.
    """
    there = {("y", *link.pair) for link in before.must_link}
    there |= {("n", *link.pair) for link in before.cannot_link}
    given = []
    for _, names, cells in _rows(content, file) if content.strip() else ():
        row = dict(zip(names, map(_as_meant, cells), strict=False))
        answer = row.get("answer", "").lower()
        short = {**dict.fromkeys(_SAME, "y"), **dict.fromkeys(_DIFFERENT, "n")}.get(answer, answer)
        given.append((short, *sorted((row.get("left", ""), row.get("right", "")))))
    return sum(bool(one[0]) and one not in there for one in given)


def _rows(content: bytes, file: str) -> Iterator[tuple[int, list[str], list[str]]]:
    """Each row that is not blank: the line that it begins on, the columns' names, the cells."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8: save it as CSV UTF-8", file=file) from error
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            if names is None:
                names = _header(cells, file)
            elif any(cell.strip() for cell in cells):
                yield line, names, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise ConfigError(f"is not CSV: {error}", file=file, line=line) from error
    if names is None:
        raise ConfigError("is empty", file=file)


def _row(names: list[str], cells: list[str]) -> dict[str, str]:
    """The cells of a row by column.

    Raises:
        ValueError: there are more cells than columns.
    """
    if len(cells) > len(names):
        raise ValueError(f"has {len(cells)} cells for {len(names)} columns")
    return dict.fromkeys(COLUMNS, "") | dict(zip(names, map(_as_meant, cells), strict=False))


def _header(cells: list[str], file: str) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise ConfigError(
            f"has no column {', '.join(map(repr, missing))}: the first line names the columns, as "
            "`medsafe-harvest review --export` writes them",
            file=file,
            line=1,
        )
    return names


def _ruling(row: Mapping[str, str], file: str, who: str, when: date) -> Ruling:
    """The ruling of a row.

    Raises:
        ValueError: it is none.
    """
    answer = row["answer"].lower()
    if answer not in _SAME | _DIFFERENT:
        raise ValueError(
            f"the answer {row['answer']!r} is none of y, yes, same, match, n, no, different, "
            "non-match; leave it empty to answer later"
        )
    same = answer in _SAME
    verdict = "Same paper" if same else "Different papers"
    left, right = sorted((row["left"], row["right"]))
    try:
        link = Link(
            left=left,
            right=right,
            who=row["who"] or who,
            # The model reads the day, and says what is wrong with it.
            when=row["when"] or when,
            why=row["why"] or f"{verdict}, as answered in {file}",
        )
    except ValidationError as error:
        raise ValueError("; ".join(map(_in_words, error.errors()))) from error
    return Ruling(same, link)


def _in_words(mistake: ErrorDetails) -> str:
    """A mistake of :class:`Link` in plain words."""
    place = ".".join(str(part) for part in mistake["loc"])
    if place == "when":
        return f"when is {mistake['input']!r}: a day is written 2026-01-31"
    if mistake["type"] == "string_too_short":
        return f"{place} is empty"
    message = mistake["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _at_odds(rulings: Iterable[Ruling], lines: Iterable[int]) -> list[tuple[int, str]]:
    """Rows that say of a pair what another row denies."""
    seen: dict[tuple[str, str], tuple[bool, int]] = {}
    found = []
    for ruling, line in zip(rulings, lines, strict=False):
        same, first = seen.setdefault(ruling.link.pair, (ruling.same, line))
        if same != ruling.same:
            pair = " and ".join(ruling.link.pair)
            found.append((line, f"{pair} are answered otherwise on line {first}"))
    return found
