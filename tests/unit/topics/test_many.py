"""Papers judged together: the same as each alone, and as the written formula has it."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.topics import Tagger, TopicConfig, tag

WEIGHTS = {
    "sure": {"title": 0.9, "abstract": 0.6},
    "strong": {"title": 0.9, "abstract": 0.4},
    "weak": {"title": 0.5, "abstract": 0.2},
    "hint": {"title": 0.3, "abstract": 0.1},
    "against": {"title": 0.5, "abstract": 0.25},
    "category": 0.2,
}
RULES: dict[str, Any] = {
    "threshold": 0.5,
    "evidence": 2,
    "mentions": 2,
    "same_sentence": {"trust": 0.7},
    "title_alone": 1.2,
    "weights": WEIGHTS,
    "groups": {"people": {"phrases": ["women", "old men"]}},
    "discounts": {
        "later": {"facets": ["trust"], "cues": ["future work"], "scope": "sentence", "factor": 0.5},
        "no": {
            "facets": ["trust"],
            "cues": ["no"],
            "exclude": ["no longer"],
            "scope": "before",
            "within": 1,
            "factor": 0.2,
        },
    },
    "emphasis": {"own": {"cues": ["we"], "factors": {"trust": 1.5}}},
    "medical": {"about": "m", "rules": {"x": {"weight": "sure", "phrases": ["women"]}}},
    "trust": {
        "bias": {
            "about": "bias",
            "exclude": ["bias work"],
            "categories": ["cs.CY"],
            "rules": {
                "sure": {"weight": "sure", "phrases": ["fair"]},
                "strong": {"weight": "strong", "phrases": ["bias", "women bias"]},
                "near": {
                    "weight": "weak",
                    "phrases": ["skew"],
                    "needs": {"groups": ["people"], "within": 1},
                },
                "far": {"weight": "hint", "phrases": ["men"], "needs": {"groups": ["people"]}},
                "no": {"weight": "against", "phrases": ["hay"]},
            },
        }
    },
    "modality": {"ct": {"about": "c", "rules": {"x": {"weight": "weak", "phrases": ["longer"]}}}},
    "task": {"survey": {"about": "s", "rules": {"x": {"weight": "weak", "phrases": ["old"]}}}},
    "implications": {"x": {"any": ["bias"], "all": ["medical"], "then": "survey"}},
}
TAGGER = Tagger(TopicConfig.model_validate(RULES))
WORDS = "women|old men|men|future work|work|no|no longer|we|fair|bias|women bias|bias work|skew|hay"
KINDS = {
    "fair": "sure",
    "bias": "strong",
    "women bias": "strong",
    "skew": "weak",
    "men": "hint",
    "hay": "against",
}

_Place = tuple[int, int, int]

sentences = st.lists(st.sampled_from(WORDS.split("|")), min_size=1, max_size=6).map(
    lambda words: " ".join(words).split()
)
papers = st.tuples(sentences, st.lists(sentences, max_size=4))


def _places(text: list[list[str]], phrase: str) -> list[_Place]:
    """Sentence, first word and word behind the last of each time that a phrase stands there."""
    wanted = phrase.split()
    return [
        (number, start, start + len(wanted))
        for number, words in enumerate(text)
        for start in range(len(words))
        if words[start : start + len(wanted)] == wanted
    ]


def _overlap(one: _Place, other: _Place) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _has_context(text: list[list[str]], place: _Place, within: int | None) -> bool:
    for other in [*_places(text, "women"), *_places(text, "old men")]:
        if _overlap(place, other):
            continue
        between = max(place[1], other[1]) - min(place[2], other[2])
        if within is None or (place[0] == other[0] and between <= within):
            return True
    return False


def _factor(text: list[list[str]], place: _Place) -> float:
    sentence, start, _ = place
    factors = [0.5 for one in _places(text, "future work") if one[0] == sentence]
    longer = {one[:2] for one in _places(text, "no longer")}
    factors += [
        0.2
        for one in _places(text, "no")
        if one[0] == sentence and 0 <= start - one[2] <= 1 and one[:2] not in longer
    ]
    if factors:
        return min(factors)
    return 1.5 if sentence and "we" in text[sentence] else 1.0


def _counts(text: list[list[str]], phrase: str, place: _Place) -> bool:
    """Whether no exception, no longer phrase and no lack of context takes it away."""
    takes_away = [*_places(text, "bias work")]
    if phrase != "women bias":
        takes_away += _places(text, "women bias")
    if any(_overlap(place, one) for one in takes_away):
        return False
    if phrase == "skew":
        return _has_context(text, place, 1)
    return phrase != "men" or _has_context(text, place, None)


def _weight(text: list[list[str]], kind: str, place: _Place) -> float:
    full: float = WEIGHTS[kind]["abstract" if place[0] else "title"]  # type: ignore[index]
    if len(text) == 1 and kind != "against":
        full = min(1.2 * full, 0.9)
    factor = _factor(text, place)
    return min(full * factor, 0.9) if factor < 1 or kind in ("sure", "strong") else full


def _by_hand(text: list[list[str]]) -> float:
    """The score of ``bias`` as docs/topics.md says it is made; the title is the first sentence."""
    best: list[tuple[float, _Place, str]] = []
    for phrase, kind in KINDS.items():
        for in_title in (True, False):
            own = [
                (-_weight(text, kind, place), place, kind)
                for place in _places(text, phrase)
                if (place[0] == 0) == in_title and _counts(text, phrase, place)
            ]
            best += sorted(own)[: 1 if kind == "against" else 2]
    seen: set[int] = set()
    missing, left = [], []
    for weight, (sentence, *_), kind in sorted(best):
        if kind == "against":
            left.append(1 + weight)
        else:
            missing.append(1 + weight * (0.7 if sentence in seen else 1))
            seen |= {sentence} - {0}
    return (1 - prod(missing)) * prod(left)


def _told(paper: tuple[list[str], list[list[str]]]) -> tuple[str, str, list[str]]:
    title, abstract = paper
    return " ".join(title), ". ".join(" ".join(words) for words in abstract), []


@settings(max_examples=60)
@given(st.lists(papers, min_size=1, max_size=6))
def test_scores_are_those_of_the_written_formula(
    some: list[tuple[list[str], list[list[str]]]],
) -> None:
    for paper, own in zip(some, TAGGER.explain_all(map(_told, some)), strict=True):
        scores = {verdict.topic: verdict.score for verdict in own}
        assert scores.get("bias", 0.0) == pytest.approx(_by_hand([paper[0], *paper[1]]), abs=1e-4)


ODD = [
    ("Women bias\u2014fair", "No  bias! We are fair.", ["cs.LG", "cs.CY"]),
    ("", None, []),
    ("  -women", "\u00dcber fair women.\n\n- old men skew", ["cs.CY"]),
    ("Bias \u0130 \u03a3", "", []),
    ("Fair?", "\ud83d\ude42 We see women-bias, fair/old men...", []),
    ("fair " * 40, "future work  " * 9, []),
]


@pytest.mark.parametrize("together", [1, 2, 4, 100])
def test_what_stands_beside_a_paper_changes_nothing(
    together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tag, "_PAPERS", together)
    rows = [*ODD, *reversed(ODD)]
    alone = [TAGGER.explain(*row) for row in rows]
    assert list(TAGGER.explain_all(rows)) == alone
    assert any(match.start > 3 for own in alone for one in own for match in one.matches)
    titles, abstracts, categories = zip(*rows, strict=True)
    batch = TAGGER.tag(titles, abstracts, categories).to_pylist()
    given = [sorted(one.topic for one in own if one.tagged) for own in alone]
    assert [sorted([*row["topics"], *["medical"] * row["medical"]]) for row in batch] == given
    first = [
        [
            (one.topic, m.rule, m.field, m.text, m.start)
            for one in own
            if one.tagged
            for m in one.matches[:1]
        ]
        for own in alone
    ]
    told = [
        [tuple(t[k] for k in ("topic", "rule", "field", "text", "start")) for t in row["tags"]]
        for row in batch
    ]
    assert all(set(one) <= set(other) for one, other in zip(first, told, strict=True))


def test_no_papers_give_no_rows() -> None:
    assert TAGGER.tag([], [], []).num_rows == 0
    with pytest.raises(ValueError, match="longer"):
        TAGGER.tag([], ["An abstract."], [])
