"""What is sent to the workers of Spark is all that they import of this package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

session = pytest.importorskip("medsafe_harvest.engines.spark.session", reason="no extra spark")


def test_a_worker_can_import_what_it_runs(tmp_path: Path) -> None:
    sent = session.package(tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(sent)!r})\n"
        f"for name in {session.NEEDED_THERE!r}: __import__(name)\n"
        "import medsafe_harvest; print(medsafe_harvest.__file__)\n"
        "print(*({'duckdb', 'tantivy', 'typer'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{sent}/medsafe_harvest/__init__.pyc", ""]
