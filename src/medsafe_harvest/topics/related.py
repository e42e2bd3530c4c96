"""The papers nearest to each paper, and the words that make them near.

Each paper is a row of weights, one a term: the words of its title and abstract by their stems (a
word of the title counts as three), its topics, and what it cites where that is known. A weight is
(1 + ln tf) ln((n + 1) / df), the row has length 1, and the score of two papers is the sum of the
products of what they share: the cosine of TF-IDF vectors (Salton and Buckley 1988, "Term-weighting
approaches in automatic text retrieval", doi:10.1016/0306-4573(88)90021-0).

The weights depend on the collection alone, not on its order or its history, so a rebuild gives the
same bytes as the nights before it. All pairs are computed anew each time, block by block.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp
import Stemmer

from medsafe_harvest.schema import RELATED

#: How many papers are kept for each, and how many terms are named.
NEAREST, TERMS = 10, 5
#: A word of the title, a topic and a reference count as so many words of the abstract.
_TITLE, _TOPIC, _REFERENCE = 3, 3, 3
#: A term in more than this part of all papers (and in more than so many) tells nothing, and is the
#: dearest to multiply; its weight stays in the length of the row.
_COMMON, _FEW = 0.1, 50
_BLOCK = 500
_DIGITS = 4
_WORD = re.compile(r"\w\w+")
_STOP = frozenset(
    "about above after all also although among an and any are as at based be because been being "  # noqa: SIM905 - a word list reads best as text
    "between both but by can could do does during each etc few for from further had has have here "
    "how however if in into is it its may more most no nor not of off on once only or other our "
    "over own same show shows shown so some such than that the their them then there these they "
    "this those through thus to too under until up use used using very via was we were what when "
    "where which while who why will with within without would you your paper propose "
    "proposed".split()
)

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """Papers by terms.

    Attributes:
        matrix: one row a paper, each of length 1 before too common terms were left out.
        terms: what each column is called.
    """

    matrix: sp.csr_array
    terms: tuple[str, ...]


def text_of(title: str, abstract: str | None) -> str:
    """What a paper says of itself, as models of language are given it."""
    return f"{title}\n{abstract}" if abstract else title


def related(
    papers: pa.Table,
    references: Sequence[Sequence[str]] | None = None,
    vectors: Vectors | None = None,
) -> pa.Table:
    """The nearest papers of each, of ``schema.RELATED``, sorted by paper and rank.

    Args:
        papers: ``paper_id``, ``title``, ``abstract`` and ``topics``, in any order.
        references: ids of what each paper cites, where that is known.
        vectors: one row a paper, of any length but 0, from a model of language; their cosine is
            the score then, and the shared words only explain it.

    Raises:
        ValueError: there is not one list of references, or not one vector, a paper.
    """
    if len(papers) != len(references if references is not None else papers):
        raise ValueError(f"{len(references or ())} lists of references for {len(papers)} papers")
    if vectors is not None and len(vectors) != len(papers):
        raise ValueError(f"{len(vectors)} vectors for {len(papers)} papers")
    ids = papers["paper_id"].to_pylist()
    order = sorted(range(len(ids)), key=ids.__getitem__)
    sorted_papers = papers.select(["title", "abstract", "topics"]).take(pa.array(order, pa.int64()))
    cited = [references[row] for row in order] if references is not None else None
    weights = weigh(sorted_papers, cited)
    dense = None if vectors is None else _unit(vectors[order])
    parts = [_rows(weights, *block) for block in _nearest(weights.matrix, dense)]
    names = pa.array([ids[row] for row in order], pa.string())
    tables = [_table(names, *part) for part in parts]
    return pa.concat_tables([RELATED.empty_table(), *tables]).combine_chunks()


def weigh(papers: pa.Table, references: Sequence[Sequence[str]] | None = None) -> Weights:
    """The weights of all papers, in their order; arguments as for :func:`related`."""
    columns: dict[str, int] = {}
    counts: list[int] = []
    places: list[int] = []
    ends = [0]
    texts = (papers[name].to_pylist() for name in ("title", "abstract", "topics"))
    for row, (title, abstract, topics) in enumerate(zip(*texts, strict=True)):
        features = Counter(_WORD.findall((abstract or "").lower()))
        for word in _WORD.findall(title.lower()):
            features[word] += _TITLE
        features.update(dict.fromkeys((f"topic:{topic}" for topic in topics), _TOPIC))
        if references is not None:
            features.update(dict.fromkeys((f"cites:{one}" for one in references[row]), _REFERENCE))
        places += [columns.setdefault(term, len(columns)) for term in features]
        counts += features.values()
        ends.append(len(places))
    where, often = np.array(places, dtype=np.int64), np.array(counts, dtype=np.float64)
    totals = np.bincount(where, often, len(columns)).astype(np.float64)
    stem_of, names = _stems(list(columns), totals)
    kept = stem_of[where]
    triple = (often, np.maximum(kept, 0), np.array(ends))
    triple[0][kept < 0] = 0
    matrix = sp.csr_array(triple, shape=(len(ends) - 1, max(len(names), 1)))
    return Weights(_weighted(matrix), names)


def _stems(
    words: list[str], counts: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Number of each word's stem (-1 for a word that tells nothing), and the stems' names.

    A stem is called after its commonest word; stems are numbered in the order of the alphabet.
    """
    telling = [word not in _STOP and not word.isdecimal() for word in words]
    # What is no word is left as it is.
    stemmed = Stemmer.Stemmer("english").stemWords(words)
    stems = [word if ":" in word else stem for word, stem in zip(words, stemmed, strict=True)]
    best: dict[str, tuple[float, str]] = {}
    for word, stem, count, tells in zip(words, stems, counts.tolist(), telling, strict=True):
        if tells:
            best[stem] = min(best.get(stem, (0.0, "")), (-count, word))
    numbers = {stem: number for number, stem in enumerate(sorted(best))}
    of = [numbers[stem] if tells else -1 for stem, tells in zip(stems, telling, strict=True)]
    return np.array(of, dtype=np.int64), tuple(best[stem][1] for stem in numbers)


