"""arXiv's pace, seen from its own side: two processes, one killed and started again."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from werkzeug import Request

from medsafe_harvest import loopback
from tests.chaos.nursery import Nursery, Order

#: Seconds of the harvesters in one of the machine, and arXiv's rule.
SPEED = 40.0
PACE = 3.0
#: What the two clocks, the harvesters' and the server's, may differ by in one interval.
LATE = 0.1


def test_two_processes_and_a_restart_keep_to_one_request_in_three_seconds(tmp_path: Path) -> None:
    lock = threading.Lock()
    active = list[str]()
    together = list[float]()

    def before(request: Request) -> None:
        if not request.path.startswith(("/api/query", "/oai", "/rss")):
            return
        with lock:
            active.append(request.path)
            if len(active) > 1:
                together.append(time.monotonic())
        # Now and then an answer takes longer than the pace.
        time.sleep(0.1 if request.path == "/oai" else 0.01)
        with lock:
            active.remove(request.path)

    with (
        loopback.running(loopback.bundled_corpus(), before=before) as services,
        Nursery() as one,
        Nursery() as other,
    ):

        def order(name: str) -> Order:
            return Order(
                str(tmp_path / name),
                str(tmp_path / "state"),
                services.urls,
                ("unlearning",),
                datetime(2023, 3, 6, 5, tzinfo=UTC).isoformat(),
                began,
                SPEED,
                PACE,
            )

        began = time.time()
        victim = one.start(order("one"))
        other.start(order("other"))
        time.sleep(1.5)
        os.kill(victim, signal.SIGKILL)
        killed = time.monotonic()
        assert one.end() == -signal.SIGKILL
        one.start(order("one"))
        assert (one.end(), other.end()) == (0, 0)
        seen = sorted(
            (request.time * SPEED, request.path)
            for request in services.requests
            if request.service == "arxiv"
        )
    paths = {path.split("/")[1] for _, path in seen}
    assert paths == {"api", "oai", "rss"}
    assert len(seen) > 30
    gaps = [after - before for (before, _), (after, _) in itertools.pairwise(seen)]
    assert min(gaps) >= PACE - LATE
    # The request of the process that was killed has no client any more, but the server is not
    # through with it when the next one comes.
    assert [moment for moment in together if not killed < moment < killed + 1] == []
