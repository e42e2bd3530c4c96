"""Batches matched against what is known: the same as matching all records anew."""

from __future__ import annotations

import errno
import random
import shutil
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from medsafe_harvest import pipeline
from medsafe_harvest.config import load_config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.dedupe.prepare import NEEDED
from medsafe_harvest.engines.duckdb import Matching, match
from medsafe_harvest.engines.incremental import again as nights_after
from medsafe_harvest.engines.incremental import remembered
from medsafe_harvest.engines.incremental.again import Keeper, forget
from medsafe_harvest.engines.incremental.batch import match_batch
from medsafe_harvest.engines.incremental.changes import changes
from medsafe_harvest.engines.pool import save_one
from medsafe_harvest.errors import EngineError, StoreError
from medsafe_harvest.schema import RECORD, RELATED

SCHEMA = pa.schema([RECORD.field(name) for name in NEEDED])
NONE = Overrides()
TITLES = [
    "Calibrated forecasts for sepsis in hospitals",
    "Calibrated forecasts for stroke in hospitals",
    "Federated learning for glioma segmentation: part 1",
    "Federated learning for glioma segmentation: part 2",
    "Erratum: Federated learning for glioma segmentation",
    "Federated learning for glioma segmentation",
    "Reply to: Calibrated forecasts for sepsis in hospitals",
    "Saliency maps of retinopathy mislead graders",
]
PEOPLE = ["Ann Lee", "Bo Chen", "Eva Holm", "Jan Beck"]
World = dict[str, dict[str, Any]]


def record(name: str, chance: random.Random) -> dict[str, Any]:
    # Half of all have one title, author and year: blocks that are refined, and still too large.
    common = chance.random() < 0.5
    return {
        "record_id": name,
        "source": chance.choice(["arxiv", "semantic_scholar"]),
        "title": TITLES[0] if common else chance.choice(TITLES),
        "authors": [{"name": one} for one in (PEOPLE[:2] if common else chance.sample(PEOPLE, 2))],
        "year": 2020 if common else chance.choice([2019, 2020, 2021, None]),
        "venue": chance.choice([None, "Stroke", "Proceedings of CHIL"]),
        "doi": chance.choice([None, None, f"10.1/{chance.randrange(40)}"]),
        "arxiv_id": chance.choice([None, f"2301.0000{chance.randrange(9)}"]),
        "other_dois": [],
    }


def table(world: World) -> pa.Table:
    return pa.Table.from_pylist(list(world.values()), schema=SCHEMA)


def said(chance: random.Random, world: World) -> Overrides:
    """Pairs of any records, some not there; none contradicts another."""
    names = [*world, "s:nobody"]
    chance.shuffle(names)
    about: dict[str, Any] = {"who": "C", "when": "2026-01-01", "why": str(chance.randrange(2))}
    links = [
        Link(left=one, right=other, **about)
        for one, other in zip(names[:8:2], names[1:8:2], strict=False)
    ]
    return Overrides(must_link=tuple(links[:2]), cannot_link=tuple(links[2:]))


def changed(world: World, chance: random.Random, most: int) -> None:
    """Some records come, some go, some say something else."""
    for name in chance.sample(sorted(world), min(len(world), chance.randrange(most))):
        if chance.random() < 0.5:
            del world[name]
        else:
            world[name] = record(name, chance)
    for _ in range(chance.randrange(most)):
        name = f"s:{chance.randrange(9999):04d}"
        world[name] = record(name, chance)


def assert_same(found: Matching, expected: Matching) -> None:
    assert found.counts == expected.counts
    assert found.decisions.equals(expected.decisions)
    assert found.clusters.equals(expected.clusters)
    assert found.relations.equals(expected.relations)


def keeper(folder: Path, told: list[str] | None = None) -> Keeper:
    def tell(name: str, _: int) -> None:
        if told is not None:
            told.append(name)

    return Keeper(folder, "500MB", tell, least=0)


def kept(folder: Path, world: World, overrides: Overrides = NONE) -> None:
    _, commit = keeper(folder).match(table(world), overrides)
    commit()