def _weighted(counts: sp.csr_array) -> sp.csr_array:
    """TF-IDF with rows of length 1, less the terms that are in too many papers."""
    counts.sum_duplicates()
    counts.eliminate_zeros()
    total = counts.shape[0]
    holders = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log((total + 1) / np.maximum(holders, 1))
    counts.data = (1 + np.log(counts.data)) * rarity[counts.indices]
    lengths = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    counts.data /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(counts.indptr))
    common = holders > max(_FEW, _COMMON * total)
    counts.data[common[counts.indices]] = 0
    counts.eliminate_zeros()
    return counts.astype(np.float32)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _nearest(
    matrix: sp.csr_array, vectors: Vectors | None
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
    """Rows, their nearest rows, and the scores, in blocks; sorted by row and rank."""
    turned = matrix.T.tocsr()
    for start in range(0, matrix.shape[0], _BLOCK):
        stop = min(start + _BLOCK, matrix.shape[0])
        if vectors is None:
            scores = (matrix[start:stop] @ turned).toarray()
        else:
            scores = vectors[start:stop] @ vectors.T
        own = np.arange(start, stop)
        scores[own - start, own] = 0
        yield _top(np.clip(scores, 0, 1), start)


def _top(
    scores: Vectors, start: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The best of each row; equal scores, to the digits kept, by the order of the papers."""
    kept = min(NEAREST, scores.shape[1])
    worst = np.partition(scores, -kept, axis=1)[:, -kept]
    # What rounds to the worst score kept is its equal.
    lowest = np.maximum(worst - 10.0**-_DIGITS, 10.0**-_DIGITS / 2)
    rows, columns = np.nonzero(scores >= lowest[:, None])
    rounded = np.round(scores[rows, columns].astype(np.float64), _DIGITS)
    order = np.lexsort((columns, -rounded, rows))
    rows, columns, rounded = rows[order], columns[order], rounded[order]
    inside = _rank(rows) < kept
    keep = inside & (rounded > 0)
    return rows[keep] + start, columns[keep], rounded[keep]


def _rank(groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Place of each element in its group, from 0; the groups are sorted."""
    first = np.searchsorted(groups, groups, side="left")
    return np.arange(len(groups)) - first


def _rows(
    weights: Weights,
    rows: npt.NDArray[np.int64],
    others: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64], pa.Array]:
    """Add to each pair the terms that gave most of its score."""
    shared = weights.matrix[rows].multiply(weights.matrix[others]).tocoo()
    order = np.lexsort((shared.col, -np.round(shared.data, _DIGITS + 2), shared.row))
    pairs, terms = shared.row[order].astype(np.int64), shared.col[order]
    best = _rank(pairs) < TERMS
    names = pa.array(weights.terms, pa.string()).take(pa.array(terms[best]))
    counts = np.bincount(pairs[best], minlength=len(rows))
    offsets = pa.array(np.r_[0, np.cumsum(counts)].astype(np.int32))
    return rows, others, scores, pa.ListArray.from_arrays(offsets, names)


def _table(
    names: pa.Array,
    rows: npt.NDArray[np.int64],
    others: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float64],
    terms: pa.Array,
) -> pa.Table:
    columns = [
        names.take(pa.array(rows)),
        names.take(pa.array(others)),
        pa.array(_rank(rows) + 1, pa.int32()),
        pa.array(scores),
        terms.cast(RELATED.field("terms").type),
    ]
    return pa.table(columns, schema=RELATED)
