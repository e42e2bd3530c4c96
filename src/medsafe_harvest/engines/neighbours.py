"""Related papers of a run, from what the run before found, unless there are too many papers."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from medsafe_harvest import disk
from medsafe_harvest.config import Config
from medsafe_harvest.engines.embeddings import nearest
from medsafe_harvest.errors import StoreError
from medsafe_harvest.schema import RELATED
from medsafe_harvest.topics.known import KNOWN
from medsafe_harvest.topics.related import update

#: The number goes up when the way to compute changes.
_FILE = "nearest-1.parquet"


def are_told(papers: int, config: Config) -> bool:
    """Whether the related papers of a collection so large are computed in advance."""
    return papers <= config.settings.related.most_papers


def neighbours(papers: pa.Table, config: Config, cache: Path) -> pa.Table:
    """The papers nearest to each, of ``schema.RELATED``; none for more than ``most_papers``.

    Args:
        papers: rows of ``schema.PAPER``.
        config: says how many papers are too many, and whether a model of language tells what is
            near.
        cache: folder for what the next run can use; it may be deleted at any time.

    Raises:
        ConfigError: the model of language, or the package that reads it, is not there.
        StoreError: the file in the cache is damaged or cannot be written.
    """
    if not are_told(len(papers), config):
        return RELATED.empty_table()
    if config.settings.related.embeddings is not None:
        return nearest(papers, config, cache)
    path = cache / "related" / _FILE
    found = update(papers, _read(path))
    _write(path, found.known)
    return found.related


def _read(path: Path) -> pa.Table:
    if not path.exists():
        return KNOWN.empty_table()
    try:
        return pq.read_table(path, schema=KNOWN)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path} is damaged ({error}): delete it, it is made anew") from error


def _write(path: Path, known: pa.Table) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(path, lambda new: pq.write_table(known, new, compression="zstd"))
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error}") from error
