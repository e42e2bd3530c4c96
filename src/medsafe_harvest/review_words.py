"""What is said of a pair: its records part by part, where they differ, and why one would answer."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from medsafe_harvest.dedupe.explain import Evidence
from medsafe_harvest.normalize.text import one_line

#: Columns of ``schema.RECORD`` that hold an identifier, as they are shown.
_IDENTIFIERS = (
    "doi",
    "other_dois",
    "arxiv_id",
    "pmid",
    "pmcid",
    "corpus_id",
    "acl_id",
    "dblp_key",
    "openreview_id",
    "openalex_id",
    "mag_id",
)
#: Columns of ``schema.RECORD`` that :func:`described` reads.
SHOWN: tuple[str, ...] = (
    "record_id",
    "title",
    "authors",
    "year",
    "venue",
    "volume",
    "issue",
    "pages",
    "abstract",
    "url",
    *_IDENTIFIERS,
)


def default_why(evidence: Iterable[Evidence], *, same: bool) -> str:
    """What of the evidence speaks for an answer, the strongest first."""
    sign = 1 if same else -1
    speaking = sorted(
        (one for one in evidence if one.weight * sign > 0), key=lambda one: -one.weight * sign
    )
    words = "; ".join(one.words for one in speaking)
    verdict = "Same paper" if same else "Different papers"
    return f"{verdict}: {words}" if words else f"{verdict}, seen side by side"


def described(record: Mapping[str, Any]) -> dict[str, str]:
    """What is shown of a record, each part on one line; empty where the source does not say.

    Args:
        record: the columns :data:`SHOWN`.
    """
    issue = f" ({record['issue']})" if record["issue"] else ""
    parts = {
        "title": record["title"],
        "authors": ", ".join(author["name"] for author in record["authors"]),
        "year": record["year"],
        "venue": record["venue"],
        "volume": f"{record['volume'] or ''}{issue}",
        "pages": record["pages"],
        "identifiers": " ".join(_identifiers(record)),
        "abstract": record["abstract"],
        "url": record["url"],
    }
    return {
        name: (one_line(str(value)) or "") if value is not None else ""
        for name, value in parts.items()
    }


def _identifiers(record: Mapping[str, Any]) -> list[str]:
    found = []
    for column in _IDENTIFIERS:
        value = record[column]
        values = value if isinstance(value, list) else [value]
        kind = {"other_dois": "doi"}.get(column, column.removesuffix("_id").removesuffix("_key"))
        found += [f"{kind}:{one}" for one in values if one is not None]
    return found


def differences(left: str, right: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """The words of two texts, each with whether the other text lacks it at that place.

    Case and punctuation around a word make no difference.
    """
    words = left.split(), right.split()
    forms = [[_form(word) for word in side] for side in words]
    matcher = difflib.SequenceMatcher(None, forms[0], forms[1], autojunk=False)
    common: tuple[set[int], set[int]] = (set(), set())
    for block in matcher.get_matching_blocks():
        common[0].update(range(block.a, block.a + block.size))
        common[1].update(range(block.b, block.b + block.size))
    one, other = (
        [(word, place not in same) for place, word in enumerate(side)]
        for side, same in zip(words, common, strict=True)
    )
    return one, other


def _form(word: str) -> str:
    return word.casefold().strip(".,;:!?()[]\"'") or word
