"""The whole way on a cluster: records in, papers, decisions and relations out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from medsafe_harvest.config import Config
from medsafe_harvest.engines.spark import lake
from medsafe_harvest.engines.spark.arrow import simple_name
from medsafe_harvest.engines.spark.ledger import Append, ledger
from medsafe_harvest.engines.spark.match import Matching, match
from medsafe_harvest.engines.spark.papers import papers_of, relations_of
from medsafe_harvest.engines.spark.session import first_line
from medsafe_harvest.engines.spark.stages import (
    Counted,
    Stages,
    Tell,
    discard,
    exists,
    query,
    remove,
    rename,
)
from medsafe_harvest.errors import EngineError
from medsafe_harvest.schema import RECORD

_REPEATED = """
select min(record_id) from (
    select record_id from records group by record_id having count(*) > 1
)
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What a job did."""

    #: Rows by table.
    rows: Mapping[str, int]
    #: As ``counts`` of ``engines.duckdb``: pairs by reason, candidate pairs, large blocks.
    counts: Mapping[str, int]
    largest_component: int
    #: Stage -> seconds.
    stages: Mapping[str, float]


def curate(  # noqa: PLR0913 - what, how and where
    spark: SparkSession,
    config: Config,
    records: str,
    target: str,
    *,
    scratch: str | None = None,
    overwrite: bool = False,
    append: Append,
    tell: Tell = lambda _: None,
    counted: Counted | None = None,
) -> Report:
    """Match, merge and tag records, and write the lake.

    Args:
        spark: a session of :func:`session.session`.
        config: how records are matched and tagged.
        records: URI of a Parquet file or folder of ``schema.RECORD``.
        target: URI of the folder to write.
        scratch: URI of a folder on storage that all workers reach, with room for three times the
            records; stages are kept in a folder of their own there, removed in the end. None for
            one beside the target.
        overwrite: replace a target that is there, at the very end.
        append: adds to the redirect ledger of a target that takes the place of another.
        tell: told of each stage as it begins.
        counted: told how many rows the stage at hand has, where somebody asks.

    Raises:
        CuratedError: the redirect ledger of the target is damaged; the target stays.
        EngineError: the records are not as they should be, the target is there, or the cluster
            failed.
    """
    target = target.rstrip("/")
    new = f"{target}.new"
    try:
        finish(spark, target, tell, overwrite=overwrite)
        replaces = exists(spark, target)
        if replaces and not overwrite:
            raise EngineError(f"{target} is there already: name another folder, or --overwrite")
        given = read_records(spark, records)
        if replaces and given.isEmpty():
            raise EngineError(f"{records} holds no record, so {target} is left as it is")
        beside = new if replaces else target
        if replaces:
            remove(spark, beside)
        with _stages(spark, target, scratch, tell, counted) as stages:
            mark = f"{beside}/{lake.JOB}"
            lake.write_text(spark, mark, stages.folder)
            rows, matching = _curate(spark, config, given, beside, stages)
            if replaces:
                tell("redirects")
                text = ledger(spark, target, beside, stages, append)
                if text is not None:
                    lake.write_text(spark, f"{beside}/{lake.REDIRECTS}", text)
            if lake.read_text(spark, mark) != stages.folder:
                raise EngineError(f"another job has begun to write {target}: this one ends")
            remove(spark, mark)
            about = {"config_digest": config.digest, "rows": rows, "counts": matching.counts}
            lake.write_manifest(spark, beside, about)
            if replaces:
                _replace(spark, target, new, tell)
    except (PySparkException, Py4JError) as error:
        raise EngineError(f"Spark: {first_line(error)}") from error
    return Report(rows, matching.counts, matching.largest_component, stages.rounded())


@contextmanager
def _stages(
    spark: SparkSession, target: str, scratch: str | None, tell: Tell, counted: Counted | None
) -> Iterator[Stages]:
    """Stages in a folder that no other job has, gone afterwards."""
    parent = scratch.rstrip("/") if scratch else f"{target}.scratch"
    if not scratch:  # What else is in a folder that we were given is somebody's.
        remove(spark, parent)
    stages = Stages(spark, f"{parent}/medsafe-harvest-{uuid4().hex}", tell, counted)
    try:
        yield stages
    finally:
        stages.remove()
        if not scratch and not exists(spark, parent):
            discard(spark, parent, tell)


def finish(spark: SparkSession, target: str, tell: Tell, *, overwrite: bool) -> None:
    """Go on with putting a lake in the place of another, where a job was ended in the midst of it.

    Args:
        spark: the session.
        target: URI of the lake.
        tell: told of what is left behind.
        overwrite: whether a lake that is there may be replaced.

    Raises:
        EngineError: it cannot be told which of the lakes is to stay.
    """
    new = f"{target}.new"
    if lake.is_whole(spark, new) and (overwrite or not exists(spark, target)):
        _replace(spark, target, new, tell)
    elif lake.is_whole(spark, target) and not exists(spark, new):
        discard(spark, f"{target}.replaced", tell)


def _replace(spark: SparkSession, target: str, new: str, tell: Tell) -> None:
    """Put a whole lake in the place of another.

    Where a rename is one step, as on HDFS and on disks, one of the two is whole at any instant,
    under its own name or another. On S3 it is many: what such a job leaves is not touched.
    """
    old = f"{target}.replaced"
    if exists(spark, target):
        if lake.is_whole(spark, old) and not lake.is_whole(spark, target):
            raise EngineError(
                f"{target} is not whole, {new} and {old} may be: look which of them is to stay, "
                "give it the name of the first, and remove the others"
            )
        remove(spark, old)
        rename(spark, target, old)
    else:
        remove(spark, target)  # an empty folder
    rename(spark, new, target)
    discard(spark, old, tell)


def read_records(spark: SparkSession, path: str) -> DataFrame:
    """The records, checked: every column, in its type, and each record_id once.

    Raises:
        EngineError: they are not so, or not there.
    """
    try:
        frame = spark.read.parquet(path)
    except PySparkException as error:
        raise EngineError(f"no records can be read from {path}: {first_line(error)}") from error
    there = {field.name: field.dataType.simpleString() for field in frame.schema}
    wanted = {field.name: simple_name(field.type) for field in RECORD}
    wrong = [
        f"{name} is {there.get(name, 'missing')} and should be {kind}"
        for name, kind in wanted.items()
        if there.get(name) != kind
    ]
    if wrong:
        raise EngineError(f"{path} holds no records of this version: {'; '.join(wrong)}")
    (repeated,) = query(spark, _REPEATED, records=frame.select("record_id")).collect()
    if repeated[0] is not None:
        raise EngineError(f"{path} holds {repeated[0]} more than once: a record has one row")
    # Few large row groups would leave most cores idle.
    least = 2 * spark.sparkContext.defaultParallelism
    if frame.rdd.getNumPartitions() < least:
        frame = frame.repartition(least, "record_id")
    return frame.select(*RECORD.names)


def _curate(
    spark: SparkSession, config: Config, records: DataFrame, target: str, stages: Stages
) -> tuple[dict[str, int], Matching]:
    """Write the tables; how many rows each has."""
    matching = match(spark, records, config.overrides, stages)
    papers = stages.keep("papers", papers_of(spark, records, matching.clusters, config.topics))
    tables = {
        "papers": papers,
        "records": records,
        "decisions": matching.decisions,
        "relations": relations_of(spark, matching.relations, papers),
    }
    rows = {}
    for name, frame in tables.items():
        stages.timed(f"write {name}", partial(lake.write_table, target, name, frame))
        rows[name] = lake.read_table(spark, target, name).count()
        if stages.counted is not None:
            stages.counted(rows[name])
    return rows, matching
