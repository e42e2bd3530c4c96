"""What a service, or somebody in its place or among its authors, may send to do harm."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from medsafe_harvest.cli import inspect, query
from medsafe_harvest.collect import Collected
from medsafe_harvest.config import load_config
from medsafe_harvest.curated.lookup import Dossier
from medsafe_harvest.errors import FetchError, MalformedPageError, RefusedError, StoreError
from medsafe_harvest.export import tables
from medsafe_harvest.fetch.attempt import Run
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.normalize.records import Seen, to_batch
from medsafe_harvest.normalize.venues import VenueConfig, VenueTable
from medsafe_harvest.sources import DOORS
from medsafe_harvest.sources.base import Page, PageContent, SourceAuthor, SourceRecord, Window
from medsafe_harvest.sources.http import legible, quoted
from tests.unit.sources.valid_pages import PAGES, PAPERS, SENT

XML = sorted(name for name, page in PAGES.items() if page.body.startswith(b"<"))
JSON = sorted(set(PAGES) - set(XML))
WINDOW = Window(date(2024, 1, 1), date(2024, 1, 31))
NOW = datetime(2024, 2, 1, tzinfo=UTC)
VENUES = VenueTable(VenueConfig(venues=()))
CONFIG = load_config(Path(__file__).parents[3] / "config")

ESC, BIDI, NUL, CSI = "\x1b", "\u202e", "\0", "\x9b"
#: Clears the screen, sets the window's title, turns the reading direction, begins a log line.
STEERING = f"A{ESC}[2J{ESC}]0;evil\x07{CSI}2J{NUL}\u2028{BIDI}B\r\nERROR all is lost\u2066\u200f"


def changed(name: str, old: str, new: str) -> Page:
    """The door's valid page with one piece replaced where it stands first."""
    body = PAGES[name].body.decode()
    assert old in body
    return replace(PAGES[name], body=body.replace(old, new, 1).encode())


def with_paper(name: str, **fields: Any) -> Page:
    """A valid page of Semantic Scholar whose second paper has these fields."""
    papers = [PAPERS[0], {**PAPERS[1], **fields}, PAPERS[2]]
    whole: Any = papers if name.endswith(("batch", "references")) else {"total": 3, "data": papers}
    return Page(200, {}, json.dumps(whole).encode(), sent=SENT)


def parse(name: str, page: Page) -> PageContent:
    return DOORS[name].parse(page)


def rows(records: Sequence[SourceRecord]) -> list[dict[str, Any]]:
    seen = [Seen(("q",), WINDOW.since, WINDOW.until)] * len(records)
    batch = to_batch(records, seen, VENUES)
    batch.validate(full=True)
    found: list[dict[str, Any]] = batch.to_pylist()
    return found


def row(**fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"source": "arxiv", "source_id": "1", "title": "T", **fields}
    return rows([SourceRecord(**given)])[0]


def is_harmless(text: str) -> bool:
    """Nothing of it steers a terminal, a log or the reading direction."""
    return all(char.isprintable() for char in text)


# --- XML --------------------------------------------------------------------------------------


def laugh(number: int) -> str:
    return f"&l{number};"


LAUGHS = '<!ENTITY l0 "ha">' + "".join(
    f'<!ENTITY l{n} "{laugh(n - 1) * 10}">' for n in range(1, 12)
)
DOCUMENT_TYPES = {
    "billion laughs": f"<!DOCTYPE x [{LAUGHS}]>",
    "quadratic blow-up": f'<!DOCTYPE x [<!ENTITY l11 "{"a" * 50_000}">]>',
    "a file": '<!DOCTYPE x [<!ENTITY l11 SYSTEM "file:///etc/passwd">]>',
    "an address": '<!DOCTYPE x [<!ENTITY l11 SYSTEM "http://127.0.0.1:9/x">]>',
    "a parameter entity": (
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;<!ENTITY l11 "x">]>'
    ),
    "a document type elsewhere": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    "an empty document type": "<!DOCTYPE x>",
}


