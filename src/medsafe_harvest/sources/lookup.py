"""What most look-ups have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class LookupDoor:
    """A :class:`~medsafe_harvest.sources.base.Lookup` that describes papers fully, by their ids."""

    gives: ClassVar[tuple[str, ...]] = ()
    offers: ClassVar[bool] = False

    #: Wishes of a run, of ``batch`` papers each; 0: none.
    nightly: int = 10
    #: Days after which a paper is asked for again.
    again_days: int = 30
