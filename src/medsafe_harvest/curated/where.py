"""A condition on papers in plain words of the columns, made into SQL that is ours alone.

::

    condition   condition and condition | condition or condition | not condition | ( condition )
              | word                                   it is true, or it is there at all
              | word = value | word != value | word < value  (<=, >, >=)
              | word in (value, ...) | value in word | word like 'pattern'
              | word between value and value | word is null     (each also with not)
    word        a column of papers.parquet, or an everyday name: topic, author, code ...
    value       'text' | 2024 | '2024-05-31' | '2024-05' | true | false

DuckDB's own parser reads the text; it is not run. What is run is written anew from the few forms
above, the values passed beside it, so nothing else in the text can reach a file or a function.

A paper without a value is not equal to anything: ``venue = 'MICCAI'`` leaves it out, ``venue !=
'MICCAI'`` lets it in. A list is equal to a value when one of its members is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medsafe_harvest.curated.where_columns import (
    ALIASES,
    CODE,
    CODE_SQL,
    Kind,
    all_columns,
    did_you_mean,
    kind_of,
    known_words,
)
from medsafe_harvest.curated.where_sql import (
    Unfit,
    Value,
    absent,
    compared,
    present,
    topic_column,
)
from medsafe_harvest.curated.where_tree import Node, place, read
from medsafe_harvest.errors import SelectionError
from medsafe_harvest.schema import PAPER

_COMPARISONS: dict[str, str] = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "!=",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
#: ``is true`` and ``is not true``.
_IS: dict[str, str] = {"COMPARE_NOT_DISTINCT_FROM": "=", "COMPARE_DISTINCT_FROM": "!="}
_FLIPPED: Mapping[str, str] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_LIKE: Mapping[str, str] = {"~~": "like", "~~*": "like", "!~~": "not like", "!~~*": "not like"}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic that a condition names."""

    column: str
    name: str
    #: The character of the condition where it stands.
    at: int | None


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL over ``schema.PAPER``, and the values of its parameters."""

    sql: str
    values: Mapping[str, Any]
    topics: tuple[Topic, ...]
    text: str


def parse(text: str) -> Condition:
    """Read a condition.

    Raises:
        SelectionError: it cannot be read, or is none of what the module's docstring allows; the
            message points at the place.
    """
    reader = _Reader(text)
    try:
        sql = reader.condition(read(text))
    except RecursionError:
        raise SelectionError("this condition is nested too deeply", text=text) from None
    return Condition(sql, reader.values, tuple(reader.topics), text)


class _Reader:
    """Writes SQL for one condition, node by node."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: dict[str, Any] = {}
        self.topics: list[Topic] = []

    def condition(self, node: Node) -> str:
        """SQL that is true where the condition holds, and false or null elsewhere."""
        form = _FORMS.get((node["class"], node["type"]))
        if form is None:
            raise self.wrong(node, _ALLOWED)
        return form(self, node)

    def joined(self, node: Node) -> str:
        """``and``, ``or``."""
        word = " and " if node["type"] == "CONJUNCTION_AND" else " or "
        return f"({word.join(self.condition(child) for child in node['children'])})"

    def negated(self, node: Node) -> str:
        """``not``."""
        return _not(self.condition(node["children"][0]))

    def word(self, node: Node) -> str:
        """A name alone."""
        column = self.column(node)
        return f"({CODE_SQL})" if column == CODE else f"({present(column)})"

    def null(self, node: Node) -> str:
        """``is null``, ``is not null``."""
        (child,) = node["children"]
        column = self.column(child)
        if column == CODE:
            raise self.wrong(child, f"write `{CODE}` or `not {CODE}`")
        sql = f"({absent(column)})"
        return sql if node["type"] == "OPERATOR_IS_NULL" else _not(sql)

    def comparison(self, node: Node) -> str:
        """``=`` and the like, with the value on either side."""
        how = (_COMPARISONS | _IS)[node["type"]]
        column, value = node["left"], node["right"]
        if column["class"] == "CAST" and node["type"] in _IS:  # the parser's form of `is true`
            column = column["child"]
        if column["class"] != "COLUMN_REF" and value["class"] == "COLUMN_REF":
            column, value, how = value, column, _FLIPPED.get(how, how)
        return self.compared(node, column, how, [value])

    def within(self, node: Node) -> str:
        """``in``."""
        column, *values = node["children"]
        return self.compared(node, column, "in", values)

    def between(self, node: Node) -> str:
        """``between``."""
        return self.compared(node, node["input"], "between", [node["lower"], node["upper"]])

    def function(self, node: Node) -> str:
        """``like`` and ``value in column``, which the parser takes for functions."""
        name = node["function_name"]
        arguments = [one["expression"] for one in node["arguments"]]
        if len(arguments) == 2 and name in _LIKE:
            return self.compared(node, arguments[0], _LIKE[name], arguments[1:])
        if len(arguments) == 2 and name == "contains":
            return self.compared(node, arguments[0], "=", arguments[1:])
        raise self.wrong(node, _ALLOWED)

    def compared(self, node: Node, left: Node, how: str, right: Sequence[Node]) -> str:
        """A comparison of a column with values."""
        column = self.column(left)
        values = [self.value(one) for one in right]
        positive = {"!=": "=", "not like": "like"}.get(how, how)
        if column == CODE and (positive != "=" or not isinstance(values[0], bool)):
            raise self.wrong(node, f"write `{CODE}` or `not {CODE}`")
        if column == CODE:
            return f"(({CODE_SQL}) = {values[0] == (how == '=')})"
        try:
            sql = compared(column, positive, values, self.bind)
            if kind_of(column) is Kind.TOPICS and positive != "like":
                for one, value in zip(right, values, strict=True):
                    named = topic_column(column, str(value))
                    self.topics.append(Topic(*named, self.place(one)))
        except Unfit as error:
            raise self.wrong(right[0], str(error)) from None
        return f"({sql})" if positive == how else _not(sql)

    def column(self, node: Node) -> str:
        """The column that a name means, or ``CODE``."""
        if node["class"] != "COLUMN_REF":
            raise self.wrong(node, "a column must stand here", hint=all_columns())
        name = ".".join(node["column_names"])
        found = ALIASES.get(name.lower(), name.lower())
        if found not in PAPER.names and found != CODE:
            raise self.wrong(
                node,
                f"there is no column {name!r}{did_you_mean(name, known_words())}",
                hint=all_columns(),
            )
        return found

    def value(self, node: Node) -> Value:
        """The value that is written there."""
        if node["class"] == "CAST" and node["type_expr"]["type_name"].upper() == "DATE":
            node = node["child"] | {"query_location": node["query_location"]}
        if node["class"] == "COLUMN_REF":
            raise self.wrong(node, "a value must stand here; text stands in single quotes")
        if node["class"] == "CONSTANT" and node["literal"]["kind"] == "NULL_LITERAL":
            raise self.wrong(node, "nothing is equal to null: write `is null` or `is not null`")
        if node["class"] != "CONSTANT" or node["literal"]["kind"] not in _LITERALS:
            raise self.wrong(node, "a value must stand here: 'text', a number, true or false")
        text: str = node["literal"]["text"]
        return text == "true" if node["literal"]["kind"] == "BOOLEAN" else text

    def bind(self, value: object) -> str:
        """Keep a value for DuckDB."""
        name = f"w{len(self.values)}"
        self.values[name] = value
        return f"${name}"

    def place(self, node: Node) -> int | None:
        """The character of the condition where something stands."""
        return place(self.text, node.get("query_location"))

    def wrong(self, node: Node, why: str, *, hint: str = "") -> SelectionError:
        """The error that points at something."""
        hint = hint or (all_columns() if why == _ALLOWED else "")
        return SelectionError(why, text=self.text, at=self.place(node), hint=hint)


