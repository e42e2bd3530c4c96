"""The latest word of each door, whatever the order in which pages are read."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest import checkpoint
from medsafe_harvest.collect import Collected
from medsafe_harvest.config import load_config
from medsafe_harvest.fetch.attempt import Run
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.sources.base import Page, Window, Wish

CONFIG = load_config(Path(__file__).parents[2] / "config")
BEGIN = datetime(2025, 6, 1, 5, tzinfo=UTC)
WINDOW = Window(date(2025, 1, 1), date(2025, 1, 31))


@dataclass(frozen=True)
class Answer:
    """One page that Semantic Scholar gave, on a night, to a seed query or to a wish."""

    night: int
    query: str
    papers: tuple[Any, ...]
    wish: tuple[str, ...] = ()


def paper(corpus: int, title: str, **more: object) -> dict[str, object]:
    named = {"paperId": f"{corpus:040x}", "corpusId": corpus, "title": title}
    return {**named, "publicationDate": "2025-01-10", **more}


def keep(folder: Path, answers: list[Answer]) -> RawStore:
    store = RawStore(folder, version="1")
    for number, answer in enumerate(answers):
        now = BEGIN + timedelta(days=answer.night, seconds=number)
        if answer.wish:
            door, query = "semantic_scholar_batch", Wish(answer.wish).id
            body: object = list(answer.papers)
        else:
            door, query = "semantic_scholar", answer.query
            body = {"total": len(answer.papers), "data": list(answer.papers)}
        attempt = store.attempt(door, query, "digest", WINDOW, Run.starting(now))
        sent = json.dumps({"ids": answer.wish}) if answer.wish else ""
        page = Page(200, {"content-type": "application/json"}, json.dumps(body).encode(), "", sent)
        attempt.keep("http://x", page, now)
    return store


def collected(store: RawStore, order: list[int] | None = None) -> Collected:
    result = Collected(CONFIG)
    seals = store.seals()
    for number in order or range(len(seals)):
        result.add(store, [seals[number]])
    return result


answers = st.builds(
    Answer,
    night=st.integers(0, 3),
    query=st.sampled_from(["one", "two"]),
    papers=st.lists(
        st.builds(paper, st.integers(1, 3), st.sampled_from(["A title", "Another title"])),
        min_size=1,
        max_size=2,
        unique_by=lambda one: one["corpusId"],
    ).map(tuple),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(answers, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_in_which_pages_are_read_does_not_count(
    tmp_path_factory: pytest.TempPathFactory, asked: list[Answer], rng: random.Random
) -> None:
    store = keep(tmp_path_factory.mktemp("raw"), asked)
    order = list(range(len(asked)))
    rng.shuffle(order)
    at_once = Collected(CONFIG)
    at_once.add(store, store.seals())
    piecemeal = collected(store, order)
    assert piecemeal.entries() == at_once.entries()
    assert (piecemeal.pages, piecemeal.rejected) == (at_once.pages, at_once.rejected)


def test_a_paper_has_the_days_and_queries_that_found_it_and_the_latest_words(
    tmp_path: Path,
) -> None:
    store = keep(
        tmp_path,
        [
            Answer(0, "one", (paper(1, "Old"), paper(2, "Other"))),
            Answer(2, "two", (paper(1, "New"),)),
        ],
    )
    entries = collected(store).entries()
    first = entries["semantic_scholar", "1"]
    assert first.record.title == "New"
    assert first.seen.queries == ("one", "two")
    assert (first.seen.first_seen, first.seen.last_seen) == (date(2025, 6, 1), date(2025, 6, 3))


def test_a_page_from_a_clock_that_was_ahead_does_not_win(tmp_path: Path) -> None:
    store = keep(
        tmp_path,
        [
            Answer(400, "one", (paper(1, "A year ahead", citationCount=5),)),
            Answer(1, "one", (paper(1, "The clock was set", citationCount=9),)),
        ],
    )
    [entry] = collected(store).entries().values()
    assert entry.record.citation_count == 9


def test_a_summary_that_only_the_lookup_gives_outlives_the_next_search(tmp_path: Path) -> None:
    summary = {"tldr": {"model": "m", "text": "In short."}}
    store = keep(
        tmp_path,
        [
            Answer(0, "one", (paper(1, "Old"),)),
            Answer(1, "", (paper(1, "Middle", **summary),), ("CorpusId:1",)),
            Answer(2, "one", (paper(1, "New", citationCount=3),)),
        ],
    )
    [entry] = collected(store).entries().values()
    assert (entry.record.title, entry.record.tldr) == ("New", "In short.")
    assert entry.record.citation_count == 3
    assert entry.seen.doors == ()


def test_a_paper_that_was_united_with_another_goes_on_under_its_new_id(tmp_path: Path) -> None:
    store = keep(
        tmp_path,
        [
            Answer(0, "one", (paper(1, "A paper"),)),
            Answer(3, "", (paper(9, "A paper"),), ("CorpusId:1",)),
        ],
    )
    entries = collected(store).entries()
    assert list(entries) == [("semantic_scholar", "9")]
    seen = entries["semantic_scholar", "9"].seen
    assert seen.former_ids == ("semantic_scholar:1",)
    assert (seen.queries, seen.first_seen) == (("one",), date(2025, 6, 1))


@pytest.mark.parametrize(
    ("nights", "former"),
    [
        ({1: 0, 9: 1}, "1"),
        ({1: 1, 9: 0}, "91"),
        ({1: 0, 9: 0}, "1"),
        ({1: 2, 2: 0, 9: 3}, "21"),
        ({1: 2, 2: 1, 9: 0}, "921"),
    ],
)
def test_the_oldest_name_comes_first_be_it_that_of_today(
    tmp_path: Path, nights: dict[int, int], former: str
) -> None:
    found = [Answer(night, "one", (paper(name, "A paper"),)) for name, night in nights.items()]
    united = [
        Answer(4, "", (paper(9, "A paper"),), (f"CorpusId:{name}",)) for name in nights if name != 9
    ]
    [entry] = collected(keep(tmp_path, found + united)).entries().values()
    assert entry.seen.former_ids == tuple(f"semantic_scholar:{name}" for name in former)


def test_a_paper_that_is_gone_stays_and_says_so_until_it_is_back(tmp_path: Path) -> None:
    once = [
        Answer(0, "one", (paper(1, "A paper"),)),
        Answer(3, "", (None,), ("CorpusId:1",)),
    ]
    [entry] = collected(keep(tmp_path / "once", once)).entries().values()
    assert entry.seen.gone is None
    gone = [*once, Answer(5, "", (None,), ("CorpusId:1",))]
    [entry] = collected(keep(tmp_path / "gone", gone)).entries().values()
    assert entry.seen.gone == date(2025, 6, 4)
    back = keep(tmp_path / "back", [*gone, Answer(6, "one", (paper(1, "A paper"),))])
    [entry] = collected(back).entries().values()
    assert entry.seen.gone is None


def test_what_a_window_no_longer_lists_is_named(tmp_path: Path) -> None:
    store = keep(
        tmp_path,
        [
            Answer(0, "one", (paper(1, "Stays"), paper(2, "Leaves"))),
            Answer(5, "one", (paper(1, "Stays"),)),
        ],
    )
    later = BEGIN + timedelta(days=5)
    window = WindowRecord(
        source="semantic_scholar",
        query="one",
        query_digest="digest",
        window=WINDOW,
        outcome="complete",
        began_at=later,
        finished_at=later,
    )
    assert collected(store).lost([window]) == [(("semantic_scholar", "2"), "one")]


def test_an_error_page_is_counted_and_a_door_of_another_version_too(tmp_path: Path) -> None:
    store = keep(tmp_path, [Answer(0, "one", (paper(1, "A"),))])
    run = Run.starting(BEGIN)
    store.attempt("semantic_scholar", "one", "d", WINDOW, run).keep(
        "http://x", Page(503, {}, b"down"), BEGIN
    )
    store.attempt("elsewhere", "one", "d", WINDOW, run).keep(
        "http://x", Page(200, {}, b"{}"), BEGIN
    )
    result = collected(store)
    assert result.pages == 3
    assert result.rejected == {"unavailable": 1, "unknown_source": 1}


def feed_page(numbers: list[int]) -> Page:
    """A page of arXiv's OAI-PMH with these papers."""
    entries = "".join(
        f"<record><header><identifier>oai:arXiv.org:2501.{n:05d}</identifier></header><metadata>"
        "<arXivRaw xmlns='http://arxiv.org/OAI/arXivRaw/'>"
        f"<id>2501.{n:05d}</id><version version='v1'><date>Mon, 06 Jan 2025 14:57:58 GMT</date>"
        "</version><title>A title</title><authors>A. B</authors><categories>cs.LG</categories>"
        "<license>http://creativecommons.org/licenses/by/4.0/</license></arXivRaw>"
        "</metadata></record>"
        for n in numbers
    )
    body = (
        "<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'>"
        f"<ListRecords>{entries}</ListRecords></OAI-PMH>"
    )
    return Page(200, {"content-type": "text/xml"}, body.encode())


