"""What is asked for in a run, in which order, and when a service is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from werkzeug import Request, Response

from medsafe_harvest import loopback
from medsafe_harvest.config import Config, load_config
from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch.attempt import Run
from medsafe_harvest.fetch.harvest import Fetched, Network, Session, Task
from medsafe_harvest.fetch.plan import Wanted, plan
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.sources.base import Window
from medsafe_harvest.sources.query import Query

from .conftest import NOW, FakeClock, Silent

ROOT = Path(__file__).parents[3]
TODAY = NOW.date()


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(ROOT / "config")


def queries(config: Config, *names: str) -> tuple[Query, ...]:
    return tuple(query for query in config.queries if query.id in names)


@contextmanager
def services(config: Config, before: loopback.Before) -> Iterator[tuple[Config, loopback.Services]]:
    with loopback.running(loopback.bundled_corpus(), before=before) as running:
        changes = {"min_interval": 0, "wait_throttled": 0}
        urls = {"arxiv": running.arxiv_url, "semantic_scholar": running.semantic_scholar_url}
        local = config.with_sources(
            {name: {"base_url": url, **changes} for name, url in urls.items()}
        ).with_retry(attempts=1, breaker=0)
        yield local, running


def run(
    config: Config, folder: Path, wanted: Wanted, *, night: int = 0
) -> tuple[Fetched, RawStore, list[Task]]:
    store = RawStore(folder / "raw", version="1")
    clock = FakeClock(NOW + timedelta(days=night))
    tasks = plan(config, store.windows(), wanted, clock.now())
    network = Network(clock, folder / "state", {}, "1")
    return Session(config, store, network, Silent()).fetch(tasks), store, tasks


def test_a_service_whose_every_answer_is_wrong_is_left_alone_after_two_windows(
    config: Config, tmp_path: Path
) -> None:
    def maintenance(_request: Request) -> Response:
        return Response("<html>Back soon</html>", content_type="text/html")

    with services(config, maintenance) as (local, running):
        fetched, _, tasks = run(local, tmp_path, Wanted(local.queries, tuple(local.sources)))
        assert len(running.requests) == 2 * len(local.sources)
    assert fetched.complete == 0
    assert fetched.incomplete == len(tasks)


def test_a_window_that_always_fails_does_not_keep_the_others_from_their_turn(
    config: Config, tmp_path: Path
) -> None:
    def never_unlearning(request: Request) -> Response | None:
        return Response("", 503) if "unlearning" in request.args["search_query"] else None

    wanted = Wanted(queries(config, "unlearning", "adversarial"), ("arxiv",), date(2024, 1, 1))
    with services(config, never_unlearning) as (local, _):
        run(local, tmp_path, wanted)
        _, store, _ = run(local, tmp_path, wanted, night=1)
    full = {window.query for window in store.windows() if window.outcome in ("complete", "empty")}
    assert full == {"adversarial"}


def test_a_disk_that_fails_one_source_ends_the_work_of_the_other(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = RawStore.attempt

    def full_disk(
        self: RawStore, source: str, query: str, digest: str, window: Window, own: Run
    ) -> object:
        if source == "arxiv":
            raise StoreError("no space")
        return real(self, source, query, digest, window, own)

    monkeypatch.setattr(RawStore, "attempt", full_disk)
    with (
        services(config, lambda _request: None) as (local, _),
        pytest.raises(StoreError, match="no space"),
    ):
        run(local, tmp_path, Wanted(local.queries, tuple(local.sources)))


def test_days_that_a_query_or_the_caller_excludes_are_not_planned(
    config: Config,
) -> None:
    [query] = queries(config, "unlearning")
    only_arxiv = query.model_copy(update={"sources": ("arxiv",), "until": TODAY})
    later = TODAY + timedelta(days=30)
    tasks = plan(config, [], Wanted((only_arxiv,), tuple(config.sources), until=later), NOW)
    assert {task.source for task in tasks} == {"arxiv"}
    assert max(task.window.until for task in tasks) == TODAY
    assert min(task.window.since for task in tasks) == query.since
    beyond = Wanted((query,), ("arxiv",), since=later)
    assert plan(config, [], beyond, NOW) == []


def test_what_was_announced_is_asked_first_and_what_failed_last(config: Config) -> None:
    wanted = Wanted(queries(config, "adversarial", "unlearning", "fairness"), ("arxiv",))
    names = [query.id for query in wanted.queries]
    last = plan(config, [], wanted, NOW, {names[2]: 3, names[1]: 1})
    assert [task.query.id for task in last[:2]] == [names[2], names[1]]
    assert all(task.window.until == TODAY for task in last[:2])
    failed = attempt(wanted.queries[2], last[0].window, "unavailable")
    again = plan(config, [failed], wanted, NOW, {names[2]: 3})
    assert again[-1].window == last[0].window


def attempt(query: Query, window: Window, outcome: str, **when: datetime) -> WindowRecord:
    return WindowRecord(
        source="arxiv",
        query=query.id,
        query_digest=query.digest,
        window=window,
        outcome=outcome,
        began_at=when.get("began_at", NOW),
        finished_at=when.get("finished_at", NOW),
    )


def test_a_window_fetched_in_the_future_is_asked_for_again(config: Config) -> None:
    [query] = queries(config, "unlearning")
    wanted = Wanted((query,), ("arxiv",), since=TODAY - timedelta(days=100))
    days = Window(TODAY - timedelta(days=100), TODAY)
    ahead = NOW + timedelta(days=900)
    record = attempt(query, days, "complete", began_at=ahead, finished_at=ahead)
    assert [task.window for task in plan(config, [record], wanted, NOW)] == [days]


def test_one_throttled_door_silences_its_provider_and_no_other(
    config: Config, tmp_path: Path
) -> None:
    def throttle(request: Request) -> Response | None:
        throttled = request.path.startswith("/api/query")
        return Response("Rate exceeded.", 429) if throttled else None

    wanted = Wanted(queries(config, "unlearning"), ("arxiv", "semantic_scholar", "arxiv_oai"))
    with services(config, throttle) as (local, running):
        fetched, _, tasks = run(local, tmp_path, wanted)
        assert {seen.service for seen in running.requests} == {"arxiv", "semantic_scholar"}
        assert sum(seen.service == "arxiv" for seen in running.requests) == 1
    assert {left.task.source for left in fetched.skipped} == {"arxiv", "arxiv_oai"}
    own = [task for task in tasks if task.source == "semantic_scholar"]
    assert fetched.complete == len(own)


def test_a_door_that_a_run_gave_up_on_is_left_alone_by_the_next_ever_longer(
    config: Config, tmp_path: Path
) -> None:
    wanted = Wanted(queries(config, "unlearning"), ("arxiv",))
    with services(config, lambda _request: Response("", 500)) as (local, running):
        strict = local.with_retry(attempts=1, breaker=3600, breaker_max=86_400)
        asked = []
        for minutes in (0, 59, 61, 61 + 119, 61 + 121):
            store = RawStore(tmp_path / "raw", version="1")
            clock = FakeClock(NOW + timedelta(minutes=minutes))
            network = Network(clock, tmp_path / "state", {}, "1")
            tasks = plan(strict, store.windows(), wanted, clock.now())
            fetched = Session(strict, store, network, Silent()).fetch(tasks)
            assert fetched.incomplete == len(tasks)
            asked.append(len(running.requests))
    assert asked == [2, 2, 4, 4, 6]


def test_a_run_asks_no_more_often_than_it_may_and_not_longer(
    config: Config, tmp_path: Path
) -> None:
    wanted = Wanted(queries(config, "unlearning", "adversarial"), ("arxiv",))
    with services(config, lambda _request: None) as (local, running):
        few = local.with_sources({"arxiv": {"requests_per_run": 3}})
        fetched, _, tasks = run(few, tmp_path, wanted)
        assert len(running.requests) == 3
        assert fetched.incomplete >= len(tasks) - 3
        assert "budget" in {record.outcome for record in fetched.records}
        clock = FakeClock(NOW)
        session = Session(
            local,
            RawStore(tmp_path / "late", version="1"),
            Network(clock, tmp_path, {}, "1"),
            Silent(),
        )
        clock.sleep(local.settings.harvest.max_minutes * 60 + 1)
        assert len(session.fetch(tasks).skipped) == len(tasks)
        assert len(running.requests) == 3


def test_a_pace_is_a_keys_and_who_has_none_is_slower(config: Config, tmp_path: Path) -> None:
    doors = ("semantic_scholar", "semantic_scholar_batch")
    one, other, nobody = (
        Network(FakeClock(), tmp_path, dict.fromkeys(doors, key) if key else {}, "1")
        for key in ("key-1", "key-2", None)
    )
    paces = [
        {network.service(config, door).pace for door in doors} for network in (one, other, nobody)
    ]
    assert [len(pace) for pace in paces] == [1, 1, 1]
    assert len(set.union(*paces)) == 3
    assert "key-1" not in str(paces)
    intervals = [
        network.service(config, "semantic_scholar").min_interval for network in (one, nobody)
    ]
    assert intervals == [1.1, 10.0]
    assert {network.service(config, "arxiv_oai").pace for network in (one, nobody)} == {"arxiv"}
