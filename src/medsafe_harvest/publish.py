"""Tables to the snapshot that readers see: related papers, the redirect ledger, one swap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from medsafe_harvest.config import Config
from medsafe_harvest.curated import redirects, snapshot
from medsafe_harvest.curated.redirects import Change, Names
from medsafe_harvest.engines.neighbours import are_told, neighbours
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.schema import RELATED


class Steps(Protocol):
    """Told of each step as it begins."""

    def step(self, name: str, total: int | None = None) -> None:
        """A step begins; ``total`` counts what it works on, where that is known."""


@dataclass(frozen=True, slots=True)
class Published:
    """What readers have now."""

    folder: Path
    #: Rows by table.
    rows: Mapping[str, int]
    #: What became of paper ids of the snapshot before.
    changes: tuple[Change, ...]


def publish(  # noqa: PLR0913 - what, how, where, and the moment
    folder: Path,
    tables: Mapping[str, snapshot.Rows],
    config: Config,
    about: Mapping[str, Any],
    steps: Steps,
    *,
    cache: Path,
    now: datetime,
) -> Published:
    """Find related papers, write a snapshot, and note what became of paper ids.

    Args:
        folder: the curated folder.
        tables: papers, records, decisions and relations; or streams of them. Papers that come as a
            stream are too many to find related ones in advance.
        config: which papers are related, how many snapshots stay.
        about: further entries of the manifest, as for :func:`snapshot.write`.
        steps: told of each step.
        cache: folder for what the next run can use; it may be deleted at any time.
        now: the moment, for the redirect ledger; the snapshot does not depend on it.

    Raises:
        ConfigError: the model of language that tells what is near is not there.
        CuratedError: the folder cannot be written, or the redirect ledger is damaged; the snapshot
            that is there stays.
        StoreError: a file in the cache is damaged or cannot be written.
    """
    near = _related(tables["papers"], config, steps, cache)
    whole = all(isinstance(table, pa.Table) for table in tables.values())
    steps.step("write", sum(map(len, [*tables.values(), near])) if whole else None)
    found: list[Change] = []

    def note(new: Path) -> None:
        found.extend(_changes(folder, new))
        redirects.append(folder, found, now)

    keep = config.settings.curate.keep_snapshots
    written = snapshot.write(
        folder, {**tables, "related": near}, about, keep=keep, before_swap=note
    )
    files = snapshot.manifest(written)["tables"]
    return Published(written, {name: files[name]["rows"] for name in files}, tuple(found))


def lake_ledger(now: datetime) -> Callable[[str, str, pa.Table, pa.Table, pa.Table], str | None]:
    """What adds changes to the redirect ledger of a lake, for ``engines.spark.curate``.

    It raises CuratedError where the ledger is damaged.

    Args:
        now: the moment.
    """

    def append(
        path: str, text: str, before: pa.Table, after: pa.Table, lost: pa.Table
    ) -> str | None:
        known = redirects.parse(text, path)
        # Of the former ids those are left out already that are found elsewhere.
        found = redirects.changes(Names(before, lost), Names(after, lost.slice(0, 0)))
        return redirects.text_of(known, found, now) or text or None

    return append


def _related(papers: snapshot.Rows, config: Config, steps: Steps, cache: Path) -> pa.Table:
    if isinstance(papers, pa.Table) and are_told(len(papers), config):
        steps.step("relate", len(papers))
        return neighbours(papers, config, cache)
    number = len(papers) if isinstance(papers, pa.Table) else None
    steps.step("no related papers in advance, too many papers", number)
    return RELATED.empty_table()


def _changes(folder: Path, new: Path) -> list[Change]:
    """What becomes of the paper ids of the snapshot that is there; nothing where none is whole."""
    try:
        there = snapshot.current(folder)
        if there == new.resolve():
            return []
        before = _names(there)
    except CuratedError:
        # The first one, or one to be replaced because it is damaged: nobody's ids can be told.
        return []
    return redirects.changes(before, _names(new))


def _names(made: Path) -> Names:
    """Which paper answers to what in a snapshot."""
    papers = snapshot.read(made, "papers", ["paper_id", "record_ids", "former_ids"])
    return Names.of(papers, snapshot.read(made, "records", ["record_id", "former_record_ids"]))
