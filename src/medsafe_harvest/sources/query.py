"""Seed queries as people write them in ``config/queries.yaml``, and what they mean.

``docs/queries.md`` explains the form. A mistake raises pydantic's ``ValidationError`` whose
``loc`` is the place in the file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from medsafe_harvest.sources import expression as tree
from medsafe_harvest.sources.expression import Expression, Not, Term, both, either
from medsafe_harvest.sources.query_text import parse_expression


def _plain(text: str) -> str:
    wrong = tree.term_problem(text)
    if wrong is not None:
        raise ValueError(wrong)
    return " ".join(text.split())


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$")]
PlainTerm = Annotated[str, AfterValidator(_plain)]
#: ``cs.LG``, ``math-ph`` or ``cs.*``; case counts at arXiv, where ``cs.lg`` finds nothing.
Category = Annotated[
    str, StringConstraints(pattern=r"^[a-z]+(?:-[a-z]+)?(?:\.(?:[A-Za-z-]+|\*))?$")
]
Fields = Annotated[tuple[tree.Field, ...], Field(min_length=1)]
Nodes = Annotated[tuple["Node", ...], Field(min_length=1)]


class Node(BaseModel):
    """One condition: a term, the terms of a group, or conditions joined; several keys: all hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    term: PlainTerm | None = None
    group: str | None = None
    all_of: Nodes | None = None
    any_of: Nodes | None = None
    none_of: Nodes | None = None
    fields: Fields | None = None

    @model_validator(mode="before")
    @classmethod
    def _a_string_is_a_term(cls, value: Any) -> Any:
        return {"term": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _says_something(self) -> Node:
        if (self.term, self.group, self.all_of, self.any_of, self.none_of) == (None,) * 5:
            raise ValueError("empty: write a term, group, all_of, any_of or none_of")
        return self

    def children(self) -> Iterator[tuple[tuple[str, int], Node]]:
        """The conditions inside, each with its place."""
        for key, nodes in (
            ("all_of", self.all_of),
            ("any_of", self.any_of),
            ("none_of", self.none_of),
        ):
            for index, node in enumerate(nodes or ()):
                yield (key, index), node

    def with_groups(self, groups: Mapping[str, tuple[str, ...]]) -> Node:
        """The same condition with each group written out; all groups must be known."""
        joined: dict[str, tuple[Node, ...] | None] = {
            "all_of": None,
            "any_of": None,
            "none_of": None,
        }
        for (key, _), node in self.children():
            joined[key] = (*(joined[key] or ()), node.with_groups(groups))
        if self.group is not None:
            words = Node(any_of=tuple(Node(term=term) for term in groups[self.group]))
            joined["all_of"] = (*(joined["all_of"] or ()), words)
        return self.model_copy(update={**joined, "group": None})

    def resolve(self, fields: tuple[tree.Field, ...]) -> Expression:
        """The tree that this condition means, its terms looked for in ``fields`` unless it says."""
        if self.group is not None:
            raise ValueError(f"group {self.group!r} is known only inside its file")
        fields = self.fields or fields
        parts: list[Expression] = []
        if self.term is not None:
            parts.append(Term(self.term, tuple(sorted(set(fields), reverse=True))))
        if self.all_of is not None:
            parts.append(both(*(node.resolve(fields) for node in self.all_of)))
        if self.any_of is not None:
            parts.append(either(*(node.resolve(fields) for node in self.any_of)))
        if self.none_of is not None:
            parts.append(Not(either(*(node.resolve(fields) for node in self.none_of))))
        return both(*parts)


class Query(BaseModel):
    """One named question to all sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    description: str = Field(min_length=1)
    #: Where the query came from, for provenance; papers are tagged by their own text.
    topic: Slug | None = None
    all_of: Nodes | None = None
    any_of: Nodes | None = None
    none_of: Nodes | None = None
    fields: Fields = tree.EVERYWHERE
    #: arXiv categories, any of; cross-lists count.
    categories: tuple[Category, ...] = ()
    since: date | None = None
    until: date | None = None
    #: Per source the query in its own language, in place of everything but the dates.
    raw: dict[str, Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]] = {}
    #: The only sources to ask; None asks all.
    sources: Annotated[tuple[Slug, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _can_be_asked(self) -> Query:
        if self.all_of is None and self.any_of is None:
            raise ValueError("says nothing that is wanted: write all_of or any_of")
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError(f"since {self.since} is later than until {self.until}")
        return self

    @property
    def node(self) -> Node:
        """The conditions without the rest."""
        return Node(all_of=self.all_of, any_of=self.any_of, none_of=self.none_of)

    @property
    def expression(self) -> Expression:
        """What the query means."""
        return self.node.resolve(self.fields)

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of what decides which papers are found, dates apart.

        A changed description, order of terms or range of dates leaves it as it is, so windows
        already complete stay complete.
        """
        meaning = [
            tree.canonical(self.expression),
            sorted(set(self.categories)),
            sorted(self.raw.items()),
        ]
        return hashlib.sha256(json.dumps(meaning, ensure_ascii=True).encode("ascii")).hexdigest()


class QueryFile(BaseModel):
    """``config/queries.yaml``; the queries come out with their groups written out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: dict[Slug, Annotated[tuple[PlainTerm, ...], Field(min_length=1)]] = {}
    queries: Annotated[tuple[Query, ...], Field(min_length=1)]

    @field_validator("queries")
    @classmethod
    def _resolve(cls, queries: tuple[Query, ...], info: ValidationInfo) -> tuple[Query, ...]:
        groups = info.data.get("groups")
        if groups is None:
            return queries  # the mistake in the groups is reported already
        mistakes: list[InitErrorDetails] = []
        seen: set[str] = set()
        resolved: list[Query] = []
        for index, query in enumerate(queries):
            if query.id in seen:
                mistakes.append(_mistake("another query has this id", (index, "id"), query.id))
            seen.add(query.id)
            unknown = [
                _mistake(f"no group {name!r} under groups", (index, *place), name)
                for place, name in _groups_named(query.node)
                if name not in groups
            ]
            mistakes.extend(unknown)
            if unknown:
                continue
            node = query.node.with_groups(groups)
            mistakes.extend(
                _mistake(message, (index, *place), None)
                for place, message in _unaskable(node, query.fields)
            )
            resolved.append(
                query.model_copy(
                    update={key: getattr(node, key) for key in ("all_of", "any_of", "none_of")}
                )
            )
        if mistakes:
            raise ValidationError.from_exception_data("QueryFile", mistakes)
        return tuple(resolved)


def _mistake(message: str, place: tuple[int | str, ...], value: object) -> InitErrorDetails:
    # The message is a parameter of its template, so that braces in it are left alone.
    error = PydanticCustomError("query", "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=place, input=value)


def _groups_named(node: Node) -> Iterator[tuple[tuple[int | str, ...], str]]:
    if node.group is not None:
        yield ("group",), node.group
    for place, child in node.children():
        for inner, name in _groups_named(child):
            yield (*place, *inner), name


def _unaskable(
    node: Node, fields: tuple[tree.Field, ...]
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """The innermost conditions for which :func:`~.expression.problem` has a word."""
    message = tree.problem(node.resolve(fields))
    if message is None:
        return
    inner = [
        (key, index, child)
        for (key, index), child in node.children()
        # Under all_of a lone negation is fine: it stands beside the other conditions.
        if not (key == "all_of" and isinstance(child.resolve(fields), Not))
    ]
    found = [
        ((key, index, *place), text)
        for key, index, child in inner
        for place, text in _unaskable(child, fields)
    ]
    yield from found or [((), message)]


def parse_text(text: str) -> Query:
    """A query typed on the command line; :mod:`~medsafe_harvest.sources.query_text` has the rules.

    Its id is made from its meaning, so that the same question asked twice is the same query.

    Raises:
        QuerySyntaxError: the text cannot be read; it names the column.
    """
    node = _as_node(parse_expression(text))
    query = Query(id="ad-hoc", description=re.sub(r"\s+", " ", text).strip(), all_of=(node,))
    return query.model_copy(update={"id": f"ad-hoc-{query.digest[:8]}"})


def _as_node(expression: Expression) -> Node:
    match expression:
        case Term():
            return Node(term=expression.words, fields=expression.fields)
        case Not():
            return Node(none_of=(_as_node(expression.item),))
        case tree.And():
            return Node(all_of=tuple(_as_node(item) for item in expression.items))
        case tree.Or():
            return Node(any_of=tuple(_as_node(item) for item in expression.items))
