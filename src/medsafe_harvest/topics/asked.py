"""The papers nearest to one of very many: its weights against those of all, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.schema import RELATED
from medsafe_harvest.topics.known import Near
from medsafe_harvest.topics.related import STEPS, TERMS, best_of_one
from medsafe_harvest.topics.terms import Ints, terms_of

#: Numbers of terms and their weights, a row a paper.
VECTORS = pa.schema(
    [
        pa.field("term", pa.list_(pa.int32()), nullable=False),
        pa.field("weight", pa.list_(pa.int32()), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Vectors:
    """The weights of all papers, in the order of their ids."""

    ids: pa.Array
    #: Of ``VECTORS``; files that are mapped, as a rule.
    batches: tuple[pa.RecordBatch, ...]
    terms: pa.Array

    def row(self, number: int) -> tuple[Ints, Ints]:
        """Terms and weights of one paper."""
        for batch in self.batches:
            if number < len(batch):
                sides = (batch.column(name)[number].values for name in VECTORS.names)
                term, weight = (side.to_numpy().astype(np.int64) for side in sides)
                return term, weight
            number -= len(batch)
        raise IndexError(number)


def nearest_to(number: int, paper: pa.Table, vectors: Vectors) -> pa.Table:
    """``schema.RELATED`` of one paper: the same as :func:`related.related` says of it.

    Args:
        number: its row.
        paper: its ``title``, ``abstract``, ``topics``, ``cites`` and ``corpus_id``, one row.
        vectors: of all papers.
    """
    term, weight = vectors.row(number)
    own = np.zeros(len(vectors.terms) + 1, dtype=np.int64)
    own[term] = weight
    dots = np.concatenate([_products(batch, own) for batch in vectors.batches])
    dots[number] = 0
    near = best_of_one(dots, number)
    called = _called(paper)
    names = [
        _shared(vectors.row(other), own, vectors.terms, called) for other in near.other.tolist()
    ]
    return _table(vectors.ids, near, names)


def _products(batch: pa.RecordBatch, own: Ints) -> Ints:
    """The products of all papers of a batch with one."""
    term, weight = (batch.column(name) for name in VECTORS.names)
    sums = np.r_[0, np.cumsum(own[term.flatten().to_numpy()] * weight.flatten().to_numpy())]
    ends = term.offsets.to_numpy() - term.offsets[0].as_py()
    return np.asarray(sums[ends[1:]] - sums[ends[:-1]], dtype=np.int64)


def _called(paper: pa.Table) -> Mapping[str, str]:
    """Term -> the word by which the paper calls it."""
    found = terms_of(paper)
    pairs = zip(found.term.tolist(), found.word.tolist(), strict=True)
    return {found.terms[term]: found.words[word] for term, word in pairs}


def _shared(
    other: tuple[Ints, Ints], own: Ints, terms: pa.Array, called: Mapping[str, str]
) -> list[str]:
    term, weight = other
    products = own[term] * weight
    order = np.lexsort((term, -products))
    best = [place for place in order[:TERMS].tolist() if products[place] > 0]
    return [called[terms[int(term[place])].as_py()] for place in best]


def _table(ids: pa.Array, near: Near, names: Iterable[list[str]]) -> pa.Table:
    columns = [
        ids.take(pa.array(near.row)),
        ids.take(pa.array(near.other)),
        pa.array(np.arange(1, len(near.row) + 1), pa.int32()),
        pa.array(near.score / STEPS),
        pa.array(names, RELATED.field("terms").type),
    ]
    return pa.table(columns, schema=RELATED)


def place_of(ids: pa.Array, paper_id: str) -> int:
    """The row of a paper that is there."""
    return int(pc.index(ids, paper_id).as_py())
