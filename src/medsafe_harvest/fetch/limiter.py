"""One pace a service, shared by all processes of a machine, remembered over restarts.

arXiv allows one request in three seconds "over all machines under your control", whatever door is
used. A file a service holds the time from which the next request may be sent; a lock beside it
makes taking a turn one step. The turn is taken before the request is sent, so a killed process
costs at most one interval.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock

from medsafe_harvest.errors import StoreError, ThrottledError
from medsafe_harvest.fetch.clock import Clock


class Limiter:
    """Gives out turns to ask services.

    Args:
        folder: where the files are; made if missing.
        clock: the wall clock is what processes share.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def wait(
        self,
        service: str,
        interval: float,
        longest: float = math.inf,
        on_wait: Callable[[float], None] | None = None,
    ) -> float:
        """Wait for the next turn.

        Args:
            service: name of the service; it becomes a file name.
            interval: seconds between two turns; 0 gives a turn at once and touches no file.
            longest: seconds that the caller is ready to wait.
            on_wait: told the seconds before they are waited.

        Returns:
            Seconds waited.

        Raises:
            StoreError: the folder cannot be written.
            ThrottledError: the turn is further away than the caller will wait; none is taken.
        """
        if interval == 0:
            return 0.0
        pause = self._take_turn(service, interval, longest)
        if pause > 0:
            if on_wait is not None:
                on_wait(pause)
            self._clock.sleep(pause)
        return pause

    def hold(self, service: str, seconds: float) -> None:
        """Let nobody ask the service for so long: it said that it had enough.

        Raises:
            StoreError: the folder cannot be written.
        """
        until = self._clock.now() + timedelta(seconds=seconds)
        with self._locked(service):
            held, longest = self._read(service)
            if held is None or held < until:
                self._write(service, until, max(longest, seconds))

    def _take_turn(self, service: str, interval: float, ready: float) -> float:
        with self._locked(service):
            now = self._clock.now()
            turn, longest = self._read(service)
            # A turn further away than anybody ever asked for is a clock that jumped.
            ahead = (turn - now).total_seconds() if turn is not None else 0.0
            pause = ahead if 0 < ahead <= max(longest, interval) else 0.0
            if pause > ready:
                raise ThrottledError(
                    f"{service} asked for silence until {turn:%H:%M:%S} UTC ({pause:.0f} s)"
                )
            after = now + timedelta(seconds=pause + interval)
            # Those who wait in line make the next turn as far away as there are of them.
            self._write(service, after, max(longest if pause else 0.0, pause + interval))
        return pause

    @contextmanager
    def _locked(self, service: str) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / f"{service}.lock"):
                yield
        except OSError as error:
            raise StoreError(
                f"{self._folder} cannot be written ({error}): set MEDSAFE_STATE to a folder "
                "that can, shared by all that harvest on this machine"
            ) from error

    def _read(self, service: str) -> tuple[datetime | None, float]:
        """Time of the next turn and the longest wait that it may mean.

        Without a readable file there was no turn: at worst one interval is cut short.
        """
        try:
            state = json.loads((self._folder / f"{service}.json").read_text(encoding="utf-8"))
            turn = datetime.fromisoformat(state["next"])
            longest = float(state["longest"])
        except (OSError, ValueError, TypeError, KeyError):
            return None, 0.0
        return (
            (turn, longest) if turn.tzinfo is not None and math.isfinite(longest) else (None, 0.0)
        )

    def _write(self, service: str, turn: datetime, longest: float) -> None:
        path = self._folder / f"{service}.json"
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps({"next": turn.isoformat(), "longest": longest}), encoding="utf-8")
        new.replace(path)
