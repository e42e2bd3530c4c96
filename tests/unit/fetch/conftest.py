"""A clock that tests turn themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.sources.base import PageContent, Window

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


@dataclass
class FakeClock:
    """Stands still but for its sleeps; ``moment`` may be set, as a clock may jump."""

    moment: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


class Silent:
    """Listens to nothing."""

    def planned(self, tasks: object) -> None: ...
    def page(self, source: str, query: str, window: Window, content: PageContent) -> None: ...
    def answered(self, source: str, seconds: float) -> None: ...
    def queued(self, source: str, seconds: float) -> None: ...
    def waiting(self, source: str, seconds: float, why: str) -> None: ...
    def resumed(self, source: str, query: str, window: Window, pages: int) -> None: ...
    def finished(self, record: WindowRecord) -> None: ...
    def left_alone(self, source: str, windows: int, why: str) -> None: ...
    def step(self, name: str, total: int | None = None) -> None: ...
