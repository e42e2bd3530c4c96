from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from medsafe_harvest.config import RetrySettings
from medsafe_harvest.errors import (
    ForbiddenError,
    MalformedPageError,
    ThrottledError,
    UnavailableError,
)
from medsafe_harvest.fetch.attempt import Run
from medsafe_harvest.fetch.client import Client
from medsafe_harvest.fetch.limiter import Limiter
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.fetch.retry import Budget, Retry
from medsafe_harvest.fetch.window import Fetcher, Requests
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    Page,
    PageContent,
    Request,
    Window,
)
from medsafe_harvest.sources.query import Query, parse_text
from medsafe_harvest.sources.service import ServiceSettings

from .conftest import NOW, FakeClock

KEY = "s3cret-key"
WINDOW = Window(date(2024, 1, 1), date(2024, 1, 4))
Answer = Callable[[httpx.Request], httpx.Response]


@dataclass
class Told:
    waits: list[tuple[str, float, str]] = field(default_factory=list)
    pages: list[tuple[str, str, Window, int]] = field(default_factory=list)
    resumptions: list[tuple[str, str, Window, int]] = field(default_factory=list)

    def answered(self, source: str, seconds: float) -> None:
        assert (source, seconds) == ("fake", 0)

    def resumed(self, source: str, query: str, window: Window, pages: int) -> None:
        self.resumptions.append((source, query, window, pages))

    def page(self, source: str, query: str, window: Window, content: PageContent) -> None:
        self.pages.append((source, query, window, content.entries))

    def queued(self, source: str, seconds: float) -> None:
        self.waits.append((source, seconds, "queued"))

    def waiting(self, source: str, seconds: float, why: str) -> None:
        self.waits.append((source, seconds, why))

    def finished(self, record: WindowRecord) -> None:
        assert record.outcome


@dataclass(frozen=True)
class FakeSource:
    """One page a window, whose body is the number of papers; the service gives out 2."""

    name: ClassVar[str] = "fake"
    source: ClassVar[str] = "fake"
    gives: ClassVar[tuple[str, ...]] = ()
    service: ClassVar[ServiceSettings] = ServiceSettings(
        base_url="http://fake.test/api/", min_interval=3, wait_throttled=60
    )

    def compile(self, query: Query) -> str:
        return query.id

    def widened(self, query: Query) -> tuple[str, ...]:  # noqa: ARG002 - as the protocol says
        return ()

    def slow_days(self, window: Window) -> dict[date, int]:  # noqa: ARG002 - as the protocol says
        return {}

    def harvest(self, query: Query, window: Window) -> Generator[Request, PageContent, Harvested]:
        content = yield Request("find", (("q", query.id), ("days", str(window.days))))
        kind = Completeness.COMPLETE if content.entries <= 2 else Completeness.TOO_LARGE
        return Harvested(kind, content.entries, content.entries)

    def parse(self, page: Page) -> PageContent:
        if page.status == 429:
            raise ThrottledError("slower")
        if page.status == 403:
            raise ForbiddenError("no")
        return PageContent((), int(page.body), None)


def client(answer: Answer, **service: object) -> Client:
    settings = ServiceSettings.model_validate({"base_url": "http://fake.test/api/", **service})
    return Client(
        settings, version="1", contact="a@b.c", api_key=KEY, transport=httpx.MockTransport(answer)
    )


def fetch(folder: Path, answer: Answer, told: Told) -> tuple[list[WindowRecord], RawStore]:
    clock, store = FakeClock(), RawStore(folder / "raw", version="1")
    settings, budget = RetrySettings(attempts=3), Budget(10_000)
    with client(answer) as own:
        fetcher = Fetcher(
            door=FakeSource(),
            client=own,
            service=FakeSource.service,
            limiter=Limiter(folder / "state", clock),
            retrying=lambda tell: Retry(settings, 60, budget, clock, random.Random(1), tell),
            budget=budget,
            requests=Requests(100),
            store=store,
            clock=clock,
            observer=told,
            resume_hours=20,
        )
        return fetcher.fetch(parse_text("trust"), WINDOW, Run.starting(NOW)), store


def by_days(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text=request.url.params["days"])


