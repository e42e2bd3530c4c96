"""The manifestations of a paper: its preprints, its published versions, its deposited copies.

A record describes one manifestation. Records of one paper describe the same one when they are of
one form and share the identifier of that form: arXiv's record, and an index's record that knows
the arXiv paper only; the publisher's version in two indexes.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.dois import is_copy
from medsafe_harvest.dedupe.places import venue_class


class Form(enum.StrEnum):
    """What a manifestation is, the version of record first; the values stand in tables."""

    JOURNAL = "journal"
    CONFERENCE = "conference"
    WORKSHOP = "workshop"
    #: It has a publisher's DOI, and no source says where it was published.
    PUBLISHED = "published"
    PREPRINT = "preprint"
    #: A deposited copy, or a record that says nothing of where it is from.
    OTHER = "other"


#: Forms that a publisher stands behind.
PUBLISHED: frozenset[Form] = frozenset(
    {Form.JOURNAL, Form.CONFERENCE, Form.WORKSHOP, Form.PUBLISHED}
)

SPLIT = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("cluster", pa.string(), nullable=False),  # smallest record_id of it
        pa.field("manifestation", pa.string(), nullable=False),  # Form
    ]
)

# Copies that are no preprints: Zenodo, figshare, JSTOR, a mirror.
_DEPOSITS = ("10.5281/", "10.6084/", "10.2307/", "10.65215/")
_ORDER = {form: number for number, form in enumerate(Form)}
_READ = ("record_id", "source", "venue", "venue_kind", "arxiv_id", "doi", "other_dois")


def form_of(
    source: str, place: str | None, arxiv_id: str | None, dois: Iterable[str], *, workshop: bool
) -> Form:
    """What the record describes.

    Args:
        source: of the record.
        place: ``prepare.venue_class`` of its venue.
        arxiv_id: its arXiv id.
        dois: all its DOIs.
        workshop: its venue is a workshop.
    """
    if source == "arxiv":
        # Also where its authors named the journal: the file there is the preprint.
        return Form.PREPRINT
    if place == "journal":
        return Form.JOURNAL
    if place == "meeting":
        return Form.WORKSHOP if workshop else Form.CONFERENCE
    if not all(map(is_copy, dois)):
        return Form.PUBLISHED
    preprint = any(not doi.startswith(_DEPOSITS) for doi in dois)
    if place == "preprint" or arxiv_id is not None or preprint:
        return Form.PREPRINT
    return Form.OTHER


@dataclass(frozen=True, slots=True)
class Member:
    """A record of a paper, and the identifiers that name the manifestation it describes."""

    record_id: str
    form: Form
    keys: frozenset[str]


def member(record_id: str, form: Form, arxiv_id: str | None, dois: Iterable[str]) -> Member:
    """A record with those of its identifiers that name what it describes, not another form."""
    if form is Form.PREPRINT and arxiv_id is not None:
        return Member(record_id, form, frozenset({f"arxiv:{arxiv_id}"}))
    copies = form not in PUBLISHED
    return Member(record_id, form, frozenset(doi for doi in dois if is_copy(doi) is copies))


def grouped(members: Sequence[Member]) -> list[list[Member]]:
    """The members of one paper by manifestation, each group and all groups in order of record id.

    A record without an identifier joins the only group that it can belong to; where there are
    several, records of that form without an identifier are one group of their own.
    """
    groups: list[list[Member]] = []
    without: dict[Form, list[Member]] = {}
    for one in sorted(members, key=lambda each: each.record_id):
        if not one.keys:
            without.setdefault(one.form, []).append(one)
            continue
        near = [group for group in groups if _share(group, one)]
        groups = [group for group in groups if group not in near]
        groups.append([*(each for group in near for each in group), one])
    for form, homeless in without.items():
        homes = [group for group in groups if _may_be(group, form)]
        if len(homes) == 1:
            homes[0].extend(homeless)
        else:
            groups.append(homeless)
    return sorted(
        (sorted(group, key=lambda each: each.record_id) for group in groups),
        key=lambda group: group[0].record_id,
    )


def _share(group: Sequence[Member], one: Member) -> bool:
    return any(
        (each.form in PUBLISHED) == (one.form in PUBLISHED) and each.keys & one.keys
        for each in group
    )


def _may_be(group: Sequence[Member], form: Form) -> bool:
    known = form_of_group(group)
    return known is form or (known is Form.PUBLISHED and form in PUBLISHED)


def form_of_group(group: Iterable[Member]) -> Form:
    """The form of the records of one manifestation: the most telling that one of them has."""
    return min((each.form for each in group), key=_ORDER.__getitem__)


def split(records: pa.Table, clusters: pa.Table) -> pa.Table:
    """Finer clusters: the records of each manifestation.

    Args:
        records: rows of ``schema.RECORD``, or the columns of it that are read.
        clusters: ``record_id`` and ``cluster`` of every record.

    Returns:
        ``SPLIT``, sorted by ``record_id``.
    """
    place = pc.index_in(records["record_id"], value_set=clusters["record_id"].combine_chunks())
    papers: dict[str, list[Member]] = {}
    owners = clusters["cluster"].take(place).to_pylist()
    for cluster, row in zip(owners, records.select(_READ).to_pylist(), strict=True):
        papers.setdefault(cluster, []).append(_member(row))
    found = sorted(
        (each.record_id, group[0].record_id, form_of_group(group).value)
        for members in papers.values()
        for group in grouped(members)
        for each in group
    )
    values = zip(*found, strict=True) if found else [[] for _ in SPLIT]
    return pa.table([pa.array(column, pa.string()) for column in values], schema=SPLIT)


def _member(row: Mapping[str, Any]) -> Member:
    dois = [*([row["doi"]] if row["doi"] else []), *(row["other_dois"] or [])]
    form = form_of(
        row["source"],
        venue_class(row["venue"], row["venue_kind"]),
        row["arxiv_id"],
        dois,
        workshop=row["venue_kind"] == "workshop",
    )
    return member(row["record_id"], form, row["arxiv_id"], dois)