@pytest.mark.parametrize("name", XML)
@pytest.mark.parametrize("place", ["text", "attribute", "nowhere"])
@pytest.mark.parametrize("kind", sorted(DOCUMENT_TYPES))
def test_a_page_with_a_document_type_is_no_page(name: str, kind: str, place: str) -> None:
    page = changed(name, "?>", f"?>{DOCUMENT_TYPES[kind]}")
    text = page.body.decode()
    if place == "text":
        text = text.replace("Title 2", "&l11;" * 2_000)
    elif place == "attribute":
        text = text.replace("<title>Title 2", f'<title x="{"&l11;" * 2_000}">T')
    began = time.process_time()
    with pytest.raises(MalformedPageError) as caught:
        parse(name, replace(page, body=text.encode()))
    assert time.process_time() - began < 2
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize("name", XML)
def test_processing_instructions_and_comments_say_nothing(name: str) -> None:
    page = changed(name, "?>", '?><?xml-stylesheet href="http://127.0.0.1:9/x"?>')
    body = page.body.replace(b"Title 2", b"Ti<?php evil() ?>tle<!-- evil --> 2")
    found = parse(name, replace(page, body=body))
    assert [record.title for record in found.records] == ["Title 1", "Title 2", "Title 3"]


@pytest.mark.parametrize("name", XML)
def test_xml_without_bottom_is_no_page(name: str) -> None:
    with pytest.raises(MalformedPageError):
        parse(name, changed(name, "Title 2", "<a>" * 100_000 + "</a>" * 100_000))


# --- JSON -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", JSON)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Title 2"', "[" * 10_000 + "]" * 10_000),
        ('"Title 2"', '{"a":' * 10_000 + "1" + "}" * 10_000),
        ('"year": 2024', '"year": NaN'),
        ('"year": 2024', '"year": -Infinity'),
        ('"title": "Title 2"', '"title": "Title 2", "title": "Another"'),
        ('"Title 2"', '"Ti\ntle"'),
    ],
    ids=["deep lists", "deep objects", "NaN", "-Infinity", "a key twice", "a bare line break"],
)
def test_what_is_no_json_is_no_page(name: str, old: str, new: str) -> None:
    with pytest.raises(MalformedPageError):
        parse(name, changed(name, old, new))


@pytest.mark.parametrize("name", JSON)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Title 2"', "[" * 500 + "]" * 500),
        ('"corpusId": 2', '"corpusId": ' + "9" * 400),
        ('"corpusId": 2', '"corpusId": ' + "9" * 5_000),
        ('"corpusId": 2', '"corpusId": 1e999'),
        ('"corpusId": 2', '"corpusId": "' + "9" * 400 + '"'),
        ('"title": "Title 2"', '"title": "T", "citationCount": 1e999'),
        ('"title": "Title 2"', '"title": "T", "citationCount": ' + "9" * 30),
    ],
)
def test_an_odd_number_or_nesting_costs_one_paper(name: str, old: str, new: str) -> None:
    found = parse(name, changed(name, old, new))
    assert [record.source_id for record in found.records] == ["1", "3"]
    (words,) = found.rejected
    assert "[1]" in words
    assert len(words) < 300


@pytest.mark.parametrize("total", ["1e999", "1e2", "9" * 400, "9" * 5_000, "-1", '"3"'])
def test_an_odd_total_costs_the_page(total: str) -> None:
    with pytest.raises(MalformedPageError):
        parse("semantic_scholar", changed("semantic_scholar", '"total": 3', f'"total": {total}'))


@pytest.mark.parametrize("total", ["9" * 13, "9" * 5_000, "-1", "1e3", "٣", "0x3"])
def test_an_odd_total_of_arxiv_costs_the_page(total: str) -> None:
    with pytest.raises(MalformedPageError) as caught:
        parse("arxiv", changed("arxiv", "Results>3<", f"Results>{total}<"))
    assert len(str(caught.value)) < 300


def test_a_token_too_long_for_an_address_is_refused() -> None:
    body = json.dumps({"total": 9, "token": "x" * 100_000, "data": PAPERS}).encode()
    with pytest.raises(MalformedPageError, match=r"a token of 100,000 characters"):
        parse("semantic_scholar", Page(200, {}, body))


