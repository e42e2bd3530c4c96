"""DOIs for comparison: versions and reprints as one, copies told from journals' own."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Registrants of preprints and deposits: arXiv, medRxiv and bioRxiv (new), Research Square, SSRN,
# PsyArXiv, OSF, Preprints.org, ChemRxiv, TechRxiv, Authorea, JMIR Preprints, Zenodo, figshare,
# JSTOR, which registers copies of papers that have a DOI of their publisher's, a mirror, and
# ResearchGate.
_COPIES = (
    "10.48550/", "10.64898/", "10.21203/", "10.2139/", "10.31234/", "10.31219/", "10.20944/",
    "10.26434/", "10.36227/", "10.22541/", "10.2196/preprints.", "10.5281/", "10.6084/",
    "10.2307/", "10.65215/", "10.13140/",
    # Repositories of universities, which hold copies of what their members publish elsewhere.
    "10.3929/", "10.7916/", "10.7282/", "10.17615/", "10.22004/", "10.17863/", "10.21220/",
    "10.5167/", "10.5451/", "10.25560/", "10.5445/", "10.14279/", "10.18452/", "10.17169/",
    "10.15496/", "10.6094/", "10.11588/", "10.18419/", "10.7907/", "10.7302/", "10.14288/",
    "10.11575/", "10.7939/", "10.15129/", "10.18154/", "10.5075/", "10.34894/", "10.26180/",
)  # fmt: skip
# Cold Spring Harbor registers journals and, until 2025, bioRxiv under one prefix.
_BIORXIV = re.compile(r"10\.1101/(?:\d{4}\.\d{2}\.\d{2}\.)?\d{6,}$")
# Versions of one work: Cochrane ".pub3", figshare ".v1", Research Square "/v2".
_DOI_VERSION = re.compile(r"(?:[./]v\d{1,2}|\.pub\d{1,2}|(?<=\d{6})v\d{1,2})$")
# ACM registers a paper once for the proceedings and again for each newsletter that reprints them;
# what follows the dot is the paper.
_ACM_PAPER = re.compile(r"^10\.1145/\d+\.(?=\d{5,}$)")
# Chapters of living reference works carry their edition: "..._61-1".
_LIVING = re.compile(r"(?<=_\d)-\d{1,2}$|(?<=_\d\d)-\d{1,2}$|(?<=_\d{3})-\d{1,2}$")
# Angewandte Chemie appears in two languages, with one number for both.
_ANGEWANDTE = re.compile(r"^10\.1002/ange\.")


def dois_of(values: Sequence[str | None]) -> list[str]:
    """Distinct DOIs in the form that is compared, sorted."""
    return sorted({_one_form(value.lower()) for value in values if value})


def arxiv_id_of(given: str | None, dois: Sequence[str]) -> str | None:
    """The arXiv id without version; arXiv's own DOI says it too."""
    if given is not None:
        return _ARXIV_VERSION.sub("", given)
    found = [doi.removeprefix(_ARXIV_DOI) for doi in dois if doi.startswith(_ARXIV_DOI)]
    return _ARXIV_VERSION.sub("", found[0]) if found else None


_ARXIV_DOI = "10.48550/arxiv."
_ARXIV_VERSION = re.compile(r"v\d+$")


def _one_form(doi: str) -> str:
    """Versions, reprints and editions of one text under one name."""
    doi = _DOI_VERSION.sub("", doi)
    if doi.startswith("10.1145/"):
        return _ACM_PAPER.sub("10.1145/", doi)
    return _ANGEWANDTE.sub("10.1002/anie.", _LIVING.sub("", doi))


def is_copy(doi: str) -> bool:
    """Whether a DOI names a preprint or a deposited copy, beside which a paper has its own DOI."""
    return doi.startswith(_COPIES) or _BIORXIV.match(doi) is not None
