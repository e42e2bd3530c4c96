"""What a search by title gave, judged beside the list's record."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from medsafe_harvest.config import load_config
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.offered import Offer, judged
from medsafe_harvest.sources.base import SourceAuthor, SourceRecord

VENUES = load_config(Path(__file__).parents[2] / "config").venues
TITLE = "Uncertainty-aware federated segmentation of lung nodules: a multi-hospital study"
AUTHORS = (SourceAuthor("Ada Lovelace"), SourceAuthor("Grace Hopper"))


def listed(title: str, year: int | None = None, name: str = "a") -> SourceRecord:
    return SourceRecord(source="list", source_id=f"{name}#title:1", title=title, year=year)


def found(title: str = TITLE, name: str = "1", source: str = "semantic_scholar") -> SourceRecord:
    return SourceRecord(
        source=source, source_id=name, title=title, authors=AUTHORS, published="2021-01-04"
    )


def judge(own: SourceRecord, *records: SourceRecord, **ruled: Any) -> tuple[Offer, ...]:
    return judged([(own, records)], VENUES, Overrides(**ruled))[0]


@pytest.mark.parametrize(
    ("title", "year", "outcome", "reason"),
    [
        (TITLE, 2021, "match", "same_title_and_year"),
        (TITLE.upper().replace("-", " "), 2021, "match", "same_title_and_year"),
        (TITLE, None, "match", "only_partner"),
        (TITLE.partition(":")[0], None, "match", "only_partner"),
        (TITLE.replace("segmentation", "segmantation"), 2021, "review", "not_enough_evidence"),
        (TITLE.replace("lung", "liver"), 2021, "non-match", "too_little_in_common"),
        (f"{TITLE}, part 2", 2021, "review", "not_enough_evidence"),
    ],
)
def test_matching_decides(title: str, year: int | None, outcome: str, reason: str) -> None:
    (offer,) = judge(listed(title, year), found())
    assert (offer.outcome.value, offer.reason) == (outcome, reason)
    assert offer.is_accepted == (outcome == "match")


def test_what_is_far_from_the_title_is_not_worth_a_word() -> None:
    assert judge(listed(TITLE), found("Cats of the sea")) == ()


def test_the_best_comes_first_and_one_paper_at_two_services_is_no_rival() -> None:
    other = found(TITLE.replace("lung", "liver"), "0", "arxiv")
    offers = judge(listed(TITLE), other, found(), found(name="2101.00001", source="arxiv"))
    assert [one.record_id for one in offers] == [
        "arxiv:2101.00001", "semantic_scholar:1", "arxiv:0",
    ]  # fmt: skip
    assert [one.is_accepted for one in offers] == [True, True, False]


def test_two_lists_that_name_one_paper_are_judged_each_by_itself() -> None:
    both = [(listed(TITLE, name=name), [found()]) for name in "ab"]
    assert [one.is_accepted for (one,) in judged(both, VENUES, Overrides())] == [True, True]


@pytest.mark.parametrize(
    ("title", "rule", "outcome"),
    [
        (TITLE, "cannot_link", "non-match"),
        (TITLE.replace("lung", "liver"), "must_link", "match"),
    ],
)
def test_a_curator_has_the_last_word(title: str, rule: str, outcome: str) -> None:
    link = Link(
        left="list:a#title:1", right="semantic_scholar:1", who="D", when=date(2026, 1, 1), why="so"
    )
    (offer,) = judge(listed(title, 2021), found(), **{rule: (link,)})
    assert (offer.outcome.value, offer.reason) == (outcome, rule)
