"""A few runs of the long programs, in the suite."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.year import simulate

ROOT = Path(__file__).parents[2]


def test_failing_servers_and_killed_processes_change_no_byte() -> None:
    environment = {**os.environ, "CHAOS_RUNS": "6", "CHAOS_SEED": "20"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"chaos: runs=6 faults=[1-9]\d+ kills=[1-9]\d* violations=0", last), (
        done.stdout + done.stderr
    )
    assert done.returncode == 0


def test_each_night_finds_that_days_papers_and_an_outage_leaves_no_gap(
    shared_data: Path, tmp_path: Path
) -> None:
    corpus = shared_data / "corpus/medical_ml.parquet"
    if not corpus.exists():
        pytest.skip(f"no corpus at {corpus}")
    year = simulate(corpus, tmp_path, 24, lambda _: None)
    assert year.mistakes == []
    assert (year.nights, year.outages) == (24, 7)
    assert year.found > 100
