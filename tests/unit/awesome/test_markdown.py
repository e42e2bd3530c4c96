"""Escapes and anchors, judged by a parser of Markdown and by what GitHub does."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from medsafe_harvest.awesome.markdown import Anchors, inline, link, target
from medsafe_harvest.outgoing import plain

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ODD = st.text(st.sampled_from("ab1 .)#+-=*_`[]()<>|\\~$&;!:/\"'éß陳\n\U0001f600"), max_size=30)


def shown(html: str) -> str:
    return " ".join(unescape(re.sub(r"<!--.*?-->|<[^<>]*>", "", html)).split())


@given(st.one_of(ODD, st.text(max_size=40)))
def test_a_text_is_shown_as_it_is_everywhere(text: str) -> None:
    said, written = plain(text), inline(text)
    assert shown(PARSER.render(f"- {written}")) == said
    assert shown(PARSER.render(f"- **{link(written or 'x', 'https://e.org/a')}**")) == (said or "x")
    row = PARSER.render(f"| a | b |\n| --- | --- |\n| {written} | x |\n")
    assert re.findall(r"<td>(.*?)</td>", row)[1:] == ["x"]
    assert shown(re.findall(r"<td>(.*?)</td>", row)[0]) == said


@given(st.lists(ODD, max_size=4))
def test_nothing_is_markup(texts: list[str]) -> None:
    tags = re.findall(r"<(?!!--)/?(\w+)", PARSER.render("- " + " x ".join(map(inline, texts))))
    assert set(tags) <= {"ul", "li"}


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Federated learning", "federated-learning"),
        ("Backdoors & poisoning", "backdoors--poisoning"),
        ("Model IP (2026): C++, e_g.", "model-ip-2026-c-e_g"),
        ("Röntgen 陳", "röntgen-陳"),
        ("Privacy", "privacy"),
        ("Privacy", "privacy-1"),
        ("Privacy 1", "privacy-1-1"),
        ("Privacy", "privacy-2"),
    ],
)
def test_anchors_are_those_of_github(heading: str, anchor: str) -> None:
    anchors = Anchors()
    before = {"privacy-1": 1, "privacy-1-1": 2, "privacy-2": 3}.get(anchor, 0)
    for earlier in ["Privacy", "Privacy", "Privacy 1"][:before]:
        anchors.of(earlier)
    assert anchors.of(heading) == anchor


def test_an_address_ends_no_link_and_no_cell() -> None:
    assert target("https://e.org/a(1)|b") == "https://e.org/a%281%29%7Cb"
    assert link("x", None) == "x"
