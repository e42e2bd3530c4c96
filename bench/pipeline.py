"""Speed of reading pages and of the whole pipeline: ``python -m bench.pipeline``.

Pages are made by the stand-in server over the real corpus. The Atom parser is timed beside the
``arxiv`` package's on the same bytes in the same run. Medians of several runs.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from arxiv import _feed

from bench.report import write
from bench.timing import RUNS, median_seconds
from medsafe_harvest import __version__, loopback, pipeline
from medsafe_harvest.config import Config, load_config
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.harvest import Network, Session, Task
from medsafe_harvest.fetch.plan import Wanted, plan
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.sources.base import Page, PageContent, Window

ROOT = Path(__file__).parents[1]


class Stopwatch:
    """Receives the events of the pipeline and keeps the seconds of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._step = ""
        self._began = time.perf_counter()

    def step(self, name: str, total: int | None = None) -> None:  # noqa: ARG002 - the protocol's
        """A step begins, so the one before it ended."""
        now = time.perf_counter()
        if self._step:
            self.seconds[self._step] = now - self._began
        self._step, self._began = name, now

    def planned(self, tasks: object) -> None:
        """Nothing to keep."""

    def page(self, source: str, query: str, window: Window, content: PageContent) -> None:
        """Nothing to keep."""

    def answered(self, source: str, seconds: float) -> None:
        """Nothing to keep."""

    def resumed(self, source: str, query: str, window: Window, pages: int) -> None:
        """Nothing to keep."""

    def queued(self, source: str, seconds: float) -> None:
        """Nothing to keep."""

    def waiting(self, source: str, seconds: float, why: str) -> None:
        """Nothing to keep."""

    def finished(self, record: WindowRecord) -> None:
        """Nothing to keep."""

    def left_alone(self, source: str, windows: int, why: str) -> None:
        """Nothing to keep."""


@contextmanager
def harvested(config: Config, corpus: Path) -> Iterator[tuple[RawStore, list[Task], float]]:
    """A raw store after a harvest of everything, its tasks, and the seconds it took."""
    clock = SystemClock()
    with (
        tempfile.TemporaryDirectory() as folder,
        loopback.running(loopback.read_corpus(corpus)) as services,
    ):
        local = config.with_sources(
            {name: {"base_url": url, "min_interval": 0} for name, url in services.urls.items()}
        )
        store = RawStore(Path(folder), version=__version__)
        wanted = Wanted(local.queries, tuple(local.sources))
        tasks = plan(local, [], wanted, clock.now())
        network = Network(clock, Path(folder) / "state", {}, __version__)
        began = time.perf_counter()
        Session(local, store, network, Stopwatch()).fetch(tasks)
        yield store, tasks, time.perf_counter() - began


def parsing(config: Config, pages: list[Page]) -> dict[str, float]:
    """Entries a second of our Atom parser and of the arxiv package's, on the same pages."""
    source = config.sources["arxiv"]
    entries = sum(source.parse(page).entries for page in pages)
    ours = median_seconds(lambda: [source.parse(page) for page in pages])
    theirs = median_seconds(lambda: [_feed.parse(page.body) for page in pages])
    return {
        "entries": entries,
        "entries_per_second": entries / ours,
        "arxiv_package_entries_per_second": entries / theirs,
        "ratio": theirs / ours,
    }


def curation(config: Config, store: RawStore) -> dict[str, float]:
    """Median seconds of each step of a rebuild."""
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(RUNS):
            watch = Stopwatch()
            now = datetime.now(UTC)
            pipeline.curate(store, config, Path(folder) / str(number), watch, now=now)
            watch.step("done")
            runs.append(watch.seconds)
    return {step: statistics.median(run[step] for run in runs) for step in runs[0]}


def main() -> None:
    """Print the tables and write build/bench/pipeline.json."""
    data = Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data"))
    config = load_config(ROOT / "config")
    with harvested(config, data / "corpus/medical_ml.parquet") as (store, tasks, seconds):
        own = [seal for seal in store.seals() if seal.source == "arxiv"]
        pages = [page for _, page in store.read_all(own)]
        report = {
            "windows": len(tasks),
            "pages": store.count(),
            "harvest_seconds": seconds,
            "parsing": parsing(config, pages),
            "curation_seconds": curation(config, store),
        }
    print(f"harvest of {len(tasks)} windows, {report['pages']} pages: {seconds:.1f} s")
    for name, values in (
        ("parsing Atom", report["parsing"]),
        ("curation, seconds", report["curation_seconds"]),
    ):
        assert isinstance(values, dict)
        print(name)
        for key, value in values.items():
            print(f"  {key:34}{value:>12,.2f}")
    write("pipeline", report)


if __name__ == "__main__":
    main()
