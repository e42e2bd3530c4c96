"""Papers put into lists of many shapes, in the style of each."""

# ruff: noqa: E501 - rows of lists are long

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsafe_harvest.awesome import (
    Layout,
    Options,
    Subjects,
    Synced,
    Template,
    export,
    listed,
    sync,
)
from medsafe_harvest.awesome.diff import added_lines
from medsafe_harvest.config import Config
from tests.unit.shown_papers import author, link, paper

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data")) / "awesome"

NEW = paper(
    "mhnew",
    title="Fair screening of chest x-rays?",
    authors=[author("Ada Li") | {"family": "Li"}, author("Bo Su")],
    published=date(2024, 5, 7),
    year=2024,
    arxiv_id="2405.00001",
    venue="MICCAI",
    venue_kind="conference",
    links=[link("https://github.com/ada/fair")],
    trust=["fairness"],
)
OLD = NEW | {
    "paper_id": "mhold",
    "title": "An equal chance for every group of patients",
    "published": date(2021, 2, 1),
    "year": 2021,
    "arxiv_id": "2102.00001",
    "venue": None,
    "venue_kind": None,
    "links": [],
}
Sync = Callable[..., Synced]


@pytest.fixture(scope="session")
def put(config: Config, subjects: Subjects) -> Sync:
    def put(text: str, *rows: dict[str, Any], **more: Any) -> Synced:
        options = Options(subjects, config.venues, **more)
        return sync(text, listed(rows or (NEW, OLD)), options)

    return put


class Case(NamedTuple):
    """A list, and the lines that a new paper of 2024 and one of 2021 become."""

    name: str
    entries: str
    expected: str


CASES = [
    Case(
        "bold titles, venue and year in brackets, newest first",
        """\
* [CVPR 2025] **[Debiasing scans by hand](https://arxiv.org/abs/2501.00001)** [[code]](https://github.com/x/y)
* [NeurIPS 2023] **[Unfair gaps in chest films](https://arxiv.org/abs/2301.00001)** [[code]](https://github.com/x/z)
* [Arxiv 2020] **[Bias of many a model](https://arxiv.org/abs/2001.00001)**
""",
        """\
+* [MICCAI 2024] **[Fair screening of chest x-rays?](https://arxiv.org/abs/2405.00001)** [[code]](https://github.com/ada/fair)
+* [Arxiv 2021] **[An equal chance for every group of patients](https://arxiv.org/abs/2102.00001)**
""",
    ),
    Case(
        "a full stop behind the title, PDF links, oldest first, blank lines between",
        """\
- Bias of many a model. *Arxiv*, 2020. [pdf](https://arxiv.org/pdf/2001.00001)

- Unfair gaps in chest films. *NeurIPS*, 2023. [pdf](https://arxiv.org/pdf/2301.00001)

- Debiasing scans by hand. *CVPR*, 2025. [pdf](https://arxiv.org/pdf/2501.00001)
""",
        """\
+- An equal chance for every group of patients. *Arxiv*, 2021. [pdf](https://arxiv.org/pdf/2102.00001)
+
+- Fair screening of chest x-rays? *MICCAI*, 2024. [pdf](https://arxiv.org/pdf/2405.00001)
+
""",
    ),
    Case(
        "a table with columns of its own, one of them numbered",
        """\
|No.|Title|Authors|Venue|Year|Links|Notes|
|---|---|---|---|---|---|---|
|1|Bias of many a model|Cy Oh, Di Po|-|2020|[[PDF](https://arxiv.org/abs/2001.00001)]|seminal|
|2|Unfair gaps in chest films|Ed Qu, Fa Ro|NeurIPS|2023|[[PDF](https://arxiv.org/abs/2301.00001)] [[CODE](https://github.com/x/z)]||
|3|Debiasing scans by hand|Gu So, Ha To|CVPR|2025|[[PDF](https://arxiv.org/abs/2501.00001)] [[CODE](https://github.com/x/y)]||
""",
        """\
+|4|Fair screening of chest x-rays?|Ada Li, Bo Su|MICCAI|2024|[[PDF](https://arxiv.org/abs/2405.00001)] [[CODE](https://github.com/ada/fair)]||
+|5|An equal chance for every group of patients|Ada Li, Bo Su|arXiv|2021|[[PDF](https://arxiv.org/abs/2102.00001)]||
""",
    ),
    Case(
        "paragraphs with dates and authors",
        """\
**Debiasing scans by hand** \\
*Gu So, Ha To* \\
[03rd Jan., 2025] [CVPR, 2025] \\
[[Paper](https://arxiv.org/abs/2501.00001)]

**Unfair gaps in chest films** \\
*Ed Qu, Fa Ro* \\
[12th Jan., 2023] [NeurIPS, 2023] \\
[[Paper](https://arxiv.org/abs/2301.00001)]

**Bias of many a model** \\
*Cy Oh, Di Po* \\
[01st Jan., 2020] [arXiv, 2020] \\
[[Paper](https://arxiv.org/abs/2001.00001)]
""",
        """\
+**Fair screening of chest x-rays?** \\
+*Ada Li, Bo Su* \\
+[07th May, 2024] [MICCAI, 2024] \\
+[[Paper](https://arxiv.org/abs/2405.00001)]
+
+**An equal chance for every group of patients** \\
+*Ada Li, Bo Su* \\
+[01st Feb., 2021] [arXiv, 2021] \\
+[[Paper](https://arxiv.org/abs/2102.00001)]
+
""",
    ),
    Case(
        "by title, badges of repositories, months, a badge that not all have",
        """\
1. [Bias of many a model](https://arxiv.org/abs/2001.00001) `2020-01` ![](https://img.shields.io/github/stars/x/w)
1. [Debiasing scans by hand](https://arxiv.org/abs/2501.00001) `2025-01` ![](https://img.shields.io/github/stars/x/y)
1. [Equal odds for all](https://arxiv.org/abs/2402.00001) `2024-02` ![hot](https://e.org/hot.svg)
1. [Gaps in chest films](https://arxiv.org/abs/2301.00001) `2023-01`
1. [Parity of groups](https://arxiv.org/abs/2201.00001) `2022-01`
""",
        """\
+1. [An equal chance for every group of patients](https://arxiv.org/abs/2102.00001) `2021-02`
+1. [Fair screening of chest x-rays?](https://arxiv.org/abs/2405.00001) `2024-05`
""",
    ),
    Case(
        "a table in HTML",
        """\
<table>
<tr><th>Title</th><th>Venue</th></tr>
<tr>
<td><a href="https://arxiv.org/abs/2501.00001">Debiasing scans &amp; films by hand</a></td>
<td>CVPR 2025</td>
</tr>
<tr>
<td><a href="https://arxiv.org/abs/2301.00001">Unfair gaps in chest films</a></td>
<td>NeurIPS 2023</td>
</tr>
</table>
""",
        """\
+<tr>
+<td><a href="https://arxiv.org/abs/2405.00001">Fair screening of chest x-rays?</a></td>
+<td>MICCAI 2024</td>
+</tr>
+<tr>
+<td><a href="https://arxiv.org/abs/2102.00001">An equal chance for every group of patients</a></td>
+<td>arXiv 2021</td>
+</tr>
""",
    ),
]


