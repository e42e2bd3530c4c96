"""The terms of papers: words of title and abstract by their stems, topics, what is cited.

A paper stands among what it cites itself, so that it shares a term with each paper that cites it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import Stemmer

#: Before the corpus id of a paper that is cited.
CITES = "cites:"
#: A word of the title and a topic count as so many words of the abstract.
_TITLE, _TOPIC = 3, 3
#: A paper itself counts as so many of its references.
_ITSELF = 3
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

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Terms:
    """What papers say, an entry for each term of a paper.

    Attributes:
        ends: where the entries of each paper begin, and where those of the last end.
        term: number of the term of each entry, ascending in a paper.
        count: how often the paper has it.
        word: number of the word by which the paper calls it.
        terms: the terms, sorted.
        words: the words.
        cited: whether each term is a paper: one that is cited, or the paper itself.
    """

    ends: Ints
    term: Ints
    count: Ints
    word: Ints
    terms: tuple[str, ...]
    words: tuple[str, ...]
    cited: npt.NDArray[np.bool_]


def terms_of(papers: pa.Table) -> Terms:
    """The terms of papers, in their order.

    Args:
        papers: ``title``, ``abstract``, ``topics``, ``cites`` and ``corpus_id``.
    """
    # A word that is met for the first time takes the next number.
    columns: defaultdict[str, int] = defaultdict(count().__next__)
    counts: list[int] = []
    places: list[int] = []
    lengths: list[int] = []
    read = ("title", "abstract", "topics", "cites", "corpus_id")
    columns_read = (papers[name].to_pylist() for name in read)
    for title, abstract, topics, cites, own in zip(*columns_read, strict=True):
        said = Counter(_WORD.findall((abstract or "").lower()))
        for word in _WORD.findall(title.lower()):
            said[word] += _TITLE
        said.update(dict.fromkeys((f"topic:{topic}" for topic in topics), _TOPIC))
        said.update(f"{CITES}{one}" for one in cites)
        if own is not None:
            said[f"{CITES}{own}"] += _ITSELF
        places += map(columns.__getitem__, said)
        counts += said.values()
        lengths.append(len(said))
    words = list(columns)
    stem_of, stems = _stems(words)
    return _united(
        np.repeat(np.arange(len(lengths)), lengths),
        (np.array(places, dtype=np.int64), np.array(counts, dtype=np.int64)),
        (stem_of, stems, words),
        len(lengths),
    )


def _stems(words: list[str]) -> tuple[Ints, tuple[str, ...]]:
    """Number of each word's stem (-1 for a word that tells nothing), and the stems, sorted."""
    # What is no word is left as it is.
    stemmed = Stemmer.Stemmer("english").stemWords(words)
    stems = [
        None if word in _STOP or word.isdecimal() else word if ":" in word else stem
        for word, stem in zip(words, stemmed, strict=True)
    ]
    names = tuple(sorted({stem for stem in stems if stem is not None}))
    numbers = {stem: number for number, stem in enumerate(names)}
    return np.array([-1 if s is None else numbers[s] for s in stems], dtype=np.int64), names


def _united(
    rows: Ints,
    said: tuple[Ints, Ints],
    known: tuple[Ints, tuple[str, ...], list[str]],
    papers: int,
) -> Terms:
    """The words of a paper that have one stem as one entry, named after the commonest of them."""
    place, often = said
    stem_of, stems, words = known
    in_order = np.empty(len(words), dtype=np.int64)
    in_order[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
    term = stem_of[place] if len(place) else place
    keep = term >= 0
    rows, place, often, term = rows[keep], place[keep], often[keep], term[keep]
    order = np.lexsort((in_order[place] if len(place) else place, -often, term, rows))
    rows, place, often, term = rows[order], place[order], often[order], term[order]
    new = np.r_[True, (term[1:] != term[:-1]) | (rows[1:] != rows[:-1])][: len(term)]
    first = np.flatnonzero(new)
    total = np.add.reduceat(often, first) if len(first) else often
    lengths = np.bincount(rows[first], minlength=papers)
    return Terms(
        ends=np.r_[0, np.cumsum(lengths)],
        term=term[first],
        count=total,
        word=place[first],
        terms=stems,
        words=tuple(words),
        cited=np.array([stem.startswith(CITES) for stem in stems], dtype=bool),
    )
