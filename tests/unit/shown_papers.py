"""Papers for what is shown to people, with the text that breaks things."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from medsafe_harvest.schema import PAPER


def paper(paper_id: str = "mha", **changes: Any) -> dict[str, Any]:
    """A row of ``schema.PAPER`` with a title and little else."""
    row: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in PAPER
    }
    row |= {"paper_id": paper_id, "title": "T", "withdrawn": False, "medical": True}
    return row | {"first_seen": date(2026, 11, 20), "last_seen": date(2026, 11, 21)} | changes


def author(name: str) -> dict[str, Any]:
    return {"name": name, "given": None, "family": None, "suffix": None}


def link(url: str, kind: str = "repository", *, own: bool | None = True) -> dict[str, Any]:
    return {"url": url, "kind": kind, "own": own, "said": None, "looks_dead": False}


def tag(topic: str, score: float) -> dict[str, Any]:
    words = {"rule": "r", "field": "title", "text": topic, "start": 0}
    return {"facet": "trust", "topic": topic, "score": score, **words}


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), PAPER)


#: An ordinary paper, one whose every text is hostile, one of which little is known, one withdrawn.
ROWS = (
    paper(
        "mhplain",
        title="Unlearning chest x-rays: AUC < 0.5 & what then?",
        abstract="We unlearn. It works on 3 data sets.",
        summary="Unlearns chest x-rays without training anew.",
        authors=[author("Zoë Müller"), author("陳大文")],
        published=date(2026, 11, 18),
        year=2026,
        venue="MICCAI",
        venue_kind="conference",
        doi="10.1000/ab<c>(1)",
        url="https://www.semanticscholar.org/paper/0f",
        links=[
            link("https://github.com/zoe/unlearn"),
            link("https://github.com/else/where", own=False),
            link("javascript:alert(1)", "demo"),
        ],
        topics=["privacy", "unlearning"],
        trust=["privacy", "unlearning"],
        tags=[tag("privacy", 0.75), tag("unlearning", 0.98)],
        queries=["unlearning"],
        citation_count=3,
        influential_citation_count=1,
    ),
    paper(
        "mhhostile",
        title="</title><script>alert(1)</script> ]]> \x00\x1b[31m\ufffe &amp; \U0001f600",
        abstract="<![CDATA[ ]]> <img src=https://elsewhere.org/x.png onerror=alert(1)> \u202e",
        authors=[author("\"><b>O'Neil</b>")],
        published=date(2026, 11, 19),
        url='https://example.org/a b"><script>?x=[1]&y=%zz',
        topics=["privacy"],
        queries=["unlearning"],
        medical=False,
    ),
    paper("mhbare", title="Bare", first_seen=date(2026, 11, 21)),
    paper("mhgone", title="Withdrawn", withdrawn=True, topics=["privacy"], queries=["unlearning"]),
)
