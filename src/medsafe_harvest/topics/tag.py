"""Tag papers with topics, and say why."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import inf, log
from typing import Any, NamedTuple

import pyarrow as pa

from medsafe_harvest.schema import PAPER, TAG
from medsafe_harvest.topics.compiled import CompiledTopic, Hit, compile_rules
from medsafe_harvest.topics.rules import LISTED_FACETS, Facet, TopicConfig
from medsafe_harvest.topics.text import Folded, fold
from medsafe_harvest.topics.weigh import Scene, Weighed, weigh

#: Columns of :data:`medsafe_harvest.schema.PAPER` that tagging fills.
COLUMNS = ("medical", "topics", "trust", "modality", "task", "tags")

#: What stands between title and abstract while they are read as one text: a sentence's end, so
#: that no phrase and no sentence reaches across.
_JOINT = ". "


class Match(NamedTuple):
    """One piece of evidence.

    Attributes:
        rule: ``topic/rule``, ``topic/category``, or ``implied/name`` of an implication.
        field: ``title``, ``abstract`` or ``categories`` (joined by single spaces).
        text: the words as they stand there; a stem's match reaches to the end of its word.
        start: offset of the text in characters into the field.
        weight: what it contributes to the score, after discounts; negative speaks against.
        discount: name of the discount that lowered it, or None.
    """

    rule: str
    field: str
    text: str
    start: int
    weight: float
    discount: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules make of one topic for one paper; ``matches`` has the heaviest first."""

    facet: Facet
    topic: str
    score: float
    tagged: bool
    matches: tuple[Match, ...]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "facet": self.facet,
            "topic": self.topic,
            "score": self.score,
            "tagged": self.tagged,
            "evidence": [match._asdict() for match in self.matches],
        }


class _Text:
    """Title and abstract of one paper as one folded text; ``title_end`` is an index of that."""

    __slots__ = ("_raw", "_title_end", "folded", "title_end")

    def __init__(self, title: str, abstract: str | None) -> None:
        self._raw = f" {title}{_JOINT}{abstract or ''}.. "
        self._title_end = 1 + len(title)
        self.folded: Folded = fold(self._raw)
        self.title_end = self.folded.index(self._title_end)

    def matches(
        self, weighed: Sequence[Weighed], extra: Sequence[Match], most: int | None
    ) -> tuple[Match, ...]:
        """Evidence, heaviest first; at most so many matches that speak for the topic.

        Only those are spelled out: most of the work of tagging would go into the others.
        """
        ordered = sorted(weighed, key=self._order)
        if most is not None:
            ordered = [one for one in ordered[:most] if one.weight > 0 and not one.rule.against]
        found = [self.match(one) for one in ordered]
        if extra:
            found = sorted([*found, *extra], key=_order)
        return tuple(found[:most])

    def _order(self, one: Weighed) -> tuple[float, int]:
        return (one.weight if one.rule.against else -one.weight), one.hit[0]

    def match(self, weighed: Weighed) -> Match:
        """Evidence in terms of the original fields."""
        (first, end, _), rule, weight, discount = weighed
        while self.folded.lower[end].isalnum():
            end += 1
        start = self.folded.origin(first)
        words = self._raw[start : self.folded.origin(end - 1) + 1]
        in_title = start < self._title_end
        offset = start - (1 if in_title else self._title_end + len(_JOINT))
        signed = -weight if rule.against else weight
        field = "title" if in_title else "abstract"
        return Match(rule.name, field, words, offset, signed, discount)


