"""A Spark that cannot start says why, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from medsafe_harvest.errors import EngineError

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("java")]

ROOT = Path(__file__).parents[3]


def test_what_only_its_log_says_is_the_error(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from medsafe_harvest.cli import main; main()"),
            *("--config", str(ROOT / "config"), "curate", "--records", "none.parquet"),
            *("--engine", "spark", "--master", "of-none", "--lake", str(tmp_path / "lake")),
        ],
        env=os.environ | {"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first == "starting Spark"
    assert second.startswith(
        "error: Spark does not start with master of-none: Master must either be yarn or start with"
    )
    assert not list(temporary.glob("medsafe-harvest-*"))


def test_java_is_looked_for_where_spark_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from medsafe_harvest.engines.spark.session import check_java  # noqa: PLC0415 - imports the extra

    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineError, match=f"none at {tmp_path}/bin/java, as JAVA_HOME says"):
        check_java()
