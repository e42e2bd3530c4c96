"""What headings and titles speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from medsafe_harvest.normalize.text import comparison_form
from medsafe_harvest.topics.tag import Tagger

#: What a heading of one word means that alone is no evidence in a title.
_ALONE = {"calibration": "uncertainty", "interpretation": "explainability", "bia": "fairness"}


class Subjects:
    """Topics of headings and titles, by the names of the topics and by the rules of tagging."""

    def __init__(self, tagger: Tagger, labels: Mapping[str, str]) -> None:
        """``labels`` are topic -> what it is called."""
        self._tagger = tagger
        forms = {_stem(name): slug for slug, label in labels.items() for name in (label, slug)}
        self._labels = sorted(forms.items(), key=lambda one: (-len(one[0]), one[0]))
        self._known: dict[tuple[str, bool], frozenset[str]] = {}

    def of_titles(self, titles: Sequence[str]) -> list[frozenset[str]]:
        """All topics of each title."""
        new = [title for title in dict.fromkeys(titles) if (title, False) not in self._known]
        rows = self._tagger.tag(new, [None] * len(new), [[]] * len(new))
        for title, topics in zip(new, rows.column("topics").to_pylist(), strict=True):
            self._known[title, False] = frozenset(topics)
        return [self._known[title, False] for title in titles]

    def of_heading(self, heading: str) -> frozenset[str]:
        """The topics that a heading names; those that the rules see in it where it names none.

        Of those that the rules see only the ones of trust count if there are any: "conformal
        prediction" is no heading for classification.
        """
        key = heading, True
        if key not in self._known:
            self._known[key] = self._named(heading)
        return self._known[key]

    def _named(self, heading: str) -> frozenset[str]:
        rest = f" {_stem(heading)} "
        if rest.strip() in _ALONE:
            return frozenset([_ALONE[rest.strip()]])
        found = set()
        for form, slug in self._labels:
            if f" {form} " in rest:
                found.add(slug)
                rest = rest.replace(f" {form} ", "  ")
        row = self._tagger.tag([heading], [None], [[]])
        trust = frozenset(row.column("trust")[0].as_py())
        return (trust | found) or frozenset(row.column("topics")[0].as_py())


def _stem(text: str) -> str:
    """The text as it is compared, without the s of plurals."""
    return " ".join(word.removesuffix("s") for word in comparison_form(text).split())
