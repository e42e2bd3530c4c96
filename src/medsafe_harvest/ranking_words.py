"""Why a paper has the rank that it has, in words; ``ranking.py`` has the formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medsafe_harvest.outgoing import topic_name
from medsafe_harvest.ranking import RankingSettings


def reasons(
    ranked: Mapping[str, Any], paper: Mapping[str, Any], settings: RankingSettings
) -> dict[str, str]:
    """Why each part is what it is, in words.

    Args:
        ranked: a row of ``ranking.RANKED``.
        paper: the same paper's row of ``schema.PAPER``.
        settings: those that it was ranked with.
    """
    return {
        "recency": _recency_in_words(ranked, paper)
        + f"; halves every {settings.half_life_days:g} days",
        "topic": _topics_in_words(paper, settings),
        "citations": _citations_in_words(ranked, paper),
        "code": ", ".join(map(_link_in_words, paper["links"])) or "no link to code found",
        "venue": f"{paper['venue']} ({paper['venue_kind']})"
        if paper["venue"] and paper["venue_kind"]
        else f"{paper['venue'] or 'no venue known'}, of no known kind",
    }


def _recency_in_words(ranked: Mapping[str, Any], paper: Mapping[str, Any]) -> str:
    age = f"{ranked['age_days']:,} day{'' if ranked['age_days'] == 1 else 's'} ago"
    match ranked["dated_by"]:
        case "published":
            return f"published {paper['published']}, {age}"
        case "year":
            return f"published some day of {paper['year']}, taken for {age}"
        case _:
            return f"no date known; first seen {age}"


def _topics_in_words(paper: Mapping[str, Any], settings: RankingSettings) -> str:
    scores = {
        tag["topic"]: tag["score"]
        for tag in sorted(paper["tags"], key=lambda tag: float(tag["score"]))
        if tag["facet"] == "trust"
    }
    topics = ", ".join(
        f"{topic_name(topic)} {score:.2f}" for topic, score in sorted(scores.items())
    )
    if not topics:
        return "no trust topic"
    if paper["medical"]:
        return topics
    return f"{topics}; not about medicine, so times {settings.not_medical:g}"


def _link_in_words(link: Mapping[str, Any]) -> str:
    whose = {True: "own", False: "another's", None: "perhaps own"}[link["own"]]
    dead = ", looks dead" if link["looks_dead"] else ""
    return f"{link['url']} ({whose} {link['kind'].replace('_', ' ')}{dead})"


def _citations_in_words(ranked: Mapping[str, Any], paper: Mapping[str, Any]) -> str:
    if paper["citation_count"] is None:
        return "no source counts its citations"
    influential = paper["influential_citation_count"] or 0
    return (
        f"{paper['citation_count']:,} citations, {influential:,} of them influential: "
        f"{ranked['citations_per_month']:.2f} a month"
    )
