"""Quality and speed of matching beside its peers: ``python -m bench.matching [FOLDER]``.

The folder is a labelled set or a folder of sets, as ``medsafe-harvest evaluate`` reads them. All
run on the same records in the same run, and are scored by the same code. Other programs
(``bench.peers``) run in a process of their own, from build/bench-venv if ``make bench`` made it;
each has :data:`BUDGET` seconds for all sets together, and what did not run says why.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from bench.peers import PEERS
from bench.report import write
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.engines.duckdb import match
from medsafe_harvest.evaluate import LabelledSet, find_sets, read_set
from medsafe_harvest.evaluate.figures import components, count_pairs
from medsafe_harvest.evaluate.labels import Ints
from medsafe_harvest.evaluate.scoring import cluster_numbers
from medsafe_harvest.normalize.text import comparison_form

ROOT = Path(__file__).parents[1]
#: Seconds that one peer may take for all sets.
BUDGET = 300.0
OURS = "medsafe-harvest"


class NotRunError(Exception):
    """A contestant gave no result; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one contestant reached on one set; figures are None where it did not run.

    So is the precision of one that merged nothing.
    """

    set: str
    records: int
    who: str
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    false_merges: int | None = None
    missed: int | None = None
    seconds: float | None = None
    records_per_second: float | None = None
    why_not: str | None = None


#: Clusters of a set's records, and the seconds that finding them took.
Contestant = Callable[[LabelledSet], tuple[Ints, float]]


def ours(labelled: LabelledSet) -> tuple[Ints, float]:
    """The default configuration."""
    begun = time.perf_counter()
    matching = match(labelled.records, Overrides())
    seconds = time.perf_counter() - begun
    return cluster_numbers(labelled, matching.clusters), seconds


def exact_title(labelled: LabelledSet) -> tuple[Ints, float]:
    """Equal titles in comparison form with years at most one apart, or one DOI."""
    begun = time.perf_counter()
    titles, years, dois = _columns(labelled)
    pairs = [(one, other) for block in _blocks(dois) for one, other in _neighbours(block)]
    for block in _blocks(titles):
        dated = sorted((year, row) for row in block if (year := years[row]) is not None)
        pairs += [(a, b) for (was, a), (year, b) in pairwise(dated) if year - was <= 1]
        pairs += _neighbours([row for row in block if years[row] is None])
    return _united(labelled, pairs), time.perf_counter() - begun


def similar_title(labelled: LabelledSet) -> tuple[Ints, float]:
    """Within each year, titles whose sorted words are 90 % alike."""
    begun = time.perf_counter()
    titles, years, _ = _columns(labelled)
    pairs: list[tuple[int, int]] = []
    for block in _blocks([str(year) for year in years]):
        rows = [row for row in block if titles[row]]
        words = [" ".join(sorted(str(titles[row]).split())) for row in rows]
        alike = cdist(words, words, scorer=fuzz.ratio, score_cutoff=90, workers=-1, dtype=np.uint8)
        pairs += [(rows[a], rows[b]) for a, b in np.argwhere(np.triu(alike, 1)).tolist()]
    return _united(labelled, pairs), time.perf_counter() - begun


def _columns(
    labelled: LabelledSet,
) -> tuple[list[str | None], list[int | None], list[str | None]]:
    titles = [comparison_form(text) or None for text in labelled.records["title"].to_pylist()]
    return titles, labelled.records["year"].to_pylist(), labelled.records["doi"].to_pylist()


def _blocks(values: list[str | None]) -> list[list[int]]:
    """Rows with the same value; rows without one are in none."""
    found: dict[str, list[int]] = {}
    for row, value in enumerate(values):
        if value:
            found.setdefault(value, []).append(row)
    return list(found.values())


def _neighbours(rows: list[int]) -> list[tuple[int, int]]:
    return list(pairwise(rows))


def _united(labelled: LabelledSet, pairs: list[tuple[int, int]]) -> Ints:
    sides = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return components(len(labelled), sides[:, 0], sides[:, 1])


def python_of_peers() -> str:
    """The interpreter that has the packages of the extra ``bench``, if any has."""
    own = ROOT / "build/bench-venv/bin/python"
    return str(own) if own.exists() else sys.executable


class Peer:
    """Another program, run in a process of its own.

    Args:
        name: its package.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._left = BUDGET
        self._python = python_of_peers()

    def __call__(self, labelled: LabelledSet) -> tuple[Ints, float]:
        """Clusters and seconds.

        Raises:
            NotRunError: it is not installed, failed, or took too long.
        """
        if self._left <= 0:
            raise NotRunError(f"its {BUDGET:.0f} s for all sets are used up")
        with tempfile.TemporaryDirectory() as folder:
            records, out = Path(folder, "records.parquet"), Path(folder, "clusters.parquet")
            pq.write_table(flat(labelled.records), records)
            command = [self._python, "-m", "bench.peers", self._name, str(records), str(out)]
            begun = time.perf_counter()
            try:
                done = subprocess.run(
                    command,
                    cwd=ROOT,
                    capture_output=True,
                    check=False,
                    text=True,
                    timeout=self._left,
                )
            except subprocess.TimeoutExpired:
                raise NotRunError(f"stopped after {self._left:.0f} s") from None
            finally:
                self._left -= time.perf_counter() - begun
            if done.returncode:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                missing = "PackageNotFoundError" in done.stderr or "No module named" in last
                raise NotRunError("not installed: make bench" if missing else f"failed: {last}")
            seconds = json.loads(done.stdout.strip().splitlines()[-1])["seconds"]
            return cluster_numbers(labelled, pq.read_table(out)), float(seconds)


