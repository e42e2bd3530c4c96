"""Time the related papers of 25,000 papers and the summaries: ``python -m bench.related``."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from medsafe_harvest.normalize.links import find_links
from medsafe_harvest.topics.related import related
from medsafe_harvest.topics.summary import summarize

ROOT = Path(__file__).parents[1]
PAPERS = 25_000


def corpus(data: Path) -> pa.Table:
    """Real papers with the columns that :func:`related` reads."""
    path = data / "corpus/medical_ml.parquet"
    names = ["record_id", "title", "abstract", "trust_terms"]
    table = pq.read_table(path, columns=names).slice(0, PAPERS)
    return table.rename_columns(["paper_id", "title", "abstract", "topics"])


def main() -> None:
    """Print how long each takes, and the memory that was needed."""
    papers = corpus(Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data")))
    start = time.perf_counter()
    table = related(papers)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"related: {papers.num_rows:,} papers, {table.num_rows:,} rows, {seconds:.1f} s, "
        f"most memory of the process {memory:,.0f} MB"
    )
    abstracts = papers["abstract"].to_pylist()
    start = time.process_time()
    for abstract in abstracts:
        summarize(abstract, None)
    seconds = time.process_time() - start
    print(f"summaries: {len(abstracts) / seconds:,.0f} abstracts a second of one core")
    start = time.process_time()
    for abstract in abstracts:
        find_links(abstract)
    seconds = time.process_time() - start
    print(f"links: {len(abstracts) / seconds:,.0f} abstracts a second of one core")


if __name__ == "__main__":
    main()
