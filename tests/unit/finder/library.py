"""A small library of made-up papers, as a curated folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from medsafe_harvest.curated import snapshot
from medsafe_harvest.schema import PAPER, TABLES


def papers(*rows: dict[str, Any]) -> pa.Table:
    """Rows of ``schema.PAPER`` with the ids mh00, mh01 ..., blank where nothing is said."""
    blank: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in PAPER
    }
    day = date(2026, 1, 1)
    blank |= {"withdrawn": False, "medical": True, "first_seen": day, "last_seen": day}
    made = []
    for number, row in enumerate(rows):
        names = row.get("authors", [])
        authors = [{"name": name, "given": None, "family": None, "suffix": None} for name in names]
        made.append(blank | {"paper_id": f"mh{number:02}"} | row | {"authors": authors})
    return pa.Table.from_pylist(made, PAPER)


def write(curated: Path, *rows: dict[str, Any]) -> Path:
    """Make these papers the current snapshot of a curated folder."""
    tables = {name: schema.empty_table() for name, schema in TABLES.items()}
    tables["papers"] = papers(*rows)
    return snapshot.write(curated, tables, {"as_of": "2026-11-20"}, keep=2)


#: What the tests look for. The place in the list is in the paper_id.
LIBRARY: tuple[dict[str, Any], ...] = (
    {
        "title": "Conformal Prediction Sets for Chest X-Ray Triage",
        "abstract": "We calibrate a classifier of radiographs.",
        "authors": ["Jürgen Müller", "Ana Souza"],
        "topics": ["uncertainty", "x-ray"],
        "trust": ["uncertainty"],
        "published": date(2024, 3, 1),
        "year": 2024,
        "venue": "MICCAI",
        "arxiv_id": "2403.00001",
        "code_links": ["https://example.org/sets"],
    },
    {
        "title": "A Survey of Chest Radiography",
        "abstract": "Prediction, detection and conformal maps of an xray.",
        "authors": ["Li Wei"],
        "topics": ["survey"],
        "published": date(2019, 1, 1),
        "year": 2019,
        "venue": "TMI",
        "doi": "10.1000/abc.1",
        "pmid": "2024",
    },
    {
        "title": "Federated Learning of Retinal Vessels",
        "abstract": "Hospitals train jointly and share no images.",
        "topics": ["federated-learning", "fundus"],
        "published": date(2021, 5, 1),
        "year": 2021,
    },
    {
        "title": "Learning together: federated hospitals and what they keep private",
        "abstract": "Differential privacy for multi-modal data of wards.",
        "topics": ["privacy"],
        "published": date(2023, 5, 1),
        "year": 2023,
    },
    {
        "title": "Vessels",
        "abstract": "On ships.",
        "authors": ["Maria Federated"],
        "year": 2000,
    },
    {"title": "Skin tone and fairness", "topics": ["fairness"], "published": date(2020, 1, 1)},
    {"title": "Skin tone and fairness", "topics": ["fairness"], "published": date(2026, 1, 1)},
    {"title": "Skin tone and fairness", "topics": ["fairness"], "published": date(2020, 1, 1)},
    {
        "title": "Causal models of sepsis",
        "withdrawn": True,
        "abstract": "Sepsis, sepsis and again sepsis.",
    },
    {"title": "Multimodal alarms", "abstract": "Alarms of a ward."},
)
