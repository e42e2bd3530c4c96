from __future__ import annotations

import itertools
import math
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from medsafe_harvest.errors import StoreError, ThrottledError
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.limiter import Limiter

from .conftest import FakeClock


def wait(
    limiter: Limiter, interval: float, longest: float = math.inf, told: list[float] | None = None
) -> float:
    """Take a turn and give it back at once."""
    on_wait = None if told is None else told.append
    with limiter.turn("arxiv", interval, longest, on_wait) as waited:
        return waited


def test_the_pace_survives_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    assert [wait(Limiter(tmp_path, clock), 3) for _ in range(3)] == [0, 3, 3]


def test_an_interval_of_nothing_touches_no_file(tmp_path: Path) -> None:
    assert wait(Limiter(tmp_path / "state", FakeClock()), 0) == 0
    assert not (tmp_path / "state").exists()


def test_a_throttle_seen_by_one_delays_the_others_and_is_told(tmp_path: Path) -> None:
    clock, told = FakeClock(), list[float]()
    Limiter(tmp_path, clock).hold("arxiv", 600)
    wait(Limiter(tmp_path, clock), 3, told=told)
    assert told == clock.slept == [600]


def test_a_clock_that_jumped_back_does_not_stop_the_harvest(tmp_path: Path) -> None:
    clock = FakeClock()
    limiter = Limiter(tmp_path, clock)
    wait(limiter, 3)
    clock.moment -= timedelta(days=400)
    assert wait(limiter, 3) <= 3


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
    assert [wait(limiter, 3), wait(limiter, 3)] == [0, 3]


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="MEDSAFE_STATE"):
        wait(Limiter(tmp_path / "file", FakeClock()), 3)


_WORKER = """
import sys
from pathlib import Path
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.limiter import Limiter
clock = SystemClock()
limiter = Limiter(Path(sys.argv[1]), clock)
for _ in range(6):
    with limiter.turn("arxiv", 0.05):
        began = clock.now().timestamp()
        clock.sleep(0.06 if sys.argv[2] == "slow" else 0)
        print(began, clock.now().timestamp())
"""


@pytest.mark.parametrize("answers", ["fast", "slow"])
def test_two_processes_together_keep_the_pace_one_connection_at_a_time(
    tmp_path: Path, answers: str
) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(tmp_path), answers],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [line for worker in workers for line in worker.communicate()[0].splitlines()]
    turns = sorted(tuple(map(float, line.split())) for line in said)
    assert len(turns) == 12
    # Waking up late shortens the gap to the next one; over all turns the pace must hold.
    assert turns[-1][0] - turns[0][0] >= 11 * 0.05 - 0.03
    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(turns))


def test_who_cannot_wait_so_long_is_told_until_when_and_takes_no_turn(tmp_path: Path) -> None:
    clock = FakeClock()
    limiter = Limiter(tmp_path, clock)
    limiter.hold("arxiv", 600)
    with pytest.raises(ThrottledError, match=r"not to be asked before 12:10:00 UTC \(600 s\)"):
        wait(limiter, 3, 60)
    assert clock.slept == []
    assert wait(limiter, 3) == 600


def test_a_killed_process_gives_its_turn_back(tmp_path: Path) -> None:
    script = _WORKER.replace("print(began", "clock.sleep(60); print(began")
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path), "fast"]) as holder:
        deadline = time.monotonic() + 20
        while not (tmp_path / "arxiv.json").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        holder.kill()
    with Limiter(tmp_path, SystemClock()).turn("arxiv", 0.05) as waited:
        assert waited <= 0.05
