"""``import list``: what a list names by its title alone is searched for at the services."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from medsafe_harvest import loopback
from medsafe_harvest.cli.context import Exit
from medsafe_harvest.collect import Collected
from medsafe_harvest.config import load_config
from medsafe_harvest.fetch.plan import Wanted
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.listed_known import alone
from medsafe_harvest.lookups import wishes

from .conftest import Project, make_project

AUTHORS = ["Ada Lovelace", "Grace Hopper"]
ROWS: list[dict[str, Any]] = [
    {
        "title": "A federated model of lungs in many hospitals: results of two years",
        "authors": AUTHORS,
        "date": "2021-01-04",
        "arxiv_id": "2101.00001",
        "abstract": "Lungs.",
    },
    {
        "title": "Calibrated Kidneys under Shift in Emergency Rooms",
        "authors": AUTHORS,
        "date": "2022-03-01",
        "doi": "10.1038/s41591-022-00001-1",
        "venue": "Nature Medicine",
    },
    {
        "title": "Robust smoothing of cardiac segmentation, Part II: certificates",
        "authors": AUTHORS,
        "date": "2020-02-01",
        "arxiv_id": "2002.00002",
    },
    {
        "title": "Livers classified without any labels by contrastive adaptation",
        "authors": AUTHORS,
        "date": "2020-05-01",
        "doi": "10.1000/livers",
    },
]
LUNGS, KIDNEYS, CARDIAC, LIVERS, ZEBRA = range(2, 7)
LIST = """# Organs
- A Federated Model of Lungs in Many Hospitals. MICCAI 2021.
- Calibrated kidneys under shift in emergency-rooms. Nature Medicine 2022.
- Robust smoothing of cardiac segmentation, Part I: certificates. MICCAI 2020.
- Livers classified without any labels by contrastiv adaptation. MICCAI 2020.
- Zebra marmalade gravitates weirdly. Nature 2020.
"""
SEARCHES = ("arxiv_titles", "semantic_scholar_titles")


@pytest.fixture(scope="module")
def services() -> Iterator[loopback.Services]:
    with loopback.running(loopback.Corpus.from_rows(ROWS)) as running:
        yield running


@pytest.fixture
def project(services: loopback.Services, tmp_path: Any) -> Project:
    made = make_project(tmp_path, services, queries=["unlearning"])
    (made.folder / "README.md").write_text(LIST, encoding="utf-8")
    return made


def imported(project: Project, *options: str, code: Exit = Exit.DONE) -> dict[int, dict[str, Any]]:
    """The entries of the report by their line."""
    path = str(project.folder / "README.md")
    result = project.run("import", "list", path, "--name", "organs", "--json", *options)
    assert result.exit_code == code, result.output
    (told,) = json.loads(result.stdout)["lists"]
    return {entry["line"]: entry for entry in told["entries"]}


def standings(told: dict[int, dict[str, Any]]) -> list[str]:
    return [told[line]["standing"] for line in sorted(told)]


def everything(project: Project) -> dict[str, str]:
    """Digest of each stored page and of each curated file."""
    paths = [*(project.data / "raw").rglob("*"), *(project.data / "curated").glob("*.parquet")]
    return {
        str(path.relative_to(project.data)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.is_file()
    }


def requests(project: Project) -> Counter[str]:
    """Stored answers by door; those of 404 also as such."""
    store = RawStore(project.data / "raw", version="0")
    own = [seal for seal in store.seals() if seal.source in SEARCHES]
    return Counter([*(seal.source for seal in own), *("404" for one in own if one.status == 404)])


def records(project: Project) -> set[str]:
    table = pq.read_table(project.data / "curated/records.parquet", columns=["record_id"])
    return {name for name in table["record_id"].to_pylist() if not name.startswith("list:")}


def titles_asked(project: Project, days: int) -> int:
    """For how many titles Semantic Scholar would be asked so many days from now."""
    config = load_config(project.config)
    store = RawStore(project.data / "raw", version="0")
    collected = Collected(config)
    collected.add(store, store.seals())
    lonely = alone(project.data / "curated")
    now = datetime.now(UTC) + timedelta(days=days)
    wanted = Wanted((), ("semantic_scholar_titles",))
    return len(wishes(config, store, collected, wanted, now, alone=lonely))


def change(project: Project, name: str, **changes: Any) -> None:
    path = project.config / name
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for key, value in changes.items():
        content[key] = {**content[key], **value} if isinstance(value, dict) else value
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def test_what_matches_joins_the_table_and_what_does_not_is_told(project: Project) -> None:
    told = imported(project)
    assert standings(told) == ["new", "new", "not_found", "ambiguous", "not_found"]
    assert [one["why"] for one in told[CARDIAC]["candidates"]] == ["numbers_differ"]
    (nearest,) = told[LIVERS]["candidates"]
    assert nearest["title"] == ROWS[3]["title"]
    assert (nearest["paper_id"], nearest["why"]) == (None, "not_enough_evidence")
    assert (told[ZEBRA]["candidates"], told[ZEBRA]["why"]) == (
        [], "all services were asked, and none has it",
    )  # fmt: skip
    # arXiv is asked for all at once; Semantic Scholar for what arXiv has not.
    assert requests(project) == {"arxiv_titles": 1, "semantic_scholar_titles": 4, "404": 1}
    # Neither the look-alike nor what is in doubt.
    found = records(project)
    assert "arxiv:2101.00001" in found
    assert len(found) == 2

    before = everything(project)
    assert standings(imported(project))[:2] == ["found", "found"]
    assert project.run("rebuild").exit_code == Exit.DONE
    assert everything(project) == before
    assert [titles_asked(project, days) for days in (0, 29, 31)] == [0, 0, 3]


def test_offline_tells_how_many_were_not_asked_for_and_the_harvest_asks(project: Project) -> None:
    path = str(project.folder / "README.md")
    result = project.run("import", "list", path, "--name", "organs", "--offline")
    assert "nobody was asked for 5 entries" in result.stderr
    assert not requests(project)
    doors = [option for name in SEARCHES for option in ("--source", name)]
    project.run("harvest", *doors)
    # Semantic Scholar is asked for what arXiv has not, in the same night.
    assert requests(project) == {"arxiv_titles": 1, "semantic_scholar_titles": 4, "404": 1}
    assert len(records(project)) == 2
    told = imported(project, "--offline")
    assert standings(told) == ["found", "found", "not_found", "ambiguous", "not_found"]


def test_a_search_that_fails_is_no_answer_and_is_made_again(
    project: Project, services: loopback.Services
) -> None:
    change(
        project,
        "settings.yaml",
        sources={"semantic_scholar_titles": {"base_url": "http://127.0.0.1:9", "min_interval": 0}},
    )
    told = imported(project, code=Exit.INCOMPLETE)
    assert standings(told) == ["new", *["not_asked"] * 4]
    assert told[ZEBRA]["why"] == "no answer yet: semantic_scholar_titles"
    change(
        project,
        "settings.yaml",
        sources={
            "semantic_scholar_titles": {
                "base_url": services.urls["semantic_scholar_titles"],
                "min_interval": 0,
            }
        },
    )
    assert standings(imported(project))[1:] == ["new", "not_found", "ambiguous", "not_found"]
    assert requests(project) == {"arxiv_titles": 1, "semantic_scholar_titles": 4, "404": 1}


def test_an_import_that_was_killed_before_the_second_table_goes_on(project: Project) -> None:
    imported(project, "--offline")
    shutil.copytree(project.data / "curated", project.folder / "kept", symlinks=True)
    imported(project)
    before = everything(project)
    shutil.rmtree(project.data / "curated")
    (project.folder / "kept").rename(project.data / "curated")
    told = imported(project)
    assert standings(told)[:2] == ["new", "new"]
    assert everything(project) == before

    # A curator decides what matching does not.
    left, (right,) = told[LIVERS]["record_id"], told[LIVERS]["candidates"]
    link = {"left": left, "right": right["record_id"], "who": "Doe", "why": "they say so"}
    change(project, "overrides.yaml", must_link=[{**link, "when": "2026-01-01"}])
    assert imported(project)[LIVERS]["standing"] == "new"
    assert right["record_id"] in records(project)
