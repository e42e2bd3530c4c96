"""Matching of 1.25 million real records: ``python -m bench.scale``; in ``make bench-scale`` too.

Time, memory and quality from records in Parquet to curated Parquet, at three sizes; Splink on the
same records; and the least that the same work could take on this machine. Each figure comes from a
fresh process; times are medians of several runs, Splink's of one, for it takes longest. All is
written to build/bench/scale.json too. ``--generated ROWS`` invents a corpus of that size instead,
once, and writes to build/bench/scale_generated.json.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench import apart
from bench.apart import Done, NotDoneError
from bench.corpora import FOLDER, is_current, titles_1m
from bench.generate import Order, generate, truth_of
from bench.matching import flat, python_of_peers
from bench.report import write
from bench.scale_tables import show_growth, show_limit, show_splink
from bench.scale_truth import Truth, false_clusters, largest, titles_of
from medsafe_harvest.profile import as_text

ROOT = Path(__file__).parents[1]
#: Sizes of the samples, beside the whole.
SIZES = (12_500, 125_000)
#: False clusters and large ones that are printed; the file has all the false ones.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Corpus:
    """Records in Parquet, and the truth about them."""

    records: Path
    truth: Path
    size: int

    @classmethod
    def at(cls, records: Path, truth: Path) -> Corpus:
        """With its size."""
        return cls(records, truth, pq.ParquetFile(records).metadata.num_rows)

    def sample(self, size: int, folder: Path) -> Corpus:
        """About so many records, all of a paper or none: by the hash of its arXiv id."""
        known = pq.read_table(self.truth).to_pydict()
        share = size / self.size * 2**32
        pairs = zip(known["arxiv_id"], known["record_id"], strict=True)
        kept = [zlib.crc32((paper or record).encode()) < share for paper, record in pairs]
        path = folder / f"{size}.parquet"
        pq.write_table(pq.read_table(self.records).filter(pa.array(kept)), path)
        return Corpus.at(path, self.truth)


def measured(corpus: Corpus, runs: int, folder: Path) -> dict[str, Any]:
    """The way of a corpus to curated Parquet: medians of the runs, and what the last one found."""
    out = folder / "curated"
    done: list[Done] = []
    for number in range(runs):
        print(f"  {corpus.size:,} records, run {number + 1} of {runs}", file=sys.stderr, flush=True)
        done.append(apart.run("bench.scale_work", ["end_to_end", corpus.records, out]))
    last = done[-1].found
    found: dict[str, Any] = {
        name: statistics.median(one.found[name] for one in done)
        for name in ("match_seconds", "total_seconds", "match_peak_gb", "match_held_gb")
    }
    pairs = Truth.read(corpus.truth, _ids(corpus.records)).score(_clusters(folder))
    return found | {
        "records": last["records"],
        "papers": last["papers"],
        "runs": runs,
        "peak_gb": statistics.median(one.peak for one in done) / 1e9,
        "held_gb": statistics.median(one.held for one in done) / 1e9,
        "scratch_gb": max(one.scratch for one in done) / 1e9,
        "written_gb": last["written_bytes"] / 1e9,
        "match_microseconds_per_record": found["match_seconds"] / last["records"] * 1e6,
        "total_microseconds_per_record": found["total_seconds"] / last["records"] * 1e6,
        "true_pairs": pairs.gold,
        "false_pairs": pairs.predicted - pairs.hits,
        "precision": pairs.precision.value,
        "recall": pairs.recall.value,
        "f1": pairs.f1,
        "counts": last["counts"],
        "profile": last["profile"],
    }


def _ids(records: Path) -> pa.Array:
    return pq.read_table(records, columns=["record_id"])["record_id"].combine_chunks()


def _clusters(folder: Path) -> pa.Table:
    return pq.read_table(folder / "curated/clusters.parquet")


def splink(corpus: Corpus, limit: float, folder: Path) -> dict[str, Any]:
    """Splink on the same records; what it did not do says why."""
    print(f"  splink on {corpus.size:,} records", file=sys.stderr, flush=True)
    records, out = folder / "flat.parquet", folder / "splink.parquet"
    pq.write_table(flat(pq.read_table(corpus.records)), records)
    try:
        done = apart.run(
            "bench.peers", ["splink", records, out], python=python_of_peers(), limit=limit
        )
    except NotDoneError as error:
        return {"records": corpus.size, "why_not": str(error)}
    found = pq.read_table(out)
    pairs = Truth.read(corpus.truth, found["record_id"].combine_chunks()).score(found)
    return {
        "records": corpus.size,
        **done.found,
        "peak_gb": done.peak / 1e9,
        "held_gb": done.held / 1e9,
        "precision": pairs.precision.value,
        "recall": pairs.recall.value,
        "f1": pairs.f1,
    }


def bound(rates: dict[str, Any], ours: dict[str, Any]) -> dict[str, float]:
    """Seconds that the same work takes at the rates of this machine, with no work between.

    All records read and written once, each title normalized once (on all cores), the records
    grouped once by each kind of key, and each candidate pair scored once.
    """
    records = ours["records"]
    parts = {
        "read": rates["bytes"] / rates["parquet_read"],
        "normalize": records / rates["normalized_titles"] / (os.cpu_count() or 1),
        "group": records * rates["kinds_of_key"] / rates["grouped_rows"],
        "score": ours["counts"]["candidate_pairs"] / rates["cpdist_pairs"],
        "write": rates["bytes"] / rates["parquet_write"],
    }
    seconds = sum(parts.values())
    return {**parts, "seconds": seconds, "total_is_times": ours["total_seconds"] / seconds}


def growth(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Time a record of the largest size by that of the one before."""
    if len(rows) < 2:
        return {}
    before, last = rows[-2:]
    return {
        f"{name}_growth": last[f"{name}_microseconds_per_record"]
        / before[f"{name}_microseconds_per_record"]
        for name in ("match", "total")
    }


