"""A process that has imported everything and forks harvesters, so that starting one costs little.

It reads one JSON object a line: what to harvest. It answers with the harvester's process id, and,
when the harvester is over, with how it ended. It has no other threads, so forking is safe.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from medsafe_harvest import night
from medsafe_harvest.config import Config
from medsafe_harvest.errors import MedsafeError
from medsafe_harvest.fetch.harvest import Network
from medsafe_harvest.fetch.plan import Wanted
from medsafe_harvest.fetch.rawstore import RawStore
from tests.chaos.scenario import PACE, ROOT, SPEED, ScaledClock, configured, project_config

#: Exit code of a harvester that met an error which it should not have met.
UNEXPECTED = 99


@dataclass(frozen=True, slots=True)
class Order:
    """One run of a harvester."""

    data: str
    state: str
    urls: dict[str, str]
    queries: tuple[str, ...]
    #: Of the :class:`~tests.chaos.scenario.ScaledClock`.
    moment: str
    began: float
    speed: float = SPEED
    #: Seconds between two requests of one provider.
    pace: float = PACE


class Nobody:
    """Listens to nothing."""

    def planned(self, *_: object) -> None: ...
    def page(self, *_: object) -> None: ...
    def answered(self, *_: object) -> None: ...
    def queued(self, *_: object) -> None: ...
    def waiting(self, *_: object) -> None: ...
    def resumed(self, *_: object) -> None: ...
    def finished(self, *_: object) -> None: ...
    def left_alone(self, *_: object) -> None: ...
    def step(self, *_: object) -> None: ...


def harvest(order: Order, base: Config) -> int:
    """What the command line's ``harvest`` does, but for printing; its exit code."""
    config = configured(base, order.urls, order.queries, order.pace)
    clock = ScaledClock(datetime.fromisoformat(order.moment), order.began, order.speed)
    data = Path(order.data)
    data.mkdir(parents=True, exist_ok=True)
    network = Network(clock, Path(order.state), {}, "chaos")
    wanted = Wanted(config.queries, tuple(config.doors))
    try:
        # A process that was killed holds its lock until the system has cleared it away.
        with FileLock(data / ".lock").acquire(timeout=10):
            store = RawStore(data / "raw", version="chaos")
            done = night.harvest(config, store, network, data, wanted, Nobody())
    except Timeout:
        return 1
    except MedsafeError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 3 if done.fetched.incomplete else 0


class Nursery:
    """The other side: orders harvesters."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def start(self, order: Order) -> int:
        """Start a harvester; returns its process id."""
        assert self._process.stdin is not None
        print(json.dumps(asdict(order)), file=self._process.stdin, flush=True)
        return int(self._line())

    def end(self) -> int:
        """Wait for the harvester; returns its exit code, or minus the signal that ended it."""
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def main() -> None:
    """Take orders until there are no more."""
    base = project_config()
    for line in sys.stdin:
        fields = json.loads(line)
        order = Order(**{**fields, "queries": tuple(fields["queries"])})
        child = os.fork()
        if child == 0:
            code = UNEXPECTED
            try:
                code = harvest(order, base)
            except BaseException:  # noqa: BLE001 - shown, and told by the exit code
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
