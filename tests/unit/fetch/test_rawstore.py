from __future__ import annotations

import gzip
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch.attempt import Attempt, Run
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.sources.base import Page, Window

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
WINDOW = Window(date(2024, 1, 1), date(2024, 1, 31))
PAGE = Page(200, {"content-type": "application/json"}, b'{"total": 0}')


@pytest.fixture
def store(tmp_path: Path) -> RawStore:
    return RawStore(tmp_path, version="1")


def begin(store: RawStore, query: str = "q") -> Attempt:
    return store.attempt("fake", query, "digest", WINDOW, Run.starting(NOW))


def fresh(store: RawStore) -> RawStore:
    """The same store, read anew."""
    return RawStore(store.folder, version="1")


def test_pages_come_back_in_the_order_they_were_fetched(store: RawStore) -> None:
    late, early = begin(store, "a"), begin(store, "b")
    late.keep("http://x/late", PAGE, NOW + timedelta(microseconds=1))
    early.keep("http://x/early", Page(500, {}, b"down"), NOW)
    found = fresh(store).seals()
    assert found == store.seals()
    assert [(seal.url, seal.status) for seal in found] == [
        ("http://x/early", 500),
        ("http://x/late", 200),
    ]
    assert store.read(found[1]) == replace(PAGE, url="http://x/late")
    assert store.verify() == []


def test_a_window_record_comes_back_whole(store: RawStore) -> None:
    attempt = begin(store)
    record = WindowRecord(
        source="fake",
        query="q",
        query_digest="digest",
        window=WINDOW,
        outcome="short",
        message="few",
        announced=3,
        received=2,
        notes=("n",),
        pages=(attempt.keep("http://x", PAGE, NOW),),
        began_at=NOW - timedelta(hours=1),
        finished_at=NOW,
    )
    attempt.finish(record)
    assert store.windows() == fresh(store).windows() == [record]
    next(store.folder.rglob("*.meta.json")).unlink()
    assert ["names page" in words for words in store.verify()] == [True]
    # A window of which a page is lost was not received.
    [lost] = fresh(store).windows()
    assert (lost.outcome, lost.window) == ("damaged", record.window)


def test_the_same_response_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        begin(RawStore(tmp_path / name, version="1")).keep("http://x", PAGE, NOW)
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("0001*")}
        for name in ("one", "two")
    )
    assert one == two
    assert gzip.decompress(one["0001.json.gz"]) == PAGE.body


def test_a_body_without_its_seal_is_ignored(store: RawStore) -> None:
    begin(store).keep("http://x", PAGE, NOW)
    next(store.folder.rglob("*.meta.json")).unlink()
    assert fresh(store).seals() == []


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(b"other")], ids=["empty", "no gzip", "another"]
)
def test_a_damaged_page_is_named(store: RawStore, content: bytes) -> None:
    begin(store).keep("http://x", PAGE, NOW)
    next(store.folder.rglob("*.gz")).write_bytes(content)
    with pytest.raises(StoreError, match="0001"):
        list(store.read_all(store.seals()))
    assert len(store.verify()) == 1


def test_an_attempt_is_never_written_over(store: RawStore) -> None:
    for _ in range(2):
        begin(store).keep("http://x", PAGE, NOW)
    assert len(fresh(store).seals()) == 2


def test_a_body_that_is_there_already_is_not_stored_again(store: RawStore) -> None:
    begin(store).keep("http://x/1", PAGE, NOW)
    other = replace(PAGE, status=201, sent="[1]")
    begin(fresh(store), "other").keep("http://x/2", other, NOW)
    assert len(list(store.folder.rglob("*.gz"))) == 1
    found = fresh(store).seals()
    assert [store.read(seal).body for seal in found] == [PAGE.body] * 2
    assert {(seal.url, seal.sent, seal.status) for seal in found} == {
        ("http://x/1", "", 200),
        ("http://x/2", "[1]", 201),
    }
    next(path for path in store.folder.rglob("*.meta.json") if "body" in path.read_text()).unlink()
    assert ["is not there" in words for words in fresh(store).verify()] == [True]


@pytest.mark.parametrize("query", ["../up", "a/b", ".hidden"])
def test_a_name_that_leaves_the_folder_is_refused(store: RawStore, query: str) -> None:
    with pytest.raises(StoreError, match="cannot be a folder"):
        begin(store, query)


_WRITER = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from medsafe_harvest.fetch.attempt import Run
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.sources.base import Page, Window
now = datetime(2025, 6, 1, tzinfo=UTC)
day = date(2024, 1, 1)
attempt = RawStore(Path(sys.argv[1]), version="1").attempt(
    "fake", "q", "d", Window(day, day), Run.starting(now)
)
while True:
    print(attempt.keep("http://x", Page(200, {}, b"body" * 20000), now), flush=True)
"""


def test_a_killed_writer_leaves_every_sealed_page_whole(store: RawStore) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(store.folder)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    told = [writer.stdout.readline().strip() for _ in range(20)]
    writer.send_signal(signal.SIGKILL)
    told += writer.communicate()[0].split()
    # The page being written may have been sealed without having been told.
    found = fresh(store).seals()
    assert len(told) <= len(found) <= len(told) + 1
    assert {len(page.body) for _, page in store.read_all(found)} == {80_000}
    assert store.verify() == []


def test_what_is_damaged_is_noted_and_set_aside_and_a_new_copy_heals(
    store: RawStore, tmp_path: Path
) -> None:
    for name in ("cut", "seal", "window", "good"):
        attempt = begin(store, name)
        page = attempt.keep(f"http://x/{name}", replace(PAGE, body=name.encode()), NOW)
        attempt.finish(
            WindowRecord(
                source="fake",
                query=name,
                query_digest=name,
                window=WINDOW,
                outcome="complete",
                pages=(page,),
                began_at=NOW,
                finished_at=NOW,
            )
        )

    def file(name: str, ending: str) -> Path:
        [path] = store.folder.rglob(f"{name}__*/{ending}")
        return path

    file("cut", "*.gz").write_bytes(b"no gzip")
    file("seal", "*.meta.json").write_text("{", encoding="utf-8")
    file("window", "window.json").write_text("[]", encoding="utf-8")
    again = fresh(store)
    assert {seal.query for seal in again.seals()} == {"cut", "window", "good"}
    outcomes = {one.query: one.outcome for one in again.windows()}
    assert outcomes == {"cut": "complete", "seal": "damaged", "good": "complete"}
    assert len(again.damaged()) == 3
    assert len(again.verify()) == 4
    # The same body is stored anew, since the page that has it has it no longer.
    begin(again, "cut").keep("http://x/again", replace(PAGE, body=b"cut"), NOW)
    assert len(list(store.folder.rglob("cut__*/*.gz"))) == 2
    moved = again.set_aside(tmp_path.with_name(f"{tmp_path.name}-aside"))
    assert {path.name.partition("__")[0] for path in moved} == {"cut", "seal", "window"}
    assert again.verify() == fresh(store).verify() == []
    assert {one.query for one in again.windows()} == {"good"}
    assert [again.read(seal).body for seal in again.seals() if seal.query == "cut"] == [b"cut"]
