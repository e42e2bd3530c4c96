"""How much each term of a paper weighs, in whole numbers.

A weight is (1 + ln tf) r, where r is how rare the term is, and the weights of a paper have length 1
before the terms that too many papers have are left out: the cosine of two papers is the sum of the
products of what they share (Salton and Buckley 1988, "Term-weighting approaches in automatic text
retrieval", doi:10.1016/0306-4573(88)90021-0).

Words and topics are one part of a paper, what it cites the other (bibliographic coupling, Kessler
1963, doi:10.1002/asi.5090140103). Each has a length of its own, so that fifty references do not
drown the words: the cosine of two papers is (1 - s) that of their words + s that of their
references, s being ``_SHARE``. Of a paper whose references are not known the words are the whole,
and its score with one whose references are known is sqrt(1 - s) the cosine of their words.

A paper counts among its own references, so that one that cites it shares a reference with it. Where
its references are not known it stands beside its words, of length 1, with about the weight that it
has among forty references (``_ALONE``). No score passes 1 by that: only who cites it has it too.

Two things keep a new paper from changing every weight a little. Rarity is counted among the papers
that were seen first, between half of all papers and all of them: those up to the day on which there
were a power of two. And it comes in steps, half a unit of ln(n / df) wide, n being the next power
of two. So it depends on which papers there are and when each was first seen, and on nothing else.

Weights are whole numbers (``UNIT`` is 1), so that sums do not depend on their order.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from medsafe_harvest.topics.terms import Ints, Terms

#: The weight 1; its square fits into 32 bits, as do sums of products.
UNIT = 1 << 14
#: A term in more than this part of the papers counted (and in more than so many) tells nothing,
#: and is the dearest to multiply.
_COMMON, _FEW = 0.1, 50
_STEP = 0.5
#: Part of the score that is due to references.
_SHARE = 0.3
#: Square of the weight of a paper itself whose references are not known.
_ALONE = 0.03

Matrix: TypeAlias = sp.csr_array


def settled(first_seen: Ints) -> npt.NDArray[np.bool_]:
    """The papers among which rarity is counted.

    Args:
        first_seen: number of the day on which each paper was first seen.
    """
    if not len(first_seen):
        return np.zeros(0, dtype=bool)
    power = 1 << (len(first_seen).bit_length() - 1)
    return np.asarray(first_seen <= np.partition(first_seen, power - 1)[power - 1])


def rarity(holders: Ints, papers: int) -> npt.NDArray[np.float64]:
    """How rare terms are; 0 for those that too many papers have.

    Args:
        holders: settled papers that have each term.
        papers: how many there are in all.
    """
    power = 1 << papers.bit_length()
    steps = np.floor(np.log(power / np.maximum(holders, 1)) / _STEP)
    return np.asarray((steps + 0.5) * _STEP)


def common(holders: Ints, papers: int) -> npt.NDArray[np.bool_]:
    """Which terms too many papers have; arguments as for :func:`rarity`."""
    return np.asarray(holders > max(_FEW, _COMMON * (1 << papers.bit_length()) / 2))


def weigh(
    terms: Terms, rare: npt.NDArray[np.float64], left_out: npt.NDArray[np.bool_]
) -> tuple[Matrix, Matrix]:
    """Weights, and the numbers of the words plus 1 at the same places: papers by terms."""
    rows = len(terms.ends) - 1
    raw = (1 + np.log(terms.count)) * rare[terms.term] if len(terms.term) else np.zeros(0)
    # Of two parts a paper: its words, and what it cites.
    part = 2 * np.repeat(np.arange(rows), np.diff(terms.ends)) + terms.cited[terms.term]
    squares = np.bincount(part, raw**2, minlength=2 * rows)
    both = np.all(squares.reshape(rows, 2) > 0, axis=1, keepdims=True)
    alone = np.asarray(np.bincount(part, minlength=2 * rows)[1::2] == 1)
    share = np.where(alone[:, None], [1, _ALONE], [1 - _SHARE, _SHARE])
    share = np.where(both, share, 1).ravel()
    whole = np.rint(raw / np.sqrt(squares / share)[part] * UNIT).astype(np.int32)
    keep = (whole > 0) & ~left_out[terms.term]
    ends = np.r_[0, np.cumsum(np.bincount(part[keep] // 2, minlength=rows))]
    shape = (rows, max(len(terms.terms), 1))
    columns = terms.term[keep].astype(np.int32)
    words = (terms.word[keep] + 1).astype(np.int32)
    return (
        sp.csr_array((whole[keep], columns, ends.astype(np.int32)), shape=shape),
        sp.csr_array((words, columns, ends.astype(np.int32)), shape=shape),
    )


def holders(terms: Terms, of: npt.NDArray[np.bool_]) -> Ints:
    """How many of the papers chosen have each term."""
    entries = np.repeat(of, np.diff(terms.ends))
    found = np.bincount(terms.term[entries], minlength=max(len(terms.terms), 1))
    return np.asarray(found, dtype=np.int64)


def marks(matrix: Matrix, words: Matrix, terms: Terms) -> npt.NDArray[np.uint64]:
    """Two numbers a paper that tell whether any of its weights or words changed."""
    of_term, of_word = _hashes(terms.terms), _hashes(terms.words)
    weight = matrix.data.astype(np.uint64)[:, None] * np.uint64(2) + np.uint64(1)
    mixed = of_term[matrix.indices] * weight + of_word[words.data - 1]
    sums = np.zeros((matrix.shape[0], 2), dtype=np.uint64)
    full = np.flatnonzero(np.diff(matrix.indptr))
    if len(full):
        sums[full] = np.add.reduceat(mixed, matrix.indptr[full], axis=0)
    return sums


def _hashes(names: tuple[str, ...]) -> npt.NDArray[np.uint64]:
    digests = b"".join(
        hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        for name in names
    )
    return np.frombuffer(digests, dtype="<u8").reshape(-1, 2)
