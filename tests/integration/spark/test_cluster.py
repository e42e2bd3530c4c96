"""A cluster gives the bytes that one machine gives, also where a worker dies on the way."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import yaml

from medsafe_harvest.curated import redirects
from medsafe_harvest.curated.redirects import Kind
from medsafe_harvest.dedupe.blocking import MAX_BLOCK
from medsafe_harvest.schema import RECORD, TABLES

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("java")]

ROOT = Path(__file__).parents[3]
KILLING = Path(__file__).with_name("killing.py")
DAY = dt.date(2026, 1, 2)
SUBJECTS = ["sepsis", "stroke", "glioma", "asthma", "dementia", "retinopathy", "melanoma"]
METHODS = ["Calibrated forecasts", "Federated learning", "Saliency maps", "Causal trees"]
PEOPLE = [("Ann", "Lee"), ("Bo", "Chen"), ("Eva", "Holm"), ("Jan", "Beck"), ("Ida", "Roth")]


def record(source: str, name: str, title: str, people: list[int], **fields: Any) -> dict[str, Any]:
    authors = [
        {
            "name": " ".join(PEOPLE[one % 5]),
            "given": PEOPLE[one % 5][0],
            "family": PEOPLE[one % 5][1],
        }
        for one in people
    ]
    row: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in RECORD
    }
    return row | {
        "record_id": f"{source}:{name}",
        "source": source,
        "source_id": name,
        "title": title,
        "title_raw": title,
        "authors": authors,
        "withdrawn": False,
        "first_seen": DAY,
        "last_seen": DAY,
        **fields,
    }


def records() -> list[dict[str, Any]]:
    """Papers at two sources, parts, corrections, extensions, doubles, and a block too large."""
    rows = []
    for number, subject in enumerate(SUBJECTS):
        for step, method in enumerate(METHODS):
            title = f"{method} for {subject} in {number + 2} hospitals of the north"
            people = [number, number + step + 1]
            year = 2015 + (number + step) % 9
            name = f"{number}{step}"
            rows += [
                record(
                    "arxiv", f"2001.{name}", title, people, year=year, arxiv_id=f"2001.000{name}"
                ),
                record("semantic_scholar", f"s{name}", title.upper(), people, year=year + step % 2),
                record(
                    "semantic_scholar", f"c{name}", f"Correction to: {title}", people, year=year
                ),
            ]
            rows += [
                record(
                    "semantic_scholar",
                    f"p{name}-{part}",
                    f"{title}, part {part}",
                    people,
                    year=year,
                )
                for part in (1, 2)
            ]
    rows += [
        record(
            "semantic_scholar",
            f"e{number:03d}",
            "Learning to forecast at the bedside",
            [0, 1],
            year=2020,
            doi=f"10.1/{number // 2}",
        )
        for number in range(MAX_BLOCK + 10)
    ]
    rows += [
        record(
            "semantic_scholar",
            "t1",
            "A trial of night shifts",
            [0],
            year=2019,
            venue="NeurIPS",
            venue_kind="conference",
        ),
        record(
            "semantic_scholar",
            "t2",
            "A trial of night shifts",
            [0],
            year=2021,
            venue="TMI",
            venue_kind="journal",
            abstract="We test alerts for sepsis. They are calibrated.",
        ),
    ]
    return rows


def overrides() -> dict[str, Any]:
    said = {"who": "C. Urator", "when": DAY, "why": "read both"}
    return {
        "must_link": [{"left": "semantic_scholar:t1", "right": "semantic_scholar:p00-1", **said}],
        "cannot_link": [{"left": "arxiv:2001.11", "right": "semantic_scholar:s11", **said}],
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with ``config`` and ``records.parquet``."""
    folder = tmp_path / "a project, 100 % é"
    shutil.copytree(ROOT / "config", folder / "config")
    (folder / "config/overrides.yaml").write_text(yaml.safe_dump(overrides()), encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(records(), RECORD), folder / "records.parquet")
    return folder


def command(folder: Path, *program: str, **options: str) -> list[str]:
    own = [part for name, value in options.items() for part in (f"--{name}", value)]
    config = ["--config", str(folder / "config"), "curate", "--json"]
    return [*program, *config, "--records", str(folder / "records.parquet"), *own]