class Tagger:
    """Tags papers by one configuration, compiled once."""

    def __init__(self, config: TopicConfig) -> None:
        self._config = config
        self._rules = compile_rules(config)
        self._all = frozenset(topic.slug for topic in self._rules.topics)
        self._facets = {topic.slug: topic.facet for topic in self._rules.topics}
        self._implied = frozenset(rule.then for rule in config.implications.values())
        #: Sums of reaches above this stay below the threshold; a little room for rounding.
        self._limit = log(1 - config.threshold) + 1e-3 if config.threshold < 1 else -inf

    def tag(
        self,
        titles: Sequence[str],
        abstracts: Sequence[str | None],
        categories: Sequence[Sequence[str]],
    ) -> pa.RecordBatch:
        """The tag columns of the paper schema, a row a paper, in the order given.

        ``tags`` holds the best few matches of each topic given, ``score`` being the topic's.

        Raises:
            ValueError: the three sequences differ in length.
        """
        rows = _Rows()
        for title, abstract, own in zip(titles, abstracts, categories, strict=True):
            judged = self._judge(title, abstract, own, self._implied, self._config.evidence)
            rows.append([one for one in judged if one.tagged])
        return rows.batch()

    def explain(
        self, title: str, abstract: str | None = None, categories: Sequence[str] = ()
    ) -> tuple[Verdict, ...]:
        """Every topic that any rule spoke for, given or not, with all of its matches."""
        return tuple(self._judge(title, abstract, categories, self._all))

    def _judge(
        self,
        title: str,
        abstract: str | None,
        categories: Sequence[str],
        wanted: AbstractSet[str],
        evidence: int | None = None,
    ) -> list[Verdict]:
        """Verdicts on the topics given, and on those ``wanted`` that any rule spoke for.

        Each comes with its ``evidence`` heaviest matches; None for all of them.
        """
        text = _Text(title, abstract)
        found = self._rules.scan(text.folded)
        lower = text.folded.lower
        scene = Scene(self._rules, found, lower, text.title_end, alone=not abstract)
        mentions = self._config.mentions
        verdicts: dict[str, Verdict] = {}
        for topic in self._rules.topics:
            hits = found.get(topic.slot, ())
            extra = self._category_matches(topic, categories) if topic.categories else []
            if not (hits or extra) or (
                topic.slug not in wanted and not self._in_reach(hits, extra, text.title_end)
            ):
                continue
            share = self._config.same_sentence.get(topic.facet, 1.0)
            weighed = weigh(topic, found, scene, mentions, share)
            score = _score(weighed, extra)
            tagged = score >= self._config.threshold
            if tagged or (topic.slug in wanted and (weighed or extra)):
                matches = text.matches(weighed, extra, evidence)
                verdicts[topic.slug] = Verdict(topic.facet, topic.slug, score, tagged, matches)
        self._imply(verdicts)
        return [verdicts[t.slug] for t in self._rules.topics if t.slug in verdicts]

    def _in_reach(self, hits: Sequence[Hit], extra: Sequence[Match], title_end: int) -> bool:
        """Whether the threshold could be reached if every match counted at its best."""
        total = sum(log(1 - match.weight) for match in extra)
        for start, _, term in hits:
            rule = term.rule
            if rule is not None:
                total += rule.title_reach if start < title_end else rule.abstract_reach
        return total <= self._limit

    def _category_matches(self, topic: CompiledTopic, categories: Sequence[str]) -> list[Match]:
        """At most one: two categories of a paper are not independent evidence."""
        for position, own in enumerate(categories):
            for wanted in topic.categories:
                stem = wanted.removesuffix("*")
                if own == wanted or (stem != wanted and own.startswith(stem)):
                    start = sum(len(before) + 1 for before in categories[:position])
                    weight = self._config.weights.category
                    name = f"{topic.slug}/category"
                    return [Match(name, "categories", own, start, weight, None)]
        return []

    def _imply(self, verdicts: dict[str, Verdict]) -> None:
        """Follow the implications, in the order of the file, each once."""
        for name, rule in self._rules.implications:
            if rule.any and verdicts.keys().isdisjoint(rule.any):
                continue
            given = {slug for slug, verdict in verdicts.items() if verdict.tagged}
            if not given.issuperset(rule.all) or not given.isdisjoint(rule.unless):
                continue
            some = [slug for slug in rule.any if slug in given]
            if rule.then in given or (rule.any and not some):
                continue
            grounds = [verdicts[slug] for slug in (*some[:1], *rule.all)]
            score = min(verdict.score for verdict in grounds)
            best = grounds[0].matches[0]._replace(rule=f"implied/{name}", weight=score)
            own = verdicts[rule.then].matches if rule.then in verdicts else ()
            verdicts[rule.then] = Verdict(
                self._facets[rule.then], rule.then, score, tagged=True, matches=(best, *own)
            )


def _score(weighed: Sequence[Weighed], extra: Sequence[Match]) -> float:
    """Independent pieces of evidence add up as 1 - (1-a)(1-b)..., those against scale it."""
    missing, kept = 1.0, 1.0
    for _, rule, weight, _ in weighed:
        if rule.against:
            kept *= 1 - weight
        else:
            missing *= 1 - weight
    for match in extra:
        missing *= 1 - match.weight
    return round((1 - missing) * kept, 4)


def _order(match: Match) -> tuple[float, bool, int, str, str]:
    return -match.weight, match.field != "title", match.start, match.text, match.rule


class _Rows:
    """Columns of the result while they grow."""

    def __init__(self) -> None:
        self._medical: list[bool] = []
        self._topics: list[list[str]] = []
        self._facets: dict[str, list[list[str]]] = {facet: [] for facet in LISTED_FACETS}
        self._tags: list[tuple[str, str, float, str, str, str, int]] = []
        self._offsets = [0]

    def append(self, tagged: Sequence[Verdict]) -> None:
        slugs: dict[str, list[str]] = {facet: [] for facet in LISTED_FACETS}
        medical = False
        for verdict in tagged:
            if verdict.facet == "medical":
                medical = True
            else:
                slugs[verdict.facet].append(verdict.topic)
            self._tags += [
                (verdict.facet, verdict.topic, verdict.score, m.rule, m.field, m.text, m.start)
                for m in verdict.matches
                if m.weight > 0
            ]
        self._medical.append(medical)
        self._topics.append(sorted(slug for own in slugs.values() for slug in own))
        for facet, own in slugs.items():
            self._facets[facet].append(sorted(own))
        self._offsets.append(len(self._tags))

    def batch(self) -> pa.RecordBatch:
        columns = list(zip(*self._tags, strict=True)) or [()] * TAG.num_fields
        tags = pa.StructArray.from_arrays(
            [pa.array(column, field.type) for column, field in zip(columns, TAG, strict=True)],
            fields=list(TAG),
        )
        schema = pa.schema([PAPER.field(name) for name in COLUMNS])
        offsets = pa.array(self._offsets, pa.int32())
        arrays = [
            pa.array(self._medical, pa.bool_()),
            pa.array(self._topics, schema.field("topics").type),
            *(pa.array(own, schema.field(facet).type) for facet, own in self._facets.items()),
            pa.ListArray.from_arrays(offsets, tags, type=schema.field("tags").type),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
