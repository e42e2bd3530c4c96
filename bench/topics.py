"""Score the topic rules on labelled papers, and time them: ``python -m bench.topics``."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pyarrow.parquet as pq

from medsafe_harvest.config_files import load
from medsafe_harvest.topics import Tagger, TopicConfig
from medsafe_harvest.topics.evaluate import evaluate, read_labelled

ROOT = Path(__file__).parents[1]
#: Papers of one timing, and how often it is taken: the least time is that of a quiet machine.
PAPERS = 2000
ROUNDS = 5


def main() -> None:
    """Print quality on the labelled papers, and speed on the corpus."""
    data = Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data"))
    tagger = Tagger(load(ROOT / "config/topics.yaml", TopicConfig))
    told = evaluate(tagger, read_labelled((data / "labelled/topics.json").read_bytes()))
    print(f"{told.papers} papers, medical accuracy {told.accuracy:.3f}")
    for facet, own in told.facets.items():
        print(
            f"  {facet}: precision {own.micro.precision:.3f} recall {own.micro.recall:.3f} "
            f"micro-F1 {own.micro.f1:.3f} macro-F1 {own.macro_f1:.3f}"
        )
        for slug, one in own.topics.items():
            figures = f"{one.precision:.2f} {one.recall:.2f} {one.f1:.2f} ({one.wanted})"
            print(f"    {slug:24} {figures}")
    seconds = _seconds(tagger, data / "corpus/medical_ml.parquet")
    print(f"speed: {PAPERS / seconds:,.0f} abstracts a second of one core, best of {ROUNDS}")


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
