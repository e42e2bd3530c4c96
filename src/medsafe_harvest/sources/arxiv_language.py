"""A query in the language of arXiv's search.

The service's parser knows no precedence and groups from the right: ``A ANDNOT B ANDNOT C`` lets
papers in both B and C through. Different operators never stand side by side here without
parentheses.
"""

from __future__ import annotations

from medsafe_harvest.sources.expression import And, Expression, Field, Not, Or, Term
from medsafe_harvest.sources.query import Query

_PREFIX = {Field.TITLE: "ti", Field.ABSTRACT: "abs"}
_OPERATOR_WORDS = frozenset(("AND", "OR", "NOT", "ANDNOT", "TO"))
#: Two names of one archive; a paper may carry only one of them.
_ALIASES = {
    alias: pair
    for pair in (
        ("cs.IT", "math.IT"),
        ("cs.NA", "math.NA"),
        ("math-ph", "math.MP"),
        ("stat.TH", "math.ST"),
        ("cs.SY", "eess.SY"),
        ("q-fin.EC", "econ.GN"),
    )
    for alias in pair
}


def translated(query: Query) -> str:
    """The query's expression and categories, without dates."""
    text = _compiled(query.expression)
    if not query.categories:
        return text
    names = dict.fromkeys(
        name for category in query.categories for name in (category, *_ALIASES.get(category, ()))
    )
    return f"({text} AND {_any_of([f'cat:{name}' for name in names])})"


def _compiled(expression: Expression) -> str:
    match expression:
        case Term():
            return _any_of(_alternatives(expression))
        case Or():
            return _any_of(
                [
                    text
                    for item in expression.items
                    for text in (
                        _alternatives(item) if isinstance(item, Term) else [_compiled(item)]
                    )
                ]
            )
        case And():
            wanted = [item for item in expression.items if not isinstance(item, Not)]
            unwanted = [item.item for item in expression.items if isinstance(item, Not)]
            text = " AND ".join(_compiled(item) for item in wanted)
            if len(wanted) > 1:
                text = f"({text})"
            if unwanted:
                text = f"({text} ANDNOT {_compiled(Or(tuple(unwanted)))})"
            return text
        case Not():
            raise ValueError("arXiv cannot be asked for everything but something")


def _alternatives(term: Term) -> list[str]:
    words = term.words
    plain = words.isalnum() and words not in _OPERATOR_WORDS
    value = words if plain else f'"{words}"'
    return [f"{_PREFIX[field]}:{value}" for field in term.fields]


def _any_of(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})"
