"""A real cluster of Spark on this machine: a master and two workers, each a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyspark

_MASTER = "org.apache.spark.deploy.master.Master"
#: A small job is over before Java has compiled it well.
_SOON_UP = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
_WORKER = "org.apache.spark.deploy.worker.Worker"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where it answers, and the settings of a small job."""

    master: str
    workers: tuple[subprocess.Popen[str], ...]
    settings: Mapping[str, str]


def _start(folder: Path, name: str, *command: str) -> subprocess.Popen[str]:
    """Start a part of a cluster."""
    home = Path(pyspark.__file__).parent
    environment = os.environ | {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / name),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": _SOON_UP,
        "PYTHONPATH": "",  # the package comes from the driver
    }
    return subprocess.Popen(
        [str(home / "bin/spark-class"), *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that its executors end with it
    )


def _when_up(process: subprocess.Popen[str], until: str) -> str:
    """Wait until the log of a process has some words: that line of it."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if until in line:
            return line
    raise AssertionError(f"a part of the cluster did not come up:\n{''.join(lines)}")


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stderr is not None:
        process.stderr.close()
    process.wait()


@contextlib.contextmanager
def running(folder: Path, *, memory: str = "1g") -> Iterator[Cluster]:
    """A master and two workers of one core each."""
    here = ("--host", "127.0.0.1", "--webui-port", "0", "--port", "0")
    parts = [_start(folder, "master", _MASTER, *here)]
    try:
        line = _when_up(parts[0], "Starting Spark master at ")
        master = line.rpartition(" at ")[2].strip()
        for name in ("one", "other"):
            size = ("--cores", "1", "--memory", memory, "--work-dir", str(folder / name))
            parts.append(_start(folder, name, _WORKER, *here, *size, master))
        for worker in parts[1:]:
            _when_up(worker, "Successfully registered")
        yield Cluster(
            master,
            tuple(parts[1:]),
            {
                "spark.driver.host": "127.0.0.1",
                "spark.driver.bindAddress": "127.0.0.1",
                "spark.driver.memory": "512m",
                "spark.executor.memory": memory,
                "spark.local.dir": str(folder / "driver"),
                "spark.pyspark.python": sys.executable,
                "spark.pyspark.driver.python": sys.executable,
                "spark.sql.shuffle.partitions": "2",
                "spark.driver.extraJavaOptions": _SOON_UP,
                "spark.executor.extraJavaOptions": _SOON_UP,
                "spark.ui.enabled": "false",
            },
        )
    finally:
        for process in parts:
            _end(process)
