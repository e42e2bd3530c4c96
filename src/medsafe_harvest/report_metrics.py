"""The account that a run gives of itself, for Prometheus: its node exporter collects text files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_OUTCOMES = ("complete", "incomplete", "failed", "interrupted")
_BY_DOOR = {
    "requests": "Requests of the latest run by door",
    "retries": "Waits before a request was sent again, by door",
    "seconds_asking": "Seconds until answers came, by door",
    "seconds_waiting": "Seconds waited before trying again, by door",
}
_LAST = re.compile(
    r"^medsafe_harvest_last_complete_timestamp_seconds (\d+(?:\.\d+)?)$", re.MULTILINE
)

#: Name, what it says, and its values by labels.
Metric = tuple[str, str, list[tuple[dict[str, str], float]]]


def last_complete(metrics: Path) -> float | None:
    """When the last complete run ended, seconds since the epoch, by the file of an earlier run.

    None where there is no such file, or none that says so: the file is written anew all the same.
    """
    try:
        text = metrics.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    found = _LAST.search(text)
    return float(found[1]) if found else None


def as_prometheus(plain: Mapping[str, Any], now: float, last: float | None) -> str:
    """The text of the collector's file.

    Args:
        plain: ``report.as_plain`` or ``report.failure_as_plain``.
        now: seconds since the epoch.
        last: when the last complete run ended, seconds since the epoch; None where none has.
    """
    last = now if plain["outcome"] == "complete" else last
    metrics: list[Metric] = [
        ("run_timestamp_seconds", "When the latest run ended", [({}, now)]),
        (
            "run_outcome",
            "1 for the outcome of the latest run",
            [({"outcome": name}, float(plain["outcome"] == name)) for name in _OUTCOMES],
        ),
        ("warnings", "Warnings of the latest run", [({}, len(plain["warnings"]))]),
    ]
    if last is not None:
        about = "When the latest complete run ended"
        metrics.append(("last_complete_timestamp_seconds", about, [({}, last)]))
    if "doors" in plain:
        metrics += _of_the_run(plain)
    if "papers" in plain:
        metrics.append(("papers", "Papers in the current table", [({}, plain["papers"])]))
    return "".join(f"{line}\n" for metric in metrics for line in _lines(*metric))


def _of_the_run(plain: Mapping[str, Any]) -> list[Metric]:
    """What only a run that came to its end can tell."""
    doors = plain["doors"].items()
    return [
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
        (
            "missing_days",
            "Days never received completely, by door and query",
            [
                ({"door": one["source"], "query": one["query"]}, one["missing_days"])
                for one in plain["coverage"]
            ],
        ),
    ]


def _lines(name: str, about: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> list[str]:
    """A metric in the text format of Prometheus."""
    lines = [f"# HELP medsafe_harvest_{name} {about}.", f"# TYPE medsafe_harvest_{name} gauge"]
    for labels, value in samples:
        text = ",".join(f'{key}="{label}"' for key, label in labels.items())
        lines.append(f"medsafe_harvest_{name}{f'{{{text}}}' if text else ''} {float(value):.15g}")
    return lines
