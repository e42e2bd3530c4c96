"""Which papers a list has already, under whatever name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rapidfuzz import fuzz

from medsafe_harvest.awesome.markdown import inline
from medsafe_harvest.awesome.papers import Listed
from medsafe_harvest.lists import Reading
from medsafe_harvest.lists.addresses import locate
from medsafe_harvest.normalize.ids import clean_doi, find_dois
from medsafe_harvest.normalize.text import comparison_form

_URL = re.compile(r"https?://[^\s<>\"'\])|\\^`]+", re.IGNORECASE)
_ARXIV = re.compile(r"(?<![0-9.])([0-9]{4}\.[0-9]{4,5})(?:v[0-9]+)?(?![0-9])")
_TARGET = re.compile(r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)")
_KINDS = ("arxiv_id", "doi", "pmid", "pmcid", "openreview_id")
#: Words of a title that may be looked for anywhere in the text; fewer are no title for sure.
_WORDS = 5
#: Two titles of the same numbers that are so alike are one; a slip of the pen is in it.
_ALIKE = 95


class Present:
    """The papers of a text; grows as papers are added."""

    def __init__(self, text: str, reading: Reading) -> None:
        self._text = text
        self._ids = set(_ids_in(text, reading))
        self._titles: set[str] = set()
        self._by_end: dict[str, set[str]] = {}
        for entry in reading.entries:
            if entry.title:
                self._add_title(comparison_form(entry.title))
        said = comparison_form(_TARGET.sub("]", text).replace("\\", "")).split()
        self._said = f" {' '.join(said)} "
        self._starts = {tuple(said[n : n + _WORDS]) for n in range(len(said) - _WORDS + 1)}

    def how(self, paper: Listed) -> str | None:
        """By what the list has a paper: an identifier or its title; None where it has it not."""
        for kind, value in sorted(paper.ids):
            if (kind, value.lower()) in self._ids:
                return f"{kind.removesuffix('_id')} {value}"
        form = comparison_form(paper.title)
        words = tuple(form.split())
        if form in self._titles:
            return "its title"
        if len(words) >= _WORDS and words[:_WORDS] in self._starts and f" {form} " in self._said:
            return "its title"
        if not paper.ids and len(words) < _WORDS and inline(paper.title) in self._text:
            return "its title"
        alike = self._alike(form, words)
        return f"a title much like it: {alike}" if alike else None

    def add(self, paper: Listed) -> None:
        """The list has the paper from now on."""
        self._ids |= {(kind, value.lower()) for kind, value in paper.ids}
        self._add_title(comparison_form(paper.title))

    def _add_title(self, form: str) -> None:
        self._titles.add(form)
        words = form.split()
        for end in (words[0], words[-1]) if words else ():
            self._by_end.setdefault(end, set()).add(form)

    def _alike(self, form: str, words: tuple[str, ...]) -> str | None:
        if len(words) < _WORDS:
            return None
        near = self._by_end.get(words[0], set()) | self._by_end.get(words[-1], set())
        numbers = re.findall(r"[0-9]+", form)
        for other in sorted(near):
            alike = fuzz.ratio(form, other, score_cutoff=_ALIKE) >= _ALIKE
            if alike and re.findall(r"[0-9]+", other) == numbers:
                return other
        return None


def _ids_in(text: str, reading: Reading) -> Iterator[tuple[str, str]]:
    """Identifiers anywhere in the text, also in comments and in what the reader leaves out."""
    for entry in reading.entries:
        for kind in _KINDS:
            value = getattr(entry, kind)
            if value:
                yield kind, value.lower()
    for url in set(_URL.findall(text)):
        for kind, value in zip(_KINDS, locate(url).ids, strict=True):
            if value:
                yield kind, value.lower()
    for found in _ARXIV.finditer(text):
        yield "arxiv_id", found[1]
    for doi in find_dois(text):
        yield "doi", (clean_doi(doi) or doi).lower()
