"""Properties of comparing, deciding, blocking and explaining over invented records."""

from __future__ import annotations

import dataclasses
import itertools
import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from medsafe_harvest.dedupe.blocking import (
    BLOCKERS,
    KEYS,
    Digests,
    Key,
    as_keys,
    block,
    digests,
    kind_of,
    shared_keys,
)
from medsafe_harvest.dedupe.compare import Features, compare
from medsafe_harvest.dedupe.decide import decide, judge, worth_keeping
from medsafe_harvest.dedupe.evidence import EVIDENCE
from medsafe_harvest.dedupe.explain import explain, explain_pair
from medsafe_harvest.dedupe.guards import GUARDS
from medsafe_harvest.dedupe.prepare import COMPARISON, NEEDED, prepare
from medsafe_harvest.dedupe.reasons import Reason
from medsafe_harvest.dedupe.screen import screened
from medsafe_harvest.dedupe.sketch import SKETCH, sketch
from medsafe_harvest.errors import NotFoundError
from medsafe_harvest.schema import DECISION, RECORD

SCHEMA = pa.schema([RECORD.field(name) for name in NEEDED])
WORDS = [
    "deep",
    "learning",
    "for",
    "sepsis",
    "part",
    "II",
    "2",
    "\N{GREEK SMALL LETTER ALPHA}",
    "B",
    "Reply",
    "to:",
    "画像",
    "tumour",
    "tumor",
    "modelling",
    "modeling",
]
NAMES = ["Ann Lee", "Lee, Ann", "Jürgen Müller", "J. Muller", "Wei Wang", "Wang Wei", "et al."]
RECORDS = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["arxiv", "semantic_scholar"]),
        "title": st.one_of(
            st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join),
            st.text(max_size=20),
        ),
        "authors": st.lists(st.sampled_from(NAMES), max_size=4).map(
            lambda names: [{"name": name} for name in names]
        ),
        "year": st.none() | st.integers(1990, 2026),
        "venue": st.none() | st.sampled_from(["Lancet", "Journal of X", "Proc. of Y", "arXiv"]),
        "volume": st.none() | st.sampled_from(["1", "2"]),
        "pages": st.none() | st.sampled_from(["1-9", "10-19"]),
        "doi": st.none() | st.sampled_from(["10.1/a", "10.1/b", "10.2139/ssrn.1"]),
        "arxiv_id": st.none() | st.sampled_from(["2301.00001", "2301.00002"]),
        "pmid": st.none() | st.sampled_from(["1", "2"]),
        "other_dois": st.just([]),
    }
)
PAIRS = st.lists(st.tuples(RECORDS, RECORDS), min_size=1, max_size=5)


def rows(records: list[dict[str, Any]], prefix: str) -> pa.RecordBatch:
    named = [{**record, "record_id": f"{prefix}{n}"} for n, record in enumerate(records)]
    return prepare(pa.RecordBatch.from_pylist(named, schema=SCHEMA))


