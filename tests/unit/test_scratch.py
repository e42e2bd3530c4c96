"""Temporary folders go with their process, or after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from medsafe_harvest.scratch import scratch

_HOLD = """
import sys, time
from medsafe_harvest.scratch import scratch
with scratch() as folder:
    (folder / "large").write_bytes(b"x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_it_leaves_nothing(tmp_path: Path) -> None:
    with scratch() as folder:
        (folder / "deep").mkdir()
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_it_leaves_nothing_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="boom"), scratch():
        raise ValueError("boom")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_removed_now_hides_nothing_and_goes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", lambda *_, **__: None)  # as where files are still read
        with scratch() as folder:
            pass
        with pytest.raises(ValueError, match="boom"), scratch():
            raise ValueError("boom")
    assert folder.exists()
    with scratch():
        assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_killed_process_goes_and_that_of_a_living_one_stays(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", _HOLD]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        held = Path(holder.stdout.readline().strip())
        with scratch():
            assert (held / "large").exists()
        os.kill(holder.pid, signal.SIGKILL)
    assert held.exists()
    with scratch():
        assert not held.exists()
    assert list(tmp_path.iterdir()) == []
