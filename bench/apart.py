"""Run a program in a fresh process and watch its memory and the files that it keeps meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsafe_harvest.profile import tree_use

ROOT = Path(__file__).parents[1]
#: Seconds between two looks; at least so many times what a look takes, for one at a process that
#: has mapped gigabytes takes long.
_EVERY, _LOOKS_COST = 0.2, 20


class NotDoneError(Exception):
    """The program gave no result; the message says why."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a program found, and what it took."""

    found: dict[str, Any]
    #: Of the process and all below it, memory that they share counted once; bytes.
    peak: int
    #: The same without files that are mapped.
    held: int
    #: Bytes of its temporary files when they were most.
    scratch: int


def run(
    module: str,
    arguments: Sequence[str | Path],
    *,
    python: str = sys.executable,
    limit: float | None = None,
) -> Done:
    """Run ``python -m module arguments``; the last line that it prints is JSON.

    Args:
        module: the module.
        arguments: its arguments.
        python: the interpreter.
        limit: seconds after which it is ended.

    Raises:
        NotDoneError: it failed, or took too long.
    """
    command = [python, "-m", module, *map(str, arguments)]
    with tempfile.TemporaryDirectory(prefix="medsafe-bench-") as name:
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": name},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            watch = _Watch(process.pid, Path(name))
            watch.start()
            try:
                said, complaints = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                process.kill()
                raise NotDoneError(f"stopped after {limit:.0f} s") from None
            finally:
                watch.done.set()
                watch.join()
        if process.returncode < 0:
            ended = signal.Signals(-process.returncode).name
            raise NotDoneError(
                f"ended from outside ({ended}), with {watch.peak / 1e9:.1f} GB of memory and "
                f"{watch.scratch / 1e9:.1f} GB of temporary files at most"
            )
        if process.returncode:
            last = (complaints.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
            raise NotDoneError(f"failed: {last}")
        return Done(
            json.loads(said.strip().splitlines()[-1]), watch.peak, watch.held, watch.scratch
        )


class _Watch(threading.Thread):
    def __init__(self, process: int, folder: Path) -> None:
        super().__init__(daemon=True)
        self._process, self._folder = process, folder
        self.done = threading.Event()
        self.peak = self.held = self.scratch = 0

    def run(self) -> None:
        pause = _EVERY
        while not self.done.wait(pause):
            began = time.perf_counter()
            use = tree_use(self._process)
            self.peak, self.held = max(self.peak, use.all), max(self.held, use.held)
            self.scratch = max(self.scratch, _bytes_in(self._folder))
            pause = max(_EVERY, _LOOKS_COST * (time.perf_counter() - began))


def _bytes_in(folder: Path) -> int:
    """Bytes on disk below a folder; what vanishes meanwhile counts nothing."""
    found = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                found += os.stat(os.path.join(place, name)).st_blocks * 512  # noqa: PTH116, PTH118 - often
            except FileNotFoundError:
                continue
    return found
