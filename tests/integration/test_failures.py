"""A failure is named, nothing is lost, and the next run heals it."""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from werkzeug import Request, Response

from medsafe_harvest import loopback
from medsafe_harvest.errors import StoreError

from .conftest import COMMAND, Project, make_project, settled

Fault = Callable[[Request], Response | None]


def arxiv(request: Request) -> bool:
    return request.path.startswith("/api/query")


def cut_page(request: Request) -> Response | None:
    """Half a page with status 200."""
    text = b"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><entry><id>x"
    return Response(text, content_type="application/atom+xml") if arxiv(request) else None


def page_of_html(request: Request) -> Response | None:
    return (
        Response("<html>Rate limits</html>", content_type="text/html") if arxiv(request) else None
    )


def throttle(request: Request) -> Response | None:
    return Response("Rate exceeded.", 429, content_type="text/plain") if arxiv(request) else None


def forbid(request: Request) -> Response | None:
    body = json.dumps({"message": "Forbidden"})
    return None if arxiv(request) else Response(body, 403, content_type="application/json")


def error_entry(request: Request) -> Response | None:
    """An error in a feed that comes with status 200."""
    feed = (
        "<feed xmlns='http://www.w3.org/2005/Atom' "
        "xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'>"
        "<opensearch:totalResults>1</opensearch:totalResults>"
        "<opensearch:startIndex>0</opensearch:startIndex><entry>"
        "<id>https://arxiv.org/api/errors#x</id><title>Error</title><summary>no</summary>"
        "</entry></feed>"
    )
    return Response(feed, content_type="application/atom+xml") if arxiv(request) else None


def elsewhere(request: Request) -> Response | None:
    headers = {"location": "https://example.org/"}
    return None if arxiv(request) else Response("", 302, headers=headers)


def content(project: Project) -> bytes:
    """The bytes of all curated tables."""
    folder = project.data / "curated/current"
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.parquet")))


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (cut_page, "malformed"),
        (page_of_html, "malformed"),
        (throttle, "throttled"),
        (forbid, "forbidden"),
        (error_entry, "refused"),
        (elsewhere, "moved"),
    ],
)
def test_a_service_that_fails_costs_only_its_own_windows_and_heals(
    fault: Fault, outcome: str, tmp_path: Path
) -> None:
    broken = threading.Event()
    broken.set()

    def before(request: Request) -> Response | None:
        return fault(request) if broken.is_set() else None

    queries = ["federated-learning", "unlearning"]
    with loopback.running(loopback.bundled_corpus(), before=before) as services:
        project = make_project(tmp_path / "broken", services, queries=queries)
        failed = project.run("harvest", "--json")
        report = json.loads(failed.stdout)
        assert failed.exit_code == 3
        assert outcome in {one["outcome"] for one in report["failed"]}
        assert len(report["records"]) == 1, "the other source's papers are there"
        broken.clear()
        assert project.run("harvest").exit_code == 0
        undisturbed = make_project(tmp_path / "well", services, queries=queries)
        assert undisturbed.run("harvest").exit_code == 0
    assert content(project) == content(undisturbed)


def test_windows_over_the_services_limit_are_split_until_they_fit(tmp_path: Path) -> None:
    limits = loopback.Limits(arxiv_window=10, arxiv_page=5, bulk_page=4)
    with loopback.running(loopback.bundled_corpus(), limits=limits) as services:
        small = make_project(tmp_path / "small", services, queries=["federated-learning"])
        file = small.config / "settings.yaml"
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        settings["sources"]["arxiv"] |= {"cap": 10, "page_size": 5}
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        assert small.run("harvest").exit_code == 0
    with loopback.running(loopback.bundled_corpus()) as services:
        large = make_project(tmp_path / "large", services, queries=["federated-learning"])
        assert large.run("harvest").exit_code == 0
    assert content(small) == content(large)


def test_a_killed_harvest_loses_nothing_and_goes_on(tmp_path: Path) -> None:
    answered = threading.Event()

    def slow(_request: Request) -> None:
        time.sleep(0.01)
        if len(services.requests) > 60:
            answered.set()

    with loopback.running(loopback.bundled_corpus(), before=slow) as services:
        project = make_project(tmp_path / "killed", services)
        command = [sys.executable, "-c", "from medsafe_harvest.cli import main; main()"]
        options = ["--config", str(project.config), "--data", str(project.data), "harvest"]
        harvest = subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
        assert answered.wait(60)
        os.kill(harvest.pid, signal.SIGKILL)
        harvest.wait()
        assert not (project.data / "curated/current").exists()
        kept = settled(project)
        assert kept
        assert project.run("harvest").exit_code == 0
        undisturbed = make_project(tmp_path / "well", services)
        assert undisturbed.run("harvest").exit_code == 0
    assert content(project) == content(undisturbed)
    assert not {window for window, attempts in settled(project).items() if attempts > 1}
    assert settled(project).keys() == settled(undisturbed).keys() >= kept.keys()