def test_a_window_too_large_is_halved_until_it_fits(tmp_path: Path) -> None:
    records, store = fetch(tmp_path, by_days, Told())
    assert [(r.window, r.outcome) for r in records] == [
        (half, "complete") for half in WINDOW.halves()
    ]
    assert [r.outcome for r in store.windows()] == ["too_large", "complete", "complete"]


def test_a_single_day_too_large_says_so(tmp_path: Path) -> None:
    records, _ = fetch(tmp_path, lambda _: httpx.Response(200, text="9"), Told())
    assert [(r.window.days, r.outcome) for r in records] == [(1, "too_large")] * 4


def test_a_throttled_page_is_kept_but_only_the_good_one_accepted(tmp_path: Path) -> None:
    date_ = "Sun, 01 Jun 2025 00:00:00 GMT"
    later = {"date": date_, "retry-after": "Sun, 01 Jun 2025 00:05:00 GMT"}
    answers = iter([httpx.Response(429, headers=later), httpx.Response(200, text="1")])
    told = Told()
    records, store = fetch(tmp_path, lambda _: next(answers), told)
    assert [(r.outcome, r.pages) for r in records] == [("complete", ("0002",))]
    assert [seal.status for seal in store.seals()] == [429, 200]
    assert told.waits == [("fake", 300, "throttled: slower")]
    assert [(source, window, n) for source, _, window, n in told.pages] == [("fake", WINDOW, 1)]


def test_a_service_that_had_enough_is_not_asked_for_the_second_half(tmp_path: Path) -> None:
    answers = iter([httpx.Response(200, text="9"), httpx.Response(403)])
    records, _ = fetch(tmp_path, lambda _: next(answers), Told())
    assert [(r.outcome, r.message) for r in records] == [("forbidden", "no")]


def test_no_stored_file_holds_the_key_although_it_was_sent(tmp_path: Path) -> None:
    sent = list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["x-api-key"])
        return httpx.Response(200, text="1", headers={"x-echo": KEY})

    fetch(tmp_path, answer, Told())
    assert sent == [KEY]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_operators_are_percent_encoded_and_the_agent_names_a_contact() -> None:
    seen = list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(302, headers={"location": "http://else.test/", "set-cookie": "a=b"})

    page = client(answer).send(Request("find", (("q", "a+b|[c]"),)))
    assert str(seen[0].url) == "http://fake.test/api/find?q=a%2Bb%7C%5Bc%5D"
    assert "mailto:a@b.c" in seen[0].headers["user-agent"]
    assert (len(seen), page.status) == (1, 302)
    assert dict(page.headers) == {"location": "http://else.test/"}


def test_a_body_over_the_limit_or_in_a_false_encoding_is_malformed() -> None:
    large = client(lambda _: httpx.Response(200, content=b"x" * 2000), max_body_mb=0.001)
    with pytest.raises(MalformedPageError, match="larger"):
        large.send(Request("", ()))
    stream = httpx.ByteStream(b"not gzip")
    false = client(
        lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=stream)
    )
    with pytest.raises(MalformedPageError, match="encoding"):
        false.send(Request("", ()))


@pytest.mark.parametrize("kind", [httpx.ReadTimeout, httpx.ConnectError, httpx.RemoteProtocolError])
def test_a_broken_way_is_unavailable_and_tells_no_key(kind: type[httpx.TransportError]) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise kind("")

    own = client(answer)
    with pytest.raises(UnavailableError, match=kind.__name__) as caught:
        own.send(Request("", ()))
    assert KEY not in repr(caught.value) + str(caught.value) + repr(own) + repr(own.__dict__)


