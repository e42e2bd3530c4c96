"""Vectors are computed once for a text and a model, and their absence is said."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from medsafe_harvest.config import RelatedSettings, Settings, load_config
from medsafe_harvest.engines.embeddings import Vectors, embed, load_model, nearest
from medsafe_harvest.errors import ConfigError, StoreError


class Model:
    """Encodes a text as its length, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def load(self, _: Path) -> Model:
        return self

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(list(texts))
        return np.array([[len(text), 1] for text in texts], np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text("{}")
    return tmp_path / "model"


def test_a_text_is_encoded_once_for_a_model(tmp_path: Path, folder: Path) -> None:
    model = Model()
    embed(["a", "bb", "a"], folder, tmp_path, model.load)
    vectors = embed(["ccc", "bb"], folder, tmp_path, model.load)
    assert model.asked == [["a", "bb"], ["ccc"]]
    assert vectors.tolist() == [[3, 1], [2, 1]]
    (folder / "config.json").write_text("{ }")
    embed(["bb"], folder, tmp_path, model.load)
    assert model.asked[2:] == [["bb"]]


def test_a_damaged_file_of_vectors_is_named(tmp_path: Path, folder: Path) -> None:
    embed(["a"], folder, tmp_path, Model().load)
    [path] = tmp_path.glob("embeddings/*.parquet")
    path.write_bytes(b"no parquet")
    with pytest.raises(StoreError, match=path.name):
        embed(["a"], folder, tmp_path, Model().load)


def test_what_is_missing_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        load_model(folder / "not")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ConfigError, match="pip install sentence-transformers"):
        load_model(folder)


def test_the_package_reads_the_folder_and_downloads_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sentences:
        def __init__(self, name: str, *, local_files_only: bool) -> None:
            if not local_files_only or name != str(folder):
                raise OSError("would download")

        def encode(self, texts: list[str], **_: Any) -> list[list[float]]:
            return [[1.0, 2.0] for _ in texts]

    package = ModuleType("sentence_transformers")
    monkeypatch.setattr(package, "SentenceTransformer", Sentences, raising=False)
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    assert load_model(folder)(["a"]).tolist() == [[1, 2]]


def test_the_setting_reaches_the_related_papers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sentences:
        def __init__(self, _: str, **__: Any) -> None:
            pass

        def encode(self, texts: list[str], **_: Any) -> list[list[float]]:
            return [[1.0, 1.0 if "heart" in text else -1.0] for text in texts]

    package = ModuleType("sentence_transformers")
    monkeypatch.setattr(package, "SentenceTransformer", Sentences, raising=False)
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    config = load_config(Path(__file__).parents[3] / "config")
    chosen = Settings(related=RelatedSettings(embeddings=folder))
    papers = pa.table(
        {
            "paper_id": ["mh1", "mh2", "mh3"],
            "title": ["A heart", "Cardiac", "One more heart"],
            "abstract": pa.array([None, None, None], pa.string()),
            "topics": pa.array([[], [], []], pa.list_(pa.string())),
            "cites": pa.array([[], [], []], pa.list_(pa.int64())),
            "corpus_id": pa.nulls(3, pa.int64()),
            "first_seen": pa.array([0, 0, 0], pa.date32()),
        }
    )
    found = nearest(papers, dataclasses.replace(config, settings=chosen), tmp_path).to_pylist()
    assert [(one["paper_id"], one["related_paper_id"], one["score"]) for one in found] == [
        ("mh1", "mh3", 1.0),
        ("mh3", "mh1", 1.0),
    ]
    assert nearest(papers, config, tmp_path)["score"].to_pylist() != [1.0, 1.0]
