"""The command line, end to end, over the bundled corpus."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
from collections import defaultdict
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

import medsafe_harvest as mh
from medsafe_harvest import loopback
from medsafe_harvest.errors import (
    ConfigError,
    CuratedError,
    NotFoundError,
    NothingFoundError,
    StoreError,
)

from .conftest import Project, make_project


def papers(project: Project) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(project.data / "curated/papers.parquet").to_pylist()
    return rows


def by_title(project: Project, beginning: str) -> dict[str, Any]:
    [paper] = [row for row in papers(project) if row["title"].startswith(beginning)]
    return paper


def test_a_harvest_reports_and_leaves_a_table(harvested: Project) -> None:
    result = harvested.run("harvest", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert report["windows"]["incomplete"] == 0
    assert report["failed"] == []
    assert report["papers"] == len(papers(harvested)) > 150
    assert report["records"].keys() == {"arxiv", "semantic_scholar"}


def test_the_same_paper_from_both_sides_is_one_row_with_both_origins(harvested: Project) -> None:
    paper = by_title(harvested, "FedHealth")
    assert paper["sources"] == ["arxiv", "semantic_scholar"]
    assert paper["venue"] == "IEEE Intelligent Systems"
    assert paper["doi"] == "10.1109/mis.2020.2988604"
    assert paper["arxiv_id"] == "1907.09173"
    assert paper["year"] == 2020
    assert paper["published"] == date(2019, 7, 22)
    assert "federated-learning" in paper["trust"]
    venue = next(entry for entry in paper["provenance"] if entry["field"] == "venue")
    assert venue["record_id"].startswith("semantic_scholar:")


def test_withdrawn_papers_and_code_links_are_marked(harvested: Project) -> None:
    withdrawn = [paper["title"] for paper in papers(harvested) if paper["withdrawn"]]
    assert withdrawn
    assert all(title.startswith("An example of a withdrawn paper") for title in withdrawn)
    links = [link for paper in papers(harvested) for link in paper["code_links"]]
    assert links
    assert all(link.startswith("https://") and not link.endswith(".") for link in links)


def test_no_merge_contradicts_the_truth_of_the_corpus(
    services: loopback.Services, tmp_path: Path
) -> None:
    """Everything is fetched, look-alikes included, and matched without the identifiers' help."""
    project = make_project(tmp_path, services, queries=["federated-learning"])
    query = {
        "id": "everything",
        "description": "All that the services have.",
        "any_of": ["learning", "of", "a", "the", "on", "in", "for", "with", "from", "by", "to"],
        "since": "2000-01-01",
    }
    (project.config / "queries.yaml").write_text(yaml.safe_dump({"queries": [query]}))
    assert project.run("harvest").exit_code == 0
    file = resources.files("medsafe_harvest.loopback") / "corpus.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    truth = {
        f"arxiv:{line['arxiv_id']}"
        if line["side"] == "arxiv"
        else f"semantic_scholar:{line['corpus_id']}": line["paper"]
        for line in lines
    }
    rows = papers(project)
    assert len([name for row in rows for name in row["record_ids"]]) > 0.95 * len(truth)
    assert all(len({truth[name] for name in row["record_ids"]}) == 1 for row in rows)
    pieces: dict[str, int] = defaultdict(int)
    for row in rows:
        pieces[truth[row["record_ids"][0]]] += 1
    split = [paper for paper, number in pieces.items() if number > 1]
    notes = {line["paper"]: line.get("note") for line in lines if "note" in line}
    # A paper that got another title for its journal and lost its arXiv id is not found by title.
    assert len(split) <= 0.05 * len(pieces), [notes[paper] for paper in split]


def test_show_finds_a_paper_by_any_of_its_ids(harvested: Project) -> None:
    paper = by_title(harvested, "FedHealth")
    names = [
        paper["paper_id"],
        *paper["former_ids"],
        *paper["record_ids"],
        "1907.09173",
        "arXiv:1907.09173v1",
        "10.1109/MIS.2020.2988604",
        "https://doi.org/10.1109/mis.2020.2988604",
        f"CorpusId:{paper['corpus_id']}",
        f"corpus:{paper['corpus_id']}",
    ]
    for name in names:
        shown = json.loads(harvested.run("show", name, "--json").stdout)
        assert shown["paper"]["paper_id"] == paper["paper_id"], name
    text = harvested.run("show", "1907.09173").stdout
    assert "index_first" in text
    assert "federated-learning" in text
    other = next(one for one in paper["record_ids"] if one.startswith("semantic_scholar"))
    lines = text.splitlines()
    assert lines[1] == "  from arxiv:1907.09173 (arxiv_first)"
    assert lines[3] == "  from arxiv:1907.09173 (fullest_names)"
    assert lines[4].startswith(f"  not chosen, from {other}: Y. Chen, J. Wang, ")
    records = lines[lines.index("Records") :]
    assert "doi:10.1109/mis.2020.2988604" in records[records.index(other) + 3]


