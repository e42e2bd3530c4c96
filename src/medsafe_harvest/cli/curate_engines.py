"""The work of ``curate``: on this machine or on a cluster, into a snapshot or a lake."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from medsafe_harvest import pipeline
from medsafe_harvest.cli.progress import Reporter
from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.redirects import Kind
from medsafe_harvest.engines.neighbours import are_told
from medsafe_harvest.engines.records import mapped
from medsafe_harvest.errors import CuratedError, EngineError
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.nearby import cache_beside
from medsafe_harvest.publish import lake_ledger, publish


@dataclass(frozen=True, slots=True)
class Target:
    """Where a snapshot goes, and how it is made."""

    out: Path
    config: Config
    reporter: Reporter

    def spare(self, records: int, where: str) -> None:
        """A file of no records is likelier a mistake than the end of all papers.

        Args:
            records: how many there are.
            where: they come from.

        Raises:
            CuratedError: there are none, and a snapshot is there.
        """
        if not records and (self.out / "current").exists():
            raise CuratedError(
                f"{where} holds no record, so the snapshot in {self.out} is left as it is: name "
                "another file, or remove that folder to begin anew"
            )

    def write(self, tables: Mapping[str, snapshot.Rows], last: date | None) -> dict[str, Any]:
        """Write it; what is said of it.

        Args:
            tables: as for ``publish``.
            last: the last day on which any record was seen.
        """
        as_of = last.isoformat() if last else None
        published = publish(
            self.out,
            tables,
            self.config,
            {"as_of": as_of, "config_digest": self.config.digest, "windows": []},
            self.reporter,
            cache=cache_beside(self.out),
            now=SystemClock().now(),
        )
        kinds = Counter(change.kind for change in published.changes)
        return {
            "rows": dict(published.rows),
            "snapshot": str(published.folder),
            "ids_changed": len(published.changes),
            "papers_merged": kinds[Kind.MERGED],
            "papers_split": kinds[Kind.SPLIT],
        }


def on_duckdb(config: Config, path: Path, target: Target) -> dict[str, Any]:
    """A snapshot made in this process."""
    limit, threads = config.settings.curate.memory_limit, config.settings.curate.threads
    with mapped(path, limit, threads, target.reporter.step) as records:
        target.spare(len(records), str(path))
        tables = pipeline.build(records, config, target.reporter)
        last = pc.max(records["last_seen"]).as_py()
        return {"counts": dict(tables.reasons), **target.write(tables.files, last)}


@dataclass(frozen=True, slots=True)
class Job:
    """What Spark shall read and write."""

    records: str
    lake: str
    scratch: str | None
    overwrite: bool


def on_spark(
    job: Job,
    config: Config,
    target: Target | None,
    where: tuple[str | None, Mapping[str, str]],
    reporter: Reporter,
) -> dict[str, Any]:
    """A lake, and a snapshot of it where one is wanted; ``where`` are master and settings."""
    # Only here: Spark is an extra, and takes its time to import.
    spark_session: Any = import_module("medsafe_harvest.engines.spark.session")
    engine: Any = import_module("medsafe_harvest.engines.spark.curate")
    lakes: Any = import_module("medsafe_harvest.engines.spark.lake")
    say = reporter.step
    say("starting Spark")
    with spark_session.session(*where) as spark:
        report = engine.curate(
            spark,
            config,
            as_uri(job.records),
            as_uri(job.lake),
            scratch=as_uri(job.scratch) if job.scratch else None,
            overwrite=job.overwrite,
            append=lake_ledger(SystemClock().now()),
            tell=say,
            counted=reporter.counted,
        )
        done = {**asdict(report), "lake": job.lake}
        if target is not None:
            target.spare(report.rows["records"], job.records)
            say("snapshot")
            frames = {name: lakes.read_table(spark, as_uri(job.lake), name) for name in lakes.ORDER}
            (last,) = frames["records"].selectExpr("max(last_seen)").collect()
            tables = {name: lakes.stream(frame, name) for name, frame in frames.items()}
            if are_told(report.rows["papers"], config):
                tables["papers"] = tables["papers"].read_all()
            done |= target.write(tables, last[0])
    return done


def as_uri(place: str) -> str:
    """A path of this machine as Spark takes it wherever it runs; a URI as it is.

    Raises:
        EngineError: Spark would take the path for a pattern.
    """
    if _URI.match(place):
        return place
    path = Path(place).resolve()
    if found := _PATTERN.search(str(path)):
        raise EngineError(f"{path}: Spark takes {found[0]} for a pattern, so use another name")
    return f"file://{path}"  # nothing in it encoded: Hadoop takes a per cent sign for itself


#: "hdfs:///papers", "dbfs:/Volumes/papers"; not the drive of "C:/papers".
_URI = re.compile("[A-Za-z][A-Za-z0-9+.-]+:/")
_PATTERN = re.compile(r"[][{}*?\\]")
