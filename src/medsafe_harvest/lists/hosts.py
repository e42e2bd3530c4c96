"""Which hosts hold papers, code, data, talks and badges: tables, without any reading."""

from __future__ import annotations

import re

#: Copies and readers of arXiv whose addresses contain the arXiv id.
ARXIV_HOSTS = frozenset(
    "arxiv.org alphaxiv.org ar5iv.org ar5iv.labs.arxiv.org arxiv-vanity.com scirate.com "  # noqa: SIM905 - a word list reads best as text
    "papers.cool "
    "emergentmind.com arxiv-sanity-lite.com arxivxplorer.com semanticscholar.org "
    "ui.adsabs.harvard.edu adsabs.harvard.edu xxx.lanl.gov xxx.itp.ac.cn dblp.org "
    "dblp.uni-trier.de dblp.dagstuhl.de huggingface.co hf.co doi.org dx.doi.org paperswithcode.com "
    "scholar.archive.org inspirehep.net catalyzex.com connectedpapers.com".split()
)

#: Hosts of papers, and what the path of a single paper looks like; other pages are indexes.
PAPER_PATHS: dict[str, re.Pattern[str]] = {
    host: re.compile(pattern, re.IGNORECASE)
    for host, pattern in {
        "arxiv.org": r"/(?:abs|pdf|html|format|ps|e-print|ftp|src|doi)/.",
        "openreview.net": r"/(?:forum|pdf|attachment|references)\b",
        "ieeexplore.ieee.org": r"/(?:(?:abstract/|author/)?document/|stamp/|iel\d|.*arnumber=|"
        r"rest/|search/srchabstract)",
        "openaccess.thecvf.com": r"/content\w*/.+\.(?:html|pdf)",
        "thecvf.com": r"/.+\.(?:html|pdf)",
        "proceedings.mlr.press": r"/v\d+/\w",
        "jmlr.org": r"/(?:papers|proceedings)/v\w+/.+",
        "papers.nips.cc": r"/(?:paper|paper_files/paper)/(?:\d+-|\d{4}/(?:hash|file)/)",
        "papers.neurips.cc": r"/(?:paper|paper_files/paper)/(?:\d+-|\d{4}/(?:hash|file)/)",
        "proceedings.neurips.cc": r"/(?:paper|paper_files/paper)/(?:\d+-|\d{4}/(?:hash|file)/)",
        "proceedings.mlsys.org": r"/(?:paper|paper_files/paper)/(?:\d+-|\d{4}/(?:hash|file)/)"
        r"|.+\.pdf",
        "proceedings.iclr.cc": r"/paper_files/paper/\d{4}/(?:hash|file)/",
        "aclanthology.org": r"/(?!events|volumes|venues|sigs|people|faq)[a-z\d][\w.-]*\d",
        "aclweb.org": r"/anthology/(?:papers/)?[A-Z\d]",
        "ojs.aaai.org": r"/.*article/(?:view|download)",
        "aaai.org": r"/.*(?:papers?|article|view).*/",
        "ijcai.org": r"/(?:proceedings/\d{4}/\d+|Proceedings/.+\.pdf)",
        "link.springer.com": r"/(?!book|journal|series|search|conference)[\w-]+/.*10\.\d{4}",
        "sciencedirect.com": r"/science/article/",
        "nature.com": r"/(?:articles|doifinder)/|/.*/(?:full|abs)/.+html",
        "hindawi.com": r"/journals/\w+/\d{4}/\d+",
        "mdpi.com": r"/\d{4}-\d{3}[\dX]/\d+/\d+/\d+",
        "researchgate.net": r"/(?:publication|profile/[^/]+/\W{0,3}publication)/",
        "annals.org": r"/aim/",
        "acpjournals.org": r"/doi/",
        "semanticscholar.org": r"/(?:paper|arxiv|api/.*)/|/CorpusID",
        "api.semanticscholar.org": r"/(?!graph)(?:CorpusID|arxiv)",
        "scholar.google.com": r"/(?:citations\?.*view_op=view_citation|scholar\?.*cluster=)",
        "paperswithcode.com": r"/paper/",
        "dblp.org": r"/rec/",
        "dblp.uni-trier.de": r"/rec/",
        "pubmed.ncbi.nlm.nih.gov": r"/\d+",
        "ncbi.nlm.nih.gov": r"/(?:m/)?(?:pubmed/\d|pmc/articles/)",
        "pmc.ncbi.nlm.nih.gov": r"/articles/",
        "europepmc.org": r"/(?:article|abstract|articles|api/fulltextRepo)\b",
        "papers.ssrn.com": r"/.*abstract",
        "ssrn.com": r"/abstract=",
        "usenix.org": r"/(?:conference/[^/]+/presentation/|system/files/)",
        "ndss-symposium.org": r"/(?:ndss-paper|wp-content)/",
        "ecva.net": r"/papers/.+",
        "vldb.org": r"/pvldb/.+\.pdf|/.+\.pdf",
        "kdd.org": r"/.*(?:view|papers)/.+",
        "jamanetwork.com": r"/(?:journals/.*(?:article|fullarticle|abstract)|articlepdf)",
        "thelancet.com": r"/.*(?:article|pdfs)",
        "cell.com": r"/.*(?:fulltext|pdf|abstract|article)",
        "academic.oup.com": r"/.*article",
        "isca-speech.org": r"/archive/.+",
        "distill.pub": r"/\d{4}/\w",
        "bmj.com": r"/content/",
        "computer.org": r"/csdl/",
        "pnas.org": r"/(?:content|doi)/",
        "biorxiv.org": r"/content/",
        "medrxiv.org": r"/content/",
        "researchsquare.com": r"/article/",
        "preprints.org": r"/manuscript/",
        "techrxiv.org": r"/(?:articles|users)/",
        "hal.science": r"/\w+-\d+",
        "hal.archives-ouvertes.fr": r"/\w+-\d+",
        "ceur-ws.org": r"/Vol-\d+/.+",
        "dl.acm.org": r"/(?:doi/(?!proceedings|book)|citation\.cfm|doid\.cfm|authorize)",
        "melba-journal.org": r"/(?:papers/)?\d",
        "openaccess.city.ac.uk": r"/.+",
        "core.ac.uk": r"/.+",
        "elifesciences.org": r"/articles/",
        "jmir.org": r"/\d{4}/\d+/e",
        "hf.co": r"/papers/\d",
        "huggingface.co": r"/papers/\d",
        "alphaxiv.org": r"/(?:abs|overview|pdf)/",
    }.items()
}

