"""The query language of the arXiv search API: rewriting, parsing, evaluation.

A query goes through the same three steps as in the service that replaced the old one in November
2025: its text is *rewritten* (bare words get ``all:``, a missing operator becomes ``OR``, and
more), *parsed* by a grammar without precedence whose operators group from the right, and
*evaluated*. The feed's title echoes the rewritten text. ``docs/loopback.md`` lists the rules.
"""

from __future__ import annotations

import enum
import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from medsafe_harvest.loopback.corpus import Corpus
from medsafe_harvest.loopback.refused import RefusedError
from medsafe_harvest.loopback.text import FieldIndex, Mask, folded, wildcard_rule, words

_DATE = "submittedDate"
#: Renamed by the service, so that no filter for revisions exists.
_OLD_DATE = "lastUpdatedDate"
_PREFIXES = frozenset(
    ("ti", "title", "au", "abs", "co", "jr", "cat", "rn", "id", "doi", "all", _DATE, _OLD_DATE)
)
# A piece is a parenthesis or a run without blanks, in which quotes and brackets protect both.
_PIECE = re.compile(r'\s*(?P<piece>[()]|(?:[^\s()"\[\]]|"[^"]*"|\[[^\[\]]*\])+)')


class Operator(enum.StrEnum):
    """The operators, in the case in which they are operators."""

    AND = "AND"
    OR = "OR"
    ANDNOT = "ANDNOT"


_OPERATOR_WORDS = {
    "AND": Operator.AND,
    "OR": Operator.OR,
    "ANDNOT": Operator.ANDNOT,
    "NOT": Operator.ANDNOT,
}


@dataclass(frozen=True, slots=True)
class Term:
    """What one field is asked for."""

    prefix: str
    #: Without its quotes.
    value: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Negated:
    """Everything but what the term finds."""

    term: Term


@dataclass(frozen=True, slots=True)
class Chain:
    """``a OP b OP c``, which means ``a OP (b OP c)`` whatever the operators are."""

    operands: tuple[Node, ...]
    operators: tuple[Operator, ...]


Node = Term | Negated | Chain


def rewritten(query: str) -> str:
    """The query as the service executes and echoes it.

    Raises:
        RefusedError: unbalanced quotes or parentheses.
    """
    out: list[str] = []
    prefixes = ["all"]
    pending = ""
    for piece in _pieces(query):
        if pending and piece != "(":
            raise RefusedError(f"no value for {pending}")
        if piece == "(":
            prefixes.append(pending or prefixes[-1])
            pending = ""
            _append(out, piece)
        elif piece == ")":
            if len(prefixes) == 1:
                raise RefusedError("unbalanced parentheses")
            prefixes.pop()
            out.append(piece)
        elif piece.endswith(":") and piece[:-1] in _PREFIXES:
            pending = piece[:-1]
        else:
            _append(out, _OPERATOR_WORDS.get(piece) or _with_prefix(piece, prefixes[-1]))
    if pending:
        raise RefusedError(f"no value for {pending}")
    if len(prefixes) > 1:
        raise RefusedError("unbalanced parentheses")
    return _spaced(out)


def _append(out: list[str], piece: str) -> None:
    """Add an operator instead of one before it, or a term with the operator that is missing."""
    after_operator = bool(out) and out[-1] in _OPERATOR_WORDS
    if piece in _OPERATOR_WORDS:
        if after_operator:
            out.pop()
    elif out and out[-1] != "(" and not after_operator:
        out.append(Operator.OR)
    out.append(piece)


def _spaced(pieces: list[str]) -> str:
    """The pieces with one blank between them, and none inside parentheses."""
    text = ""
    for piece in pieces:
        text += piece if not text or piece == ")" or text.endswith("(") else f" {piece}"
    return text


def _with_prefix(piece: str, prefix: str) -> str:
    own, colon, value = piece.partition(":")
    if colon and own in _PREFIXES:
        prefix, piece = own, value
    if prefix == _OLD_DATE:
        prefix = _DATE
    if prefix == "au" and "_" in piece and '"' not in piece:
        piece = f'"{piece.replace("_", " ").strip()}"'
    return f"{prefix}:{piece}"


