"""Typed links between records, read off the decisions and the clusters.

Records of one paper are related by what they describe: a preprint and the version of record, two
versions. Records of two papers are related only where a kept decision says how alike they are, and
a sign that has no other meaning says how they differ: a marker, a part number, another script, a
meeting and a journal. A relation that is wrong misleads, so each asks for more than a likely guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import pairwise, product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.about import about
from medsafe_harvest.dedupe.columns import Ints, distinct, one_array
from medsafe_harvest.dedupe.contested import first_connected
from medsafe_harvest.dedupe.editions import extensions, translations
from medsafe_harvest.dedupe.links import Link, Pair, Relation, Row
from medsafe_harvest.dedupe.manifestations import PUBLISHED, Form, form_of
from medsafe_harvest.dedupe.parts import filled
from medsafe_harvest.dedupe.series import MAY_BE_PART, series

LINKS = pa.schema(
    [
        pa.field("left", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),  # Relation
        pa.field("right", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("score", pa.float64()),  # of the decision about the pair; null if it has none
    ]
)

#: Columns of ``prepare.COMPARISON`` that are read.
READ: tuple[str, ...] = (
    "record_id", "source", "title", "marker", "generic", "numbers", "designators",
    "families", "year", "venue", "venue_class", "volume", "first_page", "arxiv_id", "ids", "dois",
)  # fmt: skip

#: What finds links between records of different papers, given all such pairs and the cluster of
#: each record. The link of the first finder stands where several link the same two records.
FINDERS: tuple[Callable[[list[Pair], Mapping[str, str]], Iterable[Link]], ...] = (
    about,
    lambda pairs, _: series(pairs),
    lambda pairs, _: extensions(pairs),
    lambda pairs, _: translations(pairs),
)


def relations(prepared: pa.Table, decisions: pa.Table, clusters: pa.Table) -> pa.Table:
    """How records are related that are not the same thing.

    Args:
        prepared: the columns ``READ`` of ``prepare.COMPARISON``.
        decisions: rows of ``schema.DECISION``.
        clusters: ``record_id`` and ``cluster`` of every record.

    Returns:
        ``LINKS``, sorted; the sentence reads ``left kind right``. Two records have at most one.
    """
    decisions = decisions.select(["left", "right", *_FIGURES])  # not what they say in words
    between: dict[tuple[str, str], Link] = {}
    told = _worth_a_look(_apart(decisions, clusters), prepared).combine_chunks()
    for link in _between(told, prepared, clusters):
        between.setdefault((min(link.left, link.right), max(link.left, link.right)), link)
    within = pa.concat_tables([LINKS.empty_table(), *_within(prepared, clusters)])
    scores = _scores(within, decisions, clusters)
    scored = within.set_column(LINKS.names.index("score"), "score", scores)
    by = [(name, "ascending") for name in ("left", "kind", "right")]
    return pa.concat_tables([_table(between.values()), scored]).sort_by(by).combine_chunks()


def _table(links: Iterable[Link]) -> pa.Table:
    given = list(links)
    columns = [[getattr(link, field.name) for link in given] for field in LINKS]
    return pa.table(columns, schema=LINKS)


def _apart(decisions: pa.Table, clusters: pa.Table) -> pa.Table:
    """The decisions about records of different papers."""
    papers = one_array(clusters["cluster"]).dictionary_encode().indices
    ours, theirs = (papers.take(side) for side in _sides(decisions, clusters))
    return decisions.filter(pc.not_equal(ours, theirs))


def _worth_a_look(decisions: pa.Table, prepared: pa.Table) -> pa.Table:
    """Those of which a finder may make something, told by whole columns: they are few.

    Each finder asks for a marker on one side, or a part number on both, or a meeting and a journal,
    or two scripts, of which one is not Latin.
    """
    marked = pc.or_(
        pc.is_valid(prepared["marker"]), pc.invert(pc.string_is_ascii(prepared["title"]))
    )
    part = pc.match_substring_regex(prepared["title"], MAY_BE_PART)
    place = pc.fill_null(prepared["venue_class"], "")
    meeting, journal = (pc.equal(place, kind) for kind in ("meeting", "journal"))
    left, right = _sides(decisions, prepared)
    looks = [
        pc.or_(marked.take(left), marked.take(right)),
        pc.and_(part.take(left), part.take(right)),
        pc.and_(meeting.take(left), journal.take(right)),
        pc.and_(journal.take(left), meeting.take(right)),
    ]
    return decisions.filter(reduce(pc.or_, looks))


def _between(decisions: pa.Table, prepared: pa.Table, clusters: pa.Table) -> Iterator[Link]:
    """What the finders make of decisions about records of different papers."""
    rows = np.asarray(_sides(decisions, prepared), dtype=np.int64)
    papers = [clusters["cluster"].take(side) for side in _sides(decisions, clusters)]
    read = prepared.select(READ)
    for some in _connected(rows):
        part = decisions.take(some)
        figures = (part[name].to_pylist() for name in _FIGURES)
        sides = (read.take(side[some]).to_pylist() for side in rows)
        pairs = [Pair(*one) for one in zip(*sides, *figures, strict=True)]
        cluster_of: dict[str, str] = {}
        for name, own in zip(("left", "right"), papers, strict=True):
            cluster_of.update(zip(part[name].to_pylist(), own.take(some).to_pylist(), strict=True))
        for finder in FINDERS:
            yield from finder(pairs, cluster_of)


_FIGURES = ("title_similarity", "author_similarity", "score")


def _connected(pairs: Ints) -> Iterator[Ints]:
    """Pairs of records, 2 x n, in parts that have no record in common: where each pair stands."""
    return _whole_groups(first_connected(int(pairs.max(initial=-1)) + 1, pairs)[pairs[0]])


def _whole_groups(group: Ints) -> Iterator[Ints]:
    """Where the items of some groups stand, group after group; a part of them at a time."""
    order = np.argsort(group, kind="stable")
    _, sizes = np.unique(group[order], return_counts=True)
    part_of = np.repeat(filled(sizes, _PART), sizes)
    yield from np.split(order, np.flatnonzero(np.diff(part_of)) + 1)


def _sides(pairs: pa.Table, table: pa.Table) -> tuple[pa.Array, pa.Array]:
    """The rows of a table that the left and the right records of pairs have."""
    both = pa.chunked_array([*pairs["left"].chunks, *pairs["right"].chunks], pa.string())
    places = _places(both, table)
    return places.slice(0, len(pairs)), places.slice(len(pairs))


def _places(record_ids: pa.ChunkedArray, table: pa.Table) -> pa.Array:
    """The rows of a table that have these record ids."""
    return one_array(pc.index_in(record_ids, value_set=one_array(table["record_id"])))


def _within(prepared: pa.Table, clusters: pa.Table) -> Iterator[pa.Table]:
    """Preprints and published versions, versions, deposited copies: ``LINKS`` without scores."""
    for papers in _members(prepared, clusters):
        found = (one for rows in papers for one in _manifestations(rows))
        yield _table(Link(*one, None) for one in found)


def _scores(links: pa.Table, decisions: pa.Table, clusters: pa.Table) -> pa.ChunkedArray:
    """Of each link, the score of the decision about its two records; null where there is none."""
    if not len(decisions):
        return pa.chunked_array([pa.nulls(len(links), LINKS.field("score").type)])
    wanted, known = (_as_numbers(pairs, clusters) for pairs in (links, decisions))
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known, wanted, sorter=order)
    found = order[np.minimum(place, len(order) - 1)]
    return decisions["score"].take(pa.array(found, mask=known[found] != wanted))


def _as_numbers(pairs: pa.Table, clusters: pa.Table) -> Ints:
    """A number for each pair of records, whichever of them is left."""
    sides = [np.asarray(side, dtype=np.int64) for side in _sides(pairs, clusters)]
    numbers: Ints = np.minimum(*sides) * len(clusters) + np.maximum(*sides)
    return numbers


#: What the form of a record is told by.
_OF_FORM = ("source", "venue_class", "arxiv_id", "dois")


def _members(prepared: pa.Table, clusters: pa.Table) -> Iterator[list[list[Row]]]:
    """The records, with their ``form``, of each paper that has several forms or arXiv records.

    Some papers at a time.
    """
    papers = one_array(clusters["cluster"]).dictionary_encode().indices
    codes = papers.take(_places(prepared["record_id"], clusters)).to_numpy()
    several = np.flatnonzero((np.bincount(codes) > 1)[codes])
    own = prepared.select(["record_id", *_OF_FORM]).take(pa.array(several))
    numbers = _forms(own)
    # Of two arXiv records, one may be a version of the other.
    arxiv = np.asarray(pc.equal(own["source"], "arxiv"))
    kinds = distinct(codes[several] * len(Form) + numbers) // len(Form)
    chosen = np.bincount(kinds, minlength=codes.max(initial=0) + 1) > 1
    chosen |= np.bincount(codes[several][arxiv], minlength=len(chosen)) > 1
    there = np.flatnonzero(chosen[codes[several]])
    for part in _whole_groups(codes[several][there]):
        some = there[part]
        found: dict[int, list[Row]] = {}
        rows = own.take(pa.array(some)).to_pylist()
        for row, place in zip(rows, some.tolist(), strict=True):
            form = _FORMS[numbers[place]]
            found.setdefault(codes[several[place]], []).append(row | {"form": form})
        yield [sorted(rows, key=lambda row: row["record_id"]) for rows in found.values()]


_FORMS = tuple(Form)


def _forms(records: pa.Table) -> Ints:
    """The number of the form of each record, a part of them at a time."""
    number_of = {form: number for number, form in enumerate(_FORMS)}
    numbers: list[int] = []
    for part in records.select(_OF_FORM).to_batches(max_chunksize=_PART):
        rows = zip(*(column.to_pylist() for column in part.columns), strict=True)
        numbers += (number_of[form_of(*row, workshop=False)] for row in rows)
    return np.array(numbers, dtype=np.int64)


#: Records, or pairs of them, that are plain values at a time.
_PART = 50_000


def _manifestations(rows: Sequence[Row]) -> Iterator[tuple[str, Relation, str, str]]:
    forms: dict[Form, list[Row]] = {}
    for row in rows:
        form = row["form"]
        forms.setdefault(Form.PUBLISHED if form in PUBLISHED else form, []).append(row)
    preprints, published = forms.get(Form.PREPRINT, []), forms.get(Form.PUBLISHED, [])
    for left, right in _across(preprints, published):
        yield left, Relation.IS_PREPRINT_OF, right, _PREPRINT
    copies = [row for row in forms.get(Form.OTHER, []) if row["dois"]]
    for left, right in _across(copies, published or preprints):
        yield left, Relation.IS_VERSION_OF, right, _COPY
    yield from _arxiv_versions(preprints)


def _across(lefts: Sequence[Row], rights: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Each record with each of the other side; where that is too many, with the first of it."""
    ours, theirs = ([row["record_id"] for row in side] for side in (lefts, rights))
    if len(ours) * len(theirs) <= _MOST:
        yield from product(ours, theirs)
    else:
        yield from ((left, theirs[0]) for left in ours)
        yield from ((ours[0], right) for right in theirs[1:])


#: Links of one kind within a paper: a paper of more has records without end, by some mistake.
_MOST = 2_500

_PREPRINT = "preprint of a paper that a publisher has"
_COPY = "deposited copy"
_VERSION = re.compile(r"(?P<name>.*\d)v(?P<number>\d+)")


def _arxiv_versions(preprints: Sequence[Row]) -> Iterator[tuple[str, Relation, str, str]]:
    """Records of arXiv about versions of one paper: the later is a version of the earlier."""
    versions: dict[str, list[tuple[int, str]]] = {}
    for row in preprints:
        if row["source"] == "arxiv" and (found := _VERSION.fullmatch(row["record_id"])):
            versions.setdefault(found["name"], []).append((int(found["number"]), row["record_id"]))
    for several in versions.values():
        ordered = sorted(several)
        for (number, earlier), (next_number, later) in pairwise(ordered):
            reason = f"versions {next_number} and {number} of one arXiv paper"
            yield later, Relation.IS_VERSION_OF, earlier, reason
