"""What the page of one paper shows, as plain values for its template."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medsafe_harvest import export
from medsafe_harvest.outgoing import shared_in_words
from medsafe_harvest.site.catalogue import Full
from medsafe_harvest.site.people import People
from medsafe_harvest.site.words import (
    FORMS,
    TITLE,
    identifiers,
    prose,
    relation_label,
    shortened,
)

#: Characters shown of a value, and of a value not chosen.
_VALUE, _LOSER = 200, 200
#: Format of a citation -> its name, and how a file of it ends.
CITATIONS: Mapping[str, tuple[str, str]] = {
    "bibtex": ("BibTeX", "bib"),
    "ris": ("RIS", "ris"),
    "csl": ("CSL-JSON", "json"),
}


@dataclass(frozen=True, slots=True)
class Cited:
    """What citations need beside the paper."""

    #: paper_id -> citation key.
    keys: Mapping[str, str]
    #: Canonical venue -> full name.
    venues: Mapping[str, str]


def page_of(full: Full, people: People, cited: Cited) -> dict[str, Any]:
    """All that the page of a paper shows.

    Args:
        full: the paper.
        people: the names that have a page.
        cited: how papers are cited.
    """
    row = full.row
    key = cited.keys.get(row["paper_id"])
    return {
        "paper": row,
        "summary": prose(row["summary"]),
        "abstract": prose(row["abstract"]),
        "authors": [
            {"name": author["name"], "slug": people.slug(author)} for author in row["authors"]
        ],
        "identifiers": list(identifiers(row)),
        "evidence": _evidence(row["tags"]),
        "versions": versions(full.records),
        "relations": list(_relations(full)),
        "related": [
            {
                **one,
                "title": shortened(one["title"], TITLE),
                "terms": shared_in_words(one["terms"]),
            }
            for one in full.related
        ],
        "provenance": list(_provenance(row)),
        "citations": [
            {
                "format": name,
                "ending": ending,
                "text": export.one(row, form, key=key, venues=cited.venues),
            }
            for form, (name, ending) in CITATIONS.items()
        ],
    }


def _evidence(tags: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each topic with its score and what showed it, the surest topic of a facet first."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for tag in tags:
        one = found.setdefault(
            (tag["facet"], tag["topic"]),
            {**{name: tag[name] for name in ("facet", "topic", "score")}, "shown_by": []},
        )
        shown = {"text": tag["text"], "field": tag["field"], "rule": tag["rule"]}
        if shown not in one["shown_by"]:
            one["shown_by"].append(shown)
    order = {"medical": 0, "trust": 1, "modality": 2, "task": 3}
    return sorted(
        found.values(), key=lambda one: (order.get(one["facet"], 9), -one["score"], one["topic"])
    )


def versions(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The manifestations of a paper and the records of each, the earliest first.

    Args:
        records: as in ``Full``.
    """
    groups: dict[str, dict[str, Any]] = {}
    for record in records:
        new: dict[str, Any] = {"form": FORMS[record["manifestation"]], "records": []}
        groups.setdefault(record["cluster"], new)["records"].append(record)
    for group in groups.values():
        best = _first(group["records"], "venue") or group["records"][0]
        dated = _first(group["records"], "published")
        on_arxiv = _first(group["records"], "arxiv_id") is not None
        group["venue"] = best["venue"] or ("arXiv" if on_arxiv else None)
        group["when"] = dated["published"] if dated else best["year"]
        group["identifiers"] = _together(group["records"])
        group["withdrawn"] = any(record["withdrawn"] for record in group["records"])
    return sorted(groups.values(), key=lambda group: (_day(group["when"]), group["form"]))


def _day(when: dt.date | int | None) -> str:
    """For sorting: what has a year only comes behind what has a day of that year."""
    return str(when) if isinstance(when, dt.date) else f"{when or 9999}-99"


def _first(records: Sequence[Mapping[str, Any]], column: str) -> Mapping[str, Any] | None:
    return next((record for record in records if record[column] is not None), None)


def _together(records: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    found = {(one["name"], one["value"]): one for record in records for one in identifiers(record)}
    return list(found.values())


def _relations(full: Full) -> Iterator[dict[str, Any]]:
    """What the paper is to others, and its records to one another, said from its side."""
    for row in full.relations:
        is_left = row["left_paper"] == full.row["paper_id"]
        here, there = ("left", "right") if is_left else ("right", "left")
        title = row[f"{there}_title"]
        yield {
            "label": relation_label(row["kind"], left=is_left),
            "inside": row["left_paper"] == row["right_paper"],
            "from": row[here],
            "record": row[there],
            "paper_id": None if title is None else row[f"{there}_paper"],
            "title": title,
            "reason": row["reason"],
        }


def _provenance(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each field that a record gave: its value, the record, the rule, and what was not chosen."""
    for entry in row["provenance"]:
        yield {
            "field": entry["field"],
            "value": in_words(row[entry["field"]], _VALUE),
            "record": entry["record_id"],
            "rule": entry["rule"],
            "losers": [
                {"record": loser["record_id"], "value": in_words(_decoded(loser["value"]), _LOSER)}
                for loser in entry["losers"]
            ],
        }


def _decoded(text: str) -> Any:
    """A value as a record had it; the column says it is JSON."""
    return json.loads(text)


def in_words(value: Any, most: int) -> str:
    """A value of a column as a person reads it, cut to so many characters."""
    match value:
        case None:
            text = "\N{EM DASH}"
        case bool():
            text = "yes" if value else "no"
        case list():
            text = ", ".join(in_words(one, most) for one in value) or "\N{EM DASH}"
        case dict():
            text = str(value.get("name") or value.get("url") or json.dumps(value, default=str))
        case _:
            text = str(value)
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
