"""The small parts: charts, names, addresses."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from medsafe_harvest.outgoing import topic_label, topic_name
from medsafe_harvest.site import charts
from medsafe_harvest.site.charts import Bar
from medsafe_harvest.site.pages import link
from medsafe_harvest.site.paper import in_words
from medsafe_harvest.site.words import best_link, relation_label
from tests.unit.shown_papers import link as paper_link


@given(st.integers(min_value=0, max_value=10**9))
def test_a_scale_reaches_the_highest_bar_in_a_few_round_steps(most: int) -> None:
    top, step = charts.scale(most)
    assert most <= top
    assert top % step == 0
    assert 1 <= top // step <= 5
    assert str(step).rstrip("0") in {"1", "2", "5"}


def test_a_chart_draws_its_numbers() -> None:
    bars = [Bar("<2025>", "2025", 5), Bar("2026", "", 0), Bar("2027", "2027", 10)]
    drawing = etree.fromstring(charts.columns(bars, 'Papers "a year" & more'))
    heights = [float(one.get("height") or -1) for one in drawing.iter("rect")]
    assert heights[1] == 0
    assert heights[2] == pytest.approx(2 * heights[0])
    assert [one.text for one in drawing.iter("title")] == ["<2025>: 5", "2026: 0", "2027: 10"]
    assert drawing.get("aria-label") == 'Papers "a year" & more'
    assert charts.columns([], "nothing") == ""


def test_months_without_papers_are_there() -> None:
    found = charts.months({(2025, 12): 3, (2026, 2): 1, (2020, 1): 9}, date(2026, 2, 27), back=3)
    assert found == [Bar("2025-12", "", 3), Bar("2026-01", "2026", 0), Bar("2026-02", "", 1)]


def test_years_are_labelled_from_the_last_one_back() -> None:
    found = charts.years({1990: 1, 2026: 2})
    assert len(found) == 37
    assert (found[0].count, found[1].count, found[-1].count) == (1, 0, 2)
    assert [one.under for one in found if one.under][-2:] == ["2023", "2026"]


def test_code_is_a_repository_of_the_authors_that_is_alive() -> None:
    dead = {**paper_link("https://github.com/a/dead"), "looks_dead": True}
    links = [
        dead,
        paper_link("https://huggingface.co/m", "model"),
        paper_link("https://github.com/a/maybe", own=None),
        paper_link("https://github.com/a/other", own=False),
    ]
    assert best_link(links) == {"url": "https://github.com/a/maybe", "label": "code"}
    best = best_link([*links, paper_link("https://github.com/a/own")])
    assert best == {"url": "https://github.com/a/own", "label": "code"}
    assert best_link([dead, paper_link("javascript:alert(1)")]) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.org/?x=1&y=2", '<a href="https://a.org/?x=1&amp;y=2">&lt;t&gt;</a>'),
        ("https://a.org/\"onx='", '<a href="https://a.org/%22onx=&#39;">&lt;t&gt;</a>'),
        ("javascript:alert(1)", "&lt;t&gt;"),
        ("data:text/html,x", "&lt;t&gt;"),
        (None, "&lt;t&gt;"),
    ],
)
def test_links_lead_to_the_web_or_nowhere(url: str | None, expected: str) -> None:
    assert link(url, "<t>") == expected


def test_values_in_words() -> None:
    assert in_words([{"name": "A"}, {"url": "b"}], 20) == "A, b"
    assert in_words([], 20) == "—"
    assert in_words(False, 20) == "no"
    assert in_words("x" * 30, 10) == "x" * 9 + "…"


def test_names_of_topics_and_relations() -> None:
    names = [topic_label(slug) for slug in ("mri", "x-ray", "federated-learning")]
    assert names == ["MRI", "X-ray", "Federated learning"]
    within = [topic_name(slug) for slug in ("mri", "x-ray", "model-ip", "federated-learning")]
    assert within == ["MRI", "X-ray", "model IP", "federated learning"]
    assert relation_label("corrects", left=False) == "is corrected by"
    assert relation_label("new_kind", left=True) == "new kind"
