"""Relations: each kind, and what looks like it."""

from __future__ import annotations

import itertools
from typing import Any

import pyarrow as pa
import pytest

from medsafe_harvest.dedupe.decide import judge
from medsafe_harvest.dedupe.editions import script
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.dedupe.prepare import NEEDED, prepare
from medsafe_harvest.dedupe.relations import READ, relations
from medsafe_harvest.engines.duckdb import match
from medsafe_harvest.schema import DECISION, RECORD

SCHEMA = pa.schema([RECORD.field(name) for name in NEEDED])
TITLE = "Algorithmic bias in pulse oximetry of intensive care patients"
PARTS = "Statistical learning for clinical survival analysis of intensive care patients"
ADA, BEN = {"name": "Ada Moss"}, {"name": "Ben Stone"}


def rows_of(records: tuple[dict[str, Any], ...], overrides: Overrides) -> list[dict[str, Any]]:
    common = {"source": "semantic_scholar", "year": 2021, "other_dois": [], "authors": [ADA]}
    rows = [{**common, "record_id": f"r{n}", **record} for n, record in enumerate(records)]
    found = match(pa.Table.from_pylist(rows, schema=SCHEMA), overrides).relations
    listed: list[dict[str, Any]] = found.to_pylist()
    return listed


def links(
    *records: dict[str, Any], overrides: Overrides | None = None
) -> list[tuple[str, str, str]]:
    found = rows_of(records, overrides or Overrides())
    return [(row["left"], row["kind"], row["right"]) for row in found]


def apart(*titles: str) -> list[tuple[str, str, str]]:
    """Links between records that all are papers of their own, whatever decisions are kept."""
    rows = [
        {
            "record_id": f"r{n}", "source": "semantic_scholar", "title": title, "year": 2021,
            "authors": [ADA], "other_dois": [],
        }
        for n, title in enumerate(titles)
    ]  # fmt: skip
    [batch] = pa.Table.from_pylist(rows, schema=SCHEMA).to_batches()
    prepared = prepare(batch)
    lefts, rights = zip(*itertools.combinations(range(len(titles)), 2), strict=True)
    pairs = pa.RecordBatch.from_arrays(
        [
            prepared.take(pa.array(lefts)).to_struct_array(),
            prepared.take(pa.array(rights)).to_struct_array(),
            pa.array([[]] * len(lefts), pa.list_(pa.string())),
        ],
        ["left", "right", "keys"],
    )
    names = prepared.column("record_id")
    found = relations(
        pa.Table.from_batches([prepared]).select(READ),
        pa.Table.from_batches(judge([pairs])),
        pa.table({"record_id": names, "cluster": names}),
    )
    return [(row["left"], row["kind"], row["right"]) for row in found.to_pylist()]


# ── marked titles ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("marked", "kind"),
    [
        (f"Erratum: {TITLE}", "corrects"),
        (f"Correction to: {TITLE}", "corrects"),
        (f"{TITLE} (vol 3, pg 7, 2021)", "corrects"),
        (f"Reply to: {TITLE}", "replies_to"),
        (f"{TITLE}: authors' reply", "replies_to"),
        (f"Comment on {TITLE}", "comments_on"),
        (f"Additional file 1: of {TITLE}", "supplements"),
        (f"Data from the paper {TITLE}", "supplements"),
    ],
)
@pytest.mark.parametrize("marked_first", [True, False])
def test_a_marked_title_is_about_the_other(marked: str, kind: str, *, marked_first: bool) -> None:
    titles = [marked, TITLE] if marked_first else [TITLE, marked]
    expected = ("r0", kind, "r1") if marked_first else ("r1", kind, "r0")
    assert links({"title": titles[0]}, {"title": titles[1]}) == [expected]


def test_an_erratum_with_a_doi_of_its_own_corrects_all_the_same() -> None:
    erratum = {"title": f"Erratum: {TITLE}", "doi": "10.1/erratum", "year": 2022}
    [row] = rows_of((erratum, {"title": TITLE, "doi": "10.1/paper"}), Overrides())
    assert (row["left"], row["kind"], row["right"]) == ("r0", "corrects", "r1")
    assert "correction" in row["reason"]
    assert 0 < row["score"] <= 1


def test_others_may_comment_but_neither_correct_nor_supplement() -> None:
    for title in (f"Erratum: {TITLE}", f"Additional file 1: of {TITLE}"):
        assert links({"title": title, "authors": [BEN]}, {"title": TITLE}) == []
    comment = links({"title": f"Comment on: {TITLE}", "authors": [BEN]}, {"title": TITLE})
    assert comment == [("r0", "comments_on", "r1")]


def test_an_evaluation_of_faculty_opinions_reviews() -> None:
    evaluation = {"title": f"Faculty of 1000 evaluation for {TITLE}", "authors": [BEN]}
    assert links({**evaluation, "doi": "10.3410/f.1.2"}, {"title": TITLE}) == [
        ("r0", "reviews", "r1")
    ]


