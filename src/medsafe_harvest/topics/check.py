"""Find rules that can do nothing, and show what the others do on real papers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import tee
from typing import Any, Literal, NamedTuple

from medsafe_harvest.topics.diff import Paper
from medsafe_harvest.topics.rules import Facet, Rule, Topic, TopicConfig, phrase_key
from medsafe_harvest.topics.tag import Tagger

#: The same phrases are compared over and over.
_key = lru_cache(maxsize=20_000)(phrase_key)


class Finding(NamedTuple):
    """A phrase, group or cue that does nothing.

    Attributes:
        kind: ``dead`` can never count; ``shadowed`` says no more than another phrase of its topic
            that matches wherever it does; ``unused`` is a group that no rule names.
        place: ``facet/topic/rule``, or ``groups/name``.
        phrase: as written.
        why: one clause.
    """

    kind: Literal["dead", "shadowed", "unused"]
    place: str
    phrase: str
    why: str


class _Phrase(NamedTuple):
    """A phrase of a rule, ready to be compared. ``words`` keep no final star."""

    written: str
    key: str
    stem: bool
    exact: bool
    name: str
    rule: Rule


def findings(config: TopicConfig) -> list[Finding]:
    """All that a reader of the file alone can tell, in the order of the file."""
    found = [*_unused_groups(config), *_dead_cues(config)]
    for facet, slug, topic in config.topics():
        place = slug if facet == "medical" else f"{facet}/{slug}"
        found += _of_topic(config, place, topic)
    return found


def _unused_groups(config: TopicConfig) -> Iterator[Finding]:
    used: set[str] = set()
    for _, _, topic in config.topics():
        for rule in topic.rules.values():
            used.update(rule.groups)
            used.update(rule.needs.groups if rule.needs else ())
    for name in config.groups:
        if name not in used:
            yield Finding("unused", f"groups/{name}", "", "no rule names this group")


def _dead_cues(config: TopicConfig) -> Iterator[Finding]:
    for section in ("discounts", "emphasis"):
        for name, rule in getattr(config, section).items():
            for cue in rule.cues:
                if blocker := _covered_by(cue, rule.exclude):
                    why = f"'exclude' takes every match: {blocker!r}"
                    yield Finding("dead", f"{section}/{name}", cue, why)


def _of_topic(config: TopicConfig, place: str, topic: Topic) -> Iterator[Finding]:
    phrases = list(_phrases(topic))
    for one in phrases:
        where = f"{place}/{one.name}"
        if blocker := _covered_by(one.written, topic.exclude):
            yield Finding("dead", where, one.written, f"'exclude' takes every match: {blocker!r}")
        elif not any(_weights(config, one.rule)):
            yield Finding("dead", where, one.written, "its weight is 0 wherever it may count")
        elif over := next((other for other in phrases if _shadows(config, other, one)), None):
            why = f"rule {over.name!r} has {over.written!r}, which matches there and says as much"
            yield Finding("shadowed", where, one.written, why)


def _phrases(topic: Topic) -> Iterator[_Phrase]:
    for name, rule in topic.rules.items():
        for exact, own in ((False, rule.phrases), (True, rule.acronyms)):
            for phrase in own:
                key = _key(phrase.removesuffix("*"))
                yield _Phrase(phrase, key, phrase.endswith("*"), exact, name, rule)


def _weights(config: TopicConfig, rule: Rule) -> tuple[float, float]:
    weight = getattr(config.weights, rule.weight)
    return (
        weight.title if rule.only != "abstract" else 0.0,
        weight.abstract if rule.only != "title" else 0.0,
    )


def _covered_by(phrase: str, excluded: Iterable[str]) -> str | None:
    """An excluded phrase that stands in every match of a phrase, or None."""
    key, stem = _key(phrase.removesuffix("*")), phrase.endswith("*")
    for other in excluded:
        small = _key(other.removesuffix("*"))
        if small in key and _inside(small, key, inner=other.endswith("*"), outer=stem):
            return other
    return None


def _inside(small: str, large: str, *, inner: bool, outer: bool) -> bool:
    """Whether wherever the large phrase matches the small one does too, at its words.

    ``inner`` and ``outer`` say whether the small and the large one are stems: the last word of
    a stem is open, so only a stem matches inside it.
    """
    padded = f" {large}" + ("" if outer else " ")
    return f" {small}" + ("" if inner else " ") in padded


def _shadows(config: TopicConfig, over: _Phrase, one: _Phrase) -> bool:
    """Whether a phrase adds nothing to another: the other matches there and weighs as much."""
    if over is one:
        return False
    if over.rule.weight == "against" or one.rule.weight == "against":
        return over.rule == one.rule and _spans(over, one)
    if over.rule.needs is not None and over.rule.needs != one.rule.needs:
        return False
    if not _spans(over, one):
        return False
    theirs, own = _weights(config, over.rule), _weights(config, one.rule)
    return all(a >= b for a, b in zip(theirs, own, strict=True))


def _spans(over: _Phrase, one: _Phrase) -> bool:
    if over.key not in one.key:
        return False
    if over.exact and not (one.exact and over.written.removesuffix("*") in one.written):
        return False
    if over.key == one.key and over.stem == one.stem and over.exact == one.exact:
        return False  # the same phrase under another condition
    return _inside(over.key, one.key, inner=over.stem, outer=one.stem)


@dataclass(frozen=True, slots=True)
class Use:
    """What the rules of one topic do on some papers.

    ``silent`` are the rules that matched nowhere, ``words`` the texts that matched most often with
    the number of papers, ``titles`` a few papers that get the topic.
    """

    facet: Facet
    topic: str
    given: int
    silent: tuple[str, ...]
    words: tuple[tuple[str, int], ...]
    titles: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "facet": self.facet,
            "topic": self.topic,
            "papers": self.given,
            "silent_rules": list(self.silent),
            "words": dict(self.words),
            "titles": list(self.titles),
        }


def uses(config: TopicConfig, papers: Iterable[Paper], *, top: int = 5) -> list[Use]:
    """For each topic how many papers get it, by which words, and what never matched."""
    tagger = Tagger(config)
    given: Counter[str] = Counter()
    rules: set[str] = set()
    words: dict[str, Counter[str]] = {slug: Counter() for _, slug, _ in config.topics()}
    titles: dict[str, list[str]] = {slug: [] for slug in words}
    own, told = tee(papers)
    verdicts = tagger.explain_all((one.title, one.abstract, one.categories) for one in told)
    for paper, found in zip(own, verdicts, strict=True):
        for verdict in found:
            rules.update(match.rule for match in verdict.matches)
            if verdict.tagged:
                given[verdict.topic] += 1
                words[verdict.topic].update(
                    {m.text.lower() for m in verdict.matches if m.weight > 0}
                )
                if len(titles[verdict.topic]) < top:
                    titles[verdict.topic].append(paper.title)
    return [
        Use(
            facet=facet,
            topic=slug,
            given=given[slug],
            silent=tuple(name for name in topic.rules if f"{slug}/{name}" not in rules),
            words=tuple(words[slug].most_common(top)),
            titles=tuple(titles[slug]),
        )
        for facet, slug, topic in config.topics()
    ]