def _not(sql: str) -> str:
    """What is not true: false, or not known."""
    return f"(({sql}) is not true)"


_LITERALS = ("STRING", "INTEGER", "NUMERIC", "BOOLEAN")
_ALLOWED = (
    "this cannot stand in a condition: it is made of columns, values, and "
    "=, !=, <, <=, >, >=, in, like, between, is null, and, or, not"
)
_FORMS: Mapping[tuple[str, str], Callable[[_Reader, Node], str]] = {
    ("CONJUNCTION", "CONJUNCTION_AND"): _Reader.joined,
    ("CONJUNCTION", "CONJUNCTION_OR"): _Reader.joined,
    ("OPERATOR", "OPERATOR_NOT"): _Reader.negated,
    ("OPERATOR", "OPERATOR_IS_NULL"): _Reader.null,
    ("OPERATOR", "OPERATOR_IS_NOT_NULL"): _Reader.null,
    ("OPERATOR", "COMPARE_IN"): _Reader.within,
    ("BETWEEN", "COMPARE_BETWEEN"): _Reader.between,
    ("FUNCTION", "FUNCTION"): _Reader.function,
    ("COLUMN_REF", "COLUMN_REF"): _Reader.word,
    **dict.fromkeys((("COMPARISON", one) for one in _COMPARISONS | _IS), _Reader.comparison),
}
