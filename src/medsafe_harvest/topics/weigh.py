"""What the phrases found in one text are worth for a topic: context, discounts, emphasis."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
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
_TITLE, _ALONE = attrgetter("title"), attrgetter("alone")
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
    """The text around the hits: where sentences end, and which cues stand where.

    ``alone`` says that there is a title only.
    """

    __slots__ = (
        "_before",
        "_ends",
        "_found",
        "_raised",
        "_sentences",
        "_tones",
        "alone",
        "lower",
        "title_end",
    )

    def __init__(
        self, rules: CompiledRules, found: Found, lower: str, title_end: int, *, alone: bool
    ) -> None:
        self.alone = alone
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
        # The end of a sentence is found early in a long stretch, the last space is not.
        if self.lower.find(". ", first[1], second[0]) >= 0:
            return False
        return self.lower.count(" ", first[1], second[0]) - 1 <= within

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


def weigh(
    topic: CompiledTopic, found: Found, scene: Scene, mentions: int, same_sentence: float = 1.0
) -> list[Weighed]:
    """The hits that count, each phrase a limited number of times a field, at its best.

    A phrase inside a longer one of the same topic does not count again: "label noise" is one
    piece of evidence, not "label noise" and "noise".
    """
    title_end, facet = scene.title_end, topic.facet
    kept: dict[tuple[str, bool], list[Weighed]] = {}
    reached = 0
    for start, end, weight, hit, rule in _counting(topic, found, scene):
        if -end <= reached:
            continue
        reached = -end
        factor, discount = scene.factor(hit, facet)
        own = -weight
        if factor < 1:
            own *= factor
        elif factor > 1 and rule.raised:
            own = min(own * factor, max(rule.title, own))
        place = (hit[2].key, start < title_end)
        if place in kept:
            kept[place].append(Weighed(hit, rule, own, discount))
        else:
            kept[place] = [Weighed(hit, rule, own, discount)]
    best: list[Weighed] = []
    for same in kept.values():
        best += same if len(same) == 1 else _best(same, mentions)
    if same_sentence == 1 or len(best) == 1:
        return best
    return _by_sentence(best, scene, same_sentence)


def _counting(
    topic: CompiledTopic, found: Found, scene: Scene
) -> list[tuple[int, int, float, Hit, CompiledRule]]:
    """Start, end and weight (these two negative), hit and rule of what may count, in order."""
    title_end = scene.title_end
    in_title = _ALONE if scene.alone else _TITLE
    counted: list[tuple[int, int, float, Hit, CompiledRule]] = []
    hits: Iterable[Hit] = found.get(topic.slot, ())
    if topic.exclude in found:
        hits = outside(hits, found[topic.exclude])
    for hit in hits:
        rule = hit[2].rule
        if rule is None:
            continue
        weight = rule.abstract if hit[0] >= title_end else in_title(rule)
        if weight and (not rule.needs or scene.has_context(hit, rule)):
            counted.append((hit[0], -hit[1], -weight, hit, rule))
    counted.sort(key=_PLACE)
    return counted


def _by_sentence(weighed: list[Weighed], scene: Scene, share: float) -> list[Weighed]:
    """What one sentence of the abstract says in other words is no second piece of evidence."""
    title_end = scene.title_end
    order = sorted(
        (-one.weight, one.hit[0], place)
        for place, one in enumerate(weighed)
        if one.hit[0] >= title_end and not one.rule.against
    )
    seen: set[int] = set()
    for _, start, place in order:
        sentence = scene.sentence(start)
        if sentence in seen:
            hit, rule, weight, discount = weighed[place]
            weighed[place] = Weighed(hit, rule, weight * share, discount)
        seen.add(sentence)
    return weighed


def _best(same: list[Weighed], mentions: int) -> list[Weighed]:
    """Repeating what speaks for a topic tells more; repeating what speaks against it does not."""
    most = 1 if same[0].rule.against else mentions
    return sorted(same, key=lambda one: -one.weight)[:most]
