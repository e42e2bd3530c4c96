"""Score the topic rules on labelled papers, and time them: ``python bench/topics.py``."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from medsafe_harvest.config_files import load
from medsafe_harvest.topics import Tagger, TopicConfig

ROOT = Path(__file__).parents[1]
FACETS = ("trust", "modality", "task")
#: Splits the labelled papers into the half that rules were tuned on and the half only measured.
SEED = 20261121


def evaluate(tagger: Tagger, papers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Accuracy of ``medical``; for each facet precision, recall and F1, also topic by topic."""
    batch = tagger.tag(
        [p["title"] for p in papers], [p["abstract"] for p in papers], [()] * len(papers)
    ).to_pydict()
    right = sum(p["medical"] == m for p, m in zip(papers, batch["medical"], strict=True))
    report: dict[str, Any] = {"medical": {"accuracy": right / len(papers)}}
    for facet in FACETS:
        pairs = [(set(p[facet]), set(g)) for p, g in zip(papers, batch[facet], strict=True)]
        topics = {
            slug: _scores([(want & {slug}, got & {slug}) for want, got in pairs])
            for slug in sorted(set().union(*(want | got for want, got in pairs)))
        }
        total = _scores(pairs)
        report[facet] = {
            "micro_f1": total["f1"],
            "macro_f1": sum(t["f1"] for t in topics.values()) / max(1, len(topics)),
            "precision": total["precision"],
            "recall": total["recall"],
            "topics": topics,
        }
    return report


def _scores(pairs: Sequence[tuple[set[str], set[str]]]) -> dict[str, float]:
    hit = sum(len(want & got) for want, got in pairs)
    wanted = sum(len(want) for want, _ in pairs)
    given = sum(len(got) for _, got in pairs)
    return {
        "precision": hit / given if given else 0.0,
        "recall": hit / wanted if wanted else 0.0,
        "f1": 2 * hit / (wanted + given) if wanted + given else 0.0,
        "support": wanted,
    }


def main() -> None:
    """Print quality on both halves of the labelled papers, and speed on the corpus."""
    data = Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data"))
    tagger = Tagger(load(ROOT / "config/topics.yaml", TopicConfig))
    papers = json.loads((data / "labelled/topics.json").read_text(encoding="utf-8"))
    ids = sorted(paper["id"] for paper in papers)
    random.Random(SEED).shuffle(ids)
    tuned = set(ids[: len(ids) // 2])
    for name, tuning in (("tuned half", True), ("held-out half", False)):
        part = [paper for paper in papers if (paper["id"] in tuned) == tuning]
        report = evaluate(tagger, part)
        print(f"{name}: {len(part)} papers, medical accuracy {report['medical']['accuracy']:.3f}")
        for facet in FACETS:
            own = report[facet]
            print(
                f"  {facet}: precision {own['precision']:.3f} recall {own['recall']:.3f} "
                f"micro-F1 {own['micro_f1']:.3f} macro-F1 {own['macro_f1']:.3f}"
            )
            for slug, s in own["topics"].items():
                print(
                    f"    {slug:24} {s['precision']:.2f} {s['recall']:.2f} {s['f1']:.2f} "
                    f"({s['support']:.0f})"
                )
    path = data / "corpus/medical_ml.parquet"
    rows = pq.read_table(path, columns=["title", "abstract"]).slice(0, 5000).to_pydict()
    start = time.process_time()
    tagger.tag(rows["title"], rows["abstract"], [()] * len(rows["title"]))
    seconds = time.process_time() - start
    print(f"speed: {len(rows['title']) / seconds:,.0f} abstracts a second of one core")


if __name__ == "__main__":
    main()
