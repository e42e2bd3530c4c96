"""What a benchmark found, for programs: build/bench/NAME.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def write(name: str, found: Any) -> None:
    """Write the figures of a benchmark, and say where.

    Args:
        name: of the file, without its suffix.
        found: what JSON can hold.
    """
    path = ROOT / f"build/bench/{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"written to {path.relative_to(ROOT)}")
