"""Tag papers with topics, and say why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import prod

import numpy as np
import pyarrow as pa

from medsafe_harvest.topics.columns import COLUMNS, columns_of
from medsafe_harvest.topics.company import company
from medsafe_harvest.topics.compiled import compile_rules, reach
from medsafe_harvest.topics.evidence import Evidence
from medsafe_harvest.topics.rules import TopicConfig
from medsafe_harvest.topics.tables import FACETS, Bools, CompiledRules, runs
from medsafe_harvest.topics.texts import Texts
from medsafe_harvest.topics.verdicts import Match, Verdict
from medsafe_harvest.topics.weigh import Counted, weigh

__all__ = ["COLUMNS", "Match", "Tagger", "Verdict"]

#: Title, abstract and categories.
_Paper = tuple[str, str | None, Sequence[str]]

#: Papers judged at once: enough that no pass of numpy is short, few enough for the caches.
_PAPERS = 500


class Tagger:
    """Tags papers by one configuration, compiled once."""

    def __init__(self, config: TopicConfig) -> None:
        self._config = config
        self._rules = compile_rules(config)
        slugs = self._rules.topics.slug
        self._numbers = {slug: number for number, slug in enumerate(slugs)}
        self._facets = [FACETS[number] for number in self._rules.topics.facet.tolist()]
        self._all = np.ones(len(slugs), dtype=bool)
        self._implied = np.zeros(len(slugs), dtype=bool)
        self._implied[[self._numbers[rule.then] for rule in config.implications.values()]] = True
        #: Topics that each category speaks for, as categories come.
        self._of_category: dict[str, tuple[int, ...]] = {}

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
        papers = zip(titles, abstracts, categories, strict=True)
        batches = [
            columns_of([[one for one in own if one.tagged] for own in judged])
            for judged in self._judge_all(papers, self._implied, self._config.evidence)
        ]
        if len(batches) < 2:
            return batches[0] if batches else columns_of([])
        return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]

    def explain(
        self, title: str, abstract: str | None = None, categories: Sequence[str] = ()
    ) -> tuple[Verdict, ...]:
        """Every topic that any rule spoke for, given or not, with all of its matches."""
        return next(self.explain_all([(title, abstract, categories)]))

    def explain_all(self, papers: Iterable[_Paper]) -> Iterator[tuple[Verdict, ...]]:
        """The same of many papers, each title, abstract and categories: ten times as fast."""
        for judged in self._judge_all(papers, self._all, None):
            yield from map(tuple, judged)

    def _judge_all(
        self, papers: Iterable[_Paper], wanted: Bools, evidence: int | None
    ) -> Iterator[list[list[Verdict]]]:
        """Verdicts on the topics given, and on those ``wanted`` that any rule spoke for.

        Some papers at a time. Each verdict comes with its ``evidence`` heaviest matches; None for
        all of them.
        """
        papers = iter(papers)
        while some := list(islice(papers, _PAPERS)):
            yield self._judge(some, wanted, evidence)

    def _judge(
        self, papers: Sequence[_Paper], wanted: Bools, evidence: int | None
    ) -> list[list[Verdict]]:
        titles, abstracts, categories = zip(*papers, strict=True)
        rules, topics = self._rules, len(wanted)
        texts = Texts(titles, abstracts)
        extra = self._category_matches(categories)
        reaches = np.zeros(len(papers) * topics)
        reaches[list(extra)] = reach(self._config.weights.category)
        counted = weigh(rules, texts, reaches, wanted, self._config.mentions)
        threshold = self._config.threshold
        scores = _scores(rules, counted, extra)
        against = company(rules, counted, scores, threshold)
        for group, own in against.items():
            scores[group] = round(scores[group] * prod(1 + one.weight for one in own), 4)
        scores = {
            group: score
            for group, score in scores.items()
            if score >= threshold or wanted[group % topics]
        }
        told = Evidence(rules, texts, counted, list(scores), evidence)
        verdicts: list[dict[str, Verdict]] = [{} for _ in papers]
        for group, score in scores.items():
            paper, topic = divmod(group, topics)
            slug, matches = rules.topics.slug[topic], told.of(group, extra.get(group))
            if evidence is None:
                matches += against.get(group, ())
            tagged = score >= threshold
            verdicts[paper][slug] = Verdict(self._facets[topic], slug, score, tagged, matches)
        return [self._with_implied(own) if own else [] for own in verdicts]

    def _category_matches(self, categories: Sequence[Sequence[str]]) -> dict[int, Match]:
        """By paper and topic at most one: two categories are not independent evidence."""
        matches: dict[int, Match] = {}
        for paper, all_own in enumerate(categories):
            start = 0
            for own in all_own:
                if own not in self._of_category:
                    self._of_category[own] = tuple(self._topics_of(own))
                for topic in self._of_category[own]:
                    group = paper * len(self._facets) + topic
                    if group not in matches:
                        name = f"{self._rules.topics.slug[topic]}/category"
                        weight = self._config.weights.category
                        matches[group] = Match(name, "categories", own, start, weight, None)
                start += len(own) + 1
        return matches

    def _topics_of(self, category: str) -> Iterator[int]:
        for topic, named in enumerate(self._rules.topics.categories):
            for wanted in named:
                stem = wanted.removesuffix("*")
                if category == wanted or (stem != wanted and category.startswith(stem)):
                    yield topic
                    break

    def _with_implied(self, verdicts: dict[str, Verdict]) -> list[Verdict]:
        """Follow the implications, in the order of the file, each once."""
        added = False
        for name, rule in self._rules.implications.items():
            some = [slug for slug in rule.any if slug in verdicts and verdicts[slug].tagged]
            if rule.any and not some:
                continue
            given = {slug for slug, verdict in verdicts.items() if verdict.tagged}
            if not given.issuperset(rule.all) or not given.isdisjoint((rule.then, *rule.unless)):
                continue
            grounds = [verdicts[slug] for slug in (*some[:1], *rule.all)]
            score = min(verdict.score for verdict in grounds)
            best = grounds[0].matches[0]._replace(rule=f"implied/{name}", weight=score)
            own = verdicts[rule.then].matches if rule.then in verdicts else ()
            facet = self._facets[self._numbers[rule.then]]
            verdicts[rule.then] = Verdict(facet, rule.then, score, True, (best, *own))
            added = True
        found = list(verdicts.values())
        return sorted(found, key=lambda one: self._numbers[one.topic]) if added else found


def _scores(rules: CompiledRules, counted: Counted, extra: Mapping[int, Match]) -> dict[int, float]:
    """Scores by group, in order: independent pieces of evidence add up as 1 - (1-a)(1-b)...

    Those against scale it.
    """
    against = rules.rules.against[counted.rule]
    begin, end, _ = runs(counted.group)
    left = 1 - counted.weight
    missing, kept = np.where(against, 1, left).tolist(), np.where(against, left, 1).tolist()
    places = counted.group[begin].tolist(), begin.tolist(), end.tolist()
    scores = {}
    for group, a, b in zip(*places, strict=True):
        rest = prod(missing[a:b])
        if group in extra:
            rest *= 1 - extra[group].weight
        scores[group] = round((1 - rest) * prod(kept[a:b]), 4)
    if not extra:
        return scores
    for group in extra.keys() - scores.keys():
        scores[group] = round(1 - (1 - extra[group].weight), 4)
    return dict(sorted(scores.items()))
