"""The index: never stale, whole or not there, safe beside others; and the command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from medsafe_harvest import finder
from medsafe_harvest.cli import app
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.finder import index, staged
from tests.unit.finder.library import LIBRARY, write

_SEARCH = """
import sys
from pathlib import Path
from medsafe_harvest import finder
print(finder.find(Path(sys.argv[1]), "sepsis").table["paper_id"].to_pylist())
"""


@pytest.fixture
def curated(tmp_path: Path) -> Path:
    write(tmp_path / "curated", *LIBRARY)
    return tmp_path / "curated"


class Told:
    """Keeps what is told of the building of an index."""

    def __init__(self) -> None:
        self.progress: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.progress.append((done, total))


def ids(curated: Path, text: str = "sepsis", **arguments: Any) -> list[str]:
    found: list[str] = finder.find(curated, text, **arguments).table["paper_id"].to_pylist()
    return found


def indexes(curated: Path) -> list[str]:
    return sorted(path.name for path in finder.cache_of(curated).iterdir() if path.is_dir())


def test_it_is_built_once_for_each_snapshot(curated: Path) -> None:
    told = Told()
    assert ids(curated, progress=told) == ["mh08"]
    assert told.progress == [(0, 10), (10, 10)]
    assert ids(curated, progress=told) == ["mh08"]
    assert len(told.progress) == 2
    new = write(curated, *LIBRARY[:8], {"title": "No news"})
    assert ids(curated) == []
    assert ids(curated, "news") == ["mh08"]
    assert indexes(curated) == [new.name]  # that of the former snapshot is gone
    shutil.rmtree(finder.cache_of(curated))
    assert ids(curated, "news") == ["mh08"]


def damage(folder: Path) -> None:
    largest = max((folder / "index").iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(b"")


def lose(folder: Path) -> None:
    (folder / "words.parquet").unlink()


def age(folder: Path) -> None:
    about = json.loads((folder / "about.json").read_bytes())
    (folder / "about.json").write_text(json.dumps(about | {"version": 0}))


@pytest.mark.parametrize("harm", [damage, lose, age])
def test_what_is_no_good_is_built_anew(curated: Path, harm: Any) -> None:
    ids(curated)
    harm(finder.cache_of(curated) / snapshot.current(curated).name)
    told = Told()
    assert ids(curated, progress=told) == ["mh08"]
    assert told.progress


def test_an_interrupted_build_leaves_nothing_and_a_killed_one_is_cleared(curated: Path) -> None:
    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ids(curated, progress=interrupt)
    assert indexes(curated) == []
    (finder.cache_of(curated) / ".building-1").mkdir()
    assert ids(curated) == ["mh08"]
    assert indexes(curated) == [snapshot.current(curated).name]


def test_who_has_it_open_keeps_it(curated: Path) -> None:
    opened = index.opened(snapshot.current(curated), finder.cache_of(curated))
    shutil.rmtree(finder.cache_of(curated))
    assert [hit.row for hit in staged.search(opened, "spsis models", 9).hits] == [8]


def test_two_processes_may_begin_at_once(curated: Path) -> None:
    command = [sys.executable, "-c", _SEARCH, str(curated)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [one.communicate(timeout=100)[0] for one in running] == ["['mh08']\n"] * 2
    assert indexes(curated) == [snapshot.current(curated).name]


def test_one_waits_for_another_and_then_uses_its_index(curated: Path) -> None:
    cache, other = finder.cache_of(curated), curated.parent / "elsewhere"
    index.opened(snapshot.current(curated), other)
    cache.mkdir(parents=True)
    lock = FileLock(cache / ".lock", is_singleton=False)
    lock.acquire()
    name = snapshot.current(curated).name

    def finish() -> None:
        shutil.copytree(other / name, cache / name)
        lock.release()

    told = Told()
    assert ids(curated, progress=told, waiting=finish) == ["mh08"]
    assert not told.progress


def test_the_data_of_others_are_searched_with_an_index_of_ones_own(
    curated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    monkeypatch.setattr("os.access", lambda *_: False)
    assert ids(curated) == ["mh08"]
    assert not (tmp_path / "cache").exists()
    assert tmp_path / "mine" in finder.cache_of(curated).parents


def test_a_folder_that_cannot_be_written_is_named(curated: Path) -> None:
    finder.cache_of(curated).parent.mkdir()
    finder.cache_of(curated).write_text("a file")
    with pytest.raises(CuratedError, match=r"search index cannot be written to .*cache/search"):
        ids(curated)


def run(curated: Path, *words: str, code: int = 0) -> str:
    arguments = ["--data", str(curated.parent), "search", *words]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "90"})
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.output


def test_the_command_shows_papers_and_why(curated: Path) -> None:
    shown = run(curated, "conformla", "chest", "--topic", "uncertainty", "--since", "2023")
    assert "reading conformla as conformal" in shown
    assert "Conformal Prediction Sets for Chest X-Ray Triage" in shown
    assert "MICCAI \u00b7 uncertainty, X-ray \u00b7 code \u00b7 mh00" in shown
    assert "mh01" not in shown
    assert "of 1 papers searched" in shown
    printed = json.loads(run(curated, "federated learning -vessels", "--json"))
    assert [paper["paper_id"] for paper in printed["papers"]] == ["mh03"]
    assert printed["found"] == {"id": 0, "all": 1, "some": 0}


def test_the_command_says_what_to_do_where_nothing_is_found(curated: Path) -> None:
    assert run(curated, "--rebuild") == ""
    shown = run(curated, "fairnezzz", "--until", "2024")
    assert "no paper has fairnezzz; near it: fairness" in shown
    assert "nothing found in 7 papers" in shown
    assert "withdrawn \u00b7 mh08" in run(curated, "sepsis")
    assert "without the options: 1" in run(curated, "triage", "--until", "2023")
    assert "nothing to search" in run(curated, "sepsis", "--until", "1900")
    assert "say what to look for" in run(curated, code=2)
