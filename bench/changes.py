"""How copies of one paper come to differ: each change as it is seen in lists of papers.

A change is a function of a :class:`Copy` and a source of chance; it gives the changed copy, or the
same one where it does not apply (a title without a subtitle cannot lose it).
"""

from __future__ import annotations

import random
import re
import string
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

#: Given and family names.
Name = tuple[str, str]

#: Venues as one source writes them and as another does.
VENUES: tuple[tuple[str, str], ...] = (
    ("Neural Information Processing Systems", "NeurIPS"),
    ("International Conference on Machine Learning", "ICML"),
    ("Computer Vision and Pattern Recognition", "CVPR"),
    ("Medical Image Computing and Computer-Assisted Intervention", "MICCAI"),
    ("IEEE Transactions on Medical Imaging", "IEEE Trans. Med. Imaging"),
    ("Medical Image Analysis", "Med. Image Anal."),
    ("Journal of Biomedical Informatics", "J. Biomed. Inform."),
    ("Physical Review Letters", "Phys. Rev. Lett."),
    ("Monthly Notices of the Royal Astronomical Society", "MNRAS"),
    ("Journal of High Energy Physics", "JHEP"),
    ("The Astrophysical Journal", "ApJ"),
    ("Nature Communications", "Nat. Commun."),
)


@dataclass(frozen=True, slots=True)
class Copy:
    """What one list says of a paper."""

    title: str
    names: tuple[Name, ...]
    #: How each name is written, a template of ``str.format`` with {given} and {family}.
    written: str
    year: int | None
    #: Day, where it is known.
    day: str | None
    venue: str | None
    volume: str | None
    pages: str | None
    doi: str | None
    arxiv_id: str | None

    @property
    def authors(self) -> tuple[str, ...]:
        """The names as they are written."""
        return tuple(
            self.written.format(given=given, family=family).strip(" ,")
            for given, family in self.names
        )


Change = Callable[[Copy, random.Random], Copy]


def case(copy: Copy, chance: random.Random) -> Copy:
    """Title in capitals, in lower case, or with a capital for each word."""
    how = chance.choice((str.upper, str.lower, string.capwords))
    return replace(copy, title=how(copy.title))


def punctuation(copy: Copy, chance: random.Random) -> Copy:
    """Hyphens and colons lost or replaced, or a full stop added."""
    how = chance.randrange(4)
    if how == 0:
        title = copy.title + "."
    elif how == 1:
        title = copy.title.replace("-", " ")
    elif how == 2:
        title = copy.title.replace(": ", " - ")
    else:
        title = re.sub(r"[:,;'\"()?!]", "", copy.title)
    return replace(copy, title=title)


#: Combining mark -> the accent of LaTeX.
_ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"'}


def latex(copy: Copy, chance: random.Random) -> Copy:
    """Accents as commands, and one word in braces, emphasised or as a formula."""
    words = [
        "".join(
            f"{{\\{_ACCENTS[mark]}{base}}}"
            if len(pair := unicodedata.normalize("NFD", letter)) > 1
            and (base := pair[0])
            and (mark := pair[1]) in _ACCENTS
            else letter
            for letter in word
        )
        for word in copy.title.split(" ")
    ]
    place = chance.randrange(len(words))
    words[place] = chance.choice(("{{{}}}", "\\emph{{{}}}", "$\\mathrm{{{}}}$")).format(
        words[place]
    )
    return replace(copy, title=" ".join(words))


def diacritics(copy: Copy, _: random.Random) -> Copy:
    """Marks on letters lost, in title and names."""
    names = tuple((_plain(given), _plain(family)) for given, family in copy.names)
    return replace(copy, title=_plain(copy.title), names=names)


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))


def subtitle(copy: Copy, _: random.Random) -> Copy:
    """What follows a colon lost, if three words stay and are lost, and no number of a part."""
    title, rest = (*copy.title.split(": ", 1), "")[:2]
    enough = min(len(title.split()), len(rest.split())) > 2
    return replace(copy, title=title) if enough and not _PART.search(rest) else copy


_PART = re.compile(r"(?:Part )?(?:I+|[0-9])$")


