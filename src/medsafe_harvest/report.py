"""The account that a run gives of itself, as JSON, and where it lies.

Reports lie beside the data, ``reports/<run>.json`` and ``.txt``, the newest also as ``latest.json``
and ``latest.txt``. They are for people and monitors: no table is made from them, and only
``digest`` reads them back, to say how the harvest went.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from medsafe_harvest import __version__, disk
from medsafe_harvest.announced import Announced
from medsafe_harvest.errors import StoreError
from medsafe_harvest.fetch.harvest import Fetched
from medsafe_harvest.fetch.plan import Standing
from medsafe_harvest.night import Night
from medsafe_harvest.pipeline import Curated
from medsafe_harvest.reading import Changes
from medsafe_harvest.tally import Tally

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
        "doors": {name: _tally(tally) for name, tally in night.doors.items()},
        "failed": _failed(fetched),
        "changes": {source: _changes(changes) for source, changes in night.changes.items()},
        "no_longer_found": [
            {"record_id": record_id, "query": query} for record_id, query in night.lost
        ],
        "announced": [_announced(one) for one in night.announced],
        "coverage": [_coverage(one) for one in night.standings],
        "warnings": list(night.warnings),
        "papers_before": night.papers_before,
        **(curated_as_plain(night.curated) if night.curated else {}),
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        key: round(value, 3) if isinstance(value, float) else value
        for key, value in dataclasses.asdict(tally).items()
    }


def _failed(fetched: Fetched) -> list[dict[str, str]]:
    """The windows that something was wrong with, then those not begun."""
    failed = [
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
    return failed + [
        {
            "source": left.task.source,
            "query": left.task.query.id,
            "window": str(left.task.window),
            "outcome": "skipped",
            "message": left.why,
        }
        for left in fetched.skipped
    ]


def _changes(changes: Changes) -> dict[str, Any]:
    return {
        "new": changes.new,
        "changed": changes.changed,
        "unchanged": changes.unchanged,
        "gone": [name for name, now in changes.replaced if now is None],
        "renamed": {name: now for name, now in changes.replaced if now is not None},
    }


def _announced(one: Announced) -> dict[str, Any]:
    return {
        "door": one.door,
        "day": one.day.isoformat(),
        "quiet": one.is_quiet,
        "kinds": dict(one.kinds),
        "by_query": dict(one.wanted),
    }


def _coverage(one: Standing) -> dict[str, Any]:
    return {
        "source": one.source,
        "query": one.query.id,
        "watermark": one.state.watermark and one.state.watermark.isoformat(),
        "missing_days": sum(gap.window.days for gap in one.state.gaps),
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


def write(path: Path, text: str) -> None:
    """Write a text whole or not at all: monitors read it at any time.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.write(path, text.encode())
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error})") from error