def test_a_failed_run_does_not_replace_good_output(harvested: Project, tmp_path: Path) -> None:
    project = Project(tmp_path)
    shutil.copytree(harvested.folder, tmp_path, symlinks=True, dirs_exist_ok=True)
    settings = yaml.safe_load((project.config / "settings.yaml").read_text(encoding="utf-8"))
    for source in settings["sources"].values():
        source["base_url"] = "http://127.0.0.1:9/nobody"
    (project.config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    result = project.run("harvest", "--json")
    assert result.exit_code == 3
    assert {one["outcome"] for one in json.loads(result.stdout)["failed"]} <= {
        "unavailable",
        "skipped",
    }
    assert content(project) == content(harvested)


def test_the_key_is_sent_and_never_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "SECRET-0123456789"
    monkeypatch.setenv("S2_API_KEY", key)
    limits = loopback.Limits(api_key=key)
    with loopback.running(loopback.bundled_corpus(), limits=limits) as services:
        project = make_project(tmp_path, services, queries=["unlearning"])
        result = project.run("harvest")
    assert result.exit_code == 0, "the service saw the key"
    assert key not in result.output
    for path in project.folder.rglob("*"):
        if path.is_file():
            stored = path.read_bytes()
            assert key.encode() not in stored
            if path.suffix == ".gz":
                assert key.encode() not in gzip.decompress(stored)


def test_every_response_is_kept_also_the_failed_ones(tmp_path: Path) -> None:
    with loopback.running(loopback.bundled_corpus(), before=throttle) as services:
        project = make_project(tmp_path, services, queries=["unlearning"])
        result = project.run("harvest", "--source", "arxiv", "--json")
        assert result.exit_code == 3
        assert "papers" not in json.loads(result.stdout)
        metas = [json.loads(path.read_text()) for path in project.data.glob("raw/**/*.meta.json")]
        assert len(metas) == len(services.requests) > 0
        assert {meta["status"] for meta in metas} == {429}
    assert not (project.data / "curated").exists(), "no table rather than one that says nothing"


def test_a_service_that_had_enough_is_left_alone_by_a_question_and_by_the_next(
    tmp_path: Path,
) -> None:
    with loopback.running(loopback.bundled_corpus(), before=throttle) as services:
        project = make_project(tmp_path, services)
        file = project.config / "settings.yaml"
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        settings["sources"]["arxiv"] |= {"min_interval": 0.001, "wait_throttled": 600}
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        for _ in range(2):
            assert project.run("query", "unlearning").exit_code == 3
        asked = [seen for seen in services.requests if seen.service == "arxiv"]
    assert len(asked) == 1


def test_a_folder_that_cannot_be_read_is_no_empty_folder(
    harvested: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    shutil.copytree(harvested.folder, tmp_path, symlinks=True, dirs_exist_ok=True)
    locked = str(project.data / "raw/arxiv")
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path) == locked:
            raise PermissionError(13, "Permission denied", locked)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    result = project.run("rebuild")
    monkeypatch.undo()
    assert isinstance(result.exception, StoreError)
    assert "mend its permissions" in str(result.exception)
    assert content(project) == content(harvested)


def harvest(project: Project, **limits: int) -> subprocess.CompletedProcess[str]:
    """Run `harvest` as a process of its own, under limits of the system."""

    def limit() -> None:
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, name), (value, value))

    options = ["--config", str(project.config), "--data", str(project.data), "harvest"]
    return subprocess.run(
        [*COMMAND, *options],
        env={**os.environ, "MEDSAFE_STATE": str(project.folder / "state")},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_file_that_cannot_be_written_whole_is_not_there(tmp_path: Path) -> None:
    with loopback.running(loopback.bundled_corpus()) as services:
        project = make_project(tmp_path / "full", services, queries=["federated-learning"])
        failed = harvest(project, RLIMIT_FSIZE=3000)
        assert failed.returncode == 1
        assert "cannot be written" in failed.stderr
        assert "Traceback" not in failed.stderr
        assert not (project.data / "curated/current").exists()
        assert project.run("raw", "verify").exit_code == 0
        assert harvest(project).returncode == 0
        undisturbed = make_project(tmp_path / "well", services, queries=["federated-learning"])
        assert harvest(undisturbed).returncode == 0
    assert content(project) == content(undisturbed)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_and_a_read_only_disk_lose_nothing(small_disk: Path, tmp_path: Path) -> None:
    def remount(options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(small_disk)], check=True)

    with loopback.running(loopback.bundled_corpus()) as services:
        project = make_project(small_disk, services, queries=["federated-learning"])
        full = harvest(project)
        assert (full.returncode, "No space left" in full.stderr) == (1, True)
        remount("ro")
        read_only = harvest(project)
        assert (read_only.returncode, "Read-only" in read_only.stderr) == (1, True)
        assert "Traceback" not in full.stderr + read_only.stderr
        remount("rw,size=20m")
        assert harvest(project).returncode == 0
        undisturbed = make_project(tmp_path / "well", services, queries=["federated-learning"])
        assert harvest(undisturbed).returncode == 0
    assert content(project) == content(undisturbed)


def test_a_second_run_leaves_with_a_message_and_touches_nothing(tmp_path: Path) -> None:
    held = threading.Event()
    go_on = threading.Event()

    def before(_request: Request) -> None:
        held.set()
        assert go_on.wait(60)

    with loopback.running(loopback.bundled_corpus(), before=before) as services:
        project = make_project(tmp_path, services, queries=["unlearning"])
        options = ["--config", str(project.config), "--data", str(project.data), "harvest"]
        first = subprocess.Popen([*COMMAND, *options], stderr=subprocess.DEVNULL)
        assert held.wait(60)
        second = harvest(project)
        go_on.set()
        assert first.wait(60) == 0
    assert second.returncode == 1
    assert "another run works in" in second.stderr
    assert [path.stem for path in sorted((project.data / "reports").glob("2*.json"))] == [
        json.loads((project.data / "reports/latest.json").read_bytes())["run"]
    ]
