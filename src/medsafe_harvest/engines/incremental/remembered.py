"""What matching found, kept for the next night: a folder that may be deleted at any time.

``current.json`` names the files of a state, with their sizes and checksums; they are written before
it and never changed, and those that it does not name are remains of a run that was ended. A state
that is damaged, or that other rules made, is none.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from medsafe_harvest import schema as _schema
from medsafe_harvest.dedupe.cluster import AGAINST
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.engines.incremental.keyindex import KeyIndex
from medsafe_harvest.engines.incremental.layers import Layers
from medsafe_harvest.engines.pool import load_one, save_one
from medsafe_harvest.errors import StoreError
from medsafe_harvest.schema import DECISION

_SIDES = [pa.field(side, pa.int32(), nullable=False) for side in "lr"]
#: Decisions as they were settled; ``l`` and ``r`` are the rows of the records, ``joins`` says
#: whether the two are in one cluster, or would be but for another.
KEPT = pa.schema([*_SIDES, pa.field("joins", pa.bool_(), nullable=False), *DECISION])
#: Decisions that are not kept, see ``cluster.AGAINST``.
REST = pa.schema([*_SIDES, *(AGAINST.field(name) for name in ("reason", "score"))])
#: Decisions as they were before the clusters settled them, where that changed them.
FIRST = pa.schema([*_SIDES, *DECISION])
#: What the search for pairs needs of each record.
TITLES = pa.schema(
    [
        pa.field("author", pa.string(), nullable=False),  # "" for none
        pa.field("year", pa.int32(), nullable=False),  # 0 for none
        pa.field("sorted_title", pa.string(), nullable=False),
        pa.field("compact_title", pa.string(), nullable=False),
        pa.field("head", pa.string(), nullable=False),
    ]
)
#: The living, in order of their ids, and for each the row of the first record of its cluster.
LIVING = pa.schema(
    [pa.field("row", pa.int32(), nullable=False), pa.field("cluster", pa.int32(), nullable=False)]
)
_LAYERED = ("records", "titles", "kept", "rest")
_POINTER = "current.json"
#: Of the files' form; rules and packages have their own part in :func:`rules`.
_FORM = 1


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a batch is matched against. A record keeps its row; one changed gets anew."""

    #: ``prepare.NEEDED`` of ``schema.RECORD``.
    records: Layers
    titles: Layers
    keys: KeyIndex
    kept: Layers
    rest: Layers
    first: pa.Table
    living: pa.Table
    #: ``relations.LINKS``, sorted.
    relations: pa.Table
    #: As of :class:`~medsafe_harvest.engines.duckdb.Matching`, but for what clusters add.
    counts: Mapping[str, int]
    overrides: Overrides
    #: Folder of the layers that do not change.
    base: str


@cache
def rules() -> str:
    """A digest of all that decides what matching finds: our code and the packages below it."""
    digest = hashlib.sha256(f"{_FORM}\0".encode())
    house = Path(_schema.__file__).parent
    folders = (house / name for name in ("dedupe", "engines", "normalize"))
    for path in sorted([house / "schema.py", *(one for f in folders for one in f.rglob("*.py"))]):
        digest.update(f"{path.relative_to(house)}\0".encode())
        digest.update(path.read_bytes())
    for package in ("duckdb", "numpy", "pyarrow", "rapidfuzz"):
        digest.update(f"{package} {version(package)}\0".encode())
    return digest.hexdigest()


def load(folder: Path) -> State | None:
    """The state in a folder; None where there is none, or one that other rules made.

    Raises:
        StoreError: it is damaged.
    """
    pointer = folder / _POINTER
    if not pointer.exists():
        return None
    try:
        said = json.loads(pointer.read_bytes())
        if said["rules"] != rules():
            return None
        _check(folder, said["files"])
        return _read(folder, said)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise StoreError(f"{folder} is damaged ({error!r})") from error


def _check(folder: Path, files: Mapping[str, Any]) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = threads.map(lambda name: checksum(folder / name), files)
        for (name, expected), one in zip(files.items(), found, strict=True):
            if one != expected:
                raise ValueError(f"{name} is not what was written")


def checksum(path: Path) -> int:
    """CRC-32 of a file; against accidents, not against forgers."""
    value = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            value = zlib.crc32(chunk, value)
    return value


def _read(folder: Path, said: Mapping[str, Any]) -> State:
    base, night = folder / said["base"], folder / said["night"]

    def table(path: Path) -> pa.Table:
        return pa.Table.from_batches([load_one(path)])

    def layers(name: str) -> Layers:
        below, more = table(base / f"{name}.arrow"), table(night / f"{name}.arrow")
        stands = np.ones(len(below), dtype=bool)
        gone = night / f"{name}-gone.arrow"
        if gone.exists():
            stands[load_one(gone).column("row").to_numpy()] = False
        return Layers(below, more, stands)

    return State(
        **{name: layers(name) for name in _LAYERED},
        keys=KeyIndex(table(base / "keys.arrow"), table(night / "keys.arrow")),
        first=table(night / "first.arrow"),
        living=table(night / "living.arrow"),
        relations=table(night / "relations.arrow"),
        counts=said["counts"],
        overrides=Overrides.model_validate(said["overrides"]),
        base=said["base"],
    )


def write_night(folder: Path, state: State) -> Path:
    """Write what is new in a state; it counts once it is committed. The folder of it."""
    night = next_folder(folder, "night")
    for name in _LAYERED:
        layers: Layers = getattr(state, name)
        save_one(night / f"{name}.arrow", layers.more)
        gone = np.flatnonzero(~layers.stands).astype(np.int32)
        if len(gone):
            save_one(night / f"{name}-gone.arrow", pa.table({"row": gone}))
    for name in ("first", "living", "relations"):
        save_one(night / f"{name}.arrow", getattr(state, name))
    save_one(night / "keys.arrow", state.keys.more)
    return night


def commit(folder: Path, state: State, night: Path) -> None:
    """Make a state that was written the current one, in one step; remove the one before."""
    base = folder / state.base
    known = _known(folder)
    files = {
        str(path.relative_to(folder)): known.get(str(path.relative_to(folder))) or checksum(path)
        for part in (base, night)
        for path in sorted(part.iterdir())
    }
    said = {
        "rules": rules(),
        "base": base.name,
        "night": night.name,
        "counts": dict(state.counts),
        "overrides": state.overrides.model_dump(mode="json"),
        "files": files,
    }
    new = folder / f".{_POINTER}"
    new.write_text(json.dumps(said, indent=1), encoding="utf-8")
    new.replace(folder / _POINTER)
    for path in folder.iterdir():
        if path.is_dir() and path not in (base, night):
            shutil.rmtree(path, ignore_errors=True)  # what stays goes the next time


def _known(folder: Path) -> dict[str, int]:
    """Checksums of the files of the state that is there, if it can be read."""
    try:
        return dict(json.loads((folder / _POINTER).read_bytes())["files"])
    except (OSError, ValueError, KeyError):
        return {}  # what is there is replaced


def next_folder(folder: Path, stem: str) -> Path:
    """A new folder under a number that none has had since the folder was made."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [int(path.name.rpartition("-")[2]) for path in folder.glob(f"{stem}-*")]
    new = folder / f"{stem}-{max(numbers, default=0) + 1}"
    new.mkdir()
    return new
