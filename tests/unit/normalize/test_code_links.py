from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.normalize.code_links import find_code_links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Code: https://github.com/x/y.", "https://github.com/x/y"),
        ("(github.com/x/y)", "https://github.com/x/y"),
        ("http://www.github.com/x/y.git", "https://github.com/x/y"),
        ("https://github.com/x/y/tree/main/src#top", "https://github.com/x/y"),
        (r"\url{https://github.com/x/y_z}", "https://github.com/x/y_z"),
        (r"\url{https://github.com/x/y\_z}", "https://github.com/x/y_z"),
        (r"\href{https://github.com/x/y}{here}", "https://github.com/x/y"),
        ("[code](https://github.com/x/y),", "https://github.com/x/y"),
        ("https:// github.com/x/y", "https://github.com/x/y"),
        ("https:\n  //github.com/x/y", "https://github.com/x/y"),
        ("athttps://github.com/x/y", "https://github.com/x/y"),
        ("https://github.com/lab/\n  name", "https://github.com/lab/name"),
        ("https://github.com/lab/long-\nname", "https://github.com/lab/long-name"),
        ("https://github.com/lab/ Wasserstein-BDG.", "https://github.com/lab/Wasserstein-BDG"),
        ("https://gitlab.com/a/b/c/-/tree/main", "https://gitlab.com/a/b/c"),
        ("https://gitlab.icm-institute.org/a/b", "https://gitlab.icm-institute.org/a/b"),
        ("https://bitbucket.org/a/b/src/master", "https://bitbucket.org/a/b"),
        ("https://codeberg.org/a/b", "https://codeberg.org/a/b"),
        ("https://huggingface.co/a/b/tree/main", "https://huggingface.co/a/b"),
        ("https://hf.co/datasets/a/b", "https://huggingface.co/datasets/a/b"),
        ("https://huggingface.co/spaces/a/b", "https://huggingface.co/spaces/a/b"),
        ("https://zenodo.org/record/1234567", "https://zenodo.org/records/1234567"),
        ("doi 10.5281/zenodo.1234567.", "https://zenodo.org/records/1234567"),
        ("https://doi.org/10.5281/ZENODO.1234567", "https://zenodo.org/records/1234567"),
        ("10.6084/m9.figshare.31801921.", "https://doi.org/10.6084/m9.figshare.31801921"),
        ("https://anonymous.4open.science/r/a-1B2C/README.md",
         "https://anonymous.4open.science/r/a-1B2C"),
        ("https://lab.github.io/project/demo.html", "https://lab.github.io/project"),
        ("https://physionet.org/content/mimiciv/2.2/", "https://physionet.org/content/mimiciv"),
        ("https://www.kaggle.com/datasets/a/b", "https://kaggle.com/datasets/a/b"),
    ],
)  # fmt: skip
def test_a_link_is_found_in_one_canonical_form(text: str, expected: str) -> None:
    assert find_code_links(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "Code is on GitHub.",
        "https://github.com/owner",
        "https://github.com/features/actions",
        "https://huggingface.co/papers/2301.00001",
        "https://drive.google.com/drive/folders/abc",
        "mail me@github.com/x/y",
        "notgithub.com/x/y",
        "https://arxiv.org/abs/2301.00001",
        "",
    ],
)
def test_other_addresses_are_no_code(text: str) -> None:
    assert find_code_links(text) == []


def test_links_of_abstract_and_comment_are_sorted_and_unique() -> None:
    links = find_code_links("github.com/b/b and https://github.com/a/a", "github.com/b/b.git", None)
    assert links == ["https://github.com/a/a", "https://github.com/b/b"]


@given(st.text() | st.from_regex(r"(https://)?(github\.com|huggingface\.co)/[!-~]{0,20}"))
def test_finding_is_total_and_finds_its_own_output_again(text: str) -> None:
    for link in find_code_links(text):
        assert find_code_links(link) == [link]


def test_a_real_address_with_owner_and_repository_is_never_missed(shared_data: Path) -> None:
    path = shared_data / "corpus/medical_ml.parquet"
    abstracts = pq.read_table(path, columns=["abstract"])["abstract"].to_pylist()
    plain = re.compile(r"https://github\.com/([\w-]+)/([\w-]*\w)(?=[.,)]?(?:\s|$))", re.ASCII)
    checked = 0
    for abstract in abstracts:
        expected = {f"https://github.com/{o}/{r}" for o, r in plain.findall(abstract or "")}
        assert expected <= set(find_code_links(abstract))
        checked += len(expected)
    assert checked > 0
