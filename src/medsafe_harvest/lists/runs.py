"""What a document is made of: blocks of runs of text. Nothing here knows what a paper is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from medsafe_harvest.lists.roles import Role

BlockKind = Literal["heading", "item", "row", "paragraph", "card", "code"]

#: Text of the run that stands for the end of a line that the author set.
HARD = "\n"
#: And for one that only the file has.
SOFT = "\v"


class Run(NamedTuple):
    """A piece of text.

    Attributes:
        text: as it stands; :data:`HARD` and :data:`SOFT` are ends of lines.
        line: where it stands.
        href: of the link that it is in.
        link: number of that link, so that the runs of one link can be told from those of the next.
        strong: in bold.
        slanted: in italics.
        image: it is the alternative text of an image.
        role: what the page's own markup says that it is.
    """

    text: str
    line: int
    href: str | None = None
    link: int = 0
    strong: bool = False
    slanted: bool = False
    image: bool = False
    role: Role | None = None


@dataclass(slots=True)
class Block:
    """One heading, list item, table row, paragraph or card.

    Attributes:
        kind: see :data:`BlockKind`.
        line: where its first run stands, or its element where it is empty.
        headings: above it, outermost first.
        level: of a heading, from 1.
        runs: of everything but a row.
        cells: of a row, each with its runs; a cell that spans rows is in each of them.
        header: the words of the table's head, a cell each; empty where the table has none.
        children: the items of lists inside an item.
    """

    kind: BlockKind
    line: int
    headings: tuple[str, ...] = ()
    level: int = 0
    runs: list[Run] = field(default_factory=list)
    cells: list[list[Run]] = field(default_factory=list)
    header: tuple[str, ...] = ()
    children: list[Block] = field(default_factory=list)


def text_of(runs: list[Run]) -> str:
    """The words of runs on one line, those of images left out."""
    return " ".join("".join(run.text for run in runs if not run.image).split())
