"""What reading a list gives: its entries, and what was left out with the reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Literal

#: Why something that looks like an entry is none.
#:
#: ``repository``   links to code, models or data only, under no title of a paper
#: ``media``        a talk, video, blog post, course or other page that is no paper
#: ``prose``        a link to a paper in running text, without the paper's title
#: ``no_paper``     a link or line without any sign of a paper: no identifier, year or venue
#: ``code_block``   a link to a paper in a block of code, where citations and templates stand
Reason = Literal["repository", "media", "prose", "no_paper", "code_block"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper as a list names it; the attributes are the keys of the JSON output.

    Attributes:
        title: without markup, marks and labels; None where only a link names the paper.
        year: as the list says it, never guessed from an identifier.
        venue: the list's words for it, without the year.
        url: the link to the paper, as written but for white space; None where there is none.
        arxiv_id: without version.
        doi: in lower case.
        pmid: digits.
        pmcid: ``PMC`` and digits.
        openreview_id: of the paper's forum.
        code: links to its repositories, canonical, sorted.
        headings: from the outermost to the nearest one above the entry.
        line: 1-based line of the file on which the entry begins. lxml counts to 65,535.
    """

    title: str | None
    year: int | None
    venue: str | None
    url: str | None
    arxiv_id: str | None
    doi: str | None
    pmid: str | None
    pmcid: str | None
    openreview_id: str | None
    code: tuple[str, ...]
    headings: tuple[str, ...]
    line: int

    def plain(self) -> dict[str, Any]:
        """The entry as JSON has it."""
        return {**asdict(self), "code": list(self.code), "headings": list(self.headings)}

    @property
    def identified(self) -> bool:
        """Whether an identifier names the paper."""
        return any((self.arxiv_id, self.doi, self.pmid, self.pmcid, self.openreview_id))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something with a link or a title that is no entry.

    Attributes:
        reason: see :data:`Reason`.
        line: 1-based, where it begins.
        text: its first words, on one line.
        url: its first link.
    """

    reason: Reason
    line: int
    text: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a list says, in the order of the file."""

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]

    def why_left_out(self) -> dict[Reason, int]:
        """How many were left out, by reason, the commonest first."""
        return dict(Counter(one.reason for one in self.left_out).most_common())
