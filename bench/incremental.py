"""How long a night's batch takes to match: ``python -m bench.incremental [RECORDS.parquet]``.

So many records are held out of what is known, then added. The state is made by a full match, whose
time stands beside it; ``--equal`` matches all once more and compares every byte. On a machine that
does other work seconds are long: those of processors, its workers' too, stand beside them.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.corpora import titles_1m
from bench.report import write
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.engines.duckdb import Matching, match
from medsafe_harvest.engines.incremental import remembered
from medsafe_harvest.engines.incremental.again import Keeper
from medsafe_harvest.engines.incremental.batch import match_batch
from medsafe_harvest.engines.incremental.changes import changes
from medsafe_harvest.engines.incremental.state import State

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
RUNS, NEW = 3, 1_000


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on the clock, and of all processors."""

    seconds: float
    processor: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of the runs; all records are matched once."""

    records: int
    new: int
    #: All records, the state kept.
    full: Spent
    #: Reading and checking the state; finding out which of all records are new; matching these;
    #: writing what is new.
    load: Spent
    compare: Spent
    batch: Spent
    write: Spent
    state_bytes: int
    #: Whether the result is that of matching all; None where that was not asked.
    equal: bool | None

    @property
    def night(self) -> float:
        """Seconds of matching a night's batch, from what is kept to what is kept anew."""
        return sum(one.seconds for one in (self.load, self.compare, self.batch, self.write))


def measure(
    records: pa.Table, new: int = NEW, runs: int = RUNS, *, equal: bool = False
) -> Measured:
    """Hold some records out, match the others, then add them.

    Args:
        records: rows of ``schema.RECORD``.
        new: records of the batch, drawn with a seed.
        runs: times that the batch is matched.
        equal: match all records too, and compare.
    """
    chosen = np.zeros(len(records), dtype=bool)
    chosen[np.random.default_rng(1).choice(len(records), new, replace=False)] = True
    known = records.filter(pa.array(~chosen))
    with tempfile.TemporaryDirectory(prefix="medsafe-bench-") as name:
        folder = Path(name)
        keeper = Keeper(folder, "2GB", lambda *_: None, least=0)
        full, (_, commit) = _spent(lambda: keeper.match(known, Overrides()))
        commit()
        nights = [_night(folder, records) for _ in range(runs)]
        size = sum(path.stat().st_size for path in folder.glob("base-*/*"))
    load, compare, match_, write = (
        _median([spent[step] for spent, _ in nights]) for step in range(4)
    )
    same = _same(nights[-1][1], match(records, Overrides())) if equal else None
    return Measured(len(records), new, full, load, compare, match_, write, size, same)


def _night(folder: Path, records: pa.Table) -> tuple[tuple[Spent, ...], Matching]:
    loading, state = _spent(lambda: _load(folder))
    comparing, batch = _spent(lambda: changes(state, records))
    matching, (found, after) = _spent(lambda: match_batch(state, batch, Overrides()))
    writing, _ = _spent(lambda: remembered.write_night(folder, after))
    return (loading, comparing, matching, writing), found


def _load(folder: Path) -> State:
    state = remembered.load(folder)
    assert state is not None
    return state


def _spent(work: Callable[[], T]) -> tuple[Spent, T]:
    seconds, processor = time.perf_counter(), _processor()
    done = work()
    return Spent(time.perf_counter() - seconds, _processor() - processor), done


def _processor() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _median(several: list[Spent]) -> Spent:
    return Spent(
        statistics.median(one.seconds for one in several),
        statistics.median(one.processor for one in several),
    )


def _same(one: Matching, other: Matching) -> bool:
    return (
        one.decisions.equals(other.decisions)
        and one.clusters.equals(other.clusters)
        and one.relations.equals(other.relations)
        and one.counts == other.counts
    )


def main() -> None:
    """Measure, print a table, write build/bench/incremental.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", nargs="?", type=Path, help="Parquet; titles_1m where not given")
    parser.add_argument("--sample", type=int, help="only so many of the records")
    parser.add_argument("--new", type=int, default=NEW, help="records of the batch")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--equal", action="store_true", help="compare with matching all")
    options = parser.parse_args()
    records = pq.read_table(options.records or titles_1m()[0])
    if options.sample and options.sample < len(records):
        rows = np.random.default_rng(0).choice(len(records), options.sample, replace=False)
        records = records.take(pa.array(np.sort(rows)))
    found = measure(records, options.new, options.runs, equal=options.equal)
    _show(found)
    write("incremental", asdict(found) | {"night_seconds": found.night})
    if found.equal is False:
        sys.exit("the batch was matched to something else than all records")


def _show(found: Measured) -> None:
    steps = {
        f"match all {found.records - found.new:,}": found.full,
        "read and check what is kept": found.load,
        f"find the new among {found.records:,}": found.compare,
        f"match the {found.new:,} new": found.batch,
        "write what is new": found.write,
    }
    print(f"{'':36}{'seconds':>9}{'processors':>12}")
    for name, spent in steps.items():
        print(f"{name:36}{spent.seconds:9.2f}{spent.processor:12.2f}")
    print(f"{'matching of a night':36}{found.night:9.2f}   kept: {found.state_bytes / 1e9:.2f} GB")
    if found.equal is not None:
        print("the same as matching all" if found.equal else "NOT what matching all gives")


if __name__ == "__main__":
    main()
