"""What is found, in which order: on a small library of made-up papers."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import medsafe_harvest as mh
from medsafe_harvest import finder
from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.selection import Choice
from medsafe_harvest.errors import CuratedError, SelectionError
from medsafe_harvest.finder import index, staged
from medsafe_harvest.finder.index import Index
from medsafe_harvest.finder.words import places
from tests.unit.finder.library import LIBRARY, write


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library") / "curated"
    write(folder, *LIBRARY)
    return folder


@pytest.fixture(scope="module")
def opened(curated: Path) -> Index:
    return index.opened(snapshot.current(curated), finder.cache_of(curated))


def found(curated: Path, text: str, within: Choice | None = None) -> list[str]:
    table = finder.find(curated, text, within).table
    return [f"{row['paper_id'][2:]} {row['match']}" for row in table.to_pylist()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("conformal prediction chest x-ray", ["00 all", "01 all"], id="title-first"),
        pytest.param("vessel", ["04 all", "02 all"], id="stem-and-short-title"),
        pytest.param(
            "federated learning", ["02 all", "03 all", "04 some"], id="side-by-side-first"
        ),
        pytest.param("Skin tone and fairness", ["06 all", "05 all", "07 all"], id="newest-then-id"),
        pytest.param("sepsis", ["08 all"], id="one"),
        pytest.param("muller", ["00 all"], id="without-diacritics"),
        pytest.param("MÜLLER", ["00 all"], id="capitals"),
        pytest.param("Mu\u0308ller", ["00 all"], id="combining-diaeresis"),
        pytest.param("souza 2024", ["00 all"], id="author-and-year"),
        pytest.param("miccai", ["00 all"], id="venue"),
        pytest.param("privacy", ["03 all"], id="topic-and-abstract"),
        pytest.param("radiography of the chest", ["01 all", "00 some"], id="all-before-some"),
    ],
)
def test_known_papers_are_found_in_order(curated: Path, text: str, expected: list[str]) -> None:
    assert found(curated, text) == expected


@pytest.mark.parametrize("text", ["x-ray", "xray", "x ray", "X\u2010Ray", "x-rays", "-- x-ray"])
def test_hyphens_do_not_matter(curated: Path, text: str) -> None:
    assert found(curated, text) == ["00 all", "01 all"]


def test_british_and_american_words_find_each_other(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"title": "Generalisation of Brain Tumour Segmentation", "authors": ["A. Grey"]},
        {"title": "Generalization of brain tumor segmentation", "authors": ["B. Gray"]},
    )
    for text in ("brain tumour", "tumor", '"tumor segmentation"', "generalise", "gray", "tumuor"):
        assert sorted(one[:2] for one in found(tmp_path, text)) == ["00", "01"], text
    assert found(tmp_path, "brain -tumour") == []
    both = {"BRAIN TUMOUR": ["Brain", "Tumour"], "brain tumor": ["Brain", "Tumour"]}
    for text, marked in both.items():
        stems = finder.find(tmp_path, text).found.stems
        title = "Generalisation of Brain Tumour Segmentation"
        assert [title[start:end] for start, end in places(title, stems)] == marked


@pytest.mark.parametrize("text", ["multimodal", "multi-modal", "multi modal"])
def test_one_word_and_two_are_the_same(curated: Path, text: str) -> None:
    assert found(curated, text) == ["09 all", "03 all"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("conformla", ["00 typos", "01 typos"], id="swapped"),
        pytest.param("confrmal predcition chest", ["00 typos", "01 typos"], id="two-words"),
        pytest.param("sepssi", ["08 typos"], id="short-word-one-slip"),
        pytest.param("spessi", [], id="short-word-two-slips"),
        pytest.param("diferentail", ["03 typos"], id="long-word-two-slips"),
        pytest.param("ton", [], id="too-short"),
        pytest.param("casual", ["08 typos"], id="another-word"),
        pytest.param("vessels ship", ["04 all", "02 some"], id="right-words-first"),
    ],
)
def test_slips_are_forgiven(curated: Path, text: str, expected: list[str]) -> None:
    assert found(curated, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('"federated learning"', ["02 all"], id="phrase"),
        pytest.param('"learning federated"', [], id="phrase-in-order"),
        pytest.param("\u201clearning together\u201d", ["03 all"], id="curly-quotes"),
        pytest.param('"federated learning" hospitals', ["02 all"], id="phrase-and-word"),
        pytest.param('"federated learning" sepsis', [], id="a-phrase-is-no-some"),
        pytest.param("federated learning -vessels", ["03 all"], id="without-word"),
        pytest.param(
            'federated learning -"learning together"', ["02 all", "04 some"], id="without-phrase"
        ),
        pytest.param("chest NOT xray", [], id="without-however-spelt"),
        pytest.param("-sepsis", [], id="nothing-but-without"),
        pytest.param("", [], id="empty"),
        pytest.param('"" - "', [], id="signs"),
        pytest.param("on", ["04 all"], id="little-word-alone"),
        pytest.param("what they keep on", ["03 all"], id="little-words-do-not-count"),
    ],
)
def test_phrases_and_what_is_not_wanted(curated: Path, text: str, expected: list[str]) -> None:
    assert found(curated, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "mh01", "MH01", " 10.1000/ABC.1 ", "https://doi.org/10.1000/abc.1", "doi:10.1000/abc.1",
        "PMID: 2024",
    ],
)  # fmt: skip
def test_an_id_finds_its_paper_alone(curated: Path, text: str) -> None:
    assert found(curated, text) == ["01 id"]


def test_digits_are_an_id_first_and_words_after(curated: Path) -> None:
    assert found(curated, "2024") == ["01 id", "00 all"]
    assert found(curated, "https://arxiv.org/abs/2403.00001v2") == ["00 id"]
    assert found(curated, "2403.00009") == []


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        pytest.param(Choice(topics=["uncertainty"]), ["00 all"], id="topic"),
        pytest.param(Choice(since=date(2023, 1, 1)), ["00 all"], id="since"),
        pytest.param(Choice(until=date(2023, 1, 1)), ["01 all"], id="until"),
        pytest.param(Choice(where="venue = 'TMI'"), ["01 all"], id="where"),
        pytest.param(Choice(where="year = 1900"), [], id="none"),
    ],
)
def test_a_choice_of_papers_is_searched(curated: Path, within: Choice, expected: list[str]) -> None:
    assert found(curated, "chest prediction", within) == expected
    assert found(curated, "mh00", within) == (["00 id"] if expected == ["00 all"] else [])


def test_words_that_no_paper_has_are_named_with_near_ones(curated: Path) -> None:
    answer = finder.find(curated, "qwxz fairnezzz skin")
    assert answer.found.unknown == {"qwxz": (), "fairnezzz": ("fairness",)}
    assert finder.find(curated, "conformla skin").found.meant == {"conformla": ("conformal",)}


def test_the_best_are_the_same_however_many_are_wanted(curated: Path) -> None:
    for text in ("fairness", "learning x-ray of skin", "federated hospitals"):
        full = finder.find(curated, text, limit=10**9).table.to_pylist()
        for limit in range(1, len(full)):
            assert finder.find(curated, text, limit=limit).table.to_pylist() == full[:limit]


_PIECES = st.sampled_from(
    ['"', "-", "\u201c", "x-ray", "NOT", "AND", "(", "title:", "*", "\\", "~2", "+", "^", "\x00",
     "\ud800", "o'", "10.1/", "[a TO b]", "fedrated", "2024", "\U0001f600", "a" * 100, "mh01", "/"]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.text() | st.lists(_PIECES | st.text(max_size=5), max_size=12).map("".join))
def test_no_text_is_wrong(opened: Index, text: str) -> None:
    hits = staged.search(opened, text, 20).hits
    assert len({hit.row for hit in hits}) == len(hits)
    steps = [step for step, _ in itertools.groupby(hit.match for hit in hits)]
    assert steps == [step for step in ("id", "all", "typos", "some") if step in steps]


def test_a_notebook_gets_a_frame(curated: Path) -> None:
    frame = mh.search("federated hospital", curated, since="2021", columns=["title", "topics"])
    assert list(frame.columns) == ["rank", "score", "match", "title", "topics"]
    assert frame["topics"][0] == ["privacy"]
    assert len(mh.search("federated", curated, until="2021-05", limit=1)) == 1
    with pytest.raises(SelectionError, match="no column 'titel'"):
        mh.search("federated", curated, columns=["titel"])
    with pytest.raises(SelectionError, match="2024-05"):
        mh.search("federated", curated, since="soon")
    with pytest.raises(CuratedError, match="no curated snapshot"):
        mh.search("federated", curated / "none")
