"""What the phrases found are worth for their topics: context, discounts, emphasis."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from medsafe_harvest.topics.hits import Hits, Keys, Spots, hits, keys, without_exceptions
from medsafe_harvest.topics.tables import (
    ABSTRACT,
    ANYWHERE,
    NONE,
    TITLE,
    Bools,
    CompiledRules,
    Cues,
    Floats,
    Ints,
    runs,
)
from medsafe_harvest.topics.texts import Texts


class Counted(NamedTuple):
    """Hits that may count, a row each.

    Attributes:
        group: number of the paper times the number of topics, plus that of the topic.
        paper: number of the paper.
        topic: number of the topic.
        rule: number of the rule.
        phrase: equal for equal phrases.
        sentence: number of the sentence that it stands in.
        start, end: where it stands in the folded text.
        place: ``ABSTRACT``, ``TITLE`` or ``TITLE_ALONE``.
        weight: as the rules have it for the place, or what is left after discounts and emphasis;
            never negative.
        discount: number of the discount that lowered it, or ``NONE``.
    """

    group: Ints
    paper: Ints
    topic: Ints
    rule: Ints
    phrase: Ints
    sentence: Ints
    start: Ints
    end: Ints
    place: Ints
    weight: Floats
    discount: Ints

    def take(self, rows: Ints | Bools) -> Counted:
        """Some of the rows."""
        return Counted._make(column[rows] for column in self)


def weigh(
    rules: CompiledRules, texts: Texts, extra: Floats, wanted: Bools, mentions: int
) -> Counted:
    """The hits that count, each phrase a limited number of times a field, at its best.

    They come in order of paper and topic.

    Args:
        rules: all of them.
        texts: the papers.
        extra: reach of what else speaks for a topic, by group.
        wanted: topics that are weighed even where no score can reach the threshold.
        mentions: how often a phrase counts in a field.
    """
    found = keys(rules, texts)
    said = without_exceptions(rules, texts, hits(rules.terms, texts, found))
    counted = _within_reach(rules, _counting(rules, texts, said), extra, wanted)
    counted = counted.take(_in_context(rules, texts, found, counted))
    counted = _toned(rules, texts, said, _longest(counted, texts.span))
    return _by_sentence(rules, texts, _repeated(rules, counted, mentions))


def _counting(rules: CompiledRules, texts: Texts, said: Hits) -> Counted:
    """All hits of topics."""
    topic = rules.topic_of[said.slot]
    rows = np.flatnonzero(topic != NONE)
    term, _, paper, sentence, start, end = said.take(rows)
    topic, rule = topic[rows], rules.terms.rule[term]
    place = texts.place(start, paper)
    return Counted(
        group=paper * len(rules.topics.slug) + topic,
        paper=paper,
        topic=topic,
        rule=rule,
        phrase=rules.terms.phrase[term],
        sentence=sentence,
        start=start,
        end=end,
        place=place,
        weight=rules.rules.weight[place, rule],
        discount=np.full(len(rows), NONE),
    )


def _within_reach(rules: CompiledRules, counted: Counted, extra: Floats, wanted: Bools) -> Counted:
    """Without the topics that stay below the threshold if every match counts at its best."""
    reach = rules.rules.reach[counted.place, counted.rule]
    total = np.bincount(counted.group, reach, minlength=len(extra)) + extra
    near = total <= rules.limit
    near.reshape(-1, len(wanted))[:, wanted] = True
    return counted.take(near[counted.group] & (counted.weight > 0))


def _in_context(rules: CompiledRules, texts: Texts, found: Keys, counted: Counted) -> Bools:
    """Whether what its rule needs stands near enough; a phrase is not its own context.

    Of what stands before a hit only the nearest matters, and of what stands behind.
    """
    contexts = rules.rules.contexts[counted.rule]
    met: Bools = contexts[:, 0] == NONE
    row, column = np.nonzero(contexts != NONE)
    slot = contexts[row, column]
    asked = np.zeros((texts.papers, len(rules.topic_of)), dtype=bool)
    asked[counted.paper[row], slot] = True
    found = found.take(np.asarray(asked.any(axis=1))[found.paper])
    spots = Spots(hits(rules.context, texts, found, asked), texts.span)
    before, behind = spots.before(slot, counted.start[row]), spots.behind(slot, counted.end[row])
    for spot in (before, behind):
        there = np.flatnonzero(spot != NONE)
        near = _linked(rules, texts, counted.take(row[there]), spots, spot[there])
        met[row[there[near]]] = True
    return met


def _linked(
    rules: CompiledRules, texts: Texts, counted: Counted, spots: Spots, spot: Ints
) -> Bools:
    """Whether a spot is near enough for the rule, row by row; they do not overlap."""
    within = rules.rules.within[counted.rule]
    linked: Bools = (within == ANYWHERE) & (counted.paper == spots.paper[spot])
    rows = np.flatnonzero((within != ANYWHERE) & (counted.sentence == spots.sentence[spot]))
    end = np.minimum(counted.end[rows], spots.end[spot[rows]])
    start = np.maximum(counted.start[rows], spots.start[spot[rows]])
    linked[rows] = texts.words_between(end, start) <= within[rows]
    return linked


def _longest(counted: Counted, span: int) -> Counted:
    """Of the hits of a topic that overlap the first and longest, in order of their starts.

    A phrase inside a longer one of the same topic does not count again: "label noise" is one
    piece of evidence, not "label noise" and "noise".
    """
    group = counted.group * span
    order = np.lexsort((-counted.weight, -counted.end, group + counted.start))
    ends = (group + counted.end)[order]
    longest = np.ones(len(order), dtype=bool)
    np.greater(ends[1:], np.maximum.accumulate(ends)[:-1], out=longest[1:])
    return counted.take(order[longest])


def _toned(rules: CompiledRules, texts: Texts, said: Hits, counted: Counted) -> Counted:
    """With discounts and emphasis."""
    factor, discount = _factors(rules, texts, said, counted)
    weight = counted.weight
    title = rules.rules.weight[TITLE, counted.rule]
    raised = np.minimum(weight * factor, np.maximum(title, weight))
    grows = rules.rules.raised[counted.rule] & (factor > 1)
    weight = np.where(factor < 1, weight * factor, np.where(grows, raised, weight))
    return counted._replace(weight=weight, discount=discount)


def _factors(
    rules: CompiledRules, texts: Texts, said: Hits, counted: Counted
) -> tuple[Floats, Ints]:
    """The lowest factor of the discounts that reach a hit, with its number, or the emphasis."""
    spots = Spots(said.take(rules.topic_of[said.slot] == NONE), texts.span)
    facet = rules.topics.facet[counted.topic]
    factor = np.ones(len(facet))
    discount = np.full(len(facet), NONE)
    for number, cues in enumerate(rules.discounts):
        lower = np.flatnonzero(cues.factors[facet] < factor)
        rows = lower[_reached(texts, spots, cues, counted, lower)]
        factor[rows] = cues.factors[facet[rows]]
        discount[rows] = number
    others = np.flatnonzero((discount == NONE) & (counted.place == ABSTRACT))
    for cues in rules.emphasis:
        rows = others[_reached(texts, spots, cues, counted, others)]
        factor[rows] = np.maximum(factor[rows], cues.factors[facet[rows]])
    return factor, discount


def _reached(texts: Texts, spots: Spots, cues: Cues, counted: Counted, rows: Ints) -> Bools:
    """Whether a cue reaches what counts in some rows."""
    sentence, start = counted.sentence[rows], counted.start[rows]
    if cues.within is None:
        marked = np.zeros(texts.sentences, dtype=bool)
        marked[spots.sentence[spots.slot == cues.slot]] = True
        return np.asarray(marked[sentence])
    spot = spots.before(np.full(len(rows), cues.slot), start)
    reached: Bools = spot != NONE
    reached[reached] = spots.sentence[spot[reached]] == sentence[reached]
    words = texts.words_between(spots.end[spot[reached]], start[reached])
    reached[reached] = words <= cues.within
    return reached


def _repeated(rules: CompiledRules, counted: Counted, mentions: int) -> Counted:
    """Each phrase so many times a field, the best of them.

    Repeating what speaks for a topic tells more; repeating what speaks against it does not.
    """
    same = counted.group * (2 * (rules.terms.phrase.max() + 1))
    same += 2 * counted.phrase + (counted.place == ABSTRACT)
    order = np.lexsort((-counted.weight, same))
    begin, end, rank = runs(same[order])
    if len(begin) == len(order):
        return counted
    first = np.repeat(np.minimum.reduceat(order, begin), end - begin)
    kept = rank < np.where(rules.rules.against[counted.rule[first]], 1, mentions)
    # In the order of the first mentions: products depend on it in their last digits.
    return counted.take(order[kept][np.lexsort((rank[kept], first[kept]))])


def _by_sentence(rules: CompiledRules, texts: Texts, counted: Counted) -> Counted:
    """What one sentence of the abstract says in other words is no second piece of evidence."""
    share = rules.topics.same_sentence[counted.topic]
    own = (counted.place == ABSTRACT) & ~rules.rules.against[counted.rule] & (share < 1)
    rows = np.flatnonzero(own)
    start, weight = counted.start[rows], counted.weight[rows]
    same = counted.group[rows] * texts.sentences + counted.sentence[rows]
    order = np.lexsort((start, -weight, same))
    further = order[runs(same[order]).rank > 0]
    weight[further] *= share[rows[further]]
    changed = counted.weight.copy()
    changed[rows] = weight
    return counted._replace(weight=changed)
