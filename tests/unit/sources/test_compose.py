from __future__ import annotations

import dataclasses

from medsafe_harvest.sources import DOORS
from medsafe_harvest.sources.base import SourceAuthor, SourceRecord
from medsafe_harvest.sources.compose import compose, differs, version

SEARCH = SourceRecord(
    source="arxiv",
    source_id="2401.00001",
    title="A title",
    authors=(SourceAuthor("Mary van Dyke"), SourceAuthor("Li Wei")),
    identifiers=(("arxiv", "2401.00001v2"),),
)
NAMES = (
    SourceAuthor("Mary van Dyke", "Mary", "van Dyke"),
    SourceAuthor("Li Wei", "Wei", "Li"),
)
OAI = SourceRecord(
    source="arxiv",
    source_id="2401.00001",
    title="Another title",
    authors=NAMES,
    comment="12 pages",
    licence="http://creativecommons.org/licenses/by/4.0/",
)
RAW = SourceRecord(
    source="arxiv",
    source_id="2401.00001",
    title="Another title",
    identifiers=(("arxiv", "2401.00001v3"),),
    licence="http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    versions=("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"),
    withdrawn=True,
)


def test_a_door_gives_the_fields_it_knows_better_and_no_others() -> None:
    found = compose([("arxiv_oai", OAI), ("arxiv", SEARCH), ("arxiv_oai_raw", RAW)], DOORS)
    assert found is not None
    record = found.record
    assert (record.title, record.comment) == ("A title", None)
    assert (record.authors, record.licence) == (NAMES, OAI.licence)
    assert (record.versions, record.withdrawn) == (RAW.versions, True)
    assert found.given == (
        ("authors", "arxiv_oai"),
        ("licence", "arxiv_oai"),
        ("versions", "arxiv_oai_raw"),
        ("withdrawn", "arxiv_oai_raw"),
    )


def test_names_of_another_number_belong_to_another_version() -> None:
    fewer = SourceRecord(source="arxiv", source_id="x", title="A", authors=NAMES[:1])
    found = compose([("arxiv_oai", fewer), ("arxiv", SEARCH)], DOORS)
    assert found is not None
    assert found.record == SEARCH


def test_what_no_door_describes_fully_is_no_record() -> None:
    assert compose([("arxiv_oai", OAI), ("arxiv_oai_raw", RAW)], DOORS) is None


def test_the_version_stands_in_the_identifier() -> None:
    assert [version(record) for record in (SEARCH, OAI, RAW)] == [2, 0, 3]


def test_a_withdrawal_that_was_taken_back_is_none() -> None:
    newer = dataclasses.replace(RAW, withdrawn=False)
    parts = [("arxiv_oai_raw", newer), ("arxiv_oai_get", RAW), ("arxiv", SEARCH)]
    found = compose(parts, DOORS)
    assert found is not None
    assert not found.record.withdrawn


def test_a_comment_reference_or_doi_that_is_heard_of_differs() -> None:
    described = dataclasses.replace(
        SEARCH, comment="12  pages", identifiers=(*SEARCH.identifiers, ("doi", "10.1/A"))
    )
    same = dataclasses.replace(RAW, comment="12 pages", identifiers=(("doi", "10.1/a"),))
    assert not differs(same, described)
    assert not differs(RAW, described)
    assert differs(dataclasses.replace(RAW, journal_ref="Nature 1 (2024)"), described)
    assert differs(dataclasses.replace(RAW, identifiers=(("doi", "10.1/b"),)), described)
