"""A file is there as a whole or as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsafe_harvest import disk
from medsafe_harvest.errors import StoreError


def test_a_write_that_fails_half_way_changes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "kept.txt"
    disk.write(file, b"before")

    def full(beside: Path) -> None:
        beside.write_bytes(b"half of")
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match="No space left on device"), disk.explained(tmp_path):
        disk.replace(file, full)
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]
    disk.write(file, b"after")
    assert file.read_bytes() == b"after"


def test_files_still_being_written_are_not_listed(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.json", "1.json", ".3.json", "4.txt"):
        (tmp_path / name).touch()
    assert disk.files(tmp_path, ".json") == [tmp_path / "1.json", tmp_path / "b/2.json"]
    assert disk.files(tmp_path / "nowhere", ".json") == []
