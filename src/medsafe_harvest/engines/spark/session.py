"""A Spark session in which the same input gives the same answer, and the package on its workers."""

from __future__ import annotations

import atexit
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyspark
from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from medsafe_harvest.engines.spark.arrow import quiet_about_pandas, through
from medsafe_harvest.errors import EngineError
from medsafe_harvest.scratch import scratch

_OLDEST, _OLDEST_JAVA = (4, 0), 17

#: What the answer depends on, so that no cluster's own defaults change it.
_SETTINGS: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.useLargeVarTypes": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.enableVectorizedReader": "true",
    "spark.sql.adaptive.enabled": "true",
}
#: Only before the session begins.
_AT_START: Mapping[str, str] = {
    "spark.app.name": "medsafe-harvest",
    "spark.executorEnv.PYTHONHASHSEED": "0",
    "spark.executorEnv.PYTHONUTF8": "1",
    "spark.ui.showConsoleProgress": "false",
}
#: In the log of a Spark that did not start, what Python is not told.
_AT_FAULT = re.compile(
    r"(?: ERROR \S+: |^Exception in thread \"main\" [\w.$]+: )(.+)", re.MULTILINE
)
_CHECKED = pa.schema([pa.field("missing", pa.string())])
#: The pure parts and the stages made of them.
_SENT = (
    "__init__.py", "errors.py", "schema.py", "scratch.py", "sources/**/*.py", "normalize/**/*.py",
    "dedupe/**/*.py", "topics/**/*.py", "engines/**/*.py",
)  # fmt: skip
#: What a worker imports, beside the standard library.
NEEDED_THERE = tuple(
    f"medsafe_harvest.engines.spark.{name}" for name in ("match", "papers", "session")
)


@contextmanager
def session(
    master: str | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[SparkSession]:
    """A session of our own: the one of ``spark-submit`` or of a notebook, or a new one.

    A session that was there stays when we leave; one that we began is stopped.

    Args:
        master: ``spark://host:7077``, ``yarn``, ``k8s://...``, ``local[4]``; None for what
            ``spark-submit`` says, or else all cores of this machine.
        settings: further settings of Spark; they win over ours.

    Raises:
        EngineError: pyspark or Java is missing or too old, or the master does not answer.
    """
    there = _session_there()
    with _log() as log:
        spark = there or _begin(master, settings or {}, log)
        try:
            own = spark.newSession()  # temporary views and settings of nobody else
            for name, value in {**_SETTINGS, **(settings or {})}.items():
                if name.startswith("spark.sql.") and own.conf.isModifiable(name):
                    own.conf.set(name, value)
            _send_package(own.sparkContext)
            check_workers(own)
            yield own
        finally:
            if there is None:
                spark.stop()


def _session_there() -> SparkSession | None:
    """A session of the Spark that somebody began, in whichever thread."""
    if SparkContext._active_spark_context is None:  # noqa: SLF001 - nothing else tells of other threads
        return None
    return SparkSession.builder.getOrCreate()


def _send_package(context: SparkContext) -> None:
    """Give the workers this package.

    Raises:
        EngineError: it cannot be sent.
    """
    try:
        context.addPyFile(str(_package_for(context.applicationId)))
    except Py4JError as error:
        raise EngineError(f"workers cannot be sent the package: {first_line(error)}") from error


@cache
def _package_for(_: str) -> Path:
    """The file that the workers of an application fetch, those too that start when we have left.

    It takes no other in its place, so it stays as long as this process.
    """
    until_the_end = ExitStack()
    atexit.register(until_the_end.close)
    return package(until_the_end.enter_context(scratch()))


@contextmanager
def _log() -> Iterator[IO[bytes]]:
    """Where a Spark that we start writes what it says, so that our own words are not lost in it.

    It is kept, and an error names it, where Spark tells there of an error.
    """
    with tempfile.NamedTemporaryFile(
        prefix="medsafe-harvest-spark-", suffix=".log", delete=False
    ) as log:
        path, wanted = Path(log.name), False
        try:
            yield log
        except EngineError as error:
            wanted = error.__cause__ is not None and b" ERROR " in path.read_bytes()
            if not wanted:
                raise
            raise EngineError(f"{error}\nSpark's own log is {path}") from error
        finally:
            if not wanted:
                path.unlink()


def _begin(master: str | None, settings: Mapping[str, str], log: IO[bytes]) -> SparkSession:
    found = tuple(int(part) for part in pyspark.__version__.split(".")[:2])
    if found < _OLDEST:
        raise EngineError(
            f"pyspark {pyspark.__version__} is too old: pip install 'pyspark>={_OLDEST[0]}'"
        )
    check_java()
    conf = SparkConf(loadDefaults=False)
    if master is not None:
        conf.setMaster(master)
    conf.setAll(list({**_AT_START, **_SETTINGS, **settings}.items()))
    try:
        with quiet_about_pandas():
            # A Spark that runs in this process already, or the one of spark-submit, speaks as told.
            if SparkContext._gateway is None:  # noqa: SLF001 - nothing else tells
                gateway = launch_gateway(conf, {"stderr": log})  # type: ignore[no-untyped-call] # it has none
                SparkContext(conf=conf, gateway=gateway)
            spark = SparkSession.builder.config(conf=conf).getOrCreate()
    except Exception as error:  # what Java throws has no narrower type before there is a session
        said = _AT_FAULT.search(Path(log.name).read_text(encoding="utf-8", errors="replace"))
        why = (said[1] if said else first_line(error)).strip().rstrip(".")
        hint = ". Is it up, and reachable from here?" if (master or "").startswith("spark:") else ""
        raise EngineError(
            f"Spark does not start with master {master or 'of spark-submit'}: {why}{hint}"
        ) from error
    spark.sparkContext.setLogLevel("ERROR")
    _choose_python(spark)
    return spark


def _choose_python(spark: SparkSession) -> None:
    """The Python of the workers, where PYSPARK_PYTHON does not say: here, the one that runs this.

    Spark itself reads spark.pyspark.python in ``spark-submit`` alone.
    """
    context: Any = spark.sparkContext
    if context.pythonExec != "python3":
        return
    local = sys.executable if context.master.startswith("local") else "python3"
    context.pythonExec = context.getConf().get("spark.pyspark.python", local)


def first_line(error: Exception) -> str:
    """The line of a long message of Spark that says what happened: what Python or Java raised."""
    said = error.getMessage() if isinstance(error, PySparkException) else None
    lines = [line.lstrip(": ") for line in str(said or error).splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"\w[\w.]*(?:Error|Exception): ", line)]
    return (raised or lines or [type(error).__name__])[0].strip()


