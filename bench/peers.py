"""Run one other program for matching in its own process: ``python -m bench.peers NAME IN OUT``.

IN is a Parquet file of records, OUT receives ``record_id`` and ``cluster``. Each peer is used as
its own documentation shows. One JSON line goes to standard output: version and seconds, from the
table in memory to the clusters, after imports. The packages are those of the extra ``bench``.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

Groups = Iterable[Iterable[str]]


#: Random pairs for each record that Splink estimates from.
_SAMPLED = 10


def splink(records: pd.DataFrame) -> Groups:
    """Splink on DuckDB: u by random sampling, m by expectation maximisation, threshold 0.95."""
    import duckdb  # noqa: PLC0415 - as below
    import splink.comparison_library as cl  # noqa: PLC0415 - only where it is installed
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415

    logging.getLogger("splink").setLevel(logging.ERROR)
    table = records.rename(columns={"record_id": "unique_id"})
    table["title"] = table["title"].str.lower().str.replace(r"[^\w]+", " ", regex=True).str.strip()
    table["authors"] = table["authors"].str.lower()
    table["first_author"] = table["authors"].str.split(",").str[0]
    table["title_start"] = table["title"].str[:20]
    filled = {name for name in table.columns if table[name].notna().any()}
    comparisons = {
        "title": cl.JaroWinklerAtThresholds("title", [0.95, 0.88, 0.8]),
        "authors": cl.JaroWinklerAtThresholds("authors", [0.92, 0.8]),
        "year": cl.ExactMatch("year").configure(term_frequency_adjustments=True),
        "venue": cl.JaroWinklerAtThresholds("venue", [0.92, 0.8]),
        "volume": cl.ExactMatch("volume"),
        "pages": cl.ExactMatch("pages"),
        "doi": cl.ExactMatch("doi"),
    }
    rules = [
        block_on(*_strict_enough(table, columns))
        for columns in (
            ["title"],
            ["title_start"],
            ["authors", "year"],
            ["first_author", "year"],
            ["doi"],
            ["volume", "pages"],
        )
        if not {"doi", "volume", "pages"}.intersection(columns) - filled
    ]
    # What does not fit into memory goes where the files of this run go.
    api = DuckDBAPI(duckdb.connect(config={"temp_directory": tempfile.gettempdir()}))
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[comparison for name, comparison in comparisons.items() if name in filled],
        blocking_rules_to_generate_predictions=rules,
    )
    linker = Linker(api.register(table, dataset_display_name="records"), settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("title", "year")], recall=0.7
    )
    # Among a million random pairs of a million records hardly two records have a DOI.
    linker.training.estimate_u_using_random_sampling(max_pairs=max(1e6, _SAMPLED * len(table)))
    for rule in (block_on("title"), block_on("authors", "year")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_weight=-10)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.95)
    found = clusters.as_duckdbpyrelation().df()
    return [list(group["unique_id"]) for _, group in found.groupby("cluster_id")]


#: Pairs that one blocking rule of Splink may give. Twenty times as many took 22 GB of memory and
#: more than 17 minutes.
_MOST_PAIRS = 100_000_000


def _strict_enough(table: pd.DataFrame, columns: list[str]) -> list[str]:
    """The columns of a blocking rule, and the beginning of the title where the rule is too loose.

    By first author and year, a million records would be compared in two billion pairs.
    """
    sizes = table.groupby(columns).size()
    pairs = int((sizes * (sizes - 1) // 2).sum())
    return columns if pairs <= _MOST_PAIRS else [*columns, "title_start"]


_BIB_DEDUPE = {"record_id": "ID", "authors": "author", "venue": "journal", "issue": "number"}


def bib_dedupe(records: pd.DataFrame) -> Groups:
    """BibDedupe: prep, block, match, components; its "maybe" pairs wait for a person."""
    from bib_dedupe.bib_dedupe import block, cluster, match, prep  # noqa: PLC0415

    table = records.rename(columns=_BIB_DEDUPE)
    table["author"] = table["author"].str.replace("; ", " and ")
    table["year"] = table["year"].map(lambda year: "" if year != year else str(int(year)))  # noqa: PLR0124 - NaN
    table = table.fillna("")
    groups: Groups = cluster(match(block(prep(table, verbosity_level=0))))
    return groups


PEERS: dict[str, Callable[[pd.DataFrame], Groups]] = {"splink": splink, "bib-dedupe": bib_dedupe}


def main(name: str, records: Path, out: Path) -> None:
    """Run one peer on one set."""
    import pandas as pd  # noqa: PLC0415 - as above

    table = pd.read_parquet(records)
    version = metadata.version(name)
    begun = time.perf_counter()
    groups = PEERS[name](table)
    seconds = time.perf_counter() - begun
    rows = [(record, min(group)) for group in map(list, groups) for record in group]
    alone = set(table["record_id"]) - {record for record, _ in rows}
    rows += [(record, record) for record in sorted(alone)]
    pd.DataFrame(rows, columns=["record_id", "cluster"]).to_parquet(out)
    print(json.dumps({"version": version, "seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
