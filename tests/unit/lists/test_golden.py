"""Real lists: entries that were compared with the lists by eye, and the share of links read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.lists import Count, count
from medsafe_harvest.config import load_config

ROOT = Path(__file__).parents[3]
GOLDEN = [
    json.loads(line)
    for line in (ROOT / "tests/golden/list_entries.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(scope="module")
def counts(shared_data: Path) -> dict[str, Count]:
    venues = load_config(ROOT / "config").venues
    return {one.name: one for one in count(shared_data / "awesome", venues)}


@pytest.mark.parametrize(
    "wanted",
    GOLDEN,
    ids=[f"{n}-{one['list'][:24]}-{one['line']}" for n, one in enumerate(GOLDEN)],
)
def test_an_entry_that_was_checked_by_eye(wanted: dict[str, Any], counts: dict[str, Count]) -> None:
    entries = counts[wanted["list"]].reading.entries
    (told,) = [
        one.plain() | {"list": wanted["list"]}
        for one in entries
        if (one.line, one.title) == (wanted["line"], wanted["title"])
    ]
    assert {key: told[key] for key in wanted} == wanted


def test_nearly_all_links_with_an_identifier_become_entries(counts: dict[str, Count]) -> None:
    assert len(counts) == 22
    assert min(one.found / one.links for one in counts.values()) >= 0.98
    links = sum(one.links for one in counts.values())
    assert sum(one.found for one in counts.values()) >= 0.998 * links
