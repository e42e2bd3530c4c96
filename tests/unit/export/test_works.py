"""What a row is to a bibliography: its kind, people, dates, notes, and the form of its title."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from medsafe_harvest.export import latex
from medsafe_harvest.export.works import Kind, Work, read, split_particle

Row = dict[str, Any]


@pytest.fixture(scope="session")
def work(make_row: Callable[..., Row], venues: dict[str, str]) -> Callable[..., Work]:
    return lambda **given: read(make_row(**given), "key", venues)


@pytest.mark.parametrize(
    ("row", "kind", "container"),
    [
        ({"venue": "TMI", "venue_kind": "journal"}, Kind.ARTICLE, "IEEE Transactions on Medical"),
        ({"venue": "MICCAI Workshops", "venue_kind": "workshop"}, Kind.CONFERENCE, "Medical Image"),
        ({"venue": "arXiv", "venue_kind": "preprint", "arxiv_id": "1"}, Kind.PREPRINT, "arXiv"),
        ({"venue": None, "arxiv_id": "1"}, Kind.PREPRINT, None),
        ({"publication_types": ["JournalArticle"]}, Kind.OTHER, None),
        ({"venue": "Some Letters", "publication_types": ["JournalArticle"]}, Kind.ARTICLE, "Some"),
        ({"venue": "Some Day", "publication_types": ["Conference"]}, Kind.CONFERENCE, "Some Day"),
    ],
)
def test_kind_and_container(
    work: Callable[..., Work], row: Row, kind: Kind, container: str | None
) -> None:
    read_ = work(**row)
    assert read_.kind is kind
    assert (read_.container or "").startswith(container or "")
    assert bool(read_.container) == bool(container)


def test_the_month_is_that_of_the_publication(work: Callable[..., Work]) -> None:
    journal = {"venue": "TMI", "venue_kind": "journal", "published": "2023-04-05", "year": 2023}
    assert (work(**journal).month, work(**journal).day) == (4, 5)
    assert work(**journal, arxiv_id="2304.00001").month is None
    assert work(**journal | {"year": 2024}).month is None
    assert work(published="2023-04-05", year=2023, arxiv_id="2304.00001").month == 4


def test_code_is_the_authors_own_where_that_is_known(work: Callable[..., Work]) -> None:
    def link(url: str, *, own: bool | None, dead: bool = False, kind: str = "repository") -> Row:
        return {"url": url, "own": own, "kind": kind, "looks_dead": dead, "said": None}

    perhaps = link("https://github.com/a/perhaps", own=None)
    own = link("https://github.com/a/own", own=True)
    others = [
        link("https://github.com/a/tool", own=False),
        link("https://github.com/a/dead", own=True, dead=True),
        link("https://a.org", own=True, kind="project_page"),
    ]
    assert work(links=[*others, perhaps]).code == (perhaps["url"],)
    assert work(links=[*others, perhaps, own]).code == (own["url"],)
    assert work(links=others).code == ()


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("van der Berg", ("van der", "Berg")),
        ("Van der Berg", (None, "Van der Berg")),
        ("Ortega y Gasset", (None, "Ortega y Gasset")),
        ("hooks", (None, "hooks")),
        ("de la cruz", (None, "de la cruz")),
    ],
)
def test_a_particle_leads_in_small_letters(family: str, expected: tuple[str, str]) -> None:
    assert split_particle(family) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("A Study of MRI and COVID-19", "A Study of {MRI} and {COVID}-19"),
        ("Privacy-Net: A Net", "{Privacy-Net}: A Net"),
        ("Bayesian Methods for X-Ray Images", "{Bayesian} Methods for {X-Ray} Images"),
        ("Alzheimer\u2019s in 3D (ADNI)", "{Alzheimer\u2019s} in {3D} ({ADNI})"),
        ("Learning from patients in Utrecht", "Learning from patients in {Utrecht}"),
        ("Learning from Patients in Utrecht", "Learning from Patients in Utrecht"),
        ("Does it work? The case of iPads", "Does it work? The case of {iPads}"),
        ("ALL IN CAPITALS", "ALL IN CAPITALS"),
        ("50% of {x}", r"50\% of {\textbraceleft}x{\textbraceright}"),
    ],
)
def test_capitals_that_stay_are_in_braces(title: str, expected: str) -> None:
    assert latex.title(title, latex.escape) == expected
