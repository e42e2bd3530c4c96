from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsafe_harvest.profile import Memory, Profile, Stage, Use, as_text, tree_use


class Clock:
    """Advances when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def profile_of(clock: Clock, uses: Iterator[int]) -> Profile:
    return Profile(clock, Memory(lambda: Use(one := next(uses, 0), one // 2), "told by the test"))


def test_a_step_ends_the_one_before_and_a_part_counts_in_its_whole(clock: Clock) -> None:
    with profile_of(clock, iter(())) as profile:
        profile.step("match", 10)
        clock.now += 1
        profile.step("match: join", 20)
        clock.now += 2
        profile.step("match: screen", 30)
        clock.now += 4
        profile.step("write")
        clock.now += 8
    assert [(one.name, one.rows, one.seconds) for one in profile.stages] == [
        ("match", 10, 7.0),
        ("match: join", 20, 2.0),
        ("match: screen", 30, 4.0),
        ("write", None, 8.0),
    ]
    assert profile.stages[0].rows_per_second == pytest.approx(10 / 7)


def test_rows_that_are_only_known_in_the_end_count_for_what_runs(clock: Clock) -> None:
    with profile_of(clock, iter(())) as profile:
        profile.counted(1)  # nothing runs
        profile.step("match")
        profile.step("match: pairs")
        profile.counted(5)
        profile.step("write")
        profile.counted(7)
        profile.counted(8)
    assert [(one.name, one.rows) for one in profile.stages] == [
        ("match", None),
        ("match: pairs", 5),
        ("write", 15),
    ]


def test_a_stage_told_again_goes_on_and_time_between_stages_is_nobodys(clock: Clock) -> None:
    with profile_of(clock, iter(())) as profile:
        for rows in (3, 4):
            with profile.stage("fetch", rows):
                clock.now += 1
            clock.now += 100
        with profile.stage("write"):
            clock.now += 1
    assert [(one.name, one.rows, one.seconds) for one in profile.stages] == [
        ("fetch", 7, 2.0),
        ("write", None, 1.0),
    ]


def test_a_peak_belongs_to_the_stages_that_ran_when_it_was_seen(clock: Clock) -> None:
    # Looks happen as each step begins, and at the end; the clock never moves, so no other comes
    # before a tenth of a second of real time.
    uses = iter([1, 5, 9, 2, 3])
    with profile_of(clock, uses) as profile:
        profile.step("match")
        profile.step("match: join")
        profile.step("match: screen")
        profile.step("write")
    peaks = {one.name: one.peak for one in profile.stages}
    assert peaks == {"match": 9, "match: join": 9, "match: screen": 2, "write": 3}


def test_memory_is_looked_at_while_a_stage_runs(clock: Clock) -> None:
    looked = threading.Event()
    looks = 0

    def in_use() -> Use:
        nonlocal looks
        looks += 1
        if looks > 1:
            looked.set()
        return Use(looks)

    with Profile(clock, Memory(in_use, "told by the test")) as profile:
        profile.step("read")
        assert looked.wait(10)
    assert profile.stages[0].peak >= 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells by process")
def test_memory_counts_children_and_tells_what_is_of_files(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(40_000_000))
    code = (
        "import mmap, sys; x = bytearray(60_000_000); "
        "o = open(sys.argv[1], 'rb'); f = mmap.mmap(o.fileno(), 0, access=mmap.ACCESS_READ); "
        "y = sum(f[n] for n in range(0, len(f), 4096)); print(flush=True); input()"
    )
    before = tree_use().all
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "file")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with_child, alone = tree_use(), tree_use(child.pid)
        child.communicate(b"\n")
    assert alone.all > 100_000_000
    assert 60_000_000 < alone.held < alone.all - 40_000_000
    assert with_child.all - before > 100_000_000
    assert tree_use(child.pid) == Use(0)
    assert tree_use(os.getpid()).all == pytest.approx(tree_use().all, rel=0.1)


def test_the_table_has_rates_and_a_sum(clock: Clock) -> None:
    uses = iter([0, 7_000_000, 9_000_000])
    with profile_of(clock, uses) as profile:
        profile.step("read")
        clock.now += 1
        profile.step("match", 3_000)
        clock.now += 2
    plain = profile.as_plain()
    assert plain["stages"][1] == {
        "stage": "match",
        "rows": 3_000,
        "seconds": 2.0,
        "rows_per_second": 1_500,
        "peak_bytes": 9_000_000,
        "held_bytes": 4_500_000,
    }
    lines = as_text(plain).splitlines()
    assert lines[2].split() == ["match", "3,000", "2.00", "1,500", "9", "4"]
    assert lines[3].split() == ["all", "3.00", "9", "4"]
    assert lines[4] == "memory: told by the test"


def test_a_stage_that_took_no_time_has_no_rate() -> None:
    assert Stage("write", rows=3).rows_per_second is None
