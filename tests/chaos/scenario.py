"""What a chaos run harvests, and how: few queries, tiny pages, a clock that runs fast."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from medsafe_harvest.config import Config, load_config
from medsafe_harvest.loopback import Limits

ROOT = Path(__file__).parents[2]

#: Seconds of the harvester in one second of the machine.
SPEED = 500.0
#: Seconds between two requests of one provider.
PACE = 0.5
#: When the nights begin; papers of the corpus appear between them.
NIGHTS = (
    datetime(2023, 3, 6, 5, tzinfo=UTC),
    datetime(2023, 3, 7, 5, tzinfo=UTC),
    datetime(2023, 5, 2, 5, tzinfo=UTC),
)
#: Small enough that every list has several pages, and that some windows have to be split.
LIMITS = Limits(arxiv_page=5, arxiv_window=20, bulk_page=4, oai_page=3)
#: Seed queries of each scenario.
SCENARIOS = (
    ("federated-learning", "unlearning"),
    ("fairness", "uncertainty-conformal", "differential-privacy"),
    ("adversarial", "explainability-saliency"),
)


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """A clock that runs faster than the machine's, from a moment of its own.

    Processes that are given the same two moments agree on the time.
    """

    #: What it shows at ``began``.
    moment: datetime
    #: ``time.time()`` when it was started.
    began: float
    speed: float = SPEED

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        return self.moment + timedelta(seconds=(time.time() - self.began) * self.speed)

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic() * self.speed

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds / self.speed)


def configured(
    base: Config, urls: Mapping[str, str], queries: tuple[str, ...], pace: float = PACE
) -> Config:
    """The project's own configuration, of some queries, with services on this machine."""
    services = {
        name: {
            "base_url": url,
            "min_interval": pace,
            "wait_throttled": 5.0,
            "connect_timeout": 10.0,
            "read_timeout": 10.0,
            "max_body_mb": 2.0,
        }
        for name, url in urls.items()
    }
    services["arxiv"] |= {"page_size": 5, "cap": 20}
    config = base.with_sources(services).with_retry(
        attempts=4, wait_initial=0.5, wait_max=4.0, breaker=10.0, breaker_max=60.0
    )
    chosen = tuple(
        query.model_copy(update={"since": date(2019, 1, 1)})
        for query in config.queries
        if query.id in queries
    )
    return dataclasses.replace(config, queries=chosen)


def project_config() -> Config:
    """The configuration that the project ships."""
    return load_config(ROOT / "config")
