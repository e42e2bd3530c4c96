"""A failed, an incomplete and a missing night never look like a quiet one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from medsafe_harvest.digests.health import Health, judge, read

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
DOORS = ("arxiv", "semantic_scholar", "arxiv_rss")


def run(
    hours_ago: float,
    outcome: str = "complete",
    *,
    failed: tuple[tuple[str, str], ...] = (),
    asked: tuple[str, ...] = DOORS,
    warnings: tuple[str, ...] = (),
) -> dict[str, Any]:
    """A report as a run leaves it."""
    ended = NOW - timedelta(hours=hours_ago)
    report: dict[str, Any] = {
        "run": f"{ended:%Y%m%dT%H%M%S}",
        "outcome": outcome,
        "ended_at": ended.isoformat(),
    }
    report["warnings"] = list(warnings)
    if outcome in {"failed", "interrupted"}:
        return report | {"error": "StoreError", "message": "the disk is full"}
    return report | {
        "windows": {"complete": 9, "incomplete": len(failed), "skipped": 0},
        "doors": {door: {} for door in asked},
        "coverage": [
            {"source": door, "query": query}
            for door in asked
            if door != "arxiv_rss"
            for query in ("privacy", "fairness")
        ],
        "failed": [
            {
                "source": door,
                "query": query,
                "window": "w",
                "outcome": "throttled",
                "message": "429",
            }
            for door, query in failed
        ],
    }


LOST = (("semantic_scholar", "privacy"),)
BULLETIN = (("arxiv_rss", "_bulletin"),)


@pytest.mark.parametrize(
    ("reports", "state"),
    [
        ([run(1)], "complete"),
        ([], "unknown"),
        ([run(1, "failed")], "failed"),
        ([run(1, "interrupted")], "interrupted"),
        ([run(25), run(1, "failed")], "failed"),
        ([run(25, "failed"), run(1)], "complete"),
        ([run(1, "incomplete", failed=LOST)], "incomplete"),
        ([run(25, "incomplete", failed=LOST), run(1)], "complete"),
        # Somebody ran another door by hand: that mends nothing.
        ([run(3, "incomplete", failed=LOST), run(1, asked=("arxiv",))], "incomplete"),
        ([run(3, "incomplete", failed=BULLETIN), run(1, asked=("arxiv",))], "incomplete"),
        ([run(3, "incomplete", failed=BULLETIN), run(1, asked=("arxiv_rss",))], "complete"),
        # The next run failed elsewhere, and received what this one had not.
        (
            [run(25, "incomplete", failed=LOST), run(1, "incomplete", failed=BULLETIN)],
            "incomplete",
        ),
        # The last night was killed and left no report.
        ([run(25)], "late"),
        ([run(21)], "complete"),
    ],
)
def test_the_state(reports: list[dict[str, Any]], state: str) -> None:
    found = judge(reports, NOW, 22)
    assert found == judge([*reversed(reports)], NOW, 22)
    assert found.state == state
    assert found.has_failed == (not found.is_quiet) == bool(found.headline) == (state != "complete")


def test_what_went_wrong_is_said_and_counted() -> None:
    lost = tuple(("semantic_scholar", query) for query in ("privacy", "fairness"))
    found = judge([run(1, "incomplete", failed=lost)], NOW, 22)
    assert found.details == ("semantic_scholar, 2 windows: throttled: 429",)
    assert "2 windows" in found.headline
    assert judge([run(1, "failed")], NOW, 22).details == ("the disk is full",)


def test_a_warning_is_no_failure_and_not_quiet() -> None:
    found = judge([run(1, warnings=("arxiv has been silent",))], NOW, 22)
    assert (found.has_failed, found.is_quiet) == (False, False)
    assert found.warnings == ("arxiv has been silent",)


def test_reports_are_read_from_their_folder(tmp_path: Path) -> None:
    assert read(tmp_path / "none", NOW, 22).state == "unknown"
    for name, report in (("20261120T05", run(25, "failed")), ("20261121T05", run(1))):
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    (tmp_path / "latest.json").write_text(json.dumps(run(1)))
    assert read(tmp_path, NOW, 22) == Health("complete", ended=NOW - timedelta(hours=1))
    (tmp_path / "20261119T05.json").write_text("half a rep")
    assert read(tmp_path, NOW, 22).state == "complete"
    (tmp_path / "latest.json").write_text("half a rep")
    assert read(tmp_path, NOW, 22).state == "unknown"
