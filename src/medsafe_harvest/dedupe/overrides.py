"""A curator's own decisions about pairs, which always win: ``config/overrides.yaml``."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from medsafe_harvest.dedupe.reasons import Outcome, Reason
from medsafe_harvest.schema import DECISION


class Link(BaseModel):
    """One decision about two records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    left: str = Field(min_length=1, description="record_id, for example arxiv:2301.00001")
    right: str = Field(min_length=1, description="record_id of the other record")
    who: str = Field(min_length=1, description="Who decided")
    when: dt.date = Field(description="Day of the decision")
    why: str = Field(min_length=1, description="Reason, for whoever reads it next year")

    @model_validator(mode="after")
    def _two_records(self) -> Link:
        if self.left == self.right:
            raise ValueError(f"{self.left} stands on both sides")
        return self

    @property
    def pair(self) -> tuple[str, str]:
        """Both ids, the smaller first."""
        return min(self.left, self.right), max(self.left, self.right)

    def __str__(self) -> str:
        return f"{self.left} and {self.right} ({self.who}, {self.when}: {self.why})"


class Overrides(BaseModel):
    """All decisions of curators."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    must_link: tuple[Link, ...] = ()
    cannot_link: tuple[Link, ...] = ()

    @field_validator("must_link", "cannot_link", mode="before")
    @classmethod
    def _nothing_is_an_empty_list(cls, value: object) -> object:
        """``must_link:`` with nothing below it, as it stands when the last entry is deleted."""
        return () if value is None else value

    @model_validator(mode="after")
    def _no_contradiction(self) -> Overrides:
        """Records that must-links join, directly or through others, may not be held apart."""
        neighbours: dict[str, list[tuple[str, Link]]] = {}
        for link in self.must_link:
            neighbours.setdefault(link.left, []).append((link.right, link))
            neighbours.setdefault(link.right, []).append((link.left, link))
        for number, apart in enumerate(self.cannot_link):
            if path := _path(neighbours, apart.left, apart.right):
                chain = ", ".join(str(link) for link in path)
                raise _at("cannot_link", number, f"{apart} contradicts must_link {chain}")
        return self


def _at(key: str, number: int, words: str) -> ValidationError:
    """A mistake with the place of its entry, so that the line can be told."""
    # As a value and not as the template, so that braces in a curator's words stay.
    mistake = PydanticCustomError("contradiction", "{words}", {"words": words})
    place = InitErrorDetails(type=mistake, loc=(key, number), input=None)
    return ValidationError.from_exception_data("Overrides", [place])


def _path(neighbours: dict[str, list[tuple[str, Link]]], start: str, goal: str) -> tuple[Link, ...]:
    """The links of a shortest chain from start to goal, or none."""
    reached: dict[str, tuple[Link, ...]] = {start: ()}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        for there, link in neighbours.get(here, ()):
            if there not in reached:
                reached[there] = (*reached[here], link)
                waiting.append(there)
    return reached.get(goal, ())


def impose(decisions: Iterable[pa.RecordBatch], overrides: Overrides) -> Iterator[pa.RecordBatch]:
    """Rows of ``schema.DECISION`` where a curator's word stands in place of the rules'."""
    ruled = {link.pair: (Outcome.MATCH, Reason.MUST_LINK, link) for link in overrides.must_link}
    ruled |= {
        link.pair: (Outcome.NON_MATCH, Reason.CANNOT_LINK, link) for link in overrides.cannot_link
    }
    for batch in decisions:
        sides = (batch.column(name).to_pylist() for name in ("left", "right"))
        found = [ruled.get(pair) for pair in zip(*sides, strict=True)]
        if not any(found):
            yield batch
            continue
        said = {
            "outcome": [rule and rule[0].value for rule in found],
            "reason": [rule and rule[1].value for rule in found],
            "detail": [rule and f"{rule[2].who}, {rule[2].when}: {rule[2].why}" for rule in found],
        }
        columns = [
            pc.coalesce(pa.array(said[name], pa.string()), batch.column(name))
            if name in said
            else batch.column(name)
            for name in DECISION.names
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=DECISION)
