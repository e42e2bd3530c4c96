"""A lake that takes the place of another: at whatever instant a job ends, a whole one is left."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from py4j.protocol import Py4JError

from medsafe_harvest.errors import EngineError

curate = pytest.importorskip("medsafe_harvest.engines.spark.curate", reason="no extra spark")
stages = pytest.importorskip("medsafe_harvest.engines.spark.stages", reason="no extra spark")
lake = pytest.importorskip("medsafe_harvest.engines.spark.lake", reason="no extra spark")

SPARK: Any = None
PARTS = ("papers", "records")


class EndedError(BaseException):
    """The job was killed."""


class Storage:
    """A file system as Hadoop has it, on this disk; it ends the job after so many steps."""

    def __init__(self) -> None:
        self.left = 10**6

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise EndedError

    def exists(self, path: Path) -> bool:
        return path.exists()

    def listStatus(self, path: Path) -> list[Path]:  # noqa: N802 - Java's name
        return list(path.iterdir())

    def delete(self, path: Path, _: object) -> bool:
        if not path.exists():
            return False
        for file in sorted(path.iterdir()) if path.is_dir() else []:
            self.step()
            file.unlink()
        self.step()
        path.rmdir() if path.is_dir() else path.unlink()
        return True

    def rename(self, path: Path, other: Path) -> bool:
        self.step()
        path.rename(other / path.name if other.exists() else other)
        return True

    def create(self, path: Path, _: object) -> Stream:
        self.step()
        path.write_bytes(b"")
        return Stream(self, path)

    def open(self, path: Path) -> Stream:
        return Stream(self, path)


class Stream:
    def __init__(self, storage: Storage, path: Path) -> None:
        self.storage, self.path = storage, path

    def write(self, text: bytearray) -> None:
        self.storage.step()
        self.path.write_bytes(text)

    def readAllBytes(self) -> bytes:  # noqa: N802 - Java's name
        return self.path.read_bytes()

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Storage:
    made = Storage()
    for module in (stages, lake):
        monkeypatch.setattr(module, "path_of", lambda _, uri: (Path(uri), made))
    return made


def fill(folder: Path, text: str) -> None:
    folder.mkdir()
    for part in PARTS:
        (folder / part).write_text(text, encoding="utf-8")


def whole(folder: Path) -> str | None:
    """Whose lake is in a folder, if it says that it is whole, and is."""
    if not lake.is_whole(SPARK, str(folder)):
        return None
    [text] = {(folder / part).read_text(encoding="utf-8") for part in PARTS}
    return text


def begun(place: Path, *, overwrite: bool) -> None:
    curate.finish(SPARK, str(place / "lake"), lambda _: None, overwrite=overwrite)


@pytest.mark.parametrize("overwrite", [True, False])
def test_whenever_a_job_is_ended_the_next_one_finds_a_whole_lake(
    tmp_path: Path,
    storage: Storage,
    overwrite: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    ended = 0
    for steps in range(100):
        place = tmp_path / str(steps)
        place.mkdir()
        target = place / "lake"
        fill(target, "old")
        lake.write_manifest(SPARK, str(target), {})
        fill(place / "lake.new", "new")
        storage.left = steps
        try:
            lake.write_manifest(SPARK, f"{target}.new", {})
            curate._replace(SPARK, str(target), f"{target}.new", print)
        except EndedError:
            ended += 1
        storage.left = 10**6
        there = [whole(path) for path in place.iterdir()]
        assert {"old", "new"} & {*there}
        begun(place, overwrite=overwrite)
        assert whole(target) in {"old", "new"}
        if ended <= steps:
            break
    assert ended > 5
    assert whole(target) == "new"
    assert [path.name for path in place.iterdir()] == ["lake"]


@pytest.mark.usefixtures("storage")
def test_a_lake_beside_another_is_nobodys_unless_that_is_to_be_replaced(tmp_path: Path) -> None:
    for name in ("lake", "lake.new", "lake.replaced"):
        fill(tmp_path / name, name)
        lake.write_manifest(SPARK, str(tmp_path / name), {})
    begun(tmp_path, overwrite=False)
    assert [whole(tmp_path / name) for name in ("lake", "lake.replaced")] == [
        "lake",
        "lake.replaced",
    ]
    begun(tmp_path, overwrite=True)
    assert whole(tmp_path / "lake") == "lake.new"


@pytest.mark.usefixtures("storage")
def test_where_renaming_left_parts_nothing_is_removed(tmp_path: Path) -> None:
    for name in ("lake", "lake.new", "lake.replaced"):
        fill(tmp_path / name, name)
    for name in ("lake.new", "lake.replaced"):
        lake.write_manifest(SPARK, str(tmp_path / name), {})
    with pytest.raises(EngineError, match=r"lake is not whole, .* look which of them is to stay"):
        begun(tmp_path, overwrite=True)
    assert whole(tmp_path / "lake.replaced") == "lake.replaced"


@pytest.mark.usefixtures("storage")
def test_half_a_manifest_makes_no_lake_whole(tmp_path: Path) -> None:
    fill(tmp_path / "lake", "old")
    (tmp_path / "lake/manifest.json").write_text('{"rows":', encoding="utf-8")
    assert not lake.is_whole(SPARK, str(tmp_path / "lake"))
    shutil.rmtree(tmp_path / "lake")
    assert not lake.is_whole(SPARK, str(tmp_path / "lake"))


def test_what_cannot_be_removed_is_told_and_ends_no_job(
    tmp_path: Path, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "rest", "x")
    told: list[str] = []

    def denied(*_: object) -> bool:
        raise Py4JError("Permission denied\nat org.apache")

    for delete in (lambda *_: False, denied):
        monkeypatch.setattr(storage, "delete", delete)
        stages.discard(SPARK, str(tmp_path / "rest"), told.append)
    assert len(told) == 2
    assert told[1] == f"left behind: {tmp_path}/rest (Permission denied)"
    monkeypatch.setattr(storage, "delete", lambda *_: False)
    with pytest.raises(EngineError, match="cannot be removed"):
        stages.remove(SPARK, str(tmp_path / "rest"))
