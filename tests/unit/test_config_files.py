"""A mistake in a configuration file is reported with its file and line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from medsafe_harvest.config_files import load
from medsafe_harvest.errors import ConfigError


class Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    weight: float = Field(default=1.0, ge=0)


class Shop(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    items: tuple[Item, ...] = ()
    pages: int = 1
    opened: date | None = None


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("items:\n  - name: a\n    wieght: 2\n", 3, "did you mean 'weight'"),
        ("items:\n  - weight: 2\n", 2, "name: this key is required"),
        ("items:\n  - name: a\n\n  - name: b\n    weight: -1\n", 5, "greater than or equal to 0"),
        ("pages: many\n", 1, "not 'many'"),
        ("pages: 1\npages: 2\n", 2, "stands twice, first on line 1"),
        ("items:\n  - {name: [}\n", 2, "not YAML"),
        ("pages: x\nitems:\n  - name: 1\n", 1, "1 more, on line 3"),
        ("- a\n", 1, "Input should be a valid dictionary"),
        ("opened: 2024-13-45\n", 1, "opened: Input should be a valid date"),
    ],
)
def test_a_mistake_names_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, Shop)
    assert caught.value.line == line
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{file}:{line}: ")


@pytest.mark.parametrize("text", ["? [a]\n: 1\n", "a: &x [*x]\n"])
def test_yaml_that_no_model_can_mean_is_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="not YAML as it is used here"):
        load(file, Shop)


def test_mistakes_are_told_in_the_same_words_by_either_reader(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("pages: 1\nopened: @noon\n", encoding="utf-8")
    # libyaml does not say which character.
    with pytest.raises(ConfigError, match=r"shop\.yaml:2: not YAML: found character '@'"):
        load(file, Shop)


def test_nesting_without_end_is_an_error_and_no_crash(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("[" * 50_000, encoding="utf-8")
    with pytest.raises(ConfigError, match="not YAML as it is used here"):
        load(file, Shop)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml: there is no such file"):
        load(tmp_path / "gone.yaml", Shop)


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("# nothing yet\n", encoding="utf-8")
    assert load(file, Shop) == Shop()


def test_bytes_that_are_not_text_are_an_error(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(file, Shop)
