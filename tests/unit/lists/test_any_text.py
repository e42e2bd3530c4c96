"""Nothing is raised, whatever a text holds, and what comes out is what the JSON promises."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.errors import ListError
from medsafe_harvest.lists import decode, read

PIECES = [
    *"[]()<>|*`\\$",
    *("**", "```\n", "\n", "\n\n", "- ", "# ", "> ", "1. ", "| a | b |\n|-|-|\n", "<br>", "<!--"),
    *("<table>", "<tr>", "<td rowspan=9>", "</td>", "<li>", "<ul>", "<script>", "<h2>"),
    *("<p class=title>", "<a href='", "'>", "https://arxiv.org/abs/2101.00001", "https://"),
    *("Title,DOI\n", "Title\tYear\n", '"', "\t", "=" * 9, "=== "),
    *("http://[", "doi:10.1/a", "10.1000/", "arXiv:", "ICML 2021", "A Model of Lungs", "et al."),
    *("Doe J, Li W.", "\x00", "\ud800", "\u202e", "漢字の題名です", "🔥", "&amp;", "&#0;", "$x^2$"),
]
TEXTS = st.one_of(
    st.text(), st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    st.lists(st.one_of(st.text(max_size=5), st.sampled_from(PIECES)), max_size=60).map(" ".join),
)  # fmt: skip


NAMES = ["a.md", "a.html", "https://x.org/a?b", "", "a.csv", "a.org", "a.rst", "a.adoc"]


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.sampled_from(NAMES))
def test_any_text_is_read(text: str, name: str) -> None:
    reading = read(text, name=name)
    assert reading == read(text, name=name)
    for entry in reading.entries:
        assert entry.title or entry.identified
        assert 1 <= entry.line <= max(1, text.count("\n") + text.count("\r") + 1)
        json.dumps(entry.plain()).encode()


def test_a_cell_may_be_as_long_as_the_list() -> None:
    text = f'Title,DOI\n"{"lung " * 40_000}",10.1/a\nA Model of Lungs,10.1000/b\n'
    assert read(text, name="a.csv").entries[-1].doi == "10.1000/b"


@given(st.binary())
def test_any_file_is_decoded_or_named_no_text(body: bytes) -> None:
    try:
        assert isinstance(decode(body), str)
    except ListError:
        assert b"\x00" in body or body.startswith((b"%PDF", b"PK", b"\x1f\x8b"))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("é".encode(), "é"),
        ("\ufeffé".encode(), "é"),
        ("é".encode("utf-16"), "é"),
        ("é".encode("cp1252"), "é"),
        (b'<meta charset="koi8-r">\xc2', '<meta charset="koi8-r">\u0431'),
    ],
)
def test_encodings(body: bytes, text: str) -> None:
    assert decode(body) == text