def run(arguments: list[str]) -> dict[str, Any]:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def contents(snapshot: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(snapshot).iterdir()}


def as_lake(snapshot: Path, lake: Path) -> None:
    """The papers and records of a snapshot as an earlier job would have left them."""
    for name, by in (("papers", "year"), ("records", "source")):
        table = pq.read_table(snapshot / f"{name}.parquet")
        pq.write_to_dataset(table, lake / name, [by])
    (lake / "manifest.json").write_text("{}", encoding="utf-8")


def changes(folder: Path) -> list[redirects.Change]:
    return [entry.change for entry in redirects.read(folder)]


#: Stages that go through no table of their own.
_WITHOUT_ROWS = {"starting Spark", "redirects", "snapshot", "write"}


def test_a_cluster_that_loses_a_worker_gives_the_bytes_of_one_machine(
    project: Path, cluster: Any
) -> None:
    main = (sys.executable, "-c", "from medsafe_harvest.cli import main; main()")
    lake, out = project / "lake", {name: project / name for name in ("alone", "together")}
    # What is there before: curators have not spoken yet.
    said = (project / "config/overrides.yaml").read_text(encoding="utf-8")
    (project / "config/overrides.yaml").write_text("{}", encoding="utf-8")
    before = run(command(project, *main, out=str(out["alone"])))
    # A job was ended when it had put the lake before it aside, and not renamed its own.
    as_lake(Path(before["snapshot"]), project / "lake.new")
    shutil.copytree(out["alone"], out["together"], symlinks=True)
    (project / "config/overrides.yaml").write_text(said, encoding="utf-8")

    alone = run(command(project, *main, out=str(out["alone"])))
    flag = project / "died"
    settings = [part for pair in cluster.settings.items() for part in ("--conf", "=".join(pair))]
    program = (sys.executable, str(KILLING), str(flag))
    scratch = project / "scratch"
    scratch.mkdir()
    (scratch / "of-others").write_text("to stay", encoding="utf-8")
    where = {"engine": "spark", "master": cluster.master, "lake": str(lake)}
    where["scratch"] = str(scratch)
    together = run(
        [
            *command(project, *program, out=str(out["together"]), **where),
            "--overwrite",
            "--profile",
            *settings,
        ]
    )

    assert flag.exists()
    assert sum(worker.poll() is not None for worker in cluster.workers) == 1
    assert contents(together["snapshot"]) == contents(alone["snapshot"])
    # What the input is for: nothing is compared with nothing.
    assert min(alone["rows"]["relations"], alone["rows"]["related"]) > 50
    assert alone["rows"]["papers"] < alone["rows"]["records"] - 50
    counts = {name: number for name, number in together["counts"].items() if number}
    assert counts == {name: number for name, number in alone["counts"].items() if number}
    assert min(counts["refined_blocks"], counts["must_link"], counts["cannot_link"]) > 0

    profiled = {stage["stage"]: stage["rows"] for stage in together["profile"]["stages"]}
    assert profiled["papers"] == together["rows"]["papers"]
    assert profiled["write decisions"] == together["rows"]["decisions"]
    assert {name for name, rows in profiled.items() if rows is None} <= _WITHOUT_ROWS

    assert changes(lake) == changes(out["together"]) == changes(out["alone"])
    assert {change.kind for change in changes(lake)} == {Kind.MERGED, Kind.SPLIT}
    assert [path.name for path in scratch.iterdir()] == ["of-others"]
    assert not (project / "lake.new").exists()
    rows = json.loads((lake / "manifest.json").read_bytes())["rows"]
    assert rows == {name: together["rows"][name] for name in rows}
    years = ds.partitioning(pa.schema([TABLES["papers"].field("year")]), flavor="hive")
    papers = ds.dataset(lake / "papers", partitioning=years).to_table(columns=["paper_id", "year"])
    snapshot = pq.read_table(
        Path(alone["snapshot"]) / "papers.parquet", columns=["paper_id", "year"]
    )
    assert papers.sort_by("paper_id").to_pylist() == snapshot.to_pylist()
