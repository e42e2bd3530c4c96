# ruff: noqa: RUF001 - look-alike characters are what these tests are about
from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.normalize import ids

CLEANERS = (
    ids.clean_arxiv,
    ids.clean_doi,
    ids.clean_pmid,
    ids.clean_pmcid,
    ids.clean_corpus_id,
    ids.clean_s2_paper_id,
    ids.clean_acl,
    ids.clean_dblp,
    ids.clean_mag,
    ids.clean_openreview,
    ids.clean_openalex,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2301.00001", ("2301.00001", None)),
        ("2301.00001v2", ("2301.00001", 2)),
        ("arXiv:2301.00001", ("2301.00001", None)),
        ("ARXIV: 2301.00001v3", ("2301.00001", 3)),
        ("arXiv:2301.00001v2 [cs.CV]", ("2301.00001", 2)),
        ("http://arxiv.org/abs/2202.12139v1", ("2202.12139", 1)),
        ("https://www.arxiv.org/pdf/2301.00001v2.pdf", ("2301.00001", 2)),
        ("https://export.arxiv.org/abs/2301.00001?context=cs", ("2301.00001", None)),
        ("10.48550/arXiv.2301.00001", ("2301.00001", None)),
        ("https://doi.org/10.48550/ARXIV.2301.00001", ("2301.00001", None)),
        ("oai:arXiv.org:0704.0002", ("0704.0002", None)),
        ("1412.9999", ("1412.9999", None)),
        ("1501.00001", ("1501.00001", None)),
        ("math.GT/0309136", ("math/0309136", None)),
        ("math/0309136v4", ("math/0309136", 4)),
        ("hepth/9901001", ("hep-th/9901001", None)),
        ("http://arxiv.org/abs/quant-ph/0201082v1", ("quant-ph/0201082", 1)),
    ],
)
def test_every_form_of_an_arxiv_id_gives_id_and_version(
    text: str, expected: tuple[str, int | None]
) -> None:
    assert ids.parse_arxiv(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1501.0001",  # five digits from 1501
        "1412.00001",  # four digits before
        "0703.0001",  # the scheme began in April 2007
        "2313.00001",
        "2300.00001",
        "2301.00000",
        "2301.00001v0",
        "0806x2878",
        "2301.000012",
        "2301.00001.",
        "math/0704001",  # the old scheme ended in March 2007
        "math/9106001",
        "math/0309000",
        "nosuch/0309136",
        "٢٣٠١.٠٠٠٠١",
        "",
        "abc",
        "10.1038/s41591-020-0001-1",
    ],
)
def test_what_is_no_arxiv_id_gives_none(text: str) -> None:
    assert ids.parse_arxiv(text) is None


@given(
    st.integers(15, 30), st.integers(1, 12), st.integers(1, 99999), st.sampled_from("x,-_ :/٫0a")
)
def test_an_arxiv_id_with_another_separator_is_none(
    year: int, month: int, number: int, separator: str
) -> None:
    assert ids.clean_arxiv(f"{year}{month:02}.{number:05}") == f"{year}{month:02}.{number:05}"
    assert ids.clean_arxiv(f"{year}{month:02}{separator}{number:05}") is None


SICI = "10.1002/(sici)1097-0258(19980815/30)17:15/16<1661::aid-sim968>3.0.co;2-2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1016/J.MEDIA.2019.101552", "10.1016/j.media.2019.101552"),
        ("https://doi.org/10.1016/S0140-6736(20)30183-5", "10.1016/s0140-6736(20)30183-5"),
        ("https://doi.org/10.1016/S0140-6736%2820%2930183-5", "10.1016/s0140-6736(20)30183-5"),
        ("(see doi:10.1038/nature12373).", "10.1038/nature12373"),
        ("<10.1000/182>", "10.1000/182"),
        ("10.1000/182(a)", "10.1000/182(a)"),
        ("http://dx.doi.org/10.1000/182?utm_source=x#top", "10.1000/182"),
        (SICI, SICI),
        (
            ("https://doi.org/10.1002/(SICI)1097-0258(19980815/30)17:15/16%3C1661::AID-SIM968"
            "%3E3.0.CO;2-2"),
            SICI,
        ),
        ("https://www.medrxiv.org/content/10.1101/2020.01.01.12345678v2.full.pdf",
         "10.1101/2020.01.01.12345678"),
        ("https://link.springer.com/content/pdf/10.1007/s00330-020-06748-2.pdf",
         "10.1007/s00330-020-06748-2"),
        ("https://onlinelibrary.wiley.com/doi/10.1002/mp.14000/full", "10.1002/mp.14000"),
    ],
)  # fmt: skip
def test_a_doi_is_found_and_trimmed(text: str, expected: str) -> None:
    assert ids.clean_doi(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "10.48550/arXiv.2301.00001",
        "10.65215/abcd.1234",
        "10.1000/%2525",
        "10.1000/",
        "10.1000/...",
        "10.12/short-prefix",
        "110.1000/182",
        "not a doi",
        "",
    ],
)
def test_arxiv_and_mirror_and_damaged_dois_are_none(text: str) -> None:
    assert ids.clean_doi(text) is None


