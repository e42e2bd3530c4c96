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


#: Somebody's own session is used more than once, from another thread too, and stays; a lake takes
#: the place of another from wherever a job was ended.
_NOTEBOOK = """
import sys
from pathlib import Path
from threading import Thread
from pyspark.sql import SparkSession
from medsafe_harvest.engines.spark.curate import _replace
from medsafe_harvest.engines.spark.session import session
from medsafe_harvest.engines.spark.stages import remove, rename
from medsafe_harvest.errors import EngineError

theirs = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()

def work():
    with session() as own:
        print(own.range(3).count())

work()
thread = Thread(target=work)
thread.start()
thread.join()
print(theirs.range(5).count())

def made(name, text):
    Path(name).mkdir()
    (Path(name) / "manifest.json").write_text(text)

for before in ([], ["lake"], ["lake.replaced"], ["lake", "lake.replaced"]):
    for name in ["lake.new", *before]:
        made(name, name)
    folder = f"file://{Path.cwd()}/lake"
    _replace(theirs, folder, f"{folder}.new", print)
    whose = Path("lake/manifest.json").read_text()
    print(*sorted(path.name for path in Path.cwd().iterdir()), whose)
    remove(theirs, folder)
made("one", "one")
made("two", "two")
try:
    rename(theirs, "file://" + str(Path("one").resolve()), "file://" + str(Path("two").resolve()))
except EngineError as error:
    print(str(error).rpartition(": ")[2], *sorted(path.name for path in Path("two").iterdir()))
"""


def test_a_session_that_is_there_is_used_again_and_a_lake_is_replaced_from_anywhere(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _NOTEBOOK],
        cwd=tmp_path,
        env=os.environ | {"PYSPARK_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    replaced = ["lake lake.new"] * 4
    assert done.stdout.splitlines() == ["3", "3", "5", *replaced, "do it by hand manifest.json"]