@settings(max_examples=4, deadline=None, phases=[Phase.generate])  # each takes a second
@given(st.integers(0, 10**6), st.integers(0, 120))
def test_batch_after_batch_equals_matching_all(seed: int, size: int) -> None:
    chance = random.Random(seed)
    world = {name: record(name, chance) for name in (f"s:{n:04d}" for n in range(size))}
    with TemporaryDirectory() as name:
        folder = Path(name)
        kept(folder, world)
        overrides = NONE
        for night in range(3):
            state = remembered.load(folder)
            assert state is not None
            changed(world, chance, 12)
            if night:
                overrides = said(chance, world)
            found, new = match_batch(state, changes(state, table(world)), overrides)
            remembered.commit(folder, new, remembered.write_night(folder, new))
            assert_same(found, match(table(world), overrides))


class Told(list[str]):
    def step(self, name: str, total: int | None = None) -> None:
        assert total is not None, name
        self.append(name)


def written(tables: pipeline.Tables, folder: Path) -> dict[str, bytes]:
    files = {**tables.files, "related": RELATED.empty_table()}
    made = snapshot.write(folder, files, {"as_of": None}, keep=1)
    return {path.name: path.read_bytes() for path in made.iterdir()}


@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(st.integers(0, 10**6), st.integers(10, 120), st.sampled_from([0.1, 1.0]))
def test_however_records_are_split_into_nights_each_leaves_the_files_of_a_rebuild(
    seed: int, size: int, most: float
) -> None:
    chance = random.Random(seed)
    config = load_config(Path("config"))
    rows = [
        MADE | row | {"source_id": name, "title_raw": row["title"]}
        for name, row in world_of(size).items()
    ]
    chance.shuffle(rows)
    nights = [*sorted(chance.sample(range(size // 2, size), 3)), size]
    told = Told()
    with (
        TemporaryDirectory() as name,
        mock.patch.object(pipeline, "Keeper", partial(Keeper, least=0)),
        # Share of the records that may be new: beyond it, all are matched.
        mock.patch.object(nights_after, "_MOST", most),
    ):
        folder = Path(name)
        for end in nights:
            records = pa.Table.from_pylist(rows[:end], schema=RECORD).sort_by("record_id")
            night = pipeline.build(records, config, told, folder / "kept")
            night.keep()
            anew = pipeline.build(records, config, Told())
            assert written(night, folder / "night") == written(anew, folder / "anew")
    assert most < 1 or told.count("match: what changed") == 3


def test_blocks_that_grow_too_large_and_shrink_again(tmp_path: Path) -> None:
    chance = random.Random(4)
    world = {name: record(name, chance) for name in (f"s:{n:04d}" for n in range(130))}
    assert match(table(world), NONE).counts["oversized_blocks"] > 0
    few = dict(list(world.items())[:95])
    kept(tmp_path, few)
    for now in (world, few):
        state = remembered.load(tmp_path)
        assert state is not None
        found, new = match_batch(state, changes(state, table(now)), NONE)
        remembered.commit(tmp_path, new, remembered.write_night(tmp_path, new))
        assert_same(found, match(table(now), NONE))


def test_of_two_entries_about_a_pair_the_last_counts_whatever_stood_there_before(
    tmp_path: Path,
) -> None:
    world = world_of(10)
    pair = {"left": "s:0001", "right": "s:0002", "who": "C", "when": "2026-01-01"}
    entries = [Link(**pair, why=why) for why in ("one", "another")]
    kept(tmp_path, world, Overrides(must_link=tuple(entries)))
    state = remembered.load(tmp_path)
    assert state is not None
    turned = Overrides(must_link=tuple(entries[::-1]))
    found, _ = match_batch(state, changes(state, table(world)), turned)
    assert_same(found, match(table(world), turned))


SOMEBODY = {"name": "Ann Lee", "family": "Lee"}


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ({}, {}, []),
        ({"abstract": "One"}, {"abstract": "Another"}, []),  # matching does not read it
        ({"authors": [SOMEBODY]}, {"authors": [SOMEBODY | {"family": None}]}, [1]),
        ({"authors": [SOMEBODY, SOMEBODY]}, {"authors": [SOMEBODY]}, [1]),
        ({"other_dois": []}, {"other_dois": ["10.1/a"]}, [1]),
        ({"other_dois": ["10.1/a", "10.1/b"]}, {"other_dois": ["10.1/a", "10.1/c"]}, [1]),
        ({"volume": None}, {"volume": "1"}, [1]),
    ],
)
def test_a_change_is_what_matching_reads(
    before: dict[str, Any], after: dict[str, Any], rows: Sequence[int], tmp_path: Path
) -> None:
    others = [
        {"record_id": name, "source": "arxiv", "title": f"Paper {name}", "authors": [SOMEBODY]}
        for name in ("a:1", "a:3")
    ]
    tables = [
        pa.Table.from_pylist(
            [others[0], {**others[0], "record_id": "a:2", **own}, others[1]], schema=RECORD
        )
        for own in (before, after)
    ]
    keeper(tmp_path).match(tables[0], NONE)[1]()
    state = remembered.load(tmp_path)
    assert state is not None
    found = changes(state, tables[1])
    assert found.goes.tolist() == list(rows)
    assert found.comes["record_id"].to_pylist() == ["a:2"] * len(rows)


def world_of(size: int) -> World:
    chance = random.Random(size)
    return {name: record(name, chance) for name in (f"s:{n:04d}" for n in range(size))}


def test_only_what_changed_is_matched_and_all_where_much_did(tmp_path: Path) -> None:
    told: list[str] = []
    world = world_of(40)
    for _ in range(2):
        found, commit = keeper(tmp_path, told).match(table(world), NONE)
        commit()
        assert_same(found, match(table(world), NONE))
    assert told[-1] == "match: what changed"
    found, commit = keeper(tmp_path, told).match(table(world_of(90)), NONE)
    commit()
    assert_same(found, match(table(world_of(90)), NONE))
    assert "match: all, since much changed" in told
    assert len(list(tmp_path.glob("base-*"))) == len(list(tmp_path.glob("night-*"))) == 1


@pytest.mark.parametrize(
    "name", ["base-1/keys.arrow", "night-1/kept.arrow", "night-1/facts.json", "current.json"]
)
def test_a_damaged_state_is_said_and_never_used(name: str, tmp_path: Path) -> None:
    kept(tmp_path, world_of(20))
    path = tmp_path / name
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match="damaged"):
        remembered.load(tmp_path)
    told: list[str] = []
    found, _ = keeper(tmp_path, told).match(table(world_of(20)), NONE)
    assert any(line.startswith("match: all, since") for line in told)
    assert_same(found, match(table(world_of(20)), NONE))


def test_a_state_half_removed_spoils_none_that_comes_after(tmp_path: Path) -> None:
    kept(tmp_path, world_of(20))
    for part in ("base-1", "night-1"):
        shutil.rmtree(tmp_path / part)
    kept(tmp_path, world_of(21))
    state = remembered.load(tmp_path)
    assert state is not None
    assert len(state.living) == 21


def test_a_state_that_was_being_forgotten_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path, world_of(20))
    # A run is ended when it had removed no folder yet.
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    forget(tmp_path)
    assert (tmp_path / "base-1").is_dir()
    assert remembered.load(tmp_path) is None