def document(entries: str) -> str:
    return f"# Awesome papers\n\nHello.  \n\n## Fairness\n\n{entries}\n## Other\n\nThe end"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_new_lines_look_like_their_neighbours(case: Case, put: Sync) -> None:
    text = document(case.entries)
    synced = put(text)
    diff = [line for line in added_lines(text, synced.text, "r") if line[:1] in "+-"][1:]
    assert "".join(diff).partition("\n")[2] == case.expected or "".join(diff) == case.expected
    assert [one.section for one in synced.added] == ["Awesome papers > Fairness"] * 2
    again = put(synced.text)
    assert again.text == synced.text
    assert len(again.there) == 2


def test_a_month_is_read_off_the_arxiv_id_where_no_day_is_known(put: Sync) -> None:
    text = document(next(case for case in CASES if "badges" in case.name).entries)
    synced = put(text, OLD | {"published": None})
    assert "2102.00001) `2021-02`\n1. [Bias" in synced.text


SMALL = document(CASES[0].entries)


@pytest.mark.parametrize(
    ("there", "how"),
    [
        ("<!-- no: 2405.00001 -->", "arxiv 2405.00001"),
        ("see https://doi.org/10.48550/arXiv.2405.00001v2", "arxiv 2405.00001"),
        ("fair **Screening** of\nchest X-rays", "its title"),
        (
            "* Fair screeening of chest x-rays [pdf](https://e.org/a.pdf), MICCAI 2024",
            "a title much",
        ),
    ],
)
def test_what_is_anywhere_in_the_file_is_left_alone(there: str, how: str, put: Sync) -> None:
    synced = put(f"{SMALL}\n\n{there}\n", NEW)
    assert (len(synced.added), len(synced.there)) == (0, 1)
    assert synced.there[0][1].startswith(how)


def test_where_papers_go(put: Sync) -> None:
    entries = [CASES[0].entries.replace(".0000", f".1{n}000") for n in range(5)]
    sections = ["Fairness", "Fairness in 2024", "Attacks", "Survey papers", "Datasets"]
    every = zip(sections, entries, strict=True)
    text = "# Medical\n" + "".join(f"\n## {name}\n\n{own}" for name, own in every)
    attack = NEW | {
        "paper_id": "a",
        "title": "An attack",
        "arxiv_id": "1",
        "trust": ["adversarial"],
    }
    survey = NEW | {"paper_id": "s", "title": "A survey", "arxiv_id": "2", "task": ["survey"]}
    other = NEW | {"paper_id": "o", "title": "Another", "arxiv_id": "3", "trust": ["unlearning"]}
    synced = put(text, NEW, OLD, attack, survey, other)
    found = {one.paper.paper_id: one.section for one in synced.added}
    assert found == {
        "mhnew": "Medical > Fairness in 2024",
        "mhold": "Medical > Fairness",
        "a": "Medical > Attacks",
        "s": "Medical > Survey papers",
    }
    assert [(one.paper.paper_id, one.why) for one in synced.unplaced] == [("o", "no section fits")]


