"""The rules as tables of numbers, so that a few passes of numpy judge many papers at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from medsafe_harvest.topics.rules import LISTED_FACETS, Facet, Implication

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

#: Facets by number.
FACETS: tuple[Facet, ...] = ("medical", *LISTED_FACETS)
#: Stands for no number.
NONE = -1
#: Where a match stands: rows of the tables of weights.
ABSTRACT, TITLE, TITLE_ALONE = 0, 1, 2
#: Which text tells whether a phrase is there.
AS_FOUND, IN_LOWER, IN_CASED = 0, 1, 2
#: ``RuleTable.within`` of a rule whose context may stand anywhere in the paper.
ANYWHERE = -1


@dataclass(frozen=True, slots=True)
class TermTable:
    """Terms by number: a phrase in one role and one spelling.

    The same phrase may serve many; all that the automaton finds by one key stand together.

    Attributes:
        first, count: the terms of each key of the automaton.
        before, after: where a match begins and ends, counted back from its last character.
        slot: whose term it is: a topic, its exceptions, a group, a discount...
        rule: number of the rule, ``NONE`` where the slot has none.
        phrase: equal for equal phrases.
        text: which text must say there what ``spelled`` has: ``AS_FOUND`` if the key tells all.
    """

    first: Ints
    count: Ints
    before: Ints
    after: Ints
    slot: Ints
    rule: Ints
    phrase: Ints
    text: Ints
    spelled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleTable:
    """Rules by number.

    Attributes:
        name: ``topic/rule``.
        against: whether it speaks against its topic.
        raised: whether emphasis helps it.
        weight: of one match, by place (``ABSTRACT``...) and rule.
        reach: the logarithm of what one match leaves missing at best, likewise: where their
            sum is too small, no score needs to be worked out.
        contexts: slots of groups: it needs a phrase of one of them; ``NONE`` beyond the last.
        within: so many words may stand between a match and its context.
    """

    name: tuple[str, ...]
    against: Bools
    raised: Bools
    weight: Floats
    reach: Floats
    contexts: Ints
    within: Ints


@dataclass(frozen=True, slots=True)
class TopicTable:
    """Topics by number, in the order of the file.

    ``same_sentence`` is the share of what one sentence says a second time; ``beside`` and
    ``outside`` what the company of other topics weighs against each (see ``company.company``),
    where ``general`` tells those that are as likely outside medicine.
    """

    slug: tuple[str, ...]
    facet: Ints
    same_sentence: Floats
    beside: Floats
    outside: Floats
    general: Bools
    categories: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Cues:
    """A discount (or, with ``factors`` above 1, an emphasis) with the slot of its cues.

    ``factors`` are by facet, 1 where it does not hold. ``within`` is None for a whole sentence.
    """

    name: str
    slot: int
    factors: Floats
    within: int | None = None


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """Everything that tagging needs; made once from a configuration.

    Attributes:
        automaton: knows each phrase between spaces (a stem only after one) by the number of
            its key.
        terms: of topics, discounts and emphasis, and of their exceptions.
        context: of the groups that rules need: their terms are looked up only where one asks.
        topic_of: the topic of each slot that speaks for or against one, else ``NONE``.
        excluded_from: the slot whose matches each slot of exceptions takes away, or ``NONE``.
        names: a match in the title that weighs so much names its topic.
        limit: sums of reaches above this stay below the threshold.
    """

    automaton: Any
    terms: TermTable
    context: TermTable
    rules: RuleTable
    topics: TopicTable
    topic_of: Ints
    excluded_from: Ints
    discounts: tuple[Cues, ...]
    emphasis: tuple[Cues, ...]
    implications: Mapping[str, Implication]
    names: float
    limit: float


class Runs(NamedTuple):
    """Runs of equal values: where each begins and ends, and the rank of each value in its run."""

    begin: Ints
    end: Ints
    rank: Ints


def runs(values: Ints) -> Runs:
    """Those of values that are in order."""
    begin = np.flatnonzero(np.diff(values, prepend=-1))
    end = np.append(begin[1:], len(values))[: len(begin)]
    return Runs(begin, end, np.arange(len(values)) - np.repeat(begin, end - begin))
