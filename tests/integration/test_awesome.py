"""``export awesome`` and ``sync awesome`` on harvested papers, and the examples of their how-to."""

from __future__ import annotations

import functools
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from medsafe_harvest import lists
from medsafe_harvest.config import load_config
from tests.integration.conftest import ROOT, Project

GUIDE = (ROOT / "docs/how-to/awesome-lists.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def _config_is_read_once() -> Iterator[None]:
    """Reading the configuration takes most of the time of these commands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("medsafe_harvest.cli.context.load_config", functools.cache(load_config))
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(project: Project, *words: str) -> str:
    result = project.run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_list_read_again_has_the_same_papers(harvested: Project, folder: Path) -> None:
    run(harvested, "export", "awesome", "--out", "list.md")
    text = (folder / "list.md").read_text(encoding="utf-8")
    venues = load_config(harvested.config).venues
    entries = lists.read(text, name="list.md", venues=venues).entries
    wanted = pq.read_table(
        harvested.data / "curated/current/papers.parquet",
        columns=["title", "doi", "arxiv_id", "withdrawn"],
    ).to_pylist()
    wanted = [row for row in wanted if not row["withdrawn"]]
    for row in wanted:
        assert any(
            (entry.doi, entry.arxiv_id) == (row["doi"], row["arxiv_id"])
            for entry in entries
            if row["doi"] or row["arxiv_id"] or entry.title == row["title"]
        ), row
    assert len({(one.doi, one.arxiv_id) for one in entries}) <= len(wanted)
    # Every link of the table of contents leads to a heading.
    anchors = set(re.findall(r"\(#([^)]*)\)", text))
    found = re.findall(r"^## (.*)$", text, re.MULTILINE)
    headings = {one.lower().replace(" ", "-") for one in found}
    assert anchors == headings - {"contents"}
    # All of them are there already.
    assert json.loads(run(harvested, "sync", "awesome", "list.md", "--json"))["added"] == []
    assert (folder / "list.md").read_text(encoding="utf-8") == text


def test_sync_adds_what_is_missing_and_keeps_mark_ends_and_mode(
    harvested: Project, folder: Path
) -> None:
    chosen = ("--topic", "privacy", "--heading", "privacy=Privacy", "--by", "task", "--once")
    whole = run(harvested, "export", "awesome", *chosen, "--template", "bullets", "--no-summary")
    lines = whole.splitlines()
    rows = [number for number, line in enumerate(lines) if line.startswith("- **")]
    kept = "\r\n".join(line for number, line in enumerate(lines) if number not in rows[1::3])
    body = b"\xef\xbb\xbf" + kept.encode()
    file = folder / "list.md"
    file.write_bytes(body)
    file.chmod(0o640)
    diff = run(harvested, "sync", "awesome", "list.md", "--topic", "privacy", "--dry-run")
    assert file.read_bytes() == body
    added = [line[1:] for line in diff.splitlines() if line.startswith("+- ")]
    assert len(added) == len(rows[1::3]) > 2
    result = harvested.run("sync", "awesome", "list.md", "--topic", "privacy")
    assert f"{len(added)} papers added to it" in result.stderr
    after = file.read_bytes()
    assert after.startswith(b"\xef\xbb\xbf# ")
    assert after.count(b"\r\n") == after.count(b"\n")
    assert file.stat().st_mode & 0o777 == 0o640
    left = [line for line in after.decode("utf-8-sig").split("\r\n") if line not in added]
    assert left == kept.split("\r\n")
    assert run(harvested, "sync", "awesome", "list.md", "--topic", "privacy") == ""
    assert file.read_bytes() == after


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export", "awesome", "--by", "colour"], "no facet 'colour'; there are trust"),
        (["export", "awesome", "--heading", "fairnes=F"], "did you mean fairness?"),
        (["export", "awesome", "--heading", "fairness"], "write TOPIC=TEXT"),
        (["sync", "awesome", "none.md"], "there is no none.md: give the list"),
        (["sync", "awesome", "list.org"], "only lists in Markdown"),
        (["sync", "awesome", "list.md", "--topic-map", "Nope=fairness"], "headings: Fairness"),
        (["sync", "awesome", "list.md", "--topic-map", "fairness"], "write HEADING=TOPIC"),
        (["sync", "awesome", "latin.md"], "not UTF-8 at byte 3"),
        (["sync", "awesome", "page.html"], "a page in HTML"),
    ],
)
def test_a_mistake_is_told(harvested: Project, folder: Path, words: list[str], said: str) -> None:
    entry = "## Fairness\n\n- [A fair look at films](https://arxiv.org/abs/2401.00001), 2024\n"
    (folder / "list.md").write_text(entry, encoding="utf-8")
    (folder / "latin.md").write_bytes(b"# M\xfcller\n")
    (folder / "page.html").write_text("<html>", encoding="utf-8")
    result = harvested.run(*words)
    assert result.exit_code != 0
    assert said in " ".join(f"{result.output} {result.exception}".replace("│", " ").split())
    assert (folder / "list.md").read_text(encoding="utf-8") == entry


def test_the_examples_of_the_guide(harvested: Project, folder: Path) -> None:
    commands = re.findall(r"^medsafe-harvest (.*)$", GUIDE, re.MULTILINE)
    assert len(commands) == 7
    for command in commands:
        run(harvested, *shlex.split(command, comments=True))
    (before,) = re.findall(r"```markdown\n(.*?)```", GUIDE, re.DOTALL)
    (folder / "list.md").write_text(before, encoding="utf-8")
    ((command, shown),) = re.findall(
        r"```console\n\$ medsafe-harvest --data data/demo (.*)\n(?s:(.*?))```", GUIDE
    )
    assert run(harvested, *shlex.split(command)) == shown
