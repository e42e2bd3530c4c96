"""Curate records that are in a Parquet file already: ``curate``."""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import typer

from medsafe_harvest import pipeline
from medsafe_harvest.cli.context import Workplace, console, output, print_json
from medsafe_harvest.cli.profile import ProfileOption, show_profile, wanted_profile
from medsafe_harvest.cli.progress import Reporter
from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.schema import RECORD, RELATED


class Engine(enum.StrEnum):
    """Where the work is done."""

    DUCKDB = "duckdb"
    SPARK = "spark"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(curate)


_ON_SPARK = "On Spark"


def curate(  # noqa: PLR0913, PLR0917 - the options
    context: typer.Context,
    records: Annotated[
        str,
        typer.Option(
            "--records",
            metavar="PATH",
            help="Parquet with the columns of records.parquet (docs/columns.md), each record_id "
            "once: a file, or on Spark also a folder or a URI such as s3a://bucket/records.",
        ),
    ],
    engine: Annotated[
        Engine, typer.Option("--engine", help="duckdb: this process. spark: a cluster.")
    ] = Engine.DUCKDB,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder for a snapshot, laid out as data/curated; needed for duckdb.",
        ),
    ] = None,
    lake: Annotated[
        str | None,
        typer.Option(
            "--lake",
            metavar="URI",
            help="Folder for the tables as partitioned Parquet; needed for spark.",
            rich_help_panel=_ON_SPARK,
        ),
    ] = None,
    master: Annotated[
        str | None,
        typer.Option(
            "--master",
            help="spark://HOST:7077, yarn, k8s://https://HOST:PORT or local[N]. Default: what "
            "spark-submit says, or else all cores of this machine.",
            rich_help_panel=_ON_SPARK,
        ),
    ] = None,
    conf: Annotated[
        list[str] | None,
        typer.Option(
            "--conf",
            metavar="KEY=VALUE",
            help="A setting of Spark, such as spark.executor.memory=8g; may be repeated.",
            rich_help_panel=_ON_SPARK,
        ),
    ] = None,
    scratch: Annotated[
        str | None,
        typer.Option(
            "--scratch",
            metavar="URI",
            help="Folder for stages, on storage that all workers reach; removed in the end. "
            "Default: beside the lake.",
            rich_help_panel=_ON_SPARK,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace a lake that is there.", rich_help_panel=_ON_SPARK
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
    profile: ProfileOption = False,
) -> None:
    """Match, merge and tag records from a Parquet file: on this machine, or on a cluster.

    Both engines give the same papers, decisions and relations, to the byte. There is no table of
    related papers: `medsafe-harvest related` computes those of a paper when you ask.

    Examples:
      medsafe-harvest curate --records data/curated/records.parquet --out /tmp/again

      medsafe-harvest curate --records records.parquet --engine spark --master spark://head:7077
      --lake hdfs:///papers

      spark-submit --master yarn medsafe_curate.py curate --records s3a://b/records --engine spark
      --lake s3a://b/papers

    docs/how-to/spark.md has the way to each kind of cluster, and how large it should be.
    """
    place: Workplace = context.obj
    config = place.config()
    began = time.monotonic()
    watched = wanted_profile(profile)
    reporter = Reporter(console, watched)
    with watched or nullcontext():
        if engine is Engine.DUCKDB:
            out = _only_out(out, lake, master, conf, scratch)
            done = _on_duckdb(config, Path(records), out, reporter)
        else:
            if lake is None:
                raise typer.BadParameter("--engine spark needs --lake, a folder for its tables")
            job = Job(records, lake, out, scratch, overwrite=overwrite)
            done = _on_spark(config, job, master, _settings(conf or []), reporter)
    done["seconds"] = round(time.monotonic() - began, 1)
    if watched is not None:
        done["profile"] = watched.as_plain()
    if as_json:
        print_json(done)
        return
    rows = done["rows"]
    output.print(
        f"{rows['records']:,} records are {rows['papers']:,} papers; "
        f"{rows['decisions']:,} decisions kept, {rows['relations']:,} relations"
    )
    for where in filter(None, (done.get("lake"), done.get("snapshot"))):
        output.print(f"written to {where}", soft_wrap=True)
    show_profile(watched)


def _only_out(out: Path | None, *of_spark: object) -> Path:
    if any(of_spark):
        raise typer.BadParameter("--lake, --master, --conf and --scratch need --engine spark")
    if out is None:
        raise typer.BadParameter("--engine duckdb needs --out, a folder for the snapshot")
    return out


def _settings(pairs: list[str]) -> dict[str, str]:
    """``KEY=VALUE`` of each."""
    parted = [pair.partition("=") for pair in pairs]
    if wrong := [
        pair for pair, (key, sign, _) in zip(pairs, parted, strict=True) if not key or not sign
    ]:
        raise typer.BadParameter(f"--conf is KEY=VALUE, not {wrong[0]!r}")
    return {key: value for key, _, value in parted}


def _on_duckdb(config: Config, path: Path, out: Path, reporter: Reporter) -> dict[str, Any]:
    """A snapshot made in this process."""
    reporter.step("read")
    records = _sorted(_read(path))
    tables = pipeline.build(records, config, reporter)
    reporter.step("write")
    made = {
        "papers": tables.papers,
        "records": records,
        "decisions": tables.decisions,
        "relations": tables.relations,
    }
    last = pc.max(records["last_seen"]).as_py()
    return {
        "rows": {name: len(table) for name, table in made.items()},
        "counts": dict(tables.reasons),
        "snapshot": str(_write(config, out, made, last)),
    }


def _sorted(records: pa.Table) -> pa.Table:
    """By ``record_id``; those that are sorted, as in a snapshot, are not moved."""
    ids = records["record_id"].combine_chunks()
    if pc.all(pc.less_equal(ids[:-1], ids[1:])).as_py() is not False:
        return records
    return records.sort_by("record_id")


def _read(path: Path) -> pa.Table:
    """Records in the schema of this version.

    Raises:
        CuratedError: they are not, or not there.
    """
    try:
        table = pq.read_table(path)
        missing = [name for name in RECORD.names if name not in table.column_names]
        if missing:
            raise CuratedError(f"{path} holds no records of this version: no {', '.join(missing)}")
        table = table.select(RECORD.names).cast(RECORD)
    except (OSError, pa.ArrowException) as error:
        raise CuratedError(f"no records can be read from {path}: {error}") from error
    if len(table["record_id"].unique()) < len(table):
        raise CuratedError(f"{path} holds a record_id more than once: a record has one row")
    return table


def _write(
    config: Config, out: Path, tables: Mapping[str, snapshot.Rows], last: date | None
) -> Path:
    """A snapshot without related papers."""
    return snapshot.write(
        out,
        {**tables, "related": RELATED.empty_table()},
        {
            "as_of": last.isoformat() if last else None,
            "config_digest": config.digest,
            "windows": [],
        },
        keep=config.settings.curate.keep_snapshots,
    )


@dataclass(frozen=True, slots=True)
class Job:
    """What Spark shall read and write."""

    records: str
    lake: str
    out: Path | None
    scratch: str | None
    overwrite: bool


def _on_spark(
    config: Config,
    job: Job,
    master: str | None,
    settings: Mapping[str, str],
    reporter: Reporter,
) -> dict[str, Any]:
    """A lake, and a snapshot of it where one is wanted."""
    # Only here: Spark is an extra, and takes its time to import.
    spark_session: Any = import_module("medsafe_harvest.engines.spark.session")
    engine: Any = import_module("medsafe_harvest.engines.spark.curate")
    lakes: Any = import_module("medsafe_harvest.engines.spark.lake")
    say = reporter.step
    say("starting Spark")
    with spark_session.session(master, settings) as spark:
        report = engine.curate(
            spark,
            config,
            _absolute(job.records),
            _absolute(job.lake),
            scratch=_absolute(job.scratch) if job.scratch else None,
            overwrite=job.overwrite,
            tell=say,
        )
        done = {**asdict(report), "lake": job.lake}
        if job.out is not None:
            say("snapshot")
            frames = {
                name: lakes.read_table(spark, _absolute(job.lake), name) for name in lakes.ORDER
            }
            (last,) = frames["records"].selectExpr("max(last_seen)").collect()
            streams = {name: lakes.stream(frame, name) for name, frame in frames.items()}
            done["snapshot"] = str(_write(config, job.out, streams, last[0]))
    return done


def _absolute(place: str) -> str:
    """A path of this machine as Spark takes it wherever it runs; a URI as it is."""
    return place if "://" in place else Path(place).resolve().as_uri()