def search_page(number: int) -> Page:
    """A page of arXiv's search with one paper."""
    body = (
        "<feed xmlns='http://www.w3.org/2005/Atom' "
        "xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'>"
        "<opensearch:totalResults>1</opensearch:totalResults>"
        "<opensearch:startIndex>0</opensearch:startIndex><entry>"
        f"<id>http://arxiv.org/abs/2501.{number:05d}v1</id><title>A title</title>"
        "<author><name>A. B</name></author></entry></feed>"
    )
    return Page(200, {"content-type": "application/atom+xml"}, body.encode())


def test_what_is_kept_between_runs_is_little_and_says_when_it_lacks_something(
    tmp_path: Path,
) -> None:
    store = RawStore(tmp_path / "raw", version="1")
    window = Window(date(2025, 6, 1), date(2025, 6, 1))
    for days, door, query, page in (
        (0, "arxiv_oai_raw", "_cs", feed_page([1, 2])),
        (40, "arxiv_oai_raw", "_cs", feed_page([3])),
        (40, "arxiv", "one", search_page(3)),
    ):
        now = BEGIN + timedelta(days=days)
        store.attempt(door, query, "d", window, Run.starting(now)).keep("http://x", page, now)
    cache, now = tmp_path / "cache", BEGIN + timedelta(days=40)
    assert not checkpoint.load(cache, store, CONFIG).names
    first = Collected(CONFIG)
    first.add(store, store.seals())
    checkpoint.save(cache, first, CONFIG, now)
    again = checkpoint.load(cache, store, CONFIG)
    assert again.entries() == first.entries()
    assert again.names == {seal.name for seal in store.seals()}
    # A paper that only a feed told of, long ago, is found by a seed query after all.
    late = store.attempt("arxiv", "two", "d", window, Run.starting(now))
    late.keep("http://y", search_page(2), now)
    for kept, lacks in ((first, False), (again, True)):
        kept.add(store, [seal for seal in store.seals() if seal.name not in kept.names])
        assert kept.lacks_something == lacks
    assert first.entries()["arxiv", "2501.00002"].record.licence is not None


def test_a_kept_state_counts_only_for_the_same_code_doors_and_pages(tmp_path: Path) -> None:
    store = keep(tmp_path / "raw", [Answer(0, "one", (paper(1, "A"),))])
    cache = tmp_path / "cache"
    checkpoint.save(cache, collected(store), CONFIG, BEGIN)
    other = CONFIG.with_sources({"arxiv": {"page_size": 7}})
    assert checkpoint.load(cache, store, CONFIG).names
    assert not checkpoint.load(cache, store, other).names
    assert not checkpoint.load(cache, RawStore(tmp_path / "empty", version="1"), CONFIG).names
    [file] = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert not checkpoint.load(cache, store, CONFIG).names
