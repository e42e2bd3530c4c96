"""One paper opened in a notebook: its fields, where each comes from, and what was not chosen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd
import pyarrow as pa

from medsafe_harvest.curated.frames import to_frame
from medsafe_harvest.curated.lookup import Dossier
from medsafe_harvest.normalize.text import one_line

#: A row a value: the field, the value chosen or not, the record that says so, and the rule.
ORIGIN = pa.schema(
    [
        pa.field("field", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("chosen", pa.bool_(), nullable=False),
        pa.field("record_id", pa.string()),
        pa.field("rule", pa.string(), nullable=False),
    ]
)
#: What is not shown of a paper: long, or shown elsewhere.
_HIDDEN = ("title", "authors", "provenance", "tags", "links", "record_ids", "topics")


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """A paper with its records, the decisions about them and its relations.

    A notebook shows it as a table; ``paper["title"]`` is a field, ``to_dict()`` all of it.
    """

    dossier: Dossier

    def __getitem__(self, field: str) -> Any:
        return self.dossier.paper[field]

    def to_dict(self) -> dict[str, Any]:
        """``paper``, ``records``, ``decisions`` and ``relations``, rows as in the schemas."""
        found = self.dossier
        return {
            "paper": found.paper,
            "records": found.records,
            "decisions": found.decisions,
            "relations": found.relations,
        }

    def origins(self) -> pd.DataFrame:
        """Every value that a record has for a field, of ``ORIGIN``: the chosen one first."""
        return to_frame(pa.Table.from_pylist(list(self._origins()), ORIGIN))

    def _origins(self) -> Iterator[dict[str, Any]]:
        for entry in self.dossier.paper["provenance"]:
            field, rule = entry["field"], entry["rule"]
            yield {
                "field": field,
                "value": _words(self[field]),
                "chosen": True,
                "record_id": entry["record_id"],
                "rule": rule,
            }
            for lost in entry["losers"]:
                yield {
                    "field": field,
                    "value": _words(json.loads(lost["value"])),
                    "chosen": False,
                    "record_id": lost["record_id"],
                    "rule": rule,
                }

    def __str__(self) -> str:
        year = f" ({self['year']})" if self["year"] else ""
        return f"{self['paper_id']}: {self['title']}{year}"

    def __repr__(self) -> str:
        return f"<{self}>"

    def _repr_html_(self) -> str:
        paper = self.dossier.paper
        origins: dict[str, list[str]] = {}
        for one in self._origins():
            whose = f"{one['record_id'] or 'none chosen'} ({one['rule']})"
            said = whose if one["chosen"] else f"not chosen: {one['value']}, {one['record_id']}"
            origins.setdefault(one["field"], []).append(escape(said))
        rows = "".join(
            f"<tr><th>{name}</th><td>{escape(_words(value) or '')}</td>"
            f"<td>{'<br>'.join(origins.get(name, []))}</td></tr>"
            for name, value in paper.items()
            if name not in _HIDDEN and value not in (None, [])
        )
        tags = "".join(
            f"<li>{escape(one['facet'])}: <b>{escape(one['topic'])}</b>, for "
            f"\u201c{escape(one['text'])}\u201d in the {escape(one['field'])}</li>"
            for one in paper["tags"]
        )
        return (
            f"<h3>{escape(paper['title'])}</h3><p>{escape(_words(paper['authors']) or '')}</p>"
            f"<table><tr><th>field</th><th>value</th><th>from</th></tr>{rows}</table>"
            f"<p>Topics, and why:</p><ul>{tags}</ul>"
            f"<p>Records: {escape(', '.join(paper['record_ids']))}</p>"
        )


def _words(value: Any) -> str | None:
    """A value on one line; people by their names, links by their addresses."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_words, value))) or None
    if isinstance(value, dict):
        return one_line(str(value.get("name") or value.get("url") or value))
    return None if value is None else one_line(str(value))
