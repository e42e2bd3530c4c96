"""What the phrases found in one text are worth for a topic: context, discounts, emphasis."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from medsafe_harvest.topics.compiled import (
    CompiledDiscount,
    CompiledRule,
    CompiledRules,
    CompiledTopic,
    Found,
    Hit,
)
from medsafe_harvest.topics.rules import Facet

_PLACE = itemgetter(0, 1, 2)
_END = re.compile(r"\. ")


class Weighed(NamedTuple):
    """A phrase that counts, with its weight after discounts and emphasis (never negative)."""

    hit: Hit
    rule: CompiledRule
    weight: float
    discount: str | None


#: Factor and name of a discount, and the factor of the emphasis, for one sentence and facet.
_Tone = tuple[float, str | None, float]


class Scene:
    """The text around the hits: where sentences end, and which cues stand where."""

    __slots__ = (
        "_before",
        "_ends",
        "_found",
        "_raised",
        "_sentences",
        "_tones",
        "lower",
        "title_end",
    )

    def __init__(self, rules: CompiledRules, found: Found, lower: str, title_end: int) -> None:
        self.lower = lower
        self.title_end = title_end
        self._found = found
        self._ends = [end.start() for end in _END.finditer(lower)]
        self._tones: dict[tuple[int, Facet], _Tone] = {}
        #: Discounts of whole sentences, of words after a cue (by sentence), and emphasis.
        self._sentences: list[tuple[CompiledDiscount, set[int]]] = []
        self._before: dict[int, list[tuple[CompiledDiscount, Hit]]] = {}
        self._raised: list[tuple[Mapping[Facet, float], set[int]]] = []
        for cues in rules.discounts:
            hits = self._cues(cues.slot, cues.exclude)
            if cues.rule.scope == "before":
                for hit in hits:
                    self._before.setdefault(self.sentence(hit[0]), []).append((cues, hit))
            elif hits:
                self._sentences.append((cues, {self.sentence(hit[0]) for hit in hits}))
        for own in rules.emphasis:
            if hits := self._cues(own.slot, own.exclude):
                self._raised.append((own.factors, {self.sentence(hit[0]) for hit in hits}))

    def _cues(self, slot: int, exclude: int) -> list[Hit]:
        if slot not in self._found:
            return []
        return outside(self._found[slot], self._found.get(exclude, ()))

    def sentence(self, index: int) -> int:
        """Number of the sentence that an index lies in; the title is the first."""
        return bisect_right(self._ends, index)

    def has_context(self, hit: Hit, rule: CompiledRule) -> bool:
        """Whether what the rule needs stands near enough; a phrase is not its own context."""
        start, end, _ = hit
        for slot in rule.needs:
            for other in self._found.get(slot, ()):
                if other[0] < end and start < other[1]:
                    continue
                if rule.within is None or self._near(hit, other, rule.within):
                    return True
        return False

    def _near(self, one: Hit, other: Hit, within: int) -> bool:
        """Whether so few words of one sentence stand between two hits."""
        first, second = (one, other) if one[0] < other[0] else (other, one)
        if self.lower.count(" ", first[1], second[0]) - 1 > within:
            return False
        return self.lower.find(". ", first[1], second[0]) < 0

    def factor(self, hit: Hit, facet: Facet) -> tuple[float, str | None]:
        """The lowest factor of the discounts that reach a hit, with its name, or the emphasis."""
        start = hit[0]
        sentence = bisect_right(self._ends, start)
        tone = self._tones.get((sentence, facet))
        if tone is None:
            tone = self._tones[sentence, facet] = self._tone(sentence, facet)
        factor, name, raised = tone
        if sentence in self._before:
            for cues, cue in self._before[sentence]:
                rule = cues.rule
                if (
                    rule.factor < factor
                    and facet in rule.facets
                    and cue[1] <= start
                    and self._near(hit, cue, rule.within or 0)
                ):
                    factor, name = rule.factor, cues.name
        if name is None and start >= self.title_end:
            factor = raised
        return factor, name

    def _tone(self, sentence: int, facet: Facet) -> _Tone:
        factor, name, raised = 1.0, None, 1.0
        for cues, sentences in self._sentences:
            if sentence in sentences and facet in cues.rule.facets and cues.rule.factor < factor:
                factor, name = cues.rule.factor, cues.name
        for factors, sentences in self._raised:
            if sentence in sentences:
                raised = max(raised, factors.get(facet, 1.0))
        return factor, name, raised


def outside(hits: Iterable[Hit], excluded: Sequence[Hit]) -> list[Hit]:
    """Hits that no excluded phrase overlaps."""
    if not excluded:
        return list(hits)
    return [h for h in hits if not any(x[0] < h[1] and h[0] < x[1] for x in excluded)]


def weigh(topic: CompiledTopic, found: Found, scene: Scene, mentions: int) -> list[Weighed]:
    """The hits that count, each phrase a limited number of times a field, at its best.

    A phrase inside a longer one of the same topic does not count again: "label noise" is one
    piece of evidence, not "label noise" and "noise".
    """
    title_end, facet = scene.title_end, topic.facet
    counted: list[tuple[int, int, float, Hit, CompiledRule]] = []
    hits: Iterable[Hit] = found.get(topic.slot, ())
    if topic.exclude in found:
        hits = outside(hits, found[topic.exclude])
    for hit in hits:
        rule = hit[2].rule
        if rule is None:
            continue
        weight = rule.title if hit[0] < title_end else rule.abstract
        if weight and (not rule.needs or scene.has_context(hit, rule)):
            counted.append((hit[0], -hit[1], -weight, hit, rule))
    counted.sort(key=_PLACE)
    kept: dict[tuple[str, bool], list[Weighed]] = {}
    reached = 0
    for start, end, weight, hit, rule in counted:
        if -end <= reached:
            continue
        reached = -end
        factor, discount = scene.factor(hit, facet)
        if factor > 1:
            own = min(-weight * factor, max(rule.title, -weight)) if rule.raised else -weight
        else:
            own = -weight * factor
        one = Weighed(hit, rule, own, discount)
        place = (hit[2].key, start < title_end)
        if place in kept:
            kept[place].append(one)
        else:
            kept[place] = [one]
    return [
        one for same in kept.values() for one in (same if len(same) == 1 else _best(same, mentions))
    ]


def _best(same: list[Weighed], mentions: int) -> list[Weighed]:
    """Repeating what speaks for a topic tells more; repeating what speaks against it does not."""
    most = 1 if same[0].rule.against else mentions
    return sorted(same, key=lambda one: -one.weight)[:most]