def test_other_rules_find_no_state(tmp_path: Path) -> None:
    kept(tmp_path, world_of(5))
    pointer = tmp_path / "current.json"
    pointer.write_text(pointer.read_text().replace(remembered.RULES, "0" * 64))
    assert remembered.load(tmp_path) is None


def test_all_is_matched_again_where_many_went_over_several_nights(tmp_path: Path) -> None:
    told: list[str] = []
    world = world_of(40)
    for night in range(4):
        for name in sorted(world)[: 2 * bool(night)]:
            del world[name]
        _, commit = keeper(tmp_path, told).match(table(world), NONE)
        commit()
    assert told.count("match: what changed") == 2
    assert told.count("match: all, since much changed") == 1


def test_a_run_that_ends_before_it_is_safe_leaves_the_state_before(tmp_path: Path) -> None:
    kept(tmp_path, world_of(30))
    before = (tmp_path / "current.json").read_bytes()
    keeper(tmp_path).match(table(world_of(31)), NONE)
    assert (tmp_path / "current.json").read_bytes() == before
    kept(tmp_path, world_of(32))
    assert len(list(tmp_path.iterdir())) == 3, "what the ended run left is removed"
    forget(tmp_path)
    forget(tmp_path)
    assert remembered.load(tmp_path) is None


