"""Tag papers with topics, and say why."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import pyarrow as pa

from medsafe_harvest.schema import PAPER, TAG
from medsafe_harvest.topics.compiled import (
    CompiledDiscount,
    CompiledRule,
    CompiledTopic,
    Found,
    Hit,
    compile_rules,
)
from medsafe_harvest.topics.rules import LISTED_FACETS, Facet, TopicConfig
from medsafe_harvest.topics.text import Folded, fold

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


class _Weighed(NamedTuple):
    hit: Hit
    rule: CompiledRule
    weight: float
    discount: str | None


class _Text:
    """Title and abstract of one paper as one folded text; ``title_end`` is an index of that."""

    __slots__ = ("_raw", "_title_end", "folded", "title_end")

    def __init__(self, title: str, abstract: str | None) -> None:
        self._raw = f" {title}{_JOINT}{abstract or ''}.."
        self._title_end = 1 + len(title)
        self.folded: Folded = fold(self._raw)
        moved = self.folded.positions
        self.title_end = self._title_end if moved is None else bisect_left(moved, self._title_end)

    def match(self, weighed: _Weighed) -> Match:
        """Evidence in terms of the original fields."""
        hit, rule, weight, discount = weighed
        end = hit.end
        while self.folded.lower[end].isalnum():
            end += 1
        start = self.folded.origin(hit.start)
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
        self._implied = frozenset(rule.then for rule in config.implications.values())

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
            tagged = [v for v in self._judge(title, abstract, own, self._implied) if v.tagged]
            rows.append(tagged, self._config.evidence)
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
    ) -> list[Verdict]:
        """Verdicts on the topics given, and on those ``wanted`` that any rule spoke for."""
        text = _Text(title, abstract)
        found = self._rules.scan(text.folded)
        cues = [
            (discount, spans)
            for discount in self._rules.discounts
            if (spans := _outside(found.get(discount.slot, ()), found.get(discount.exclude, ())))
        ]
        mentions = self._config.mentions
        verdicts: dict[str, Verdict] = {}
        for topic in self._rules.topics:
            hits = found.get(topic.slot)
            if hits is None and not topic.categories:
                continue
            weighed = _weigh(topic, hits or [], found, cues, text, mentions)
            extra = self._category_matches(topic, categories)
            score = _score(weighed, extra)
            tagged = score >= self._config.threshold
            if tagged or (topic.slug in wanted and (weighed or extra)):
                matches = [*(text.match(one) for one in weighed), *extra]
                matches.sort(key=_order)
                verdicts[topic.slug] = Verdict(
                    topic.facet, topic.slug, score, tagged, tuple(matches)
                )
        self._imply(verdicts)
        return [verdicts[t.slug] for t in self._rules.topics if t.slug in verdicts]

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
        facets = {topic.slug: topic.facet for topic in self._rules.topics}
        for name, rule in self._rules.implications:
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
                facets[rule.then], rule.then, score, tagged=True, matches=(best, *own)
            )


def _score(weighed: Sequence[_Weighed], extra: Sequence[Match]) -> float:
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


def _outside(hits: Iterable[Hit], excluded: Sequence[Hit]) -> list[Hit]:
    """Hits that no excluded phrase overlaps."""
    if not excluded:
        return list(hits)
    return [h for h in hits if not any(x.start < h.end and h.start < x.end for x in excluded)]


Cues = Sequence[tuple[CompiledDiscount, Sequence[Hit]]]


def _weigh(
    topic: CompiledTopic, hits: list[Hit], found: Found, cues: Cues, text: _Text, mentions: int
) -> list[_Weighed]:
    """The hits that count, each phrase a limited number of times a field, at its best.

    A phrase inside a longer one of the same topic does not count again: "label noise" is one
    piece of evidence, not "label noise" and "noise".
    """
    lower, title_end = text.folded.lower, text.title_end
    counted: list[tuple[int, int, float, Hit, CompiledRule]] = []
    for hit in _outside(hits, found.get(topic.exclude, ())):
        rule = hit.term.rule
        if rule is None:
            continue
        weight = rule.title if hit.start < title_end else rule.abstract
        if weight and _context_is_there(hit, rule, found, lower):
            counted.append((hit.start, -hit.end, -weight, hit, rule))
    if len(counted) > 1:
        counted.sort(key=itemgetter(0, 1, 2))
    active = [cue for cue in cues if topic.facet in cue[0].rule.facets]
    kept: dict[tuple[str, bool], list[_Weighed]] = {}
    reached = 0
    for start, _, negative, hit, rule in counted:
        if hit.end <= reached:
            continue
        reached = hit.end
        factor, discount = _discount(hit, active, lower) if active else (1.0, None)
        one = _Weighed(hit, rule, -negative * factor, discount)
        kept.setdefault((hit.term.key, start < title_end), []).append(one)
    return [one for same in kept.values() for one in _best(same, mentions)]


def _best(same: list[_Weighed], mentions: int) -> list[_Weighed]:
    """Repeating what speaks for a topic tells more; repeating what speaks against it does not."""
    if len(same) == 1:
        return same
    most = 1 if same[0].rule.against else mentions
    return sorted(same, key=lambda one: -one.weight)[:most]


def _context_is_there(hit: Hit, rule: CompiledRule, found: Found, lower: str) -> bool:
    if not rule.needs:
        return True
    for slot in rule.needs:
        for other in found.get(slot, ()):
            if other.start < hit.end and hit.start < other.end:
                continue  # a phrase is not its own context
            if rule.within is None or _gap(hit, other, lower) <= rule.within:
                return True
    return False


def _gap(one: Hit, other: Hit, lower: str) -> int:
    """Words between two hits; more than any limit where a sentence ends between them."""
    first, second = (one, other) if one.start < other.start else (other, one)
    if lower.find(". ", first.end, second.start) >= 0:
        return len(lower)
    return max(0, lower.count(" ", first.end, second.start) - 1)


def _discount(hit: Hit, active: Cues, lower: str) -> tuple[float, str | None]:
    """The lowest factor of the discounts that reach a hit, and its name."""
    factor, name = 1.0, None
    for discount, cues in active:
        rule = discount.rule
        if rule.factor >= factor:
            continue
        for cue in cues:
            gap = _gap(hit, cue, lower)
            near = (
                gap < len(lower)
                if rule.within is None
                else cue.end <= hit.start and gap <= rule.within
            )
            if near:
                factor, name = rule.factor, discount.name
                break
    return factor, name


class _Rows:
    """Columns of the result while they grow."""

    def __init__(self) -> None:
        self._medical: list[bool] = []
        self._topics: list[list[str]] = []
        self._facets: dict[str, list[list[str]]] = {facet: [] for facet in LISTED_FACETS}
        self._tags: list[tuple[str, str, float, str, str, str, int]] = []
        self._offsets = [0]

    def append(self, tagged: Sequence[Verdict], evidence: int) -> None:
        slugs: dict[str, list[str]] = {facet: [] for facet in LISTED_FACETS}
        medical = False
        for verdict in tagged:
            if verdict.facet == "medical":
                medical = True
            else:
                slugs[verdict.facet].append(verdict.topic)
            self._tags += [
                (verdict.facet, verdict.topic, verdict.score, m.rule, m.field, m.text, m.start)
                for m in verdict.matches[:evidence]
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
