"""Time the related papers of 25,000 papers and the summaries: ``python -m bench.related``."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.report import write
from medsafe_harvest.normalize.links import find_links
from medsafe_harvest.topics.known import KNOWN
from medsafe_harvest.topics.related import update
from medsafe_harvest.topics.summary import summarize

ROOT = Path(__file__).parents[1]
PAPERS = 25_000
#: Of these, papers that a night adds.
NEW = 50
#: References of a paper, and papers that are cited, the first ones far more often than the last.
CITES, CITED = 40, 300_000


def corpus(data: Path) -> pa.Table:
    """Real papers with the columns that :func:`related` reads; what they cite is drawn by lot."""
    path = data / "corpus/medical_ml.parquet"
    names = ["record_id", "title", "abstract", "trust_terms"]
    table = pq.read_table(path, columns=names).slice(0, PAPERS)
    table = table.rename_columns(["paper_id", "title", "abstract", "topics"])
    # The ids of the corpus are not unique.
    table = table.set_column(0, "paper_id", pa.array(f"mh{n:06}" for n in range(len(table))))
    drawn = np.random.default_rng(0).random((len(table), CITES)) ** 3 * CITED
    cites = pa.array([np.unique(row).tolist() for row in drawn.astype(np.int64)])
    table = table.append_column("cites", cites)
    table = table.append_column("corpus_id", pa.array(range(len(table)), pa.int64()))
    # The last ones come in the night after.
    days = np.r_[np.zeros(len(table) - NEW), np.ones(NEW)].astype("int32")
    return table.append_column("first_seen", pa.array(days).cast(pa.date32()))


def main() -> None:
    """Print how long each takes, and the memory that was needed; write them to related.json."""
    papers = corpus(Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data")))
    start = time.process_time()
    before = update(papers.slice(0, PAPERS - NEW), KNOWN.empty_table())
    seconds = time.process_time() - start
    start = time.process_time()
    table = update(papers, before.known).related
    night = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"related: {papers.num_rows:,} papers, {table.num_rows:,} rows, {seconds:.1f} s at first, "
        f"{night:.1f} s with {NEW} new papers, seconds of one core, "
        f"most memory of the process {memory:,.0f} MB"
    )
    abstracts = papers["abstract"].to_pylist()
    start = time.process_time()
    for abstract in abstracts:
        summarize(abstract, None)
    summaries = len(abstracts) / (time.process_time() - start)
    print(f"summaries: {summaries:,.0f} abstracts a second of one core")
    start = time.process_time()
    for abstract in abstracts:
        find_links(abstract)
    links = len(abstracts) / (time.process_time() - start)
    print(f"links: {links:,.0f} abstracts a second of one core")
    write(
        "related",
        {
            "papers": papers.num_rows,
            "rows": table.num_rows,
            "first_core_seconds": seconds,
            "night_core_seconds": night,
            "peak_megabytes": memory,
            "summaries_per_core_second": summaries,
            "link_searches_per_core_second": links,
        },
    )


if __name__ == "__main__":
    main()