def test_an_unknown_id_is_an_error_that_says_what_ids_there_are(harvested: Project) -> None:
    result = harvested.run("show", "nonsense")
    assert isinstance(result.exception, NotFoundError)
    assert "arXiv id, DOI" in str(result.exception)


def test_explain_says_why_two_records_are_one_paper_or_not(harvested: Project) -> None:
    paper = by_title(harvested, "FedHealth")
    merged = json.loads(harvested.run("explain", *paper["record_ids"], "--json").stdout)
    assert [one["outcome"] for one in merged] == ["match"]
    other = by_title(harvested, "Swarm Learning")
    text = harvested.run("explain", paper["paper_id"], other["paper_id"]).stdout
    assert text.startswith(f"two papers {paper['paper_id']} and {other['paper_id']}: non-match (")
    # The pair that decided in full, the others as a line each.
    number = len(paper["record_ids"]) * len(other["record_ids"])
    assert number > 1
    assert f"The other pairs ({number - 1}, in full with --all):" in text
    assert text.count("blocking keys shared") == 1
    every = harvested.run("explain", paper["paper_id"], other["paper_id"], "--all").stdout
    assert every.count("blocking keys shared") == number


def test_explain_names_the_identifiers_that_decide(harvested: Project) -> None:
    paper = by_title(harvested, "FedHealth")
    first = harvested.run("explain", "1907.09173", "1907.09173").stdout.splitlines()[0]
    assert first.startswith(f"one paper {paper['paper_id']}: match (")
    text = harvested.run("explain", "arxiv:1907.09173", "arxiv:1905.05163").stdout
    conflict = "arxiv:1905.05163 and arxiv:1907.09173"
    assert f"non-match (conflicting_identifiers: {conflict})" in text.splitlines()[0]
    assert "identifiers in conflict: arxiv:1905.05163 / arxiv:1907.09173" in text
    shared = next(
        row
        for row in pq.read_table(harvested.data / "curated/decisions.parquet").to_pylist()
        if row["reason"] == "shared_identifier" and row["left"].startswith("arxiv:")
    )
    text = harvested.run("explain", shared["right"], shared["left"]).stdout
    assert f"match (shared_identifier: {shared['left']}" in text.splitlines()[0]


def test_explain_of_one_record_with_itself_says_that_it_is_one(harvested: Project) -> None:
    paper = by_title(harvested, "FedHealth")
    name = paper["record_ids"][0]
    text = harvested.run("explain", name, name).stdout
    assert text == f"one paper {paper['paper_id']}: both ids name its record {name}\n"
    assert json.loads(harvested.run("explain", name, name, "--json").stdout) == []


def test_stats_count_what_is_there(harvested: Project) -> None:
    counts = json.loads(harvested.run("stats", "--json").stdout)
    assert counts["papers"]["all"] == len(papers(harvested))
    assert sum(counts["records by source"].values()) == sum(
        len(paper["record_ids"]) for paper in papers(harvested)
    )
    assert "papers by trust topic" in harvested.run("stats").stdout


def test_a_query_asked_once_prints_merged_papers_and_leaves_nothing(
    services: loopback.Services, tmp_path: Path
) -> None:
    project = make_project(tmp_path, services)
    result = project.run("query", '"federated learning" AND ECG', "--format", "json")
    [paper] = json.loads(result.stdout)
    assert paper["title"].startswith("BiFedKD")
    assert not project.data.exists()
    listed = project.run("query", "federated", "--format", "csv", "--limit", "3").stdout
    assert len(list(csv.DictReader(io.StringIO(listed)))) == 3
    table = project.run("query", "federated", "--since", "2026-01-01").stdout
    assert "FL-MedSegBench" in table
    assert project.run("query", "zebrafish quasar").stdout.strip() == "no paper found"


