"""Time the search on 100,000 papers: ``python -m bench.search``.

A quarter of the papers are real ones with their abstracts; the others have real titles and the
sentences of real abstracts, dealt out anew, so that words are as common as in life.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.report import write
from medsafe_harvest import finder
from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.selection import Choice
from medsafe_harvest.finder import index, staged
from medsafe_harvest.schema import PAPER, TABLES

ROOT = Path(__file__).parents[1]
PAPERS = 100_000
RUNS = 3
ITEMS = 300
TOPICS = ("fairness", "privacy", "uncertainty", "federated-learning", "explainability")
VENUES = ("TMI", "MICCAI", "NeurIPS", "Medical Image Analysis", None)


def rows(data: Path, dice: random.Random) -> Iterator[dict[str, Any]]:
    """Papers: what the two files of the corpus say of each, and an abstract."""
    names = ["record_id", "title", "abstract", "authors", "date"]
    real = pq.read_table(data / "corpus/medical_ml.parquet", columns=names).to_pylist()
    titles = pq.ParquetFile(data / "corpus/titles_1m.parquet").iter_batches(
        PAPERS, columns=["record_id", "title", "authors", "date"]
    )
    sentences = [part for row in real for part in (row["abstract"] or "").split(". ") if part]
    yield from real
    for row in next(iter(titles)).to_pylist():
        yield row | {"abstract": ". ".join(dice.sample(sentences, 8))}


def write_snapshot(folder: Path, data: Path) -> None:
    """A curated folder of ``PAPERS`` papers."""
    dice = random.Random(7)
    blank: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in PAPER
    }
    day = date(2026, 1, 1)
    blank |= {"withdrawn": False, "medical": True, "first_seen": day, "last_seen": day}
    made = []
    for number, row in zip(range(PAPERS), rows(data, dice), strict=False):
        day_known = len(row["date"] or "") >= 10
        published = date.fromisoformat(row["date"][:10]) if day_known else None
        topics = dice.sample(TOPICS, dice.randrange(3))
        made.append(
            blank
            | {
                "paper_id": f"mh{number:08}",
                "arxiv_id": f"{1501 + number // 9000}.{number:05}",
                "title": row["title"],
                "abstract": row["abstract"],
                "authors": [
                    {"name": name, "given": None, "family": name.split()[-1], "suffix": None}
                    for name in (row["authors"] or "").split(", ")
                    if name.strip()
                ],
                "published": published,
                "year": int(row["date"][:4]) if row["date"] else None,
                "venue": dice.choice(VENUES),
                "topics": sorted(topics),
                "trust": sorted(topics),
            }
        )
    tables = {name: schema.empty_table() for name, schema in TABLES.items()}
    tables["papers"] = pa.Table.from_pylist(made, PAPER)
    snapshot.write(folder, tables, {"as_of": "2026-11-20"}, keep=1)


#: What people look for: topics, known titles, names, slips of the keyboard, phrases, ids.
ASKED = (
    "conformal prediction chest x-ray",
    "federated learning",
    "deep learning",
    '"differential privacy" medical imaging -survey',
    "fairness skin lesion classification",
    "machine unlearning",
    "adversarial attacks electrocardiogram",
    "out-of-distribution detection MRI",
    "fedrated lerning histopatholgy",
    "segmentatoin of retinal vesels",
    "uncertainty quantification radiotherapy dose",
    "explainable sepsis prediction icu",
    "membership inference",
    "xray pneumonia",
    "Rieke federated 2020",
    "hallucination radiology report generation large language model",
    "Spin dynamics in electrochemically charged CdSe quantum dots",
    "qwxzvy blorf",
    "mh00012345",
    "the of and",
)


def main() -> None:
    """Print what an index costs to build, and how long a search takes among all or some papers.

    The figures are written to search.json.
    """
    data = Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data"))
    with tempfile.TemporaryDirectory() as folder:
        curated = Path(folder) / "curated"
        write_snapshot(curated, data)
        wall, cpu = time.perf_counter(), time.process_time()
        finder.find(curated, "anything")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        files = finder.cache_of(curated).rglob("*")
        size = sum(path.stat().st_size for path in files if path.is_file())
        print(
            f"index: {PAPERS:,} papers, {wall:.1f} s ({cpu:.1f} s of a core), {size / 1e6:.0f} MB"
        )
        report: dict[str, Any] = {
            "papers": PAPERS,
            "index": {"seconds": wall, "core_seconds": cpu, "bytes": size},
            "known_items": known_items(curated),
        }
        chosen = Choice(topics=["uncertainty"], since=date(2015, 1, 1))
        for name, within in (("all papers", Choice()), ("a topic, since 2015", chosen)):
            spent = [_seconds(curated, text, within) for text in ASKED for _ in range(RUNS)]
            report[name] = times = {
                kind: {
                    "median_ms": statistics.median(seconds) * 1000,
                    "most_of_95_percent_ms": statistics.quantiles(seconds, n=20)[-1] * 1000,
                }
                for kind, seconds in zip(("wall", "core"), zip(*spent, strict=True), strict=True)
            }
            print(
                f"{name}: index opened, question answered, papers read: "
                + "; ".join(
                    f"{kind} median {one['median_ms']:.0f} ms, "
                    f"95 % within {one['most_of_95_percent_ms']:.0f} ms"
                    for kind, one in times.items()
                )
            )
    write("search", report)


def known_items(curated: Path) -> dict[str, dict[str, float]]:
    """Print how often a title is found by all of it, by some of its words, and with a slip.

    Returns:
        The same by what was asked: shares found as the first, and among the first ten.
    """
    dice = random.Random(11)
    titles = snapshot.read(snapshot.current(curated), "papers", ["title"])["title"].to_pylist()
    rows = dice.sample([row for row, title in enumerate(titles) if len(title.split()) > 4], ITEMS)
    opened = index.opened(snapshot.current(curated), finder.cache_of(curated))
    first: Counter[str] = Counter()
    tenth: Counter[str] = Counter()
    for row in rows:
        long = [word for word in titles[row].split() if len(word) > 4 and word.isalpha()]
        words = dice.sample(long, min(4, len(long)))
        for name, text in (
            ("the whole title", titles[row]),
            ("four of its words", " ".join(words)),
            ("four words, one misspelt", " ".join([*words[1:], *map(_slip, words[:1])])),
        ):
            found = [titles[hit.row] for hit in staged.search(opened, text, 10).hits]
            first[name] += found[:1] == [titles[row]]
            tenth[name] += titles[row] in found
    for name, number in first.items():
        print(f"{name}: first {number / ITEMS:.1%}, among the first ten {tenth[name] / ITEMS:.1%}")
    return {
        name: {"first": first[name] / ITEMS, "first_ten": tenth[name] / ITEMS} for name in first
    }


def _slip(word: str) -> str:
    """The word with two letters swapped."""
    middle = len(word) // 2
    return f"{word[: middle - 1]}{word[middle]}{word[middle - 1]}{word[middle + 1 :]}"


def _seconds(curated: Path, text: str, within: Choice) -> tuple[float, float]:
    """Of the clock on the wall, and of a core."""
    wall, core = time.perf_counter(), time.process_time()
    finder.find(curated, text, within)
    return time.perf_counter() - wall, time.process_time() - core


if __name__ == "__main__":
    main()