def check_java(program: str | None = None) -> None:
    """Java is there and new enough.

    Args:
        program: the ``java`` to ask; None for that of JAVA_HOME or of the path, as Spark does.

    Raises:
        EngineError: it is not.
    """
    how = f"install Java {_OLDEST_JAVA} or newer (Debian: apt-get install openjdk-17-jre-headless)"
    home = os.environ.get("JAVA_HOME")
    named = program or (str(Path(home) / "bin/java") if home else "java")
    found = shutil.which(named)
    if found is None:
        where = f" at {named}, as JAVA_HOME says" if home and not program else ""
        raise EngineError(f"Spark needs Java, and there is none{where}: {how}")
    said = subprocess.run(  # noqa: S603 - the user's own Java
        [found, "-version"], capture_output=True, text=True, check=False
    ).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or int(version[1]) < _OLDEST_JAVA:
        raise EngineError(f"{found} says {said.strip()[:60]!r}: {how}, or set JAVA_HOME to one")


def package(folder: Path) -> Path:
    """This package as a zip for the workers: the code alone, the same bytes each time.

    Third-party packages are not in it: they belong on the workers, or into an archive. The front of
    the package is bare, so that a worker needs what matching, merging and tagging import, and not
    what notebooks, the search or DuckDB do.
    """
    root = Path(__file__).parents[2]
    version = metadata.version("medsafe-harvest")
    target = folder / f"medsafe_harvest-{version}.zip"
    bare = folder / "bare.py"
    bare.write_text(f'__version__ = "{version}"\n', encoding="utf-8")
    compiled = folder / "module.pyc"
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(one for part in _SENT for one in root.glob(part)):
            name = str(path.relative_to(root.parent))
            source = bare if path == root / "__init__.py" else path
            # Python compiles what it finds in a zip at each start, unless it finds it compiled.
            py_compile.compile(
                str(source),
                str(compiled),
                name,
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
            for file, ending in ((source, ""), (compiled, "c")):
                entry = zipfile.ZipInfo(name + ending)
                archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return target


def check_workers(spark: SparkSession) -> None:
    """Whether workers can import what they will run, before hours are spent.

    Raises:
        EngineError: a package is missing there.
    """
    asked = spark.range(spark.sparkContext.defaultParallelism).selectExpr("'' as asked")
    given = pa.schema([pa.field("asked", pa.string())])
    try:
        answers = through(asked, _look, given, _CHECKED).collect()
    except (PySparkException, Py4JError) as error:
        if found := re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", str(error)):
            raise _lacking(spark, found[1]) from error
        raise EngineError(f"the workers cannot run Python: {first_line(error)}") from error
    for answer in answers:
        if answer["missing"] is not None:
            raise _lacking(spark, answer["missing"])


def _lacking(spark: SparkSession, name: str) -> EngineError:
    context: Any = spark.sparkContext
    return EngineError(
        f"the Python of the workers ({context.pythonExec}) has no package {name}: install there "
        "what medsafe-harvest needs, or send it with spark.archives, and say which Python with "
        "PYSPARK_PYTHON or --conf spark.pyspark.python=...; see docs/how-to/spark.md"
    )


def _look(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    missing = None
    for name in NEEDED_THERE:
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            missing = error.name
    for _ in batches:
        yield pa.RecordBatch.from_pylist([{"missing": missing}], schema=_CHECKED)