CODE_HOSTS = frozenset(
    "github.com gist.github.com gitlab.com bitbucket.org codeberg.org anonymous.4open.science "  # noqa: SIM905 - a word list reads best as text
    "codeocean.com sourceforge.net gitee.com code.google.com raw.githubusercontent.com "
    "colab.research.google.com cran.r-project.org".split()
)
DATA_HOSTS = frozenset(
    "huggingface.co hf.co kaggle.com physionet.org zenodo.org figshare.com synapse.org osf.io "  # noqa: SIM905 - a word list reads best as text
    "grand-challenge.org cancerimagingarchive.net dataverse.harvard.edu modelscope.cn "
    "data.mendeley.com openneuro.org".split()
)
MEDIA_HOSTS = frozenset(
    "youtube.com youtu.be vimeo.com slideslive.com slideslive.ch slideslive.cz bilibili.com "  # noqa: SIM905 - a word list reads best as text
    "medium.com towardsdatascience.com zhuanlan.zhihu.com zhihu.com twitter.com x.com "
    "underline.io papertalk.org slideshare.net linkedin.com facebook.com reddit.com wikipedia.org "
    "mp.weixin.qq.com weixin.qq.com coursera.org udacity.com amazon.com amazon.cn news.mit.edu "
    "ai.googleblog.com blog.google t.me discord.gg blog.csdn.net csdn.net jianshu.com "
    "crossminds.ai "
    "sites.google.com docs.google.com videolectures.net substack.com stackoverflow.com "
    "orcid.org dribbble.com".split()
)
BADGE_HOSTS = frozenset(
    "img.shields.io shields.io badge.fury.io awesome.re cdn.rawgit.com travis-ci.org "  # noqa: SIM905 - a word list reads best as text
    "travis-ci.com codecov.io star-history.com api.star-history.com starchart.cc hits.dwyl.com "
    "visitor-badge.glitch.me makeapullrequest.com opensource.org creativecommons.org "
    "hits.seeyoufarm.com komarev.com badgen.net contrib.rocks".split()
)

#: DOI prefixes of archives of data and software, whose DOIs name no paper.
DATA_DOIS = ("10.5281/", "10.6084/", "10.13026/", "10.7910/", "10.17632/", "10.5061/", "10.34740/",
             "10.7937/", "10.17605/", "10.57967/", "10.7303/", "10.25452/")  # fmt: skip

#: The name in MDPI's DOIs of each journal, by the ISSN in its addresses.
MDPI_JOURNALS = {
    "1424-8220": "s", "2075-4418": "diagnostics", "2072-6694": "cancers", "2076-3417": "app",
    "2079-9292": "electronics", "2313-433X": "jimaging", "1999-4893": "a",
    "2227-9032": "healthcare", "2306-5354": "bioengineering", "2077-0383": "jcm",
    "2078-2489": "info", "1099-4300": "e", "2227-7390": "math", "2072-4292": "rs",
    "2504-2289": "bdcc", "2504-4990": "make", "1660-4601": "ijerph", "2673-2688": "ai",
    "2673-7426": "biomedinformatics", "1422-0067": "ijms", "2076-3425": "brainsci",
    "2379-139X": "tomography", "2075-4426": "jpm", "2073-8994": "sym", "2227-9709": "informatics",
    "2306-5729": "data", "1999-5903": "fi", "2227-9059": "biomedicines", "2218-273X": "biom",
}  # fmt: skip
