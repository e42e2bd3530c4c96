"""Read a query typed on the command line: words, or words with AND, OR, NOT and parentheses.

``conformal prediction chest x-ray`` asks for all four words. ``NOT`` binds tighter than ``AND``,
``AND`` tighter than ``OR``; words side by side are joined as by ``AND``. Only upper-case operators
are operators: ``and`` is a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from medsafe_harvest.sources.expression import (
    EVERYWHERE,
    Expression,
    Not,
    Term,
    both,
    either,
    problem,
    term_problem,
)

_TOKEN = re.compile(
    r'\s*(?:(?P<bracket>[()])|"(?P<phrase>[^"]*)"|(?P<quote>")|(?P<word>[^\s()"]+))'
)
_OPERATORS = frozenset(("AND", "OR", "NOT"))
#: Deeper nesting is a mistake, not a question.
_DEEPEST = 50


class QuerySyntaxError(ValueError):
    """A typed query that cannot be read; ``column`` counts characters from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def parse_expression(text: str) -> Expression:
    """The tree that the text describes.

    Raises:
        QuerySyntaxError: the text is empty, unbalanced, or asks only for what is not wanted.
    """
    parser = _Parser(_tokens(text), len(text) + 1)
    expression = parser.alternatives(0)
    rest = parser.peek()
    if rest is not None:
        raise QuerySyntaxError("this parenthesis closes nothing", rest.column)
    unaskable = problem(expression)
    if unaskable is not None:
        raise QuerySyntaxError(unaskable, 1)
    return expression


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    end = len(text.rstrip())
    position = 0
    while position < end:
        match = _TOKEN.match(text, position)
        # Every character that is no blank begins one of the alternatives.
        assert match is not None
        kind = str(match.lastgroup)
        found = match[kind]
        column = match.start(kind) + 1
        if kind == "quote":
            raise QuerySyntaxError("this quote is never closed", column)
        if kind == "bracket" or (kind == "word" and found in _OPERATORS):
            tokens.append(_Token(found, found, column))
        else:
            wrong = term_problem(found)
            if wrong is not None:
                raise QuerySyntaxError(wrong, column)
            tokens.append(_Token("term", " ".join(found.split()), column))
        position = match.end()
    return tokens


@dataclass(slots=True)
class _Parser:
    tokens: list[_Token]
    end: int
    position: int = 0

    def peek(self) -> _Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def _next_is(self, *kinds: str) -> bool:
        token = self.peek()
        return token is not None and token.kind in kinds

    def alternatives(self, depth: int) -> Expression:
        items = [self._all(depth)]
        while self._next_is("OR"):
            self.position += 1
            items.append(self._all(depth))
        return either(*items)

    def _all(self, depth: int) -> Expression:
        items = [self._one(depth)]
        while self._next_is("AND", "NOT", "term", "("):
            if self._next_is("AND"):
                self.position += 1
            items.append(self._one(depth))
        return both(*items)

    def _one(self, depth: int) -> Expression:
        token = self.peek()
        if token is None:
            raise QuerySyntaxError("a word is missing here", self.end)
        if depth > _DEEPEST:
            raise QuerySyntaxError("too many parentheses or NOTs inside one another", token.column)
        self.position += 1
        match token.kind:
            case "term":
                return Term(token.text, EVERYWHERE)
            case "NOT":
                return Not(self._one(depth + 1))
            case "(":
                inside = self.alternatives(depth + 1)
                if not self._next_is(")"):
                    raise QuerySyntaxError("this parenthesis is never closed", token.column)
                self.position += 1
                return inside
            case _:
                raise QuerySyntaxError(f"a word is missing before {token.text!r}", token.column)
