"""Withdrawn papers, told by the comment or the abstract, for the APIs have no flag for them."""

from __future__ import annotations

import re

_WORK = r"(?:paper|article|manuscript|submission|preprint|work|version|thesis|report|note|draft)"
_DONE = r"(?:withdrawn|retracted|withdrawed)"
#: "This paper has been withdrawn", "the submission is being retracted".
_SENTENCE = re.compile(
    rf"\b(?:this|the|our|my)\s+(?:\w+\s+)?{_WORK}(?:\s+(?:\w+:)?[\w./-]+)?"
    rf"\s+(?:has|have|had|is|was|were|will)\s+(?:\w+\s+)?(?:been\s+|being\s+|be\s+)?{_DONE}\b",
    re.IGNORECASE,
)
#: "Withdrawn by the authors due to an error"; never "withdrawn from the market".
_BY_AUTHOR = re.compile(
    rf"\b{_DONE}\s+(?:by|at the request of)\s+(?:the\s+|its\s+|all\s+)?"
    r"(?:authors?|submitters?|arxiv|journal|publisher|editors?)\b",
    re.IGNORECASE,
)
_AUTHORS_DO = re.compile(
    rf"\b(?:i|we|(?:the\s+)?authors?)\s+(?:(?:have|has|wish(?:es)?\s+to|would\s+like\s+to|hereby"
    rf"|decided\s+to|want\s+to)\s+)*(?:withdr[ae]w|withdrawn|retract(?:ed)?)\s+"
    rf"(?:(?:this|the|our|their|its)\s+(?:\w+\s+)?{_WORK}|it)\b",
    re.IGNORECASE,
)
#: A comment that begins with the word, or says it of itself; not about a drug or another journal.
_COMMENT = re.compile(
    rf"^\W*(?:(?:temporarily|now)\s+)?(?:{_WORK}\s+)?{_DONE}\b(?!\s+(?:from\s|drugs?|consent))"
    rf"|\b{_DONE}(?:\s+(?:due\s+to|because)\b|[.!;)]*$)"
    rf"|\b(?:withdraw(?:n|ing)?|retracted)\s+(?:\w+\s+)?from\s+(?:the\s+)?(?:arxiv|archive)\b"
    rf"|^\W*withdrawing\b",
    re.IGNORECASE,
)


def says_withdrawn(comment: str | None, abstract: str | None) -> bool:
    """Whether the comment or the abstract says that this very paper was withdrawn or retracted.

    Patients who withdrew consent, drug withdrawal, products withdrawn from the market and
    studies about retracted papers do not count.
    """
    if comment and (_COMMENT.search(comment) or _says_so(comment)):
        return True
    return bool(abstract) and _says_so(abstract or "")


def _says_so(text: str) -> bool:
    if "withdr" not in text.lower() and "retract" not in text.lower():
        return False
    return any(pattern.search(text) for pattern in (_SENTENCE, _BY_AUTHOR, _AUTHORS_DO))
