"""Each construct of the rule language, on rules small enough to work the score out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from medsafe_harvest.topics import Tagger, TopicConfig, Verdict

WEIGHTS = {
    "sure": {"title": 0.9, "abstract": 0.6},
    "strong": {"title": 0.9, "abstract": 0.4},
    "weak": {"title": 0.5, "abstract": 0.2},
    "hint": {"title": 0.3, "abstract": 0.1},
    "against": {"title": 0.5, "abstract": 0.25},
    "category": 0.2,
}


def rules(*changes: tuple[str, Any], **more: Any) -> TopicConfig:
    """One topic ``bias`` with the rule ``named`` for the phrase "bias", changed as told."""
    rule = {"weight": "strong", "phrases": ["bias"], **dict(changes)}
    topic = {"about": "bias", "rules": {"named": rule}, **more.pop("topic", {})}
    other = {"about": "x", "rules": {"named": {"weight": "strong", "phrases": ["scan"]}}}
    return TopicConfig.model_validate(
        {
            "threshold": 0.5,
            "evidence": 3,
            "mentions": 2,
            "weights": WEIGHTS,
            "groups": {"people": {"phrases": ["women", "men"]}},
            "medical": {
                "about": "m",
                "rules": {"named": {"weight": "strong", "phrases": ["ward"]}},
            },
            "trust": {"bias": topic},
            "modality": {"mri": other},
            "task": {
                "survey": {**other, "rules": {"x": {"weight": "weak", "phrases": ["survey"]}}}
            },
            **more,
        }
    )


def score(config: TopicConfig, abstract: str, title: str = "") -> float:
    found: dict[str, Verdict] = {v.topic: v for v in Tagger(config).explain(title, abstract)}
    return found["bias"].score if "bias" in found else 0.0


CUES = {"facets": ["trust"], "cues": ["future work"], "scope": "sentence", "factor": 0.25}
NO = {"facets": ["trust"], "cues": ["no"], "exclude": ["no longer"], "scope": "before"}
OWN = {"cues": ["we"], "factors": {"trust": 1.5}}


@pytest.mark.parametrize(
    ("config", "title", "abstract", "expected"),
    [
        pytest.param(rules(), "", "Of bias.", 0.4, id="one mention in the abstract"),
        pytest.param(rules(), "Bias", "", 0.9, id="the title weighs more"),
        pytest.param(rules(), "", "A bias. Bias. Bias.", 0.64, id="two mentions count at most"),
        pytest.param(rules(), "", "They are biased, unbias.", 0.0, id="whole words only"),
        pytest.param(rules(("phrases", ["bias*"])), "", "Biased.", 0.4, id="a stem"),
        pytest.param(rules(("phrases", ["a bias"])), "", "A, bias.", 0.0, id="no comma between"),
        pytest.param(rules(("phrases", []), ("acronyms", ["BA"])), "", "ba", 0.0, id="case"),
        pytest.param(rules(("phrases", []), ("acronyms", ["BA"])), "", "BAs", 0.4, id="plural"),
        pytest.param(rules(("only", "title")), "", "Bias.", 0.0, id="only the title"),
        pytest.param(
            rules(topic={"exclude": ["bias field"]}), "", "A bias field.", 0.0, id="exclusion"
        ),
        pytest.param(
            rules(topic={"exclude": ["bias field"]}), "", "Field bias.", 0.4, id="not excluded"
        ),
        pytest.param(rules(("needs", {"groups": ["people"]})), "", "Bias.", 0.0, id="no context"),
        pytest.param(
            rules(("needs", {"groups": ["people"]})), "Women", "Bias.", 0.4, id="context anywhere"
        ),
        pytest.param(
            rules(("needs", {"groups": ["people"], "within": 2})),
            "",
            "Women and bias.",
            0.4,
            id="near enough",
        ),
        pytest.param(
            rules(("needs", {"groups": ["people"], "within": 2})),
            "",
            "Women of all ages, bias.",
            0.0,
            id="too far",
        ),
        pytest.param(
            rules(("needs", {"groups": ["people"], "within": 2})),
            "",
            "Women. Bias.",
            0.0,
            id="another sentence",
        ),
        pytest.param(
            rules(discounts={"later": CUES}), "", "Bias is future work.", 0.1, id="passing mention"
        ),
        pytest.param(
            rules(discounts={"later": CUES}), "", "Bias. Future work.", 0.4, id="other sentence"
        ),
        pytest.param(
            rules(discounts={"not": {**NO, "within": 1, "factor": 0}}),
            "",
            "There is no known bias.",
            0.0,
            id="negation",
        ),
        pytest.param(
            rules(discounts={"not": {**NO, "within": 1, "factor": 0}}),
            "",
            "No: it is a bias.",
            0.4,
            id="negation too far",
        ),
        pytest.param(
            rules(discounts={"not": {**NO, "within": 1, "factor": 0}}),
            "",
            "It is no longer bias.",
            0.4,
            id="exception of a cue",
        ),
        pytest.param(rules(emphasis={"own": OWN}), "", "We see bias.", 0.6, id="emphasis"),
        pytest.param(rules(emphasis={"own": OWN}), "", "We see. Bias.", 0.4, id="no emphasis"),
        pytest.param(
            rules(("weight", "weak"), emphasis={"own": OWN}),
            "",
            "We see bias.",
            0.2,
            id="emphasis leaves weak evidence weak",
        ),
        pytest.param(
            rules(emphasis={"own": OWN}, discounts={"later": CUES}),
            "",
            "We leave bias to future work.",
            0.1,
            id="a discount comes before emphasis",
        ),
    ],
)
def test_score(config: TopicConfig, title: str, abstract: str, expected: float) -> None:
    assert score(config, abstract, title) == pytest.approx(expected)


def test_what_speaks_against_scales_the_rest() -> None:
    own = {"no": {"weight": "against", "phrases": ["tailor"]}}
    base = {"named": {"weight": "strong", "phrases": ["bias"]}}
    config = rules(topic={"rules": {**base, **own}})
    assert score(config, "Bias of a tailor. Tailor!") == pytest.approx(0.4 * 0.75)


def test_a_second_match_in_one_sentence_counts_its_share() -> None:
    two = {"named": {"weight": "strong", "phrases": ["bias", "skew"]}}
    config = rules(topic={"rules": two}, same_sentence={"trust": 0.5})
    assert score(config, "Bias and skew.") == pytest.approx(1 - 0.6 * 0.8)
    assert score(config, "Bias. Skew.") == pytest.approx(1 - 0.6 * 0.6)
    assert score(config, "", "Bias, skew") == pytest.approx(1 - 0.1 * 0.1)
    other = rules(topic={"rules": two}, same_sentence={"task": 0.5})
    assert score(other, "Bias and skew.") == pytest.approx(1 - 0.6 * 0.6)


def test_a_title_alone_weighs_more_but_never_more_than_a_strong_one() -> None:
    weak = {"named": {"weight": "weak", "phrases": ["bias"]}}
    config = rules(topic={"rules": weak}, title_alone=1.5)
    assert score(config, "", "Bias") == pytest.approx(0.75)
    assert score(config, "A text.", "Bias") == pytest.approx(0.5)
    assert score(rules(title_alone=1.5), "", "Bias") == pytest.approx(0.9)
    against = {"no": {"weight": "against", "phrases": ["hay"]}, **weak}
    config = rules(topic={"rules": against}, title_alone=1.2)
    assert score(config, "", "Bias of hay") == pytest.approx(0.6 * 0.5)


def test_tagging_gives_what_explaining_gives() -> None:
    """Tagging leaves out topics that are out of reach; none of those may be a given one."""
    config = rules(
        emphasis={"own": OWN},
        topic={"categories": ["cs.CR"]},
        title_alone=1.2,
        same_sentence={"trust": 0.5},
    )
    tagger = Tagger(config)
    texts = ["We see bias.", "Bias.", "Bias, bias.", "", "A scan; we scan. Survey", "No bias"]
    for title in texts:
        batch = tagger.tag([title] * len(texts), texts, [["cs.CR"]] * len(texts)).to_pydict()
        for abstract, given in zip(texts, batch["topics"], strict=True):
            told = tagger.explain(title, abstract, ["cs.CR"])
            assert given == sorted(v.topic for v in told if v.tagged)


def test_emphasis_never_lowers() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        rules(emphasis={"own": {**OWN, "factors": {"trust": 0.5}}})


COMPANY: dict[str, Any] = {
    "threshold": 0.3,
    "company": {"beside": {"modality": 0.25}, "outside": {"modality": 0.5}},
    "modality": {
        slug: {
            "about": slug,
            "general": slug == "video",
            "rules": {"named": {"weight": "strong", "phrases": [phrase]}},
        }
        for slug, phrase in {"mri": "scan", "ct": "slice", "video": "film"}.items()
    },
}


@pytest.mark.parametrize(
    ("title", "abstract", "slug", "expected"),
    [
        ("a ward", "a slice", "ct", 0.4),
        ("a ward scan", "a slice", "ct", 0.3),
        ("a ward scan, a slice", "a slice", "ct", 0.94),
        ("a ward", "a slice, a scan", "ct", 0.4),
        ("a ward film", "a slice", "ct", 0.4),
        ("a house", "a slice", "ct", 0.2),
        ("a house scan", "a slice", "ct", 0.15),
        ("a house scan", "a film", "video", 0.3),
        ("a house", "a film", "video", 0.4),
    ],
)
def test_company_speaks_against_what_the_title_does_not_name(
    title: str, abstract: str, slug: str, expected: float
) -> None:
    tagger = Tagger(rules(**COMPANY))
    told = {one.topic: one for one in tagger.explain(title, abstract)}[slug]
    assert told.score == pytest.approx(expected)
    assert told.tagged == (expected >= 0.3)
    row = tagger.tag([title], [abstract], [()]).to_pylist()[0]
    assert (slug in row["topics"]) == told.tagged


def test_company_is_told_with_the_matches() -> None:
    told = {one.topic: one for one in Tagger(rules(**COMPANY)).explain("a scan", "a slice")}
    against = [(m.rule, m.text, m.weight) for m in told["ct"].matches if m.weight < 0]
    assert against == [("ct/beside", "mri", -0.25), ("ct/outside", "not medical", -0.5)]