def show_mistakes(corpus: Corpus, found: pa.Table) -> list[dict[str, Any]]:
    """Print the largest clusters and some that hold several papers by the truth; all of these."""
    truth = Truth.read(corpus.truth, _ids(corpus.records))
    print(f"\nThe largest clusters:\n  {'records':>8}{'papers':>8}{'titles':>8}  a title")
    for one in largest(truth, found, corpus.records, _SHOWN):
        print(f"  {one.records:>8,}{one.papers:>8,}{one.titles:>8,}  {one.title[:90]}")
    wrong = false_clusters(truth, found)
    names = titles_of(corpus.records, truth, {paper for _, papers in wrong for paper in papers})
    print(f"\nClusters that hold several papers by the truth: {len(wrong):,}")
    for _, papers in wrong[:_SHOWN]:
        print("  " + "\n    ".join(f"{paper}: {names[paper][:110]}" for paper in papers[:4]))
    return [{paper: names[paper] for paper in papers} for _, papers in wrong]


def titles(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All figures of ``titles_1m``."""
    whole = Corpus.at(*titles_1m())
    rows, peers = [], []
    corpus = whole
    for size in sorted({min(size, whole.size) for size in options.sizes}):
        corpus = whole.sample(size, folder) if size < whole.size else whole
        rows.append(measured(corpus, options.runs, folder))
        if options.peer_seconds and options.peers_from <= size:
            peers.append((splink(corpus, options.peer_seconds, folder), rows[-1]))
    print()
    show_growth(rows)
    last, grown = rows[-1], growth(rows)
    for name, ratio in grown.items():
        print(f"{name.replace('_', ' ')}: a record takes {ratio:.2f} times what it took before")
    print("\n" + as_text(last["profile"]))
    report = {**last, **grown, "sizes": rows, "splink_seconds": None, "splink_f1": None}
    report["splink_runs"] = [peer for peer, _ in peers]
    for peer, row in peers:
        ratios = show_splink(peer, row)
        if row is last and ratios:
            report |= {**ratios, **{f"splink_{name}": value for name, value in peer.items()}}
    rates = apart.run("bench.scale_work", ["limit", corpus.records, folder / "limit"]).found
    report |= {"limit": rates, "bound": bound(rates, last)}
    show_limit(rates, report["bound"])
    report["false_clusters"] = show_mistakes(corpus, _clusters(folder))
    return report


def generated(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Time, memory and disk of an invented corpus."""
    path = FOLDER / f"generated_{options.generated}.parquet"
    truth, seconds = truth_of(path), None
    if truth.exists() and is_current(path):
        made_in = "before"
    else:
        began = time.perf_counter()
        truth = generate(Order(options.generated), path)
        seconds = time.perf_counter() - began
        made_in = f"in {seconds:.0f} s"
    size = path.stat().st_size / 1e9
    print(f"{options.generated:,} records made {made_in}, {size:.2f} GB")
    made = {"generate_seconds": seconds, "corpus_gb": size}
    corpus = Corpus.at(path, truth)
    try:
        row = measured(corpus, options.runs, folder)
    except NotDoneError as error:
        print(f"not curated: {error}")
        return {**made, "records": options.generated, "why_not": str(error)}
    show_growth([row])
    print("\n" + as_text(row["profile"]))
    return {**row, **made, "false_clusters": show_mistakes(corpus, _clusters(folder))}


def main() -> None:
    """Read the command line, print the tables, write build/bench/scale.json."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each size; times are medians")
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(size) for size in text.split(",")],
        default=[*SIZES, sys.maxsize],
        help="records, with commas between; one too large is all (default: %(default)s)",
    )
    parser.add_argument("--peers-from", type=int, default=SIZES[-1], help="smallest for Splink")
    parser.add_argument("--peer-seconds", type=float, default=900, help="limit; 0 for no Splink")
    parser.add_argument("--generated", type=int, metavar="ROWS", help="an invented corpus instead")
    options = parser.parse_args()
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    print(machine, flush=True)
    with tempfile.TemporaryDirectory(prefix="medsafe-bench-") as name:
        work = generated if options.generated else titles
        try:
            report = {"machine": machine, **work(options, Path(name))}
        except NotDoneError as error:
            sys.exit(str(error))
    write("scale_generated" if options.generated else "scale", report)


if __name__ == "__main__":
    main()
