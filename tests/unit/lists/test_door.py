"""A stored list is read as records, each under a name that outlives a new order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from medsafe_harvest.collect import Collected
from medsafe_harvest.config import load_config
from medsafe_harvest.errors import MalformedPageError
from medsafe_harvest.fetch.attempt import Run
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.importing import list_name
from medsafe_harvest.sources.base import Page, Window

CONFIG = load_config(Path(__file__).parents[3] / "config")
DOOR = CONFIG.readers["list"]
ONE = "- [2021] A model of lungs [[pdf]](https://arxiv.org/abs/2101.00001)\n"
TWO = "- A map of hearts, *Nature Medicine* 2022\n"


def page(text: str, url: str = "file:README.md#organs") -> Page:
    return Page(200, {}, text.encode(), url)


def test_a_record_keeps_its_id_when_the_list_is_sorted_anew() -> None:
    first = {one.source_id: one for one in DOOR.parse(page(ONE + TWO)).records}
    second = {one.source_id: one for one in DOOR.parse(page(TWO + ONE)).records}
    assert first == second
    assert "organs#arxiv:2101.00001" in first


def test_items_of_one_paper_are_one_record_that_knows_what_either_says() -> None:
    text = f"# A\n{ONE}# B\n- A model of lungs, *MedIA* 2021. https://arxiv.org/pdf/2101.00001v3\n"
    (record,) = DOOR.parse(page(text)).records
    assert (record.venue, record.year) == ("MedIA", 2021)
    assert record.comment == 'Listed under "A; B" in organs.'


def test_one_identifier_of_different_titles_makes_no_record_of_them_all() -> None:
    slip = ONE.replace("A model of lungs", "Cats in clinics")
    found = {one.source_id: one.title for one in DOOR.parse(page(ONE + slip)).records}
    assert sorted(found.values()) == ["A model of lungs", "Cats in clinics"]
    assert all(name.startswith("organs#arxiv:2101.00001/title:") for name in found)
    assert found == {one.source_id: one.title for one in DOOR.parse(page(slip + ONE)).records}


@pytest.mark.parametrize(
    "bad", [page(ONE, "file:README.md"), Page(200, {}, b"%PDF-1.7 \x00", "file:list.pdf#organs")]
)
def test_what_is_no_list_is_set_aside(bad: Page) -> None:
    with pytest.raises(MalformedPageError):
        DOOR.parse(bad)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_only_the_latest_version_of_a_list_counts(order: tuple[int, ...], tmp_path: Path) -> None:
    store = RawStore(tmp_path, version="1")
    begin = datetime(2025, 6, 1, 5, tzinfo=UTC)
    versions = (("organs", ONE + TWO), ("organs", TWO), ("others", ONE))
    for number, (name, text) in enumerate(versions):
        now = begin + timedelta(days=number)
        day = Window(now.date(), now.date())
        attempt = store.attempt("list", f"list.{name}", "digest", day, Run.starting(now))
        url = f"file:README.md#{name}"
        attempt.keep(url, page(text, url), now)
    collected = Collected(CONFIG)
    seals = store.seals()
    for number in order:
        collected.add(store, [seals[number]])
    found = collected.entries()
    (hearts,) = [key for _, key in found if key.startswith("organs#title:")]
    assert {key for _, key in found} == {hearts, "others#arxiv:2101.00001"}
    seen = found["list", hearts].seen
    assert seen.queries == ("list:organs",)
    assert (seen.last_seen - seen.first_seen).days == 1


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://github.com/Doe/Awesome-Lungs", "doe-awesome-lungs"),
        ("https://github.com/doe/lungs/blob/main/lists/hearts.md", "doe-lungs-lists-hearts"),
        ("https://raw.githubusercontent.com/doe/lungs/HEAD/README.md", "doe-lungs"),
        ("https://example.org/reading/list.html", "example-org-reading-list"),
        ("saved/My search.html", "my-search"),
        ("/somewhere/awesome_lungs/README.md", "awesome-lungs"),
    ],
)
def test_a_list_is_called_after_where_it_comes_from(source: str, name: str) -> None:
    assert list_name(source) == name
