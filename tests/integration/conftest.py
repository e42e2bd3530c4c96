"""A project in a temporary folder, with both services on this machine."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from medsafe_harvest import cli, loopback
from medsafe_harvest.errors import MedsafeError

ROOT = Path(__file__).parents[2]
#: The command line as a process of its own.
COMMAND = (sys.executable, "-c", "from medsafe_harvest.cli import main; main()")


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with config/ and data/."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def run(self, *arguments: str) -> Result:
        """Run a command here; an expected error comes back as the result's exception."""
        options = ["--config", str(self.config), "--data", str(self.data)]
        environment = {"MEDSAFE_STATE": str(self.folder / "state"), "COLUMNS": "200"}
        result = CliRunner().invoke(cli.app, [*options, *arguments], env=environment)
        if result.exception is not None and not isinstance(
            result.exception, SystemExit | MedsafeError
        ):
            raise result.exception
        return result


def make_project(
    folder: Path, services: loopback.Services, *, queries: Sequence[str] | None = None
) -> Project:
    """A project whose services are the given ones; ``queries`` keeps only those seed queries."""
    project = Project(folder)
    shutil.copytree(ROOT / "config", project.config)
    settings = {
        "sources": {
            name: {"base_url": url, "min_interval": 0, "wait_throttled": 0}
            for name, url in services.urls.items()
        },
        "retry": {"attempts": 3, "wait_initial": 0, "wait_max": 0, "breaker": 0},
    }
    (project.config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    if queries is not None:
        file = project.config / "queries.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        content["queries"] = [one for one in content["queries"] if one["id"] in queries]
        file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return project


def settled(project: Project) -> Counter[tuple[str, str, str]]:
    """How often each window of days long gone by was received with papers in it."""
    records = (json.loads(path.read_bytes()) for path in project.data.glob("raw/**/window.json"))
    return Counter(
        (one["source"], one["query"], one["since"])
        for one in records
        if one["outcome"] == "complete" and one["until"] < "2024" and one["query"][0] != "_"
    )


@pytest.fixture(scope="session")
def services() -> Iterator[loopback.Services]:
    """Both services over the bundled corpus."""
    with loopback.running(loopback.bundled_corpus()) as running:
        yield running


@pytest.fixture(scope="session")
def harvested(services: loopback.Services, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project after one harvest of everything; tests only read it."""
    project = make_project(tmp_path_factory.mktemp("harvested"), services)
    result = project.run("harvest")
    assert result.exit_code == 0, result.output
    return project
