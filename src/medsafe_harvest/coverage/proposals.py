"""Ready pieces of ``config/queries.yaml`` for terms that no seed query names.

What can be known offline is what the papers here say: how many hold the term, how many of those
one query alone found (they hang by a thread), and how many no query's words match (they came by a
service's own stemming, by a changed query, or from elsewhere). What cannot be known is how many
papers the services have beyond these: papers that no query found are not here. Asking tells.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from medsafe_harvest.coverage.unnamed import Unnamed
from medsafe_harvest.coverage.words import Flags, WordIndex

#: The vocabulary of the field, by its name in ``queries.yaml``.
_GROUP = "medical"
_CATEGORIES = '["cs.*", "eess.*", "stat.*", "q-bio.*"]'


@dataclass(frozen=True, slots=True)
class Proposal:
    """A seed query that could be added."""

    term: str
    topic: str
    #: Relevant papers here that hold the term.
    papers: int
    #: Of these, those that one query alone found, and those that no query's words match.
    alone: int
    unmatched: int
    #: Whether ``queries.yaml`` has the vocabulary of the field as a group.
    has_group: bool

    @property
    def yaml(self) -> str:
        """The query, to be pasted at the end of ``config/queries.yaml``."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.term.encode("ascii", "ignore").decode()).strip("-")
        condition = f"group: {_GROUP}" if self.has_group else "any_of: [medical, clinical, patient]"
        term = json.dumps(self.term, ensure_ascii=False)
        about = json.dumps(f"Papers about {self.term} in medicine.", ensure_ascii=False)
        return (
            f"  - id: term-{slug or 'new'}\n"
            f"    description: {about}\n"
            f"    topic: {self.topic}\n"
            "    all_of:\n"
            f"      - {term}\n"
            f"      - {condition}\n"
            f"    categories: {_CATEGORIES}\n"
        )

    def written_as(self, term: str) -> Self:
        """The same for another spelling of the term."""
        return dataclasses.replace(self, term=term)


def propose(
    terms: Sequence[Unnamed],
    *,
    index: WordIndex,
    relevant: Flags,
    matched: Flags,
    alone: Flags,
    groups: Mapping[str, Sequence[str]],
) -> tuple[Proposal, ...]:
    """A query for each term, in the terms' order.

    Args:
        terms: in the compared form.
        index: the words of all papers.
        relevant: which papers are what the project is about.
        matched: which papers some query's words match.
        alone: which papers exactly one query found.
        groups: the vocabularies of ``queries.yaml``.
    """
    found = []
    for one in terms:
        holding = index.holding(one.name.split()) & relevant
        found.append(
            Proposal(
                term=one.name,
                topic=one.topic,
                papers=int(holding.sum()),
                alone=int((holding & alone).sum()),
                unmatched=int((holding & ~matched).sum()),
                has_group=_GROUP in groups,
            )
        )
    return tuple(found)
