"""Rules compiled into one automaton that finds every phrase in one pass over a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import ahocorasick

from medsafe_harvest.topics.rules import (
    Discount,
    Facet,
    Implication,
    Rule,
    Topic,
    TopicConfig,
    phrase_key,
)
from medsafe_harvest.topics.text import Folded


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its name and weights resolved."""

    name: str
    against: bool
    title: float
    abstract: float
    needs: tuple[int, ...]
    within: int | None


class Term(NamedTuple):
    """One phrase in one role. ``slot`` says whose; the same phrase may serve many."""

    slot: int
    key: str
    length: int
    whole: bool
    exact: str | None
    rule: CompiledRule | None


class Hit(NamedTuple):
    """A term found at characters start to end of the folded text."""

    start: int
    end: int
    term: Term


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
class CompiledRules:
    """Everything that tagging needs; made once from a configuration."""

    automaton: Any
    topics: tuple[CompiledTopic, ...]
    discounts: tuple[CompiledDiscount, ...]
    implications: tuple[tuple[str, Implication], ...]

    def scan(self, folded: Folded) -> Found:
        """Every phrase of every rule in the text, between word boundaries.

        The text must begin and end with a character that is no letter or digit.
        """
        text, cased = folded.lower, folded.cased
        found: Found = {}
        for last, terms in self.automaton.iter(text):
            end = last + 1
            start = end - terms[0].length
            if text[start - 1].isalnum():
                continue
            inside = text[end].isalnum()
            for term in terms:
                exact = term.exact
                if exact is not None and cased[start:end] != exact:
                    continue
                if inside and term.whole and (exact is None or not _plural(cased, end)):
                    continue
                found.setdefault(term.slot, []).append(Hit(start, end, term))
        return found


def _plural(cased: str, end: int) -> bool:
    """MRIs, EHRs: an acronym may carry a small s."""
    return cased[end] == "s" and not cased[end + 1].isalnum()


class _Compiler:
    """Hands out slots and gathers the terms of each key."""

    def __init__(self) -> None:
        self.terms: dict[str, list[Term]] = {}
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

    def _add(self, slot: int, phrase: str, rule: CompiledRule | None, *, exact: bool) -> None:
        stem = phrase.removesuffix("*")
        key = phrase_key(stem)
        # Only acronyms keep their case, and they are ASCII words: folding leaves them alone.
        term = Term(slot, key, len(key), stem == phrase, stem if exact else None, rule)
        self.terms.setdefault(key, []).append(term)

    def automaton(self) -> Any:
        automaton = ahocorasick.Automaton()
        for key, terms in sorted(self.terms.items()):
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
    discounts = []
    for name, discount in config.discounts.items():
        slot, exclude = compiler.slot(), compiler.slot()
        compiler.add(slot, discount.cues)
        compiler.add(exclude, discount.exclude)
        discounts.append(CompiledDiscount(name, discount, slot, exclude))
    topics = tuple(
        _compile_topic(compiler, config, groups, (facet, slug, topic))
        for facet, slug, topic in config.topics()
    )
    return CompiledRules(
        automaton=compiler.automaton(),
        topics=topics,
        discounts=tuple(discounts),
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
    return CompiledRule(
        name=name,
        against=rule.weight == "against",
        title=weight.title if rule.only != "abstract" else 0.0,
        abstract=weight.abstract if rule.only != "title" else 0.0,
        needs=tuple(groups[group] for group in rule.needs.groups) if rule.needs else (),
        within=rule.needs.within if rule.needs else None,
    )
