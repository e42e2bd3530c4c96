"""The list as it is written, and read again."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from medsafe_harvest import lists
from medsafe_harvest.awesome import Layout, Template, export, listed
from medsafe_harvest.normalize.text import clean_title, comparison_form
from tests.unit.shown_papers import ROWS, link, paper, tag

GOLDEN = Path(__file__).parents[2] / "golden" / "awesome"
HEADINGS = {"unlearning": "Unlearning", "privacy": "Privacy & more", "fairness": "Fairness"}
PREPRINT = paper(
    "mhpreprint",
    title="Forgetting | in *two* [steps] with $k$-means & a_b",
    published=date(2026, 1, 2),
    year=2026,
    arxiv_id="2601.00002",
    summary="We forget. " * 60,
    links=[link("https://github.com/a/b"), link("https://e.org/data", "dataset")],
    topics=["fairness"],
    trust=["fairness"],
    tags=[tag("fairness", 0.9)],
)


def layout(template: Template, **more: Any) -> Layout:
    return Layout("Papers <b>", template, HEADINGS, as_of=date(2026, 11, 21), **more)


@pytest.mark.parametrize("template", list(Template))
def test_golden(template: Template) -> None:
    text = "".join(export(listed([*ROWS, PREPRINT]), layout(template)))
    assert text == (GOLDEN / f"{template}.md").read_text(encoding="utf-8")


def test_once_means_the_strongest_topic() -> None:
    text = "".join(export(listed(ROWS), layout(Template.BULLETS, once=True, summaries=False)))
    assert text.count("Unlearning chest x-rays") == 1
    assert "Privacy" not in text  # 0.75, and unlearning 0.98
    assert "several topics" not in text
    assert "Unlearns chest" not in text


def test_no_paper_makes_a_list_without_sections() -> None:
    assert "".join(export([], layout(Template.TABLES))) == (
        "# Papers \\<b\\>\n\n0 papers as of 21 November 2026, newest first.\n"
    )


WORDS = [
    *(
        "federated",
        "x-ray",
        "*bold*",
        "[a]",
        "(b)",
        "C++",
        "a|b",
        "`code`",
        "$k$",
        "R&D",
        "_x_",
        "#1",
    ),
    *(
        "under_score",
        "1.",
        "-",
        "don't",
        "“quoted”",
        "naïve",
        "陳大文",
        "3D.",
        "why?",
        "~x~",
        "\\alpha",
    ),
    *("!x", "http://e.org", "<5", "</b>", "a\\|b", "www.e.org", "**"),
]
TITLES = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join),
    st.text(st.characters(categories=["L", "N"]), min_size=5, max_size=60),
)


@given(title=TITLES, template=st.sampled_from(list(Template)), with_doi=st.booleans())
def test_reading_it_again_gives_the_same_papers(
    title: str, template: Template, *, with_doi: bool
) -> None:
    # Between lone hyphens, a reader of lists takes part of a title for a label.
    assume(" - " not in f" {title} ")
    # A link that says "Deep Journal" is taken for one to a journal.
    assume("journal" not in title.casefold())
    rows = [
        PREPRINT | {"title": f"Deep {title} for medical images", "venue": "MICCAI"},
        PREPRINT | {"paper_id": "mhother", "arxiv_id": "2601.00009", "title": f"Deep {title}"},
    ]
    if with_doi:
        rows[0] |= {"doi": "10.1000/ab<c>(1)_x"}
    text = "".join(export(listed(rows), layout(template)))
    found = lists.read(text, name="README.md").entries
    assert {entry.arxiv_id for entry in found} == {"2601.00002", "2601.00009"}
    first = next(entry for entry in found if entry.arxiv_id == "2601.00002")
    assert comparison_form(first.title or "") == comparison_form(clean_title(rows[0]["title"]))
    assert first.doi == (rows[0]["doi"] if with_doi else None)
    assert first.code == ("https://github.com/a/b",)
    assert (first.year, first.venue) == (2026, "MICCAI")