def test_a_saved_query_joins_the_table(services: loopback.Services, tmp_path: Path) -> None:
    project = make_project(tmp_path, services)
    assert project.run("query", "unlearning", "--save").exit_code == 0
    assert project.run("query", "backdoor", "--save", "--format", "json").exit_code == 0
    named = {tuple(paper["queries"]) for paper in papers(project)}
    assert len(named) == 2, "each question has a name of its own"
    assert all(name.startswith("ad-hoc-") for names in named for name in names)


def test_a_query_that_cannot_be_read_is_a_usage_error(harvested: Project) -> None:
    result = harvested.run("query", '"federated learning AND')
    assert result.exit_code == 2
    assert "column" in result.output


@pytest.mark.parametrize("option", [("--query", "fairnes"), ("--source", "pubmed")])
def test_an_unknown_name_is_a_usage_error_that_lists_the_known(
    harvested: Project, option: tuple[str, str]
) -> None:
    result = harvested.run("harvest", *option)
    assert result.exit_code == 2
    assert "there are" in result.output


def test_a_harvest_can_be_limited(services: loopback.Services, tmp_path: Path) -> None:
    project = make_project(tmp_path, services)
    before = len(services.requests)
    options = ["--query", "fairness", "--source", "arxiv", "--since", "2018-01-01"]
    assert project.run("harvest", *options, "--until", "2019-12-31").exit_code == 0
    assert {request.service for request in services.requests[before:]} == {"arxiv"}
    assert all(
        paper["queries"] == ["fairness"] and paper["published"].year in (2018, 2019)
        for paper in papers(project)
    )


def test_queries_check_shows_both_languages(harvested: Project) -> None:
    checked = json.loads(harvested.run("queries", "check", "--json").stdout)
    assert len(checked) >= 14
    assert all(set(one["sources"]) == {"arxiv", "semantic_scholar"} for one in checked)
    text = harvested.run("queries", "check", "unlearning").output
    assert 'ti:"machine unlearning"' in text
    assert '"machine unlearning" |' in text


def test_doctor_looks_at_everything(harvested: Project) -> None:
    findings = json.loads(harvested.run("doctor", "--json").stdout)
    about = {one["about"]: one["well"] for one in findings}
    assert about["configuration"]
    assert about["service arxiv"]
    assert about["service semantic_scholar"]
    assert not about["key in S2_API_KEY"]
    assert harvested.run("doctor", "--offline").exit_code == 0


def test_doctor_reports_what_stops_the_work(harvested: Project, tmp_path: Path) -> None:
    project = Project(tmp_path)
    shutil.copytree(harvested.config, project.config)
    shutil.copytree(harvested.data, project.data, symlinks=True)
    page = next(project.data.glob("raw/**/*.gz"))
    page.write_bytes(b"not what it was")
    (project.config / "topics.yaml").write_text("threshold: high\n")
    assert project.run("doctor", "--offline").exit_code == 1
    shutil.copy(harvested.config / "topics.yaml", project.config)
    result = project.run("doctor", "--offline", "--json")
    assert result.exit_code == 1
    [stored] = [one for one in json.loads(result.stdout) if one["about"] == "stored pages"]
    assert not stored["well"]
    assert str(page.parent) in stored["says"]
    assert isinstance(project.run("rebuild").exception, StoreError)


def test_a_second_run_in_the_same_folder_is_told_so(harvested: Project) -> None:
    from medsafe_harvest.cli.context import Workplace  # noqa: PLC0415 - only here
    from medsafe_harvest.cli.harvest import alone  # noqa: PLC0415 - only here

    with alone(Workplace(harvested.config, harvested.data)):
        result = harvested.run("rebuild")
    assert isinstance(result.exception, StoreError)
    assert "another run works in" in str(result.exception)


def test_without_data_each_command_says_what_to_run(
    services: loopback.Services, tmp_path: Path
) -> None:
    project = make_project(tmp_path, services)
    for command in (("stats",), ("show", "x"), ("explain", "x", "y")):
        result = project.run(*command)
        assert isinstance(result.exception, CuratedError)
        assert "medsafe-harvest harvest" in str(result.exception)


