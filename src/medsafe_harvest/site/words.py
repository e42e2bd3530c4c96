"""What the site calls things: identifiers, relations, manifestations; and their addresses.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload
from urllib.parse import quote

from medsafe_harvest.normalize.latex import from_latex
from medsafe_harvest.outgoing import link_label, web

#: What stands under the name of a topic of the facet trust.
ABOUT_TOPIC: Mapping[str, str] = {
    "explainability": "Explaining and interpreting models: attribution, concepts, prototypes, "
    "counterfactuals.",
    "federated-learning": "Federated, collaborative, swarm and split learning across sites.",
    "privacy": "Differential privacy, membership inference, reconstruction, de-identification, "
    "secure computation.",
    "unlearning": "Removing the influence of data from a trained model.",
    "adversarial": "Adversarial examples, jailbreaks, red-teaming, and defences against them.",
    "backdoor-poisoning": "Backdoors, trojans, data poisoning, and defences against them.",
    "model-ip": "Watermarking, ownership, model extraction and fingerprinting.",
    "fairness": "Bias across groups, disparities, demographic shortcuts.",
    "robustness": "Distribution shift, domain generalisation, corruption, label noise, missing "
    "modalities.",
    "uncertainty": "Uncertainty, calibration, conformal and selective prediction.",
    "anomaly-detection": "Anomaly, out-of-distribution, novelty and open-set detection.",
    "hallucination": "Factual errors of generative models, grounding, faithfulness.",
    "governance": "Guidelines, regulation, audit, monitoring, human oversight.",
    "synthetic-data": "Synthetic data, and augmentation by generative models.",
}
FACETS: Mapping[str, str] = {"trust": "Trust", "modality": "Modality", "task": "Task"}
SOURCES: Mapping[str, str] = {"arxiv": "arXiv", "semantic_scholar": "Semantic Scholar"}
FORMS: Mapping[str, str] = {
    "journal": "Journal article",
    "conference": "Conference paper",
    "workshop": "Workshop paper",
    "published": "Published version",
    "preprint": "Preprint",
    "other": "Deposited copy",
}
#: Kind of relation -> what the left paper's page says, what the right one's says.
_RELATIONS: Mapping[str, tuple[str, str]] = {
    "is_preprint_of": ("is a preprint of", "has the preprint"),
    "is_version_of": ("is a version of", "has the version"),
    "extends": ("extends", "is extended by"),
    "corrects": ("corrects", "is corrected by"),
    "comments_on": ("comments on", "is commented on by"),
    "replies_to": ("replies to", "is replied to by"),
    "continues": ("continues", "is continued by"),
    "is_translation_of": ("is a translation of", "is translated by"),
    "supplements": ("supplements", "is supplemented by"),
    "reviews": ("reviews", "is reviewed by"),
}
#: Column -> what the identifier is called, and its address.
_IDENTIFIERS: Mapping[str, tuple[str, str]] = {
    "doi": ("DOI", "https://doi.org/{}"),
    "arxiv_id": ("arXiv", "https://arxiv.org/abs/{}"),
    "pmid": ("PubMed", "https://pubmed.ncbi.nlm.nih.gov/{}/"),
    "pmcid": ("PMC", "https://pmc.ncbi.nlm.nih.gov/articles/{}/"),
    "corpus_id": ("Semantic Scholar", "https://api.semanticscholar.org/CorpusID:{}"),
    "acl_id": ("ACL Anthology", "https://aclanthology.org/{}/"),
    "openreview_id": ("OpenReview", "https://openreview.net/forum?id={}"),
    "dblp_key": ("DBLP", "https://dblp.org/rec/{}"),
    "openalex_id": ("OpenAlex", "https://openalex.org/{}"),
}
#: Columns that :func:`identifiers` reads.
IDENTIFIERS = tuple(_IDENTIFIERS)
#: Characters of a title and of a venue in a list: none that is one has more.
TITLE, VENUE = 300, 100


def prose(text: str | None, most: int | None = None) -> str | None:
    """A summary or abstract as a person reads it: LaTeX resolved, cut behind a word.

    Args:
        text: as the source wrote it.
        most: characters; None for all.
    """
    if text is None:
        return None
    text = from_latex(text)
    return text if most is None else shortened(text, most)


@overload
def shortened(text: str, most: int) -> str: ...


@overload
def shortened(text: str | None, most: int) -> str | None: ...


def shortened(text: str | None, most: int) -> str | None:
    """A text cut behind a word where it has more characters."""
    if text is None or len(text) <= most:
        return text
    return f"{text[:most].rsplit(' ', 1)[0]} \N{HORIZONTAL ELLIPSIS}"


def source_label(source: str) -> str:
    """The name of a source."""
    return SOURCES.get(source, source.replace("_", " "))


def relation_label(kind: str, *, left: bool) -> str:
    """What a page says of a relation, the page being that of its left or its right paper."""
    forward, backward = _RELATIONS.get(kind, (kind.replace("_", " "), f"is what {kind} points to"))
    return forward if left else backward


def identifiers(row: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The identifiers of a paper or record: ``name``, ``value`` and ``url`` of each."""
    for column, (name, address) in _IDENTIFIERS.items():
        value = row.get(column)
        if value is not None:
            yield {
                "name": name,
                "value": str(value),
                "url": address.format(quote(str(value), safe="/:;().-_~")),
            }


def best_link(links: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    """What a list shows as a paper's code: a repository of its own, if it has one.

    Returns:
        ``url``, and ``label``: what it is, in a word.
    """
    own = [
        (link["kind"] != "repository", link["own"] is None, place, link["kind"], address)
        for place, link in enumerate(links)
        if link["own"] is not False and not link["looks_dead"] and (address := web(link["url"]))
    ]
    if not own:
        return None
    *_, kind, address = min(own)
    return {"url": address, "label": link_label(kind).lower()}


def short_address(value: str, most: int = 60) -> str:
    """An address as a person reads it: without scheme and ``www``, and not too long."""
    text = re.sub(r"^https?://(?:www\.)?", "", value).rstrip("/")
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
