"""Harvest against servers that fail and with processes that are killed: ``make chaos``.

Each run harvests three nights of a scenario. Within a night the harvester is started again until it
says that everything is complete; meanwhile the servers fail by a seeded script and the harvester is
killed at random moments. After each start it is checked that

* the raw store has no damaged page,
* no watermark lies beyond a paper that was not received,
* the table is absent or whole;

and after each night that the curated files are, byte for byte, those of an undisturbed harvest of
the same nights, with no record lost and none doubled.

Environment: ``CHAOS_RUNS`` (300), ``CHAOS_SEED`` (1), ``CHAOS_WORKERS`` (the cores). The last line
counts runs, faults, kills and violations; any violation makes the exit code 1.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from threading import local

from medsafe_harvest import loopback
from medsafe_harvest.collect import Collected
from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.fetch.plan import Wanted, standings
from medsafe_harvest.fetch.rawstore import RawStore
from tests.chaos.nursery import UNEXPECTED, Nursery, Order
from tests.chaos.scenario import LIMITS, NIGHTS, SCENARIOS, ScaledClock, configured, project_config

#: Share of requests that are answered wrongly.
RATE = 0.12
#: Starts of the harvester in one night, after which the servers fail no more.
PATIENCE = 25
#: Source, its own id, the seed query that found it, and the day by which it is filed.
Sighting = tuple[str, str, str, date]


@dataclass(frozen=True, slots=True)
class Truth:
    """What an undisturbed harvest leaves after one night."""

    files: dict[str, bytes]
    sightings: frozenset[Sighting]


@dataclass(slots=True)
class Outcome:
    """What became of one run."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    starts: int = 0
    violations: list[str] = field(default_factory=list)


class Run:
    """One harvest of all nights.

    Args:
        folder: its data; emptied by the caller.
        scenario: names of seed queries.
        nursery: starts harvesters.
        seed: of faults and kills; None disturbs nothing.
    """

    def __init__(
        self, folder: Path, scenario: tuple[str, ...], nursery: Nursery, seed: int | None
    ) -> None:
        self._data = folder / "data"
        self._state = folder / "state"
        self._scenario = scenario
        self._nursery = nursery
        self._seed = seed
        self._random = random.Random(seed)
        self._night = NIGHTS[0]
        self._failing = seed is not None
        self.outcome = Outcome(seed or 0)

    def nights(self, truths: tuple[Truth, ...] | None) -> Iterator[Truth]:
        """Harvest night by night; what there is after each."""
        faults = None
        if self._seed is not None:
            faults = loopback.Faults(self._seed, RATE, huge_mb=8)
        with loopback.running(
            CORPUS, limits=LIMITS, faults=faults, now=lambda: self._night
        ) as services:
            config = configured(CONFIG, services.urls, self._scenario)
            for number, moment in enumerate(NIGHTS):
                self._night = moment
                truth = truths[number] if truths else None
                self._one_night(config, services, truth)
                found = Truth(_files(self._data), self._sightings(config))
                if truth is not None:
                    self._compare(number, found, truth)
                yield found
        if faults is not None:
            self.outcome.faults.update({str(kind): n for kind, n in faults.injected.items()})

    def _one_night(self, config: Config, services: loopback.Services, truth: Truth | None) -> None:
        order = Order(
            str(self._data), str(self._state), services.urls, self._scenario,
            self._night.isoformat(), time.time(),
        )  # fmt: skip
        for start in range(PATIENCE + 3):
            if services.faults is not None:
                services.faults.active = start < PATIENCE
            self.outcome.starts += 1
            child = self._nursery.start(order)
            if self._seed is not None and start < PATIENCE and self._random.random() < 0.5:
                time.sleep(self._random.random() * 1.2)
                self._kill(child)
            code = self._nursery.end()
            if code not in (0, 3, -signal.SIGKILL):
                self._violated(f"exit code {code}" + " (see above)" * (code == UNEXPECTED))
            if truth is not None:
                self._check(config, order, truth)
            if code == 0:
                return
        self._violated(f"night {self._night:%Y-%m-%d} is not complete after {PATIENCE + 3} starts")

    def _kill(self, child: int) -> None:
        try:
            os.kill(child, signal.SIGKILL)
            self.outcome.kills += 1
        except ProcessLookupError:
            return  # it was faster

    def _check(self, config: Config, order: Order, truth: Truth) -> None:
        """Whatever happened, what is there is whole, and no watermark lies."""
        store = RawStore(self._data / "raw", version="chaos")
        for damage in store.verify():
            self._violated(f"damaged: {damage}")
        known = self._sightings(config)
        now = ScaledClock(datetime.fromisoformat(order.moment), order.began).now()
        wanted = Wanted(config.queries, tuple(config.sources))
        for one in standings(config, store.windows(), wanted, now):
            mark = one.state.watermark
            lacking = [
                paper
                for source, paper, query, day in truth.sightings - known
                if (source, query) == (one.source, one.query.id)
                and mark is not None
                and one.state.wanted.since <= day <= mark
            ]
            if lacking:
                self._violated(
                    f"{one.source} {one.query.id}: the watermark {mark} is beyond {lacking[:3]}"
                )
        try:
            for damage in snapshot.verify(snapshot.current(self._data / "curated")):
                self._violated(damage)
        except CuratedError as error:
            if (self._data / "curated/current").exists():
                self._violated(str(error))

    def _sightings(self, config: Config) -> frozenset[Sighting]:
        """What the stored pages of this folder say was found."""
        store = RawStore(self._data / "raw", version="chaos")
        collected = Collected(config)
        collected.add(store, store.seals())
        found = set()
        for (source, paper), entry in collected.entries().items():
            record = entry.record
            day = record.published[:10] if record.published else f"{record.year}-01-01"
            for query in entry.seen.queries:
                found.add((source, paper, query, date.fromisoformat(day)))
        return frozenset(found)

    def _compare(self, number: int, found: Truth, truth: Truth) -> None:
        for kind, sightings in (
            ("lost", truth.sightings - found.sightings),
            ("invented", found.sightings - truth.sightings),
        ):
            if sightings:
                self._violated(f"night {number}: {kind} {sorted(sightings)[:3]}")
        differing = [name for name in truth.files if found.files.get(name) != truth.files[name]]
        if differing or found.files.keys() != truth.files.keys():
            self._violated(f"night {number}: other bytes in {differing}")
        records = snapshot.read(snapshot.current(self._data / "curated"), "records", ["record_id"])
        papers = snapshot.read(snapshot.current(self._data / "curated"), "papers", ["record_ids"])
        members = [name for names in papers["record_ids"].to_pylist() for name in names]
        if sorted(members) != sorted(set(records["record_id"].to_pylist())):
            self._violated(f"night {number}: a record is doubled or in no paper")

    def _violated(self, what: str) -> None:
        self.outcome.violations.append(what)