def test_a_reply_to_a_comment_replies_to_the_comment() -> None:
    reply = {"title": f"Reply to: Comment on {TITLE}", "year": 2022}
    comment = {"title": f"Comment on {TITLE}", "authors": [BEN]}
    found = links({"title": TITLE}, comment, reply)
    assert ("r2", "replies_to", "r0") not in found
    assert ("r1", "comments_on", "r0") in found


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ({"title": f"Foreword: {TITLE}"}, {"title": TITLE}),
        ({"title": f"Book review: {TITLE}"}, {"title": TITLE}),
        ({"title": f"Erratum: {TITLE}, part 1"}, {"title": f"{TITLE}, part 2"}),
        ({"title": f"Erratum: {TITLE}", "year": 2015}, {"title": TITLE}),
        ({"title": "Comment on: Deep learning", "authors": [BEN]}, {"title": "Deep learning"}),
        ({"title": "Correction of motion artefacts in fetal scans"},
         {"title": "Motion artefacts in fetal scans"}),
    ],
)  # fmt: skip
def test_what_looks_like_a_marked_title_relates_nothing(
    marked: dict[str, Any], plain: dict[str, Any]
) -> None:
    assert links(marked, plain) == []


def test_of_two_papers_of_that_title_the_one_in_its_own_journal_is_corrected() -> None:
    venue = {"venue": "Critical Care", "venue_kind": "journal"}
    talk = {"title": TITLE, "venue": "MICCAI", "venue_kind": "conference", "year": 2018}
    paper = {"title": TITLE, "doi": "10.1/a", **venue}
    erratum = {"title": f"Erratum: {TITLE}", "doi": "10.1/b", **venue}
    found = links(talk, paper, erratum)
    assert [link for link in found if link[1] == "corrects"] == [("r2", "corrects", "r1")]


# ── parts ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        (f"{PARTS}. Part II", f"{PARTS}. Part I"),
        (f"{PARTS}: part 2", f"{PARTS}: part 1"),
        (f"{PARTS}, part two: results", f"{PARTS}, part one: methods"),
        (f"{PARTS}, part B", f"{PARTS}, part A"),
        ("医学人工智能伦理问题研究 下", "医学人工智能伦理问题研究 上"),
    ],
)
def test_a_later_part_continues_the_earlier(later: str, earlier: str) -> None:
    assert apart(earlier, later) == [("r1", "continues", "r0")]


def test_a_part_continues_the_one_before_it() -> None:
    titles = [f"{PARTS}. Part {number}" for number in ("I", "III", "II")]
    assert apart(*titles) == [("r1", "continues", "r2"), ("r2", "continues", "r0")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"title": f"{PARTS}. Part II", "authors": [BEN]}, {"title": f"{PARTS}. Part I"}),
        ({"title": f"{PARTS} of type 2"}, {"title": f"{PARTS} of type 1"}),
        ({"title": f"{PARTS}. Part II", "year": 2015}, {"title": f"{PARTS}. Part I"}),
        ({"title": "Letters to the editor, part II"}, {"title": "Letters to the editor, part I"}),
        ({"title": f"{PARTS}. Part I"}, {"title": f"{PARTS}. Part I"}),
    ],
)
def test_other_numbers_teams_and_years_make_no_parts(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert links(one, other) == []


# ── extensions ───────────────────────────────────────────────────────────────────────────────

TALK = {"title": TITLE, "venue": "MICCAI", "venue_kind": "conference", "authors": [ADA, BEN]}
PAPER = {
    **TALK, "venue": "Medical Image Analysis", "venue_kind": "journal", "year": 2023,
    "doi": "10.1/journal",
}  # fmt: skip


def test_a_journal_paper_extends_what_its_team_showed_at_a_meeting() -> None:
    assert links({**TALK, "doi": "10.1/talk"}, PAPER) == [("r1", "extends", "r0")]


@pytest.mark.parametrize(
    "change",
    [
        {"year": 2020},  # before the meeting
        {"year": 2021},  # perhaps the proceedings, in a journal
        {"year": 2035},
        {"authors": [ADA, {"name": "Cleo Ray"}, {"name": "Dan Fox"}]},
        {"venue": "MIDL", "venue_kind": "conference"},
        {"title": f"{TITLE} of type 2"},
    ],
)
def test_what_is_not_later_in_a_journal_by_the_team_extends_nothing(change: dict[str, Any]) -> None:
    found = links({**TALK, "doi": "10.1/talk"}, {**PAPER, **change})
    assert "extends" not in [kind for _, kind, _ in found]


# ── translations ─────────────────────────────────────────────────────────────────────────────

PLACE = {"volume": "41", "pages": "118-125", "authors": [{"name": "Wei Zhang"}, {"name": "Li Na"}]}


def test_the_title_for_readers_abroad_is_the_translation() -> None:
    english = {"title": "Fair segmentation of cardiac images", "doi": "10.1/en", **PLACE}
    chinese = {"title": "心脏图像的公平分割方法研究", "doi": "10.1/cn", **PLACE}
    assert links(english, chinese) == [("r0", "is_translation_of", "r1")]
    same_id = {"openreview_id": "x"}
    later = {**chinese, **same_id, "year": 2023}
    assert links({**english, **same_id}, later) == [("r1", "is_translation_of", "r0")]


def test_another_page_or_team_is_no_translation() -> None:
    english = {"title": "Fair segmentation of cardiac images", "doi": "10.1/en", **PLACE}
    chinese = {"title": "心脏图像的公平分割方法研究", "doi": "10.1/cn", **PLACE}
    assert links(english, {**chinese, "pages": "7-9"}) == []
    assert links(english, {**chinese, "authors": [{"name": "Jun Ma"}, {"name": "Li Na"}]}) == []


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("fair machine learning", "LATIN"),
        ("医学人工智能 ai", "CJK"),
        ("医学におけるあい", "CJK"),
        ("справедливость", "CYRILLIC"),
        ("2024", None),
    ],
)
def test_the_script_of_a_title(title: str, expected: str | None) -> None:
    assert script(title) == expected


