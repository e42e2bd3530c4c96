"""Tell machines what a run does: JSON logs, reports, metrics, and a monitor that is pinged."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from medsafe_harvest import report
from medsafe_harvest.cli.context import Workplace, console, environment
from medsafe_harvest.cli.progress import Reporter
from medsafe_harvest.config import Config
from medsafe_harvest.errors import BusyError, FetchError, MedsafeError, StoreError
from medsafe_harvest.fetch.client import ping
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.fetch.harvest import Task
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.rawstore import WindowRecord
from medsafe_harvest.night import Night
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
    """

    def __init__(self, secrets: Sequence[str]) -> None:
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
        self._log.info("planned", windows=len(tasks))

    def page(self, source: str, query: str, window: Window, content: PageContent) -> None:
        """A page came in."""
        records = len(content.records)
        self._log.info("page", door=source, query=query, window=str(window), records=records)

    def answered(self, source: str, seconds: float) -> None:
        """A request was answered."""
        self._log.debug("answered", door=source, seconds=round(seconds, 3))

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
        self._log.info("step", step=name, total=total)

    def warn(self, words: str) -> None:
        """Something about the monitors themselves."""
        self._log.warning("monitor", message=words)

    def ended(self, plain: Mapping[str, Any]) -> None:
        """The run is over; the event carries its report."""
        log = self._log.info if plain["outcome"] == "complete" else self._log.error
        log("ended", report=dict(plain))


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


@dataclass(frozen=True, slots=True)
class Monitors:
    """Everybody who is told of a run.

    Attributes:
        reporter: told while it goes on.
        secrets: texts that nobody is told.
        metrics: file for Prometheus, or None.
        ping_url: address of a monitor, or None; a secret.
    """

    reporter: Reporter | JsonLog
    secrets: tuple[str, ...]
    metrics: Path | None
    ping_url: str | None

    @classmethod
    def of(cls, config: Config, log_format: LogFormat, metrics: Path | None) -> Monitors:
        """As the command line and the environment say."""
        ping_url = environment(_PING)
        keys = (environment(service.api_key_env) for service in config.services.values())
        secrets = tuple({secret for secret in (*keys, ping_url) if secret})
        reporter = JsonLog(secrets) if log_format is LogFormat.JSON else Reporter(console)
        return cls(reporter, secrets, metrics, ping_url)

    @contextmanager
    def watching(self, place: Workplace) -> Iterator[Callable[[Night], None]]:
        """Tell of the start, and of the end when the function given is called, or of a failure.

        Raises:
            StoreError: the report cannot be written.
        """
        self._ping("/start")
        try:
            yield lambda night: self._end(place, night)
        except BusyError:
            # The run that works there writes the report.
            self._ping("/fail")
            raise
        except MedsafeError as error:
            plain = report.failure_as_plain(error)
            try:
                self._write(place, plain, f"medsafe-harvest FAILED: {error}\n")
            except StoreError as second:
                self.reporter.warn(f"no report: {second}")
            self._ping("/fail")
            raise
        except BaseException:
            self._ping("/fail")
            raise

    def _end(self, place: Workplace, night: Night) -> None:
        plain = report.as_plain(night)
        self._write(place, plain, report.as_text(night))
        self._ping("" if plain["outcome"] == "complete" else "/fail")

    def _write(self, place: Workplace, plain: Mapping[str, Any], text: str) -> None:
        now = SystemClock().now()
        name = plain.get("run") or f"{now:%Y%m%dT%H%M%S.%fZ}-failed"
        plain = _without(plain, self.secrets)
        text = _without(text, self.secrets)
        for stem in (name, "latest"):
            report.write(place.reports / f"{stem}.json", report.as_json(plain))
            report.write(place.reports / f"{stem}.txt", text)
        if self.metrics is not None:
            report.write(self.metrics, report.as_prometheus(plain, now.timestamp()))
        if isinstance(self.reporter, JsonLog):
            self.reporter.ended(plain)

    def _ping(self, ending: str) -> None:
        """A monitor that cannot be reached is no reason to lose a night."""
        if self.ping_url is None:
            return
        try:
            ping(self.ping_url.rstrip("/") + ending)
        except FetchError as error:
            self.reporter.warn(f"{_PING}: {error}")