def _pieces(query: str) -> list[str]:
    pieces: list[str] = []
    at = 0
    end = len(query.rstrip())
    while at < end:
        match = _PIECE.match(query, at)
        if match is None:
            raise RefusedError("unbalanced quotes or brackets")
        pieces.append(match["piece"])
        at = match.end()
    return pieces


def parse(query: str) -> Node:
    """Parse a query that is fully written out: as :func:`rewritten` gives it, or ``raw=1``.

    Raises:
        RefusedError: anything the grammar does not know.
    """
    pieces = _pieces(query)
    node, at = _expression(pieces, 0)
    if at != len(pieces):
        raise RefusedError(f"unexpected {pieces[at]} in the query")
    return node


def _expression(pieces: list[str], at: int) -> tuple[Node, int]:
    if pieces[at : at + 1] == [Operator.ANDNOT]:
        node, at = _operand(pieces, at + 1)
        if not isinstance(node, Term) or pieces[at : at + 1] not in ([], [")"]):
            raise RefusedError("a leading ANDNOT takes one single term")
        return Negated(node), at
    node, at = _operand(pieces, at)
    operands, operators = [node], []
    while at < len(pieces) and pieces[at] in Operator.__members__:
        operators.append(Operator(pieces[at]))
        node, at = _operand(pieces, at + 1)
        operands.append(node)
    if not operators:
        return node, at
    return Chain(tuple(operands), tuple(operators)), at


def _operand(pieces: list[str], at: int) -> tuple[Node, int]:
    if at == len(pieces):
        raise RefusedError("the query ends where a term is expected")
    piece = pieces[at]
    if piece != "(":
        return _term(piece), at + 1
    node, at = _expression(pieces, at + 1)
    if at == len(pieces) or pieces[at] != ")":
        raise RefusedError("unbalanced parentheses")
    return node, at + 1


def _term(piece: str) -> Term:
    prefix, colon, value = piece.partition(":")
    if not colon or prefix not in _PREFIXES:
        raise RefusedError(f"cannot parse {piece}")
    quoted = len(value) > 1 and value[0] == value[-1] == '"' and value.count('"') == 2
    if quoted:
        value = value[1:-1]
    if not value.strip():
        raise RefusedError(f"no value for {prefix}")
    if value[0] in "*?":
        raise RefusedError(f"a term cannot begin with {value[0]}: {piece}")
    return Term(_DATE if prefix == _OLD_DATE else prefix, value, quoted)