def _files(data: Path) -> dict[str, bytes]:
    try:
        folder = snapshot.current(data / "curated")
    except CuratedError:
        return {}
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


CONFIG = project_config()
CORPUS = loopback.bundled_corpus()
_OWN = local()


def _nursery() -> Nursery:
    """One for each worker thread."""
    if not hasattr(_OWN, "nursery"):
        _OWN.nursery = Nursery()
    nursery: Nursery = _OWN.nursery
    return nursery


def truths_of(scenario: tuple[str, ...], folder: Path) -> tuple[Truth, ...]:
    """What an undisturbed harvest leaves, night by night."""
    folder.mkdir()
    run = Run(folder, scenario, _nursery(), None)
    truths = tuple(run.nights(None))
    shutil.rmtree(folder)
    if run.outcome.violations or not truths[-1].files:
        sys.exit(f"the undisturbed harvest of {scenario} failed: {run.outcome.violations}")
    return truths


def disturbed(seed: int, truths: tuple[tuple[Truth, ...], ...], folder: Path) -> Outcome:
    """One run with faults and kills."""
    number = seed % len(SCENARIOS)
    own = folder / f"run-{seed}"
    own.mkdir()
    run = Run(own, SCENARIOS[number], _nursery(), seed)
    for _ in run.nights(truths[number]):
        pass
    if not run.outcome.violations:
        shutil.rmtree(own)
    return run.outcome


def main() -> None:
    """Run, tell, and judge."""
    runs = int(os.environ.get("CHAOS_RUNS", "300"))
    first = int(os.environ.get("CHAOS_SEED", "1"))
    workers = int(os.environ.get("CHAOS_WORKERS", os.cpu_count() or 1))
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    faults: Counter[str] = Counter()
    kills = starts = 0
    violations: list[str] = []
    began = time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        truths = tuple(
            pool.map(truths_of, SCENARIOS, (folder / f"truth-{n}" for n in range(len(SCENARIOS))))
        )
        seeds = range(first, first + runs)
        for number, outcome in enumerate(
            pool.map(lambda seed: disturbed(seed, truths, folder), seeds), 1
        ):
            faults += outcome.faults
            kills += outcome.kills
            starts += outcome.starts
            for violation in outcome.violations:
                violations.append(violation)
                print(f"seed {outcome.seed}: {violation}", flush=True)
            if number % 25 == 0 or number == runs:
                print(f"{number} of {runs} runs, {time.monotonic() - began:.0f} s", flush=True)
    for kind, count in sorted(faults.items()):
        print(f"  {kind:24}{count:>8,}")
    print(f"  {'starts of the harvester':24}{starts:>8,}")
    if violations:
        print(f"data of the runs with violations: {folder}")
    else:
        shutil.rmtree(folder)
    print(
        f"chaos: runs={runs} faults={faults.total()} kills={kills} violations={len(violations)}",
        flush=True,
    )
    # The nurseries end with their standard input.
    os._exit(1 if violations or not runs else 0)


if __name__ == "__main__":
    main()
