"""Related papers of a run use those of the run before, and are left to the asking when too many."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from medsafe_harvest.config import Config, RelatedSettings, Settings, load_config
from medsafe_harvest.engines.neighbours import are_told, neighbours
from medsafe_harvest.errors import StoreError

PAPERS = pa.table(
    {
        "paper_id": ["mh1", "mh2", "mh3"],
        "title": ["Sepsis alerts", "Alerts for sepsis", "Lungs"],
        "abstract": pa.array([None, None, None], pa.string()),
        "topics": pa.array([[], [], []], pa.list_(pa.string())),
        "cites": pa.array([[], [], []], pa.list_(pa.int64())),
        "corpus_id": pa.nulls(3, pa.int64()),
        "first_seen": pa.array([date(2026, 1, 1)] * 3, pa.date32()),
    }
)


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(Path(__file__).parents[3] / "config")


def test_the_cache_changes_nothing_and_its_damage_is_named(config: Config, tmp_path: Path) -> None:
    found = neighbours(PAPERS, config, tmp_path)
    assert found["paper_id"].to_pylist() == ["mh1", "mh2"]
    [kept] = (tmp_path / "related").iterdir()
    assert neighbours(PAPERS, config, tmp_path).equals(found)
    kept.write_bytes(b"no parquet")
    with pytest.raises(StoreError, match="delete it"):
        neighbours(PAPERS, config, tmp_path)


@pytest.mark.parametrize(("most", "told"), [(2, False), (3, True)])
def test_too_many_papers_have_no_table(
    config: Config, tmp_path: Path, *, most: int, told: bool
) -> None:
    few = Settings(related=RelatedSettings(most_papers=most))
    chosen = dataclasses.replace(config, settings=few)
    assert are_told(len(PAPERS), chosen) is told
    assert (len(neighbours(PAPERS, chosen, tmp_path)) > 0) is told
