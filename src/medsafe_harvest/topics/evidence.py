"""What speaks for a topic, spelled out as it stands in the paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medsafe_harvest.topics.tables import NONE, CompiledRules, Floats, runs
from medsafe_harvest.topics.texts import Texts
from medsafe_harvest.topics.verdicts import Match
from medsafe_harvest.topics.weigh import Counted

_FIELDS = np.array(["abstract", "title"], dtype=object)


class Evidence:
    """The heaviest matches of some topics of papers, by group (see ``Counted``)."""

    def __init__(
        self,
        rules: CompiledRules,
        texts: Texts,
        counted: Counted,
        groups: Sequence[int],
        most: int | None,
    ) -> None:
        """Only so many matches that speak for a topic are spelled out, or all if None.

        Most of the work of tagging would go into the others.
        """
        self._most = most
        counted, signed = _heaviest(rules, counted, groups, most)
        in_title, start, words = texts.words(counted.paper, counted.start, counted.end)
        discounts = np.array([None, *[cues.name for cues in rules.discounts]], dtype=object)
        self._matches = list(
            map(
                Match,
                np.array(rules.rules.name, dtype=object)[counted.rule].tolist(),
                _FIELDS[in_title.astype(np.int64)].tolist(),
                words,
                start.tolist(),
                signed.tolist(),
                discounts[counted.discount - NONE].tolist(),
            )
        )
        begin, end, _ = runs(counted.group)
        places = zip(begin.tolist(), end.tolist(), strict=True)
        self._places = dict(zip(counted.group[begin].tolist(), places, strict=True))

    def of(self, group: int, extra: Match | None) -> tuple[Match, ...]:
        """Heaviest first, with one that stands elsewhere."""
        begin, end = self._places.get(group, (0, 0))
        found = self._matches[begin:end]
        if extra is not None:
            found = sorted([*found, extra], key=_order)[: self._most]
        return tuple(found)


def _heaviest(
    rules: CompiledRules, counted: Counted, groups: Sequence[int], most: int | None
) -> tuple[Counted, Floats]:
    """By group and weight, with the weights: negative for what speaks against the topic."""
    counted = counted.take(np.isin(counted.group, groups))
    signed = np.where(rules.rules.against[counted.rule], -counted.weight, counted.weight)
    order = np.lexsort((counted.start, -signed, counted.group))
    if most is not None:
        rank = runs(counted.group[order]).rank
        order = order[(rank < most) & (signed[order] > 0)]
    return counted.take(order), signed[order]


def _order(match: Match) -> tuple[float, bool, int, str, str]:
    return -match.weight, match.field != "title", match.start, match.text, match.rule
