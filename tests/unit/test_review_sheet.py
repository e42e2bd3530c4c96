"""Pairs as CSV: safe in a spreadsheet, and read back exactly or not at all."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest

from medsafe_harvest import review_sheet
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.errors import ConfigError
from medsafe_harvest.review import Pair
from medsafe_harvest.review_words import SHOWN

DAY = dt.date(2026, 11, 21)


def record(record_id: str, **fields: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(SHOWN)
    return row | {"record_id": record_id, "authors": [], "other_dois": []} | fields


RECORDS = {
    "arxiv:1": record(
        "arxiv:1",
        title='=HYPERLINK("http://x", "é")',
        authors=[{"name": "-A. Doe"}, {"name": "B; C"}],
        year=2024,
        doi="10.1/x",
    ),
    "s2:2": record("s2:2", title="+cmd|' /C calc'!A0", venue="@home", volume="1", issue="2"),
}
PAIR = Pair("arxiv:1", "s2:2", "review", "not_enough_evidence", 0.61234, (), "-titles alike")


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_no_cell_is_a_formula_and_all_is_there() -> None:
    [row] = cells(review_sheet.write([PAIR], RECORDS))
    assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert row["left_title"] == '\'=HYPERLINK("http://x", "é")'
    assert row["right_venue"] == "'@home"
    assert row["left_authors"] == "'-A. Doe, B; C"
    assert row["left_identifiers"] == "doi:10.1/x"
    assert (row["right_volume"], row["score"], row["answer"]) == ("1 (2)", "0.612", "")


def read(text: str) -> review_sheet.Answers:
    return review_sheet.read(text.encode(), file="pairs.csv", who="me", when=DAY)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_is_written_is_read_back_with_the_answers(delimiter: str, mark: str) -> None:
    [row] = cells(review_sheet.write([PAIR], RECORDS))
    text = io.StringIO()
    out = csv.DictWriter(text, review_sheet.COLUMNS, delimiter=delimiter)
    out.writeheader()
    out.writerow(row)
    out.writerow(row | {"answer": " Yes ", "who": "'=B", "when": "2026-01-31", "why": "'-a\nb"})
    answers = read(mark + text.getvalue())
    [ruling] = answers.rulings
    assert ruling.same
    assert ruling.link == Link(
        left="arxiv:1", right="s2:2", who="=B", when=dt.date(2026, 1, 31), why="-a b"
    )
    assert answers.unanswered == 1


@pytest.mark.parametrize(
    ("word", "same"),
    [
        ("y", True),
        ("SAME", True),
        ("Match", True),
        ("n", False),
        ("No", False),
        ("different", False),
        ("non-match", False),
    ],
)
def test_an_answer_has_several_words_and_what_is_left_empty_a_default(
    word: str, *, same: bool
) -> None:
    [ruling] = read(f"right,left,answer\na,b,{word}\n").rulings
    assert ruling.same is same
    assert ruling.link.pair == ("a", "b")
    assert (ruling.link.who, ruling.link.when) == ("me", DAY)
    assert "pairs.csv" in ruling.link.why


HEAD = "left,right,answer,when\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"{HEAD}a,b,y,\na,c,perhaps,\n", r"pairs\.csv:3: the answer 'perhaps' is none of y, yes"),
        (
            f"{HEAD}\na,b,ja,\na,a,y,\na,b,y,,,\n,c,y,\n",
            r":3: the answer .ja.*\n.*:4: a stands .*\n.*:5: has 6 cells .*\n.*:6: left is empty$",
        ),
        (f"{HEAD}a,a,y,\n", ":2: a stands on both sides"),
        (f"{HEAD},b,y,\n", ":2: left is empty$"),
        (f"{HEAD}a,b,y,31.01.2026\n", r":2: when is '31\.01\.2026': a day is written 2026-01-31$"),
        (f'{HEAD}"a\nx",b,?,\n', ":2: the answer"),
        (f"{HEAD}a,b,y,\nb,a,n,\n", ":3: a and b are answered otherwise on line 2"),
        (f"{HEAD}a,b,y,,more\n", ":2: has 5 cells for 4 columns"),
        (f'{HEAD}"a,b,y,\n', ":2: is not CSV"),
        ("a,b,y\n", ":1: has no column 'left', 'right', 'answer'"),
        ("", "is empty"),
        ("PK\x03\x04\x00\x14", "pairs.csv"),
    ],
)
def test_a_wrong_table_is_refused_with_the_line(content: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read(content)


def test_answers_that_no_ruling_has_are_counted() -> None:
    there = Overrides(must_link=(Link(left="a", right="b", who="w", when=DAY, why="seen"),))
    rows = "b,a,Yes\na,b,n\nc,d,perhaps\ne,f,\nc,d,'=\n"
    table = f"left,right,answer\n{rows}".encode()
    assert review_sheet.not_yet_imported(table, there, file="pairs.csv") == 3
    assert review_sheet.not_yet_imported(b"\n", there, file="pairs.csv") == 0
    with pytest.raises(ConfigError, match="has no column"):
        review_sheet.not_yet_imported(b"my notes\n", there, file="notes.csv")


def test_another_encoding_is_refused() -> None:
    with pytest.raises(ConfigError, match="is not UTF-8"):
        review_sheet.read("left,right,answer,é".encode("latin-1"), file="f", who="w", when=DAY)


def test_only_what_is_new_is_left_and_a_contradiction_names_both_and_the_line() -> None:
    there = Link(left="b", right="a", who="w", when=DAY, why="seen")
    before = Overrides(must_link=(there,))
    fine = read("left,right,answer,why\na,b,y,\nb,c,y,chain\n")
    assert [one.link.pair for one in review_sheet.check(fine, before, file="pairs.csv")] == [
        ("b", "c")
    ]
    wrong = read("left,right,answer,why\nx,y,y,\nb,c,y,chain\nd,e,n,\na,c,n,mine\nf,g,y,\n")
    with pytest.raises(
        ConfigError,
        match=r"pairs.csv:5: cannot_link a and c .*mine.* must_link b and a .*seen.*chain",
    ):
        review_sheet.check(wrong, before, file="pairs.csv")
