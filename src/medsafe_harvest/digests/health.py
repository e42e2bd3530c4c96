"""Whether "nothing new" can be believed: how the latest runs ended, by the reports they left.

A failed, an incomplete and a missing night must never look like a quiet one. So a failure counts
until a later run made up for it: a run cut short until any run is complete, a window that could not
be fetched until a complete run asked the same query at the same door. Where the latest report is
old, the harvest itself has stopped.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: The newest reports that are looked at.
_REPORTS = 30


@dataclass(frozen=True, slots=True)
class Health:
    """How the harvest went."""

    #: complete, incomplete, failed, interrupted, late (no run of late) or unknown (no report).
    state: str
    #: In one line, what a person should know first; empty where the state is complete.
    headline: str = ""
    #: What went wrong, the most frequent first.
    details: tuple[str, ...] = ()
    #: What the latest run warned of.
    warnings: tuple[str, ...] = ()
    #: When the latest run ended.
    ended: dt.datetime | None = None

    @property
    def has_failed(self) -> bool:
        """Whether papers may be missing."""
        return self.state != "complete"

    @property
    def is_quiet(self) -> bool:
        """Whether nobody needs to hear of it."""
        return self.state == "complete" and not self.warnings

    def as_plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "state": self.state,
            "headline": self.headline,
            "details": list(self.details),
            "warnings": list(self.warnings),
            "ended_at": self.ended and self.ended.isoformat(timespec="seconds"),
        }


def read(reports: Path, now: dt.datetime, stale_hours: float) -> Health:
    """The health by the folder of reports.

    Args:
        reports: the folder; it need not exist.
        now: the moment, aware.
        stale_hours: hours after which the latest report is too old.
    """
    # Names of runs begin with their moment; "latest" sorts behind them all.
    newest = sorted(reports.glob("*.json"))[-_REPORTS:]
    found: list[Mapping[str, Any]] = []
    for path in newest:
        try:
            plain = json.loads(path.read_bytes())
            dt.datetime.fromisoformat(plain["ended_at"])
            found.append(plain)
        except (OSError, ValueError, KeyError, TypeError) as error:
            # An old one that is damaged says nothing of today; the latest must be read.
            if path.stem == "latest":
                return Health("unknown", f"The report {path} cannot be read ({error}).")
    return judge(found, now, stale_hours)


def judge(reports: Sequence[Mapping[str, Any]], now: dt.datetime, stale_hours: float) -> Health:
    """The health by reports as ``report.as_plain`` makes them, in any order."""
    if not reports:
        return Health("unknown", "No harvest has left a report, so nobody knows what is missing.")
    by_run = {report["run"]: report for report in reports}
    newest_first = sorted(by_run.values(), key=_ended, reverse=True)
    latest = newest_first[0]
    ended = _ended(latest)
    warnings = tuple(latest["warnings"])
    unmet, lost = _unmended(newest_first)
    if unmet is not None:
        state = unmet["outcome"]
        what = f"The harvest of {_ended(unmet):%Y-%m-%d %H:%M} UTC {_ENDINGS[state]}."
        return Health(state, what, (unmet["message"] or unmet["error"],), warnings, ended)
    hours = (now - ended).total_seconds() / 3600
    if hours > stale_hours:
        what = f"No harvest has run since {ended:%Y-%m-%d %H:%M} UTC, {hours:,.0f} hours ago."
        return Health("late", what, _counted(lost), warnings, ended)
    if lost or latest["outcome"] == "incomplete":
        number = len(lost) or latest["windows"]["incomplete"]
        are = "window of days is" if number == 1 else "windows of days are"
        what = f"The harvest is incomplete: {number:,} {are} missing, so papers may be, too."
        return Health("incomplete", what, _counted(lost), warnings, ended)
    return Health("complete", warnings=warnings, ended=ended)


_ENDINGS = {"failed": "failed", "interrupted": "was interrupted"}


def _ended(report: Mapping[str, Any]) -> dt.datetime:
    moment = dt.datetime.fromisoformat(report["ended_at"])
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _unmended(
    newest_first: Sequence[Mapping[str, Any]],
) -> tuple[Mapping[str, Any] | None, list[Mapping[str, Any]]]:
    """The run that was cut short, and the windows that failed, with no later run to mend it."""
    asked: set[tuple[str, str]] = set()
    doors: set[str] = set()
    lost: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for report in newest_first:
        outcome = report["outcome"]
        if outcome in _ENDINGS:
            if not asked and not doors:
                return report, []
            continue
        own = {(one["source"], one["query"]) for one in report["coverage"]}
        searched = {source for source, _ in own}
        for one in report["failed"]:
            source, query = one["source"], one["query"]
            mended = (source, query) in asked or (source in doors and source not in searched)
            if not mended:
                lost.setdefault((source, query, one["window"]), one)
        if outcome == "complete":
            asked |= own
            doors |= set(report["doors"])
        else:
            # What this run received is no news of what it did not.
            failed = {(one["source"], one["query"]) for one in report["failed"]}
            asked |= own - failed
            doors |= set(report["doors"]) - {source for source, _ in failed}
    return None, list(lost.values())


def _counted(lost: Sequence[Mapping[str, Any]], most: int = 5) -> tuple[str, ...]:
    """Why windows were lost, with how many of each."""
    counts = Counter((one["source"], one["outcome"], one["message"]) for one in lost)
    found = [
        f"{source}, {number:,} {'window' if number == 1 else 'windows'}: "
        f"{outcome.replace('_', ' ')}: {message}"
        for (source, outcome, message), number in counts.most_common(most)
    ]
    return (*found, *(["and more"] if len(counts) > most else []))
