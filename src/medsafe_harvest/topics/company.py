"""What the rest of a paper says against a topic: the company that it keeps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from medsafe_harvest.topics.tables import ABSTRACT, FACETS, CompiledRules
from medsafe_harvest.topics.verdicts import Match
from medsafe_harvest.topics.weigh import Counted

_MEDICAL = FACETS.index("medical")


def company(
    rules: CompiledRules, counted: Counted, scores: Mapping[int, float], threshold: float
) -> dict[int, tuple[Match, ...]]:
    """What stands against the topics given, by group (see ``Counted``).

    ``beside``: the title names another topic of the facet that the paper gets, and not this one;
    a ``general`` topic is no such rival, since moving images or images with text are of some kind.
    ``outside``: the paper is not medical, and the topic is.

    Args:
        rules: all of them.
        counted: the hits that count.
        scores: by group, without the company.
        threshold: a topic is given from this score on.
    """
    topics = rules.topics
    groups = np.array([group for group, score in scores.items() if score >= threshold], dtype=int)
    paper, topic = np.divmod(groups, len(topics.slug))
    facet = topics.facet[topic]
    in_title = counted.place != ABSTRACT
    in_title &= (counted.weight >= rules.names) & ~rules.rules.against[counted.rule]
    named = np.isin(groups, counted.group[in_title])
    of_facet = paper * len(FACETS) + facet
    rivals = named & ~topics.general[topic]
    beside = ~named & np.isin(of_facet, of_facet[rivals]) & (topics.beside[topic] > 0)
    medical = np.isin(paper, paper[facet == _MEDICAL])
    outside = ~medical & (topics.outside[topic] > 0)
    found: dict[int, tuple[Match, ...]] = {}
    for row in np.flatnonzero(beside | outside).tolist():
        slug, own = topics.slug[topic[row]], []
        if beside[row]:
            rival = topics.slug[topic[(of_facet == of_facet[row]) & rivals][0]]
            own.append(_against(f"{slug}/beside", rival, float(topics.beside[topic[row]])))
        if outside[row]:
            own.append(
                _against(f"{slug}/outside", "not medical", float(topics.outside[topic[row]]))
            )
        found[int(groups[row])] = tuple(own)
    return found


def _against(rule: str, text: str, weight: float) -> Match:
    return Match(rule, "topics", text, 0, -weight, None)