@pytest.mark.parametrize("command", ["rebuild", "raw verify", "raw compact"])
def test_what_only_reads_pages_makes_no_folder_where_there_is_none(
    services: loopback.Services, tmp_path: Path, command: str
) -> None:
    project = make_project(tmp_path, services)
    result = project.run(*command.split())
    assert isinstance(result.exception, NothingFoundError | StoreError)
    assert "check --data" in str(result.exception)
    assert not project.data.exists()


@pytest.mark.parametrize("wrong", ["--source nope", "--query nope", "--metrics no/such.prom"])
def test_a_harvest_of_what_is_not_there_makes_no_folder(
    services: loopback.Services, tmp_path: Path, wrong: str
) -> None:
    project = make_project(tmp_path, services)
    assert project.run("harvest", *wrong.split()).exit_code == 2
    (project.config / "settings.yaml").unlink()
    assert isinstance(project.run("harvest").exception, ConfigError)
    assert not project.data.exists()


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("export bibtex --out /", 1, "/ cannot be written"),
        ("feeds build --out {data}/raw/feeds", 2, "only harvests write there"),
        ("site build --out {data}/raw", 2, "only harvests write there"),
        ("site build --out {data}/new --where year<1800", 1, "no paper was selected"),
        ("curate --records x --out {data}/raw", 2, "only harvests write there"),
        ("search mri --since 2025 --until 2020", 2, "is later than --until 2020-12-31"),
        ("topics check --papers none.parquet", 1, "there is no such file"),
        ("topics test hello", 0, "no rule finds anything"),
        ("digest send --to me", 2, "no mail address"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    harvested: Project, command: str, code: int, said: str
) -> None:
    before = sorted(harvested.data.iterdir())
    result = harvested.run(*(part.format(data=harvested.data) for part in command.split()))
    assert result.exit_code == code
    text = f"{result.output} {result.exception}"
    assert said in " ".join(re.sub(r"[\u2500-\u257f]", " ", text).split())
    assert sorted(harvested.data.iterdir()) == before
    assert not (harvested.data / "raw/feeds").exists()


def test_nothing_found_is_a_table_only_where_a_window_says_so(
    services: loopback.Services, tmp_path: Path
) -> None:
    project = make_project(tmp_path, services, queries=["unlearning"])
    project.data.mkdir()
    result = project.run("rebuild")
    assert isinstance(result.exception, NothingFoundError)
    assert "run `medsafe-harvest harvest`" in str(result.exception)
    options = ["--since", "2016-01-01", "--until", "2016-01-31"]
    assert project.run("harvest", *options).exit_code == 0
    assert len(mh.load_papers(project.data / "curated")) == 0
    assert project.run("stats").exit_code == 0


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_the_commands_of_a_document_work(harvested: Project, page: str) -> None:
    text = (Path(__file__).parents[2] / page).read_text(encoding="utf-8")
    commands = [
        shlex.split(line.partition("medsafe-harvest ")[2].removeprefix("--data data/demo "))
        for line in text.splitlines()
        if line.startswith(("$ medsafe-harvest ", "medsafe-harvest --data ", "medsafe-harvest qu"))
    ]
    assert len(commands) >= 5
    for command in commands:
        assert harvested.run(*command).exit_code == 0, command


def test_text_from_the_user_is_never_taken_for_markup(harvested: Project, tmp_path: Path) -> None:
    shown = harvested.run("show", "[/foo]")
    assert isinstance(shown.exception, NotFoundError)
    assert "'[/foo]'" in str(shown.exception)
    odd = Project(tmp_path / "a[b]")
    shutil.copytree(harvested.config, odd.config)
    shutil.copytree(harvested.data, odd.data, symlinks=True)
    assert "a[b]" in "".join(odd.run("rebuild").stdout.split())


def test_the_version_is_printed_without_a_command(harvested: Project) -> None:
    result = harvested.run("--version")
    assert result.exit_code == 0
    assert mh.__version__ in result.stdout


@pytest.mark.parametrize("command", [("harvest",), ("query", "unlearning")])
def test_a_first_day_in_the_future_is_a_usage_error(
    harvested: Project, command: tuple[str, ...]
) -> None:
    result = harvested.run(*command, "--since", "2999-01-01")
    assert result.exit_code == 2
    assert "later than today" in result.output


