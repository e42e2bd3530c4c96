"""Related papers, by the vectors of a model of language on this machine where one is named.

The package ``sentence-transformers`` is the user's to install; nothing is ever downloaded. Vectors
are kept under the digest of the model's files and of the text, so another model, or a changed
abstract, is computed anew.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from medsafe_harvest import disk
from medsafe_harvest.config import Config
from medsafe_harvest.errors import ConfigError, StoreError
from medsafe_harvest.topics.related import related, text_of

Vectors = npt.NDArray[np.float32]
#: Texts to vectors, one row a text.
Encoder = Callable[[Sequence[str]], Vectors]

_SCHEMA = pa.schema([pa.field("text", pa.binary(32)), pa.field("vector", pa.list_(pa.float32()))])
_SETTING, _FILE = "related.embeddings", "settings.yaml"


def nearest(papers: pa.Table, config: Config, cache: Path) -> pa.Table:
    """The papers nearest to each, of ``schema.RELATED``.

    Args:
        papers: rows of ``schema.PAPER``.
        config: says whether a model of language tells what is near.
        cache: folder for the vectors of that model.

    Raises:
        ConfigError: the model, or the package that reads it, is not there.
        StoreError: its vectors cannot be kept.
    """
    model = config.settings.related.embeddings
    if model is None or not len(papers):
        return related(papers)
    texts = zip(papers["title"].to_pylist(), papers["abstract"].to_pylist(), strict=True)
    return related(papers, vectors=embed([text_of(*one) for one in texts], model, cache))


def load_model(model: Path) -> Encoder:
    """The model in a folder.

    Raises:
        ConfigError: there is no such folder, it holds no model, or ``sentence-transformers`` is
            not installed.
    """
    if not model.is_dir():
        raise ConfigError(
            f"{_SETTING}: there is no folder {model}; it names a sentence-transformers model on "
            "this machine, nothing is downloaded",
            file=_FILE,
        )
    try:
        package: Any = importlib.import_module("sentence_transformers")
    except ImportError as error:
        raise ConfigError(
            f"{_SETTING} needs a package that is not installed: run "
            "`pip install sentence-transformers`, or remove the setting",
            file=_FILE,
        ) from error
    try:
        loaded = package.SentenceTransformer(str(model), local_files_only=True)
    except (OSError, ValueError) as error:
        message = f"{_SETTING}: {model} holds no model that can be read: {error}"
        raise ConfigError(message, file=_FILE) from error

    def encode(texts: Sequence[str]) -> Vectors:
        return np.asarray(loaded.encode(list(texts), show_progress_bar=False), dtype=np.float32)

    return encode


def embed(
    texts: Sequence[str], model: Path, cache: Path, load: Callable[[Path], Encoder] = load_model
) -> Vectors:
    """The vector of each text.

    Args:
        texts: at least one.
        model: folder of the model.
        cache: folder for the vectors; made if missing. It may be deleted at any time.
        load: reads the model, only where a text is new.

    Raises:
        ConfigError: as :func:`load_model`.
        StoreError: the file of vectors is damaged or cannot be written.
    """
    path = cache / "embeddings" / f"{_digest_of(model)}.parquet"
    known = _read(path)
    keys = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in texts]
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if new:
        made = load(model)(list(new.values()))
        known |= dict(zip(new, np.asarray(made, dtype=np.float32), strict=True))
        _write(path, known)
    return np.stack([known[key] for key in keys])


def _digest_of(model: Path) -> str:
    """Of the names and bytes of all files of a model."""
    digest = hashlib.sha256()
    for path in sorted(model.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(model)}\0".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _read(path: Path) -> dict[bytes, Vectors]:
    if not path.exists():
        return {}
    try:
        table = pq.read_table(path, schema=_SCHEMA)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path} is damaged ({error}): delete it, it is made anew") from error
    lists = table["vector"].combine_chunks()
    flat = lists.flatten().to_numpy().reshape(len(table), -1) if len(table) else np.empty((0, 1))
    return dict(zip(table["text"].to_pylist(), flat, strict=True))


def _write(path: Path, vectors: dict[bytes, Vectors]) -> None:
    order = sorted(vectors)
    table = pa.table(
        [pa.array(order, pa.binary(32)), pa.array([vectors[key] for key in order])],
        schema=_SCHEMA,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(path, lambda new: pq.write_table(table, new, compression="zstd"))
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error}") from error
