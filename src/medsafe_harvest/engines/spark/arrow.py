"""Between Arrow and Spark: types in both, and pure functions over batches as stages of a job."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from medsafe_harvest.schema import refuse_nulls

#: A pure stage. It is sent to the workers, so it is a function of a module, or a ``partial`` or
#: frozen dataclass of such.
Stage = Callable[[Iterator[pa.RecordBatch]], Iterable[pa.RecordBatch]]

_PLAIN = {
    pa.string(): "string",
    pa.bool_(): "boolean",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.date32(): "date",
    pa.binary(): "binary",
}


def type_name(kind: pa.DataType) -> str:
    """A type as Spark's SQL writes it.

    Raises:
        TypeError: the schemas of this package have no such type.
    """
    if pa.types.is_list(kind):
        return f"array<{type_name(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'`{one.name}`: {type_name(one.type)}' for one in kind)}>"
    if kind not in _PLAIN:
        raise TypeError(f"no type of Spark stands for {kind}")
    return _PLAIN[kind]


def simple_name(kind: pa.DataType) -> str:
    """A type as Spark's ``simpleString`` writes it."""
    return type_name(kind).replace("`", "").replace(": ", ":").replace(", ", ",")


def ddl(schema: pa.Schema) -> str:
    """A schema as Spark's SQL writes it. That a column is never null is not said: Spark forgets."""
    return ", ".join(f"`{field.name}` {type_name(field.type)}" for field in schema)


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The columns of a schema, in its types: Spark calls the items of a list otherwise.

    Raises:
        KeyError: a column is missing.
        ValueError: a column that is never null has nulls, or a list of one has.
    """
    columns = [_as_type(batch.column(field.name), field.type) for field in schema]
    conforming = pa.RecordBatch.from_arrays(columns, schema=schema)
    refuse_nulls(conforming)
    return conforming


def _as_type(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """The same values where names and nullability of inner fields differ; a cast refuses these."""
    if array.type.equals(kind):
        return array
    if pa.types.is_list(kind) and pa.types.is_list(array.type):
        if array.offset:
            array = pa.concat_arrays([array])
        values = _as_type(array.values, kind.value_type)
        buffers = array.buffers()[:2]
        return pa.Array.from_buffers(kind, len(array), buffers, array.null_count, children=[values])
    if pa.types.is_struct(kind) and pa.types.is_struct(array.type):
        inner = [_as_type(array.field(number), one.type) for number, one in enumerate(kind)]
        mask = pc.is_null(array) if array.null_count else None
        return pa.StructArray.from_arrays(inner, fields=list(kind), mask=mask)
    return array.cast(kind)


@dataclass(frozen=True, slots=True)
class _Conforming:
    """A stage between the types of Spark and those that it was written for."""

    stage: Stage
    given: pa.Schema
    made: pa.Schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in self.stage(conform(batch, self.given) for batch in batches):
            yield conform(batch, self.made)


def through(frame: DataFrame, stage: Stage, given: pa.Schema, made: pa.Schema) -> DataFrame:
    """The rows that a pure stage makes of a frame's, partition by partition.

    Args:
        frame: has the columns of ``given``.
        stage: sees each partition as a stream of batches of ``given``.
        given: what the stage reads.
        made: what the stage yields.
    """
    with quiet_about_pandas():
        return frame.select(*given.names).mapInArrow(_Conforming(stage, given, made), ddl(made))


@contextmanager
def quiet_about_pandas() -> Iterator[None]:
    """No frame of pandas is ever made here, but pyspark looks at its version all the same."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        yield


def whole_groups(
    batches: Iterable[pa.RecordBatch], key: str, *, rows: int = 20_000
) -> Iterator[pa.Table]:
    """A sorted stream cut into tables that hold whole groups, of ``rows`` rows or little more.

    Args:
        batches: sorted by ``key``, so that equal keys follow each other.
        key: the column that says which rows belong together.
        rows: a table ends with the first group that brings it to so many.
    """
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        if not len(batch):
            continue
        waiting.append(batch)
        held += len(batch)
        if held < rows:
            continue
        keys = batch.column(key)
        # The last group may go on in the next batch.
        last = keys.index(keys[-1]).as_py()
        before = waiting[-2].column(key)[-1] if len(waiting) > 1 else keys[0]
        if last == 0 and keys[0] == before:
            continue
        yield pa.Table.from_batches([*waiting[:-1], batch.slice(0, last)]).combine_chunks()
        waiting = [batch.slice(last)]
        held = len(waiting[0])
    if waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()
