"""What a link leads to, read off its address."""

from __future__ import annotations

import pytest

from medsafe_harvest.lists.addresses import locate

ARXIV = "2104.12345"


@pytest.mark.parametrize(
    ("url", "arxiv_id"),
    [
        ("https://arxiv.org/abs/2104.12345", ARXIV),
        ("http://arxiv.org/pdf/2104.12345v2.pdf", ARXIV),
        ("https://export.arxiv.org/abs/2104.12345?context=cs.LG", ARXIV),
        ("https://www.arxiv.org/html/2104.12345v1/#S2", ARXIV),
        ("https://arxiv.org/ftp/arxiv/papers/2104/2104.12345.pdf", ARXIV),
        ("https://ar5iv.labs.arxiv.org/html/2104.12345", ARXIV),
        ("https://www.alphaxiv.org/overview/2104.12345", ARXIV),
        ("https://huggingface.co/papers/2104.12345", ARXIV),
        ("https://doi.org/10.48550/arXiv.2104.12345", ARXIV),
        ("https://www.semanticscholar.org/arxiv/2104.12345", ARXIV),
        ("https://ui.adsabs.harvard.edu/abs/2021arXiv210412345D/abstract", ARXIV),
        ("https://dblp.org/rec/journals/corr/abs-2104-12345.html", ARXIV),
        ("arXiv:2104.12345v3", ARXIV),
        ("https://arxiv.org/abs/math.GT/0309136", "math/0309136"),
        ("https://arxiv.org/abs/2113.12345", None),
        ("https://arxiv.org/list/cs.LG/recent", None),
    ],
)
def test_arxiv_in_all_forms(url: str, arxiv_id: str | None) -> None:
    assert locate(url).arxiv_id == arxiv_id


@pytest.mark.parametrize(
    ("url", "doi"),
    [
        ("https://doi.org/10.1056/AIoa2300068", "10.1056/aioa2300068"),
        ("http://dx.doi.org/10.1016/j.media.2021.102000", "10.1016/j.media.2021.102000"),
        ("https://dl.acm.org/doi/abs/10.1145/3561048", "10.1145/3561048"),
        ("https://dl.acm.org/doi/pdf/10.1145/3357384.3357910?x=1", "10.1145/3357384.3357910"),
        ("https://dl.acm.org/citation.cfm?id=3219819.3220051", "10.1145/3219819.3220051"),
        ("https://link.springer.com/content/pdf/10.1007%2F978-3-030-59716-0_19.pdf",
         "10.1007/978-3-030-59716-0_19"),
        ("https://onlinelibrary.wiley.com/doi/full/10.1002/widm.1356", "10.1002/widm.1356"),
        ("https://www.tandfonline.com/doi/full/10.1080/1.2?src=x", "10.1080/1.2"),
        ("https://www.nature.com/articles/s41591-024-03185-2.pdf", "10.1038/s41591-024-03185-2"),
        ("https://www.medrxiv.org/content/10.1101/2020.04.13.20063941v1.full.pdf",
         "10.1101/2020.04.13.20063941"),
        ("https://www.biorxiv.org/content/biorxiv/early/2018/01/02/123456.full.pdf",
         "10.1101/123456"),
        ("https://www.frontiersin.org/articles/10.3389/fonc.2021.665807/full",
         "10.3389/fonc.2021.665807"),
        ("https://journals.plos.org/plosone/article/file?id=10.1371/journal.pone.1&type=printable",
         "10.1371/journal.pone.1"),
        ("https://www.mdpi.com/2075-4418/12/2/530", "10.3390/diagnostics12020530"),
        ("https://www.mdpi.com/1424-8220/20/12/13482/htm", "10.3390/s201213482"),
        ("https://www.hindawi.com/journals/cmmm/2022/9288452/", "10.1155/2022/9288452"),
        ("https://papers.ssrn.com/sol3/papers.cfm?abstract_id=3796311", "10.2139/ssrn.3796311"),
        ("https://www.thelancet.com/journals/landig/article/PIIS2589-7500(23)00225-X/fulltext",
         "10.1016/s2589-7500(23)00225-x"),
        ("https://academic.oup.com/jamia/advance-article/doi/10.1093/jamia/ocae120/7680487",
         "10.1093/jamia/ocae120"),
        ("https://academic.oup.com/bib/article-abstract/23/6/bbac409/6713511",
         "10.1093/bib/bbac409"),
        ("https://www.ijcai.org/proceedings/2021/0200.pdf", "10.24963/ijcai.2021/200"),
        ("https://www.sciencedirect.com/science/article/pii/S0010482522001743", None),
        ("https://academic.oup.com/jamia/article-abstract/31/9/1875/7680487", None),
        ("https://dl.acm.org/doi/proceedings/10.1145/3696410", None),
        ("https://doi.org/10.5281/zenodo.1234567", None),
    ],
)  # fmt: skip
def test_a_doi_in_a_publishers_address(url: str, doi: str | None) -> None:
    assert locate(url).doi == doi


