from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Generator
from datetime import date
from pathlib import Path
from typing import TypeAlias
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.errors import (
    FetchError,
    ForbiddenError,
    MalformedPageError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from medsafe_harvest.sources.arxiv_rss import ArxivRss
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    Page,
    PageContent,
    Request,
    SourceRecord,
    Subject,
    Window,
)
from medsafe_harvest.sources.query import Query, parse_text

TODAY = Window(date(2024, 1, 2), date(2024, 1, 2))


def item(
    name: str = "oai:arXiv.org:2401.00001v2",
    title: str = "A title",
    more: str = "",
    abstract: str = "An abstract.",
) -> str:
    words = escape(f"arXiv:2401.00001v2 Announce Type: replace \nAbstract: {abstract}")
    return (
        f"<item><title>{escape(title)}</title><link>https://arxiv.org/abs/2401.00001</link>"
        f'<description>{words}</description><guid isPermaLink="false">{name}</guid>'
        f"<category>cs.LG</category><category>stat.ML</category>{more}"
        "<pubDate>Tue, 02 Jan 2024 00:00:00 -0500</pubDate>"
        "<dc:creator>Jane Doe (Here, There), Li Wei</dc:creator></item>"
    )


def feed(*items: str, title: str = "cs.LG updates on arXiv.org", words: str = "x") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>{title}</title><description>{words}</description>"
        f"<skipDays><day>Sunday</day></skipDays>{''.join(items)}</channel></rss>"
    )


def page(body: bytes | str, status: int = 200) -> Page:
    return Page(status, {}, body.encode() if isinstance(body, str) else body)


MORE = (
    "<arxiv:announce_type>replace-cross</arxiv:announce_type>"
    "<dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>"
    "<arxiv:DOI>10.1/A</arxiv:DOI><arxiv:journal_reference>J. 1</arxiv:journal_reference>"
)


def test_an_item_is_read_whole() -> None:
    content = ArxivRss().parse(page(feed(item(more=MORE))))
    assert content == PageContent(
        records=(
            SourceRecord(
                source="arxiv",
                source_id="2401.00001",
                title="A title",
                abstract="An abstract.",
                identifiers=(("arxiv", "2401.00001v2"), ("doi", "10.1/A")),
                journal_ref="J. 1",
                categories=("cs.LG", "stat.ML"),
                licence="http://creativecommons.org/licenses/by/4.0/",
                announced="replace-cross",
                url="https://arxiv.org/abs/2401.00001",
            ),
        ),
        entries=1,
        total=None,
    )


def test_inequalities_and_brackets_in_an_abstract_are_no_html() -> None:
    text = "As $a<b$ and b > c, the <i>true</i> x &lt; y & <script>z"
    record = ArxivRss().parse(page(feed(item(title=text, abstract=text)))).records[0]
    assert (record.title, record.abstract) == (text, text)


def test_the_type_is_also_read_from_the_description() -> None:
    assert ArxivRss().parse(page(feed(item()))).records[0].announced == "replace"


@pytest.mark.parametrize("name", ["hep-th/9901001", "math/0309136"])
def test_an_old_id_keeps_its_slash(name: str) -> None:
    record = ArxivRss().parse(page(feed(item(f"oai:arXiv.org:{name}v1")))).records[0]
    assert (record.source_id, record.identifiers[0]) == (name, ("arxiv", f"{name}v1"))


def test_what_is_no_paper_is_counted_and_named() -> None:
    content = ArxivRss().parse(page(feed(item("https://x"), item(title=""), item())))
    assert (content.entries, len(content.records)) == (3, 1)
    assert content.rejected == ("item 0: no arXiv id (https://x)", "item 1: no title (2401.00001)")


DTD = feed(item()).replace("<rss ", '<!DOCTYPE rss [<!ENTITY a "aaaa">]><rss ', 1)
FEED_ERROR = feed(title="Feed error for query: cs.XX", words="Bad archive 'XX'.")


