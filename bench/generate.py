"""Corpora of any size with known truth: ``python -m bench.generate ROWS OUT.parquet [--seed N]``.

OUT has records of schema RECORD; beside it, OUT.truth.parquet has ``record_id``, ``work`` (a number
for each paper) and ``changes`` (what was done to the record, see ``bench.changes``). Titles and
names are drawn from what follows what in the titles and names of ``titles_1m``, which is counted
once. The same rows and seed give the same records, however many processes make them.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import random
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.chain import Chain
from bench.changes import CHANGES, Copy
from bench.corpora import FOLDER, titles_1m
from bench.works import Language, works
from medsafe_harvest.config import load_config
from medsafe_harvest.normalize.records import Seen, to_batch
from medsafe_harvest.normalize.venues import VenueTable
from medsafe_harvest.schema import RECORD
from medsafe_harvest.sources.base import SourceAuthor, SourceRecord

ROOT = Path(__file__).parents[1]
#: Rows of a part, which one process makes, and of a row group.
ROWS = 20_000
#: Share of the papers that have one copy, two, and so on.
COPIES = (0.60, 0.25, 0.09, 0.04, 0.015, 0.005)
SOURCES = ("arxiv", "semantic_scholar", "dblp", "openalex", "pubmed", "crossref")
TRUTH = pa.schema(
    [("record_id", pa.string()), ("work", pa.int64()), ("changes", pa.list_(pa.string()))]
)
_SEEN = Seen(queries=("generated",), first_seen=date(2026, 1, 1), last_seen=date(2026, 1, 1))


@dataclass(frozen=True, slots=True)
class Order:
    """What corpus is wanted."""

    rows: int
    seed: int = 0
    #: Share of copies by name of the change, in place of those of ``CHANGES``.
    rates: Mapping[str, float] = field(default_factory=dict)
    copies: tuple[float, ...] = COPIES

    def part(self, number: int) -> int:
        """Rows of one part."""
        return min(ROWS, self.rows - number * ROWS)

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.rows // ROWS)


def make(
    order: Order, language: Language, venues: VenueTable, part: int
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Records and truth of one part."""
    chance = random.Random(f"{order.seed} {part} copies")
    most = order.part(part)
    found: list[SourceRecord] = []
    truth: list[tuple[str, int, list[str]]] = []
    for work in works(language, order.seed, part, ROWS):
        [number] = chance.choices(range(1, len(order.copies) + 1), order.copies)
        for source in chance.sample(SOURCES, number)[: most - len(found)]:
            copy, changes = _changed(work.copy, order.rates, chance)
            name = f"{order.seed} {part} {len(found)}".encode()
            found.append(_record(source, hashlib.blake2b(name, digest_size=8).hexdigest(), copy))
            truth.append((f"{source}:{found[-1].source_id}", work.number, changes))
        if len(found) == most:
            break
    columns = [
        pa.array(list(column), kind.type)
        for column, kind in zip(zip(*truth, strict=True), TRUTH, strict=True)
    ]
    return to_batch(found, [_SEEN] * len(found), venues), pa.record_batch(columns, TRUTH)


def _changed(
    copy: Copy, rates: Mapping[str, float], chance: random.Random
) -> tuple[Copy, list[str]]:
    """A copy after chance has worked on it, and the names of what it did."""
    done = []
    for name, (change, usual) in CHANGES.items():
        if chance.random() < rates.get(name, usual):
            before, copy = copy, change(copy, chance)
            if copy != before:
                done.append(name)
    return copy, done


def _record(source: str, source_id: str, copy: Copy) -> SourceRecord:
    ids = (("doi", copy.doi), ("arxiv", copy.arxiv_id))
    return SourceRecord(
        source=source,
        source_id=source_id,
        title=copy.title,
        authors=tuple(SourceAuthor(name) for name in copy.authors),
        published=copy.day,
        year=copy.year,
        venue=copy.venue,
        volume=copy.volume,
        pages=copy.pages,
        identifiers=tuple((kind, text) for kind, text in ids if text),
    )


