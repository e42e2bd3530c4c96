"""Where time and memory go: what each stage of a run took.

A :class:`Profile` is told of stages as they begin, as :class:`pipeline.Steps` are, or holds one as
a context. A name such as ``match: screen`` is a part of the stage ``match``, and counts there too.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

#: Between the name of a stage and that of a part of it.
PART = ": "
#: Seconds between two looks at the memory; at least so many times what a look takes.
_EVERY = 0.1
_LOOKS_COST = 20
_PROC = Path("/proc")
_KIB = 1024


@dataclass(slots=True)
class Stage:
    """What a stage took; ``rows`` is None where nothing is counted."""

    name: str
    rows: int | None = None
    seconds: float = 0.0
    #: The most memory, in bytes, that was in use while the stage ran; and the most of it that was
    #: not of files, which are mapped and can be read again. 0 where that is not told.
    peak: int = 0
    held: int = 0

    @property
    def rows_per_second(self) -> float | None:
        """None where it cannot be told."""
        return self.rows / self.seconds if self.rows and self.seconds else None


class Use(NamedTuple):
    """Memory in use, in bytes."""

    all: int
    #: Without what is of files that are mapped, which the system can take back; 0 if not told.
    held: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """A way to tell how much memory is in use, and its name."""

    in_use: Callable[[], Use]
    about: str


class Profile:
    """Keeps time, rows and peak memory of each stage, while it is entered as a context.

    Args:
        clock: seconds that never run backwards.
        memory: told by the system where it is None.
    """

    def __init__(self, clock: Callable[[], float], memory: Memory | None = None) -> None:
        self._clock = clock
        self._memory = memory or memory_of_this_machine()
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._watch = threading.Thread(target=self._look_often, daemon=True)
        self._stages: dict[str, Stage] = {}
        #: The stage that runs, and its part that runs, with the moment each began.
        self._open: list[tuple[Stage, float]] = []

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._watch.join()
        self._look()
        with self._lock:
            self._close(0)

    @property
    def about_memory(self) -> str:
        """How memory is told."""
        return self._memory.about

    @property
    def stages(self) -> list[Stage]:
        """Each stage that began, in order, its parts behind it; one told again goes on."""
        whole = [name for name in self._stages if PART not in name]
        return [
            stage
            for name in whole
            for other, stage in self._stages.items()
            if other == name or other.startswith(name + PART)
        ]

    def step(self, name: str, total: int | None = None) -> None:
        """A stage begins, and the one before it ends; ``total`` counts what it works on."""
        self._look()
        now = self._clock()
        with self._lock:
            whole, part, _ = name.partition(PART)
            if not self._open or self._open[0][0].name != whole:
                self._close(0, now)
                self._begin(whole, None if part else total, now)
            elif not part and total is not None:
                self._open[0][0].rows = (self._open[0][0].rows or 0) + total
            self._close(1, now)
            if part:
                self._begin(name, total, now)

    def counted(self, rows: int) -> None:
        """The stage that runs worked on so many rows; some only tell in the end."""
        with self._lock:
            if self._open:
                stage, _ = self._open[-1]
                stage.rows = (stage.rows or 0) + rows

    @contextmanager
    def stage(self, name: str, rows: int | None = None) -> Iterator[None]:
        """While the block runs, the stage does."""
        self.step(name, rows)
        try:
            yield
        finally:
            self._look()
            with self._lock:
                self._close(1 if PART in name else 0)

    def as_plain(self) -> dict[str, Any]:
        """For JSON; seconds, rows a second, bytes."""
        return {
            "memory": self.about_memory,
            "stages": [
                {
                    "stage": stage.name,
                    "rows": stage.rows,
                    "seconds": round(stage.seconds, 3),
                    "rows_per_second": stage.rows_per_second and round(stage.rows_per_second),
                    "peak_bytes": stage.peak,
                    "held_bytes": stage.held,
                }
                for stage in self.stages
            ],
        }

    def _begin(self, name: str, rows: int | None, now: float) -> None:
        stage = self._stages.setdefault(name, Stage(name))
        if rows is not None:
            stage.rows = (stage.rows or 0) + rows
        self._open.append((stage, now))

    def _close(self, keep: int, now: float | None = None) -> None:
        """End all but so many of the stages that run."""
        now = self._clock() if now is None else now
        while len(self._open) > keep:
            stage, began = self._open.pop()
            stage.seconds += now - began

    def _look(self) -> None:
        """Let the memory in use now count for what runs now."""
        seen = self._memory.in_use()
        with self._lock:
            for stage, _ in self._open:
                stage.peak = max(stage.peak, seen.all)
                stage.held = max(stage.held, seen.held)

    def _look_often(self) -> None:
        pause = _EVERY
        while not self._done.wait(pause):
            began = self._clock()
            self._look()
            pause = max(_EVERY, _LOOKS_COST * (self._clock() - began))


def as_text(plain: dict[str, Any]) -> str:
    """What :meth:`Profile.as_plain` gives as a table; the last line says how memory is told."""
    lines = [
        f"{'stage':<34}{'rows':>12}{'seconds':>10}{'rows/s':>12}{'peak MB':>10}{'held MB':>10}"
    ]
    for stage in plain["stages"]:
        whole, part, rest = stage["stage"].partition(PART)
        lines.append(
            f"{'  ' + rest if part else whole:<34}{_number(stage['rows']):>12}"
            f"{stage['seconds']:>10,.2f}{_number(stage['rows_per_second']):>12}"
            f"{stage['peak_bytes'] / 1e6:>10,.0f}{stage['held_bytes'] / 1e6:>10,.0f}"
        )
    whole_run = [stage for stage in plain["stages"] if PART not in stage["stage"]]
    seconds = sum(stage["seconds"] for stage in whole_run)
    peak, held = (
        max((stage[name] for stage in whole_run), default=0)
        for name in ("peak_bytes", "held_bytes")
    )
    lines.append(
        f"{'all':<34}{'':>12}{seconds:>10,.2f}{'':>12}{peak / 1e6:>10,.0f}{held / 1e6:>10,.0f}"
    )
    return "\n".join([*lines, f"memory: {plain['memory']}"]) + "\n"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def memory_of_this_machine() -> Memory:
    """What the system tells: the present use where it has ``/proc``, else the most so far."""
    if (_PROC / "self/smaps_rollup").exists():
        return Memory(
            tree_use,
            "of this process and its children, memory that they share counted once (Pss of "
            "/proc/*/smaps_rollup); held: without mapped files (Pss_Anon)",
        )
    if find_spec("resource") is None:
        return Memory(lambda: Use(0), "not told by this system")
    return Memory(
        _most_so_far,
        "the most so far of this process, and of its largest child that has ended (getrusage)",
    )


def tree_use(process: int | None = None) -> Use:
    """Memory of a process (None: this one) and of all below it; what several share counts once.

    Files that are mapped count as far as they are in memory. Who ends meanwhile counts nothing.
    """
    found, held, waiting = 0, 0, ["self" if process is None else str(process)]
    while waiting:
        name = waiting.pop()
        told = dict(_TOLD.findall(_text(_PROC / name / "smaps_rollup")))
        found += int(told.get("Pss", 0)) * _KIB
        held += int(told.get("Pss_Anon", 0)) * _KIB
        for children in (_PROC / name / "task").glob("*/children"):
            waiting += _text(children).split()
    return Use(found, held)


_TOLD = re.compile(r"^(Pss|Pss_Anon): +(\d+) kB", re.MULTILINE)


def _text(path: Path) -> str:
    """What a file of ``/proc`` says; nothing of a process that has ended, or is another user's."""
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _most_so_far() -> Use:
    import resource  # noqa: PLC0415 - Windows has none

    most = sum(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    # macOS counts bytes, the others KiB.
    return Use(most if sys.platform == "darwin" else most * _KIB)