def test_a_question_saved_before_is_answered_anew(
    services: loopback.Services, tmp_path: Path
) -> None:
    project = make_project(tmp_path, services)
    asked = ["query", "unlearning", "--save", "--format", "json"]
    everything = json.loads(project.run(*asked).stdout)
    recent = json.loads(project.run(*asked, "--since", "2026-06-01").stdout)
    assert len(recent) < len(everything)
    assert all(paper["published"] >= "2026-06-01" for paper in recent)


def test_a_query_too_long_for_an_address_is_told_so(harvested: Project, tmp_path: Path) -> None:
    project = Project(tmp_path)
    shutil.copytree(harvested.config, project.config)
    words = [f"word{number} of many" for number in range(150)]
    query = {"id": "long", "description": "Long.", "any_of": words}
    (project.config / "queries.yaml").write_text(yaml.safe_dump({"queries": [query]}))
    result = project.run("queries", "check")
    assert isinstance(result.exception, ConfigError)
    assert "make two queries of it" in str(result.exception)
    harvest = project.run("harvest", "--source", "arxiv", "--json")
    assert harvest.exit_code == 3
    assert {one["outcome"] for one in json.loads(harvest.stdout)["failed"]} == {"unaskable"}


def test_a_profile_is_printed_and_kept_in_the_report(harvested: Project, tmp_path: Path) -> None:
    project = Project(tmp_path)
    shutil.copytree(harvested.config, project.config)
    shutil.copytree(harvested.data, project.data, symlinks=True)
    harvest = project.run("harvest", "--profile", "--json")
    kept = json.loads((project.data / "reports/latest.json").read_text(encoding="utf-8"))["profile"]
    assert json.loads(harvest.stdout)["profile"] == kept
    stages = {one["stage"]: one for one in kept["stages"]}
    assert {"read", "normalize", "match", "match: join", "merge", "write"} <= stages.keys()
    records = len(pq.read_table(project.data / "curated/records.parquet", columns=[]))
    assert stages["match"]["rows"] == records
    parts = [one["seconds"] for name, one in stages.items() if name.startswith("match: ")]
    assert sum(parts) == pytest.approx(stages["match"]["seconds"], abs=0.1)
    assert stages["match"]["peak_bytes"] > 10_000_000
    line = f"\nmatch{records:>41,}"
    assert line in (project.data / "reports/latest.txt").read_text(encoding="utf-8")
    assert line in project.run("rebuild", "--profile").stderr


def test_an_empty_store_does_not_replace_a_snapshot(harvested: Project, tmp_path: Path) -> None:
    project = Project(tmp_path)
    shutil.copytree(harvested.config, project.config)
    shutil.copytree(harvested.data / "curated", project.data / "curated", symlinks=True)
    result = project.run("rebuild")
    assert isinstance(result.exception, CuratedError)
    assert "is left as it is" in str(result.exception)


def test_rebuild_mends_a_damaged_snapshot(harvested: Project, tmp_path: Path) -> None:
    project = Project(tmp_path)
    shutil.copytree(harvested.config, project.config)
    shutil.copytree(harvested.data, project.data, symlinks=True)
    snapshot = (project.data / "curated/current").resolve()
    (snapshot / "manifest.json").write_text("{")
    (snapshot / "papers.parquet").write_bytes(b"PAR1")
    for command in (("stats",), ("show", "1907.09173")):
        result = project.run(*command)
        assert isinstance(result.exception, CuratedError)
        assert "medsafe-harvest rebuild" in str(result.exception)
    assert project.run("doctor", "--offline").exit_code == 1
    assert project.run("rebuild").exit_code == 0
    assert len(papers(project)) == len(papers(harvested))


def test_a_name_given_twice_counts_once(services: loopback.Services, tmp_path: Path) -> None:
    project = make_project(tmp_path, services)
    options = ["--query", "unlearning", "--query", "unlearning", "--source", "arxiv"]
    assert project.run("harvest", *options, "--since", "2025-01-01").exit_code == 0


def test_the_demo_never_empties_a_folder_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("all my work")
    (tmp_path / "file").touch()
    project = Project(tmp_path)
    for name in ("thesis", "file", "file/below"):
        result = project.run("demo", "--into", str(tmp_path / name))
        assert isinstance(result.exception, StoreError)
        assert "choose another --into" in str(result.exception)
    assert (tmp_path / "thesis/chapter.txt").exists()
