"""Rules compiled into one automaton that finds every phrase in one pass over a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log
from operator import itemgetter
from typing import Any, NamedTuple

import ahocorasick

from medsafe_harvest.topics.rules import (
    Discount,
    Emphasis,
    Facet,
    Implication,
    Rule,
    Topic,
    TopicConfig,
)
from medsafe_harvest.topics.text import Folded, fold


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its name and weights resolved.

    ``raised`` says whether emphasis helps it; ``alone`` is the weight in a title that has no
    abstract with it. The reaches are logarithms of what one match leaves
    missing at best, by field: where their sum is too small, no score needs to be worked out.
    """

    name: str
    against: bool
    raised: bool
    title: float
    alone: float
    abstract: float
    title_reach: float
    abstract_reach: float
    needs: tuple[int, ...]
    within: int | None


class Term(NamedTuple):
    """One phrase in one role. ``slot`` says whose; the same phrase may serve many.

    ``spelled`` is what the lower-case text must say there, or None where the key says it all;
    ``exact`` the same with its case.
    """

    slot: int
    key: str
    spelled: str | None
    exact: str | None
    rule: CompiledRule | None


#: A term as the automaton keeps it, flat for speed: slot, start and end counted back, spelling.
_Placed = tuple[int, int, int, str | None, str | None, Term]

#: Keeps the logarithm of 1 - 1 finite.
_LEAST = 1e-9

#: A term found at characters start to end of the folded text.
Hit = tuple[int, int, Term]

#: Hits by slot, each list in order of their ends.
Found = dict[int, list[Hit]]


@dataclass(frozen=True, slots=True)
class CompiledTopic:
    """A topic with the slots that its hits arrive in."""

    facet: Facet
    slug: str
    slot: int
    exclude: int
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompiledDiscount:
    """A discount with the slots that its cues and their exceptions arrive in."""

    name: str
    rule: Discount
    slot: int
    exclude: int


@dataclass(frozen=True, slots=True)
class CompiledEmphasis:
    """An emphasis with the slots that its cues and their exceptions arrive in."""

    factors: Mapping[Facet, float]
    slot: int
    exclude: int


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """Everything that tagging needs; made once from a configuration.

    The automaton knows each phrase between spaces (a stem only after one) and gives its terms,
    each with the places of its start and end, counted back from where it was found.
    """

    automaton: Any
    topics: tuple[CompiledTopic, ...]
    discounts: tuple[CompiledDiscount, ...]
    emphasis: tuple[CompiledEmphasis, ...]
    implications: tuple[tuple[str, Implication], ...]

    def scan(self, folded: Folded) -> Found:
        """Every phrase of every rule in the text, between word boundaries.

        The text must begin and end with a character that is no letter or digit.
        """
        lower, cased = folded.lower, folded.cased
        found: Found = {}
        for last, terms in self.automaton.iter(folded.flat):
            for slot, before, after, spelled, exact, term in terms:
                start, end = last - before, last - after
                if spelled is not None and lower[start:end] != spelled:
                    continue
                if exact is not None and cased[start:end] != exact:
                    continue
                if slot in found:
                    found[slot].append((start, end, term))
                else:
                    found[slot] = [(start, end, term)]
        return found