def test_what_runs_leave_that_are_ended_does_not_pile_up(tmp_path: Path) -> None:
    for _ in range(3):
        keeper(tmp_path).match(table(world_of(30)), NONE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base-1", "night-1"]


def test_what_changed_is_matched_with_all_where_it_cannot_be_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise EngineError("the work does not fit")

    world = world_of(40)
    kept(tmp_path, world)
    del world[min(world)]
    monkeypatch.setattr("medsafe_harvest.engines.incremental.again.match_batch", refuse)
    told: list[str] = []
    found, commit = keeper(tmp_path, told).match(table(world), NONE)
    commit()
    assert_same(found, match(table(world), NONE))
    assert "match: all, since what changed cannot be (the work does not fit)" in told


def test_a_full_disk_costs_the_next_run_and_not_this_one(tmp_path: Path) -> None:
    (tmp_path / "matching").write_text("a file where a folder should be")
    told: list[str] = []
    found, commit = keeper(tmp_path / "matching", told).match(table(world_of(10)), NONE)
    commit()
    assert_same(found, match(table(world_of(10)), NONE))
    assert any("not kept for the next run" in line for line in told)


@pytest.mark.parametrize("after", range(1, 9, 3))
def test_what_is_kept_in_part_does_not_pile_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    kept(tmp_path, world_of(30))
    before = sorted(tmp_path.iterdir())
    written: list[Path] = []

    def fill(path: Path, some: pa.Table) -> None:
        if len(written) == after:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        save_one(path, some)

    monkeypatch.setattr(remembered, "save_one", fill)
    told: list[str] = []
    _, commit = keeper(tmp_path, told).match(table(world_of(40)), NONE)
    commit()
    assert any("No space left" in line for line in told)
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_too_large_to_keep_is_matched_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise EngineError("too many")

    monkeypatch.setattr(remembered, "write_base", refuse)
    told: list[str] = []
    found, commit = keeper(tmp_path, told).match(table(world_of(5)), NONE)
    commit()
    assert_same(found, match(table(world_of(5)), NONE))
    assert told[-1] == "match: not kept for the next run (too many)"


def test_a_copy_that_somebody_made_of_a_folder_is_in_nobodys_way(tmp_path: Path) -> None:
    kept(tmp_path, world_of(5))
    for name in ("base-1 (copy)", "night-old"):
        (tmp_path / name).mkdir()
    kept(tmp_path, world_of(40))
    assert remembered.load(tmp_path) is not None


DAY = date(2026, 1, 1)
#: What else a record must say.
MADE: dict[str, Any] = {"withdrawn": False, "first_seen": DAY, "last_seen": DAY} | {
    field.name: [] for field in RECORD if pa.types.is_list(field.type)
}


def test_a_curation_keeps_what_it_found_once_the_tables_are_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "Keeper", partial(Keeper, least=0))
    config = load_config(Path("config"))
    told = Told()
    rows = [MADE | row | {"source_id": name} for name, row in world_of(40).items()]
    records = pa.Table.from_pylist(rows, schema=RECORD)
    first, again = (
        pipeline.build(some, config, told, tmp_path / "kept") for some in (records[:39], records)
    )
    assert "match: what changed" not in told, "the first was not kept yet"
    first.keep()
    after = pipeline.build(records, config, told, tmp_path / "kept")
    assert "match: what changed" in told
    assert after.papers.equals(again.papers)
    assert after.decisions.equals(again.decisions)
    assert after.relations.equals(again.relations)
