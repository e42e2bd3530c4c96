"""``import list``: lists become records, are looked up, matched, told of, and superseded."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from medsafe_harvest import loopback
from medsafe_harvest.cli.context import Exit
from medsafe_harvest.errors import ListError

from .conftest import Project, make_project

AUTHORS = ["Ada Lovelace", "Grace Hopper"]
ROWS: list[dict[str, Any]] = [
    {
        "title": "A federated model of lungs in many hospitals",
        "authors": AUTHORS,
        "date": "2021-01-04",
        "arxiv_id": "2101.00001",
    },
    {
        "title": "A fair map of human hearts under shift",
        "authors": AUTHORS,
        "date": "2022-03-01",
        "doi": "10.1038/s41591-022-00001-1",
        "venue": "Nature Medicine",
    },
    {
        "title": "Robust kidneys are certified by smoothing",
        "authors": AUTHORS,
        "date": "2020-02-01",
        "arxiv_id": "2002.00002",
        "comment": "This paper has been withdrawn by the authors",
    },
]
LIST = """# Organs
## Lungs
- [2021] A federated model of lungs in many hospitals [[pdf]](https://arxiv.org/abs/2101.00001)
  [[code]](https://github.com/doe/lungs)
## Other
- A fair map of human hearts under shift, *Nature Medicine* 2019.
  https://doi.org/10.1038/s41591-022-00001-1
- [2020] Robust kidneys are certified by smoothing [[pdf]](https://arxiv.org/abs/2002.00002)
- [MedIA 2021] A liver that no service has ever heard of [[pdf]](https://arxiv.org/abs/2105.00005)
- [2021] A federated model of lungs in many hospitals [[pdf]](https://arxiv.org/pdf/2101.00001v2)
"""


@pytest.fixture(scope="module")
def services() -> Iterator[loopback.Services]:
    with loopback.running(loopback.Corpus.from_rows(ROWS)) as running:
        yield running


@pytest.fixture
def project(services: loopback.Services, tmp_path: Path) -> Project:
    made = make_project(tmp_path, services, queries=["unlearning"])
    readme(made, LIST)
    return made


def readme(project: Project, text: str) -> str:
    path = project.folder / "README.md"
    path.write_text(text, encoding="utf-8")
    return str(path)


def imported(project: Project, *options: str, code: Exit = Exit.DONE) -> dict[str, Any]:
    path = str(project.folder / "README.md")
    result = project.run("import", "list", path, "--name", "organs", "--json", *options)
    assert result.exit_code == code, result.output
    (told,) = json.loads(result.stdout)["lists"]
    return dict(told)


def table(project: Project, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(project.data / f"curated/{name}.parquet").to_pylist()
    return rows


def listed(project: Project) -> dict[str, dict[str, Any]]:
    rows = table(project, "records")
    return {row["source_id"]: row for row in rows if row["source"] == "list"}


def everything(project: Project) -> dict[str, str]:
    """Digest of each stored page and of each curated file."""
    paths = [*(project.data / "raw").rglob("*"), *(project.data / "curated").glob("*.parquet")]
    return {
        str(path.relative_to(project.data)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.is_file()
    }


def test_papers_are_looked_up_once_and_told_of(project: Project) -> None:
    told = imported(project)
    standings = {(one["line"], one["standing"]) for one in told["entries"]}
    assert standings == {(3, "new"), (6, "new"), (8, "new"), (9, "not_found"), (10, "new")}
    remarks = {(one["line"], each["kind"]) for one in told["entries"] for each in one["remarks"]}
    assert remarks == {(6, "wrong_year"), (8, "withdrawn"), (10, "listed_twice")}
    assert told["entries"][0]["headings"] == ["Organs", "Lungs"]
    file = project.data / "reports/lists/organs.json"
    assert json.loads(file.read_text(encoding="utf-8")) == told

    lungs = listed(project)["organs#arxiv:2101.00001"]
    assert lungs["queries"] == ["list:organs"]
    assert lungs["comment"].startswith('Listed under "Organs > Lungs; Organs > Other" in organs.')
    assert lungs["code_links"] == ["https://github.com/doe/lungs"]
    (paper,) = [one for one in table(project, "papers") if one["arxiv_id"] == "2101.00001"]
    assert paper["sources"] == ["arxiv", "list", "semantic_scholar"]
    assert [author["family"] for author in paper["authors"]] == ["Lovelace", "Hopper"]

    before = everything(project)
    again = imported(project)
    assert everything(project) == before
    assert [one["standing"] for one in again["entries"]].count("found") == 4
    assert project.run("rebuild").exit_code == Exit.DONE
    assert everything(project) == before


def test_an_import_that_was_killed_before_the_table_was_made_goes_on(project: Project) -> None:
    imported(project, "--offline")
    before = everything(project)
    shutil.rmtree(project.data / "curated")
    shutil.rmtree(project.data / "reports")
    assert imported(project, "--offline")["counts"]["entries"] == 5
    assert everything(project) == before


def test_offline_asks_nobody_and_the_next_harvest_does(project: Project) -> None:
    told = imported(project, "--offline")
    assert (told["counts"]["not_asked"], told["counts"]["not_found"]) == (5, 0)
    assert [path.name for path in (project.data / "raw").iterdir()] == ["list"]
    project.run("harvest", "--source", "semantic_scholar_batch", "--source", "arxiv_ids")
    again = imported(project, "--offline")
    assert (again["counts"]["found"], again["counts"]["not_found"]) == (4, 1)


def test_a_newer_version_takes_the_place_of_the_one_before(project: Project) -> None:
    imported(project, "--offline")
    newer = LIST.replace("A liver that no service has ever heard of", "Spleens").replace(
        "- A fair map of human hearts under shift, *Nature Medicine* 2019.\n"
        "  https://doi.org/10.1038/s41591-022-00001-1\n",
        "",
    )
    readme(project, newer)
    imported(project, "--offline")
    now = listed(project)
    assert len(now) == 3
    assert now["organs#arxiv:2105.00005"]["title"] == "Spleens"
    assert "organs#doi:10.1038/s41591-022-00001-1" not in now


def test_another_list_of_the_same_name_is_refused(project: Project) -> None:
    items = [f"- [2021] A study of organ number {n} [[pdf]](https://arxiv.org/abs/2101.{n:05})\n"
             for n in range(40)]  # fmt: skip
    readme(project, "".join(["# Organs\n", *items]))
    imported(project, "--offline")
    before = everything(project)
    path = readme(project, LIST)
    result = project.run("import", "list", path, "--name", "organs", "--offline")
    assert isinstance(result.exception, ListError)
    assert "--replace" in str(result.exception)
    assert everything(project) == before
    assert imported(project, "--offline", "--replace")["counts"]["entries"] == 5
    assert len(listed(project)) == 4


def test_a_service_that_fails_leaves_the_import_incomplete(tmp_path: Path) -> None:
    with loopback.running(loopback.Corpus.from_rows(ROWS)) as gone:
        project = make_project(tmp_path, gone, queries=["unlearning"])
    readme(project, LIST)
    told = imported(project, code=Exit.INCOMPLETE)
    assert (told["counts"]["not_asked"], told["counts"]["not_found"]) == (5, 0)
    assert len(listed(project)) == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("README.md", "other/README.md", "--name", "x"), "--name is for one list"),
        (("README.md", "README.md"), "would both be called"),
        (("README.md", "--name", "肺"), "no name can be made"),
    ],
)
def test_names_are_told_apart(arguments: tuple[str, ...], words: str, project: Project) -> None:
    result = project.run("import", "list", *arguments)
    assert result.exit_code == Exit.USAGE
    assert words in result.output
