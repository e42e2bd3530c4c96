r"""BibTeX and biblatex: one file that ``bibtex`` and ``biber`` both read.

Types are article, inproceedings and misc; arXiv papers have ``eprint``, ``archiveprefix`` and
``primaryclass`` as arXiv itself writes them. ``ids`` gives biblatex the paper's ids as further
keys, so ``\cite`` of a ``paper_id`` works for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from medsafe_harvest.export import latex
from medsafe_harvest.export.latex import Escape
from medsafe_harvest.export.works import Kind, Person, Work

_TYPES = {
    Kind.ARTICLE: "article",
    Kind.CONFERENCE: "inproceedings",
    Kind.PREPRINT: "misc",
    Kind.OTHER: "misc",
}
_CONTAINERS = {
    Kind.ARTICLE: "journal",
    Kind.CONFERENCE: "booktitle",
    Kind.PREPRINT: "howpublished",
    Kind.OTHER: "howpublished",
}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905 - a word list reads best as text
#: What parts names from each other, and a name in its parts.
_AND = re.compile(r"(?:^|\s)and(?=\s|$)", re.IGNORECASE)
#: An escape that is not in braces yet.
_SIGN = re.compile(r"\\[$&#%_]")
#: What would break an entry within a field that is read letter by letter.
_BREAKING = re.compile(r"[{}\\]")


def entry(work: Work, *, ascii_only: bool = False) -> str:
    """One entry, with an empty line behind it.

    Args:
        work: the paper.
        ascii_only: accents and signs as LaTeX commands, for bibtex without UTF-8.
    """
    escape: Escape = latex.escape_to_ascii if ascii_only else latex.escape
    fields = "".join(f"  {name} = {value},\n" for name, value in _fields(work, escape))
    return f"@{_TYPES[work.kind]}{{{work.key},\n{fields}}}\n\n"


def _fields(work: Work, escape: Escape) -> Iterator[tuple[str, str]]:
    """Names and values, these in their braces."""

    def text(name: str, value: str | None) -> Iterator[tuple[str, str]]:
        if value:
            yield name, f"{{{escape(value)}}}"

    yield "title", f"{{{latex.title(work.title, escape)}}}"
    if work.people:
        yield "author", f"{{{' and '.join(name(person, escape) for person in work.people)}}}"
    if not (work.kind is Kind.PREPRINT and work.arxiv_id):  # there eprint says it
        yield from text(_CONTAINERS[work.kind], work.container)
    if work.year:
        yield "year", f"{{{work.year}}}"
    if work.month:
        yield "month", _MONTHS[work.month - 1]
    yield from text("volume", work.volume)
    yield from text("number", work.issue)
    yield from text("pages", work.pages and work.pages.replace("-", "--"))
    yield from _identifiers(work)
    yield from text("keywords", ", ".join(work.keywords))
    yield from text("abstract", work.abstract)
    if note := ". ".join([*map(escape, work.warnings), *map(_code, work.code)]):
        yield "note", f"{{{note}}}"


def _identifiers(work: Work) -> Iterator[tuple[str, str]]:
    """What biblatex reads letter by letter, so nothing is escaped; nor has it a brace."""
    if work.doi:
        yield "doi", f"{{{_verbatim(work.doi)}}}"
    if work.arxiv_id:
        yield "eprint", f"{{{work.arxiv_id}}}"
        yield "archiveprefix", "{arXiv}"
        if work.arxiv_class:
            yield "primaryclass", f"{{{work.arxiv_class}}}"
    if work.pmid:
        yield "pmid", f"{{{work.pmid}}}"
    if work.url:
        yield "url", f"{{{work.url}}}"
    yield "ids", f"{{{','.join((work.paper_id, *work.former_ids))}}}"


def _verbatim(text: str) -> str:
    return _BREAKING.sub(lambda sign: f"%{ord(sign[0]):02X}", text)


def _code(url: str) -> str:
    r"""The address within ``\url``, where % and # take a backslash."""
    inside = url.replace("%", r"\%").replace("#", r"\#")
    return rf"Code: \url{{{inside}}}"


def name(person: Person, escape_text: Escape) -> str:
    """A name as BibTeX parts it: ``van der Berg, Jr., Jan``; one in braces is left whole."""

    def escape(text: str) -> str:
        # Some readers take the word behind a bare ``\\&`` for a part of it.
        return _SIGN.sub(r"{\g<0>}", escape_text(text))

    if person.is_group:
        whole = escape(person.family)
        needs_braces = " " in person.family or "," in person.family or _is_odd(person.family)
        return f"{{{whole}}}" if needs_braces else whole
    family = _part(person.family, escape)
    if person.particle:
        family = f"{_part(person.particle, escape)} {family}"
    elif any(word[0].islower() for word in person.family.split(" ")[:-1]):
        family = f"{{{escape(person.family)}}}"  # or "y" of "Ortega y Gasset" were a particle
    parts = (family, *(_part(one, escape) for one in (person.suffix, person.given) if one))
    return ", ".join(parts)


def _part(text: str, escape: Escape) -> str:
    return f"{{{escape(text)}}}" if "," in text or _is_odd(text) else escape(text)


def _is_odd(text: str) -> bool:
    """Whether BibTeX would read a word as the end of the name, or as "et al."."""
    return bool(_AND.search(text)) or text.casefold() == "others"
