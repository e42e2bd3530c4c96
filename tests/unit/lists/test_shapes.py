"""Lists and pages of many shapes, written for the test: every field of every entry."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from medsafe_harvest.config import load_config
from medsafe_harvest.lists import read
from medsafe_harvest.lists.badges import badge_words

ROOT = Path(__file__).parents[3]
VENUES = load_config(ROOT / "config").venues
LISTS = [
    json.loads(line)
    for line in (ROOT / "tests/golden/list_shapes.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("wanted", LISTS, ids=[one["name"] for one in LISTS])
def test_every_entry_is_what_a_reader_would_note(wanted: dict[str, Any]) -> None:
    entries = read(wanted["text"], name=wanted["file"], venues=VENUES).entries
    told = [
        {key: value for key, value in entry.plain().items() if value not in (None, [])}
        for entry in entries
    ]
    assert told == wanted["entries"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("https://img.shields.io/badge/Nat.%20Commun.-2024-blue", "Nat. Commun.: 2024"),
        ("https://img.shields.io/badge/Conference-MICCAI'23-blue", "Conference: MICCAI'23"),
        ("https://img.shields.io/badge/arXiv-2304.12306-b31b1b.svg", "arXiv: 2304.12306"),
        ("https://img.shields.io/badge/Year_of--it-2020__1-red", "Year of-it: 2020_1"),
        ("https://img.shields.io/static/v1?label=MIDL&message=2021&color=red", "MIDL: 2021"),
        ("https://img.shields.io/badge/NEW-red", None),
        ("https://img.shields.io/github/stars/doe/lungs2020", None),
        ("https://doe.org/badge/ICML-2020-red", None),
        ("https://[", None),
    ],
)
def test_a_badge_tells_a_venue_a_year_or_an_identifier(source: str, said: str | None) -> None:
    assert badge_words(source) == said


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('- "Why Trust It?": Explaining Lungs (2016)', '"Why Trust It?": Explaining Lungs'),
        ("- Think Here, Act There: Federated Models of Lungs", None),
        ("- Do As I Can, Not As I Say: Models of Lungs", None),
        ("- Team Lungs at MEDIQA 2019: Filtering of Answers", None),
        ("- Reading of Lungs by GraphRAG and Similar Patient Retrieval", None),
        ("- Grounds of Lungs by Reinforcing Findings and Enforcing Details", None),
        ("- Grounds of Lungs by Jane Doe and Wu Li", "Grounds of Lungs"),
        ("- Private Models of Lungs (Extended Version)", None),
        ("- Regulation of Lungs via Policy-as-Code", None),
        (
            "- Fair Ensembles of Lungs and Hearts and Kidneys for the Cure of the ISIC 2024 Sets",
            None,
        ),
        ("- Doe, J., Li, W.: Federated Models of Lungs", "Federated Models of Lungs"),
    ],
)
def test_what_belongs_to_a_title_stays(text: str, title: str | None) -> None:
    (entry,) = read(f"{text} [pdf](https://arxiv.org/abs/2101.00001)", name="a.md").entries
    assert entry.title == (title or text.removeprefix("- "))


@pytest.mark.parametrize(
    "unit", ["**a** ", "<br>a ", "a; ", "Doe A. ", "Ann Lee, 2020, ", "`a <b>`_ ", "[^a] "]
)
@pytest.mark.parametrize("name", ["a.md", "a.rst"])
def test_one_long_line_takes_no_long_time(unit: str, name: str) -> None:
    begun = time.process_time()
    read(unit * (60_000 // len(unit)), name=name)
    # A second or two in truth; a quadratic pattern would take minutes.
    assert time.process_time() - begun < 20