@pytest.mark.parametrize("words", ["disconnected", "timed out"])
def test_a_real_server_that_hangs_up_or_stays_silent_is_unavailable(words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                if words == "timed out":
                    connection.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with (
            Client(ServiceSettings(base_url=url, read_timeout=0.1), version="1") as own,
            pytest.raises(UnavailableError, match=words),
        ):
            own.send(Request("", ()))
        thread.join(2)
        assert not thread.is_alive()


@dataclass(frozen=True)
class Paged(FakeSource):
    """Pages of one paper each; the first one says how many there are; ``0`` is asked for twice."""

    def harvest(self, query: Query, window: Window) -> Generator[Request, PageContent, Harvested]:  # noqa: ARG002
        content = yield Request("find", (("page", "1"),))
        if content.entries == 0:
            content = yield Request("find", (("page", "1"),))
        number, received = content.entries, 1
        while received < number:
            content = yield Request("find", (("page", str(received + 1)),))
            if content.entries != number:
                return Harvested(Completeness.SHORT, number, received)
            received += 1
        return Harvested(Completeness.COMPLETE, number, received)


class KilledError(BaseException):
    """The process ends here."""


def night(
    folder: Path, answer: Answer, told: Told, *, hours: float = 0
) -> tuple[WindowRecord, RawStore]:
    clock = FakeClock(NOW + timedelta(hours=hours))
    store = RawStore(folder / "raw", version="1")
    settings, budget = RetrySettings(attempts=1), Budget(10_000)
    with client(answer) as own:
        fetcher = Fetcher(
            door=Paged(),
            client=own,
            service=FakeSource.service,
            limiter=Limiter(folder / "state", clock),
            retrying=lambda tell: Retry(settings, 60, budget, clock, random.Random(1), tell),
            budget=budget,
            requests=Requests(100),
            store=store,
            clock=clock,
            observer=told,
            resume_hours=20,
        )
        [record] = fetcher.fetch(parse_text("trust"), WINDOW, Run.starting(clock.now()))
    return record, store


class Pages:
    """A service of five pages, which may end at one of them; it remembers what was asked."""

    def __init__(self, *, ends_at: str = "", end: BaseException | int = 0) -> None:
        self.asked = list[str]()
        self._ends_at, self._end, self.total = ends_at, end, "5"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        page = request.url.params["page"]
        self.asked.append(page)
        if page == self._ends_at:
            if isinstance(self._end, int):
                return httpx.Response(self._end)
            raise self._end
        return httpx.Response(200, text=self.total)


@pytest.mark.parametrize("end", [KilledError(), 429], ids=["killed", "throttled"])
def test_an_interrupted_window_goes_on_at_the_page_where_it_stopped(
    tmp_path: Path, end: BaseException | int
) -> None:
    first, second, told = Pages(ends_at="4", end=end), Pages(), Told()
    if isinstance(end, KilledError):
        with pytest.raises(KilledError):
            night(tmp_path, first, Told())
    else:
        assert night(tmp_path, first, Told())[0].outcome == "throttled"
    record, store = night(tmp_path, second, told, hours=3)
    assert (first.asked, second.asked) == (["1", "2", "3", "4"], ["4", "5"])
    assert (record.outcome, record.received) == ("complete", 5)
    assert [seen for *_, seen in told.resumptions] == [3]
    # The window is known as it was when its first page came.
    assert record.began_at == NOW
    assert (record.pages[3:], len(record.pages)) == (("0001", "0002"), 5)
    assert store.verify() == []


def test_pages_that_are_too_old_are_fetched_again(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        night(tmp_path, Pages(ends_at="3", end=KilledError()), Told())
    second = Pages()
    record, _ = night(tmp_path, second, Told(), hours=21)
    assert (record.outcome, second.asked) == ("complete", ["1", "2", "3", "4", "5"])


def test_what_does_not_go_together_any_more_is_begun_anew(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        night(tmp_path, Pages(ends_at="3", end=KilledError()), Told())
    second = Pages()
    second.total = "4"
    record, store = night(tmp_path, second, Told(), hours=1)
    assert second.asked == ["3", "1", "2", "3", "4"]
    assert (record.outcome, record.received) == ("complete", 4)
    assert [one.outcome for one in store.windows()] == ["short", "complete"]


def test_a_window_that_was_short_is_not_gone_on_with(tmp_path: Path) -> None:
    shifting = Pages()
    answers = iter([httpx.Response(200, text="3"), httpx.Response(200, text="9")])
    assert night(tmp_path, lambda _: next(answers), Told())[0].outcome == "short"
    assert night(tmp_path, shifting, Told(), hours=1)[0].outcome == "complete"
    assert shifting.asked == ["1", "2", "3", "4", "5"]
