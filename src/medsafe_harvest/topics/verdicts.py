"""What tagging says of a paper."""

from __future__ import annotations

from typing import Any, NamedTuple

from medsafe_harvest.topics.rules import Facet


class Match(NamedTuple):
    """One piece of evidence.

    Attributes:
        rule: ``topic/rule``, ``topic/category``, ``implied/name`` of an implication, or
            ``topic/beside`` and ``topic/outside`` (see :func:`company.company`).
        field: ``title``, ``abstract`` or ``categories`` (joined by single spaces), or ``topics``
            for what other topics of the paper say against this one.
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


class Verdict(NamedTuple):
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
