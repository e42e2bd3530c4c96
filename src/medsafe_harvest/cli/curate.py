"""Curate records that are in a Parquet file already: ``curate``."""

from __future__ import annotations

import enum
import re
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from medsafe_harvest.cli.context import Workplace, console, output, print_json
from medsafe_harvest.cli.curate_engines import Job, Target, on_duckdb, on_spark
from medsafe_harvest.cli.profile import ProfileOption, show_profile, wanted_profile
from medsafe_harvest.cli.progress import Reporter
from medsafe_harvest.config import MEMORY
from medsafe_harvest.dedupe.blocking import NEIGHBOURS


class Engine(enum.StrEnum):
    """Where the work is done."""

    DUCKDB = "duckdb"
    SPARK = "spark"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(curate)


def _size(text: str | None) -> str | None:
    """An amount of memory."""
    if text is not None and not re.search(MEMORY, text):
        raise typer.BadParameter(f"{text!r} is no number above 0 with KB, MB, GB or TB")
    return text


_ON_SPARK, _ON_DUCKDB = "On Spark", "On this machine"


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
            help="Folder for a snapshot, laid out as data/curated, and with `cache` beside it; "
            "needed for duckdb.",
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
            help="Folder, on storage that all workers reach, in which the job makes one for its "
            "stages, and removes it in the end. Default: beside the lake.",
            rich_help_panel=_ON_SPARK,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace a lake that is there.", rich_help_panel=_ON_SPARK
        ),
    ] = False,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            "--memory-limit",
            metavar="SIZE",
            help="Memory for finding candidate pairs, such as 4GB; beyond it, files hold them "
            "(TMPDIR). Default: curate.memory_limit of settings.yaml.",
            callback=_size,
            rich_help_panel=_ON_DUCKDB,
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            metavar="N",
            min=1,
            help="Cores to use. Default: curate.threads of settings.yaml, or else all.",
            rich_help_panel=_ON_DUCKDB,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
    profile: ProfileOption = False,
) -> None:
    """Match, merge and tag records from a Parquet file: on this machine, or on a cluster.

    Both engines give the same tables, to the byte. A snapshot (--out) has related papers too, up
    to related.most_papers. A snapshot or lake that takes the place of another has redirects.jsonl,
    which tells what became of the paper ids of the one before.

    Examples:
      medsafe-harvest curate --records data/curated/records.parquet --out /tmp/again

      TMPDIR=/large/disk medsafe-harvest curate --records millions.parquet --out /tmp/papers
      --memory-limit 4GB --threads 8

      medsafe-harvest curate --records records.parquet --engine spark --master spark://head:7077
      --lake hdfs:///papers

      spark-submit --master yarn medsafe_curate.py curate --records s3a://b/records --engine spark
      --lake s3a://b/papers

    docs/how-to/spark.md has the way to each kind of cluster, and how large it should be.
    """
    place: Workplace = context.obj
    if out is not None:
        place.refuse_raw(out)
    config = place.config()
    began = time.monotonic()
    watched = wanted_profile(profile)
    reporter = Reporter(console, watched)
    with watched or nullcontext():
        if engine is Engine.DUCKDB:
            out = _only_out(out, lake, master, conf, scratch, overwrite)
            config = config.with_means(memory_limit, threads)
            done = on_duckdb(config, Path(records), Target(out, config, reporter))
        else:
            if memory_limit or threads:
                raise typer.BadParameter(
                    "--memory-limit and --threads need --engine duckdb; Spark's are set with "
                    "--conf, such as spark.executor.memory=8g"
                )
            if lake is None:
                raise typer.BadParameter("--engine spark needs --lake, a folder for its tables")
            job = Job(records, lake, scratch, overwrite=overwrite)
            snapshots = Target(out, config, reporter) if out else None
            done = on_spark(job, config, snapshots, (master, _settings(conf or [])), reporter)
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
    if large := done["counts"].get("oversized_blocks"):
        output.print(
            f"blocks of records alike in a key, first author and year too large to compare every "
            f"pair: {large:,}; there each met the {NEIGHBOURS} behind it in the order of titles",
            soft_wrap=True,
        )
    if done.get("ids_changed"):
        output.print(
            f"paper ids: {done['ids_changed']:,} changed, of them {done['papers_merged']:,} merged "
            f"into others and {done['papers_split']:,} split; old ids lead to the new ones",
            soft_wrap=True,
        )
    for where in filter(None, (done.get("lake"), done.get("snapshot"))):
        output.print(f"written to {where}", soft_wrap=True)
    show_profile(watched)


def _only_out(out: Path | None, *of_spark: object) -> Path:
    if any(of_spark):
        raise typer.BadParameter(
            "--lake, --master, --conf, --scratch and --overwrite need --engine spark"
        )
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
