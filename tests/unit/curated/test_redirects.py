"""Whoever kept a paper id finds the paper, whatever became of it since."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import medsafe_harvest as mh
from medsafe_harvest.curated import lookup, redirects, snapshot
from medsafe_harvest.curated.lookup import trace
from medsafe_harvest.curated.redirects import Change, Kind, Names, Redirect, changes
from medsafe_harvest.dedupe.merge import merge
from medsafe_harvest.dedupe.paper_ids import mint
from medsafe_harvest.errors import CuratedError, NotFoundError, SplitError
from medsafe_harvest.schema import PAPER, RECORD, TABLES

NOW = datetime(2026, 11, 21, 5, 30, tzinfo=UTC)


def record(number: int, **values: Any) -> dict[str, Any]:
    """A record that was seen first on the day of its number."""
    blank: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in RECORD
    }
    day = date(2026, 1, 1) + timedelta(days=number)
    own = {
        "record_id": f"semantic_scholar:{number}",
        "source": "semantic_scholar",
        "source_id": str(number),
        "title": f"Title {number}",
        "title_raw": f"Title {number}",
        "withdrawn": False,
        "first_seen": day,
        "last_seen": day,
    }
    return blank | own | values


def name(number: int) -> str:
    """The id that a record has as a paper of its own."""
    return mint(f"semantic_scholar:{number}")


def tables(clusters: dict[int, int]) -> dict[str, pa.Table]:
    """Snapshot tables of records, by number, in the given clusters."""
    records = pa.Table.from_pylist([record(number) for number in clusters], schema=RECORD)
    of = pa.table(
        {
            "record_id": pa.array([f"semantic_scholar:{one}" for one in clusters], pa.string()),
            "cluster": pa.array([str(one) for one in clusters.values()], pa.string()),
        }
    )
    papers = merge(records, of)
    for field in PAPER:
        if field.name not in papers.column_names:
            empty: object = [] if pa.types.is_list(field.type) else False
            empty = None if field.type == pa.string() else empty
            papers = papers.append_column(field, pa.array([empty] * papers.num_rows, field.type))
    empty_tables = {key: schema.empty_table() for key, schema in TABLES.items()}
    return empty_tables | {"papers": papers.select(PAPER.names).cast(PAPER), "records": records}


def names(clusters: dict[int, int]) -> Names:
    made = tables(clusters)
    return Names.of(made["papers"], made["records"])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({1: 0, 2: 0}, {1: 0, 2: 0}, []),
        # A new record joins, or is a paper of its own.
        ({1: 0}, {1: 0, 2: 0, 3: 1}, []),
        ({1: 0, 2: 1}, {1: 0, 2: 0}, [Change(name(2), Kind.MERGED, (name(1),))]),
        ({1: 0, 2: 0}, {1: 0, 2: 1}, [Change(name(1), Kind.SPLIT, (name(1), name(2)))]),
        # Record 1 leaves for another paper, and takes the id with it.
        (
            {0: 9, 1: 0, 2: 0, 3: 0},
            {0: 9, 1: 9, 2: 0, 3: 0},
            [Change(name(1), Kind.SPLIT, (name(2), name(0)))],
        ),
        # A record that was seen earlier turns up: another source was read again from the start.
        ({2: 0}, {1: 0, 2: 0}, [Change(name(2), Kind.MOVED, (name(1),))]),
        ({1: 0, 2: 1}, {1: 0}, [Change(name(2), Kind.GONE, ())]),
        # The record that a former id was made from is lost; its paper is not.
        ({1: 0, 2: 0}, {1: 0}, [Change(name(2), Kind.MERGED, (name(1),))]),
    ],
)
def test_what_became_of_ids(
    before: dict[int, int], after: dict[int, int], expected: list[Change]
) -> None:
    assert changes(names(before), names(after)) == expected


def test_a_record_that_its_source_renamed_is_still_there() -> None:
    old = record(1, record_id="semantic_scholar:0", source_id="0")
    new = record(1, former_record_ids=["semantic_scholar:0"])
    both = [pa.Table.from_pylist([one], schema=RECORD) for one in (old, new)]
    papers = [
        merge(one, pa.table({"record_id": one["record_id"], "cluster": ["x"]})) for one in both
    ]
    found = [Names.of(*pair) for pair in zip(papers, both, strict=True)]
    assert changes(*found) == []


MERGED = Change("mhb", Kind.MERGED, ("mha",))


def test_the_ledger_says_what_was_written_and_a_repeated_run_adds_nothing(tmp_path: Path) -> None:
    redirects.append(tmp_path, [MERGED], NOW)
    split = Change("mha", Kind.SPLIT, ("mha", "mhb"))
    redirects.append(tmp_path, [MERGED], NOW + timedelta(hours=1))
    assert redirects.read(tmp_path) == (Redirect(NOW, MERGED),)
    for hours in (24, 48):
        redirects.append(tmp_path, [split if hours == 24 else MERGED], NOW + timedelta(hours=hours))
    assert [one.change for one in redirects.read(tmp_path)] == [MERGED, split, MERGED]
    assert [path.name for path in tmp_path.iterdir()] == [redirects.FILE]


@pytest.mark.parametrize(
    "damage",
    [
        '{"from": "mhc", "ki',
        "[]",
        '{"from": "mhc", "kind": "eaten", "to": [], "when": "2026-11-21T05:30:00Z"}',
        '{"from": "mhc", "kind": "gone", "to": [1], "when": "2026-11-21T05:30:00Z"}',
        '{"from": "mhc", "kind": "gone", "to": [], "when": "2026-11-21T05:30:00"}',
    ],
)
def test_a_damaged_line_is_told_and_nothing_is_overwritten(tmp_path: Path, damage: str) -> None:
    redirects.append(tmp_path, [MERGED], NOW)
    with (tmp_path / redirects.FILE).open("a") as file:
        file.write(damage)
    before = (tmp_path / redirects.FILE).read_text()
    with pytest.raises(CuratedError, match=r"redirects\.jsonl:2 is no entry"):
        redirects.append(tmp_path, [Change("mhd", Kind.GONE, ())], NOW)
    assert (tmp_path / redirects.FILE).read_text() == before


def publish(folder: Path, clusters: dict[int, int], when: datetime) -> None:
    """Write a snapshot as a curation does."""
    made = tables(clusters)
    found: list[Change] = []
    if (folder / "current").exists():
        there = snapshot.current(folder)
        old = Names.of(snapshot.read(there, "papers"), snapshot.read(there, "records"))
        found = changes(old, Names.of(made["papers"], made["records"]))
    snapshot.write(
        folder,
        made,
        {"as_of": "2026-11-20"},
        keep=2,
        before_swap=lambda _: redirects.append(folder, found, when),
    )


def test_an_id_is_followed_over_merges_and_splits(tmp_path: Path) -> None:
    publish(tmp_path, {1: 0, 2: 1, 3: 2, 4: 2, 5: 2}, NOW)
    publish(tmp_path, {1: 0, 2: 0, 3: 2, 4: 2, 5: 2}, NOW)
    assert mh.resolve(name(2), tmp_path) == name(1)
    publish(tmp_path, {1: 0, 2: 0, 3: 0, 4: 2, 5: 3}, NOW + timedelta(days=1))
    with pytest.raises(SplitError, match="was split") as caught:
        mh.resolve(name(3), tmp_path)
    assert caught.value.candidates == (name(1), name(4), name(5))
    publish(tmp_path, dict.fromkeys(range(6), 0), NOW + timedelta(days=2))
    assert mh.resolve(name(3), tmp_path) == name(0)
    assert mh.resolve("semantic_scholar:4", tmp_path) == name(0)
    with pytest.raises(NotFoundError, match="no paper answers"):
        mh.resolve("mhnonsense", tmp_path)


def test_a_split_is_told_as_long_as_a_piece_is_elsewhere(tmp_path: Path) -> None:
    def told() -> list[str]:
        answer = lookup.resolve(snapshot.current(tmp_path), redirects.read(tmp_path), name(1))
        assert answer.paper_id == name(1)
        return [one.in_words(answer.pieces) for one in answer.history]

    publish(tmp_path, {0: 9, 1: 0, 2: 0}, NOW)
    assert told() == []
    publish(tmp_path, {0: 9, 1: 0, 2: 1}, NOW)
    split = f"{name(1)} was split into {name(1)}, {name(2)}"
    assert told() == [f"{split} on 2026-11-21"]
    publish(tmp_path, {0: 9, 1: 0, 2: 9}, NOW)
    assert told() == [f"{split} (now {name(0)}) on 2026-11-21"]
    # The curator takes it back.
    publish(tmp_path, {0: 9, 1: 0, 2: 0}, NOW)
    assert told() == []


def test_what_is_gone_is_said_to_be_gone(tmp_path: Path) -> None:
    publish(tmp_path, {1: 0, 2: 1}, NOW)
    publish(tmp_path, {1: 0}, NOW)
    with pytest.raises(NotFoundError, match="is gone since 2026-11-21"):
        mh.resolve(name(2), tmp_path)


def test_a_circle_in_the_ledger_ends(tmp_path: Path) -> None:
    publish(tmp_path, {1: 0}, NOW)
    circle = [Change("mha", Kind.MOVED, ("mhb",)), Change("mhb", Kind.MOVED, ("mha",))]
    redirects.append(tmp_path, circle, NOW)
    with pytest.raises(NotFoundError):
        mh.resolve("mha", tmp_path)


def test_killed_between_ledger_and_swap_a_run_is_repeated_without_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, {1: 0, 2: 1}, NOW)
    before = snapshot.current(tmp_path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "_point", killed)
        with pytest.raises(KeyboardInterrupt):
            publish(tmp_path, {1: 0, 2: 0}, NOW)
    assert snapshot.current(tmp_path) == before
    assert mh.resolve(name(2), tmp_path) == name(2)
    publish(tmp_path, {1: 0, 2: 0}, NOW + timedelta(hours=3))
    merged = Change(name(2), Kind.MERGED, (name(1),))
    assert redirects.read(tmp_path) == (Redirect(NOW, merged),)
    assert mh.resolve(name(2), tmp_path) == name(1)


def test_without_the_ledger_former_ids_still_lead_home(tmp_path: Path) -> None:
    publish(tmp_path, {1: 0, 2: 1}, NOW)
    publish(tmp_path, {1: 0, 2: 0}, NOW)
    (tmp_path / redirects.FILE).unlink()
    assert mh.resolve(name(2), tmp_path) == name(1)
    publish(tmp_path, {1: 0, 2: 0}, NOW)
    assert not (tmp_path / redirects.FILE).exists()


# ── any history ──────────────────────────────────────────────────────────────────────────────

#: Records 0 to 7, each in one of a few clusters or not harvested (yet, or any more).
histories = st.lists(
    st.dictionaries(st.integers(0, 7), st.integers(0, 3), min_size=1), min_size=1, max_size=6
)


NAMES = pa.schema(PAPER.field(column) for column in lookup._NAMES)
NO_RECORDS = RECORD.empty_table()


def light(clusters: dict[int, int]) -> pa.Table:
    """The ids that ``merge`` gives, without the merge: the first record's, and the others'."""
    members: dict[int, list[int]] = {}
    for number in sorted(clusters):
        members.setdefault(clusters[number], []).append(number)
    rows = [
        {
            "paper_id": name(first),
            "former_ids": [name(other) for other in others],
            "record_ids": [f"semantic_scholar:{one}" for one in (first, *others)],
            "other_dois": [],
        }
        for first, *others in members.values()
    ]
    return pa.Table.from_pylist(rows, schema=NAMES)


def replay(history: list[dict[int, int]]) -> Iterator[tuple[pa.Table, list[Redirect]]]:
    """The papers of each snapshot of a history, and the ledger by then."""
    ledger: list[Redirect] = []
    before: Names | None = None
    for day, clusters in enumerate(history):
        papers = light(clusters)
        after = Names.of(papers, NO_RECORDS)
        if before is not None:
            when = NOW + timedelta(days=day)
            ledger += [Redirect(when, change) for change in changes(before, after)]
        before = after
        yield papers, ledger


def answers(papers: pa.Table, ledger: list[Redirect], old: str) -> set[str] | None:
    """All papers that an id leads to; None where it is gone."""
    try:
        return {trace(papers, NO_RECORDS, ledger, old).paper_id}
    except SplitError as split:
        return set(split.candidates)
    except NotFoundError:
        return None


@given(histories)
@settings(deadline=None)
def test_every_id_ever_published_leads_to_papers_that_are_there(
    history: list[dict[int, int]],
) -> None:
    published: set[str] = set()
    for (papers, ledger), clusters in zip(replay(history), history, strict=True):
        present = set(papers["paper_id"].to_pylist())
        for old in sorted(published | present):
            found = answers(papers, ledger, old)
            if old in present:
                assert found == {old}
            elif found is None:
                # Gone is only what the ledger says to be gone, in the end.
                assert old in redirects.latest(ledger)
                assert old not in map(name, clusters)
            else:
                assert found <= present
        published |= present
        published.update(*papers["former_ids"].to_pylist())


@given(st.dictionaries(st.integers(0, 7), st.integers(0, 3), min_size=1), st.data())
@settings(deadline=None, max_examples=20)
def test_new_sources_only_ever_redirect(clusters: dict[int, int], data: st.DataObject) -> None:
    """Records that are seen later join papers, unite them or make new ones: no id is lost."""
    later = data.draw(st.dictionaries(st.integers(8, 15), st.integers(0, 6)))
    united = data.draw(st.dictionaries(st.integers(0, 6), st.integers(0, 3)))
    grown = {one: united.get(of, of) for one, of in (clusters | later).items()}
    before, after = tables(clusters), tables(grown)
    kinds = {
        change.kind
        for change in changes(
            Names.of(before["papers"], before["records"]),
            Names.of(after["papers"], after["records"]),
        )
    }
    assert kinds <= {Kind.MERGED}
    for row in before["papers"].to_pylist():
        found = trace(after["papers"], after["records"], (), row["paper_id"]).paper_id
        [home] = [one for one in after["papers"].to_pylist() if one["paper_id"] == found]
        assert set(row["record_ids"]) <= set(home["record_ids"])


@given(st.dictionaries(st.integers(0, 7), st.integers(0, 3), min_size=1), st.randoms())
@settings(deadline=None, max_examples=20)
def test_the_order_of_records_changes_no_id(
    clusters: dict[int, int], shuffler: random.Random
) -> None:
    numbers = list(clusters)
    shuffler.shuffle(numbers)
    again = tables({number: clusters[number] for number in numbers})["papers"]
    for column in ("paper_id", "former_ids"):
        assert again[column].equals(tables(clusters)["papers"][column])
    expected = light(clusters).sort_by("paper_id")
    assert again["paper_id"].equals(expected["paper_id"])
