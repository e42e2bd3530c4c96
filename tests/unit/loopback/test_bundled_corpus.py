"""The bundled corpus shows what real life shows, and the services serve all of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from medsafe_harvest.loopback import bundled_corpus, running

TOPIC_WORDS = {
    "explainability": "interpretab|explain|saliency",
    "federated-learning": "federated|swarm",
    "privacy": "privacy|membership inference|identification",
    "unlearning": "unlearn",
    "adversarial": "adversarial|jailbreak|red.team",
    "backdoor-poisoning": "backdoor|poison|trojan",
    "model-ip": "watermark|ownership|fingerprint",
    "fairness": "fair|bias|race",
    "robustness": "robust|shift",
    "uncertainty": "uncertain|calibrat|conformal",
    "anomaly-detection": "anomal|out-of-distribution|novelty",
    "hallucination": "hallucinat|factual|faithful",
    "governance": "guideline|audit|trustworthy",
    "synthetic-data": "synthetic|generative|diffusion",
}


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    file = resources.files("medsafe_harvest.loopback") / "corpus.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_ids_are_well_formed_and_unique_on_their_side(lines: list[dict[str, Any]]) -> None:
    arxiv = [line["arxiv_id"] for line in lines if line["side"] == "arxiv"]
    corpus = [line["corpus_id"] for line in lines if line["side"] == "semantic_scholar"]
    assert len(set(arxiv)) == len(arxiv) > 200
    assert len(set(corpus)) == len(corpus) > 200
    assert all(re.fullmatch(r"\d{4}\.\d{4,5}", name) for name in arxiv)
    assert all(re.fullmatch(r"10\.\d{4,}/\S+", line["doi"]) for line in lines if "doi" in line)


@pytest.mark.parametrize(
    "note",
    [
        "arxiv-doi",
        "case",
        "duplicate",
        "hyphen",
        "initials",
        "latex",
        "no-abstract",
        "no-arxiv-id",
        "preprint-journal",
        "retitled",
        "s2-only",
        "subtitle",
        "year-only",
    ],
)
def test_each_difference_of_real_life_is_there(lines: list[dict[str, Any]], note: str) -> None:
    assert Counter(line.get("note") for line in lines)[note] >= 5


def test_look_alikes_are_other_papers(lines: list[dict[str, Any]]) -> None:
    papers = {line["paper"] for line in lines}
    pairs = {
        tuple(sorted((line["paper"], other)))
        for line in lines
        for other in line.get("lookalike", ())
    }
    assert len(pairs) >= 15
    assert all(left != right and {left, right} <= papers for left, right in pairs)


@pytest.mark.parametrize("topic", sorted(TOPIC_WORDS))
def test_each_trust_topic_has_papers(lines: list[dict[str, Any]], topic: str) -> None:
    found = {
        line["paper"]
        for line in lines
        if re.search(TOPIC_WORDS[topic], f"{line['title']} {line.get('abstract', '')}".lower())
    }
    assert len(found) >= 5


def test_no_description_is_somebody_elses_abstract(
    lines: list[dict[str, Any]], shared_data: Path
) -> None:
    table = pq.read_table(shared_data / "corpus/medical_ml.parquet", columns=["abstract"])
    theirs = {text.strip().lower() for text in table["abstract"].to_pylist() if text}
    ours = [line["abstract"] for line in lines if "abstract" in line]
    assert max(len(text) for text in ours) < 400
    assert not any(text.partition(" Keywords:")[0].lower() in theirs for text in ours)


def test_both_services_serve_every_line(lines: list[dict[str, Any]]) -> None:
    corpus = bundled_corpus()
    sides = Counter(line["side"] for line in lines)
    with running(corpus) as services:
        assert services.arxiv_url
    assert (len(corpus.arxiv), len(corpus.semantic_scholar)) == (
        sides["arxiv"],
        sides["semantic_scholar"],
    )
