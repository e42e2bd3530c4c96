"""The papers nearest to one: from the table of related papers, or computed when they are asked for.

A collection beyond ``related.most_papers`` has no such table. Its weights are computed when
somebody asks first, kept in the cache under the name of the snapshot, and read in one pass for each
question after that.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import platformdirs
import pyarrow as pa

from medsafe_harvest.curated import lookup, nearest, snapshot
from medsafe_harvest.curated.redirects import Redirect

#: Told how many papers are read, before a long first question.
Tell = Callable[[int], None]


def of(
    folder: Path,
    ledger: Sequence[Redirect],
    name: str,
    cache: Path,
    tell: Tell = lambda _: None,
) -> pa.Table:
    """The nearest papers of the paper that an id names, of ``nearest.NEIGHBOURS``.

    Args:
        folder: a snapshot.
        ledger: from :func:`redirects.read`.
        name: as for :func:`lookup.find_paper`.
        cache: folder for the weights of all papers; it may be deleted at any time.
        tell: told the number of papers, where their weights have to be computed first.

    Raises:
        CuratedError: the snapshot is damaged.
        NotFoundError: as :func:`lookup.trace`; with SplitError.
        StoreError: the weights cannot be kept.
    """
    if snapshot.manifest(folder)["tables"]["related"]["rows"]:
        return nearest.of(folder, ledger, name)
    paper_id = lookup.resolve(folder, ledger, name).paper_id
    # Only here: what it needs takes its time to import.
    index: Any = import_module("medsafe_harvest.nearby.index")
    return nearest.described(folder, index.nearest_of(folder, paper_id, cache, tell))


def cache_beside(curated: Path) -> Path:
    """Where a curated folder keeps what may be deleted: beside it, or else where the user does."""
    beside = curated.absolute().parent / "cache"
    there = next(folder for folder in (beside, *beside.parents) if folder.exists())
    if os.access(there, os.W_OK):
        return beside
    name = hashlib.sha256(os.fsencode(beside)).hexdigest()[:16]
    return platformdirs.user_cache_path("medsafe-harvest") / name
