"""Lists of all shapes, written for the test: what each entry must be."""

from __future__ import annotations

import time
from typing import Any

import pytest

from medsafe_harvest.lists import Entry, read

ABS = "https://arxiv.org/abs/"
CODE = "https://github.com/doe/code"


def entries(text: str, name: str = "README.md") -> tuple[Entry, ...]:
    return read(text, name=name).entries


SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "title then labels": (
        f"- [MICCAI 2021] Deep Maps of Hearts [[pdf]]({ABS}2101.00001) [[code]]({CODE}/tree/x)",
        {"title": "Deep Maps of Hearts", "year": 2021, "venue": "MICCAI",
         "arxiv_id": "2101.00001", "code": (CODE,)},
    ),
    "the link is the title": (
        f"[Why Should We Trust It?]({ABS}2101.00001), IEEE Access 2020",
        {"title": "Why Should We Trust It?", "year": 2020, "venue": "IEEE Access"},
    ),
    "the venue is the label": (
        f"- Concrete Trees [[NeurIPS2017]](<{ABS}1705.00001>) - [[PyTorch]](<{CODE}>)",
        {"title": "Concrete Trees", "year": 2017, "venue": "NeurIPS", "code": (CODE,)},
    ),
    "bold title in a paragraph": (
        (f"**A Model of Lungs.** [5th Nov., 2021] [TMI, 2022]<br>\n*Jane Doe, Wu Li.*<br>\n"
        f"[[PDF]({ABS}2111.00001)] [[Github]({CODE})]"),
        {"title": "A Model of Lungs", "year": 2022, "venue": "TMI", "code": (CODE,)},
    ),
    "short name in bold, then the title": (
        f"* [**Nature Medicine, 2024**] **LungGPT**: A Model of Lungs. [paper]({ABS}2401.00001)",
        {"title": "LungGPT: A Model of Lungs", "year": 2024, "venue": "Nature Medicine"},
    ),
    "short name in the link, then the title": (
        f"- [LungGPT]({ABS}2401.00001): Towards a Model of Lungs",
        {"title": "LungGPT: Towards a Model of Lungs"},
    ),
    "bold link, then authors and place": (
        ("- **[A model of lungs](https://doi.org/10.1056/AIoa1)**<br/>Doe J et al. · *NEJM AI* · "
        "2026-06-17 🔬"),
        {"title": "A model of lungs", "year": 2026, "venue": "NEJM AI", "doi": "10.1056/aioa1"},
    ),
    "details in nested items": (
        (f"- A Model of Lungs.\n  [[pdf]]({ABS}2101.00001)\n  - Jane Doe and Wu Li. *ICML 2021*\n"
        "  - Key Word: Lungs; Models."),
        {"title": "A Model of Lungs", "year": 2021, "venue": "ICML"},
    ),
    "links in nested items": (
        f"- A Model of Lungs, ICML 2021\n  - [paper]({ABS}2101.00001)\n  - [code]({CODE})",
        {"title": "A Model of Lungs", "arxiv_id": "2101.00001", "code": (CODE,), "year": 2021},
    ),
    "date in the link's words": (
        f"[(*) Fair Models of Lungs. CVPR 2020. 2020-04-18]({ABS}2004.00001)",
        {"title": "Fair Models of Lungs", "year": 2020, "venue": "CVPR"},
    ),
    "a table": (
        (f"| Year | Venue | Title | Code |\n|--|--|--|--|\n"
        f"| 2021 | CVPR | [A Model of Lungs]({ABS}2101.00001) | [link]({CODE}) |"),
        {"title": "A Model of Lungs", "year": 2021, "venue": "CVPR", "code": (CODE,), "line": 3},
    ),
    "a table without links": (
        "| Title | Team | Venue and Year |\n|-|-|-|\n| A Model of Lungs | MIT | NeurIPS 2020 |",
        {"title": "A Model of Lungs", "year": 2020, "venue": "NeurIPS", "url": None},
    ),
    "a table whose dashes are too few": (
        f"|No.|paper|会议/期刊|\n|--|--|\n|1|A Model of Lungs.[[paper]({ABS}2101.00001)]|TMI 2024|",
        {"title": "A Model of Lungs", "year": 2024, "venue": "TMI"},
    ),
    "an HTML table with a cell over two rows": (
        ("<table><tr><td>Years</td><td>Title</td></tr>\n<tr><td rowspan=2>"
        '<a href="https://papers.nips.cc/paper/2017">NeurIPS 2017</a></td><td></td></tr>\n'
        f'<tr><td><a href="{ABS}1705.00001">A Model of Lungs</a></td></tr></table>'),
        {"title": "A Model of Lungs", "year": 2017, "venue": "NeurIPS", "line": 3},
    ),
    "a heading with the link": (
        f"### [A Model of Lungs]({ABS}2101.00001)\n*Jane Doe, Wu Li*\n\nICML 2021 [code]({CODE})",
        {"title": "A Model of Lungs", "year": 2021, "venue": "ICML", "code": (CODE,),
         "headings": ()},
    ),
    "a heading, then labels": (
        f"# Lungs\n### A Model of Human Lungs\n[Paper]({ABS}2101.00001) | [Code]({CODE})",
        {"title": "A Model of Human Lungs", "headings": ("Lungs",), "code": (CODE,)},
    ),
    "a reference in Vancouver style": (
        "1. Doe J, Li W. A model of lungs of mice. J Med Internet Res. 2020;12:3. PMID: 3123456",
        {"title": "A model of lungs of mice", "year": 2020, "venue": "J Med Internet Res",
         "pmid": "3123456"},
    ),
    "a reference in APA style": (
        ("- Doe, J., & Li, W. (2020). Deep models of lungs: a review. *Nature Medicine*, 12, 3-4. "
        "https://doi.org/10.1038/s1"),
        {"title": "Deep models of lungs: a review", "year": 2020, "venue": "Nature Medicine",
         "doi": "10.1038/s1"},
    ),
    "a reference with quotes": (
        '[1] J. Doe, W. Li, "A great model of lungs," in *CVPR*, 2021.',
        {"title": "A great model of lungs", "venue": "CVPR"},
    ),
    "only an address": (f"- {ABS}2305.00001", {"title": None, "arxiv_id": "2305.00001"}),
    "only an id in the text": (
        "- A Model of Lungs, arXiv:2304.00001", {"title": "A Model of Lungs", "url": None,
                                                 "arxiv_id": "2304.00001"},
    ),
    "brackets by a slip of the pen": (
        f"- A Model of Lungs [paper](({ABS}2305.00001))", {"url": f"{ABS}2305.00001"},
    ),
    "year and venue from the headings": (
        f"## 2025\n#### IJCAI\n- A Model of Lungs. [[PUB]({ABS}2501.00001)]",
        {"year": 2025, "venue": "IJCAI", "headings": ("2025", "IJCAI")},
    ),
    "code without a paper, but a title and a place": (
        f"- [A Model of Human Lungs]({CODE}) (ICML 2020)",
        {"title": "A Model of Human Lungs", "code": (CODE,), "url": CODE},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), SHAPES.values(), ids=SHAPES.keys())
