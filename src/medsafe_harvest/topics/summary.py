"""A short summary of each paper: Semantic Scholar's, or the most telling sentences of its abstract.

The sentences are scored by what they say they are: the contribution, a result, background. Weights
were set by hand on abstracts of medical machine learning; ``docs/how-to/related-and-summaries.md``
says how it works.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from medsafe_harvest.topics.sentences import sentences

# Every pattern reads lower case.

#: Characters that the sentences of a summary may have together; the first may be longer.
MOST = 400
#: Where even a single sentence is cut.
_LONGEST = 600
_SENTENCES = 3

_DO = (
    r"(?:propos|present|introduc|develop|design|describ|conduct|investigat|stud(?:y|ie)|evaluat"
    r"|benchmark|explor|examin|analy[sz]|address|formulat|construct|creat|releas|releas|review|survey"
    r"|provid|build|built|compar|assess|devis|systematicall?y|offer|establish|aim|leverag|quantif|ask"
    r"|trained|train\b|re-?examin|re-?visit|report|perform|apply|applied|appl|curat|collect|argu)\w*"
)
_CONTRIBUTION = re.compile(
    rf"\b(?:we|authors|i)\b(?:\s+(?:\w+ly|also|then|first|here|thus|further|have|therefore|now|,))*"
    rf"\s+{_DO}"
    rf"|\b(?:this|the present|the current|our)\s+(?:\w+\s+)?(?:paper|work|study|article|review"
    rf"|survey|thesis|report|manuscript|research|project|tutorial|chapter|perspective|letter)\s+"
    rf"(?:\w+ly\s+)?(?:is|was|{_DO})"
    rf"|\b(?:is|are|was|were)\s+(?:proposed|presented|introduced|developed)\b"
    rf"|\bin\s+th(?:is|e present)\s+(?:paper|work|study|article|review|survey|report|letter)\b"
    rf"|^(?:purpose|objectives?|aims?|goal|methods?(?:\s+and\s+\w+)?)\s*[:.\u2014-]"
)
_STRONG = re.compile(r"\b(?:propos|introduc|present|novel|first)\w*\b", re.IGNORECASE)
_RESULT = re.compile(
    r"\b(?:outperform|achiev|improv|surpass|exceed|superior|reduc(?:es|ed|ing|tion)|state-of-the-art"
    r"|attain|yield|comparable)\w*"
    r"|\b(?:results?|experiments?|findings?|evaluations?|analys[ie]s|evidence)\b(?:\s+[\w-]+){0,6}?\s+"
    r"(?:show|demonstrat|indicat|suggest|reveal|confirm|highlight|support|prov)\w*"
    r"|\bwe\b(?:\s+(?:\w+ly|also|further|then))*\s+(?:show|found|find|demonstrat|observ|reveal|identif"
    r"|conclud|confirm|prov(?:e|ed)\b)\w*"
    r"|^(?:results?|findings|conclusions?|interpretation)\s*[:.\u2014-]"
)
_MEASURE = re.compile(
    r"\d\s*\\?%|\b0?\.\d{2,}|\b(?:auc|auroc|auprc|dice|f1|accuracy|sensitivity|specificity|recall"
    r"|c-index|ece|kappa)\b"
)
_BACKGROUND = re.compile(
    r"^(?:recent(?:ly)?|in recent|over the|traditional|conventional|existing|current|previous|prior"
    r"|background|introduction|motivation|with the|despite|although|while|however"
    r"|deep learning (?:has|have)|there (?:is|are|has)"
    r"|due to|many|most|several|accurate|early)\b"
    r"|\b(?:remains?|has become|have become|is crucial|is essential|is critical"
    r"|is a (?:challeng|major|leading|common)\w*|are limited|widely used|limitations? of|has been"
    r"|have been|it is important)\b"
)
_OFFER = re.compile(
    r"\b(?:codes?|data(?: ?sets?)?|models?|implementation|software)\b[^.]{0,60}\b"
    r"(?:available|released|found|accessed)\b"
)
_ASIDES = (
    "http",
    "github",
    "project page",
    "\u00a9",
    "copyright",
    "trial registration",
    "future work",
)
_LEANS = re.compile(
    r"^(?:moreover|furthermore|additionally|in addition|besides|also|then|thus|hence|therefore"
    r"|these|this|such|they|it|its|their|specifically|second(?:ly)?|third(?:ly)?|next|finally|similarly|for"
    r" (?:example|instance)|in contrast|meanwhile|to (?:this end|address this|do so))\b"
)


class Summary(NamedTuple):
    """A summary and where it is from: ``tldr`` or ``abstract``; None and None where neither is."""

    text: str | None
    origin: str | None


def summary_columns(abstracts: pa.ChunkedArray, tldrs: pa.ChunkedArray) -> pa.RecordBatch:
    """Columns ``summary`` and ``summary_from`` of ``schema.PAPER``, one row a paper."""
    texts = zip(abstracts.to_pylist(), tldrs.to_pylist(), strict=True)
    made = [summarize(abstract, tldr) for abstract, tldr in texts]
    columns = [pa.array([one[part] for one in made], pa.string()) for part in (0, 1)]
    return pa.RecordBatch.from_arrays(columns, ["summary", "summary_from"])


class _Rated(NamedTuple):
    text: str
    place: int
    contribution: float
    result: float

    @property
    def best(self) -> float:
        return max(self.contribution, self.result)


def summarize(abstract: str | None, tldr: str | None) -> Summary:
    """The tldr where there is one, else one to three sentences of the abstract, in its order.

    The sentence that best says what was done is taken first, then the one that best says what came
    out, then the next best that tells something, while they stay within ``MOST`` characters.
    """
    if tldr and tldr.strip():
        return Summary(tldr.strip(), "tldr")
    rated = _rate(sentences(abstract)) if abstract else []
    if not rated:
        return Summary(None, None)
    chosen = _choose(rated)
    text = " ".join(one.text for one in sorted(chosen, key=lambda one: one.place))
    return Summary(_shortened(text), "abstract")


def _rate(parts: Sequence[str]) -> list[_Rated]:
    last = max(len(parts) - 1, 1)
    return [_rated(text, place, place / last) for place, text in enumerate(parts)]


def _rated(text: str, place: int, where: float) -> _Rated:
    """Scores of one sentence; ``where`` is 0 for the first of its abstract, 1 for the last."""
    lower = text.lower()
    does = _CONTRIBUTION.search(lower) is not None
    finds = _RESULT.search(lower) is not None
    common = -0.4 * (_LEANS.match(lower) is not None)
    common -= 1.5 * (not does and _BACKGROUND.search(lower) is not None)
    common -= 4.0 * _is_aside(lower)
    common -= 1.0 * (len(text) < 40) + 1.0 * (len(text) > 330)
    contribution = 3.0 * does + 0.8 * (does and _STRONG.search(lower) is not None) - 0.8 * where
    result = 2.4 * finds + 0.8 * (finds and _MEASURE.search(lower) is not None) + 0.6 * where
    result -= 0.5 * does
    return _Rated(text, place, contribution + common, result + common)


def _is_aside(lower: str) -> bool:
    """Whether a sentence offers code or data, or asks, or speaks of neither deed nor finding."""
    if lower.endswith("?") or any(word in lower for word in _ASIDES):
        return True
    offers = "available" in lower or "released" in lower or "found " in lower or "accessed" in lower
    return offers and _OFFER.search(lower) is not None


def _choose(rated: list[_Rated]) -> list[_Rated]:
    """The sentences of the summary, in the order in which they were chosen."""
    by_contribution = max(rated, key=lambda one: (one.contribution, -one.place))
    by_result = max(rated, key=lambda one: (one.result, -one.place))
    first = by_contribution if by_contribution.contribution >= 1 else by_result
    if first.best < 1:
        # Nothing says what it is: the first sentence that is no aside is what the paper is about.
        first = max(rated, key=lambda one: (one.best > -2, -one.place))
    others = sorted(rated, key=lambda one: (-one.best, one.place))
    chosen, room = [first], MOST - len(first.text)
    for one in (by_result, *others):
        fits = one not in chosen and len(one.text) + 1 <= room
        if fits and one.best >= 1.5 and len(chosen) < _SENTENCES:
            chosen.append(one)
            room -= len(one.text) + 1
    return chosen


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    cut = text[: _LONGEST - 1]
    words, space, _ = cut.rpartition(" ")
    return f"{words if space else cut}\u2026"
