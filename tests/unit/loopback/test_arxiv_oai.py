from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from lxml import etree
from werkzeug.test import Client

from medsafe_harvest.loopback import Corpus

Serve = Callable[..., Client]
OAI = "{http://www.openarchives.org/OAI/2.0/}"
RAW = "{http://arxiv.org/OAI/arXivRaw/}"
PARSED = "{http://arxiv.org/OAI/arXiv/}"
TOKEN = "verb={verb}&metadataPrefix={prefix}&from=2021-01-01&skip=1"
DC = "{http://purl.org/dc/elements/1.1/}"


def ask(client: Client, **arguments: Any) -> etree._Element:
    """The document that answers; ``from_`` is ``from``."""
    query = {name.rstrip("_"): value for name, value in arguments.items()}
    response = client.get("/oai", query_string=query)
    assert (response.status_code, response.content_type) == (200, "text/xml; charset=utf-8")
    return etree.fromstring(response.get_data())


def listed(root: etree._Element) -> list[tuple[str, str]]:
    """Identifier, without its beginning, and datestamp of each header."""
    return [
        (
            str(header.findtext(f"{OAI}identifier")).removeprefix("oai:arXiv.org:"),
            str(header.findtext(f"{OAI}datestamp")),
        )
        for header in root.iter(f"{OAI}header")
    ]


def many(count: int) -> Corpus:
    """Papers of three days, in an order that is not theirs."""
    return Corpus.from_rows(
        {
            "title": f"Paper {n}",
            "arxiv_id": f"2103.{count - n:05}",
            "date": f"2021-03-0{1 + n % 3}",  # Monday to Wednesday
            "categories": ["cs.LG"] if n % 2 else ["stat.ML", "cs.CV"],
        }
        for n in range(count)
    )


def test_identify_says_what_the_service_says(client: Client) -> None:
    answer = ask(client, verb="Identify")
    said = {etree.QName(e).localname: e.text for e in answer.iterfind(f"{OAI}Identify/*")}
    assert said["earliestDatestamp"] == "2005-09-16"
    assert (said["granularity"], said["deletedRecord"]) == ("YYYY-MM-DD", "persistent")


@pytest.mark.parametrize("verb", ["ListRecords", "ListIdentifiers"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 13, 1000])
@pytest.mark.parametrize("sent", [str, unquote])
def test_pages_put_together_are_the_list_by_day_and_identifier(
    serve: Serve, verb: str, size: int, sent: Callable[[str], str]
) -> None:
    client = serve(many(13), oai_page=size)
    root = ask(client, verb=verb, metadataPrefix="arXiv", until="2021-03-03", set_="cs:cs:LG")
    found = listed(root)
    while token := root.findtext(f".//{OAI}resumptionToken"):
        assert len(listed(root)) == size
        root = ask(client, verb=verb, resumptionToken=sent(token))
        found += listed(root)
    expected = [
        (f"2103.{13 - n:05}", f"2021-03-0{2 + n % 3}") for n in range(13) if n % 2 and n % 3 < 2
    ]
    assert found == sorted(expected, key=lambda item: (item[1], item[0]))


def test_a_token_tells_where_the_list_goes_on(serve: Serve) -> None:
    client = serve(many(13), oai_page=7)
    root = ask(client, verb="ListRecords", metadataPrefix="arXivRaw", set_="cs")
    token = root.find(f".//{OAI}resumptionToken")
    assert token is not None
    assert unquote(token.text or "") == (
        "verb=ListRecords&metadataPrefix=arXivRaw&from=2021-03-03&set=cs&skip=2"
    )
    assert token.attrib.keys() == ["expirationDate"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cs", {"2101.00001", "2102.00002"}),
        ("cs:cs", {"2101.00001", "2102.00002"}),
        ("cs:cs:CV", {"2102.00002"}),
        ("eess", {"2101.00001"}),
        ("eess:eess:IV", {"2101.00001"}),
    ],
)
def test_a_set_holds_cross_lists(client: Client, name: str, expected: set[str]) -> None:
    root = ask(client, verb="ListIdentifiers", metadataPrefix="arXiv", set_=name)
    assert {arxiv_id for arxiv_id, _ in listed(root)} == expected


