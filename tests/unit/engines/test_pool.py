"""Workers: they give what one process gives, and never outlive who started them."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from medsafe_harvest.engines.pool import ROWS, load_one, pool, save_one, shared
from medsafe_harvest.errors import EngineError

MANY = 3 * ROWS
PARENT = """
import os, sys, time
from pathlib import Path
from medsafe_harvest.engines.pool import ROWS, pool
from tests.unit.engines.test_pool import say_pid
if __name__ == "__main__":
    with pool(2, 3 * ROWS) as workers:
        print(*set(workers.run(say_pid, Path("."), 8)), flush=True)
        time.sleep(600)
"""


def say_pid(_: Path, part: int) -> int:
    time.sleep(0.01 * part)
    return os.getpid()


def double(folder: Path, part: int) -> str:
    return f"{folder.name} {2 * part}"


def die(_: Path, part: int) -> None:
    if part == 1:
        os.kill(os.getpid(), signal.SIGKILL)


class Knot:
    """Holds itself, as an exception holds the frame that caught it."""

    alive = 0

    def __init__(self) -> None:
        self.own = self
        Knot.alive += 1

    def __del__(self) -> None:
        Knot.alive -= 1


def tie(_folder: Path, _part: int) -> int:
    before = Knot.alive
    Knot()
    return before


def look_into(folder: Path, _part: int) -> bool:
    return shared(folder / "one.arrow") is shared(folder / "one.arrow")


def test_what_a_part_tied_into_cycles_is_gone_before_the_next() -> None:
    with pool(2, MANY) as workers:
        assert set(workers.run(tie, Path(), 6)) == {0}


def test_parts_share_what_is_mapped_and_nothing_of_it_outlives_them(tmp_path: Path) -> None:
    save_one(tmp_path / "one.arrow", pa.table({"n": [1, 2]}))
    with pool(1, 10) as here:
        assert here.run(look_into, tmp_path, 2) == [True, True]
    assert shared.cache_info().currsize == 0
    assert load_one(tmp_path / "one.arrow").num_rows == 2


def test_parts_come_back_in_order_from_workers_and_from_here() -> None:
    wanted = [f"there {2 * part}" for part in range(5)]
    for rows in (10, MANY):
        with pool(2, rows) as workers:
            assert workers.run(double, Path("there"), 5) == wanted


def test_a_worker_that_is_killed_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(EngineError, match="out of memory"), pool(2, MANY) as workers:
        workers.run(die, Path(), 3)


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert workers
        parent.kill()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline, "a worker lives on"
        time.sleep(0.05)


def large_text() -> pa.ChunkedArray:
    """Four gigabytes of text, in memory that nobody looks at."""
    size = 2**31 - 1
    offsets = pa.array([0, size], pa.int32()).buffers()[1]
    one = pa.StringArray.from_buffers(1, offsets, pa.py_buffer(mmap.mmap(-1, size)))
    return pa.chunked_array([one, one])


def test_a_column_of_too_much_text_is_told(tmp_path: Path) -> None:
    text = large_text()
    lists = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), text.chunk(0))
    for column in (text, pa.chunked_array([lists, lists])):
        with pytest.raises(EngineError, match="2 rows are too many for the embedded engine"):
            save_one(tmp_path / "x.arrow", pa.table({"text": column}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("much", [0, 10**9])
def test_a_table_is_written_as_one_batch_however_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, much: int
) -> None:
    monkeypatch.setattr("medsafe_harvest.engines.pool._MUCH", much)
    some = pa.table({"number": [1, None], "texts": [["a"], []]})
    save_one(tmp_path / "x.arrow", pa.concat_tables([some, some.slice(1), some]))
    found = load_one(tmp_path / "x.arrow")
    assert found.to_pylist() == [*some.to_pylist(), some.to_pylist()[1], *some.to_pylist()]
    save_one(tmp_path / "y.arrow", some.slice(0, 0))
    assert len(load_one(tmp_path / "y.arrow")) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.arrow", "y.arrow"]
