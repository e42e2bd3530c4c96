"""The commands of ``topics``, as a curator uses them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from medsafe_harvest.cli import app
from medsafe_harvest.errors import ConfigError, EvaluateError

ROOT = Path(__file__).parents[2]
RULES = ROOT / "config/topics.yaml"
PAPER = {
    "id": "a",
    "title": "Fairness of chest X-ray models",
    "abstract": "We measure fairness.",
    "medical": True,
    "trust": ["fairness", "privacy"],
    "modality": ["x-ray"],
    "task": [],
}


def run(*arguments: str | Path, config: Path = RULES.parent) -> Result:
    everything = ["--config", str(config), "topics", *map(str, arguments)]
    return CliRunner().invoke(app, everything, env={"COLUMNS": "100"})


def told(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.json"
    path.write_text(json.dumps([PAPER]))
    return path


def test_evaluate_prints_one_object_with_the_figures(labelled: Path) -> None:
    plain = told(run("evaluate", labelled, "--json", "--errors", "5"))
    assert plain["medical"]["accuracy"] == 1.0
    assert plain["trust"]["micro_f1"] == pytest.approx(2 / 3)
    assert plain["trust"]["macro_f1"] == pytest.approx(1 / 2)
    assert plain["modality"]["topics"]["x-ray"]["f1"] == 1.0
    [error] = [one for one in plain["errors"] if one["facet"] == "trust"]
    assert (error["topic"], error["kind"]) == ("privacy", "missed")


def test_evaluate_as_a_table_names_the_disagreements(labelled: Path) -> None:
    result = run("evaluate", labelled, "--errors", "9")
    assert result.exit_code == 0
    assert "medical accuracy 1.000" in result.stdout
    assert "missed: privacy" in result.stdout


def test_evaluate_refuses_what_is_no_labelled_set(labelled: Path) -> None:
    labelled.write_text("[{}]")
    result = run("evaluate", labelled)
    assert isinstance(result.exception, EvaluateError)
    assert str(labelled) in str(result.exception)
    assert isinstance(run("evaluate", labelled / "no").exception, EvaluateError)


def test_test_explains_a_text_with_its_discounts() -> None:
    plain = told(run("test", "It works without uncertainty.", "--title", "Fairness", "--json"))
    given = {one["topic"]: one for one in plain["topics"]}
    assert given["fairness"]["tagged"]
    assert not given["uncertainty"]["tagged"]
    assert given["uncertainty"]["evidence"][0]["discount"] == "negation"
    assert "negation" in run("test", "It works without uncertainty.").stdout


@pytest.mark.parametrize(
    ("arguments", "typed", "field"),
    [
        (("A survey of chest X-rays",), None, "title"),
        (("-",), "A survey of chest X-rays\n", "title"),
        (("We read chest X-rays.",), None, "abstract"),
        (("On chest X-rays", "--title", "A survey"), None, "abstract"),
    ],
)
def test_a_text_without_the_end_of_a_sentence_is_a_title(
    arguments: tuple[str, ...], typed: str | None, field: str
) -> None:
    everything = ["--config", str(RULES.parent), "topics", "test", *arguments, "--json"]
    plain = told(CliRunner().invoke(app, everything, input=typed))
    [x_ray] = [one for one in plain["topics"] if one["topic"] == "x-ray"]
    assert {one["field"] for one in x_ray["evidence"]} == {field}


def test_check_finds_a_planted_dead_rule_and_shows_what_matches(
    tmp_path: Path, labelled: Path
) -> None:
    clean = run("check", "--papers", labelled)
    assert clean.exit_code == 0, clean.stdout
    assert "x-ray  1 papers" in clean.stdout
    text = RULES.read_text(encoding="utf-8").replace(
        "smoothgrad,", "self attention map*, smoothgrad,"
    )
    (tmp_path / "topics.yaml").write_text(text)
    result = run("check", config=tmp_path)
    assert result.exit_code == 1
    assert "dead  trust/explainability/named 'self attention map*'" in result.stdout


def test_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    text = RULES.read_text(encoding="utf-8")
    (tmp_path / "topics.yaml").write_text(text.replace("weight: strong", "weight: heavy", 1))
    line = text[: text.index("weight: strong")].count("\n") + 1
    error = run("check", config=tmp_path).exception
    assert isinstance(error, ConfigError)
    assert f"topics.yaml:{line}: " in str(error)


def test_the_documentation_shows_what_diff_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs/topics.md").read_text(encoding="utf-8")
    [papers] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    [old, new, shown] = re.findall(
        r"```console\n\$ sed 's/(.*?)/(.*?)/' config/topics\.yaml > new\.yaml\n"
        r"\$ medsafe-harvest topics diff new\.yaml --papers papers\.json\n(.*?)```",
        page,
        re.DOTALL,
    )[0]
    monkeypatch.chdir(tmp_path)
    Path("papers.json").write_text(papers)
    Path("new.yaml").write_text(RULES.read_text(encoding="utf-8").replace(old, new))
    result = run("diff", "new.yaml", "--papers", "papers.json")
    assert [line.rstrip() for line in result.stdout.splitlines()] == shown.splitlines()
    [change] = told(run("diff", "new.yaml", "--papers", "papers.json", "--json"))["changes"]
    assert (change["paper"], change["change"]) == ("p1", "gained")
