"""SQL for one comparison of a column of papers with values."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Sequence

from medsafe_harvest.curated.where_columns import FACETS, Kind, kind_of

#: A value as it was written: text, a number in digits, or yes and no.
Value = str | int | bool
#: Keeps a value for DuckDB, and gives the parameter that stands for it.
Bind = Callable[[str | int | dt.date | list[str]], str]

_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_ORDERED = ("=", "<", "<=", ">", ">=")
#: What a 64-bit column can hold.
_LARGEST = 2**63 - 1
_FOLD = "strip_accents(lower({}))"


class Unfit(Exception):  # noqa: N818 - turned into an error with a place at once
    """The column cannot be compared like that."""


def present(column: str) -> str:
    """SQL for a column named alone: it is true, or there is something in it."""
    kind = kind_of(column)
    if kind is Kind.YES_NO:
        return column
    return f"len({column}) > 0" if kind in _OF_LISTS else f"{column} is not null"


def absent(column: str) -> str:
    """SQL for a column that says nothing."""
    return f"len({column}) = 0" if kind_of(column) in _OF_LISTS else f"{column} is null"


def compared(column: str, how: str, values: Sequence[Value], bind: Bind) -> str:
    """SQL that is true where the comparison holds.

    Args:
        column: of ``schema.PAPER``.
        how: =, <, <=, >, >=, in, like or between.
        values: one; two for between; any number for in.
        bind: called for each value.

    Raises:
        Unfit: the column cannot be compared like that, or not with these values.
    """
    return _WAYS[kind_of(column)](column, how, values, bind)


def slug(topic: str) -> str:
    """A topic as it is written in the columns: ``Federated_Learning`` is federated-learning."""
    return re.sub(r"[\s_]+", "-", topic.strip().lower())


def topic_column(column: str, topic: str) -> tuple[str, str]:
    """The column and the value meant by a topic, which may name its facet: ``trust:fairness``.

    Raises:
        Unfit: there is no such facet.
    """
    facet, colon, name = topic.partition(":")
    if not colon:
        return column, slug(topic)
    if facet.strip().lower() not in FACETS:
        raise Unfit(f"there is no facet {facet!r}; facets: {', '.join(FACETS)}")
    return facet.strip().lower(), slug(name)


def _text(column: str, how: str, values: Sequence[Value], bind: Bind) -> str:
    exact = kind_of(column) is Kind.EXACT
    bound = [_plain_or_folded(bind(_as_text(column, one)), exact=exact) for one in values]
    return _one_of(_plain_or_folded(column, exact=exact), column, how, bound)


def _plain_or_folded(sql: str, *, exact: bool) -> str:
    return sql if exact else _FOLD.format(sql)


def _one_of(sql: str, column: str, how: str, bound: Sequence[str]) -> str:
    if how in ("=", "in"):
        return f"{sql} in ({', '.join(bound)})"
    if how == "like":
        return f"{sql} like {bound[0]}"
    raise Unfit(f"{column} is text: compare it with =, !=, in or like")


def _texts(column: str, how: str, values: Sequence[Value], bind: Bind) -> str:
    bound = [_FOLD.format(bind(_as_text(column, one))) for one in values]
    return _any_of(f"list_transform({column}, lambda one: {_FOLD.format('one')})", how, bound)


def _authors(column: str, how: str, values: Sequence[Value], bind: Bind) -> str:
    bound = [_FOLD.format(bind(_as_text(column, one))) for one in values]
    parts = (
        f"list_transform(authors, lambda one: {_FOLD.format(f'one.{part}')})"
        for part in ("name", "family")
    )
    return _any_of(f"list_concat({', '.join(parts)})", how, bound)


def _any_of(sql: str, how: str, bound: Sequence[str]) -> str:
    if how in ("=", "in"):
        return f"list_has_any({sql}, [{', '.join(bound)}])"
    if how == "like":
        return f"len(list_filter({sql}, lambda two: two like {bound[0]})) > 0"
    raise Unfit("a list is compared with =, !=, in or like; it is enough that one of it fits")


def _topics(column: str, how: str, values: Sequence[Value], bind: Bind) -> str:
    if how == "like":
        return _texts(column, how, values, bind)
    named = [topic_column(column, _as_text(column, one)) for one in values]
    if how not in ("=", "in"):
        raise Unfit("topics are compared with =, !=, in or like")
    either = [f"list_contains({facet}, {bind(name)})" for facet, name in named]
    return f"({' or '.join(either)})"


def _number(column: str, how: str, values: Sequence[Value], bind: Bind) -> str:
    if how not in (*_ORDERED, "in", "between"):
        raise Unfit(f"{column} is a number: compare it with =, !=, <, <=, >, >=, in or between")
    bound = [bind(_as_number(column, one)) for one in values]
    if how == "in":
        return f"{column} in ({', '.join(bound)})"
    if how == "between":
        return f"{column} between {bound[0]} and {bound[1]}"
    return f"{column} {how} {bound[0]}"


def _date(column: str, how: str, values: Sequence[Value], bind: Bind) -> str:
    if how not in (*_ORDERED, "in", "between"):
        raise Unfit(f"{column} is a date: compare it with =, !=, <, <=, >, >=, in or between")
    spans = [_as_span(column, one) for one in values]
    if how == "between":
        spans, how = [(spans[0][0], spans[1][1])], "="
    if how in ("=", "in"):
        either = [f"{column} between {bind(first)} and {bind(last)}" for first, last in spans]
        return f"({' or '.join(either)})"
    first, last = spans[0]
    return f"{column} {how} {bind(first if how in ('<', '>=') else last)}"


def _yes_no(column: str, how: str, values: Sequence[Value], _: Bind) -> str:
    if how != "=" or not isinstance(values[0], bool):
        raise Unfit(f"{column} is yes or no: write `{column}`, `not {column}` or `= true`")
    return f"{column} = {str(values[0]).lower()}"


def _other(column: str, *_: object) -> str:
    raise Unfit(f"{column} can only be there or not: write `{column}` or `not {column}`")


def _as_text(column: str, value: Value) -> str:
    if isinstance(value, bool) or "\0" in str(value):
        raise Unfit(f"{column} is compared with text in single quotes")
    return str(value)


def _as_number(column: str, value: Value) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,19}", str(value)):
        raise Unfit(f"{column} is compared with a whole number, not {str(value)[:30]!r}")
    return max(min(int(value), _LARGEST), -_LARGEST)


def _as_span(column: str, value: Value) -> tuple[dt.date, dt.date]:
    """First and last day of a day, month or year."""
    found = None if isinstance(value, bool) else span(str(value))
    if found is None:
        raise Unfit(
            f"{column} is compared with a date: '2024-05-31', '2024-05' or '2024', "
            f"not {str(value)[:30]!r}"
        )
    return found


def span(text: str) -> tuple[dt.date, dt.date] | None:
    """First and last day of ``2024-05-31``, ``2024-05`` or ``2024``; None for anything else."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part or 0) for part in found.groups())
    try:
        last = day or calendar.monthrange(year, month or 12)[1]
        return dt.date(year, month or 1, day or 1), dt.date(year, month or 12, last)
    except ValueError:  # no such day
        return None


_OF_LISTS = (Kind.TEXTS, Kind.TOPICS, Kind.AUTHORS, Kind.OTHER)
_WAYS: dict[Kind, Callable[..., str]] = {
    Kind.TEXT: _text,
    Kind.EXACT: _text,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.YES_NO: _yes_no,
    Kind.TEXTS: _texts,
    Kind.TOPICS: _topics,
    Kind.AUTHORS: _authors,
    Kind.OTHER: _other,
}
