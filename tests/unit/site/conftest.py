"""A small snapshot: an ordinary paper with all that a page shows, and hostile and bare ones."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.redirects import Change, Kind, Redirect
from medsafe_harvest.schema import RECORD, TABLES
from medsafe_harvest.site.build import Settings
from tests.unit.shown_papers import ROWS, author, link, paper, table

PLAIN = "mhplain"
SETTINGS = Settings(
    version="0",
    topics={"privacy": "trust", "unlearning": "trust", "ct": "modality"},
    queries={"unlearning": "Models that forget."},
    venues={"MICCAI": "Medical Image Computing and Computer Assisted Intervention"},
)
LEDGER = (
    Redirect(datetime(2026, 11, 1, tzinfo=UTC), Change("mhold", Kind.MERGED, ("mholder",))),
    Redirect(datetime(2026, 11, 2, tzinfo=UTC), Change("mholder", Kind.MERGED, (PLAIN,))),
    Redirect(datetime(2026, 11, 2, tzinfo=UTC), Change("mhlost", Kind.GONE, ())),
)


def record(record_id: str, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in RECORD
    }
    source, _, source_id = record_id.partition(":")
    row |= {"record_id": record_id, "source": source, "source_id": source_id}
    row |= {"title": "T", "title_raw": "T", "withdrawn": False}
    return row | {"first_seen": date(2026, 11, 20), "last_seen": date(2026, 11, 21)} | changes


RECORDS = (
    record(
        "arxiv:2611.00001",
        arxiv_id="2611.00001",
        published=date(2026, 11, 18),
        url="https://arxiv.org/abs/2611.00001v1",
    ),
    record(
        "semantic_scholar:7",
        doi="10.1000/ab<c>(1)",
        venue="MICCAI",
        venue_kind="conference",
        year=2026,
        corpus_id=7,
        url="javascript:alert(1)",
    ),
)
ZOE = {"name": "Z. Muller", "given": "Zoë", "family": "Müller", "suffix": None}


def papers() -> list[dict[str, Any]]:
    """The shown papers, the plain one with records and provenance, and one by the same author."""
    plain, *others = ROWS
    plain = plain | {
        "arxiv_id": "2611.00001",
        "authors": [{**ZOE, "name": "Zoë Müller"}, author("陳大文")],
        "record_ids": [one["record_id"] for one in RECORDS],
        "licence": "CC-BY-4.0",
        "licence_url": "https://creativecommons.org/licenses/by/4.0/",
        "provenance": [
            {
                "field": "title",
                "record_id": "arxiv:2611.00001",
                "rule": "arxiv_first",
                "losers": [
                    {"record_id": "semantic_scholar:7", "value": json.dumps("<b>Other</b> title")}
                ],
            },
            {
                "field": "abstract",
                "record_id": "arxiv:2611.00001",
                "rule": "arxiv_first",
                "losers": [
                    {"record_id": "semantic_scholar:7", "value": json.dumps("A lost abstract.")}
                ],
            },
        ],
    }
    old = paper(
        "mhsecond",
        title="Conformal prediction of scans",
        summary=r"Reaches \textbf{all} of $\alpha$ in " + "long words " * 40,
        abstract="A publisher's abstract.",
        summary_from="abstract",
        provenance=[
            {"field": "abstract", "record_id": "semantic_scholar:8", "rule": "r", "losers": []}
        ],
        authors=[author("Zoë Müller"), ZOE],
        year=2019,
        topics=["ct", "privacy"],
        trust=["privacy"],
        modality=["ct"],
        links=[link("ftp://example.org/x"), link("https://example.org/data", "dataset")],
        first_seen=date(2020, 1, 1),
    )
    privacy = {"trust": ["privacy"]}
    return [plain, *({**one, **(privacy if one["topics"] else {})} for one in others), old]


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """The folder of a snapshot of these papers."""
    tables = {name: schema.empty_table() for name, schema in TABLES.items()}
    tables["papers"] = table(*rows).sort_by("paper_id")
    tables["records"] = pa.Table.from_pylist(list(RECORDS), RECORD)
    tables["related"] = pa.Table.from_pylist(
        [
            {
                "paper_id": PLAIN,
                "related_paper_id": other,
                "rank": rank,
                "score": 0.5,
                "terms": ["ct", "topic:privacy", "scans", "topic:ct"],
            }
            for rank, other in enumerate(("mhsecond", "mhhostile", "mhmissing"), start=1)
        ],
        TABLES["related"],
    )
    sides = {"left": "arxiv:2611.00001", "right": "semantic_scholar:7", "score": 1.0}
    tables["relations"] = pa.Table.from_pylist(
        [
            sides
            | {"kind": "is_preprint_of", "left_paper": PLAIN, "right_paper": PLAIN, "reason": "r"},
            sides
            | {"kind": "extends", "left_paper": PLAIN, "right_paper": "mhsecond", "reason": "r"},
        ],
        TABLES["relations"],
    )
    return snapshot.write(folder, tables, {"as_of": "2026-11-21", "windows": []}, keep=2)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("curated"), papers())