def test_an_error_nested_deeply_is_still_an_error() -> None:
    body = b'{"error": ' + b"[" * 900 + b"]" * 900 + b"}"
    with pytest.raises((RefusedError, MalformedPageError)) as caught:
        parse("semantic_scholar", Page(200, {}, body))
    assert len(str(caught.value)) < 700


# --- text -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", JSON)
def test_nothing_that_steers_is_left_in_a_title_an_abstract_or_a_name(name: str) -> None:
    page = with_paper(
        name, title=STEERING, abstract=STEERING, venue=STEERING, authors=[{"name": STEERING}]
    )
    shown = rows(parse(name, page).records)[1]
    for text in (shown["title"], shown["abstract"], shown["venue"], shown["authors"][0]["name"]):
        assert is_harmless(text)
        assert text.startswith("A [2J ]0;evil")


def test_half_a_character_is_replaced() -> None:
    page = changed("semantic_scholar", "Title 2", "Half \\ud83d of \\udc00 it")
    assert rows(parse("semantic_scholar", page).records)[1]["title"] == "Half \ufffd of \ufffd it"


@pytest.mark.parametrize(
    "written", ["&#x9b;2JT", "&#x202e;T&#x2066;", "\u202eT\u200f", "\u2028T\u0085"]
)
@pytest.mark.parametrize("name", XML)
def test_what_steers_in_xml_is_gone_from_the_title(name: str, written: str) -> None:
    shown = rows(parse(name, changed(name, "Title 2", written)).records)[1]["title"]
    assert is_harmless(shown)
    assert shown.endswith("T")


@pytest.mark.parametrize("name", XML)
@pytest.mark.parametrize("written", ["&#0;", "&#27;", "\x1b", "\0", "&#xd800;", "\ufffe"])
def test_characters_that_xml_forbids_cost_the_page(name: str, written: str) -> None:
    with pytest.raises(MalformedPageError):
        parse(name, changed(name, "Title 2", f"T{written}"))


HTML = "<script>alert('x')</script> <img src=x onerror=alert(1)> [red]T[/red] [link=x]y[/link]"


def test_html_and_script_in_a_title_stay_words(capsys: pytest.CaptureFixture[str]) -> None:
    written = HTML.replace("<", "&lt;").replace(">", "&gt;")
    for page in (
        changed("arxiv", "Title 2", written),
        changed("arxiv", "Title 2", f"<![CDATA[{HTML}]]>"),
    ):
        record = parse("arxiv", page).records[1]
        assert record.title == HTML
        assert rows([record])[0]["title"] == HTML
    query._print([paper(title=HTML)], query.Format.CSV)
    assert HTML in capsys.readouterr().out


