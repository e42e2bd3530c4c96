from __future__ import annotations

import hashlib
import lzma
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch import compact as compacting
from medsafe_harvest.fetch.attempt import Run
from medsafe_harvest.fetch.compact import compact
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.sources.base import Page, Window

BEGIN = datetime(2025, 1, 1, 5, tzinfo=UTC)
WINDOW = Window(date(2024, 1, 1), date(2024, 1, 31))
BEFORE = date(2025, 1, 21)


def fill(folder: Path, nights: int = 30) -> RawStore:
    """Two queries a night: one whose answers stay the same, one that grows by a line."""
    for night in range(nights):
        store = RawStore(folder, version="1")
        now = BEGIN + timedelta(days=night)
        run = Run.starting(now)
        for query, lines in (("same", 200), ("grows", 200 + night)):
            attempt = store.attempt("door", query, "digest", WINDOW, run)
            words = (hashlib.sha256(str(line).encode()).hexdigest() for line in range(lines))
            body = "\n".join(f"{query} {word}" for word in words).encode()
            page = attempt.keep(
                f"http://x/{query}", Page(200, {"content-type": "text/xml"}, body), now
            )
            attempt.finish(
                WindowRecord(
                    source="door", query=query, query_digest="digest", window=WINDOW,
                    outcome="complete", pages=(page,), began_at=now, finished_at=now,
                )
            )  # fmt: skip
    return RawStore(folder, version="1")


def content(store: RawStore) -> list[tuple[str, Page, datetime]]:
    pages = {seal.name: page for seal, page in store.read_all(store.seals())}
    return [(seal.name, pages[seal.name], seal.fetched_at) for seal in store.seals()]


def test_packed_days_are_the_same_pages_in_far_less_space(tmp_path: Path) -> None:
    store = fill(tmp_path)
    before, windows = content(store), store.windows()
    [packed] = list(compact(store, BEFORE))
    again = RawStore(tmp_path, version="1")
    assert content(again) == content(store) == before
    assert again.windows() == store.windows() == windows
    assert again.verify() == []
    assert (packed.door, packed.pages) == ("door", 40)
    assert packed.after < packed.before / 10
    files = sorted(path.relative_to(tmp_path).parts[1] for path in tmp_path.rglob("*.meta.json"))
    assert files[0] >= BEFORE.isoformat()
    assert list(compact(again, BEFORE)) == []


def test_a_second_pack_and_later_pages_refer_to_bodies_in_the_first(tmp_path: Path) -> None:
    store = fill(tmp_path)
    before = content(store)
    for day in (10, 20):
        assert len(list(compact(store, date(2025, 1, day)))) == 1
    assert len(list((tmp_path / "door/packs").iterdir())) == 4
    assert content(RawStore(tmp_path, version="1")) == before


def test_everybodys_tools_read_a_pack(tmp_path: Path) -> None:
    list(compact(fill(tmp_path), BEFORE))
    [pack] = tmp_path.rglob("*.tar.xz")
    tar = shutil.which("tar")
    if tar is None or shutil.which("xz") is None:
        pytest.skip("this machine has no tar or no xz")
    text = subprocess.run([tar, "-xOJf", str(pack)], capture_output=True, check=True).stdout
    assert b"same " in text
    assert b"grows " in text


@pytest.mark.parametrize("step", ["_write_bodies", "_remove"])
def test_a_killed_compaction_loses_nothing_and_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store = fill(tmp_path)
    before = content(store)

    class KilledError(BaseException):
        pass

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(compacting, step, killed)
        with pytest.raises(KilledError):
            list(compact(store, BEFORE))
    again = RawStore(tmp_path, version="1")
    assert content(again) == before
    assert len(list(compact(again, BEFORE))) == 1
    assert content(RawStore(tmp_path, version="1")) == before


def test_a_damaged_page_stops_the_packing_and_a_damaged_pack_is_named(tmp_path: Path) -> None:
    store = fill(tmp_path)
    victim = next(iter(sorted(tmp_path.rglob("*.gz"))))
    good = victim.read_bytes()
    victim.write_bytes(b"no gzip")
    with pytest.raises(StoreError, match=victim.name):
        list(compact(store, BEFORE))
    assert len(list(tmp_path.rglob("*.meta.json"))) == 60
    victim.write_bytes(good)
    list(compact(RawStore(tmp_path, version="1"), BEFORE))
    [pack] = tmp_path.rglob("*.tar.xz")
    pack.write_bytes(lzma.compress(b"no tar"))
    problems = RawStore(tmp_path, version="1").verify()
    assert problems
    assert all(pack.name in words for words in problems)