class _Compiler:
    """Hands out slots and gathers the terms of each key."""

    def __init__(self) -> None:
        self.terms: dict[str, list[_Placed]] = {}
        self.slots = 0

    def slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def add(
        self,
        slot: int,
        phrases: Iterable[str],
        acronyms: Iterable[str] = (),
        rule: CompiledRule | None = None,
    ) -> None:
        for phrase in phrases:
            self._add(slot, phrase, rule, exact=False)
        for acronym in acronyms:
            self._add(slot, acronym, rule, exact=True)

    def cues(self, rule: Discount | Emphasis) -> tuple[int, int]:
        """The slots of the cues and of their exceptions."""
        slot, exclude = self.slot(), self.slot()
        self.add(slot, rule.cues)
        self.add(exclude, rule.exclude)
        return slot, exclude

    def _add(self, slot: int, phrase: str, rule: CompiledRule | None, *, exact: bool) -> None:
        stem = phrase.removesuffix("*")
        folded = fold(stem)
        key = folded.lower
        # Only acronyms keep their case, and they are ASCII words: folding leaves them alone.
        term = Term(slot, key, None if key.isalnum() else key, stem if exact else None, rule)
        if stem != phrase:
            self._place(f" {folded.flat}", len(key) - 1, -1, term)
            return
        self._place(f" {folded.flat} ", len(key), 0, term)
        if exact:  # MRIs, EHRs: an acronym may carry a small s.
            self._place(f" {folded.flat}s ", len(key) + 1, 1, term)

    def _place(self, key: str, before: int, after: int, term: Term) -> None:
        place = (term.slot, before, after, term.spelled, term.exact, term)
        self.terms.setdefault(key, []).append(place)

    def automaton(self) -> Any:
        automaton = ahocorasick.Automaton()
        for key, terms in sorted(self.terms.items(), key=itemgetter(0)):
            automaton.add_word(key, tuple(terms))
        automaton.make_automaton()
        return automaton


def compile_rules(config: TopicConfig) -> CompiledRules:
    """The configuration as one automaton and the tables that give its hits a meaning."""
    compiler = _Compiler()
    groups = {}
    for name, group in config.groups.items():
        groups[name] = compiler.slot()
        compiler.add(groups[name], group.phrases, group.acronyms)
    discounts = tuple(
        CompiledDiscount(name, rule, *compiler.cues(rule))
        for name, rule in config.discounts.items()
    )
    emphasis = tuple(
        CompiledEmphasis(rule.factors, *compiler.cues(rule)) for rule in config.emphasis.values()
    )
    topics = tuple(
        _compile_topic(compiler, config, groups, (facet, slug, topic))
        for facet, slug, topic in config.topics()
    )
    return CompiledRules(
        automaton=compiler.automaton(),
        topics=topics,
        discounts=discounts,
        emphasis=emphasis,
        implications=tuple(config.implications.items()),
    )


def _compile_topic(
    compiler: _Compiler,
    config: TopicConfig,
    groups: Mapping[str, int],
    named: tuple[Facet, str, Topic],
) -> CompiledTopic:
    facet, slug, topic = named
    slot, exclude = compiler.slot(), compiler.slot()
    compiler.add(exclude, topic.exclude)
    for name, rule in topic.rules.items():
        compiled = _compile_rule(config, groups, f"{slug}/{name}", rule)
        compiler.add(slot, rule.phrases, rule.acronyms, compiled)
        for group in rule.groups:
            words = config.groups[group]
            compiler.add(slot, words.phrases, words.acronyms, compiled)
    return CompiledTopic(facet, slug, slot, exclude, topic.categories)


def _compile_rule(
    config: TopicConfig, groups: Mapping[str, int], name: str, rule: Rule
) -> CompiledRule:
    weight = getattr(config.weights, rule.weight)
    title = weight.title if rule.only != "abstract" else 0.0
    abstract = weight.abstract if rule.only != "title" else 0.0
    against = rule.weight == "against"
    most = max(title, config.weights.strong.title)
    alone = title if against else min(title * config.title_alone, most)
    raised = rule.weight in {"sure", "strong"}
    factors = [factor for one in config.emphasis.values() for factor in one.factors.values()]
    best = max([1.0, *factors]) if raised else 1.0
    return CompiledRule(
        name=name,
        against=against,
        raised=raised,
        title=title,
        alone=alone,
        abstract=abstract,
        title_reach=0.0 if against else _reach(alone),
        abstract_reach=0.0 if against else _reach(abstract * best),
        needs=tuple(groups[group] for group in rule.needs.groups) if rule.needs else (),
        within=rule.needs.within if rule.needs else None,
    )


def _reach(weight: float) -> float:
    return log(max(1 - weight, _LEAST))
