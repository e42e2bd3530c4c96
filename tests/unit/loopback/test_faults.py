"""Each fault as a plain client meets it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable

import httpx
import pytest

from medsafe_harvest import loopback
from medsafe_harvest.loopback import Fault, Faults

CORPUS = loopback.bundled_corpus()
LIMITS = loopback.Limits(bulk_page=3, oai_page=3)
SEARCH = ("/api/query", {"search_query": "all:learning", "max_results": "3", "start": "3"})
BULK = ("/graph/v1/paper/search/bulk", {"query": "learning", "fields": "title"})
OAI = ("/oai", {"verb": "ListRecords", "metadataPrefix": "arXiv", "set": "cs"})

Asked = tuple[str, dict[str, str]]


def ask(services: loopback.Services, asked: Asked) -> httpx.Response:
    path, arguments = asked
    with httpx.Client(trust_env=False, timeout=10) as client:
        return client.get(services.root + path, params=arguments)


def first(fault: Fault, asked: Asked, seed: int = 1) -> httpx.Response:
    """The answer to a request that meets the fault."""
    faults = Faults(seed, 1.0, (fault,), huge_mb=3)
    with loopback.running(CORPUS, limits=LIMITS, faults=faults) as services:
        response = ask(services, asked)
        assert faults.injected == {fault: 1}
        assert services.requests[-1].status == response.status_code
    return response


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (Fault.THROTTLED, 429, "Rate exceeded."),
        (Fault.THROTTLED_SECONDS, 429, "Rate exceeded."),
        (Fault.THROTTLED_DATE, 429, "Rate exceeded."),
        (Fault.NOT_ACCEPTABLE, 406, "Not Acceptable"),
        (Fault.ERROR, 500, "Internal"),
        (Fault.UNAVAILABLE, 503, "<html>"),
        (Fault.UNAVAILABLE_SECONDS, 503, "<html>"),
        (Fault.HTML, 200, "<html>"),
        (Fault.NOTHING, 200, ""),
        (Fault.EMPTY, 200, "totalResults>0<"),
        (Fault.MOVED, 302, ""),
    ],
)
def test_an_answer_in_place_of_the_page(fault: Fault, status: int, words: str) -> None:
    response = first(fault, SEARCH)
    assert response.status_code == status
    assert words in response.text
    waits = {Fault.THROTTLED_SECONDS, Fault.THROTTLED_DATE, Fault.UNAVAILABLE_SECONDS}
    assert ("retry-after" in response.headers) == (fault in waits)


@pytest.mark.parametrize(
    "fault", [Fault.CLOSED, Fault.RESET, Fault.RESET_LATER, Fault.NO_GZIP], ids=str
)
def test_an_answer_that_cannot_be_received(fault: Fault) -> None:
    faults = Faults(1, 1.0, (fault,))
    with loopback.running(CORPUS, faults=faults) as services:
        with pytest.raises((httpx.TransportError, httpx.DecodingError)):
            ask(services, SEARCH)
        faults.active = False
        assert ask(services, SEARCH).status_code == 200


def good(asked: Asked) -> bytes:
    with loopback.running(CORPUS, limits=LIMITS) as services:
        return ask(services, asked).content


@pytest.mark.parametrize(
    ("fault", "is_spoilt"),
    [
        (Fault.CUT, lambda body: len(body) < len(good(BULK)) and good(BULK).startswith(body)),
        (Fault.SLOW, lambda body: body == good(BULK)),
        (Fault.NO_UTF8, lambda body: b"\xff\xfe\xc0" in body),
        (Fault.UTF16, lambda body: body.decode("utf-16").encode() == good(BULK)),
        (Fault.HUGE, lambda body: len(body) == 3 << 20),
        (Fault.BOMB, lambda body: len(body) == 64 << 20),
    ],
    ids=["cut", "slow", "no utf-8", "utf-16", "huge", "bomb"],
)
def test_a_body_that_is_not_as_it_should_be(
    fault: Fault, is_spoilt: Callable[[bytes], bool]
) -> None:
    assert is_spoilt(first(fault, BULK).content)


def test_a_bomb_is_small_on_the_wire() -> None:
    assert int(first(Fault.BOMB, BULK).headers["content-length"]) < 1 << 20
    assert len(gzip.decompress(gzip.compress(b""))) == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_list_that_is_shifted_or_miscounted(seed: int) -> None:
    whole = json.loads(good(BULK))
    shifted = json.loads(first(Fault.SHIFTED, BULK, seed).content)
    assert (len(shifted["data"]), shifted["total"]) == (len(whole["data"]) - 1, whole["total"])
    assert json.loads(first(Fault.TOTAL, BULK, seed).content)["total"] != whole["total"]
    assert first(Fault.SHIFTED, SEARCH, seed).content != good(SEARCH)
    skips = [
        int(re.findall("skip%3D([0-9]+)", text)[0])
        for text in (good(OAI).decode(), first(Fault.SHIFTED, OAI, seed).text)
    ]
    assert skips[0] - skips[1] == 1


def test_a_page_once_more_and_an_expired_token_need_what_came_before() -> None:
    with loopback.running(CORPUS, limits=LIMITS) as services:
        page = ask(services, BULK).json()
    path, arguments = BULK
    second = (path, {**arguments, "token": page["token"]})
    faults = Faults(1, 1.0, (Fault.REPEATED,))
    with loopback.running(CORPUS, limits=LIMITS, faults=faults) as services:
        assert ask(services, BULK).json() == page
        assert ask(services, second).json() == page
    expired = first(Fault.EXPIRED, second)
    assert (expired.status_code, "token" in expired.json()["error"]) == (400, True)


def test_the_same_seed_gives_the_same_script_and_no_endless_series() -> None:
    def script(seed: int) -> list[int]:
        faults = Faults(seed, 0.6, (Fault.ERROR, Fault.NOT_ACCEPTABLE), longest_run=2)
        with loopback.running(CORPUS, faults=faults) as services:
            return [ask(services, BULK).status_code for _ in range(60)]

    scripts = [script(seed) for seed in (1, 1, 2)]
    assert scripts[0] == scripts[1] != scripts[2]
    for statuses in scripts:
        bad = "".join("x" if status != 200 else "." for status in statuses)
        assert "xxx" not in bad
        assert "xx" in bad
