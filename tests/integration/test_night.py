"""What a scheduled harvest does beside fetching: follow, look up, report, tell monitors."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from werkzeug import Request, Response

from medsafe_harvest import loopback, night, pipeline
from medsafe_harvest.config import Config, load_config
from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch.harvest import Network
from medsafe_harvest.fetch.plan import Wanted
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.night import Night
from tests.chaos.nursery import Nobody
from tests.chaos.scenario import configured
from tests.chaos.year import Calendar

from .conftest import COMMAND, ROOT, Project, make_project

CONFIG = load_config(ROOT / "config")
#: The first night; papers of the corpora below appear around it.
FIRST = datetime(2025, 3, 4, 5, 30, tzinfo=UTC)


def paper(number: int, day: str, **more: object) -> dict[str, Any]:
    """A paper that the query on unlearning asks for."""
    return {
        "title": f"Machine unlearning for the hospital, part {number}",
        "abstract": "We make a clinical model forget a patient.",
        "authors": ["Ada Lovelace", f"Grace Hopper{number}"],
        "date": day,
        "arxiv_id": f"25{day[5:7]}.{number:05d}",
        "categories": ["cs.LG"],
        **more,
    }


class Nights:
    """Nights of one project against a corpus that grows by date."""

    def __init__(self, folder: Path, rows: list[dict[str, Any]]) -> None:
        self._folder = folder
        self._corpus = loopback.Corpus.from_rows(rows)
        self.clock = Calendar(FIRST)
        self.answer: Callable[[Request], Response | None] = lambda _request: None

    def _before(self, request: Request) -> Response | None:
        return self.answer(request)

    @contextmanager
    def services(self) -> Iterator[Config]:
        with loopback.running(self._corpus, now=self.clock.now, before=self._before) as running:
            self.running = running
            config = configured(CONFIG, running.urls, ("unlearning",))
            yield config.with_sources(
                {name: {"min_interval": 0, "wait_throttled": 0} for name in running.urls}
            ).with_retry(attempts=1, breaker=0)

    def run(self, config: Config, *, after: int) -> Night:
        """The night so many days after the first."""
        self.clock.moment = FIRST + timedelta(days=after)
        store = RawStore(self._folder / "raw", version="1")
        network = Network(self.clock, self._folder / "state", {}, "1")
        wanted = Wanted(config.queries, tuple(config.doors))
        return night.harvest(config, store, network, self._folder, wanted, Nobody())

    def records(self) -> dict[str, dict[str, Any]]:
        rows = pq.read_table(self._folder / "curated/records.parquet").to_pylist()
        return {row["record_id"]: row for row in rows}

    def papers(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(
            self._folder / "curated/papers.parquet"
        ).to_pylist()
        return rows


def test_a_paper_gets_licence_names_and_versions_from_the_other_doors(tmp_path: Path) -> None:
    nights = Nights(tmp_path, [paper(1, "2025-03-03"), paper(2, "2025-01-06")])
    with nights.services() as config:
        nights.run(config, after=0)
        looked_up = nights.records()["arxiv:2503.00001"]
        # The feed tells of yesterday, so the licence of a new paper is looked up at first.
        assert looked_up["licence"] is not None
        assert "licence=arxiv_oai_get" in looked_up["doors"]
        assert looked_up["version_dates"] == [date(2025, 3, 3)]
        nights.run(config, after=2)
    followed = nights.records()["arxiv:2503.00001"]
    assert {"authors=arxiv_oai", "licence=arxiv_oai"} <= set(followed["doors"])
    assert followed["authors"][0]["family"] == "Lovelace"
    [merged] = [row for row in nights.papers() if row["arxiv_id"] == "2503.00001"]
    by_field = {one["field"]: one["record_id"] for one in merged["provenance"]}
    assert by_field["licence"] == "arxiv:2503.00001"


def test_a_revision_and_a_withdrawal_are_heard_of_and_fetched(tmp_path: Path) -> None:
    later = {"version": 2, "updated": "2025-03-10"}
    gone = {**later, "comment": "This paper has been withdrawn by the author"}
    rows = [paper(1, "2025-01-06", **later), paper(2, "2025-01-07", **gone)]
    nights = Nights(tmp_path, rows)
    with nights.services() as config:
        first = nights.run(config, after=0)
        assert {
            row["arxiv_version"] for row in nights.records().values() if row["source"] == "arxiv"
        } == {1}
        assert first.changes["arxiv"].new == 2
        # Both windows are settled, so only the announcement of the 11th can tell.
        again = nights.run(config, after=7)
    own = {name: row for name, row in nights.records().items() if row["source"] == "arxiv"}
    assert {row["arxiv_version"] for row in own.values()} == {2}
    assert again.changes["arxiv"].changed == 2
    assert again.doors["arxiv_ids"].records == 2
    assert [row["withdrawn"] for _, row in sorted(own.items())] == [False, True]
    assert again.announced[0].kinds == {"replace": 2}


def test_merged_and_deleted_papers_of_semantic_scholar_are_followed(tmp_path: Path) -> None:
    rows = [
        paper(1, "2025-01-06", s2_id="a" * 40, corpus_id=1, merged_into="b" * 40,
              merged_from="2025-03-20", side="semantic_scholar", arxiv_id=None, doi="10.1234/one"),
        paper(1, "2025-01-06", s2_id="b" * 40, corpus_id=2, citation_count=7,
              side="semantic_scholar", arxiv_id=None, doi="10.1234/one"),
        paper(3, "2025-01-07", s2_id="c" * 40, corpus_id=3, deleted_from="2025-03-20",
              side="semantic_scholar", arxiv_id=None),
    ]  # fmt: skip
    nights = Nights(tmp_path, rows)
    with nights.services() as config:
        nights.run(config, after=0)
        before = {row["corpus_id"]: row for row in nights.papers()}
        known = nights.records().keys()
        assert known == {f"semantic_scholar:{number}" for number in (1, 2, 3)}
        # A paper is looked up again after 30 days; that it is gone is believed the second time.
        renamed = nights.run(config, after=31).changes["semantic_scholar"].replaced
        assert renamed == (("semantic_scholar:1", "semantic_scholar:2"),)
        assert nights.records()["semantic_scholar:3"]["gone"] is None
        done = nights.run(config, after=62)
    records = nights.records()
    assert records.keys() == {"semantic_scholar:2", "semantic_scholar:3"}
    assert records["semantic_scholar:2"]["former_record_ids"] == ["semantic_scholar:1"]
    assert records["semantic_scholar:3"]["gone"] == (FIRST + timedelta(days=31)).date()
    assert done.changes["semantic_scholar"].replaced == (("semantic_scholar:3", None),)
    ids = {name for row in nights.papers() for name in (row["paper_id"], *row["former_ids"])}
    assert {row["paper_id"] for row in before.values()} <= ids


def test_what_papers_cite_is_looked_up_once_and_makes_near(tmp_path: Path) -> None:
    rows = [
        paper(number, f"2025-01-{5 + number:02}", corpus_id=number, s2_id=str(number) * 40)
        # Few words in common, so that references are among the terms that are told.
        | {"title": f"Machine unlearning {where}", "abstract": f"A patient {where}."}
        for number, where in enumerate(("at home", "abroad", "on wards", "in theatres"), 1)
    ]
    nights = Nights(tmp_path, rows)
    with nights.services() as config:
        nights.run(config, after=0)
        cited = {row["corpus_id"]: row["cites"] for row in nights.papers()}
        assert cited == {1: [], 2: [1], 3: [1, 2], 4: [1, 2, 3]}
        again = nights.run(config, after=40)
        assert "semantic_scholar_batch" in again.doors
        assert "semantic_scholar_references" not in again.doors
    record = nights.records()["semantic_scholar:4"]
    assert (record["cites"], record["title"]) == ([1, 2, 3], rows[3]["title"])
    assert "cites=semantic_scholar_references" in record["doors"]
    curated = tmp_path / "curated"
    near = pq.read_table(curated / "related.parquet")["terms"].to_pylist()
    assert any("cites:1" in terms for terms in near)
    # Nobody but 3 itself and 4 has it: 4 cites 3.
    assert any("cites:3" in terms for terms in near)
    before = {path.name: path.read_bytes() for path in curated.glob("*.parquet")}
    store = RawStore(tmp_path / "raw", version="1")
    now = nights.clock.moment
    pipeline.curate(store, config, tmp_path / "anew", Nobody(), now=now, anew=True)
    for name, content in before.items():
        assert (tmp_path / "anew" / name).read_bytes() == content, name


def test_a_changed_value_is_refreshed_and_its_history_stays_in_the_raw_store(
    tmp_path: Path,
) -> None:
    nights = Nights(tmp_path, [paper(1, "2025-01-06", citation_count=3, tldr="In short.")])
    with nights.services() as config:
        nights.run(config, after=0)
        assert nights.papers()[0]["tldr"] == "In short."
    nights._corpus = loopback.Corpus.from_rows([paper(1, "2025-01-06", citation_count=8)])
    with nights.services() as config:
        assert nights.run(config, after=1).doors.get("semantic_scholar_batch") is None
        done = nights.run(config, after=31)
    assert nights.papers()[0]["citation_count"] == 8
    assert done.changes["semantic_scholar"].changed == 1
    store = RawStore(tmp_path / "raw", version="1")
    own = [seal for seal in store.seals() if seal.source == "semantic_scholar_batch"]
    bodies = [json.loads(page.body) for _, page in store.read_all(own)]
    assert {one["citationCount"] for body in bodies for one in body if one} == {3, 8}


def test_a_quiet_day_is_told_from_a_failure_and_a_sudden_silence_is_a_warning(
    tmp_path: Path,
) -> None:
    days = [FIRST.date() - timedelta(days=2) + timedelta(days=number) for number in range(40)]
    rows = [
        paper(100 * number + copy, day.isoformat(), arxiv_id=f"2503.{100 * number + copy:05d}")
        for number, day in enumerate(days)
        for copy in range(5)
    ]
    nights = Nights(tmp_path, rows)
    with nights.services() as config:
        warned = list[tuple[int, tuple[str, ...]]]()
        for after in range(24):
            done = nights.run(config, after=after)
            weekday = (FIRST + timedelta(days=after)).weekday()
            assert done.announced[0].is_quiet == (weekday > 4)
            if done.warnings:
                warned.append((after, done.warnings))
        assert warned == []

        def nothing(request: Request) -> Response | None:
            """Valid answers without papers: the failure that looks like success."""
            if request.path != "/api/query":
                return None
            feed = (
                "<feed xmlns='http://www.w3.org/2005/Atom' "
                "xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'>"
                "<opensearch:totalResults>0</opensearch:totalResults>"
                "<opensearch:startIndex>0</opensearch:startIndex></feed>"
            )
            return Response(feed, content_type="application/atom+xml")

        nights.answer = nothing
        done = nights.run(config, after=24)
        assert done.fetched.incomplete == 0
        [words] = nights.run(config, after=27).warnings
        assert words.startswith("arxiv_rss announced 15 papers that seed queries seem to ask for")
        silent = nights.run(config, after=28)
    assert any(re.match(r"arxiv: no new record in \d nights", one) for one in silent.warnings)
    assert silent.lost, "papers that the window listed before are missed"


def test_a_damaged_page_costs_no_night(tmp_path: Path) -> None:
    nights = Nights(tmp_path, [paper(1, "2025-01-06"), paper(2, "2025-03-10")])
    with nights.services() as config:
        nights.run(config, after=0)
        victim = next((tmp_path / "raw/arxiv").rglob("*.gz"))
        good = victim.read_bytes()
        victim.write_bytes(b"no gzip")
        shutil.rmtree(tmp_path / "cache")
        with pytest.raises(StoreError, match="is damaged"):
            nights.run(config, after=8)
        asked = len(nights.running.requests)
        victim.write_bytes(good)
        nights.run(config, after=8)
    assert "arxiv:2503.00002" in nights.records()
    assert asked > 0


@pytest.fixture
def pings() -> Iterator[tuple[str, list[str]]]:
    """A monitor: its address, and the paths that it was asked for."""
    asked = list[str]()

    class Monitor(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Monitor)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/secret-ping-0123", asked
    server.shutdown()
    server.server_close()
    thread.join()


KEY = "SECRET-KEY-0123456789"


def unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def test_reports_logs_metrics_and_pings_tell_the_same_and_never_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pings: tuple[str, list[str]]
) -> None:
    url, asked = pings
    monkeypatch.setenv("S2_API_KEY", KEY)
    monkeypatch.setenv("MEDSAFE_PING_URL", url)
    broken = threading.Event()

    def before(request: Request) -> Response | None:
        # A service that repeats the key in its error.
        key = request.headers.get("x-api-key", "")
        return Response(f"no {key} today", 500) if key and broken.is_set() else None

    limits = loopback.Limits(api_key=KEY)
    with loopback.running(loopback.bundled_corpus(), limits=limits, before=before) as services:
        project = make_project(tmp_path, services, queries=["unlearning"])
        metrics = tmp_path / "medsafe.prom"
        options = ["--log-format", "json", "--metrics", str(metrics)]
        good = project.run("harvest", *options)
        assert good.exit_code == 0, good.output
        report = json.loads((project.data / "reports/latest.json").read_text(encoding="utf-8"))
        assert report["outcome"] == "complete"
        assert (
            report["papers"] == pq.read_metadata(project.data / "curated/papers.parquet").num_rows
        )
        assert report["doors"]["semantic_scholar"]["requests"] > 0
        assert f"medsafe_harvest_papers {report['papers']}\n" in metrics.read_text(encoding="utf-8")
        assert asked == ["/secret-ping-0123/start", "/secret-ping-0123"]
        broken.set()
        bad = project.run("harvest", *options)
    assert bad.exit_code == 3
    assert asked[2:] == ["/secret-ping-0123/start", "/secret-ping-0123/fail"]
    report = json.loads((project.data / "reports/latest.json").read_text(encoding="utf-8"))
    assert report["outcome"] == "incomplete"
    assert {one["source"] for one in report["failed"]} == {"semantic_scholar"}
    text = (project.data / "reports/latest.txt").read_text(encoding="utf-8")
    assert "INCOMPLETE" in text
    assert 'medsafe_harvest_run_outcome{outcome="incomplete"} 1' in metrics.read_text(
        encoding="utf-8"
    )
    events = [json.loads(line) for line in bad.stderr.splitlines()]
    assert events[-1]["event"] == "ended"
    assert events[-1]["report"]["outcome"] == "incomplete"
    assert {"planned", "window", "waiting", "ended"} <= {event["event"] for event in events}
    assert len(list((project.data / "reports").glob("2*.json"))) == 2
    said = [good.output, bad.output, good.stderr, bad.stderr]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".gz" for path in files)
    for secret in (KEY, "secret-ping-0123"):
        assert not [words for words in said if secret in words]
        assert not [path for path in files if secret.encode() in unpacked(path)]


def test_a_run_that_cannot_go_on_leaves_a_report_and_tells_the_monitor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pings: tuple[str, list[str]]
) -> None:
    url, asked = pings
    monkeypatch.setenv("MEDSAFE_PING_URL", url)
    with loopback.running(loopback.bundled_corpus()) as services:
        project = make_project(tmp_path, services, queries=["unlearning"])
        assert project.run("harvest").exit_code == 0
        next((project.data / "raw/arxiv").rglob("*.meta.json")).write_text("{", encoding="utf-8")
        failed = project.run("harvest", "--metrics", str(tmp_path / "m.prom"))
    assert failed.exit_code == 1
    report = json.loads((project.data / "reports/latest.json").read_text(encoding="utf-8"))
    assert (report["outcome"], report["error"]) == ("failed", "StoreError")
    assert "is damaged" in report["message"]
    assert 'outcome="failed"} 1' in (tmp_path / "m.prom").read_text(encoding="utf-8")
    assert asked[-1].endswith("/fail")


def test_status_says_what_is_complete_and_what_is_missing_and_why(tmp_path: Path) -> None:
    down = threading.Event()

    def before(request: Request) -> Response | None:
        arxiv = request.path == "/api/query" and down.is_set()
        return Response("Rate exceeded.", 429) if arxiv else None

    with loopback.running(loopback.bundled_corpus(), before=before) as services:
        project = make_project(tmp_path, services, queries=["unlearning"])
        never = project.run("status", "--json")
        assert never.exit_code == 3
        standings = json.loads(never.stdout)["standings"]
        assert {gap["outcome"] for one in standings for gap in one["missing"]} == {"not_asked"}
        down.set()
        assert project.run("harvest").exit_code == 3
        partly = project.run("status", "--json")
        assert partly.exit_code == 3
        by_door = {one["source"]: one for one in json.loads(partly.stdout)["standings"]}
        assert by_door["arxiv"]["watermark"] is None
        outcomes = {gap["outcome"] for gap in by_door["arxiv"]["missing"]}
        assert "throttled" in outcomes
        today = datetime.now(UTC).date().isoformat()
        assert by_door["semantic_scholar"]["watermark"] == today
        down.clear()
        assert project.run("harvest").exit_code == 0
        whole = project.run("status")
    assert whole.exit_code == 0
    assert today in whole.stdout
    assert "unlearning" in whole.stdout


def test_raw_verify_names_damage_and_raw_compact_packs_old_days(
    harvested: Project, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    shutil.copytree(harvested.folder, tmp_path, symlinks=True, dirs_exist_ok=True)
    assert "all well" in project.run("raw", "verify").stdout
    assert "nothing to pack" in project.run("raw", "compact").stderr
    # As if that night had been long ago.
    for day in list((project.data / "raw").glob("*/2*")):
        day.rename(day.with_name("2020-01-01"))
    assert project.run("raw", "compact").exit_code == 0
    assert not list((project.data / "raw").rglob("*.meta.json"))
    assert project.run("raw", "verify").exit_code == 0
    before = (harvested.data / "curated/papers.parquet").read_bytes()
    assert project.run("rebuild").exit_code == 0
    assert (project.data / "curated/papers.parquet").read_bytes() == before
    victim = next((project.data / "raw/arxiv").rglob("*.tar.xz"))
    victim.write_bytes(victim.read_bytes()[:-200])
    damaged = project.run("raw", "verify", "--json")
    assert damaged.exit_code == 1
    assert victim.name in json.loads(damaged.stdout)["damaged"][0]
    assert "backup" in json.loads(damaged.stdout)["damaged"][0]
    assert project.run("raw", "verify", "--set-aside").exit_code == 1
    assert project.run("raw", "verify").exit_code == 0
    assert list((project.data / "damaged").rglob(victim.name))
    assert str(Project(tmp_path / "nobody").run("raw", "verify").exception).startswith(
        "there is no"
    )


def test_old_pages_are_packed_by_themselves_and_nothing_changes(tmp_path: Path) -> None:
    nights = Nights(tmp_path, [paper(1, "2025-01-06"), paper(2, "2025-03-03")])
    with nights.services() as config:
        nights.run(config, after=0)
        assert not list(tmp_path.rglob("*.tar.xz"))
        nights.run(config, after=125)
        assert list(tmp_path.rglob("*.tar.xz"))
        assert not list((tmp_path / "raw").glob(f"*/{FIRST:%Y-%m-%d}"))
    store = RawStore(tmp_path / "raw", version="1")
    assert store.verify() == []
    pipeline.curate(store, config, tmp_path / "again", Nobody(), now=datetime.now(UTC))
    again, last = ((tmp_path / name / "papers.parquet") for name in ("again", "curated"))
    assert again.read_bytes() == last.read_bytes()


def test_a_table_that_would_lose_a_source_is_not_replaced(
    harvested: Project, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    shutil.copytree(harvested.folder, tmp_path, symlinks=True, dirs_exist_ok=True)
    before = (project.data / "curated/papers.parquet").read_bytes()
    for folder in (project.data / "raw").glob("arxiv*"):
        shutil.rmtree(folder)
    refused = project.run("rebuild")
    assert "records of arxiv" in str(refused.exception)
    assert (project.data / "curated/papers.parquet").read_bytes() == before
    assert project.run("rebuild", "--allow-loss").exit_code == 0
    assert (project.data / "curated/papers.parquet").read_bytes() != before


def test_a_request_to_end_acts_like_an_interrupt_and_tells_everybody(
    tmp_path: Path, pings: tuple[str, list[str]]
) -> None:
    url, asked = pings
    begun = threading.Event()
    go_on = threading.Event()

    def before(_request: Request) -> None:
        begun.set()
        go_on.wait(60)

    with loopback.running(loopback.bundled_corpus(), before=before) as services:
        project = make_project(tmp_path, services, queries=["unlearning"])
        folders = ["--config", str(project.config), "--data", str(project.data)]
        options = ["harvest", "--log-format", "json", "--metrics", str(tmp_path / "m.prom")]
        run = subprocess.Popen(
            [*COMMAND, *folders, *options],
            env={**os.environ, "MEDSAFE_PING_URL": url, "MEDSAFE_STATE": str(tmp_path / "state")},
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert begun.wait(60)
        busy = project.run(*options)
        run.terminate()
        said = run.communicate(timeout=60)
        go_on.set()
    assert run.returncode == 143
    assert said[0] == ""
    events = [json.loads(line) for line in said[1].splitlines()]
    assert [event["event"] for event in events[-2:]] == ["ended", "failed"]
    report = json.loads((project.data / "reports/latest.json").read_text(encoding="utf-8"))
    assert report["outcome"] == "interrupted"
    assert report["began_at"] <= report["ended_at"]
    assert "INTERRUPTED" in (project.data / "reports/latest.txt").read_text(encoding="utf-8")
    assert 'outcome="interrupted"} 1' in (tmp_path / "m.prom").read_text(encoding="utf-8")
    # The run that found another at work told nobody but its caller.
    assert busy.exit_code == 1
    assert [json.loads(line)["event"] for line in busy.stderr.splitlines()] == ["failed"]
    assert [path.rpartition("/")[2] for path in asked] == ["start", "fail"]


def test_a_mistake_in_the_settings_does_not_go_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pings: tuple[str, list[str]]
) -> None:
    url, asked = pings
    monkeypatch.setenv("MEDSAFE_PING_URL", url)
    with loopback.running(loopback.bundled_corpus()) as services:
        project = make_project(tmp_path, services, queries=["unlearning"])
        metrics = tmp_path / "m.prom"
        assert project.run("harvest", "--metrics", str(metrics)).exit_code == 0
        before = metrics.read_text(encoding="utf-8")
        (project.config / "settings.yaml").write_text("retry: {atempts: 3}", encoding="utf-8")
        failed = project.run("harvest", "--metrics", str(metrics), "--json")
    assert "atempts" in str(failed.exception)
    assert asked[-1].endswith("/fail")
    assert json.loads(failed.stdout)["outcome"] == "failed"
    after = metrics.read_text(encoding="utf-8")
    last = re.compile(r"last_complete_timestamp_seconds (\S+)")
    assert last.search(before) is not None
    assert last.findall(before)[-1] == last.findall(after)[-1]
    elsewhere = project.run("harvest", "--metrics", str(tmp_path / "nowhere/m.prom"))
    assert elsewhere.exit_code == 2