@pytest.mark.parametrize(
    "piece", ["{", "$", "\\'", "(", ", ", "<i a='b' ", "https://github.com/a ", "\u0301"]
)
def test_a_megabyte_of_anything_is_read_in_little_time(piece: str) -> None:
    long = piece * (1_000_000 // len(piece))
    middle = long[:20_000]
    began = time.process_time()
    shown = row(
        title=long,
        abstract=f"github zenodo {long}",
        comment=long,
        journal_ref=long,
        venue=middle,
        licence=middle,
        published=long,
        pages=long,
        authors=(SourceAuthor(middle),),
        identifiers=tuple((kind, middle) for kind in ("arxiv", "doi", "s2", "dblp", "acl")),
    )
    assert time.process_time() - began < 20
    assert is_harmless(shown["title"])


def test_a_hundred_thousand_authors_are_read() -> None:
    names = "".join(f"<author><name>Jane {n} Doe</name></author>" for n in range(100_000))
    found = parse("arxiv", changed("arxiv", "<author><name>Jane Doe</name></author>", names))
    assert len(rows(found.records[:1])[0]["authors"]) == 100_000


# --- ids and paths ----------------------------------------------------------------------------

PATHS = ["../../etc/passwd", "..\\..\\x", "%2e%2e%2fx", "/etc/passwd", "C:\\x", ".", "..", "a/../b"]


@pytest.mark.parametrize("text", [*PATHS, f"x{NUL}.xml", f"x{ESC}[2J", f"x{BIDI}y", "x" * 201])
def test_a_path_as_an_id_stays_a_word_or_is_refused(text: str, tmp_path: Path) -> None:
    page = with_paper("semantic_scholar", corpusId=None, paperId=text)
    found = parse("semantic_scholar", page)
    ids = [record.source_id for record in found.records]
    assert ids == (["1", text, "3"] if text in PATHS else ["1", "3"])
    assert is_harmless("".join(found.rejected))
    for shown in rows(found.records):
        assert shown["s2_paper_id"] in {None, "1" * 40, "3" * 40}

    folder = tmp_path / "data/raw"
    store = RawStore(folder, version="1")
    headers = {"content-type": f"../../{text}"}
    for query_id in ("q", f"q{text}", text):
        try:
            attempt = store.attempt(
                "semantic_scholar", query_id, "d", WINDOW, Run("run", NOW.date())
            )
        except StoreError:
            assert query_id != "q"
            continue
        attempt.keep("http://x", replace(page, headers=headers), NOW)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(folder in path.parents for path in kept)
    assert {path.suffix for path in kept} <= {".gz", ".json"}

    collected = Collected(CONFIG)
    collected.add(store, store.seals())
    found_ids = [entry.record.source_id for entry in collected.entries().values()]
    assert sorted(found_ids) == sorted(ids)


@pytest.mark.parametrize("text", PATHS)
def test_a_path_as_an_arxiv_id_is_no_arxiv_id(text: str) -> None:
    page = changed("arxiv", "http://arxiv.org/abs/2401.00002v1", f"http://arxiv.org/abs/{text}")
    record = parse("arxiv", page).records[1]
    shown = rows([record])[0]
    assert (shown["record_id"], shown["arxiv_id"]) == (f"arxiv:{text}", None)


@pytest.mark.parametrize("part", ["source", "run"])
@pytest.mark.parametrize("text", PATHS)
def test_a_path_is_no_folder_of_the_raw_store(tmp_path: Path, part: str, text: str) -> None:
    store = RawStore(tmp_path / "raw", version="1")
    source, run = (text, "run") if part == "source" else ("arxiv", text)
    with pytest.raises(StoreError, match="cannot be a folder"):
        store.attempt(source, "q", "d", WINDOW, Run(run, NOW.date()))
    assert list(tmp_path.iterdir()) == []


# --- what people see --------------------------------------------------------------------------


def paper(**fields: Any) -> dict[str, Any]:
    empty = dict.fromkeys(query._CSV_COLUMNS)
    lists: dict[str, Any] = {name: [] for name in ("authors", "code_links", "topics", "sources")}
    return {**empty, **lists, "title": "T", "year": 2024, "record_ids": ["arxiv:1"], **fields}


@pytest.mark.parametrize(
    "formula",
    [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u00a0=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff201",
        " \n\t@x",
    ],
)
def test_a_formula_is_no_formula_in_csv(formula: str, capsys: pytest.CaptureFixture[str]) -> None:
    authors = [{"name": "Jane Doe"}, {"name": formula}]
    query._print(
        [paper(title=formula, authors=authors, code_links=["https://x", formula])],
        query.Format.CSV,
    )
    (_, cells) = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    found = dict(zip(query._CSV_COLUMNS, cells, strict=True))
    assert found["title"] == f"'{formula}"
    assert found["authors"] == f"Jane Doe; '{formula}"
    assert found["code_links"] == f"https://x; '{formula}"


@pytest.mark.parametrize(
    ("value", "cell"), [(None, ""), (3, "3"), ("T = 1", "T = 1"), ("x-ray", "x-ray"), ([], "")]
)
def test_a_plain_cell_stays_as_it_is(value: Any, cell: str) -> None:
    assert tables._cell(value) == cell


def test_nothing_steers_the_terminal_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    odd = paper(
        title=STEERING,
        authors=[{"name": STEERING}],
        venue=STEERING,
        doi=STEERING,
        provenance=[
            {
                "field": "venue",
                "record_id": STEERING,
                "rule": "r",
                "losers": [{"record_id": STEERING, "value": STEERING}],
            }
        ],
        tags=[],
    )
    query._print([odd], query.Format.TABLE)
    record = {"record_id": STEERING, "title": STEERING, "year": 1, "venue": STEERING, "queries": []}
    inspect._print_dossier(Dossier(odd, [record], [], []))
    lines = capsys.readouterr().out.split("\n")
    assert len(lines) > 10
    assert all(map(is_harmless, lines))


@pytest.mark.parametrize("name", sorted(DOORS))
@pytest.mark.parametrize("status", [200, 301, 400, 403, 404, 429, 500, 503])
def test_an_error_quotes_nothing_that_steers(name: str, status: int) -> None:
    headers = {"location": STEERING}
    with pytest.raises(FetchError) as caught:
        parse(name, Page(status, headers, STEERING.encode(), sent=SENT))
    assert is_harmless(str(caught.value))


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("key", ["error", "message"])
def test_the_words_of_an_error_of_semantic_scholar_steer_nothing(key: str, status: int) -> None:
    body = json.dumps({key: STEERING + "x" * 10_000}).encode()
    with pytest.raises(FetchError) as caught:
        parse("semantic_scholar", Page(status, {}, body))
    assert is_harmless(str(caught.value))
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("status", [200, 400, 500])
def test_the_words_of_an_error_of_arxiv_steer_nothing(status: int) -> None:
    words = "&#x9b;2J\u202e\nERROR all is lost " + "x" * 10_000
    page = changed("arxiv", "http://arxiv.org/abs/2401.00001v1", "http://arxiv.org/api/errors#x")
    body = page.body.decode().replace("<summary>Words.", f"<summary>{words}", 1).encode()
    with pytest.raises(FetchError, match="2J ERROR all is lost") as caught:
        parse("arxiv", replace(page, body=body, status=status))
    assert is_harmless(str(caught.value))
    assert len(str(caught.value)) < 700


def test_another_query_is_named_without_what_steers() -> None:
    page = changed(
        "arxiv", "arXiv Query: x", "arXiv Query: search_query=all:a&#x9b;\u202eb&amp;id_list="
    )
    with pytest.raises(RefusedError, match="another query") as caught:
        parse("arxiv", replace(page, url="http://x/?search_query=a"))
    assert is_harmless(str(caught.value))


def test_a_message_is_one_short_line_of_what_was_said() -> None:
    assert legible(STEERING) == "A [2J ]0;evil 2J B ERROR all is lost"
    assert legible("Überprüfung: 中文, עברית, 🙂") == "Überprüfung: 中文, עברית, 🙂"
    assert len(legible("x" * 10_000_000)) == 503
    assert is_harmless(quoted(bytes(range(256)) * 10))


# --- encodings --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PAGES))
@pytest.mark.parametrize(
    "encoding", ["utf-7", "utf-16", "utf-16-be", "utf-32", "utf-8-sig", "latin-1"]
)
def test_another_encoding_gives_the_same_titles_or_no_page(name: str, encoding: str) -> None:
    title = "Größe + <3"
    page = changed(name, "Title 2", "Größe + &lt;3" if name in XML else title)
    text = page.body.decode().replace("UTF-8", encoding.removesuffix("-be").removesuffix("-sig"))
    for body in (page.body.decode().encode(encoding), text.encode(encoding)):
        try:
            found = parse(name, replace(page, body=body))
        except MalformedPageError:
            continue
        titles = [record.title for record in found.records]
        # UTF-7 that does not say so is read as the plain words that it is in UTF-8.
        same = title if titles[1] == title else title.encode("utf-7").decode("ascii")
        assert titles == ["Title 1", same, "Title 3"]


@pytest.mark.parametrize("name", sorted(PAGES))
@pytest.mark.parametrize("layers", [1, 2])
def test_a_body_still_compressed_is_no_page(name: str, layers: int) -> None:
    body = PAGES[name].body
    for _ in range(layers):
        body = gzip.compress(body, mtime=0)
    with pytest.raises(MalformedPageError) as caught:
        parse(name, replace(PAGES[name], body=body))
    assert is_harmless(str(caught.value))
