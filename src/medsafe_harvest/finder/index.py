"""The index of a snapshot: built on first use, kept beside the data, never stale.

Layout::

    data/cache/search/<name of the snapshot>/   about.json; words.parquet: which words there are;
                                                tantivy's files in index/
    data/cache/search/.lock                     held while an index is built or removed

A snapshot's name is made from its content, so an index answers for that content alone. It appears
by one rename; what a killed process left is removed by the next that builds. All of it may be
deleted at any time.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import tantivy
from filelock import FileLock, Timeout

from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.readings import IDENTIFIERS
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.finder import words
from medsafe_harvest.normalize.text import comparison_form

#: Raised when what is indexed, or how, changes: indexes of other versions are built anew.
VERSION = 2
#: Half of the bonus of new papers is gone after so many years.
HALF_LIFE = 5.0
#: The bonus of a paper of the snapshot's day, as a part of its score.
BONUS = 0.05

#: How often an index that vanishes while it is opened is tried again.
_PATIENCE = 3
_ABOUT = "about.json"
_FILES = "index"
_WORDS = "words.parquet"
_BATCH = 2_000
_THREADS = min(4, os.cpu_count() or 1)
_MEMORY = 128_000_000
_COLUMNS = [
    "paper_id", "former_ids", "record_ids", *IDENTIFIERS, "title", "abstract", "authors", "venue",
    "year", "published", "topics",
]  # fmt: skip

_TEXTS = ("title", "abstract", "authors", "venue")

#: Told how many papers are done, of how many.
Progress = Callable[[int, int], None]


def _untold(done: int, total: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is open."""

    searcher: tantivy.Searcher
    schema: tantivy.Schema
    #: Parquet with the words of all papers, for :class:`near.Vocabulary`; open, for another
    #: process may remove the index meanwhile.
    words: pa.NativeFile


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in ("title", "abstract", "venue", "topics"):
        builder.add_text_field(name, tokenizer_name="stem")
    builder.add_text_field("authors", tokenizer_name="plain")
    # All words unstemmed, and all that are written with a hyphen, in one piece: what to take a
    # misspelt word for, and how telling a word is.
    builder.add_text_field("all", tokenizer_name="plain", index_option="basic")
    builder.add_text_field("joined", tokenizer_name="plain", index_option="basic")
    builder.add_text_field("whole", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("ids", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("row", indexed=True, fast=True)
    builder.add_float_field("recency", fast=True)
    return builder.build()


def opened(
    folder: Path,
    cache: Path,
    progress: Progress | None = None,
    *,
    waiting: Callable[[], None] = lambda: None,
    rebuild: bool = False,
) -> Index:
    """The index of a snapshot, built first where there is none.

    Args:
        folder: the snapshot.
        cache: where indexes are kept; made if missing.
        progress: told while the index is built.
        waiting: told once if another process builds or removes an index now.
        rebuild: build it although there is one.

    Raises:
        CuratedError: the snapshot is damaged, or the index cannot be written.
    """
    target = cache / folder.name
    for _ in range(_PATIENCE):
        if rebuild or not _is_whole(target):
            _ensure(folder, target, progress or _untold, waiting, rebuild=rebuild)
        try:
            return _open(target)
        except (OSError, ValueError):  # removed at this moment, by a process with a newer snapshot
            rebuild = False
    raise CuratedError(
        f"the search index {target} cannot be opened: delete {cache} and search again"
    )


def _open(target: Path) -> Index:
    words_file = pa.memory_map(str(target / _WORDS))
    index = tantivy.Index.open(str(target / _FILES))
    index.register_tokenizer("plain", words.plain_analyzer())
    index.register_tokenizer("stem", words.stem_analyzer())
    return Index(index.searcher(), index.schema, words_file)


def _ensure(
    folder: Path, target: Path, progress: Progress, waiting: Callable[[], None], *, rebuild: bool
) -> None:
    """Build an index unless another process has done so meanwhile; remove the others.

    Raises:
        CuratedError: the snapshot is damaged, or the index cannot be written.
    """
    cache = target.parent
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _held(cache, waiting):
            if rebuild or not _is_whole(target):
                _build(folder, target, progress)
                _prune(target)
    except OSError as error:
        raise CuratedError(
            f"the search index cannot be written to {cache} ({error}): free some space or mend the "
            "permissions; that folder may be deleted at any time"
        ) from error


def _held(cache: Path, waiting: Callable[[], None]) -> FileLock:
    lock = FileLock(cache / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire()
    return lock


def _about(folder: Path) -> dict[str, Any]:
    """What must be so for an index to be of use: who wrote it, and its files with their sizes."""
    files = [folder / _WORDS, *sorted((folder / _FILES).glob("[!.]*"))]
    sizes = {path.name: path.stat().st_size for path in files}
    return {"version": VERSION, "tantivy": metadata.version("tantivy"), "bytes": sizes}


def _is_whole(target: Path) -> bool:
    """Whether an index is there with all its bytes, and of this version."""
    try:
        said = json.loads((target / _ABOUT).read_text(encoding="utf-8"))
        return bool(said == _about(target))
    except (OSError, ValueError):
        return False


def _build(folder: Path, target: Path, progress: Progress) -> None:
    """Write the index of a snapshot and put it in its place; the lock is held.

    Raises:
        CuratedError: the snapshot is damaged.
        OSError: the index cannot be written.
    """
    for left in target.parent.glob(".building-*"):
        shutil.rmtree(left)
    beside = target.with_name(f".building-{os.getpid()}")
    try:
        (beside / _FILES).mkdir(parents=True)
        index = _write(folder, beside / _FILES, progress)
        pq.write_table(_words(index), beside / _WORDS)
        text = json.dumps(_about(beside), indent=1, sort_keys=True) + "\n"
        (beside / _ABOUT).write_text(text, encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)  # of another version, or damaged
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _prune(target: Path) -> None:
    """Remove the indexes of other snapshots; who has one open keeps it until done."""
    for path in target.parent.iterdir():
        if path != target and path.is_dir():
            shutil.rmtree(path)


def _write(folder: Path, into: Path, progress: Progress) -> tantivy.Index:
    path = snapshot.file(folder, "papers", _COLUMNS)
    as_of = snapshot.manifest(folder).get("as_of")
    today = date.fromisoformat(as_of) if as_of else None
    index = tantivy.Index(_schema(), path=str(into))
    index.register_tokenizer("plain", words.plain_analyzer())
    index.register_tokenizer("stem", words.stem_analyzer())
    try:
        writer = index.writer(heap_size=_THREADS * _MEMORY, num_threads=_THREADS)
        total = pq.read_metadata(path).num_rows
        progress(0, total)
        for number, (paper, texts) in enumerate(_papers(path)):
            writer.add_document(_document(number, paper, texts, today))
            if (number + 1) % _BATCH == 0:
                progress(number + 1, total)
        writer.commit()
        writer.wait_merging_threads()
    except ValueError as error:  # so tantivy names a full disk
        raise OSError(str(error)) from error
    progress(total, total)
    return index


def _words(index: tantivy.Index) -> pa.Table:
    """The words of letters and how many papers have each, the most frequent first."""
    index.reload()
    found: dict[str, int] = {}
    for field in ("joined", "all"):
        for word, papers in index.searcher().terms_with_prefix(field, ""):
            if word.isalpha():
                found[word] = max(papers, found.get(word, 0))
    by_frequency = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return pa.table(
        {
            "word": pa.array([word for word, _ in by_frequency], pa.string()),
            "papers": pa.array([papers for _, papers in by_frequency], pa.int64()),
        }
    )


def _papers(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Each paper, and its texts as they are indexed."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH, columns=_COLUMNS):
            papers = batch.to_pylist()
            tidy = iter(words.all_tidy(text for paper in papers for text in _texts(paper)))
            for paper in papers:
                yield paper, dict(zip(_TEXTS, tidy, strict=False))


def _texts(paper: dict[str, Any]) -> tuple[str | None, ...]:
    """In the order of ``_TEXTS``."""
    authors = " ".join(author["name"] for author in paper["authors"])
    venue = f"{paper['venue'] or ''} {paper['year'] or ''}"
    return paper["title"], paper["abstract"], authors, venue


def _document(
    number: int, paper: dict[str, Any], texts: dict[str, str], today: date | None
) -> tantivy.Document:
    document = tantivy.Document()
    for name, text in texts.items():
        document.add_text(name, text)
        document.add_text("all", text)
    for topic in paper["topics"]:
        document.add_text("topics", topic)
        document.add_text("all", topic)
    document.add_text("joined", words.joined(" | ".join(texts.values())))
    document.add_text("whole", comparison_form(texts["title"]))
    for name in _names(paper):
        document.add_text("ids", name)
    document.add_unsigned("row", number)
    document.add_float("recency", _recency(paper, today))
    return document


def _names(paper: dict[str, Any]) -> Iterator[str]:
    """The ids of a paper: its own as they are, those of services with their kind."""
    for name in (paper["paper_id"], *paper["former_ids"], *paper["record_ids"]):
        yield name.lower()
    for column in IDENTIFIERS:
        values = paper[column] if column == "other_dois" else [paper[column]]
        kind = "doi" if column == "other_dois" else column
        yield from (f"{kind}:{value}" for value in values if value is not None)


def _recency(paper: dict[str, Any], today: date | None) -> float:
    """The value by which the score becomes 1 + BONUS * 0.5 ** (age in years / HALF_LIFE).

    tantivy multiplies the score by log2(2 + value).
    """
    known = paper["published"] or (paper["year"] and date(paper["year"], 7, 1))
    if today is None or not known:
        return 0.0
    age = max((today - known).days / 365.25, 0.0)
    return float(2.0 ** (1 + BONUS * 0.5 ** (age / HALF_LIFE)) - 2)