def typo(copy: Copy, chance: random.Random) -> Copy:
    """Two letters swapped, one lost, doubled, or another, within a word of five or more."""
    words = [found.span() for found in re.finditer(r"[^\W\d_]{5,}", copy.title)]
    if not words:
        return copy
    first, end = chance.choice(words)
    place = chance.randrange(first + 1, end - 1)
    letter, following = copy.title[place], copy.title[place + 1]
    other = chance.choice(string.ascii_lowercase)
    now = chance.choice((following + letter, following, 2 * letter + following, other + following))
    return replace(copy, title=copy.title[:place] + now + copy.title[place + 2 :])


def word_order(copy: Copy, chance: random.Random) -> Copy:
    """Two words that stand side by side swapped."""
    words = copy.title.split(" ")
    if len(words) < 4:
        return copy
    place = chance.randrange(len(words) - 1)
    words[place], words[place + 1] = words[place + 1], words[place]
    return replace(copy, title=" ".join(words))


def initials(copy: Copy, _: random.Random) -> Copy:
    """Given names as their first letters."""
    names = tuple(
        (" ".join(f"{part[0]}." for part in re.split(r"[\s.-]+", given) if part), family)
        for given, family in copy.names
    )
    return replace(copy, names=names)


def family_first(copy: Copy, _: random.Random) -> Copy:
    """``Family, Given``."""
    return replace(copy, written="{family}, {given}")


def swapped(copy: Copy, _: random.Random) -> Copy:
    """The family name first, and nothing to tell."""
    return replace(copy, written="{family} {given}")


def et_al(copy: Copy, _: random.Random) -> Copy:
    """Only the first author, and "et al."."""
    if len(copy.names) < 3:
        return copy
    return replace(copy, names=(copy.names[0], ("", "et al.")))


def cut(copy: Copy, chance: random.Random) -> Copy:
    """The last authors lost."""
    if len(copy.names) < 3:
        return copy
    return replace(copy, names=copy.names[: chance.randrange(1, len(copy.names))])


def year(copy: Copy, chance: random.Random) -> Copy:
    """A year earlier or later, as between a preprint and what is printed; the day is lost."""
    if copy.year is None:
        return copy
    return replace(copy, year=copy.year + chance.choice((-1, 1, 1)), day=None)


def abbreviation(copy: Copy, _: random.Random) -> Copy:
    """The venue abbreviated."""
    return replace(copy, venue=dict(VENUES).get(copy.venue or "", copy.venue))


def no_venue(copy: Copy, _: random.Random) -> Copy:
    """No venue, volume or pages."""
    return replace(copy, venue=None, volume=None, pages=None)


def no_authors(copy: Copy, _: random.Random) -> Copy:
    """Nobody named."""
    return replace(copy, names=())


def no_year(copy: Copy, _: random.Random) -> Copy:
    """No year and no day."""
    return replace(copy, year=None, day=None)


def no_doi(copy: Copy, _: random.Random) -> Copy:
    """No DOI."""
    return replace(copy, doi=None)


def no_arxiv(copy: Copy, _: random.Random) -> Copy:
    """No arXiv id."""
    return replace(copy, arxiv_id=None)


#: Each change with the share of copies that it is tried on, in the order in which they are.
CHANGES: dict[str, tuple[Change, float]] = {
    "no_arxiv": (no_arxiv, 0.5),
    "no_doi": (no_doi, 0.5),
    "no_venue": (no_venue, 0.4),
    "abbreviation": (abbreviation, 0.4),
    "subtitle": (subtitle, 0.1),
    "word_order": (word_order, 0.003),
    "typo": (typo, 0.02),
    "year": (year, 0.08),
    "no_year": (no_year, 0.02),
    "cut": (cut, 0.02),
    "et_al": (et_al, 0.02),
    "no_authors": (no_authors, 0.005),
    "initials": (initials, 0.3),
    "family_first": (family_first, 0.15),
    "swapped": (swapped, 0.01),
    "diacritics": (diacritics, 0.2),
    "punctuation": (punctuation, 0.12),
    "case": (case, 0.1),
    "latex": (latex, 0.02),
}
