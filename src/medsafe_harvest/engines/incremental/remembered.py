"""The state on disk, kept for the next night: a folder that may be deleted at any time.

``current.json`` names the files of a state, with their checksums; they are written before it and
never changed, and those that it does not name are remains of a run that was ended. A state that is
damaged, or that other rules made, is none.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest import schema as _schema
from medsafe_harvest.dedupe.blocking import KEYS
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.engines.duckdb import Made
from medsafe_harvest.engines.incremental.layers import KeyIndex, Layers, in_order
from medsafe_harvest.engines.incremental.state import (
    LIVING,
    SETTLED,
    TITLES,
    Sides,
    State,
    first,
    kept,
    rest,
)
from medsafe_harvest.engines.pool import gather, load_one, parts_of, save_one
from medsafe_harvest.errors import StoreError

_LAYERED = ("records", "titles", "kept", "rest")
_WHOLE = ("first", "living", "relations")
_POINTER, _FACTS = "current.json", "facts.json"
#: Of the files' form; rules and packages have their own part in ``RULES``.
_FORM = 2
#: Those that rules call; scipy only finds components, which are what they are.
_PACKAGES = ("duckdb", "numpy", "pyarrow", "pylatexenc", "rapidfuzz", "xxhash")


def _rules() -> str:
    """A digest of all that decides what matching finds: our code and what it runs on."""
    # Python has its own tables of letters.
    digest = hashlib.sha256(f"{_FORM}\0{platform.python_version()}\0".encode())
    house = Path(_schema.__file__).parent
    folders = (house / name for name in ("dedupe", "engines", "normalize"))
    for path in sorted([house / "schema.py", *(one for f in folders for one in f.rglob("*.py"))]):
        digest.update(f"{path.relative_to(house)}\0".encode())
        digest.update(path.read_bytes())
    for package in _PACKAGES:
        digest.update(f"{package} {version(package)}\0".encode())
    return digest.hexdigest()


#: Of the code that runs: taken as it is imported, for an upgrade may come while a run goes on.
RULES = _rules()


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
        if said["rules"] != RULES:
            return None
        _check(folder, said["files"])
        return _read(folder / said["base"], folder / said["night"])
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


def _read(base: Path, night: Path) -> State:
    facts = json.loads((night / _FACTS).read_bytes())

    def layers(name: str) -> Layers:
        below = _table(base, name)
        stands = np.ones(len(below), dtype=bool)
        stands[_table(night, f"{name}-gone")["row"].to_numpy()] = False
        return Layers(below, _table(night, name), stands)

    return State(
        **{name: layers(name) for name in _LAYERED},
        **{name: _table(night, name) for name in _WHOLE},
        keys=KeyIndex(_table(base, "keys"), _table(night, "keys")),
        counts=facts["counts"],
        overrides=Overrides.model_validate(facts["overrides"]),
        base=base.name,
    )


def _table(folder: Path, name: str) -> pa.Table:
    return pa.Table.from_batches([load_one(folder / f"{name}.arrow")])


def write_base(folder: Path, made: Made, overrides: Overrides) -> State:
    """Write the large layers of what a full match found; they count once a night is committed."""
    base = next_folder(folder, "base")
    shutil.copyfile(made.folder / "records.arrow", base / "records.arrow")
    parts = parts_of(len(made.record_ids))
    refining = _table(made.folder, "refining")
    titles = _table(made.folder, "titles")
    for name in ("author", "year"):
        titles = titles.append_column(name, refining[name])
    save_one(base / "titles.arrow", titles.select(TITLES.names).cast(TITLES))
    save_one(base / "keys.arrow", in_order(gather(made.folder, "keys", parts, KEYS)))
    settled = made.matching.decisions
    save_one(base / "kept.arrow", kept(settled, _sides(settled, made.record_ids)))
    save_one(base / "rest.arrow", rest(made.against, _sides(made.against, made.record_ids)))
    changed = made.unsettled.filter(pc.not_equal(made.unsettled["reason"], settled["reason"]))
    clusters = pc.index_in(made.matching.clusters["cluster"], made.record_ids).combine_chunks()
    living = [pa.array(np.arange(len(clusters), dtype=np.int32)), clusters]
    return State(
        **{name: Layers.of(_table(base, name)) for name in _LAYERED},
        keys=KeyIndex(_table(base, "keys"), KEYS.empty_table()),
        first=first(changed, _sides(changed, made.record_ids)),
        living=pa.table(living, schema=LIVING),
        relations=made.matching.relations,
        counts={name: n for name, n in made.matching.counts.items() if name not in SETTLED},
        overrides=overrides,
        base=base.name,
    )


def _sides(pairs: pa.Table, record_ids: pa.Array) -> Sides:
    """The places of both records of each pair among some record ids."""
    return [pc.index_in(pairs[side], value_set=record_ids) for side in ("left", "right")]


def write_night(folder: Path, state: State) -> Path:
    """Write what is new in a state; it counts once it is committed. The folder of it."""
    night = next_folder(folder, "night")
    for name in _LAYERED:
        layers: Layers = getattr(state, name)
        save_one(night / f"{name}.arrow", layers.more)
        gone = np.flatnonzero(~layers.stands).astype(np.int32)
        save_one(night / f"{name}-gone.arrow", pa.table({"row": gone}))
    for name in _WHOLE:
        save_one(night / f"{name}.arrow", getattr(state, name))
    save_one(night / "keys.arrow", state.keys.more)
    facts = {
        "counts": dict(state.counts),
        "overrides": state.overrides.model_dump(mode="json"),
    }
    (night / _FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")
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
    said = {"rules": RULES, "base": base.name, "night": night.name, "files": files}
    new = folder / f".{_POINTER}"
    new.write_text(json.dumps(said, indent=1), encoding="utf-8")
    new.replace(folder / _POINTER)
    prune(folder)


def disown(folder: Path) -> None:
    """Let no state be the current one, so that one half removed is none, not a damaged one.

    Where that cannot be, a damaged one is what the next run finds.
    """
    with suppress(OSError):
        (folder / _POINTER).unlink()


def prune(folder: Path) -> None:
    """Remove what the current state does not name: of states before, of runs that were ended."""
    named = {name.partition("/")[0] for name in _known(folder)}
    for path in folder.glob("*/"):
        if path.name not in named:
            shutil.rmtree(path, ignore_errors=True)  # what stays goes the next time


def _known(folder: Path) -> dict[str, int]:
    """Checksums of the files of the state that is there, if it can be read."""
    try:
        return dict(json.loads((folder / _POINTER).read_bytes())["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # what is there is replaced


def next_folder(folder: Path, stem: str) -> Path:
    """A new folder under a number that none has, nor had in the state that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    there = {path.name for path in folder.iterdir()}
    named = {name.partition("/")[0] for name in _known(folder)}
    numbers = [name.rpartition("-")[2] for name in there | named if name.startswith(f"{stem}-")]
    new = folder / f"{stem}-{max((int(one) for one in numbers if one.isdecimal()), default=0) + 1}"
    new.mkdir()
    return new