def flat(records: pa.Table) -> pa.Table:
    """Records with the columns that the peers read, authors as "Family, Given; Family, Given"."""
    table = records.select(
        ["record_id", "title", "year", "venue", "volume", "issue", "pages", "doi"]
    )
    authors = [
        "; ".join(_family_first(author["name"]) for author in row) or None
        for row in records["authors"].to_pylist()
    ]
    return table.append_column("authors", pa.array(authors, pa.string()))


def _family_first(name: str) -> str:
    given, _, family = name.rpartition(" ")
    return name if "," in name or not given else f"{family}, {given}"


def run(labelled: LabelledSet, who: str, contestant: Contestant) -> Row:
    """One contestant on one set."""
    try:
        clusters, seconds = contestant(labelled)
    except NotRunError as error:
        return Row(labelled.name, len(labelled), who, why_not=str(error))
    pairs = count_pairs(labelled, clusters)
    return Row(
        labelled.name,
        len(labelled),
        who,
        precision=pairs.precision.value if pairs.predicted else None,
        recall=pairs.recall.value,
        f1=pairs.f1,
        false_merges=pairs.predicted - pairs.hits,
        missed=pairs.gold - pairs.hits,
        seconds=seconds,
        records_per_second=len(labelled) / max(seconds, 1e-9),
    )


def _line(row: Row) -> str:
    if row.f1 is None:
        return f"  {row.who:<28}{row.why_not}"
    precision = "-" if row.precision is None else f"{row.precision:.4f}"
    return (
        f"  {row.who:<28}{precision:>7}{row.recall:>8.4f}{row.f1:>8.4f}"
        f"{row.false_merges:>8,}{row.missed:>8,}{row.seconds:>8.2f}{row.records_per_second:>11,.0f}"
    )


def main() -> None:
    """Print the table and write build/bench/matching.json."""
    default = Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data")) / "match"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    contestants: dict[str, Contestant] = {
        OURS: ours,
        "same title and year, or DOI": exact_title,
        "same year, title 90 % alike": similar_title,
        **{name: Peer(name) for name in PEERS},
    }
    rows = []
    print(
        f"{'set, contestant':<30}{'prec':>7}{'recall':>8}{'F1':>8}{'false':>8}{'missed':>8}"
        f"{'s':>8}{'records/s':>11}"
    )
    for path in find_sets(folder):
        labelled = read_set(path)
        print(f"{labelled.name}: {len(labelled):,} records", flush=True)
        for who, contestant in contestants.items():
            rows.append(run(labelled, who, contestant))
            print(_line(rows[-1]), flush=True)
    write("matching", [asdict(row) for row in rows])


if __name__ == "__main__":
    main()
