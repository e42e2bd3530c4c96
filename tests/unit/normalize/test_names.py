from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from medsafe_harvest.normalize.names import Name, family_key, initials, name_key, split_name


@pytest.mark.parametrize(
    ("text", "given_name", "family", "suffix"),
    [
        ("Jane Smith", "Jane", "Smith", None),
        ("Smith, Jane", "Jane", "Smith", None),
        ("J. A. Smith", "J. A.", "Smith", None),
        ("Smith JA", "JA", "Smith", None),
        ("Smith J.A.", "J.A.", "Smith", None),
        ("Smith J. A.", "J. A.", "Smith", None),
        ("JA Smith", "JA", "Smith", None),
        ("Ludwig van der Berg", "Ludwig", "van der Berg", None),
        ("Luc Van Gool", "Luc", "Van Gool", None),
        ("Thi Van Nguyen", "Thi Van", "Nguyen", None),
        ("Maria de la Cruz", "Maria", "de la Cruz", None),
        ("van der Berg", None, "van der Berg", None),
        ("Omar bin Khalid", "Omar", "bin Khalid", None),
        ("Ahmed al-Rashid", "Ahmed", "al-Rashid", None),
        ("Abbas El Gamal", "Abbas", "El Gamal", None),
        ("Robert Brown Jr.", "Robert", "Brown", "Jr."),
        ("Brown, Robert, Jr.", "Robert", "Brown", "Jr."),
        ("Brown, Jr., Robert", "Robert", "Brown", "Jr."),
        ("Robert Brown, Jr.", "Robert", "Brown", "Jr."),
        ("Henry Ford III", "Henry", "Ford", "III"),
        ("Wei Wang 0001", "Wei", "Wang", None),
        ("Wei XU", "Wei", "XU", None),
        ("WANG Wei", "Wei", "WANG", None),
        ("JOHN SMITH", "JOHN", "SMITH", None),
        ("SMITH JA", "JA", "SMITH", None),
        ("JOHN XU", "JOHN", "XU", None),
        ("Jane Smith, M.D., Ph.D.", "Jane", "Smith", None),
        ("Jane Smith PhD", "Jane", "Smith", None),
        ("Smith, M.D.", "M.D.", "Smith", None),
        ("Smith MD", "MD", "Smith", None),
        ("Dr. Jane Smith", "Jane", "Smith", None),
        ("The ALICE Collaboration", None, "The ALICE Collaboration", None),
        ("for the XY Study Group", None, "for the XY Study Group", None),
        ("张 伟", "伟", "张", None),
        ("김민수", None, "김민수", None),
        ("Aristotle", None, "Aristotle", None),
        (r"J\"urgen M\"uller", "Jürgen", "Müller", None),
        ("", None, None, None),
    ],
)
def test_a_name_is_split(
    text: str, given_name: str | None, family: str | None, suffix: str | None
) -> None:
    assert split_name(text) == Name(given_name, family, suffix)


@pytest.mark.parametrize(
    "text",
    ["Jürgen Müller", "Müller, J.", "Muller J", "MULLER, JÜRGEN", r"M{\"u}ller, Jurgen"],
)
def test_forms_of_one_name_share_a_key(text: str) -> None:
    assert name_key(split_name(text)) == "muller j"


def test_particles_hyphens_and_spaces_do_not_change_the_family_key() -> None:
    assert family_key(split_name("Anna García-López")) == family_key(Name("A", "Garcia Lopez"))
    assert family_key(split_name("L. Van Gool")) == "vangool"


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [("Jean-Anne", "ja"), ("J. A.", "ja"), ("JA", "ja"), ("Jo", "j"), (None, "")],
)
def test_initials_of_given_names(given_name: str | None, expected: str) -> None:
    assert initials(Name(given_name, "Smith")) == expected


@given(st.text())
def test_splitting_is_total_and_loses_no_family(text: str) -> None:
    name = split_name(text)
    assert (name.family is not None) or not (name.given or name.suffix)
    assert name_key(name) is not None


def test_splitting_agrees_with_the_parts_that_arxiv_gives(shared_data: Path) -> None:
    """arXiv's own split is by its submitters; it leaves "El Gamal" to the given name, we do not."""
    arxiv = "{http://arxiv.org/OAI/arXiv/}"
    pages = sorted((shared_data / "api/arxiv_oai_cs_2016").glob("10*.xml.gz"))
    total = agreed = 0
    for page in pages:
        for author in etree.fromstring(gzip.decompress(page.read_bytes())).iter(f"{arxiv}author"):
            family = author.findtext(f"{arxiv}keyname")
            forenames = author.findtext(f"{arxiv}forenames")
            if family and forenames:
                total += 1
                split = split_name(f"{forenames} {family}").family or ""
                agreed += split.casefold() == " ".join(family.split()).casefold()
    assert total > 1000
    assert agreed / total > 0.98
