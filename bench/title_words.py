"""How common title words are: ``python -m bench.title_words`` writes two modules of ``dedupe``.

``words.py`` says how much a word weighs, ``rarer.py`` which of the rare words are rarer still.

Counted over the distinct titles of the two corpora, physics and computing in one, medicine in the
other, each with the same weight. Only counts leave this program, no title does.
"""

from __future__ import annotations

import math
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from medsafe_harvest.normalize.text import comparison_form

_CORPORA = ("titles_1m", "medical_ml")
#: Words in fewer than one of five thousand titles weigh all alike: they are rare.
_LEAST = 2e-4
#: Words in fewer than one of thirty thousand titles make keys all alike.
_LEAST_OF_KEYS = 1 / 30_000
_FOLDER = Path("src/medsafe_harvest/dedupe")
_HEAD = '''"""How common words of titles are; written by ``python -m bench.title_words``.

The information of a word is the negative natural logarithm of the share of titles that have it, in
steps of one half. It is a constant of the program, not learned from the records at hand, so that a
decision about two records does not depend on which other records are there.
"""

from __future__ import annotations

#: Of a word that stands in fewer than one of five thousand titles.
RARE = 9.0

_BY_INFORMATION: tuple[tuple[float, str], ...] = (
'''
_HEAD_OF_RARER = '''"""How rare the rare words are; written by ``python -m bench.title_words``.

Blocking keys are made of the rarest words of a title. Which of two rare words is the rarer says
nothing about whether two records are one paper, so ``words.py`` has them all alike.
"""

from __future__ import annotations

#: Of a word that stands in fewer than one of thirty thousand titles.
RAREST = 11.0

_BY_INFORMATION: tuple[tuple[float, str], ...] = (
'''
_TAIL = """)  # fmt: skip

INFORMATION: dict[str, float] = {
    word: information for information, words in _BY_INFORMATION for word in words.split()
}
"""


def frequencies(path: Path) -> tuple[Counter[str], int]:
    """Distinct titles that have each word, and how many titles there are."""
    forms = {comparison_form(title) for title in pq.read_table(path)["title"].to_pylist() if title}
    counts: Counter[str] = Counter()
    for form in forms:
        counts.update(set(form.split()))
    return counts, len(forms)


def classes(
    corpora: list[tuple[Counter[str], int]], least: float, most: float
) -> dict[float, list[str]]:
    """Words by information, in steps of one half, of those that such a share of titles has."""
    found: dict[float, list[str]] = defaultdict(list)
    for word in set().union(*(counts for counts, _ in corpora)):
        share = sum(counts[word] / total for counts, total in corpora) / len(corpora)
        if least <= share < most and word.isascii() and word.isalnum() and not word.isdigit():
            found[round(-2 * math.log(share)) / 2].append(word)
    return found


def lines(words: list[str]) -> Iterator[str]:
    """Lines of Python string literals of up to 96 characters."""
    line = ""
    for word in sorted(words):
        if len(line) + len(word) > 85:
            yield f'        "{line}"'
            line = ""
        line += f"{word} "
    yield f'        "{line}"'


def write(name: str, head: str, found: dict[float, list[str]]) -> None:
    """Write one module."""
    rows = [
        f"    ({information}, (\n" + "\n".join(lines(words)) + ")),\n"
        for information, words in sorted(found.items())
    ]
    (_FOLDER / name).write_text(head + "".join(rows) + _TAIL, encoding="utf-8")
    print(f"{sum(map(len, found.values())):,} words in {_FOLDER / name}")


def main() -> None:
    """Count, and write the modules."""
    data = Path(os.environ.get("MEDSAFE_SHARED_DATA", "../shared/data")) / "corpus"
    corpora = [frequencies(data / f"{name}.parquet") for name in _CORPORA]
    write("words.py", _HEAD, classes(corpora, _LEAST, 1.1))
    write("rarer.py", _HEAD_OF_RARER, classes(corpora, _LEAST_OF_KEYS, _LEAST))


if __name__ == "__main__":
    main()