def language_of(records: Iterable[pa.RecordBatch]) -> Language:
    """What follows what in the titles and the names of records."""
    titles, names = [], []
    for batch in records:
        titles.append(pc.split_pattern(batch.column("title"), " "))
        people = batch.column("authors").flatten()
        both = people.filter(
            pc.and_(pc.is_valid(people.field("given")), pc.is_valid(people.field("family")))
        )
        pairs = pc.binary_join_element_wise(both.field("family"), both.field("given"), "\n")
        names.append(pc.split_pattern(pairs, "\n"))
    return Language(
        titles=Chain.of(pa.concat_arrays(titles), places=4),
        names=Chain.of(pa.concat_arrays(names), places=1),
    )


def language() -> Language:
    """Of ``titles_1m``; counted once, then read from build/bench/corpora."""
    paths = [FOLDER / f"{kind}.npz" for kind in ("titles", "names")]
    if not all(path.exists() for path in paths):
        records, _ = titles_1m()
        columns = ["title", "authors"]
        counted = language_of(pq.ParquetFile(records).iter_batches(columns=columns))
        counted.titles.save(paths[0])
        counted.names.save(paths[1])
    return Language(*(Chain.load(path) for path in paths))


def generate(order: Order, out: Path) -> Path:
    """Write records and truth, part by part; the path of the truth. Half a file is none."""
    truth = truth_of(out)
    language()  # counted before all workers do
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = [path.with_name(f".{path.name}") for path in (out, truth)]
    with (
        pq.ParquetWriter(beside[0], RECORD, compression="zstd") as records_file,
        pq.ParquetWriter(beside[1], TRUTH, compression="zstd") as truth_file,
    ):
        for number, (records, works_of_them) in enumerate(_parts(order)):
            records_file.write_batch(records)
            truth_file.write_batch(works_of_them)
            if number % 25 == 24 or number + 1 == order.parts:
                print(f"{min((number + 1) * ROWS, order.rows):,} records", file=sys.stderr)
    beside[1].replace(truth)
    beside[0].replace(out)
    return truth


def truth_of(out: Path) -> Path:
    """Where the truth about generated records is."""
    return out.with_suffix(".truth.parquet")


def _parts(order: Order) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """All parts in order, few ahead of the one that is wanted."""
    cores = os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context, initializer=_begin) as workers:
        waiting: deque[Future[tuple[pa.RecordBatch, pa.RecordBatch]]] = deque()
        for part in range(order.parts):
            waiting.append(workers.submit(_make, order, part))
            if len(waiting) > 2 * cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_KNOWN: dict[str, tuple[Language, VenueTable]] = {}


def _begin() -> None:
    """What a worker needs for all its parts."""
    _KNOWN["all"] = language(), load_config(ROOT / "config").venues


def _make(order: Order, part: int) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    known, venues = _KNOWN["all"]
    return make(order, known, venues, part)


def main() -> None:
    """Read the command line, write the files."""
    parser = argparse.ArgumentParser(prog="python -m bench.generate", description=__doc__)
    parser.add_argument("rows", type=int, help="records to make, at least 1")
    parser.add_argument("out", type=Path, help="Parquet file to write")
    parser.add_argument("--seed", type=int, default=0, help="another one, another corpus")
    parser.add_argument(
        "--rate",
        action="append",
        default=[],
        metavar="CHANGE=SHARE",
        help="share of copies with a change, in place of the usual one; may be repeated: "
        + ", ".join(f"{name}={usual}" for name, (_, usual) in CHANGES.items()),
    )
    given = parser.parse_args()
    rates = {}
    for text in given.rate:
        name, _, share = text.partition("=")
        if name not in CHANGES:
            parser.error(f"no change {name!r}; there are {', '.join(CHANGES)}")
        try:
            rates[name] = float(share)
        except ValueError:
            parser.error(f"--rate is CHANGE=SHARE, such as typo=0.1, not {text!r}")
    if given.rows < 1:
        parser.error("rows is at least 1")
    print(given.out, generate(Order(given.rows, given.seed, rates), given.out))


if __name__ == "__main__":
    main()
