"""Tell machines what a run does: JSON logs, reports, metrics, and a monitor that is pinged."""

from __future__ import annotations

import enum
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from medsafe_harvest import profile as profiles
from medsafe_harvest import report, report_metrics, report_text
from medsafe_harvest.cli.context import (
    Exit,
    Workplace,
    console,
    environment,
    exit_code_of,
    print_json,
)
from medsafe_harvest.cli.progress import Reporter
from medsafe_harvest.config import Config
from medsafe_harvest.errors import ConfigError, FetchError, MedsafeError, StoreError
from medsafe_harvest.fetch.client import ping
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.harvest import Task
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.night import Night
from medsafe_harvest.profile import Profile
from medsafe_harvest.sources.base import PageContent, Window

_PING = "MEDSAFE_PING_URL"


class LogFormat(enum.StrEnum):
    """How a run tells what it does."""

    TEXT = "text"
    JSON = "json"


LogOption = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        envvar="MEDSAFE_LOG_FORMAT",
        help="On standard error: words for people, or one JSON object a line for machines.",
    ),
]


class JsonLog:
    """Receives the events of fetching and curating, and logs one JSON object for each.

    Args:
        secrets: texts that never reach the log.
        profile: told of each step, if there is one.
    """

    def __init__(self, secrets: Sequence[str], profile: Profile | None = None) -> None:
        self._profile = profile

        def hide(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
            return {key: _without(value, secrets) for key, value in event.items()}

        self._log = structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
                hide,
                structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
            ],
        )

    @contextmanager
    def running(self) -> Iterator[JsonLog]:
        """Nothing to set up; as the reporter for people has it."""
        yield self

    def planned(self, tasks: Sequence[Task]) -> None:
        """The next windows are known."""
        if self._profile is not None:
            self._profile.step("fetch", len(tasks))
        self._log.info("planned", windows=dict(Counter(task.source for task in tasks)))

    def page(self, source: str, query: str, window: Window, content: PageContent) -> None:
        """Windows are logged, not their pages."""

    def answered(self, source: str, seconds: float) -> None:
        """Windows are logged, not their requests."""

    def queued(self, source: str, seconds: float) -> None:
        """Others on this machine ask the same service."""
        self._log.info("queued", door=source, seconds=round(seconds, 3))

    def waiting(self, source: str, seconds: float, why: str) -> None:
        """Nothing will happen for some time."""
        self._log.warning("waiting", door=source, seconds=round(seconds, 3), why=why)

    def resumed(self, source: str, query: str, window: Window, pages: int) -> None:
        """An interrupted window went on where it had stopped."""
        self._log.info("resumed", door=source, query=query, window=str(window), pages=pages)

    def finished(self, record: WindowRecord) -> None:
        """A window ended."""
        log = self._log.info if record.outcome in FULL else self._log.warning
        log(
            "window",
            door=record.source,
            query=record.query,
            window=str(record.window),
            outcome=record.outcome,
            message=record.message,
            received=record.received,
        )

    def left_alone(self, source: str, windows: int, why: str) -> None:
        """A door is given up for this run."""
        self._log.error("left_alone", door=source, windows=windows, why=why)

    def step(self, name: str, total: int | None = None) -> None:
        """A step begins."""
        if self._profile is not None:
            self._profile.step(name, total)
        self._log.info("step", step=name, total=total)

    def warn(self, words: str) -> None:
        """Something about the monitors themselves."""
        self._log.warning("monitor", message=words)

    def ended(self, plain: Mapping[str, Any]) -> None:
        """The run is over; the event carries its report."""
        log = self._log.info if plain["outcome"] == "complete" else self._log.error
        log("ended", report=dict(plain))

    def failed(self, words: str) -> None:
        """The run could not go on, or not even begin."""
        self._log.error("failed", message=words)


