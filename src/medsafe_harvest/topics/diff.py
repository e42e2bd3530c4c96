"""Which papers change tags between two configurations, before the change is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import tee
from typing import Any, NamedTuple

from medsafe_harvest.topics.tag import Match, Tagger, Verdict


class Paper(NamedTuple):
    """What the rules read of a paper."""

    id: str
    title: str
    abstract: str | None
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One topic that a paper gains or loses.

    ``matches`` is what speaks for the topic where it is given: after a gain, before a loss.
    """

    paper: Paper
    topic: str
    gained: bool
    before: float
    after: float
    matches: tuple[Match, ...]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "paper": self.paper.id,
            "title": self.paper.title,
            "topic": self.topic,
            "change": "gained" if self.gained else "lost",
            "score_before": self.before,
            "score_after": self.after,
            "evidence": [match._asdict() for match in self.matches],
        }


def changes(before: Tagger, after: Tagger, papers: Iterable[Paper]) -> Iterator[Change]:
    """Every topic gained or lost, paper by paper in the order given, topics by name."""
    own, *told = tee(papers, 3)
    both = [
        tagger.explain_all((one.title, one.abstract, one.categories) for one in some)
        for tagger, some in zip((before, after), told, strict=True)
    ]
    for paper, had_all, has_all in zip(own, *both, strict=True):
        old = {one.topic: one for one in had_all}
        new = {one.topic: one for one in has_all}
        for topic in sorted(old.keys() | new.keys()):
            had, has = old.get(topic), new.get(topic)
            if _given(had) != _given(has):
                seen = has if _given(has) else had
                yield Change(
                    paper=paper,
                    topic=topic,
                    gained=_given(has),
                    before=had.score if had else 0.0,
                    after=has.score if has else 0.0,
                    matches=seen.matches if seen else (),
                )


def _given(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.tagged
