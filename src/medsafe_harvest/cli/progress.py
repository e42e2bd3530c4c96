"""Tell a person what is going on: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from medsafe_harvest.fetch.harvest import Task
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.profile import PART, Profile
from medsafe_harvest.sources.base import Completeness, PageContent, Window

#: Without a terminal, a line at most so often (seconds) for a source that goes well.
_QUIET = 15.0
#: The parts of a step are worth a line each where it works on so many rows.
_LONG = 100_000
#: Shorter waits are the usual pace.
_WORTH_TELLING = 5.0


class Reporter:
    """Receives the events of fetching and curating; safe to call from several threads.

    Args:
        console: where they are told.
        profile: told of each step, if there is one.
    """

    def __init__(self, console: Console, profile: Profile | None = None) -> None:
        self._profile = profile
        self._tells_parts = False
        self._console = console
        self._lock = threading.Lock()
        self._bars: Progress | None = None
        self._bar_of: dict[str, TaskID] = {}
        self._records: Counter[str] = Counter()
        self._windows: Counter[str] = Counter()
        self._planned: Counter[str] = Counter()
        self._last_line: dict[str, float] = {}

    @contextmanager
    def running(self) -> Iterator[Reporter]:
        """While the work goes on, show bars if there is a terminal."""
        if not self._console.is_terminal:
            yield self
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=12),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn(
                "{task.fields[note]}",
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
            TimeRemainingColumn(table_column=Column(no_wrap=True)),
            TextColumn("left"),
        )
        with Progress(*columns, console=self._console, transient=True, expand=True) as self._bars:
            yield self
        self._bars = None
        self._bar_of.clear()

    def planned(self, tasks: Sequence[Task]) -> None:
        """The windows of this run are known."""
        if self._profile is not None:
            self._profile.step("fetch", len(tasks))
        new = Counter(task.source for task in tasks)
        self._planned.update(new)
        for source, number in sorted(new.items()):
            if self._bars is None:
                self._say(f"{source}: {number} windows to fetch")
            elif source not in self._bar_of:
                self._bar_of[source] = self._bars.add_task(source, total=number, note="")

    def page(self, source: str, query: str, window: Window, content: PageContent) -> None:
        """A page came in."""
        with self._lock:
            self._records[source] += len(content.records)
            self._show(source, f"{query} {window}")

    def answered(self, source: str, seconds: float) -> None:
        """Nothing to show: pages are."""

    def resumed(self, source: str, query: str, window: Window, pages: int) -> None:
        """An interrupted window went on where it had stopped."""
        self._say(f"{source}: {query} {window}: {pages} pages were there already")

    def queued(self, source: str, seconds: float) -> None:
        """Others on this machine ask the same service."""
        self.waiting(source, seconds, "others on this machine ask or were throttled")

    def waiting(self, source: str, seconds: float, why: str) -> None:
        """Nothing will happen for some time."""
        if seconds >= _WORTH_TELLING:
            self._say(f"{source}: waiting {seconds:.0f} s ({why})")

    def finished(self, record: WindowRecord) -> None:
        """A window ended, well or not."""
        with self._lock:
            self._windows[record.source] += 1
            if record.outcome == Completeness.TOO_LARGE and record.window.days > 1:
                self._planned[record.source] += 2
            elif record.outcome not in FULL:
                self._say(
                    f"{record.source}: {record.query} {record.window} {record.outcome}: "
                    f"{record.message}"
                )
            self._show(record.source, f"{record.query} {record.window}")

    def left_alone(self, source: str, windows: int, why: str) -> None:
        """A source is given up for this run."""
        self._say(f"{source}: {windows} windows left for the next run ({why})")

    def step(self, name: str, total: int | None = None) -> None:
        """A step of curation begins."""
        if self._profile is not None:
            self._profile.step(name, total)
        if PART not in name:
            self._tells_parts = (total or 0) >= _LONG
        if PART not in name or self._tells_parts:
            self._say(name if total is None else f"{name}: {total:,}")

    @property
    def counted(self) -> Callable[[int], None] | None:
        """Takes the rows of the step at hand once they are known; None where nobody asks."""
        return None if self._profile is None else self._profile.counted

    def warn(self, words: str) -> None:
        """Something about the monitors of the run."""
        self._say(f"warning: {words}")

    def _show(self, source: str, where: str) -> None:
        note = f"{self._records[source]:,} records, {where}"
        if self._bars is not None:
            self._bars.update(
                self._bar_of[source],
                completed=self._windows[source],
                total=self._planned[source],
                note=note,
            )
            return
        now = time.monotonic()
        done = self._windows[source] >= self._planned[source]
        if done or now - self._last_line.get(source, 0.0) > _QUIET:
            self._last_line[source] = now
            self._say(f"{source}: {self._windows[source]}/{self._planned[source]} windows, {note}")

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
