"""The weights of all papers of a snapshot, computed when somebody asks first and kept in files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from medsafe_harvest.curated import snapshot
from medsafe_harvest.engines.pool import load, load_one, pool, save, save_one, with_arguments
from medsafe_harvest.errors import StoreError
from medsafe_harvest.scratch import scratch
from medsafe_harvest.topics.asked import VECTORS, Vectors, nearest_to, place_of
from medsafe_harvest.topics.terms import CITES, Ints, Terms, terms_of
from medsafe_harvest.topics.weights import common, holders, rarity, settled, weigh

_READ = ["title", "abstract", "topics", "cites", "corpus_id"]
#: The number goes up when the way to compute changes.
_VERSION = 2
_ENTRIES = pa.schema([(name, pa.int32()) for name in ("term", "count")])


def nearest_of(folder: Path, paper_id: str, cache: Path, tell: Callable[[int], None]) -> pa.Table:
    """``schema.RELATED`` of one paper of a snapshot; the rest as for :func:`nearby.of`."""
    kept = cache / "related" / f"{folder.name}-{_VERSION}"
    if not kept.is_dir():
        _keep(folder, kept, tell)
    ids = load_one(kept / "ids.arrow").column("paper_id")
    batches = load(kept / "vectors.arrow").to_batches()
    vectors = Vectors(ids, tuple(batches), load_one(kept / "terms.arrow").column("term"))
    paper = snapshot.read(folder, "papers", _READ, only=("paper_id", [paper_id]))
    return nearest_to(place_of(ids, paper_id), paper, vectors)


def _keep(folder: Path, kept: Path, tell: Callable[[int], None]) -> None:
    """Compute the weights of a snapshot, those of others give way to them."""
    table = snapshot.read(folder, "papers", ["paper_id", "first_seen"]).combine_chunks()
    tell(len(table))
    beside = kept.with_name(f".{kept.name}-{os.getpid()}")
    try:
        beside.mkdir(parents=True)
        _compute(snapshot.file(folder, "papers", _READ), table, beside)
        for path in kept.parent.iterdir():
            if path.is_dir() and path != beside:
                shutil.rmtree(path)
        beside.rename(kept)
    except OSError as error:
        raise StoreError(f"{kept} cannot be written: {error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _compute(path: Path, table: pa.Table, out: Path) -> None:
    """Write ``ids``, ``terms`` and ``vectors``."""
    groups = pq.ParquetFile(path).num_row_groups
    count = len(table)
    with (
        scratch() as folder,
        pool(None, count) as workers,
    ):
        workers.run(with_arguments(read_part, papers=path), folder, groups)
        own = [load_one(folder / f"terms-{part}.arrow").column("term") for part in range(groups)]
        terms = pa.array([], pa.string()) if not own else pa.chunked_array(own).unique()
        terms = terms.take(pc.sort_indices(terms))
        cited = pc.starts_with(terms, CITES).to_numpy(zero_copy_only=False)
        numbers = [
            np.asarray(pc.index_in(names, value_set=terms).to_numpy(), dtype=np.int64)
            for names in own
        ]
        of_all = settled(table["first_seen"].cast(pa.int32()).to_numpy().astype(np.int64))
        held = np.zeros(max(len(terms), 1), dtype=np.int64)
        start = 0
        for part in range(groups):
            some = _read(folder, part, numbers[part], cited)
            papers = len(some.ends) - 1
            held += holders(some, of_all[start : start + papers])
            start += papers
        rare, left_out = rarity(held, count), common(held, count)
        batches = (
            _vectors(_read(folder, part, numbers[part], cited), rare, left_out)
            for part in range(groups)
        )
        save(out / "vectors.arrow", batches, VECTORS)
    save_one(out / "terms.arrow", pa.table({"term": terms}))
    save_one(out / "ids.arrow", table.select(["paper_id"]))


def read_part(folder: Path, part: int, papers: Path) -> None:
    """Write the terms of the papers of one row group."""
    found = terms_of(pq.ParquetFile(papers).read_row_group(part, columns=_READ))
    ends = pa.table({"end": found.ends})
    entries = pa.table([found.term.astype(np.int32), found.count.astype(np.int32)], _ENTRIES.names)
    save_one(folder / f"ends-{part}.arrow", ends)
    save_one(folder / f"entries-{part}.arrow", entries)
    save_one(folder / f"terms-{part}.arrow", pa.table({"term": pa.array(found.terms, pa.string())}))


def _read(folder: Path, part: int, numbers: Ints, cited: npt.NDArray[np.bool_]) -> Terms:
    """The terms of one part by their numbers among all; nobody asks for words."""
    ends = load_one(folder / f"ends-{part}.arrow").column("end").to_numpy()
    term, count = (column.to_numpy() for column in load_one(folder / f"entries-{part}.arrow"))
    words = np.zeros(len(term), dtype=np.int64)
    names = ("",) * len(cited)
    return Terms(ends, numbers[term], count.astype(np.int64), words, names, (), cited)


def _vectors(
    terms: Terms, rare: npt.NDArray[np.float64], left_out: npt.NDArray[np.bool_]
) -> pa.RecordBatch:
    matrix, _ = weigh(terms, rare, left_out)
    ends = pa.array(matrix.indptr.astype(np.int32))
    columns = [
        pa.ListArray.from_arrays(ends, pa.array(one)) for one in (matrix.indices, matrix.data)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=VECTORS)
