"""The account that a run gives of itself: as JSON, in words, and for Prometheus.

Reports lie beside the data, ``reports/<run>.json`` and ``.txt``, the newest also as ``latest.json``
and ``latest.txt``. They are for people and monitors; nothing is ever read back from them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from medsafe_harvest import __version__
from medsafe_harvest.errors import StoreError
from medsafe_harvest.night import Night
from medsafe_harvest.pipeline import Curated

#: Version of the JSON: raised when a key is removed or changes its meaning.
REPORT_VERSION = 1


def as_plain(night: Night) -> dict[str, Any]:
    """The report as JSON values; ``docs/nightly.md`` says what each key means."""
    fetched = night.fetched
    return {
        "report_version": REPORT_VERSION,
        "version": __version__,
        "run": night.run,
        "outcome": "incomplete" if fetched.incomplete else "complete",
        "began_at": night.began_at.isoformat(timespec="seconds"),
        "ended_at": night.ended_at.isoformat(timespec="seconds"),
        "seconds": round((night.ended_at - night.began_at).total_seconds(), 3),
        "windows": {
            "complete": fetched.complete,
            "incomplete": fetched.incomplete,
            "skipped": len(fetched.skipped),
        },
        "doors": {
            name: {
                key: round(value, 3) if isinstance(value, float) else value
                for key, value in dataclasses.asdict(tally).items()
            }
            for name, tally in night.doors.items()
        },
        "failed": [
            {
                "source": record.source,
                "query": record.query,
                "window": str(record.window),
                "outcome": record.outcome,
                "message": record.message,
            }
            for record in fetched.records
            if record.message
        ]
        + [
            {
                "source": left.task.source,
                "query": left.task.query.id,
                "window": str(left.task.window),
                "outcome": "skipped",
                "message": left.why,
            }
            for left in fetched.skipped
        ],
        "changes": {
            source: {
                "new": changes.new,
                "changed": changes.changed,
                "unchanged": changes.unchanged,
                "gone": [name for name, now in changes.replaced if now is None],
                "renamed": {name: now for name, now in changes.replaced if now is not None},
            }
            for source, changes in night.changes.items()
        },
        "no_longer_found": [
            {"record_id": record_id, "query": query} for record_id, query in night.lost
        ],
        "announced": [
            {
                "door": one.door,
                "day": one.day.isoformat(),
                "quiet": one.is_quiet,
                "kinds": dict(one.kinds),
                "by_query": dict(one.wanted),
            }
            for one in night.announced
        ],
        "coverage": [
            {
                "source": one.source,
                "query": one.query.id,
                "watermark": one.state.watermark and one.state.watermark.isoformat(),
                "missing_days": sum(gap.window.days for gap in one.state.gaps),
            }
            for one in night.standings
        ],
        "warnings": list(night.warnings),
        "papers_before": night.papers_before,
        **(curated_as_plain(night.curated) if night.curated else {}),
    }


def failure_as_plain(
    error: BaseException, began: datetime, ended: datetime, outcome: str
) -> dict[str, Any]:
    """The report of a run that could not go on, ``failed`` or ``interrupted``."""
    return {
        "report_version": REPORT_VERSION,
        "version": __version__,
        "run": f"{began:%Y%m%dT%H%M%S.%fZ}-{outcome}",
        "outcome": outcome,
        "began_at": began.isoformat(timespec="seconds"),
        "ended_at": ended.isoformat(timespec="seconds"),
        "seconds": round((ended - began).total_seconds(), 3),
        "error": type(error).__name__,
        "message": str(error),
        "warnings": [],
    }


def failure_as_text(error: BaseException, began: datetime, outcome: str) -> str:
    """The same in words."""
    return (
        f"medsafe-harvest {__version__}\n{began:%Y-%m-%d %H:%M} UTC: {outcome.upper()}\n"
        f"{str(error) or type(error).__name__}\n"
    )


def curated_as_plain(curated: Curated) -> dict[str, Any]:
    """What a curation did, as JSON values."""
    return {
        "snapshot": str(curated.folder),
        "pages": curated.pages,
        "rejected_pages": dict(curated.rejected),
        "records": dict(curated.records),
        "papers": curated.papers,
        "merged": curated.merged,
        "papers_merged": curated.papers_merged,
        "papers_split": curated.papers_split,
        "decisions": dict(curated.reasons),
    }


def as_json(plain: Mapping[str, Any]) -> str:
    """A report as the text of its file."""
    return json.dumps(plain, ensure_ascii=False, indent=1) + "\n"


def as_text(night: Night) -> str:
    """The report in words, for a mail or a log; lines of any length, the last with its break."""
    fetched = night.fetched
    seconds = (night.ended_at - night.began_at).total_seconds()
    lines = [
        f"medsafe-harvest {__version__}, run {night.run}",
        f"{night.began_at:%Y-%m-%d %H:%M} UTC, {_duration(seconds)}: "
        + (
            f"INCOMPLETE, {fetched.incomplete} windows are left for the next run"
            if fetched.incomplete
            else f"complete, {fetched.complete} windows"
        ),
    ]
    lines += [f"WARNING: {warning}" for warning in night.warnings]
    for one in night.announced:
        kinds = ", ".join(f"{number} {kind}" for kind, number in one.kinds.items())
        said = kinds or "nothing was announced (a weekend or a holiday)"
        lines.append(f"{one.door}, {one.day}: {said}")
    for name, tally in night.doors.items():
        lines.append(
            f"{name}: {tally.complete} of {_count(tally.windows, 'window')}, "
            f"{_count(tally.records, 'record')}, {_count(tally.requests, 'request')} in "
            f"{_duration(tally.seconds_asking)}"
            + (f", {_count(tally.resumed, 'page')} resumed" if tally.resumed else "")
            + (
                f", {_count(tally.retries, 'retry', 'retries')}, "
                f"{_duration(tally.seconds_waiting)} of waiting"
                if tally.retries
                else ""
            )
        )
    for source, changes in night.changes.items():
        lines.append(
            f"{source} records: {changes.new:,} new, {changes.changed:,} changed, "
            f"{changes.unchanged:,} unchanged"
        )
        lines += [
            f"  {name} is gone" if now is None else f"  {name} is {now} now"
            for name, now in changes.replaced
        ]
    lines += [f"{name} is no longer found by {query}" for name, query in night.lost]
    if night.curated is not None:
        before = night.papers_before or 0
        lines.append(
            f"papers: {night.curated.papers:,} ({night.curated.papers - before:+,}), "
            f"{night.curated.merged:,} merged from several records"
        )
        if night.curated.papers_merged or night.curated.papers_split:
            lines.append(
                f"paper ids: {night.curated.papers_merged:,} merged into others, "
                f"{night.curated.papers_split:,} split; old ids lead to the new ones"
            )
    else:
        lines.append(f"no table: {night.why_no_table}")
    reasons: dict[tuple[str, str], int] = {}
    for record in fetched.records:
        if record.message:
            key = (record.source, f"{record.outcome}: {record.message}")
            reasons[key] = reasons.get(key, 0) + 1
    for left in fetched.skipped:
        key = (left.task.source, f"not asked: {left.why}")
        reasons[key] = reasons.get(key, 0) + 1
    lines += [
        f"{source}, {_count(number, 'window')}: {why}" for (source, why), number in reasons.items()
    ]
    return "\n".join(lines) + "\n"


def last_complete(metrics: Path) -> float | None:
    """When the last complete run ended, by a file that :func:`as_prometheus` made earlier."""
    try:
        text = metrics.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    found = re.search(
        r"^medsafe_harvest_last_complete_timestamp_seconds (\S+)$", text, re.MULTILINE
    )
    return float(found[1]) if found else None


def as_prometheus(plain: Mapping[str, Any], now: float, last: float | None) -> str:
    """The report for the textfile collector of Prometheus' node exporter.

    Args:
        plain: :func:`as_plain` or :func:`failure_as_plain`.
        now: seconds since the epoch.
        last: when the last complete run ended, seconds since the epoch; None where none has.
    """
    outcomes = ("complete", "incomplete", "failed", "interrupted")
    last = now if plain["outcome"] == "complete" else last
    metrics: list[tuple[str, str, list[tuple[dict[str, str], float]]]] = [
        ("run_timestamp_seconds", "When the latest run ended", [({}, now)]),
        (
            "run_outcome",
            "1 for the outcome of the latest run",
            [({"outcome": name}, float(plain["outcome"] == name)) for name in outcomes],
        ),
        ("warnings", "Warnings of the latest run", [({}, len(plain["warnings"]))]),
    ]
    if last is not None:
        about = "When the latest complete run ended"
        metrics.append(("last_complete_timestamp_seconds", about, [({}, last)]))
    if "doors" in plain:
        doors = plain["doors"].items()
        metrics += [
            ("run_seconds", "Duration of the latest run", [({}, plain["seconds"])]),
            (
                "windows",
                "Windows of the latest run by state",
                [({"state": key}, number) for key, number in plain["windows"].items()],
            ),
            *(
                (key, about, [({"door": name}, tally[key]) for name, tally in doors])
                for key, about in _BY_DOOR.items()
            ),
            (
                "records_changed",
                "Records of the latest run by source and state",
                [
                    ({"source": source, "state": state}, changes[state])
                    for source, changes in plain["changes"].items()
                    for state in ("new", "changed", "unchanged")
                ],
            ),
        ]
        metrics.append(
            (
                "missing_days",
                "Days never received completely, by door and query",
                [
                    ({"door": one["source"], "query": one["query"]}, one["missing_days"])
                    for one in plain["coverage"]
                ],
            )
        )
        if "papers" in plain:
            metrics.append(("papers", "Papers in the current table", [({}, plain["papers"])]))
    lines = []
    for name, about, samples in metrics:
        lines += [f"# HELP medsafe_harvest_{name} {about}.", f"# TYPE medsafe_harvest_{name} gauge"]
        for labels, value in samples:
            text = ",".join(f'{key}="{label}"' for key, label in labels.items())
            lines.append(
                f"medsafe_harvest_{name}{f'{{{text}}}' if text else ''} {float(value):.15g}"
            )
    return "\n".join(lines) + "\n"


_BY_DOOR = {
    "requests": "Requests of the latest run by door",
    "retries": "Waits before a request was sent again, by door",
    "seconds_asking": "Seconds until answers came, by door",
    "seconds_waiting": "Seconds waited before trying again, by door",
}


def write(path: Path, text: str) -> None:
    """Write a text whole or not at all: monitors read it at any time.

    Raises:
        StoreError: it cannot be written.
    """
    new = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error})") from error


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
