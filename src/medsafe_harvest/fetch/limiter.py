"""One pace a service, shared by all processes of a machine, remembered over restarts.

arXiv allows one request in three seconds "over all machines under your control", whatever door is
used. A file a service holds the time from which the next request may be sent; a lock beside it
makes taking a turn one step. The turn is taken before the request is sent, so a killed process
costs at most one interval. Whoever has the turn holds a second lock until the answer is read: one
connection at a time, as arXiv's terms ask.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from medsafe_harvest import disk
from medsafe_harvest.errors import StoreError, ThrottledError
from medsafe_harvest.fetch.clock import Clock

#: Seconds of waiting in line after which a waiting thread looks up.
_A_WHILE = 1.0


@dataclass(frozen=True, slots=True)
class _State:
    """What the processes of a machine tell each other of a service."""

    #: From when the next request may be sent.
    turn: datetime | None
    #: Longest wait that the turn may mean, seconds.
    longest: float
    #: Until when the service asked for silence.
    held: datetime | None


class Limiter:
    """Gives out turns to ask services.

    Args:
        folder: where the files are; made if missing.
        clock: the wall clock is what processes share.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    @contextmanager
    def turn(
        self,
        service: str,
        interval: float,
        longest: float = math.inf,
        on_wait: Callable[[float], None] | None = None,
    ) -> Iterator[float]:
        """Wait for the next turn, and have the service to oneself while the block runs.

        Args:
            service: name of the service; it becomes a file name.
            interval: seconds between two turns; 0 gives a turn at once and touches no file.
            longest: seconds that the caller is ready to wait.
            on_wait: told the seconds before they are waited.

        Yields:
            Seconds waited.

        Raises:
            StoreError: the folder cannot be written.
            ThrottledError: the turn is further away than the caller will wait; none is taken.
        """
        if interval == 0:
            yield 0.0
            return
        with ExitStack() as stack:
            # The system lets go of the lock of a process that is killed.
            lock = self._lock(f"{service}.turn")
            told = False
            while True:
                try:
                    with self._explained():
                        stack.enter_context(lock.acquire(timeout=_A_WHILE))
                    break
                except Timeout:
                    # Somebody waits out a throttle with the lock in hand, or a service is slow;
                    # a stopped run notices here.
                    self._clock.sleep(0)
                    left = self._held(service, longest)
                    if left and on_wait is not None and not told:
                        on_wait(left)
                        told = True
            waited = self._wait(service, interval, longest, on_wait)
            try:
                yield waited
            finally:
                # Whatever the way there took: the service sees the pace from its own side.
                self._not_before(service, interval)

    def _not_before(self, service: str, interval: float) -> None:
        """Let the next turn come no sooner than after the interval, counted from now."""
        with self._locked(service):
            state = self._read(service)
            after = self._clock.now() + timedelta(seconds=interval)
            if state.turn is None or state.turn < after:
                self._write(
                    service, replace(state, turn=after, longest=max(state.longest, interval))
                )

    def _wait(
        self,
        service: str,
        interval: float,
        longest: float,
        on_wait: Callable[[float], None] | None,
    ) -> float:
        waited = 0.0
        pause = self._take_turn(service, interval, longest)
        while pause > 0:
            if on_wait is not None:
                on_wait(pause)
            self._clock.sleep(pause)
            waited += pause
            # Another process may have been throttled meanwhile; the turn then moves.
            pause = self._held(service, longest - waited)
        return waited

    def hold(self, service: str, seconds: float) -> None:
        """Let nobody ask the service for so long: it said that it had enough.

        Raises:
            StoreError: the folder cannot be written.
        """
        until = self._clock.now() + timedelta(seconds=seconds)
        with self._locked(service):
            state = self._read(service)
            if state.turn is None or state.turn < until:
                self._write(service, _State(until, max(state.longest, seconds), until))

    def failed(self, door: str, pause: float, longest: float) -> float:
        """A run had to give up on a door: leave it alone, twice as long each time in succession.

        Args:
            door: name of the door; a file of its own.
            pause: seconds after the first failure; 0 keeps nothing in mind.
            longest: seconds at most.

        Returns:
            Seconds that the door is left alone for.

        Raises:
            StoreError: the folder cannot be written.
        """
        if pause == 0:
            return 0.0
        name = f"{door}.broken"
        with self._locked(name):
            before = self._read(name)
            # The wait of last time, doubled; forgotten when something worked.
            seconds = min(max(pause, before.longest * 2), longest)
            until = self._clock.now() + timedelta(seconds=seconds)
            self._write(name, _State(until, seconds, until))
        return seconds

    def worked(self, door: str) -> None:
        """The door answers again.

        Raises:
            StoreError: the folder cannot be written.
        """
        path = self._folder / f"{door}.broken.json"
        with self._explained():
            path.unlink(missing_ok=True)

    def left_alone(self, door: str) -> float:
        """Seconds that the door is still to be left alone for, after :meth:`failed`.

        Raises:
            StoreError: the folder cannot be written.
        """
        return self._held(f"{door}.broken", math.inf)

    def _held(self, service: str, ready: float) -> float:
        """Seconds that the service is still held for, no longer than anybody asked for."""
        with self._locked(service):
            state = self._read(service)
        if state.held is None:
            return 0.0
        left = (state.held - self._clock.now()).total_seconds()
        if not 0 < left <= state.longest:
            return 0.0
        if left > ready:
            raise _too_long(service, state.held, left)
        return left

    def _take_turn(self, service: str, interval: float, ready: float) -> float:
        with self._locked(service):
            now = self._clock.now()
            state = self._read(service)
            # A turn further away than anybody ever asked for is a clock that jumped.
            ahead = (state.turn - now).total_seconds() if state.turn is not None else 0.0
            pause = ahead if 0 < ahead <= max(state.longest, interval) else 0.0
            if state.turn is not None and pause > ready:
                raise _too_long(service, state.turn, pause)
            after = now + timedelta(seconds=pause + interval)
            # Those who wait in line make the next turn as far away as there are of them.
            longest = max(state.longest if pause else 0.0, pause + interval)
            self._write(service, _State(after, longest, state.held if pause else None))
        return pause

    @contextmanager
    def _locked(self, service: str) -> Iterator[None]:
        with self._explained(), self._lock(service):
            yield

    def _lock(self, name: str) -> FileLock:
        with self._explained():
            self._folder.mkdir(parents=True, exist_ok=True)
        # Not one lock for all threads of a process: each thread waits for its turn.
        return FileLock(self._folder / f"{name}.lock", thread_local=False, is_singleton=False)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn an error of the disk into one that says what to do."""
        try:
            yield
        except Timeout:
            # It is an OSError too, and no trouble of the disk.
            raise
        except OSError as error:
            raise StoreError(
                f"{self._folder} cannot be written ({error}): set MEDSAFE_STATE to a folder "
                "that can, shared by all that harvest on this machine"
            ) from error

    def _read(self, service: str) -> _State:
        """What is known of the service.

        Without a readable file there was no turn: at worst one interval is cut short.
        """
        try:
            state = json.loads((self._folder / f"{service}.json").read_text(encoding="utf-8"))
            turn, longest = _moment(state["next"]), float(state["longest"])
            held = _moment(state["held"]) if state.get("held") else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return _State(None, 0.0, None)
        return _State(turn, longest, held) if math.isfinite(longest) else _State(None, 0.0, None)

    def _write(self, service: str, state: _State) -> None:
        text = {
            "held": state.held and state.held.isoformat(),
            "longest": state.longest,
            "next": state.turn and state.turn.isoformat(),
        }
        # A hold of an hour must outlast a power cut.
        disk.replace(
            self._folder / f"{service}.json",
            lambda beside: beside.write_text(json.dumps(text), encoding="utf-8"),
        )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} names no moment without a zone")
    return moment


def _too_long(service: str, until: datetime, seconds: float) -> ThrottledError:
    return ThrottledError(
        f"{service} is not to be asked before {until:%H:%M:%S} UTC ({seconds:.0f} s): it asked for "
        "silence, or others on this machine stand in line"
    )
