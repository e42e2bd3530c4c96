"""What an answer is said to do is what the next matching does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.engines.duckdb import match
from medsafe_harvest.errors import ConfigError
from medsafe_harvest.overrides_file import Ruling
from medsafe_harvest.review import Pair, Papers
from medsafe_harvest.review_outlook import Outlook, at_odds
from medsafe_harvest.schema import RECORD

DAY = dt.date(2026, 11, 21)
HEART = "Uncertainty of convolutional networks that segment the heart"
LUNG = "Calibrated forests foretell sepsis in intensive care units"


def record(record_id: str, title: str, **fields: Any) -> dict[str, Any]:
    source, _, source_id = record_id.partition(":")
    empty: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in RECORD
    }
    author = {"name": "Jane Doe", "given": "Jane", "family": "Doe", "suffix": None}
    named = {"record_id": record_id, "source": source, "source_id": source_id, "year": 2024}
    seen = {"first_seen": DAY, "last_seen": DAY, "withdrawn": False}
    return empty | named | seen | {"title": title, "title_raw": title, "authors": [author]} | fields


TAKEN_OUT = (
    "y takes s2:1 out of the paper of arxiv:1 (arXiv ids 2401.00001 and 2401.00002 are two papers)"
)
RECORDS = pa.Table.from_pylist(
    [
        record("arxiv:1", HEART, arxiv_id="2401.00001", doi="10.1/heart"),
        record("s2:1", HEART, doi="10.1/heart"),
        record("arxiv:2", LUNG, arxiv_id="2401.00002"),
        record("s2:2", LUNG, arxiv_id="2401.00002"),
        record("s2:3", LUNG, arxiv_id="2401.00002"),
        record("s2:4", "Fair ranking of patients who wait", doi="10.1/rank"),
        record("s2:5", "Who waits for a transplant, ranked", doi="10.2/rank"),
    ],
    schema=RECORD,
)


def papers(overrides: Overrides) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for row in match(RECORDS, overrides, threads=1).clusters.to_pylist():
        groups.setdefault(row["cluster"], set()).add(row["record_id"])
    return {frozenset(group) for group in groups.values()}


def link(left: str, right: str) -> Link:
    return Link(left=left, right=right, who="w", when=DAY, why="y")


@pytest.fixture(scope="module")
def now() -> set[frozenset[str]]:
    return papers(Overrides())


@pytest.fixture(scope="module")
def outlook(now: set[frozenset[str]]) -> Outlook:
    decisions = match(RECORDS, Overrides(), threads=1).decisions
    return Outlook(RECORDS, decisions, Papers(sorted(map(sorted, now))))


@pytest.mark.parametrize(
    ("ids", "same", "must", "said"),
    [
        (
            ("arxiv:2", "s2:1"),
            True,
            (),
            (
                TAKEN_OUT,
                "then: arxiv:1 | arxiv:2, s2:1, s2:2, s2:3",
            ),
        ),
        (("arxiv:1", "s2:4"), True, (), ("y: one paper of 3 records, with s2:1",)),
        (("s2:4", "s2:5"), True, (), ("y: one paper of 2 records",)),
        (("s2:4", "s2:5"), False, (), ("n: two papers, as now",)),
        (
            ("arxiv:1", "s2:5"),
            True,
            (("s2:5", "s2:4"),),
            ("y: one paper of 4 records, with s2:1, s2:4",),
        ),
        (
            ("arxiv:1", "s2:1"),
            False,
            (),
            ("n takes s2:1 out of the paper of arxiv:1", "then: arxiv:1 | s2:1"),
        ),
        (("arxiv:2", "s2:2"), False, (), None),
    ],
)
def test_what_is_said_of_an_answer_is_what_matching_does(
    outlook: Outlook,
    ids: tuple[str, str],
    *,
    same: bool,
    must: tuple[tuple[str, str], ...],
    said: tuple[str, ...] | None,
) -> None:
    before = Overrides(must_link=tuple(link(*two) for two in must))
    pair = Pair(*ids, "review", "not_enough_evidence", 0.6, (), "")
    effect = outlook.of(pair, before, same=same)
    ruled = {"must_link": before.must_link, "cannot_link": ()}
    ruled["must_link" if same else "cannot_link"] += (link(*ids),)
    after = papers(Overrides(**ruled))
    assert effect.after <= after
    assert after - papers(before) <= effect.after
    assert said is None or effect.lines == said
    assert bool(effect.torn) is (said is None or len(said) > 1)


def test_an_answer_that_contradicts_a_ruling_has_no_outlook(outlook: Outlook) -> None:
    apart = Overrides(cannot_link=(link("arxiv:1", "s2:4"),))
    pair = Pair("arxiv:1", "s2:4", "review", "not_enough_evidence", 0.6, (), "")
    with pytest.raises(ConfigError, match=r"cannot_link arxiv:1 and s2:4 .* contradicts"):
        outlook.of(pair, apart, same=True)


def test_an_answer_about_two_papers_that_were_ruled_otherwise_is_found() -> None:
    table = Papers([["a", "b"], ["c", "d"], ["e"]])
    apart, joined = link("d", "a"), link("b", "e")
    before = Overrides(must_link=(joined,), cannot_link=(apart,))
    assert at_odds(Ruling(True, link("b", "c")), before, table) == apart
    assert at_odds(Ruling(False, link("a", "e")), before, table) == joined
    assert at_odds(Ruling(False, link("b", "c")), before, table) is None
    assert at_odds(Ruling(True, link("c", "d")), before, table) is None
