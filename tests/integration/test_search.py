"""``search`` on the harvested demo papers: the page about it says what is so."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from medsafe_harvest import cli
from tests.integration.conftest import ROOT, Project

PAGE = (ROOT / "docs/how-to/search.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def data(harvested: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched") / "data"
    shutil.copytree(harvested.data / "curated", folder / "curated", symlinks=True)
    return folder


def test_the_page_shows_what_the_commands_print(data: Path) -> None:
    blocks = re.findall(r"^```console\n\$ (.+)\n((?s:.*?))^```$", PAGE, re.MULTILINE)
    assert len(blocks) == 2
    for command, shown in blocks:
        words = ["--config", str(ROOT / "config"), "--data", str(data), *shlex.split(command)[3:]]
        printed = CliRunner().invoke(cli.app, words, env={"COLUMNS": "100"}).stdout
        lines = [line.rstrip() for line in printed.splitlines()]
        wrong = [line for line in shown.splitlines() if line not in {"...", *lines}]
        assert not wrong, f"in search.md lines are out of date, run `make docs`:\n{printed}"


def test_the_page_has_an_example_for_notebooks_that_runs(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [example] = re.findall(r"^```python\n((?s:.*?))^```$", PAGE, re.MULTILINE)
    monkeypatch.chdir(data.parent)
    exec(example, {})
    printed = capsys.readouterr().out
    assert "rank" in printed
    assert "MRI" in printed


def test_what_finds_nothing_says_why(data: Path) -> None:
    def said(*words: str) -> str:
        place = ["--config", str(ROOT / "config"), "--data", str(data), "search"]
        return CliRunner().invoke(cli.app, [*place, *words]).stdout

    assert "only words that are not wanted" in said("--", "-survey")
    none = said("privacy", "--since", "2030")
    assert "no paper passes the options" in none
    some = said("hallucination", "--where", "year < 2019")
    assert "without the options: " in some
