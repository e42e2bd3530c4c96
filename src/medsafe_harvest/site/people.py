"""Authors by name: whose papers share a page.

Names are all that is known: two people of one name share a page, and one person under two names
has two. Only accents, case and punctuation are ignored.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.normalize.text import comparison_form
from medsafe_harvest.site.catalogue import Groups, Rows

_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Person:
    """A name with a page."""

    slug: str
    #: As most papers spell it.
    name: str
    #: Places of the papers, the newest first.
    papers: Rows


@dataclass(frozen=True, slots=True)
class People:
    """All names that have a page."""

    by_slug: Mapping[str, Person]
    #: Spelling, as in :func:`_spelling` -> slug.
    _slugs: Mapping[str, str]

    def slug(self, author: Mapping[str, str | None]) -> str | None:
        """The page of an author as a paper has them; None where there is none.

        Args:
            author: of ``schema.AUTHOR``.
        """
        return self._slugs.get(_spelling(author))

    def __iter__(self) -> Iterator[Person]:
        return iter(self.by_slug.values())

    def __len__(self) -> int:
        return len(self.by_slug)


def people(papers: pa.Table, least: int) -> People:
    """The names under which there are at least so many papers.

    Args:
        papers: with the column ``authors``, the newest first.
        least: number of papers.
    """
    lists = papers["authors"].combine_chunks()
    flat = lists.flatten()
    spelled = pc.coalesce(
        pc.binary_join_element_wise(flat.field("given"), flat.field("family"), " "),
        flat.field("name"),
    ).dictionary_encode()
    spellings: list[str] = spelled.dictionary.to_pylist()
    keys = [_key(one) for one in spellings]
    number = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    of_spelling = np.array([number[key] for key in keys], dtype=np.int64)
    indices = spelled.indices.to_numpy()
    rows = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    found = Groups.of(of_spelling[indices], rows, len(number))
    used = Groups.of(of_spelling[indices], indices.astype(np.int64), len(number))
    enough = np.flatnonzero(found.sizes() >= least)
    names = list(number)
    by_slug: dict[str, Person] = {}
    for place in enough.tolist():
        own = np.unique(found[place])  # once, where a paper names somebody twice
        if names[place] and len(own) >= least:
            slug = _slug(names[place])
            by_slug[slug] = Person(slug, _usual(used[place].tolist(), spellings), own)
    return People(
        {slug: by_slug[slug] for slug in sorted(by_slug)},
        {
            spelling: slug
            for spelling, key in zip(spellings, keys, strict=True)
            if key and (slug := _slug(key)) in by_slug
        },
    )


def _usual(used: Sequence[int], spellings: Sequence[str]) -> str:
    """The most frequent spelling; of equals that with most accents and hyphens."""
    counts = Counter(spellings[one] for one in used)
    plain = {name: sum(letter.isascii() and letter != "-" for letter in name) for name in counts}
    return min(counts, key=lambda name: (-counts[name], plain[name] - len(name), name))


def _spelling(author: Mapping[str, str | None]) -> str:
    if author["given"] and author["family"]:
        return f"{author['given']} {author['family']}"
    return author["name"] or ""


def _key(name: str) -> str:
    return comparison_form(name)


def _slug(key: str) -> str:
    """A file name made of a key; scripts that a file name should not have become a digest."""
    slug = key.replace(" ", "-")
    if slug.isascii() and slug.replace("-", "").isalnum() and len(slug) <= _LONGEST:
        return slug
    return f"x-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
