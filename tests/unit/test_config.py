"""Every configuration key changes something, and every mistake names its place."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from medsafe_harvest.config import Config, Settings, load_config
from medsafe_harvest.errors import ConfigError
from medsafe_harvest.sources import SOURCES

ROOT = Path(__file__).parents[2]
QUERY = {"id": "a", "description": "A.", "all_of": ["trust"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "config", tmp_path / "config")


def written(folder: Path, name: str, content: dict[str, Any]) -> Path:
    (folder / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return folder


def test_the_settings_file_shows_the_defaults() -> None:
    shown = yaml.safe_load((ROOT / "config/settings.yaml").read_text(encoding="utf-8"))
    assert Settings.model_validate(shown | {"sources": {}}) == Settings()
    for name, source in SOURCES.items():
        for key, value in shown["sources"][name].items():
            assert value == getattr(source, key, None) or value == getattr(source.service, key)


def test_the_settings_file_shows_every_key() -> None:
    shown = yaml.safe_load((ROOT / "config/settings.yaml").read_text(encoding="utf-8"))
    for section, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            assert set(shown[section]) == set(kind.model_fields)


def test_changes_reach_the_source_and_its_service(folder: Path) -> None:
    changes = {"page_size": 7, "base_url": "http://127.0.0.1:1/api", "min_interval": 9}
    config = load_config(written(folder, "settings.yaml", {"sources": {"arxiv": changes}}))
    assert config.sources["arxiv"] == type(SOURCES["arxiv"])(page_size=7)  # type: ignore[call-arg] # the protocol does not name the fields of one source
    assert config.services["arxiv"].base_url == "http://127.0.0.1:1/api"
    assert config.services["arxiv"].min_interval == 9
    assert config.services["semantic_scholar"] == SOURCES["semantic_scholar"].service


@pytest.mark.parametrize(
    ("name", "content", "line", "words"),
    [
        ("settings.yaml", {"retry": {"atempts": 3}}, 2, "did you mean 'attempts'"),
        ("settings.yaml", {"sources": {"arxive": {}}}, 2, "there are arxiv, semantic_scholar"),
        ("settings.yaml", {"sources": {"arxiv": {"page_size": "many"}}}, 3, "integer"),
        ("settings.yaml", {"sources": {"arxiv": {"page_size": 0}}}, 2, "page_size must be"),
        (
            "settings.yaml",
            {"sources": {"arxiv": {"colour": 1}}},
            3,
            "unknown key 'colour'; there are page_size",
        ),
        ("settings.yaml", {"contact": "nobody"}, 1, "contact"),
        ("queries.yaml", {"queries": [QUERY | {"sources": ["s2"]}]}, 7, "no source 's2'"),
        ("queries.yaml", {"queries": [QUERY | {"raw": {"pubmed": "x"}}]}, 7, "no source 'pubmed'"),
        (
            "queries.yaml",
            {"queries": [QUERY, dict(QUERY, any_of=["x"])]},
            6,
            "another query has this id",
        ),
        ("overrides.yaml", {"must_link": [{"left": "a"}]}, 2, "required"),
    ],
)
def test_a_mistake_names_file_and_line(
    folder: Path, name: str, content: dict[str, Any], line: int, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(written(folder, name, content))
    assert (Path(caught.value.file).name, caught.value.line) == (name, line)
    assert words in str(caught.value)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "topics.yaml").unlink()
    with pytest.raises(ConfigError, match=r"topics\.yaml: there is no such file"):
        load_config(folder)


def test_the_digest_follows_what_curation_depends_on(folder: Path) -> None:
    before = load_config(folder)
    settings = load_config(written(folder, "settings.yaml", {"contact": "a@example.org"}))
    with (folder / "topics.yaml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert before.digest == settings.digest != load_config(folder).digest


def test_a_configuration_can_be_varied_without_changing_it() -> None:
    config: Config = load_config(ROOT / "config")
    varied = config.with_sources({"arxiv": {"min_interval": 0}}).with_retry(attempts=1)
    assert varied.services["arxiv"].min_interval == 0
    assert varied.settings.retry.attempts == 1
    assert config.services["arxiv"].min_interval == 3
    assert varied.settings.harvest.since == date(2016, 1, 1)
