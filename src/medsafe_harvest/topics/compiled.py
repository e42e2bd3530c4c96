"""Rules compiled into one automaton that finds every phrase in one pass over a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from math import inf, log
from typing import Any, NamedTuple

import ahocorasick
import numpy as np

from medsafe_harvest.topics.rules import Discount, Emphasis, Rule, TopicConfig
from medsafe_harvest.topics.tables import (
    ANYWHERE,
    AS_FOUND,
    FACETS,
    IN_CASED,
    IN_LOWER,
    NONE,
    CompiledRules,
    Cues,
    RuleTable,
    TermTable,
    TopicTable,
)
from medsafe_harvest.topics.text import fold

#: Keeps the logarithm of 1 - 1 finite.
_LEAST = 1e-9


class _Term(NamedTuple):
    """A row of the table of terms."""

    before: int
    after: int
    slot: int
    rule: int
    phrase: int
    text: int
    spelled: str


class _Terms:
    """Hands out slots and gathers the terms of each key of the automaton."""

    def __init__(self) -> None:
        self._keys: dict[str, list[_Term]] = {}
        self._phrases: dict[str, int] = {}
        #: By slot: the one whose matches it takes away, or ``NONE``.
        self.excluded_from: list[int] = []

    def slot(self, excluded_from: int = NONE) -> int:
        self.excluded_from.append(excluded_from)
        return len(self.excluded_from) - 1

    def guarded(self, exclude: Iterable[str]) -> int:
        """A slot without the matches that the phrases given overlap."""
        slot = self.slot()
        self.add(self.slot(excluded_from=slot), exclude)
        return slot

    def add(
        self, slot: int, phrases: Iterable[str], acronyms: Iterable[str] = (), rule: int = NONE
    ) -> None:
        for phrase in phrases:
            self._add(slot, phrase, rule, exact=False)
        for acronym in acronyms:
            self._add(slot, acronym, rule, exact=True)

    def _add(self, slot: int, phrase: str, rule: int, *, exact: bool) -> None:
        stem = phrase.removesuffix("*")
        folded = fold(stem)
        key = folded.lower
        number = self._phrases.setdefault(key, len(self._phrases))
        # Only acronyms keep their case. "BI-RADS" is folded to "BI RADS", as it is in the text.
        text = IN_CASED if exact else AS_FOUND if key.isalnum() else IN_LOWER
        spelled = folded.cased if exact else key

        def place(key: str, before: int, after: int) -> None:
            term = _Term(before, after, slot, rule, number, text, spelled)
            self._keys.setdefault(key, []).append(term)

        if stem != phrase:
            place(f" {folded.flat}", len(key) - 1, -1)
            return
        place(f" {folded.flat} ", len(key), 0)
        if exact:  # MRIs, EHRs: an acronym may carry a small s.
            place(f" {folded.flat}s ", len(key) + 1, 1)

    def automaton(self) -> Any:
        """Knows each key by its number."""
        automaton = ahocorasick.Automaton()
        for number, key in enumerate(self._keys):
            automaton.add_word(key, number)
        automaton.make_automaton()
        return automaton

    def table(self, slots: AbstractSet[int]) -> TermTable:
        """What the keys mean to some of the slots."""
        terms: list[_Term] = []
        first = []
        for own in self._keys.values():
            first.append(len(terms))
            terms += [term for term in own if term.slot in slots]
        numbers = np.array([term[:-1] for term in terms], dtype=np.int64).reshape(-1, 6)
        before, after, slot, rule, phrase, text = numbers.T.copy()
        return TermTable(
            first=np.array(first),
            count=np.diff([*first, len(terms)]),
            before=before,
            after=after,
            slot=slot,
            rule=rule,
            phrase=phrase,
            text=text,
            spelled=tuple(term.spelled for term in terms),
        )


def compile_rules(config: TopicConfig) -> CompiledRules:
    """The configuration as one automaton and the tables that give its hits a meaning."""
    terms = _Terms()
    groups = {}
    for name, group in config.groups.items():
        groups[name] = terms.slot()
        terms.add(groups[name], group.phrases, group.acronyms)
    discounts = [_discount(terms, *named) for named in config.discounts.items()]
    emphasis = tuple(_emphasis(terms, *named) for named in config.emphasis.items())
    slots = [terms.guarded(topic.exclude) for _, _, topic in config.topics()]
    named = _add_rules(terms, config, slots)
    context = frozenset(groups.values())
    topic_of = np.full(len(terms.excluded_from), NONE)
    topic_of[slots] = np.arange(len(slots))
    return CompiledRules(
        automaton=terms.automaton(),
        terms=terms.table(frozenset(range(len(terms.excluded_from))) - context),
        context=terms.table(context),
        rules=_rule_table(config, named, groups),
        topics=_topic_table(config),
        topic_of=topic_of,
        excluded_from=np.array(terms.excluded_from),
        # Of equal ones that of a whole sentence is named.
        discounts=tuple(sorted(discounts, key=lambda cues: cues.within is not None)),
        emphasis=emphasis,
        implications=config.implications,
        names=config.weights.weak.title,
        # A little room for rounding.
        limit=log(1 - config.threshold) + 1e-3 if config.threshold < 1 else -inf,
    )


def _discount(terms: _Terms, name: str, rule: Discount) -> Cues:
    slot = terms.guarded(rule.exclude)
    terms.add(slot, rule.cues)
    factors = np.array([rule.factor if facet in rule.facets else 1.0 for facet in FACETS])
    return Cues(name, slot, factors, rule.within)


def _emphasis(terms: _Terms, name: str, rule: Emphasis) -> Cues:
    slot = terms.guarded(rule.exclude)
    terms.add(slot, rule.cues)
    return Cues(name, slot, np.array([rule.factors.get(facet, 1.0) for facet in FACETS]))


def _add_rules(terms: _Terms, config: TopicConfig, slots: Iterable[int]) -> list[tuple[str, Rule]]:
    """All rules in order, each with its full name; their phrases go to the slots of topics."""
    named: list[tuple[str, Rule]] = []
    for slot, (_, slug, topic) in zip(slots, config.topics(), strict=True):
        for name, rule in topic.rules.items():
            terms.add(slot, rule.phrases, rule.acronyms, len(named))
            for group in rule.groups:
                words = config.groups[group]
                terms.add(slot, words.phrases, words.acronyms, len(named))
            named.append((f"{slug}/{name}", rule))
    return named


def _topic_table(config: TopicConfig) -> TopicTable:
    topics = list(config.topics())
    beside, outside = config.company.beside, config.company.outside
    return TopicTable(
        slug=tuple(slug for _, slug, _ in topics),
        facet=np.array([FACETS.index(facet) for facet, _, _ in topics]),
        same_sentence=np.array([config.same_sentence.get(facet, 1.0) for facet, _, _ in topics]),
        beside=np.array([beside.get(facet, 0.0) for facet, _, _ in topics]),
        outside=np.array(
            [0.0 if own.general else outside.get(facet, 0.0) for facet, _, own in topics]
        ),
        general=np.array([own.general for _, _, own in topics]),
        categories=tuple(topic.categories for _, _, topic in topics),
    )


def _rule_table(
    config: TopicConfig, named: Iterable[tuple[str, Rule]], groups: Mapping[str, int]
) -> RuleTable:
    names, rules = zip(*named, strict=True)
    needs = [rule.needs.groups if rule.needs else () for rule in rules]
    most = max(1, *map(len, needs))
    contexts = [[*[groups[group] for group in own], *[NONE] * (most - len(own))] for own in needs]
    weights = [_weights(config, rule) for rule in rules]
    reaches = [_reaches(config, rule, own) for rule, own in zip(rules, weights, strict=True)]
    withins = [rule.needs.within if rule.needs else None for rule in rules]
    return RuleTable(
        name=names,
        against=np.array([rule.weight == "against" for rule in rules]),
        raised=np.array([_raised(rule) for rule in rules]),
        weight=np.array(weights).T.copy(),
        reach=np.array(reaches).T.copy(),
        contexts=np.array(contexts),
        within=np.array([ANYWHERE if within is None else within for within in withins]),
    )


def _weights(config: TopicConfig, rule: Rule) -> tuple[float, float, float]:
    """In the abstract, in a title, and in a title that has no abstract with it."""
    weight = getattr(config.weights, rule.weight)
    title = weight.title if rule.only != "abstract" else 0.0
    abstract = weight.abstract if rule.only != "title" else 0.0
    if rule.weight == "against":
        return abstract, title, title
    most = max(title, config.weights.strong.title)
    return abstract, title, min(title * config.title_alone, most)


def _raised(rule: Rule) -> bool:
    return rule.weight in {"sure", "strong"}


def _reaches(
    config: TopicConfig, rule: Rule, weights: tuple[float, float, float]
) -> tuple[float, float, float]:
    """For each of the weights; what speaks against a topic brings none nearer."""
    if rule.weight == "against":
        return 0.0, 0.0, 0.0
    factors = [factor for one in config.emphasis.values() for factor in one.factors.values()]
    best = max([1.0, *factors]) if _raised(rule) else 1.0
    abstract, title, alone = weights
    return reach(min(abstract * best, 1.0)), reach(title), reach(alone)


def reach(weight: float) -> float:
    """The logarithm of what one match leaves missing."""
    return log(max(1 - weight, _LEAST))