@pytest.mark.parametrize(
    ("url", "pmid", "pmcid", "openreview"),
    [
        ("https://pubmed.ncbi.nlm.nih.gov/31234567/?dopt=Abstract", "31234567", None, None),
        ("https://www.ncbi.nlm.nih.gov/pubmed/31234567", "31234567", None, None),
        ("https://europepmc.org/article/MED/31234567", "31234567", None, None),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC123456/pdf/x.pdf", None, "PMC123456", None),
        ("https://pmc.ncbi.nlm.nih.gov/articles/PMC123456/", None, "PMC123456", None),
        ("https://europepmc.org/articles/PMC123456", None, "PMC123456", None),
        ("https://openreview.net/pdf?id=7SEi-ISNni7", None, None, "7SEi-ISNni7"),
        ("https://openreview.net/forum?id=WqoBaaPHS-&noteId=x", None, None, "WqoBaaPHS-"),
        ("https://openreview.net/group?id=ICLR.cc/2020/Conference", None, None, None),
    ],
)
def test_the_medical_archives_and_openreview(
    url: str, pmid: str | None, pmcid: str | None, openreview: str | None
) -> None:
    place = locate(url)
    assert (place.pmid, place.pmcid, place.openreview_id) == (pmid, pmcid, openreview)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://ieeexplore.ieee.org/abstract/document/10158729", "paper"),
        ("https://openaccess.thecvf.com/content/CVPR2022/html/A_CVPR_2022_paper.html", "paper"),
        ("https://openaccess.thecvf.com/CVPR2022?day=all", "index"),
        ("https://proceedings.mlr.press/v202/patel23a.html", "paper"),
        ("https://proceedings.mlr.press/v202/", "index"),
        ("https://papers.nips.cc/paper/7181-attention-is-all-you-need.pdf", "paper"),
        ("https://proceedings.neurips.cc/paper/2021", "index"),
        ("https://aclanthology.org/2020.acl-main.740/", "paper"),
        ("https://aclanthology.org/events/acl-2020/", "index"),
        ("https://www.researchgate.net/publication/344154017_Py-CIU", "paper"),
        ("https://somebody.edu/papers/icml.pdf", "paper"),
        ("https://github.com/a/b", "code"),
        ("https://huggingface.co/a/b", "data"),
        ("https://www.youtube.com/watch?v=1", "media"),
        ("https://img.shields.io/badge/a-b", "badge"),
        ("#contents", "anchor"),
        ("http://[", "other"),
    ],
)
def test_what_kind_of_page_it_is(url: str, kind: str) -> None:
    assert locate(url).kind == kind


def test_a_link_into_a_repository_is_the_repository() -> None:
    assert locate("https://github.com/a/b/tree/main/src").code == "https://github.com/a/b"
