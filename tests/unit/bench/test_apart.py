"""What a program took is known even where it was ended."""

from __future__ import annotations

import pytest

from bench import apart


def test_a_program_that_is_killed_says_what_it_had_taken() -> None:
    killed = "import os, signal, time; time.sleep(0.5); os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(apart.NotDoneError, match=r"ended from outside \(SIGKILL\), with 0\.\d GB"):
        apart.run("timeit", ["-n", "1", "-r", "1", killed])


def test_a_program_that_fails_says_its_last_words() -> None:
    with pytest.raises(apart.NotDoneError, match="ZeroDivisionError"):
        apart.run("timeit", ["-n", "1", "-r", "1", "1 / 0"])
