"""Papers that say again what another says: journal extensions and translations."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from medsafe_harvest.dedupe.links import ALIKE, Link, Pair, Relation, Row, tells

#: A journal takes no longer to print what a meeting heard.
_YEARS_TO_EXTEND = 5


def extensions(pairs: Iterable[Pair]) -> Iterator[Link]:
    """A journal paper of a later year, of the team and title of a paper at a meeting."""
    for pair in pairs:
        for journal, meeting in pair.both_ways():
            places = (journal["venue_class"], meeting["venue_class"])
            if places != ("journal", "meeting") or not _extends(journal, meeting, pair):
                continue
            yield Link(
                journal["record_id"],
                Relation.EXTENDS,
                meeting["record_id"],
                f"in a journal in {journal['year']}, at a meeting in {meeting['year']}, "
                "by the same team under such a title",
                pair.score,
            )


def _extends(journal: Row, meeting: Row, pair: Pair) -> bool:
    if journal["year"] is None or meeting["year"] is None or not pair.same_team:
        return False
    plain = not (journal["generic"] or meeting["generic"] or journal["marker"] or meeting["marker"])
    telling = tells(journal["title"]) and tells(meeting["title"])
    same_signs = all(
        set(journal[name]) == set(meeting[name]) for name in ("numbers", "designators")
    )
    return (
        plain
        and telling
        and same_signs
        and (pair.title_similarity >= ALIKE or _begins(journal["title"], meeting["title"]))
        and 0 < journal["year"] - meeting["year"] <= _YEARS_TO_EXTEND
    )


def _begins(longer: str, shorter: str) -> bool:
    return longer.startswith(f"{shorter} ")


def translations(pairs: Iterable[Pair]) -> Iterator[Link]:
    """Titles in two scripts, one place or identifier, one team."""
    for pair in pairs:
        scripts = script(pair.left["title"]), script(pair.right["title"])
        if None in scripts or scripts[0] == scripts[1] or not _one_work(pair):
            continue
        translation, original = max(pair.both_ways(), key=_is_translation)
        yield Link(
            translation["record_id"],
            Relation.IS_TRANSLATION_OF,
            original["record_id"],
            "titles in two scripts, one team, one place or identifier",
            pair.score,
        )


def _is_translation(way: tuple[Row, Row]) -> tuple[int, bool]:
    """The later one, or of one year the one in Latin letters, is the translation."""
    years = [row["year"] for row in way]
    later = 0 if None in years else years[0] - years[1]
    return later, script(way[0]["title"]) == "LATIN"


def _one_work(pair: Pair) -> bool:
    ours, theirs = pair.left, pair.right
    if ours["marker"] != theirs["marker"]:
        return False
    shared = any(set(ours[name]) & set(theirs[name]) for name in ("ids", "dois"))
    placed = all(
        ours[name] is not None and ours[name] == theirs[name]
        for name in ("volume", "first_page", "year")
    )
    return (shared or placed) and pair.same_team


def script(title: str) -> str | None:
    """Script of most letters of a title, as Unicode names it; Japanese and Chinese are one."""
    names = [unicodedata.name(char, "").partition(" ")[0] for char in title if char.isalpha()]
    folded = ["CJK" if name in {"HIRAGANA", "KATAKANA"} else name for name in names]
    most = max(sorted(set(folded)), key=folded.count, default=None)
    return most if most and folded.count(most) > len(folded) / 2 else None
