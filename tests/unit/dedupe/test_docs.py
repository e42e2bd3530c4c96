"""docs/matching.md says what the code does."""

from __future__ import annotations

from pathlib import Path

from medsafe_harvest.dedupe.blocking import Key
from medsafe_harvest.dedupe.evidence import EVIDENCE, MATCH_FROM, PRIOR
from medsafe_harvest.dedupe.guards import GUARDS
from medsafe_harvest.dedupe.reasons import Reason

TEXT = (Path(__file__).parents[3] / "docs" / "matching.md").read_text()


def test_every_weight_is_documented_in_order() -> None:
    rows = [
        f"| {kind} | {level.words} | {level.weight:+.1f} |"
        for kind, levels in EVIDENCE.items()
        for level in levels
    ]
    assert "\n".join(rows) in TEXT
    assert f"a prior of {PRIOR}. From {MATCH_FROM} up" in TEXT


def test_every_reason_and_key_is_documented_once() -> None:
    for name in (*Reason, *Key):
        assert TEXT.count(f"\n| `{name.value}` |") == 1


def test_guards_are_documented_in_order_and_with_their_outcome() -> None:
    assert ", ".join(f"`{guard.reason.value}`" for guard in GUARDS) in TEXT
    for guard in GUARDS:
        assert f"| `{guard.reason.value}` | {guard.outcome.value} | *guard.*" in TEXT
