"""The rules on papers that a reader labelled before they were scored.

``topics_seen.jsonl``, ``topics_unseen.jsonl`` (unseen by the first rules), half A of
``topics_fresh.jsonl`` and half C of ``topics_late.jsonl`` were looked at while the rules were
changed. Halves B and D, and all of ``topics_last.jsonl`` (half E), were scored only: what the rules
do there is what to expect of a paper of that kind. Labels and titles stand here, the abstracts in
the shared data.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from medsafe_harvest.config_files import load
from medsafe_harvest.topics import Tagger, TopicConfig
from medsafe_harvest.topics.evaluate import evaluate, read_labelled

ROOT = Path(__file__).parents[3]
FLOORS = {
    "seen": {"medical": 0.95, "trust": 0.87, "modality": 0.92, "task": 0.83},
    "unseen": {"medical": 0.95, "trust": 0.84, "modality": 0.9, "task": 0.83},
    "fresh": {"medical": 0.93, "trust": 0.76, "modality": 0.86, "task": 0.74},
    "late": {"medical": 0.95, "trust": 0.8, "modality": 0.89, "task": 0.78},
    "last": {"medical": 0.93, "trust": 0.73, "modality": 0.8, "task": 0.71},
}
#: What the titles alone must give of the unseen papers.
TITLES = {"medical": 0.9, "trust": 0.76, "modality": 0.68, "task": 0.72}


def golden(name: str) -> list[dict[str, Any]]:
    text = (ROOT / f"tests/golden/topics_{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def abstracts(corpus: Path, ids: set[str]) -> dict[str, str]:
    table = pq.read_table(corpus, columns=["source", "record_id", "abstract"])
    table = table.filter(
        pc.is_in(table["record_id"], pc.cast(sorted({i.split(":", 1)[1] for i in ids}), "string"))
    )
    return {f"{row['source']}:{row['record_id']}": row["abstract"] for row in table.to_pylist()}


def scores(papers: list[dict[str, Any]]) -> dict[str, float]:
    tagger = Tagger(load(ROOT / "config/topics.yaml", TopicConfig))
    told = evaluate(tagger, read_labelled(json.dumps(papers)))
    return {"medical": told.accuracy, **{f: s.micro.f1 for f, s in told.facets.items()}}


def below(found: dict[str, float], floors: dict[str, float]) -> dict[str, float]:
    return {facet: score for facet, score in found.items() if score < floors[facet]}


@pytest.mark.parametrize("name", FLOORS)
def test_the_rules_keep_their_score_on_labelled_papers(name: str, shared_data: Path) -> None:
    papers = golden(name)
    texts = abstracts(shared_data / "corpus/medical_ml.parquet", {p["id"] for p in papers})
    found = scores([{**paper, "abstract": texts[paper["id"]]} for paper in papers])
    assert below(found, FLOORS[name]) == {}


def test_titles_alone_give_topics() -> None:
    assert below(scores(golden("unseen")), TITLES) == {}


def test_no_paper_is_labelled_twice() -> None:
    ids = [paper["id"] for name in FLOORS for paper in golden(name)]
    assert len(ids) == len(set(ids))
