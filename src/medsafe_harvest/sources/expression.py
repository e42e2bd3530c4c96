"""What a query means: a frozen tree of terms, free of any service's syntax.

A negation stands only beside something that is asked for, in the same ``And``: no service can
list "everything but", and arXiv's ``ANDNOT`` takes a left side. :func:`problem` says where a tree
breaks this rule; every tree that a :class:`~medsafe_harvest.sources.query.Query` gives keeps it.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

#: Characters that are operators somewhere: in arXiv's language, in Semantic Scholar's, or here.
OPERATOR_CHARACTERS = frozenset('+|*~():"[]{}\\^_')


class Field(enum.StrEnum):
    """Where a term is looked for."""

    TITLE = "title"
    ABSTRACT = "abstract"


EVERYWHERE = (Field.TITLE, Field.ABSTRACT)


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase, found in any one of the fields."""

    words: str
    fields: tuple[Field, ...] = EVERYWHERE


@dataclass(frozen=True, slots=True)
class And:
    """All of the items."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the items."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not the item."""

    item: Expression


Expression: TypeAlias = Term | And | Or | Not


def both(*items: Expression) -> Expression:
    """``And``, flat, or the only item itself."""
    return _joined(And, items)


def either(*items: Expression) -> Expression:
    """``Or``, flat, or the only item itself."""
    return _joined(Or, items)


def _joined(kind: type[And | Or], items: tuple[Expression, ...]) -> Expression:
    flat: list[Expression] = []
    for item in items:
        flat.extend(item.items if isinstance(item, kind) else (item,))
    distinct = tuple(dict.fromkeys(flat))
    return distinct[0] if len(distinct) == 1 else kind(distinct)


def problem(expression: Expression) -> str | None:
    """Why no service can be asked this, or None."""
    match expression:
        case Term():
            return None
        case Not():
            return "says only what is not wanted; say beside it what is"
        case Or():
            asked = expression.items
        case And():
            if all(isinstance(item, Not) for item in expression.items):
                return "says only what is not wanted; say beside it what is"
            asked = tuple(item.item if isinstance(item, Not) else item for item in expression.items)
    return next((found for item in asked if (found := problem(item)) is not None), None)


def term_problem(text: str) -> str | None:
    """Why the text is not a word or phrase, or None."""
    operators = sorted(OPERATOR_CHARACTERS & set(text))
    if operators:
        shown = " ".join(operators)
        return f"a term is plain words, without {shown}; a phrase needs no quotes"
    if text.lstrip().startswith("-"):
        return "a term does not begin with '-'; write it under none_of"
    if not text.isprintable() or any("\ud800" <= letter <= "\udfff" for letter in text):
        return "a term holds characters that cannot be printed"
    if not any(letter.isalnum() for letter in text):
        return "a term needs a letter or a digit"
    return None


def canonical(expression: Expression) -> str:
    """One text for all ways to write the same tree: order, case and repetition do not count."""
    match expression:
        case Term():
            words = " ".join(expression.words.casefold().split())
            return json.dumps([words, *sorted(expression.fields)], ensure_ascii=True)
        case Not():
            return f"not({canonical(expression.item)})"
        case And() | Or():
            name = "and" if isinstance(expression, And) else "or"
            parts = sorted({canonical(item) for item in expression.items})
            return parts[0] if len(parts) == 1 else f"{name}({','.join(parts)})"


def matches(expression: Expression, title: str, abstract: str) -> bool:
    """Whether a text has what is asked for, as nearly as plain words can tell.

    Services stem words in their own ways; here a plural is the same as its singular. It is meant
    for deciding what to ask first, not for what to keep.
    """
    return _matches(expression, {Field.TITLE: _line(title), Field.ABSTRACT: _line(abstract)})


def _matches(expression: Expression, lines: Mapping[Field, str]) -> bool:
    match expression:
        case Term():
            words = _line(expression.words)
            return any(words in lines[field] for field in expression.fields)
        case Not():
            return not _matches(expression.item, lines)
        case And():
            return all(_matches(item, lines) for item in expression.items)
        case Or():
            return any(_matches(item, lines) for item in expression.items)


def _line(text: str) -> str:
    """Words in lower case without a plural's s, a blank around each."""
    words = re.findall(r"\w+", text.casefold())
    return (
        f" {' '.join(word[:-1] if len(word) > 3 and word[-1] == 's' else word for word in words)} "
    )
