# ruff: noqa: RUF001 - look-alike characters are what these tests are about
from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from medsafe_harvest.normalize.journal_ref import JournalRef, parse_journal_ref
from medsafe_harvest.normalize.venues import VenueConfig, VenueTable

CONFIG = Path(__file__).parents[3] / "config/venues.yaml"
TABLE = VenueTable(VenueConfig.model_validate(yaml.safe_load(CONFIG.read_text("utf-8"))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Medical Image Analysis 58 (2019) 101552",
         JournalRef("MedIA", "journal", "58", None, "101552", 2019)),
        ("IEEE Trans. Med. Imaging, vol. 39, no. 1, pp. 12-24, 2020",
         JournalRef("TMI", "journal", "39", "1", "12-24", 2020)),
        ("MICCAI 2021, LNCS 12907, pp. 3-13",
         JournalRef("MICCAI", "conference", None, None, "3-13", 2021)),
        ("Nature Machine Intelligence 3, 473–484 (2021)",
         JournalRef("Nature Machine Intelligence", "journal", "3", None, "473-484", 2021)),
        ("Annals of Pure and Applied Logic 137, 1--3 (2006) 189--239",
         JournalRef("Annals of Pure and Applied Logic", None, "137", "1-3", "189-239", 2006)),
        ("SIAM Journal on Optimization 20(6): 3121-3145 (2010)",
         JournalRef("SIAM Journal on Optimization", None, "20", "6", "3121-3145", 2010)),
        ("IEEE Trans. Inf. Theory, 54(5):2210-2219, 2008",
         JournalRef("IEEE Trans. Inf. Theory", None, "54", "5", "2210-2219", 2008)),
        ("Journal of Artificial Intelligence Research, Vol 7, (1997),\n  199-230",
         JournalRef("JAIR", "journal", "7", None, "199-230", 1997)),
        ("Radiology 2020; 295(1): 4-15",
         JournalRef("Radiology", "journal", "295", "1", "4-15", 2020)),
        ("Phys. Rev. E 80, 056113 (2009)",
         JournalRef("Phys. Rev. E", None, "80", None, "056113", 2009)),
        ("IJCAI-2009", JournalRef("IJCAI", "conference", None, None, None, 2009)),
        ("Proceedings of the 38th International Conference on Machine Learning, PMLR 139, 2021",
         JournalRef("ICML", "conference", None, None, None, 2021)),
    ],
)  # fmt: skip
def test_the_usual_styles_are_read(text: str, expected: JournalRef) -> None:
    assert parse_journal_ref(text, TABLE) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Submitted to Medical Image Analysis",
        "To appear in MICCAI 2021",
        "J. Zhao and K. Xu. Weak ties: Subtle role. Phys. Rev. E 82, 016105 (2010)",
        "PhD thesis, 2020",
        "Some private report",
        "12 pages, 3 figures",
        "",
        None,
    ],
)
def test_what_is_not_surely_read_is_none(text: str | None) -> None:
    assert parse_journal_ref(text, TABLE) is None


@given(st.text() | st.from_regex(r"[A-Za-z. ]{3,20} [0-9]{1,3}[ ,(][0-9(), :-]{1,20}"))
def test_parsing_is_total(text: str) -> None:
    ref = parse_journal_ref(text, TABLE)
    assert ref is None or ref.venue


def test_real_references_give_only_numbers_that_stand_in_them(shared_data: Path) -> None:
    pages = sorted((shared_data / "api/arxiv_oai_cs_2016").glob("00[1-3].xml.gz"))
    texts = [
        node.text or ""
        for page in pages
        for node in etree.fromstring(gzip.decompress(page.read_bytes())).iter(
            "{http://arxiv.org/OAI/arXiv/}journal-ref"
        )
    ]
    refs = [(text, parse_journal_ref(text, TABLE)) for text in texts]
    assert any(ref for _, ref in refs)
    for text, ref in refs:
        if ref:
            assert str(ref.year) in text or ref.year is None
            assert (ref.volume or "") in text
            assert all(part in text for part in (ref.pages or "").split("-"))
