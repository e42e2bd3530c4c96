from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from medsafe_harvest.errors import StoreError, ThrottledError
from medsafe_harvest.fetch.limiter import Limiter

from .conftest import FakeClock


def test_the_pace_survives_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    assert [Limiter(tmp_path, clock).wait("arxiv", 3) for _ in range(3)] == [0, 3, 3]


def test_an_interval_of_nothing_touches_no_file(tmp_path: Path) -> None:
    assert Limiter(tmp_path / "state", FakeClock()).wait("arxiv", 0) == 0
    assert not (tmp_path / "state").exists()


def test_a_throttle_seen_by_one_delays_the_others_and_is_told(tmp_path: Path) -> None:
    clock, told = FakeClock(), list[float]()
    Limiter(tmp_path, clock).hold("arxiv", 600)
    Limiter(tmp_path, clock).wait("arxiv", 3, on_wait=told.append)
    assert told == clock.slept == [600]


def test_a_clock_that_jumped_back_does_not_stop_the_harvest(tmp_path: Path) -> None:
    clock = FakeClock()
    limiter = Limiter(tmp_path, clock)
    limiter.wait("arxiv", 3)
    clock.moment -= timedelta(days=400)
    assert limiter.wait("arxiv", 3) <= 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"next": "20',
        "[]",
        '{"next": 5, "longest": 3}',
        '{"next": "2025-06-01T00:00:01", "longest": 3}',
        '{"next": "9999-01-01T00:00:00+00:00", "longest": Infinity}',
    ],
)
def test_an_unreadable_state_is_no_turn(tmp_path: Path, text: str) -> None:
    (tmp_path / "arxiv.json").write_text(text, encoding="utf-8")
    limiter = Limiter(tmp_path, FakeClock())
    assert [limiter.wait("arxiv", 3), limiter.wait("arxiv", 3)] == [0, 3]


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="MEDSAFE_STATE"):
        Limiter(tmp_path / "file", FakeClock()).wait("arxiv", 3)


_WORKER = """
import sys
from pathlib import Path
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.limiter import Limiter
clock = SystemClock()
limiter = Limiter(Path(sys.argv[1]), clock)
for _ in range(6):
    limiter.wait("arxiv", 0.05)
    print(clock.now().timestamp())
"""


def test_two_processes_together_keep_the_pace(tmp_path: Path) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    times = sorted(float(line) for worker in workers for line in worker.communicate()[0].split())
    assert len(times) == 12
    # Waking up late shortens the gap to the next one; over all turns the pace must hold.
    assert times[-1] - times[0] >= 11 * 0.05 - 0.03


def test_who_cannot_wait_so_long_is_told_until_when_and_takes_no_turn(tmp_path: Path) -> None:
    clock = FakeClock()
    limiter = Limiter(tmp_path, clock)
    limiter.hold("arxiv", 600)
    with pytest.raises(ThrottledError, match=r"silence until 12:10:00 UTC \(600 s\)"):
        limiter.wait("arxiv", 3, longest=60)
    assert clock.slept == []
    assert limiter.wait("arxiv", 3) == 600