def _without(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "***")
        return value
    if isinstance(value, Mapping):
        return {key: _without(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without(item, secrets) for item in value]
    return value


class Monitors:
    """Everybody who is told of a run.

    Args:
        log_format: how the reporter, told while the run goes on, speaks.
        metrics: file for Prometheus, or None.
        as_json: whether standard output gets the report.
        profile: of the run, told of each step and kept in the report, or None.
    """

    def __init__(
        self,
        log_format: LogFormat,
        metrics: Path | None,
        *,
        as_json: bool,
        profile: Profile | None = None,
    ) -> None:
        self._profile = profile
        self._metrics = metrics
        self._as_json = as_json
        #: Address of a monitor, or None; a secret.
        self._ping_url = environment(_PING)
        self._secrets = [self._ping_url] if self._ping_url else []
        self._log = JsonLog(self._secrets, profile) if log_format is LogFormat.JSON else None
        self.reporter: Reporter | JsonLog = self._log or Reporter(console, profile)
        self._warnings: list[str] = []
        self._began = SystemClock().now()

    def keep_secret(self, config: Config) -> None:
        """Tell nobody the keys of these services."""
        keys = (environment(service.api_key_env) for service in config.services.values())
        self._secrets += [key for key in keys if key]

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Where the log is JSON, say errors and interrupts there and nowhere else."""
        try:
            yield
        except MedsafeError as error:
            if self._log is None:
                raise
            self._log.failed(str(error))
            code = Exit.USAGE if isinstance(error, ConfigError) else Exit.FAILED
            raise typer.Exit(code) from error
        except KeyboardInterrupt as interrupt:
            if self._log is None:
                raise
            self._log.failed("interrupted: what was fetched is kept; run it again to go on")
            sys.stderr.flush()
            os._exit(exit_code_of(interrupt))

    @contextmanager
    def watching(self, place: Workplace) -> Iterator[Callable[[Night], None]]:
        """Tell of the start, and of the end when the function given is called, or of a failure.

        Raises:
            StoreError: the report or the metrics cannot be written.
        """
        self._ping("/start")
        try:
            yield lambda night: self._end(place, night)
        except KeyboardInterrupt as error:
            self.failed(place, error, outcome="interrupted")
            raise
        except BaseException as error:
            self.failed(place, error)
            raise

    def failed(self, place: Workplace, error: BaseException, *, outcome: str = "failed") -> None:
        """Tell of a run that could not go on."""
        ended = SystemClock().now()
        plain = report.failure_as_plain(error, self._began, ended, outcome)
        plain["warnings"] += self._warnings
        text = report_text.failure_as_text(error, self._began, outcome)
        try:
            self._write(place, plain, text)
        except StoreError as second:
            # What stopped the run is said in the end; this comes on top.
            self.reporter.warn(f"no report: {second}")
        self._ping("/fail")

    def _end(self, place: Workplace, night: Night) -> None:
        plain, text = report.as_plain(night), report_text.as_text(night)
        plain["warnings"] += self._warnings
        if self._profile is not None:
            plain["profile"] = self._profile.as_plain()
            text += profiles.as_text(plain["profile"])
        self._write(place, plain, text)
        self._ping("" if plain["outcome"] == "complete" else "/fail")

    def _write(self, place: Workplace, plain: dict[str, Any], text: str) -> None:
        """Write all that can be written; then raise what was in the way first."""
        plain = _without(plain, self._secrets)
        text = _without(text, self._secrets)
        now = SystemClock().now().timestamp()
        errors: list[StoreError] = []
        if self._metrics is not None:
            with _collected(errors):
                last = report_metrics.last_complete(self._metrics)
                report.write(self._metrics, report_metrics.as_prometheus(plain, now, last))
        # There is none yet where the configuration of the first run is wrong; none is made.
        for stem in (plain["run"], "latest") if place.data.is_dir() else ():
            with _collected(errors):
                report.write(place.reports / f"{stem}.json", report.as_json(plain))
                report.write(place.reports / f"{stem}.txt", text)
        if self._log is not None:
            self._log.ended(plain)
        if self._as_json:
            print_json(plain)
        if errors:
            raise errors[0]

    def _ping(self, ending: str) -> None:
        """A monitor that cannot be reached is no reason to lose a night."""
        if self._ping_url is None:
            return
        try:
            ping(self._ping_url.rstrip("/") + ending)
        except FetchError as error:
            self._warnings.append(f"{_PING}: {error}")
            self.reporter.warn(f"{_PING}: {error}")


@contextmanager
def _collected(errors: list[StoreError]) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        errors.append(error)