class Searcher:
    """Evaluates parsed queries over the arXiv side of a corpus."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        size = len(corpus.papers)
        self._served = np.zeros(size, dtype=np.bool_)
        self._served[corpus.arxiv] = True
        self._published = np.full(size, np.datetime64("NaT"), dtype="datetime64[s]")
        self._categories: dict[str, list[int]] = {}
        self._rows: dict[str, int] = {}
        for row in corpus.arxiv.tolist():
            paper = corpus.papers[row]
            self._rows[str(paper.arxiv_id)] = row
            if paper.published is not None:
                self._published[row] = np.datetime64(paper.published.replace(tzinfo=None))
            for category in paper.categories:
                self._categories.setdefault(category, []).append(row)

    def row(self, arxiv_id: str) -> int | None:
        """Where the paper of this id, without version, stands in the corpus."""
        return self._rows.get(arxiv_id)

    def find(self, node: Node) -> Mask:
        """Papers of the arXiv side that the query finds.

        Raises:
            RefusedError: a date that cannot be read.
        """
        return self._evaluate(node) & self._served

    def _evaluate(self, node: Node) -> Mask:
        if isinstance(node, Term):
            return self._term(node)
        if isinstance(node, Negated):
            return ~self._evaluate(node.term)
        mask = self._evaluate(node.operands[-1])
        for operator, operand in zip(
            reversed(node.operators), reversed(node.operands[:-1]), strict=True
        ):
            left = self._evaluate(operand)
            if operator is Operator.AND:
                mask = left & mask
            elif operator is Operator.OR:
                mask = left | mask
            else:
                mask = left & ~mask
        return mask

    def _term(self, term: Term) -> Mask:
        special: dict[str, Callable[[Term], Mask]] = {
            "cat": self._category,
            "id": self._identifier,
            "doi": self._doi,
            "rn": lambda _: np.zeros_like(self._served),  # no corpus has report numbers
            _DATE: self._submitted,
        }
        return special.get(term.prefix, self._text)(term)

    def _text(self, term: Term) -> Mask:
        if term.quoted:
            return self._phrase(term.prefix, words(term.value))
        # One unquoted term may be several words (x-ray): all of them, in any order.
        parts = re.findall(r"(?:[^\W_]|[*?])+", term.value.lower())
        if not parts:
            return np.zeros_like(self._served)
        found = [
            self._wildcard(term.prefix, part)
            if "*" in part or "?" in part
            else self._phrase(term.prefix, [part])
            for part in parts
        ]
        mask: Mask = np.logical_and.reduce(found)
        return mask

    def _phrase(self, prefix: str, sought: list[str]) -> Mask:
        names = words(folded(" ".join(sought)))
        mask: Mask = np.logical_or.reduce(
            [
                index.phrase(names, exact=True) if exact else index.phrase(sought)
                for index, exact in self._indices(prefix)
            ]
        )
        return mask

    def _wildcard(self, prefix: str, pattern: str) -> Mask:
        mask: Mask = np.logical_or.reduce(
            [
                index.wildcard(folded(pattern) if exact else pattern)
                for index, exact in self._indices(prefix)
            ]
        )
        return mask

    def _indices(self, prefix: str) -> tuple[tuple[FieldIndex, bool], ...]:
        """The indices that the prefix searches, and whether their words are compared exactly."""
        corpus = self._corpus
        by_prefix = {
            "ti": (corpus.title, False),
            "abs": (corpus.abstract, False),
            "au": (corpus.authors, True),
            "co": (corpus.comment, True),
            "jr": (corpus.journal_ref, True),
        }
        if prefix == "all":
            return tuple(by_prefix.values())
        return (by_prefix["ti" if prefix == "title" else prefix],)

    def _category(self, term: Term) -> Mask:
        rule = wildcard_rule(term.value)
        mask = np.zeros_like(self._served)
        for category, rows in self._categories.items():
            if rule.fullmatch(category):
                mask[rows] = True
        return mask

    def _identifier(self, term: Term) -> Mask:
        mask = np.zeros_like(self._served)
        row = self._rows.get(re.sub(r"v\d+$", "", term.value))
        if row is not None:
            mask[row] = True
        return mask

    def _doi(self, term: Term) -> Mask:
        wanted = term.value.lower()
        return np.array(
            [(p.doi or "").lower() == wanted for p in self._corpus.papers], dtype=np.bool_
        )

    def _submitted(self, term: Term) -> Mask:
        bounds = re.fullmatch(r"\[\s*(\S+)\s+TO\s+(\S+)\s*\]", term.value)
        if bounds is None:
            raise RefusedError(f"not a date range: {term.value}")
        since = _bound(bounds[1], end=False)
        # The last minute counts as a whole: the language has no seconds.
        until = _bound(bounds[2], end=True) + timedelta(minutes=1)
        mask: Mask = (self._published >= _day64(since)) & (self._published < _day64(until))
        return mask


def _day64(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.replace(tzinfo=None), "s")


def _bound(text: str, *, end: bool) -> datetime:
    """A date of the query in UTC, misread where the service misreads it.

    4, 6 and 8 digits are padded to the period's first or last minute, 14 are cut to 12. Ten are
    read with one digit each for hour and minute (``2023010106`` is 00:06), because the service
    gives them to ``strptime`` with the format of twelve; so are nine and eleven.
    """
    if not (text.isascii() and text.isdigit()):
        raise RefusedError(f"not a date: {text}")
    if len(text) == 14:
        text = text[:12]
    elif end and len(text) == 6:
        text += f"{_last_day(text)}2359"
    elif end:
        text += {4: "12312359", 8: "2359"}.get(len(text), "")
    else:
        text += {4: "01010000", 6: "010000", 8: "0000"}.get(len(text), "")
    try:
        return datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError as error:
        raise RefusedError(f"not a date: {text}") from error


def _last_day(month: str) -> int:
    year, number = int(month[:4]), int(month[4:])
    if not (year and 1 <= number <= 12):
        raise RefusedError(f"not a date: {month}")
    return monthrange(year, number)[1]
