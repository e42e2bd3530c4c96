"""What a search by title is asked for papers that a list names by their title alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsafe_harvest.sources.base import KnownPaper

#: Identifiers that other look-ups ask for; who has one is not searched for by title.
_ASKED_BY_ID = frozenset(("arxiv", "doi", "pmid", "pmcid"))
#: Letters and digits; apostrophes and full stops inside a word (Alzheimer's, 2.5) belong to it.
_WORD = re.compile(r"[^\W_]+(?:['\u2019.][^\W_]+)*")
#: Characters: titles as short as "U-Net" stand in thousands of others.
_SHORTEST = 8
#: Characters: so much of a title names its paper, and addresses must not grow too long.
_LONGEST = 240


def question(title: str) -> str:
    """The words of a title in lower case, as they are asked for; empty where they say too little.

    Hyphens become blanks (a hyphenated word finds nothing at Semantic Scholar), and nothing is
    left that a query language knows: quotes, colons, operators in capitals.
    """
    words = " ".join(_WORD.findall(title.replace("\u2019", "'").lower()))
    if len(words) > _LONGEST:
        words = words[: _LONGEST + 1].rpartition(" ")[0] or words[:_LONGEST]
    return words if len(words) >= _SHORTEST else ""


def questions(papers: Sequence[KnownPaper]) -> list[str]:
    """What to ask for the papers of lists that nothing else was found for, each once."""
    asked = (
        question(paper.record.title)
        for paper in papers
        if paper.is_listed
        and paper.is_alone
        and _ASKED_BY_ID.isdisjoint(kind for kind, _ in paper.record.identifiers)
    )
    return [one for one in dict.fromkeys(asked) if one]
