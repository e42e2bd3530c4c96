"""What is asked for in a run, in which order, and when a service is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from werkzeug import Request, Response

from medsafe_harvest import loopback
from medsafe_harvest.config import Config, load_config
from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch.harvest import Fetched, Network, Task, Wanted, fetch, plan
from medsafe_harvest.fetch.rawstore import RawStore, Run, WindowRecord
from medsafe_harvest.sources.base import PageContent, Window
from medsafe_harvest.sources.query import Query

from .conftest import NOW, FakeClock

ROOT = Path(__file__).parents[3]
TODAY = NOW.date()


class Silent:
    """Listens to nothing."""

    def planned(self, tasks: object) -> None: ...
    def page(self, source: str, query: str, window: Window, content: PageContent) -> None: ...
    def waiting(self, source: str, seconds: float, why: str) -> None: ...
    def finished(self, record: WindowRecord) -> None: ...
    def left_alone(self, source: str, windows: int, why: str) -> None: ...


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
        ).with_retry(attempts=1)
        yield local, running


def run(
    config: Config, folder: Path, wanted: Wanted, *, night: int = 0
) -> tuple[Fetched, RawStore, list[Task]]:
    store = RawStore(folder / "raw", version="1")
    tasks = plan(config, store, wanted, TODAY)
    network = Network(FakeClock(NOW + timedelta(days=night)), folder / "state", {}, "1")
    return fetch(tasks, config, store, network, Silent()), store, tasks


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
    config: Config, tmp_path: Path
) -> None:
    store = RawStore(tmp_path, version="1")
    [query] = queries(config, "unlearning")
    only_arxiv = query.model_copy(update={"sources": ("arxiv",), "until": TODAY})
    later = TODAY + timedelta(days=30)
    tasks = plan(config, store, Wanted((only_arxiv,), tuple(config.sources), until=later), TODAY)
    assert {task.source for task in tasks} == {"arxiv"}
    assert max(task.window.until for task in tasks) == TODAY
    assert min(task.window.since for task in tasks) == query.since
    beyond = Wanted((query,), ("arxiv",), since=later)
    assert plan(config, store, beyond, TODAY) == []