@pytest.mark.parametrize(
    ("category", "sets"),
    [
        ("physics.med-ph", ["physics", "physics:physics", "physics:physics:med-ph"]),
        ("hep-th", ["physics", "physics:hep-th"]),
        ("eess.SY", ["cs", "cs:cs", "cs:cs:SY", "eess", "eess:eess", "eess:eess:SY"]),
        ("none of arXiv's", []),
    ],
)
def test_a_header_names_all_sets(serve: Serve, category: str, sets: list[str]) -> None:
    row = {"title": "T", "arxiv_id": "2101.00001", "date": "2021-01-04", "categories": [category]}
    root = ask(serve(Corpus.from_rows([row])), verb="ListIdentifiers", metadataPrefix="arXiv")
    assert [element.text for element in root.iter(f"{OAI}setSpec")] == sets
    known = {e.text for e in ask(serve(many(1)), verb="ListSets").iter(f"{OAI}setSpec")}
    assert known.issuperset(sets)


def test_days_are_inclusive_and_follow_the_announcement(client: Client) -> None:
    # Revised on Sunday 2022-05-01; submitted on Monday 2021-02-01.
    expected = [("2102.00002", "2021-02-02"), ("2101.00001", "2022-05-02")]
    asked = {"verb": "ListRecords", "metadataPrefix": "arXiv"}
    assert listed(ask(client, **asked, from_="2021-02-02", until="2022-05-02")) == expected
    assert listed(ask(client, **asked, from_="2021-02-03")) == expected[1:]
    assert listed(ask(client, **asked, until="2022-05-01")) == expected[:1]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("badVerb", {}),
        ("badVerb", {"verb": "List"}),
        ("badVerb", {"verb": ["Identify", "Identify"]}),
        ("badArgument", {"verb": "Identify", "metadataPrefix": "arXiv"}),
        ("badArgument", {"verb": "ListRecords"}),
        ("badArgument", {"verb": "ListRecords", "metadataPrefix": ["arXiv", "arXiv"]}),
        ("badArgument", {"verb": "ListRecords", "metadataPrefix": "arXiv", "from": "2005-09-15"}),
        ("badArgument", {"verb": "ListRecords", "metadataPrefix": "arXiv", "until": "2999-01-01"}),
        ("badArgument", {"verb": "ListRecords", "metadataPrefix": "arXiv", "from": "2021"}),
        ("badArgument", {"verb": "ListRecords", "metadataPrefix": "arXiv", "from": "2021-02-30"}),
        ("badArgument", {"verb": "ListRecords", "metadataPrefix": "arXiv", "set": "cs:cs:ZZ"}),
        ("badArgument", {"verb": "ListRecords", "metadataPrefix": "x", "resumptionToken": "x"}),
        ("badArgument", {"verb": "GetRecord", "metadataPrefix": "arXiv"}),
        ("cannotDisseminateFormat", {"verb": "ListRecords", "metadataPrefix": "marc"}),
        ("noRecordsMatch", {"verb": "ListRecords", "metadataPrefix": "arXiv", "set": "econ"}),
        ("badResumptionToken", {"verb": "ListRecords", "resumptionToken": "x"}),
        ("badResumptionToken", {"verb": "ListSets", "resumptionToken": "x"}),
        (
            "badResumptionToken",
            {
                "verb": "ListRecords",
                "resumptionToken": TOKEN.format(verb="ListIdentifiers", prefix="arXiv"),
            },
        ),
        (
            "badResumptionToken",
            {
                "verb": "ListRecords",
                "resumptionToken": TOKEN.format(verb="ListRecords", prefix="marc"),
            },
        ),
        *(
            (
                "idDoesNotExist",
                {"verb": "GetRecord", "metadataPrefix": "arXiv", "identifier": identifier},
            )
            for identifier in (
                "oai:arXiv.org:\x00",
                "oai:arXiv.org:2101.99999",
                "oai:arXiv.org:2101.00001v1",
                "2101.00001",
            )
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_error_has_status_200_and_its_code(
    client: Client, method: str, code: str, arguments: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {"query_string" if method == "GET" else "data": arguments}
    response = client.open("/oai", method=method, **asked)
    assert (response.status_code, response.mimetype) == (200, "text/xml")
    assert f"<error code='{code}'>".encode() in response.get_data()
    etree.fromstring(response.get_data())


def raw(serve: Serve, **row: Any) -> etree._Element:
    given = {"title": "T", "arxiv_id": "2101.00001", "date": "2021-01-04T00:00:00Z", **row}
    client = serve(Corpus.from_rows([given]))
    root = ask(
        client, verb="GetRecord", identifier="oai:arXiv.org:2101.00001", metadataPrefix="arXivRaw"
    )
    metadata = root.find(f".//{RAW}arXivRaw")
    assert metadata is not None
    return metadata


@pytest.mark.parametrize(
    ("comment", "types"),
    [("This paper has been Withdrawn", ["D", "D", "I"]), ("9 pages", ["D"] * 3)],
)
def test_arxiv_raw_lists_all_versions(serve: Serve, comment: str, types: list[str]) -> None:
    paper = raw(
        serve, authors=["A B", "C D"], version=3, updated="2021-01-06T12:00:00Z", comment=comment
    )
    assert [version.get("version") for version in paper.iter(f"{RAW}version")] == ["v1", "v2", "v3"]
    assert [date.text for date in paper.iter(f"{RAW}date")] == [
        "Mon, 04 Jan 2021 00:00:00 GMT",
        "Tue, 05 Jan 2021 06:00:00 GMT",
        "Wed, 06 Jan 2021 12:00:00 GMT",
    ]
    assert [kind.text for kind in paper.iter(f"{RAW}source_type")] == types
    assert paper.findtext(f"{RAW}submitter") == "A B"
    assert paper.findtext(f"{RAW}authors") == "A B and C D"


def test_a_licence_of_the_corpus_is_kept_and_a_missing_one_made_up(serve: Serve) -> None:
    url = "http://creativecommons.org/publicdomain/zero/1.0/"
    assert raw(serve, licence=url).findtext(f"{RAW}license") == url
    made_up = {raw(serve).findtext(f"{RAW}license") for _ in range(2)}
    assert len(made_up) == 1
    assert "://" in str(made_up.pop())


def test_the_formats_split_names_and_date_the_current_version(client: Client) -> None:
    arguments = {"verb": "GetRecord", "identifier": "oai:arXiv.org:2101.00001"}
    parsed = ask(client, **arguments, metadataPrefix="arXiv")
    names = [(a[0].text, a[1].text) for a in parsed.iter(f"{PARSED}author")]
    assert names == [("Müller", "Jürgen"), ("Maestro", "Ana del")]
    assert parsed.findtext(f".//{PARSED}created") == "2022-05-01"
    assert parsed.findtext(f".//{PARSED}categories") == "cs.LG eess.IV"
    core = ask(client, **arguments, metadataPrefix="oai_dc")
    assert [date.text for date in core.iter(f"{DC}date")] == ["2021-01-31", "2022-05-01"]
    assert core.findtext(f".//{DC}creator") == "Müller, Jürgen"


def test_a_record_is_there_from_its_announcement_on_and_moves_when_revised(
    corpus: Corpus, serve: Serve
) -> None:
    clock = [datetime(2021, 1, 31, tzinfo=UTC)]
    client = serve(corpus, now=lambda: clock[0])
    asked = {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set_": "eess"}
    assert listed(ask(client, **asked)) == []
    clock[0] = datetime(2021, 2, 1, tzinfo=UTC)
    root = ask(client, **asked)
    assert listed(root) == [("2101.00001", "2021-02-01")]
    assert [version.get("version") for version in root.iter(f"{RAW}version")] == ["v1"]
    clock[0] = datetime(2022, 5, 2, tzinfo=UTC)
    root = ask(client, **asked, from_="2022-01-01")
    assert listed(root) == [("2101.00001", "2022-05-02")]
    assert len(list(root.iter(f"{RAW}version"))) == 3
    assert "noRecordsMatch" in etree.tostring(ask(client, **asked, until="2022-05-01")).decode()
