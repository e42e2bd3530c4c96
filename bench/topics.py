"""Score the topic rules on labelled papers, and time them: ``python -m bench.topics``."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pyarrow.parquet as pq

from bench.report import write
from medsafe_harvest.config_files import load
from medsafe_harvest.topics import Tagger, TopicConfig
from medsafe_harvest.topics.evaluate import (
    Labelled,
    TopicEvaluation,
    evaluate,
    read_labelled,
)

ROOT = Path(__file__).parents[1]
#: Papers of one timing, and how often it is taken: the least time is that of a quiet machine.
PAPERS = 2000
ROUNDS = 5


def main() -> None:
    """Print quality on the labelled papers, and speed on the corpus; write them to topics.json."""
    data = Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data"))
    tagger = Tagger(load(ROOT / "config/topics.yaml", TopicConfig))
    found = {}
    for name in ("seen", "unseen"):
        found[name] = _told(name, data, tagger)
        _print(f"tests/golden, {name} when the first rules were made", found[name])
    for name, half, fate in (
        ("fresh", "A", "looked at"),
        ("fresh", "B", "never looked at"),
        ("late", "C", "looked at"),
        ("late", "D", "never looked at"),
        ("last", "E", "never looked at"),
    ):
        found[f"{name} {half}"] = _told(name, data, tagger, half)
        _print(f"tests/golden, {name}, half {half} ({fate})", found[f"{name} {half}"])
    told = evaluate(tagger, read_labelled((data / "labelled/topics.json").read_bytes()))
    found["shared"] = told
    _print("labelled/topics.json", told)
    for facet, own in told.facets.items():
        print(f"  {facet}: macro-F1 {own.macro_f1:.3f}; precision, recall, F1 (papers)")
        for slug, one in own.topics.items():
            figures = f"{one.precision:.2f} {one.recall:.2f} {one.f1:.2f} ({one.wanted})"
            print(f"    {slug:24} {figures}")
    seconds = _seconds(tagger, data / "corpus/medical_ml.parquet")
    print(f"speed: {PAPERS / seconds:,.0f} abstracts a second of one core, best of {ROUNDS}")
    quality = {name: one.plain() for name, one in found.items()}
    write("topics", {"quality": quality, "abstracts_per_core_second": PAPERS / seconds})


def _print(name: str, told: TopicEvaluation) -> None:
    print(f"{name}: {told.papers} papers, medical accuracy {told.accuracy:.3f}")
    for facet, own in told.facets.items():
        micro = own.micro
        print(
            f"  {facet:9} precision {micro.precision:.3f} recall {micro.recall:.3f} "
            f"micro-F1 {micro.f1:.3f}"
        )


def _told(name: str, data: Path, tagger: Tagger, half: str | None = None) -> TopicEvaluation:
    return evaluate(tagger, _golden(name, data, half))


def _golden(name: str, data: Path, half: str | None) -> tuple[Labelled, ...]:
    """The papers of ``tests/golden`` (of one half), with their abstracts from the corpus."""
    text = (ROOT / f"tests/golden/topics_{name}.jsonl").read_text(encoding="utf-8")
    papers = [json.loads(line) for line in text.splitlines()]
    papers = [paper for paper in papers if half in (None, paper.get("half"))]
    columns = ["source", "record_id", "abstract"]
    rows = pq.read_table(data / "corpus/medical_ml.parquet", columns=columns).to_pylist()
    abstracts = {f"{row['source']}:{row['record_id']}": row["abstract"] for row in rows}
    return read_labelled(json.dumps([{**p, "abstract": abstracts[p["id"]]} for p in papers]))


def _seconds(tagger: Tagger, path: Path) -> float:
    """Least processor time of tagging the first papers of a corpus."""
    rows = pq.read_table(path, columns=["title", "abstract"]).slice(0, PAPERS).to_pydict()
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        tagger.tag(rows["title"], rows["abstract"], [()] * PAPERS)
        taken.append(time.process_time() - start)
    return min(taken)


if __name__ == "__main__":
    main()