@pytest.mark.parametrize(
    ("given_page", "wanted"),
    [
        (page(FEED_ERROR, 400), RefusedError),
        (page(FEED_ERROR, 200), RefusedError),
        (page(FEED_ERROR, 500), UnavailableError),
        (page("<html><body>Maintenance</body></html>"), MalformedPageError),
        (page(""), MalformedPageError),
        (page(feed(item(), item())[:-9]), MalformedPageError),
        (page(feed(item(), item()).partition("</item>")[0]), MalformedPageError),
        (page('<rss version="2.0"><channel/></rss>'), MalformedPageError),
        (page(DTD), MalformedPageError),
        (page("Rate exceeded."), ThrottledError),
        (page("Rate exceeded.", 429), ThrottledError),
        (page("", 503), UnavailableError),
        (page("", 403), ForbiddenError),
    ],
)
def test_an_answer_that_is_no_feed_has_its_own_error(
    given_page: Page, wanted: type[FetchError]
) -> None:
    with pytest.raises(FetchError) as caught:
        ArxivRss().parse(given_page)
    assert type(caught.value) is wanted


def test_the_feeds_own_words_are_told() -> None:
    with pytest.raises(RefusedError, match=r"cs\.XX: Bad archive 'XX'"):
        ArxivRss().parse(page(FEED_ERROR, 400))


@given(st.integers(0, 3000), st.integers(0, 40), st.binary(max_size=5))
def test_a_damaged_feed_gives_a_page_or_a_fetch_error(at: int, cut: int, put: bytes) -> None:
    body = feed(item(more=MORE), item("oai:arXiv.org:2401.00002v1")).encode()
    at %= len(body)
    try:
        found = ArxivRss().parse(page(body[:at] + put + body[at + cut :]))
    except FetchError:
        return
    assert len(found.records) + len(found.rejected) == found.entries


# --- what is followed, and how ----------------------------------------------------------------


def query(*categories: str) -> Query:
    return parse_text("unlearning").model_copy(update={"categories": categories})


@pytest.mark.parametrize(
    ("queries", "asked"),
    [
        ([query("cs.*", "physics.med-ph"), query("stat.*", "cs.LG")], "cs+physics.med-ph+stat"),
        ([query("stat.ML", "cs.LG", "quant-ph")], "cs.LG+quant-ph+stat.ML"),
        ([query()], "cs+eess+physics.med-ph+q-bio+stat"),
        ([], None),
    ],
)
def test_one_feed_holds_all_that_is_followed(queries: list[Query], asked: str | None) -> None:
    expected = () if asked is None else (Subject("_announced", asked),)
    assert ArxivRss().subjects(queries) == expected


Driver: TypeAlias = Callable[
    [Generator[Request, PageContent, Harvested], Callable[[dict[str, str]], PageContent]],
    tuple[Harvested, list[dict[str, str]]],
]


@pytest.mark.parametrize(
    ("body", "state", "received"),
    [
        (feed(), Completeness.EMPTY, 0),
        (feed(item(), item("oai:arXiv.org:2401.00002v1")), Completeness.COMPLETE, 2),
        (
            feed(item(), item("oai:arXiv.org:2401.00002v1"), item("nothing")),
            Completeness.COMPLETE,
            2,
        ),
    ],
    ids=["a holiday", "a day", "as full as a feed gets"],
)
def test_a_day_is_one_request(drive: Driver, body: str, state: Completeness, received: int) -> None:
    door = ArxivRss(cap=3)
    subject = Subject("_announced", "cs+stat")
    assert next(door.harvest(subject, TODAY)) == Request("cs+stat", ())
    verdict, requests = drive(door.harvest(subject, TODAY), lambda _: door.parse(page(body)))
    assert (verdict.completeness, verdict.received, len(requests)) == (state, received, 1)
    assert any("left out" in note for note in verdict.notes) == ("nothing" in body)


def test_the_recorded_feed_is_read_whole(shared_data: Path) -> None:
    body = (shared_data / "api/arxiv_rss/zotero-arxiv-daily__arxiv_rss_example.xml").read_bytes()
    content = ArxivRss().parse(page(body))
    ids = [text.decode() for text in re.findall(rb"<id>oai:arXiv.org:(.*?)</id>", body)]
    assert [record.identifiers for record in content.records] == [
        (("arxiv", name),) for name in ids
    ]
    assert len(ids) == content.entries == 7
    types = [text.decode() for text in re.findall(rb"announce_type>([a-z-]+)<", body)]
    assert Counter(record.announced for record in content.records) == Counter(types)
    for record in content.records:
        assert record.abstract is not None
        assert not record.abstract.startswith(("arXiv:", "Abstract"))
        assert record.abstract.split()[-1].encode() in body
        assert record.licence is not None
