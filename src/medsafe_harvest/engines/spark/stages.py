"""Stages of a job that are kept: written once, read by what follows, gone with the job.

A stage in Parquet on storage that all workers reach is a checkpoint that can be relied on: it cuts
the lineage, so that a lost worker costs the stage at hand and none before it, it is computed once,
and it is read by column. (``DataFrame.checkpoint`` computes twice and keeps rows;
``localCheckpoint`` dies with its worker.)
"""

from __future__ import annotations

import time  # noqa: TID251 - how long a stage took
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from py4j.protocol import Py4JError
from pyspark.sql import DataFrame, SparkSession

from medsafe_harvest.errors import EngineError

#: Told of a stage as it begins.
Tell = Callable[[str], None]
#: Told of rows.
Counted = Callable[[int], None]


@dataclass
class Stages:
    """The kept stages of one job.

    Args:
        spark: the session.
        folder: a URI that the driver and all workers reach (``hdfs:``, ``s3a:``, ``file:`` on a
            shared disk or on one machine); what it holds is replaced.
        tell: told of each stage as it begins.
        counted: told how many rows the stage at hand has; None to spare the look at its files.
    """

    spark: SparkSession
    folder: str
    tell: Tell = lambda _: None
    counted: Counted | None = None
    #: Stage -> seconds that it took.
    seconds: dict[str, float] = field(default_factory=dict)

    def keep(self, name: str, frame: DataFrame) -> DataFrame:
        """Compute a frame now, and read it from what was kept."""
        path = f"{self.folder}/{name}"
        self.timed(name, lambda: frame.write.mode("overwrite").parquet(path))
        kept = self.spark.read.schema(frame.schema).parquet(path)
        if self.counted is not None:
            self.counted(kept.count())  # the files tell at their ends
        return kept

    def timed(self, name: str, work: Callable[[], None]) -> None:
        """Do some work as a stage."""
        self.tell(name)
        began = time.monotonic()
        work()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - began

    def rounded(self) -> dict[str, float]:
        """Seconds by stage, to a tenth."""
        return {name: round(seconds, 1) for name, seconds in self.seconds.items()}

    def remove(self) -> None:
        """Delete all that was kept."""
        discard(self.spark, self.folder, self.tell)


def query(spark: SparkSession, text: str, /, **frames: DataFrame) -> DataFrame:
    """The answer to a statement whose tables are the frames of these names."""
    for name, frame in frames.items():
        frame.createOrReplaceTempView(name)
    return spark.sql(text)


def number_of(frame: DataFrame) -> int:
    """The single number that a frame has."""
    (row,) = frame.collect()
    return int(row[0])


def path_of(spark: SparkSession, uri: str) -> tuple[Any, Any]:
    """A path, and the file system that it is on, as Hadoop has them."""
    virtual_machine: Any = spark.sparkContext._jvm  # noqa: SLF001 - the only way to other storage
    path = virtual_machine.org.apache.hadoop.fs.Path(uri)
    return path, path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())  # noqa: SLF001


def remove(spark: SparkSession, uri: str) -> None:
    """Delete a folder on any storage; one that is not there is no error.

    Raises:
        EngineError: it is still there; some of what it held may not be.
    """
    path, storage = path_of(spark, uri)
    if not storage.delete(path, True) and storage.exists(path):
        raise EngineError(f"{uri} cannot be removed: mend its permissions, or remove it by hand")


def discard(spark: SparkSession, uri: str, tell: Tell) -> None:
    """Delete what nobody needs any more; where that fails, a job is done all the same."""
    try:
        remove(spark, uri)
    except (EngineError, Py4JError) as error:
        tell(f"left behind: {uri} ({str(error).splitlines()[0]})")


def rename(spark: SparkSession, uri: str, other: str) -> None:
    """Give a folder another name that is free.

    Raises:
        EngineError: the storage does not.
    """
    path, storage = path_of(spark, uri)
    target, _ = path_of(spark, other)
    # Into a folder that is there, it would be moved.
    if storage.exists(target) or not storage.rename(path, target):
        raise EngineError(f"{uri} is whole, but cannot be renamed to {other}: do it by hand")


def exists(spark: SparkSession, uri: str) -> bool:
    """Whether a folder on any storage is there and holds something."""
    path, storage = path_of(spark, uri)
    return bool(storage.exists(path)) and len(storage.listStatus(path)) > 0