# ── records of one paper ─────────────────────────────────────────────────────────────────────

ARXIV = {"title": TITLE, "source": "arxiv", "arxiv_id": "2101.00001"}
PUBLISHED = {"title": TITLE, "doi": "10.1/x", "venue": "Critical Care", "venue_kind": "journal"}


def test_the_arxiv_record_is_the_preprint_of_the_published_one() -> None:
    assert links(ARXIV, PUBLISHED) == [("r0", "is_preprint_of", "r1")]


@pytest.mark.parametrize(("preprints", "links"), [(50, 2_500), (51, 100)])
def test_links_of_a_paper_with_records_without_end_grow_with_these(
    preprints: int, links: int
) -> None:
    forms = [ARXIV] * preprints + [PUBLISHED] * 50
    rows = [
        {"year": 2021, "authors": [ADA], "source": "semantic_scholar", "other_dois": [], **form}
        | {"record_id": f"r{number:03d}"}
        for number, form in enumerate(forms)
    ]
    [batch] = pa.Table.from_pylist(rows, schema=SCHEMA).to_batches()
    names = batch.column("record_id")
    clusters = pa.table({"record_id": names, "cluster": pa.array(["r000"] * len(names))})
    found = relations(pa.Table.from_batches([prepare(batch)]), DECISION.empty_table(), clusters)
    assert len(found) == links
    named = {*found["left"].to_pylist(), *found["right"].to_pylist()}
    assert named == set(names.to_pylist()), "no record is left out"


def test_so_is_a_record_of_another_server() -> None:
    medrxiv = {"title": TITLE, "doi": "10.1101/2020.05.01.20081234", "venue": "medRxiv"}
    assert links(PUBLISHED, medrxiv) == [("r1", "is_preprint_of", "r0")]


def test_an_indexed_preprint_is_no_published_version() -> None:
    indexed = {"title": TITLE, "arxiv_id": "2101.00001", "venue": "arXiv.org"}
    assert links(ARXIV, indexed) == []


def test_a_deposited_copy_is_a_version_of_the_paper() -> None:
    assert links(PUBLISHED, {"title": TITLE, "doi": "10.5281/zenodo.7"}) == [
        ("r1", "is_version_of", "r0")
    ]


def test_versions_of_an_arxiv_paper_follow_each_other() -> None:
    names = ["arxiv:2101.00001v10", "arxiv:2101.00001v2", "arxiv:2101.00001v1"]
    found = links(*({**ARXIV, "record_id": name} for name in names))
    assert set(found) == {
        (names[0], "is_version_of", names[1]),
        (names[1], "is_version_of", names[2]),
    }


def test_relations_do_not_depend_on_the_parts_that_pairs_are_read_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    titles = [TITLE, f"Erratum: {TITLE}", f"Reply to: {TITLE}", f"{PARTS}, part 1"]
    titles += [f"{PARTS}, part 2", f"{PARTS}, part 3", f"Comment on {PARTS}, part 2"]
    whole = apart(*titles)
    assert {kind for _, kind, _ in whole} == {"corrects", "replies_to", "continues", "comments_on"}
    monkeypatch.setattr("medsafe_harvest.dedupe.relations._PART", 1)
    assert apart(*titles) == whole


def test_a_curators_word_decides_what_is_within_a_paper() -> None:
    word = {"who": "a curator", "when": "2026-01-01", "why": "two studies"}
    apart = Overrides(cannot_link=(Link.model_validate({"left": "r0", "right": "r1", **word}),))
    assert links(ARXIV, PUBLISHED, overrides=apart) == []
