"""The figures of ``topics evaluate``, against figures worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from medsafe_harvest.config_files import load
from medsafe_harvest.errors import EvaluateError
from medsafe_harvest.topics import Tagger, TopicConfig
from medsafe_harvest.topics.evaluate import TopicEvaluation, evaluate, read_labelled

RULES = Path(__file__).parents[3] / "config/topics.yaml"
TAGGER = Tagger(load(RULES, TopicConfig))

#: Title, and the labels: two right, one topic missed, one too many, one paper wrongly not medical.
PAPERS = [
    ("Fairness of chest X-ray models", True, ["fairness"], ["x-ray"], []),
    ("Differential privacy for chest X-rays", True, ["privacy", "fairness"], ["x-ray"], []),
    ("Machine unlearning of brain MRI", True, [], ["mri"], []),
    ("The price of hay", True, [], [], ["survey"]),
]


def labelled(**changes: Any) -> str:
    names = ("title", "medical", "trust", "modality", "task")
    papers = [{"id": str(i), **dict(zip(names, p, strict=True))} for i, p in enumerate(PAPERS)]
    papers[0] |= changes
    return json.dumps(papers)


@pytest.fixture(scope="module")
def result() -> TopicEvaluation:
    return evaluate(TAGGER, read_labelled(labelled()))


def test_medical_is_scored_by_accuracy(result: TopicEvaluation) -> None:
    assert result.accuracy == 3 / 4


def test_micro_counts_all_labels_together(result: TopicEvaluation) -> None:
    trust = result.facets["trust"]
    # wanted: fairness twice, privacy; given: fairness, privacy, unlearning; right: two of them
    assert (trust.micro.hits, trust.micro.given, trust.micro.wanted) == (2, 3, 3)
    assert trust.micro.f1 == pytest.approx(2 / 3)


def test_macro_is_the_mean_over_topics_wanted_or_given(result: TopicEvaluation) -> None:
    trust = result.facets["trust"]
    assert {slug: one.f1 for slug, one in trust.topics.items()} == {
        "fairness": pytest.approx(2 / 3),
        "privacy": 1.0,
        "unlearning": 0.0,
    }
    assert trust.macro_f1 == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert result.facets["task"].micro.f1 == 0.0


def test_each_disagreement_is_told_with_its_text(result: TopicEvaluation) -> None:
    told = {(one.paper, one.topic): one for one in result.confusions}
    assert {key: one.kind for key, one in told.items()} == {
        ("1", "fairness"): "missed",
        ("2", "unlearning"): "false",
        ("3", "medical"): "missed",
        ("3", "survey"): "missed",
    }
    assert told["2", "unlearning"].matches[0].text == "Machine unlearning"
    assert told["1", "fairness"].given == ("privacy",)


def test_the_plain_form_has_the_names_that_others_read(result: TopicEvaluation) -> None:
    plain = json.loads(json.dumps(result.plain()))
    assert plain["medical"]["accuracy"] == 0.75
    for facet in ("trust", "modality", "task"):
        assert {"micro_f1", "macro_f1", "topics"} <= plain[facet].keys()
    assert plain["trust"]["topics"]["privacy"]["f1"] == 1.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Invalid JSON"),
        ("[]", "at least 1"),
        ("{}", "valid array"),
        (labelled(medical="perhaps"), "0.medical"),
        (labelled(trust=None), "0.trust"),
    ],
)
def test_a_file_of_another_shape_is_refused(text: str, said: str) -> None:
    with pytest.raises(EvaluateError, match=said):
        read_labelled(text)


def test_the_rules_are_as_good_as_the_documentation_says(shared_data: Path) -> None:
    result = evaluate(TAGGER, read_labelled((shared_data / "labelled/topics.json").read_bytes()))
    assert result.accuracy >= 0.95
    floors = {"trust": 0.80, "modality": 0.86, "task": 0.82}
    assert {f: s.micro.f1 >= floors[f] for f, s in result.facets.items()} == dict.fromkeys(
        floors, True
    )
