"""Planted rules that can do nothing are found, and a change is told paper by paper."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from medsafe_harvest.config_files import load
from medsafe_harvest.topics import Tagger, TopicConfig
from medsafe_harvest.topics.check import findings, uses
from medsafe_harvest.topics.diff import Paper, changes

RULES = Path(__file__).parents[3] / "config/topics.yaml"
CONFIG = load(RULES, TopicConfig)
PLAIN = CONFIG.model_dump(mode="json", exclude_none=True)
HAY = Paper("1", "The price of hay", "Hay is dear. Straw dust is not.", ())


def with_rule(**rule: Any) -> TopicConfig:
    """The configuration with one more rule for ``privacy`` and an excluded phrase."""
    data = deepcopy(PLAIN)
    data["trust"]["privacy"]["exclude"].append("hay bale*")
    data["trust"]["privacy"]["rules"]["mine"] = {"weight": "weak", **rule}
    return TopicConfig.model_validate(data)


def test_the_rules_of_the_project_have_no_finding() -> None:
    assert findings(CONFIG) == []


@pytest.mark.parametrize(
    ("rule", "kind", "phrase"),
    [
        ({"phrases": ["old hay bales"]}, "dead", "old hay bales"),
        ({"phrases": ["old hay bale*"]}, "dead", "old hay bale*"),
        ({"phrases": ["full differential privacy"]}, "shadowed", "full differential privacy"),
        ({"phrases": ["anonymised hay"]}, "shadowed", "anonymised hay"),
        ({"phrases": ["hay", "hay stack"]}, "shadowed", "hay stack"),
    ],
)
def test_a_planted_rule_that_does_nothing_is_found(
    rule: dict[str, Any], kind: str, phrase: str
) -> None:
    [found] = findings(with_rule(**rule))
    assert (found.kind, found.place, found.phrase) == (kind, "trust/privacy/mine", phrase)


@pytest.mark.parametrize(
    "rule",
    [
        {"phrases": ["hay"]},
        {"phrases": ["hay bal*"]},
        {"phrases": ["differential hay"]},
        {"phrases": ["sensitive data of hay"], "weight": "strong"},
        {"phrases": ["hay"], "only": "title"},
    ],
)
def test_a_rule_that_does_something_is_left_alone(rule: dict[str, Any]) -> None:
    assert findings(with_rule(**rule)) == []


def test_an_unused_group_is_found() -> None:
    data = deepcopy(PLAIN)
    data["groups"]["hay-words"] = {"phrases": ["hay"]}
    [found] = findings(TopicConfig.model_validate(data))
    assert (found.kind, found.place) == ("unused", "groups/hay-words")


def test_uses_tell_what_a_topic_matches_and_which_rules_stay_silent() -> None:
    config = with_rule(weight="sure", phrases=["straw dust"])
    [use] = [one for one in uses(config, [HAY]) if one.topic == "privacy"]
    assert (use.given, use.words, use.titles) == (1, (("straw dust", 1),), (HAY.title,))
    assert "mine" not in use.silent
    assert "named" in use.silent


def test_a_diff_tells_gains_and_losses_with_their_evidence() -> None:
    old, new = Tagger(CONFIG), Tagger(with_rule(weight="sure", phrases=["straw dust"]))
    [gain] = changes(old, new, [HAY])
    assert (gain.topic, gain.gained, gain.before) == ("privacy", True, 0.0)
    assert (gain.matches[0].text, gain.matches[0].start) == ("Straw dust", 13)
    [loss] = changes(new, old, [HAY])
    assert (loss.gained, loss.after, loss.matches) == (False, 0.0, gain.matches)
    assert not list(changes(old, old, [HAY]))