def test_of_two_sections_that_fit_the_one_with_its_words(put: Sync) -> None:
    films = CASES[0].entries
    speech = films.replace("chest films", "speech").replace("1.00001", "2.00002")
    text = f"# List\n\n## Fairness of speech\n\n{speech}\n## Fairness of X\n\n{films}"
    synced = put(text, NEW | {"title": "Gaps in chest films again"})
    assert [one.section for one in synced.added] == ["List > Fairness of X"]


def test_a_map_and_a_new_section(put: Sync) -> None:
    given = {"fairness": None}
    assert put(SMALL, headings=given).added == ()
    synced = put(SMALL, headings=given, new_section="New & <odd>")
    assert synced.text.startswith(SMALL + "\n\n## New & \\<odd\\>\n\n- [Fair screening")
    assert not synced.text.endswith("\n")
    assert put(synced.text, headings=given, new_section="New & <odd>").text == synced.text
    mapped = put(SMALL.replace("Fairness", "Misc"), headings={"misc": "fairness"})
    assert len(mapped.added) == 2


def test_ends_of_lines_stay(put: Sync) -> None:
    text = SMALL.replace("\n", "\r\n")
    assert put(text).text == put(SMALL).text.replace("\n", "\r\n")


TITLES = st.text(st.characters(exclude_categories=["Cs", "Co"]), min_size=1, max_size=40)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(titles=st.lists(TITLES, min_size=1, max_size=3), case=st.sampled_from(CASES))
def test_lines_are_only_added_and_only_once(titles: list[str], case: Case, put: Sync) -> None:
    rows = [
        NEW | {"paper_id": f"mh{n}", "title": title, "arxiv_id": f"2405.1000{n}"}
        for n, title in enumerate(titles)
    ]
    text = document(case.entries)
    synced = put(text, *rows)
    list(added_lines(text, synced.text, "r"))  # raises where a line is gone
    assert put(synced.text, *rows).text == synced.text


@pytest.mark.parametrize("template", list(Template))
def test_our_own_lists_grow_as_they_are_written(template: Template, put: Sync) -> None:
    layout = Layout("Papers", template, {"fairness": "Fairness"}, as_of=date(2026, 11, 21))
    third = NEW | {"paper_id": "mh3", "title": "A third way to be fair", "arxiv_id": "2301.00003"}
    third |= {"published": date(2023, 1, 3), "year": 2023, "summary": "It is fair. Is it?"}
    fourth = third | {"paper_id": "mh4", "title": "A fourth way", "arxiv_id": "2301.00004"}
    whole = "".join(export(listed([NEW, OLD, third, fourth]), layout))
    part = "".join(export(listed([NEW, third, fourth]), layout))
    synced = put(part, NEW, OLD, third, fourth).text
    assert synced.split("## Fairness")[1] == whole.split("## Fairness")[1]


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no lists in {SHARED}: set MEDSAFE_SHARED_DATA")
def test_real_lists_only_grow(put: Sync) -> None:
    rows = [
        NEW
        | {
            "paper_id": topic,
            "title": f"A paper on {topic}",
            "arxiv_id": f"2405.0{n}",
            "trust": [topic],
        }
        for n, topic in enumerate(["fairness", "explainability", "uncertainty", "privacy"], 1000)
    ]
    added = 0
    for file in sorted(SHARED.glob("*.md")):
        if file.stat().st_size > 18_000:
            continue  # the others take seconds
        text = file.read_text(encoding="utf-8")
        synced = put(text, *rows)
        list(added_lines(text, synced.text, file.name))
        assert put(synced.text, *rows).text == synced.text, file.name
        added += len(synced.added)
    assert added > 1


def test_a_doubled_mark_of_one_item_is_no_style_to_follow(put: Sync) -> None:
    text = (
        "## Fairness\n\n"
        "- - Equal Scans for All. [[paper]](https://arxiv.org/abs/2501.00001)\n"
        "  - Ann Lee. Key word: scans.\n"
    )
    (new,) = set(put(text, NEW).text.split("\n")) - set(text.split("\n"))
    assert new.startswith("- Fair screening of chest x-rays?")


def test_a_heading_over_conferences_is_no_venue_of_a_repository(put: Sync) -> None:
    text = (
        "## Fairness\n\nAwesome Fair Learning [[GitHub]](https://github.com/ada/awesome)\n\n"
        "**Conference**\n\n- Equal Scans for All [[MICCAI2023]](https://arxiv.org/abs/2301.00001)\n"
    )
    longer = NEW | {"paper_id": "mhlong", "venue": "The Web Conference", "arxiv_id": "2405.00002",
                    "title": "Equal error rates for all wards of a hospital"}  # fmt: skip
    assert set(put(text, NEW, longer).text.split("\n")) - set(text.split("\n")) == {
        "- Fair screening of chest x-rays? [[MICCAI2024]](https://arxiv.org/abs/2405.00001)",
        f"- {longer['title']} [[The Web Conference 2024]](https://arxiv.org/abs/2405.00002)",
    }