@pytest.mark.parametrize("separator", [", ", "; ", " ", ",", " and https://doi.org/"])
def test_several_dois_in_one_field_are_told_apart(separator: str) -> None:
    assert ids.find_dois(f"10.1000/a1{separator}10.1001/b2") == ("10.1000/a1", "10.1001/b2")


@pytest.mark.parametrize(
    ("cleaner", "text", "expected"),
    [
        (ids.clean_pmid, "PMID: 32015507", "32015507"),
        (ids.clean_pmid, "https://pubmed.ncbi.nlm.nih.gov/32015507/", "32015507"),
        (ids.clean_pmid, "0123", None),
        (ids.clean_pmid, "123456789", None),
        (ids.clean_pmcid, "7095418", "PMC7095418"),
        (ids.clean_pmcid, "pmc7095418", "PMC7095418"),
        (ids.clean_pmcid, "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC7095418/", "PMC7095418"),
        (ids.clean_pmcid, "PMC0", None),
        (ids.clean_corpus_id, "CorpusID:13756489", "13756489"),
        (ids.clean_corpus_id, "-1", None),
        (ids.clean_s2_paper_id, "204E3073870FAE3D05BCBC2F6A8E263D9B72E776",
         "204e3073870fae3d05bcbc2f6a8e263d9b72e776"),
        (ids.clean_s2_paper_id, "204e3073", None),
        (ids.clean_acl, "p19-1001", "P19-1001"),
        (ids.clean_acl, "https://aclanthology.org/2020.acl-main.447.pdf", "2020.acl-main.447"),
        (ids.clean_acl, "2020.acl", None),
        (ids.clean_dblp, "conf/miccai/RonnebergerFB15", "conf/miccai/RonnebergerFB15"),
        (ids.clean_dblp, "https://dblp.org/rec/journals/corr/abs-2301-00001.html",
         "journals/corr/abs-2301-00001"),
        (ids.clean_dblp, "miccai/RonnebergerFB15", None),
        (ids.clean_mag, "2964121744", "2964121744"),
        (ids.clean_openreview, "https://openreview.net/forum?id=rJl-b3RcF7", "rJl-b3RcF7"),
        (ids.clean_openreview, "too short", None),
        (ids.clean_openalex, "https://openalex.org/w2741809807", "W2741809807"),
        (ids.clean_openalex, "A2741809807", None),
    ],
)  # fmt: skip
def test_other_identifiers(cleaner: object, text: str, expected: str | None) -> None:
    assert callable(cleaner)
    assert cleaner(text) == expected


@pytest.mark.parametrize("cleaner", CLEANERS)
@given(text=st.text() | st.from_regex(r"10\.[0-9]{4}/[!-~]{0,12}") | st.from_regex(r"[ -~]{0,9}"))
def test_cleaners_are_total_and_cleaning_twice_is_cleaning_once(cleaner: object, text: str) -> None:
    assert callable(cleaner)
    assert cleaner(None) is None
    once = cleaner(text)
    assert once is None or cleaner(once) == once


def test_every_identifier_that_semantic_scholar_gave_is_understood(shared_data: Path) -> None:
    cleaners = {
        "DOI": ids.clean_doi,
        "PubMed": ids.clean_pmid,
        "PubMedCentral": ids.clean_pmcid,
        "MAG": ids.clean_mag,
        "DBLP": ids.clean_dblp,
        "ACL": ids.clean_acl,
        "ArXiv": ids.clean_arxiv,
        "CorpusId": ids.clean_corpus_id,
    }
    refused = []
    seen = 0
    for path in sorted((shared_data / "api/s2").glob("*__200.json")):
        for external in _external_ids(json.loads(path.read_text(encoding="utf-8"))):
            for kind, value in external.items():
                if kind in cleaners and value and not isinstance(value, list):  # list: an author
                    seen += 1
                    known = cleaners[kind](str(value)) or ids.parse_arxiv(str(value))
                    refused += [] if known else [(kind, value)]
    assert seen > 0
    assert refused == []


def _external_ids(node: object) -> list[dict[str, object]]:
    if isinstance(node, list):
        return [found for item in node for found in _external_ids(item)]
    if not isinstance(node, dict):
        return []
    own = [node["externalIds"]] if node.get("externalIds") else []
    return own + [found for item in node.values() for found in _external_ids(item)]
