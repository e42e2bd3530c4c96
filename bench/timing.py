"""How long work takes on a machine whose speed drifts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

#: Times that a piece of work is done.
RUNS = 3


def median_seconds(work: Callable[[], object]) -> float:
    """Median of the seconds that the work takes, done several times."""
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
