"""Which pairs are asked about, in which order, and what becomes of the answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from medsafe_harvest.dedupe.explain import Evidence
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.errors import ConfigError
from medsafe_harvest.overrides_file import OverridesFile
from medsafe_harvest.review import (
    Choice,
    Pair,
    Papers,
    Standing,
    pairs,
    unknown,
)
from medsafe_harvest.review_session import Session
from medsafe_harvest.review_words import default_why, differences
from medsafe_harvest.schema import DECISION

DAY = dt.date(2026, 11, 21)
ALONE = Papers([[name] for name in "abcdef"])


def decision(ids: str, score: float, outcome: str = "review", reason: str = "r") -> dict[str, Any]:
    left, right = ids.split()
    row = {"left": left, "right": right, "score": score, "outcome": outcome, "reason": reason}
    return row | {"title_similarity": 0.9, "keys": ["title"], "detail": "titles similar"}


DECISIONS = pa.Table.from_pylist(
    [
        decision("x:1 x:2", 0.9),
        decision("x:2 y:3", 0.55, reason="q"),
        decision("x:1 y:9", 0.45),
        decision("x:1 x:3", 0.99, "match"),
        decision("x:4 x:5", 0.91, "match"),
        decision("x:6 x:7", 0.2, "non-match"),
        decision("x:6 x:8", 0.4, "non-match"),
    ],
    schema=DECISION,
)


@pytest.mark.parametrize(
    ("choice", "order"),
    [
        (Choice(), ["x:1 y:9", "x:2 y:3", "x:1 x:2"]),
        (Choice(near=True), ["x:1 y:9", "x:2 y:3", "x:1 x:2", "x:6 x:8", "x:6 x:7"]),
        (Choice(matches=True), ["x:1 y:9", "x:2 y:3", "x:1 x:2", "x:4 x:5", "x:1 x:3"]),
        (Choice(reasons=frozenset({"q"})), ["x:2 y:3"]),
        (Choice(sources=frozenset({"y"})), ["x:1 y:9", "x:2 y:3"]),
    ],
)
def test_the_strongest_doubt_comes_first(choice: Choice, order: list[str]) -> None:
    for rows in (DECISIONS, DECISIONS.take(list(range(6, -1, -1)))):
        assert [" ".join(pair.ids) for pair in pairs(rows, choice)] == order


def link(ids: str) -> Link:
    return Link(left=ids[0], right=ids[1], who="w", when=DAY, why="y")


def pair(ids: str, outcome: str = "review") -> Pair:
    return Pair(ids[0], ids[1], outcome, "r", 0.6, (), "titles similar")


@pytest.mark.parametrize(
    ("must", "cannot", "ids", "settled"),
    [
        ("", "", "ab", False),
        ("ab", "", "ab", True),
        ("ab bc", "", "ac", True),
        ("", "ab", "ab", True),
        ("ac", "bc", "ab", True),  # a is c, and c is not b
        ("", "ac", "ab", False),
        ("", "ac cb", "ab", False),  # two refusals say nothing of the third pair
        ("", "", "de", True),  # one paper already
        ("ad", "", "ae", True),  # joined through it
        ("", "ad", "ae", True),  # the same two papers
        ("ab", "bd", "ae", True),  # the same two papers, once a and b are one
        ("", "de", "ad", False),
    ],
)
def test_what_follows_from_rulings_and_the_table_is_not_asked(
    must: str, cannot: str, ids: str, *, settled: bool
) -> None:
    overrides = Overrides(
        must_link=tuple(map(link, must.split())), cannot_link=tuple(map(link, cannot.split()))
    )
    standing = Standing(Papers([["a"], ["b"], ["c"], ["d", "e"]]), overrides)
    assert standing.is_settled(pair(ids)) is settled


def test_a_match_is_asked_about_although_it_is_merged_until_it_is_ruled() -> None:
    papers = Papers([["a", "b"]])
    assert not Standing(papers, Overrides()).is_settled(pair("ab", "match"))
    assert Standing(papers, Overrides(must_link=(link("ab"),))).is_settled(pair("ab", "match"))


@pytest.fixture
def file(tmp_path: Path) -> OverridesFile:
    path = tmp_path / "overrides.yaml"
    path.write_text("# by hand\nmust_link: []\ncannot_link: []\n", encoding="utf-8")
    return OverridesFile(path)


def answer(session: Session, *, same: bool) -> None:
    present = session.present()
    assert present is not None
    session.answer(present, same=same, who="w", when=DAY, why="y")


def said(file: OverridesFile) -> tuple[list[str], list[str]]:
    now = OverridesFile(file.path).read()
    must, cannot = (
        ["".join(one.pair) for one in links] for links in (now.must_link, now.cannot_link)
    )
    return must, cannot


def test_each_answer_is_in_the_file_at_once_and_undone_one_by_one(file: OverridesFile) -> None:
    before = file.path.read_bytes()
    session = Session([pair("ab"), pair("cd"), pair("ef")], file, ALONE)
    answer(session, same=True)
    assert said(file) == (["ab"], [])
    session.skip()
    answer(session, same=False)
    assert said(file) == (["ab"], ["ef"])
    assert session.present() is None
    assert session.undo()
    assert session.present() == pair("ef")
    assert said(file) == (["ab"], [])
    assert [one.ids for one in session.skipped] == [("c", "d")]
    assert session.undo()
    assert session.present() == pair("cd")
    assert session.undo()
    assert not session.undo()
    assert file.path.read_bytes() == before
    assert session.answered == ()


def test_what_was_answered_is_never_asked_again_and_the_skipped_come_last(
    file: OverridesFile,
) -> None:
    queue = [pair("ab"), pair("cd"), pair("ef")]
    answer(Session(queue, file, ALONE), same=False)
    again = Session(queue, file, ALONE, skipped={("c", "d")})
    assert again.queue == (pair("ef"), pair("cd"))


@pytest.mark.parametrize("same", [True, False])
def test_two_papers_are_asked_about_once_by_their_strongest_pair(
    file: OverridesFile, *, same: bool
) -> None:
    papers = Papers([["a", "b"], ["c", "d"], ["e"], ["f"]])
    weak = [pair("bd"), replace(pair("ac", "non-match"), score=0.9)]
    queue = [weak[0], pair("ef"), replace(pair("ad"), score=0.8), weak[1]]
    queue += [pair("ab", "match"), pair("cd", "match")]
    session = Session(queue, file, papers)
    assert [one.ids for one in session.queue] == [
        ("a", "d"), ("e", "f"), ("a", "b"), ("c", "d"),
    ]  # fmt: skip
    assert [session.others(one) for one in session.queue] == [2, 0, 0, 0]
    answer(session, same=same)
    assert Session(queue, file, papers).queue[0] == pair("ef")


def test_pairs_that_an_answer_settles_are_passed_over(file: OverridesFile) -> None:
    session = Session([pair("ab"), pair("bc"), pair("ac"), pair("de")], file, ALONE)
    answer(session, same=True)
    answer(session, same=False)
    assert session.present() == pair("de")
    assert session.left == 1


def test_what_another_session_answers_is_passed_over(file: OverridesFile) -> None:
    queue = [pair("ab"), pair("cd")]
    session, other = (Session(queue, file_, ALONE) for file_ in (file, OverridesFile(file.path)))
    answer(other, same=True)
    assert session.present() == pair("cd")


def test_an_answer_that_contradicts_is_refused_and_the_session_goes_on(file: OverridesFile) -> None:
    session = Session([pair("ac"), pair("de")], file, ALONE)
    present = session.present()
    assert present is not None
    # Meanwhile another curator answers so that they follow to be two papers.
    other = Session([pair("ab"), pair("bc")], OverridesFile(file.path), ALONE)
    answer(other, same=True)
    answer(other, same=False)
    with pytest.raises(ConfigError, match=r"cannot_link b and c .* contradicts must_link"):
        session.answer(present, same=True, who="w", when=DAY, why="y")
    assert session.answered == ()
    assert session.present() == pair("de")


def test_an_answer_that_another_gave_is_not_taken_back(file: OverridesFile) -> None:
    session = Session([pair("ab")], file, ALONE)
    present = session.present()
    assert present is not None
    answer(Session([pair("ab")], OverridesFile(file.path), ALONE), same=True)
    session.answer(present, same=True, who="me", when=DAY, why="y")
    assert session.undo()
    assert said(file) == (["ab"], [])


def test_the_reason_offered_names_what_speaks_for_the_answer() -> None:
    evidence = (
        Evidence("year", "years differ by 1", -0.5),
        Evidence("title", "titles equal", 4.0),
        Evidence("place", "volumes differ", -3.0),
        Evidence("length", "no length", 0.0),
    )
    assert default_why(evidence, same=True) == "Same paper: titles equal"
    assert (
        default_why(evidence, same=False) == "Different papers: volumes differ; years differ by 1"
    )
    assert default_why((), same=False) == "Different papers, seen side by side"


def test_words_that_the_other_side_lacks_are_marked() -> None:
    left, right = differences("Deep Learning for MRI, part 1", "Deep learning of MRI part 2.")
    assert [word for word, differs in left if differs] == ["for", "1"]
    assert [word for word, differs in right if differs] == ["of", "2."]
    assert [word for word, _ in right] == ["Deep", "learning", "of", "MRI", "part", "2."]
    assert differences("", "new") == ([], [("new", True)])


def test_rulings_about_records_that_the_table_lacks_are_named() -> None:
    overrides = Overrides(must_link=(link("az"),), cannot_link=(link("by"), link("zy")))
    assert unknown(overrides, ALONE) == ["y", "z"]
