"""Records to sketches: what candidate pairs are found by, cheap to make, for most meet no other.

Whole columns at a time; only titles and names out of the ordinary are taken apart one by one. What
comes out is what ``prepare`` says of the same record.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.people import families_in, first_families, keys_of_plain
from medsafe_harvest.dedupe.places import first_number
from medsafe_harvest.dedupe.prepare import NEEDED, identifiers
from medsafe_harvest.dedupe.titles import forms, heads
from medsafe_harvest.schema import STRINGS

SKETCH = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),  # comparison form without the marker
        pa.field("sorted_title", pa.string(), nullable=False),  # its words in alphabetical order
        pa.field("compact_title", pa.string(), nullable=False),  # its words run together
        pa.field("head", pa.string(), nullable=False),  # the same before a colon; "" for none
        pa.field("families", STRINGS, nullable=False),  # keys of the first three authors
        pa.field("year", pa.int32()),
        pa.field("volume", pa.string()),
        pa.field("first_page", pa.string()),
        pa.field("ids", STRINGS, nullable=False),  # "kind:value", all but DOIs
        pa.field("dois", STRINGS, nullable=False),
    ]
)

#: Authors of a sketch.
FAMILIES = 3
_READ = tuple(name for name in NEEDED if name not in ("title", "authors"))


def sketch(records: pa.RecordBatch) -> pa.RecordBatch:
    """One ``SKETCH`` row for each record, in the same order.

    Args:
        records: rows with the columns ``prepare.NEEDED`` of ``schema.RECORD``.
    """
    given = {name: records.column(name).to_pylist() for name in _READ}
    titles = forms(records.column("title"))
    found: dict[str, Sequence[object] | pa.Array] = {
        "record_id": records.column("record_id"),
        "title": titles,
        "sorted_title": [" ".join(sorted(title.split())) for title in titles.to_pylist()],
        "compact_title": pc.replace_substring(titles, " ", ""),
        "head": heads(records.column("title")),
        "families": _families(records.column("authors")),
        "year": records.column("year"),
        "volume": [first_number(volume) for volume in given["volume"]],
        "first_page": [first_number(pages) for pages in given["pages"]],
        **identifiers(given),
    }
    columns = (found[field.name] for field in SKETCH)
    return pa.RecordBatch.from_arrays(
        [
            column if isinstance(column, pa.Array) else pa.array(column, field.type)
            for column, field in zip(columns, SKETCH, strict=True)
        ],
        schema=SKETCH,
    )


def _families(authors: pa.ListArray) -> list[tuple[str, ...]]:
    """Keys of the first three authors of each list, as ``people(...).families[:3]``."""
    first = pc.list_slice(authors, 0, FAMILIES)
    counts = pc.fill_null(pc.list_value_length(first), 0).to_pylist()
    longer = pc.fill_null(pc.greater(pc.list_value_length(authors), FAMILIES), False).to_pylist()
    keys = _of_each(first.flatten())
    found: list[tuple[str, ...]] = []
    start = 0
    for row, count in enumerate(counts):
        own = keys[start : start + count]
        start += count
        families: dict[str, None] = {}
        for names in own:
            families.update(dict.fromkeys(names or ()))
        if None in own or (longer[row] and len(families) < FAMILIES):
            # A group, a name cut in two, nobody, or one who stood before.
            found.append(first_families(authors[row].as_py(), FAMILIES))
        else:
            found.append(tuple(families)[:FAMILIES])
    return found


def _of_each(authors: pa.StructArray) -> list[tuple[str, ...] | None]:
    """``families_in`` of each field; names out of the ordinary are read one by one."""
    columns = [authors.field(name) for name in ("name", "family", "given")]
    keys = keys_of_plain(*columns[:2])
    odd = pc.is_null(keys)
    read = (
        families_in(*one)
        for one in zip(*(column.filter(odd).to_pylist() for column in columns), strict=True)
    )
    return [(key,) if key else next(read) for key in keys.to_pylist()]
