"""Titles taken apart: form, marker, numbers, designators, generic titles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.dedupe.markers import Marker
from medsafe_harvest.dedupe.titles import take_apart
from medsafe_harvest.dedupe.wording import is_acronym


@pytest.mark.parametrize(
    ("title", "marker"),
    [
        ("Erratum: Deep learning for sepsis", Marker.CORRECTION),
        ("Erratum to: Deep learning for sepsis", Marker.CORRECTION),
        ("Corrigendum to “Deep learning for sepsis”", Marker.CORRECTION),
        ("Author Correction: Deep learning for sepsis", Marker.CORRECTION),
        ("Deep learning for sepsis (vol 12, pg 3, 2019)", Marker.CORRECTION),
        ("Deep learning for sepsis: Erratum", Marker.CORRECTION),
        ("Retraction notice to: Deep learning for sepsis", Marker.CORRECTION),
        ("Reply to: Deep learning for sepsis", Marker.REPLY),
        ("Authors' reply: Deep learning for sepsis", Marker.REPLY),
        ("Deep learning for sepsis - Reply", Marker.REPLY),
        ("Comment on Deep learning for sepsis", Marker.COMMENT),
        ("Commentary: Deep learning for sepsis", Marker.COMMENT),
        ("Guest editorial: Deep learning for sepsis", Marker.EDITORIAL),
        ("Foreword to Deep learning for sepsis", Marker.EDITORIAL),
        ("Book review: Deep learning for sepsis", Marker.REVIEW),
        ("Deep learning for sepsis - Book Review", Marker.REVIEW),
        ("Additional file 2: of Deep learning for sepsis", Marker.COMPANION),
        ("Supplementary material for Deep learning for sepsis", Marker.COMPANION),
    ],
)
def test_a_marker_is_found_and_leaves_the_title_it_is_about(title: str, marker: Marker) -> None:
    parts = take_apart(title)
    assert (parts.marker, parts.form) == (marker, "deep learning for sepsis")


@pytest.mark.parametrize(
    "title",
    [
        "Correction of motion artefacts in cardiac MRI",
        "Response-adaptive randomisation in oncology",
        "Editorial boards of radiology journals: a survey",
        "Discussions of uncertainty with patients",
        "A review of explainable artificial intelligence",
        "Replying to patients with large language models",
        "Data sharing in genomics",
        "Retracted articles in anaesthesiology",
    ],
)
def test_a_subject_that_looks_like_a_marker_is_none(title: str) -> None:
    assert take_apart(title).marker is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What next?", "What next?. [Review] [37 refs]"),
        ("Paroxysmal haemoglobinuria. [Spanish]", "[Paroxysmal haemoglobinuria]. [Spanish]"),
        ("Pleural catheters in malignancy", "Pleural catheters in malignancy [Abstract]"),
        ("Data mining in commerce", "Data mining in commerce (Panel)"),
        ("Joins in databases", "Joins in databases (extended abstract)"),
        ("Bose &amp; Einstein", "Bose & Einstein"),
    ],
)
def test_notes_of_libraries_are_not_part_of_the_title(one: str, other: str) -> None:
    assert take_apart(one).form == take_apart(other).form


@pytest.mark.parametrize(
    ("title", "numbers"),
    [
        ("Survival analysis, part 2", {"2"}),
        ("Survival analysis. Part II", {"2"}),
        ("Survival analysis: part two", {"2"}),
        ("Survival analysis, Part B", {"b"}),
        ("Survival analysis I", {"1"}),
        ("Phase III trial", {"3"}),
        ("The 4th workshop", {"4"}),
        ("The fourth workshop", {"4"}),
        ("GLP-1 and 18F-FDG", {"1", "18"}),
        ("10,000 patients", {"10000"}),
        ("第二部 深層学習", {"二"}),
        ("I think, therefore deep learning", set()),
        ("X-ray vision", set()),
    ],
)
def test_numbers_are_found_in_all_their_forms(title: str, numbers: set[str]) -> None:
    assert set(take_apart(title).numbers) == numbers


@pytest.mark.parametrize(
    ("title", "part"),
    [
        ("Radiomics, part II", "2"),
        ("Radiomics. Pt. 2: Methods", "2"),
        ("RADIOMICS II: APPLICATIONS", "2"),
        ("Loops on 2-bridge spheres (III)", "3"),
        ("Lectures on noise. 2. Random media", "2"),
        ("Spectral gaps, Part B", "b"),
        ("Part One: the burden", "1"),
        ("Stage II: a trial", None),
        ("Diabetes type 2: a survey", None),
        ("IV fluids in sepsis", None),
        ("Part of the story", None),
    ],
)
def test_a_part_of_a_series_is_told_from_a_grade(title: str, part: str | None) -> None:
    assert take_apart(title).part == part


@pytest.mark.parametrize(
    ("short", "words", "is_one"),
    [
        ("ahus", "atypical hemolytic syndrome uremic", True),
        ("llms", "language large model", True),
        ("mhd", "magnetohydrodynamic", True),
        ("pad", "prostate cancer", False),
        ("x", "xenon", False),
        ("mri", "magnetic imaging", False),
    ],
)
def test_an_acronym_has_the_initials_of_its_words(short: str, words: str, *, is_one: bool) -> None:
    assert is_acronym(short, words.split()) is is_one


def test_letters_that_name_a_thing_are_kept_and_articles_are_not() -> None:
    assert take_apart(
        "A study of hepatitis B and TNF-\N{GREEK SMALL LETTER ALPHA}"
    ).designators == ("alpha", "b")


@pytest.mark.parametrize(
    "title",
    ["Editorial", "GUEST EDITORIAL", "Editor's note", "In this issue", "Preface 2019", "UNKNOWN",
     "Subject Index Vol. 43, 2000", "March 2020", "  "],
)  # fmt: skip
def test_titles_that_name_a_kind_of_text_are_generic(title: str) -> None:
    assert take_apart(title).generic


@pytest.mark.parametrize("title", ["Editorial bias in journals", "Eculizumab", "教育"])
def test_titles_that_name_a_subject_are_not_generic(title: str) -> None:
    assert not take_apart(title).generic


@given(st.text(min_size=1).filter(lambda text: bool(text.strip())))
def test_no_title_with_something_in_it_becomes_empty(title: str) -> None:
    assert take_apart(title).form


@given(st.text())
def test_taking_apart_is_total(title: str) -> None:
    parts = take_apart(title)
    assert len(parts.words) == len(parts.information)
    assert all(said > 0 for said in parts.information)
