"""What the words around a link say of it; each row of tests/golden/links.jsonl is a test."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.normalize.code_links import find_code_links
from medsafe_harvest.normalize.links import Link, find_links, unite

GOLDEN = Path(__file__).parents[2] / "golden/links.jsonl"
ROWS = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
TEXTS = st.lists(
    st.sampled_from(
        [
            "Our code is at ", "built on ", "available ", "https://github.com/", "x/y", "...", ". ",
            "\\url{", "}", "https://huggingface.co/datasets/a/b", "10.5281/zenodo.123", "\n", "(",
        ]
    )
    | st.text(max_size=5)
).map("".join)  # fmt: skip
LINKS = st.builds(
    Link,
    st.sampled_from(["https://github.com/a/b", "https://github.com/c/d"]),
    st.sampled_from(["repository", "dataset"]),
    st.sampled_from([True, False, None]),
    st.sampled_from(["our code", "built on", None]),
    st.booleans(),
)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in ROWS])
def test_a_link_is_what_the_words_say(row: dict[str, Any]) -> None:
    [link] = find_links(row["text"])
    assert link[:3] == (row["url"], row["kind"], row["own"])
    assert link.looks_dead == row["dead"]
    assert (link.said is None) == (row["own"] is None)
    assert link.said is None or link.said in row["text"]


@pytest.mark.parametrize(
    "text", ["Code is on GitHub.", "https://github.com/owner", "https://arxiv.org/abs/1", ""]
)
def test_what_names_nothing_is_no_link(text: str) -> None:
    assert find_links(text) == []


@given(TEXTS)
def test_every_flat_link_is_among_them_and_found_again(text: str) -> None:
    links = find_links(text)
    urls = [link.url for link in links]
    assert urls == sorted(set(urls))
    assert set(find_code_links(text)) <= set(urls)
    for url in urls:
        assert url in [link.url for link in find_links(url)]


@given(st.lists(LINKS, max_size=4))
def test_claims_unite_in_any_order(links: list[Link]) -> None:
    united = unite(links)
    assert unite(united) == united
    assert all(unite(some) == united for some in itertools.permutations(links))
    for link in united:
        same = [one for one in links if one.url == link.url]
        assert link.own is (True in {one.own for one in same} or link.own)
        assert link.looks_dead == all(one.looks_dead for one in same)
