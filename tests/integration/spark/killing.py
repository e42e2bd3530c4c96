"""The command line, but the worker that decides about the first pairs dies doing so.

``python killing.py FLAG ARGUMENTS...``; the file FLAG is made by the one that dies. It is a program
of its own, whose functions Spark sends to the workers as they are.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from medsafe_harvest import cli
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.engines.spark import match

FLAG = Path(sys.argv.pop(1))


def judge_or_die(
    batches: Iterator[pa.RecordBatch], overrides: Overrides
) -> Iterator[pa.RecordBatch]:
    """As the engine's own, but once."""
    for batch in _judge(batches, overrides):
        try:
            os.close(os.open(FLAG, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            yield batch
        else:
            kill_worker()


def kill_worker() -> None:
    """End the worker of Spark that this process works for, with all that it started."""
    process = os.getpid()
    while b"deploy.worker.Worker" not in Path(f"/proc/{process}/cmdline").read_bytes():
        # Behind the name in brackets: state, parent.
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    os.killpg(os.getpgid(process), signal.SIGKILL)


if __name__ == "__main__":
    _judge = match._judge
    match._judge = judge_or_die
    cli.main()
