"""Feeds: valid whatever the text, the same bytes for the same papers, lasting ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from medsafe_harvest import feeds
from medsafe_harvest.outgoing import web
from tests.unit.shown_papers import ROWS, author, link, paper, table

GOLDEN = Path(__file__).parents[2] / "golden/feeds"
SCHEMAS = {
    f".{kind}": etree.RelaxNG(etree.parse(Path(__file__).with_name(f"{kind}.rng")))
    for kind in ("atom", "rss")
}
TOPICS = {"privacy": "trust", "ct": "modality"}
QUERIES = {"unlearning": "Models that forget a patient & <remain> useful."}


def built(*rows: dict[str, Any], **options: Any) -> dict[str, bytes]:
    return feeds.build(table(*rows), TOPICS, QUERIES, **options)


def parsed(content: bytes) -> Any:
    found = feedparser.parse(content)
    assert not found.bozo, found.bozo_exception
    return found


def assert_valid(files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        document = etree.fromstring(content)
        if schema := SCHEMAS.get(Path(name).suffix):
            assert schema.validate(document), f"{name}: {schema.error_log}"
            parsed(content)


def test_the_feeds_are_these_bytes() -> None:
    files = built(*ROWS, base_url="https://example.org/feeds/")
    assert list(files) == [
        f"{stem}.{kind}"
        for stem in ("all", "relevant", "topics/privacy", "topics/ct", "queries/unlearning")
        for kind in ("atom", "rss")
    ] + ["feeds.opml"]
    for name in ("all.atom", "all.rss", "feeds.opml"):
        # To write them anew: set the bytes, and read the difference.
        assert files[name] == (GOLDEN / name).read_bytes(), name
    assert files == built(*reversed(ROWS), base_url="https://example.org/feeds")


@pytest.mark.parametrize(
    "options",
    [{}, {"base_url": "https://a.org/f"}, {"paper_page": "https://a.org/papers/{paper_id}.html"}],
    ids=lambda options: next(iter(options), "none"),
)
def test_every_feed_is_valid(options: dict[str, str]) -> None:
    files = built(*ROWS, **options)
    assert len(files) == 10 + ("base_url" in options)
    assert_valid(files)


@pytest.mark.parametrize(
    ("good", "bad"),
    [("https://", "javascript:"), ("2026", "year"), ("title>", "headline>"), ("Bare", " ")],
)
@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_schemas_refuse_what_is_wrong(kind: str, good: str, bad: str) -> None:
    content = built(*ROWS)[f"all{kind}"].decode()
    assert not SCHEMAS[kind].validate(etree.fromstring(content.replace(good, bad).encode()))


def test_members_and_order() -> None:
    files = built(
        paper("mhc", title="old", first_seen=date(2026, 1, 1), published=date(2026, 1, 1)),
        paper("mhb", title="year only"),
        paper("mha", title="same, smaller id"),
        paper("mhd", title="dated", published=date(2020, 1, 1), topics=["ct"], trust=["privacy"]),
        paper("mhe", title="withdrawn", withdrawn=True, topics=["ct"]),
        paper("mhf", title="not medical", medical=False, trust=["privacy"], queries=["unlearning"]),
    )

    def titles(name: str) -> list[str]:
        return [entry.title for entry in parsed(files[name]).entries]

    order = ["dated", "same, smaller id", "year only", "not medical", "old"]
    assert titles("all.atom") == titles("all.rss") == order
    assert titles("topics/ct.rss") == titles("relevant.atom") == ["dated"]
    assert titles("queries/unlearning.atom") == ["not medical"]
    assert titles("topics/privacy.atom") == []
    limited = built(*(paper(f"mh{number}") for number in range(9)), limit=3)
    assert len(parsed(limited["all.atom"]).entries) == 3


def test_an_entry_says_all_and_keeps_its_id() -> None:
    files = built(*ROWS, paper_page="https://a.org/p/{paper_id}.html")
    for name in ("all.atom", "all.rss"):
        (entry,) = [one for one in parsed(files[name]).entries if one.id.endswith("/mhplain")]
        assert entry.id == "tag:medsafe-harvest.github.io,2026:paper/mhplain"
        assert entry.title == ROWS[0]["title"]
        assert entry.link == "https://a.org/p/mhplain.html"
        assert [one.term for one in entry.tags] == ["privacy", "unlearning"]
        day = entry.published_parsed
        assert (day.tm_year, day.tm_mon, day.tm_mday) == (2026, 11, 20)
        content = entry.content[0].value if "content" in entry else entry.description
        for words in ("Zoë Müller", "陳大文", "MICCAI, 2026-11-18", "zoe/unlearn", "We unlearn."):
            assert words in content
        assert "else/where" not in content
    related = etree.fromstring(files["all.atom"]).findall(".//{*}link[@rel='related']")
    assert [one.get("href") for one in related if "10.1000" in (one.get("href") or "")] == [
        "https://doi.org/10.1000/ab%3Cc%3E(1)"
    ]


def test_no_text_is_taken_for_markup() -> None:
    files = built(*ROWS)
    entries = etree.fromstring(files["all.atom"]).findall("{*}entry")
    (hostile,) = [one for one in entries if "mhhostile" in (one.findtext("{*}id") or "")]
    tree = html.fragment_fromstring(hostile.findtext("{*}content") or "", create_parent="div")
    assert {node.tag for node in tree.iter()} == {"div", "p"}
    assert "<img src=" in tree.text_content()


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_any_text_gives_a_valid_feed(one: str, two: str, three: str) -> None:
    words = [text.encode("utf-8", "ignore").decode() for text in (one, two, three)]
    row = paper(
        title=words[0],
        abstract=words[1],
        authors=[author(words[2])],
        venue=words[1],
        url=f"https://a.org/{words[0]}",
        doi=words[2],
        links=[link(f"https://b.org/?{words[1]}")],
    )
    assert_valid(feeds.build(table(row), {}, {}))


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("https://a.org/x", "https://a.org/x"),
        (" HTTPS://a.org/é?q=1%2B1&r=%", "HTTPS://a.org/%C3%A9?q=1%2B1&r=%25"),
        ("https://a.org/[1]", "https://a.org/%5B1%5D"),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses(given_: str | None, kept: str | None) -> None:
    assert web(given_) == kept