def test_every_shape_gives_its_entry(text: str, wanted: dict[str, Any]) -> None:
    (entry,) = entries(text)
    assert {key: getattr(entry, key) for key in wanted} == wanted


def test_lines_are_those_of_the_file() -> None:
    text = (
        f"# A\n\n<div>\n\n- One Model of Lungs [p]({ABS}2101.00001)\n\n</div>\r\n\n"
        f"**Two Models of Lungs** \\\nDoe \\\n[[Paper]({ABS}2101.00002)]\n"
    )
    assert [entry.line for entry in entries(text)] == [5, 9]


def test_two_papers_in_one_cell_or_paragraph() -> None:
    cell = (
        f"[PH]({ABS}2405.00001): A Health Model <br> "
        f"[PI]({ABS}2406.00002) Making Data Useful to All"
    )
    found = entries(f"| Title | Date |\n|-|-|\n| {cell} | 2024-05 |")
    assert [(one.title, one.arxiv_id, one.year) for one in found] == [
        ("PH: A Health Model", "2405.00001", 2024),
        ("PI Making Data Useful to All", "2406.00002", 2024),
    ]


def test_a_second_identifier_is_an_entry_of_its_own() -> None:
    text = "- Some Model [PUB](https://doi.org/10.1038/x) [PDF](https://doi.org/10.1101/y)"
    first, second = entries(text)
    assert (first.doi, first.title) == ("10.1038/x", "Some Model")
    assert (second.doi, second.title, second.line) == ("10.1101/y", "Some Model", 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"- [Fairtool]({CODE}): fairness in machine learning", "repository"),
        ("- [A long talk about many lungs](https://youtu.be/1)", "media"),
        (f"We have updated our [survey]({ABS}2311.00001). Please check it out!", "prose"),
        ("- [Drugs of the world](https://drugs.org/)", "no_paper"),
        (f"```\n@misc{{x, url={{{ABS}2311.00001}}}}\n```", "code_block"),
    ],
)
def test_what_is_no_paper_is_counted_with_its_reason(text: str, reason: str) -> None:
    reading = read(text, name="README.md")
    assert reading.entries == ()
    assert reading.why_left_out() == {reason: 1}


def test_contents_licence_and_prose_are_nothing() -> None:
    text = "# List\n- [Papers](#papers)\n\nA curated list of lungs.\n\n## License\nMIT, 2021\n"
    reading = read(text, name="README.md")
    assert (reading.entries, reading.left_out) == ((), ())


@pytest.mark.parametrize("unit", ["[", "*a", "![", "- a b c d\n", "| a ", "<td>", "Doe J, "])
def test_time_grows_with_the_text_not_with_its_square(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        start = time.process_time()
        read(text, name="README.md")
        return time.process_time() - start

    assert seconds(8_000) < 10 * seconds(2_000) + 0.3


def test_a_title_on_a_line_of_its_own_begins_the_next_paper() -> None:
    text = (
        f"One Model of Lungs\n[[arXiv]({ABS}2102.00001)]\nTwo Models of Lungs\n"
        f"[[arXiv]({ABS}2102.00002)]"
    )
    assert [(one.title, one.line) for one in entries(text)] == [
        ("One Model of Lungs", 1),
        ("Two Models of Lungs", 3),
    ]