def sides(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> tuple[Any, Any]:
    return rows([one for one, _ in pairs], "a"), rows([other for _, other in pairs], "b")


def values(features: Features) -> list[Any]:
    names = [field.name for field in dataclasses.fields(features)]
    return [np.nan_to_num(getattr(features, name), nan=-1.0).tolist() for name in names]


@given(PAIRS)
def test_swapping_the_sides_changes_no_feature(pairs: list[tuple[Any, Any]]) -> None:
    left, right = sides(pairs)
    assert values(compare(left, right)) == values(compare(right, left))


def test_neither_spelling_is_worth_more_on_the_left() -> None:
    titles = (
        "Tumour behaviour prediction: a foundation model",
        "Tumor behavior prediction: a foundation model study",
    )
    blank = dict.fromkeys(NEEDED) | {"source": "semantic_scholar", "other_dois": []}
    one, other = (blank | {"title": title, "authors": [{"name": "Ann Lee"}]} for title in titles)
    left, right = sides([(one, other)])
    found = [compare(left, right), compare(right, left)]
    assert values(found[0]) == values(found[1])
    assert decide(found[0]).scores.tolist() == decide(found[1]).scores.tolist()


@given(PAIRS)
def test_a_pair_is_judged_alike_alone_and_in_company(pairs: list[tuple[Any, Any]]) -> None:
    left, right = sides(pairs)
    together = decide(compare(left, right))
    for number in range(len(pairs)):
        alone = decide(compare(left.slice(number, 1), right.slice(number, 1)))
        assert alone.reasons[0] == together.reasons[number]
        assert alone.scores[0] == together.scores[number]


@given(PAIRS)
def test_scores_lie_between_0_and_1_and_two_arxiv_ids_never_match(
    pairs: list[tuple[Any, Any]],
) -> None:
    left, right = sides(pairs)
    verdicts = decide(compare(left, right))
    assert ((verdicts.scores >= 0) & (verdicts.scores <= 1)).all()
    for (one, other), outcome in zip(pairs, verdicts.outcomes, strict=True):
        if one["arxiv_id"] and other["arxiv_id"] and one["arxiv_id"] != other["arxiv_id"]:
            assert outcome != "match"


@given(RECORDS)
def test_case_and_unicode_form_change_no_comparison_row(record: dict[str, Any]) -> None:
    ascii_title = " ".join(word for word in record["title"].split() if word.isascii())
    shouted = {**record, "title": ascii_title.upper()}
    quiet = {**record, "title": ascii_title.lower()}
    assert rows([shouted], "a").to_pylist() == rows([quiet], "a").to_pylist()
    decomposed = [{"name": unicodedata.normalize("NFD", a["name"])} for a in record["authors"]]
    assert (
        rows([record], "a").to_pylist()
        == rows([{**record, "authors": decomposed}], "a").to_pylist()
    )


@given(RECORDS)
def test_every_titled_record_has_a_key_and_shares_all_with_its_double(
    record: dict[str, Any],
) -> None:
    assume(record["title"].strip())
    left, right = rows([record], "a"), rows([record], "b")
    shared = shared_keys(left, right)
    assert {"title", "title_prefix"} <= set(shared)


@settings(max_examples=300)
@given(RECORDS, RECORDS)
def test_a_match_shares_a_key_and_is_compared(one: dict[str, Any], other: dict[str, Any]) -> None:
    left, right = rows([one], "a"), rows([other], "b")
    if decide(compare(left, right)).outcomes[0] == "match":
        shared = shared_keys(left, right)
        assert shared
        assert screened(left, right, [shared]).all()


@given(RECORDS)
def test_a_sketch_is_what_the_comparison_row_says_too(record: dict[str, Any]) -> None:
    whole = pa.RecordBatch.from_pylist([{**record, "record_id": "a"}], schema=SCHEMA)
    [row], [prepared] = sketch(whole).to_pylist(), prepare(whole).to_pylist()
    assert row == {**{name: prepared[name] for name in row}, "families": prepared["families"][:3]}


def test_keys_of_each_kind_are_as_documented() -> None:
    record = {
        "source": "semantic_scholar",
        "title": "Fair machine learning for early sepsis alerts",
        "authors": [{"name": "Ann Lee"}, {"name": "Bo Chen"}, {"name": "Eva Holm"}],
        "year": 2020,
        "volume": "7",
        "pages": "12-19",
        "doi": "10.1/A",
        "other_dois": [],
        "pmid": "123",
    }
    keys = block(rows([record], "a").select(SKETCH.names))
    assert keys.schema.equals(KEYS)
    assert set(keys.column("row").to_pylist()) == {0}
    found: dict[Key, list[int]] = {}
    for key in keys.column("key").to_pylist():
        found.setdefault(kind_of(key), []).append(key)
    assert set(found) == set(BLOCKERS)
    assert found[Key.IDENTIFIER] == [key_of(Key.IDENTIFIER, "pmid:123")]
    assert found[Key.DOI] == [key_of(Key.DOI, "10.1/a")]
    assert found[Key.TITLE] == [key_of(Key.TITLE, "fairmachinelearningforearlysepsisalerts")]
    assert found[Key.TITLE_PREFIX] == [key_of(Key.TITLE_PREFIX, "fair machine learning for")]
    assert found[Key.PLACE] == [
        key_of(Key.PLACE, "7", "12", "lee"),
        key_of(Key.PLACE, "7", "12", 2020),
    ]
    team = sorted(["chen", "holm", "lee"], key=lambda name: digest(name)[0])
    assert found[Key.TEAM] == [key_of(Key.TEAM, *team, 2020)]
    words = ["sepsis", "alerts", "fair", "machine", "early", "learning"]
    pairs = {
        key: {one, other}
        for one, other in itertools.permutations(words, 2)
        if (key := key_of(Key.RARE_WORDS, one, other)) in found[Key.RARE_WORDS]
    }
    assert {"alerts", "sepsis"} in pairs.values()
    assert len(pairs) == len(found[Key.RARE_WORDS]) == 9  # "early machine" is too common a pair
    assert not any("learning" in pair for pair in pairs.values())  # most titles have it
    assert key_of(Key.RARE_WORD_AUTHOR, "lee", "sepsis") in found[Key.RARE_WORD_AUTHOR]
    assert key_of(Key.RARE_WORD_AUTHOR, "chen", "alerts") in found[Key.RARE_WORD_AUTHOR]


def digest(part: str | int) -> Digests:
    return np.array([part], np.uint64) if isinstance(part, int) else digests(pa.array([part]))


def key_of(kind: Key, *parts: str | int) -> int:
    return int(as_keys(kind, [digest(part) for part in parts])[0])


def test_keys_are_the_same_on_every_machine_and_know_the_order_of_their_parts() -> None:
    known = 8453858199116768865
    assert key_of(Key.DOI, "10.1/a") == known
    assert kind_of(known) is Key.DOI
    assert key_of(Key.RARE_WORDS, "a", "b") != key_of(Key.RARE_WORDS, "b", "a")
    assert key_of(Key.TITLE, "a") != key_of(Key.DOI, "a")


@given(st.lists(st.text(), unique=True, min_size=2, max_size=50))
def test_parts_that_differ_make_keys_that_do(parts: list[str]) -> None:
    made = [digests(pa.array(parts))]
    assert len(set(as_keys(Key.TITLE, made).tolist())) == len(parts)


def test_every_kind_of_evidence_ends_in_a_level_that_always_holds() -> None:
    batch = rows([{"source": "x", "title": "t", "authors": [], "other_dois": []}], "a")
    features = compare(batch, batch)
    assert all(levels[-1].holds(features).all() for levels in EVIDENCE.values())


def test_each_guard_has_a_reason_of_its_own() -> None:
    reasons = [guard.reason for guard in GUARDS]
    assert len(set(reasons)) == len(reasons)
    assert set(reasons) <= set(Reason)


def pairs_batch(left: pa.RecordBatch, right: pa.RecordBatch) -> pa.RecordBatch:
    keys = pa.array([["title"]] * len(left), DECISION.field("keys").type)
    return pa.RecordBatch.from_arrays(
        [left.to_struct_array(), right.to_struct_array(), keys], ["left", "right", "keys"]
    )


@given(PAIRS)
def test_judged_rows_follow_the_decision_schema(pairs: list[tuple[Any, Any]]) -> None:
    left, right = sides(pairs)
    (batch,) = judge([pairs_batch(left, right)])
    batch.validate(full=True)
    assert batch.schema.equals(DECISION)
    assert batch.column("left").to_pylist() == left.column("record_id").to_pylist()
    for row, keep in zip(batch.to_pylist(), worth_keeping(batch).to_pylist(), strict=True):
        far = row["outcome"] == "non-match" and row["score"] < 0.1
        assert keep or far
        assert not (keep and far) or row["title_similarity"] >= 0.9


def two_records() -> pa.Table:
    shared = {"source": "arxiv", "authors": [{"name": "Ann Lee"}], "other_dois": []}
    titles = ["Fair alerts for early sepsis: part 1", "Fair alerts for early sepsis: part 2"]
    return pa.Table.from_pylist(
        [{**shared, "record_id": f"r{n}", "title": t, "year": 2020} for n, t in enumerate(titles)],
        schema=SCHEMA,
    )


def test_explain_shows_the_whole_sum_and_the_guard_that_decided() -> None:
    explanation = explain(two_records(), "r1", "r0")
    assert (explanation.left, explanation.right) == ("r0", "r1")
    assert (explanation.outcome, explanation.reason) == ("non-match", "numbers_differ")
    assert explanation.guard == "numbers_differ"
    assert explanation.would_change[0].startswith("Without the rule numbers_differ, ")
    assert explanation.without_guard in explanation.would_change[0]
    total = explanation.prior + sum(item.weight for item in explanation.evidence)
    assert explanation.score == pytest.approx(1 / (1 + np.exp(-total)), abs=1e-6)
    assert explanation.sum == pytest.approx(total)
    assert explanation.features["numbers_conflict"] == 1
    assert "title_prefix" in explanation.shared_keys


@settings(max_examples=200)
@given(RECORDS, RECORDS)
def test_what_would_have_changed_the_answer_would_have(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    left, right = rows([one], "a"), rows([other], "b")
    explanation = explain_pair(left, right, ())
    assume(explanation.guard is None)
    if explanation.outcome == "review" and explanation.without_guard == "match":
        assert "would be enough for a match, but" in explanation.would_change[0]
    weights = {item.kind: item.weight for item in explanation.evidence}
    for words in explanation.would_change[1:]:
        kind, _, rest = words.partition(": ")
        instead = float(rest.partition("(")[2].partition(")")[0])
        total = explanation.sum - weights[kind] + instead
        assert (total >= explanation.match_from - 1e-9) == (explanation.outcome != "match")


def test_explain_of_an_unknown_record_says_which() -> None:
    with pytest.raises(NotFoundError, match="r9"):
        explain(two_records(), "r0", "r9")


def test_comparison_rows_survive_an_empty_batch() -> None:
    empty = prepare(pa.RecordBatch.from_pylist([], schema=SCHEMA))
    assert empty.schema.equals(COMPARISON)
    assert len(decide(compare(empty, empty)).outcomes) == 0
