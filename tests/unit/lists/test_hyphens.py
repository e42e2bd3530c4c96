"""Titles with parts between lone hyphens, which look like venues, names or labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsafe_harvest.config import load_config
from medsafe_harvest.lists import read

VENUES = load_config(Path(__file__).parents[3] / "config").venues


@pytest.mark.parametrize(
    ("item", "title", "venue"),
    [
        ("Fair triage of lungs - a perspective. arXiv 2017.", None, "arXiv"),
        ("Fair triage of lungs - the view of patients. npj Digital Medicine 2020.", None, "npj"),
        ("Robust triage - Nature - in all hospitals. MICCAI 2021.", None, "MICCAI"),
        ("Robust triage - Code - in all hospitals. MICCAI 2021.", None, "MICCAI"),
        ("A fair triage of lungs - MICCAI - code and data", "A fair triage of lungs", "MICCAI"),
        ("A fair triage of lungs - Nature Medicine 2021", "A fair triage of lungs", "Nature"),
    ],
)
def test_a_title_goes_on_behind_a_lone_hyphen(item: str, title: str | None, venue: str) -> None:
    text = f"# Papers\n- {item} [[pdf]](https://arxiv.org/abs/2101.00001)\n"
    (entry,) = read(text, name="README.md", venues=VENUES).entries
    assert entry.title == (title or item.partition(". ")[0])
    assert (entry.venue or "").startswith(venue)
