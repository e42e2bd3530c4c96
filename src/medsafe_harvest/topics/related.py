"""The papers nearest to each paper, and the words that make them near.

The score of two papers is the cosine of their ``weights``, in steps of a ten-thousandth. It depends
on which papers there are and when each was first seen, not on their order or on the runs before, so
a rebuild gives the same bytes as the nights before it.

Papers that have the weights that they had are not compared with each other again: of each, the
``KEEP`` nearest are known from the run before, the changed papers are compared with all, and only
where that leaves fewer than ``NEAREST`` sure ones a paper is compared with all anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from medsafe_harvest.schema import RELATED
from medsafe_harvest.topics import known
from medsafe_harvest.topics.known import KNOWN, Flags, Near, Old, rank_in
from medsafe_harvest.topics.terms import Ints, terms_of
from medsafe_harvest.topics.weights import (
    UNIT,
    Matrix,
    common,
    holders,
    marks,
    rarity,
    settled,
    weigh,
)

#: How many papers are told for each, how many are kept for the next run, how many terms are named.
NEAREST, KEEP, TERMS = 10, 20, 5
_READ = ["paper_id", "title", "abstract", "topics", "cites", "corpus_id", "first_seen"]
_BLOCK = 500
#: Steps of a score.
STEPS = 10_000

Vectors = npt.NDArray[np.float32]
_Dots = npt.NDArray[np.int64] | npt.NDArray[np.int32]


def text_of(title: str, abstract: str | None) -> str:
    """What a paper says of itself, as models of language are given it."""
    return f"{title}\n{abstract}" if abstract else title


def related(papers: pa.Table, vectors: Vectors | None = None) -> pa.Table:
    """The nearest papers of each, of ``schema.RELATED``, sorted by paper and rank.

    Args:
        papers: ``paper_id``, ``title``, ``abstract``, ``topics``, ``cites``, ``corpus_id`` and
            ``first_seen``, in any order.
        vectors: one row a paper, of any length but 0, from a model of language; their cosine is
            the score then, and the shared words only explain it.

    Raises:
        ValueError: there is not one vector a paper.
    """
    return update(papers, KNOWN.empty_table(), vectors).related


@dataclass(frozen=True, slots=True)
class Update:
    """The related papers, and what the next run may be given to save time."""

    #: ``schema.RELATED``, sorted by paper and rank.
    related: pa.Table
    #: ``known.KNOWN``.
    known: pa.Table


def update(papers: pa.Table, before: pa.Table, vectors: Vectors | None = None) -> Update:
    """The nearest papers of each, told again where nothing changed.

    Args:
        papers: as for :func:`related`.
        before: ``known`` of an update of other papers; it saves time, and changes nothing.
        vectors: as for :func:`related`; all is computed anew then.

    Raises:
        ValueError: as :func:`related`.
    """
    if vectors is not None and len(vectors) != len(papers):
        raise ValueError(f"{len(vectors)} vectors for {len(papers)} papers")
    order = np.argsort(np.array(papers["paper_id"].to_pylist(), dtype=object), kind="stable")
    table = papers.select(_READ).take(pa.array(order, pa.int64())).combine_chunks()
    terms = terms_of(table)
    of = settled(table["first_seen"].cast(pa.int32()).to_numpy().astype(np.int64))
    held = holders(terms, of)
    matrix, words = weigh(terms, rarity(held, len(table)), common(held, len(table)))
    signs = marks(matrix, words, terms)
    ids = table["paper_id"].combine_chunks()
    if vectors is None:
        near, everything = _updated(matrix, known.still_true(before, ids, signs))
    else:
        near = Near.joined(list(_nearest(None, _unit(vectors[order]), np.arange(len(ids)))))
        everything = np.zeros(len(ids), dtype=bool)
    best = near.best(NEAREST)
    named = _named(matrix, words, best, pa.array(terms.words, pa.string()))
    return Update(_table(ids, best, named), known.table(ids, signs, near, everything))


def _updated(matrix: Matrix, old: Old) -> tuple[Near, Flags]:
    """The nearest of each row, and whether these are all; those of some rows were known before."""
    found: list[Near] = []
    newcomers: list[Near] = []
    for near, others in _compared(matrix, np.flatnonzero(~old.same), old):
        found.append(near)
        newcomers.append(others)
    merged, unsure = known.merge(old, Near.joined(newcomers), KEEP, NEAREST)
    near = Near.joined([*found, merged, *_nearest(matrix, None, unsure)]).best(KEEP)
    everything = np.bincount(near.row, minlength=len(old.same)) < KEEP
    bounded = old.same & ~old.all
    bounded[unsure] = False
    return near, everything & ~bounded


def _compared(matrix: Matrix, rows: Ints, old: Old) -> Iterator[tuple[Near, Near]]:
    """The nearest of changed rows, and where these may be among the nearest of the same rows."""
    least, known_rows = _least(old.worst), bool(old.same.any())
    for block, dots in _blocks(matrix, None, rows):
        # Without anything known of them this is the dearest way to find nothing.
        hits = (dots >= least) & old.same if known_rows else np.zeros((0, 0), dtype=bool)
        places, same = np.nonzero(hits)
        scores = _steps(dots[places, same].astype(np.int64))
        yield _top(dots, block), Near(same, block[places], scores)


def _nearest(matrix: Matrix | None, vectors: Vectors | None, rows: Ints) -> Iterator[Near]:
    """The nearest of the rows, in blocks."""
    for block, dots in _blocks(matrix, vectors, rows):
        yield _top(dots, block)


def _blocks(
    matrix: Matrix | None, vectors: Vectors | None, rows: Ints
) -> Iterator[tuple[Ints, _Dots]]:
    """The products of some rows with all; 0 with themselves."""
    turned = None if matrix is None else matrix.T.tocsr()
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        if matrix is not None:
            dots: _Dots = (matrix[block] @ turned).toarray()
        else:
            assert vectors is not None
            scores = np.clip(vectors[block] @ vectors.T, 0, 1).astype(np.float64)
            dots = np.rint(scores * UNIT**2).astype(np.int64)
        dots[np.arange(len(block)), block] = 0
        yield block, dots


def _steps(dots: Ints) -> Ints:
    """Scores in steps, half a step rounded up."""
    return (dots * STEPS + UNIT**2 // 2) // UNIT**2


def _least(steps: Ints) -> Ints:
    """The least product whose score has so many steps."""
    return np.asarray(-((UNIT**2 // 2 - steps * UNIT**2) // STEPS))


def _top(dots: _Dots, block: Ints) -> Near:
    """The best of each row; equal scores by the order of the papers."""
    kept = min(KEEP, dots.shape[1])
    worst = np.partition(dots, -kept, axis=1)[:, -kept].astype(np.int64)
    # What rounds to the worst score kept is its equal.
    least = _least(np.maximum(_steps(worst), 1))
    places, others = np.nonzero(dots >= least[:, None])
    scores = _steps(dots[places, others].astype(np.int64))
    order = np.lexsort((others, -scores, places))
    places, others, scores = places[order], others[order], scores[order]
    keep = rank_in(places) < kept
    return Near(block[places[keep]], others[keep], scores[keep])


def best_of_one(dots: Ints, row: int) -> Near:
    """The nearest of one row, from its products with all rows; 0 with itself."""
    return _top(dots[None, :], np.array([row])).best(NEAREST)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _named(matrix: Matrix, words: Matrix, near: Near, names: pa.Array) -> pa.Array:
    """For each pair, the terms that gave most of its score, as the first paper calls them."""
    parts = [pa.array([], pa.list_(pa.string()))]
    for start in range(0, len(near.row), _BLOCK * NEAREST):
        rows, others = (side[start : start + _BLOCK * NEAREST] for side in (near.row, near.other))
        ours, theirs = matrix[rows], matrix[others]
        shared = ours.multiply(theirs).tocoo()
        called = words[rows].multiply(theirs.astype(bool).astype(np.int32)).tocoo()
        order = np.lexsort((shared.col, -shared.data, shared.row))
        pairs = shared.row[order].astype(np.int64)
        best = rank_in(pairs) < TERMS
        chosen = names.take(pa.array(called.data[order][best] - 1))
        counts = np.bincount(pairs[best], minlength=len(rows))
        offsets = pa.array(np.r_[0, np.cumsum(counts)].astype(np.int32))
        parts.append(pa.ListArray.from_arrays(offsets, chosen))
    return pa.concat_arrays(parts)


def _table(ids: pa.Array, near: Near, named: pa.Array) -> pa.Table:
    columns = [
        ids.take(pa.array(near.row)),
        ids.take(pa.array(near.other)),
        pa.array(rank_in(near.row) + 1, pa.int32()),
        pa.array(near.score / STEPS),
        named.cast(RELATED.field("terms").type),
    ]
    return pa.table(columns, schema=RELATED)
