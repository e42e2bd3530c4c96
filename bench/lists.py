"""How much of the links to papers in real lists the reader finds: a table, a list a row.

The counter knows nothing of the reader: it looks through the text with patterns of its own for
addresses that name a paper by an identifier, leaves out comments, and compares the identifiers
of each list with those of the entries.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from bench.report import write
from medsafe_harvest.config import load_config
from medsafe_harvest.lists import Entry, Reading, read
from medsafe_harvest.normalize.venues import VenueTable

_ROOT = Path(__file__).resolve().parent.parent
_PATTERNS = {
    "arxiv": (
        r"arxiv\.org/(?:abs|pdf|html)/+([0-9]{4}\.[0-9]{4,5}|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})",
        r"arxiv\.org/ftp/arxiv/papers/[0-9]{4}/([0-9]{4}\.[0-9]{4,5})",
        r"10\.48550/arxiv\.([0-9]{4}\.[0-9]{4,5})",
        r"(?:huggingface\.co/papers|alphaxiv\.org/abs|ar5iv\.org/abs)/([0-9]{4}\.[0-9]{4,5})",
    ),
    "doi": (
        r"https?://(?:dx\.)?doi\.org/(?:https?://doi\.org/)?(10\.[0-9]{4,9}/[^\s\"<>?#]+)",
        r"https?://[^\s\"<>()]+?/(10\.[0-9]{4,9}/[^\s\"<>?#]+)",
        r"nature\.com/articles/(s[0-9]{5}-[0-9]{3}-[0-9]{4,5}-[0-9a-z])",
    ),
    "openreview": (r"openreview\.net/(?:forum|pdf|attachment)\?id=([A-Za-z0-9_-]+)",),
    "pmid": (r"pubmed\.ncbi\.nlm\.nih\.gov/([0-9]+)", r"ncbi\.nlm\.nih\.gov/pubmed/([0-9]+)"),
    "pmcid": (r"/articles/(PMC[0-9]+)",),
}
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
#: Pages and things with a DOI of their own that are no paper.
_NO_PAPER = re.compile(r"10\.(?:48550|5281|6084|13026|17605)/|/doi/(?:proceedings|book)/|/book/")
_TAIL = re.compile(
    r"(?:/(?:full|pdf|abstract|meta|html)|\.pdf|\.full|\.abstract"
    r"|v[0-9]+(?:\.full|\.abstract)[.\w-]*|(?<=10\.1093/database/\w{7})/[0-9]+)+$"
)


class Count(NamedTuple):
    """Identifiers in a list, and how many of them entries have."""

    name: str
    links: int
    found: int
    entries: int
    identified: int
    missed: tuple[tuple[str, str], ...]
    extra: tuple[tuple[str, str], ...]
    seconds: float
    reading: Reading


def linked(text: str) -> set[tuple[str, str]]:
    """Kind and identifier of every address in a text that names a paper by one."""
    bare = _COMMENT.sub(" ", text)
    return {
        (kind, value)
        for kind, patterns in _PATTERNS.items()
        for pattern in patterns
        for match in re.finditer(pattern, bare, re.IGNORECASE)
        if not (kind == "doi" and _NO_PAPER.search(match[0]))
        and (value := _canonical(kind, match[1]))
    }


def _canonical(kind: str, value: str) -> str:
    if kind == "doi":
        value = unquote(value).lower()
        value = value if value.startswith("10.") else f"10.1038/{value}"
        value = re.split(r"\)[\]\s,.;|)]|[|\[\]]|&type=", value)[0]
        while value.count(")") > value.count("("):
            value = value.rpartition(")")[0]
        before = ""
        while value != before:
            before, value = (
                value,
                _TAIL.sub("", value).rstrip(".,;/)*" if "(" not in value else ".,;/*"),
            )
        return re.sub(r"(10\.(?:1101|64898)/.*?)v[0-9]+$", r"\1", value)
    return value.upper() if kind == "pmcid" else value


def told(entries: tuple[Entry, ...]) -> set[tuple[str, str]]:
    """Kind and identifier of entries."""
    return {
        (kind, value)
        for entry in entries
        for kind, value in (
            ("arxiv", entry.arxiv_id), ("doi", entry.doi), ("openreview", entry.openreview_id),
            ("pmid", entry.pmid), ("pmcid", entry.pmcid),
        )
        if value
    }  # fmt: skip


def count(folder: Path, venues: VenueTable | None = None) -> Iterator[Count]:
    """The count of each list in a folder."""
    for path in sorted(folder.iterdir()):
        text = path.read_text(encoding="utf-8")
        began = time.perf_counter()
        reading = read(text, name=path.name, venues=venues)
        seconds = time.perf_counter() - began
        wanted, given = linked(text), told(reading.entries)
        identified = sum(entry.identified for entry in reading.entries)
        yield Count(
            path.name, len(wanted), len(wanted & given), len(reading.entries), identified,
            tuple(sorted(wanted - given)), tuple(sorted(given - wanted)), seconds, reading,
        )  # fmt: skip


def main(*, verbose: bool = False) -> None:
    """Print the table and write lists.json; ``verbose`` prints what one side alone has, too."""
    shared = Path(os.environ.get("MEDSAFE_SHARED_DATA", _ROOT.parent / "shared/data"))
    venues = load_config(_ROOT / "config").venues
    heads = ("links", "found", "%", "entries", "with id", "left out", "s")
    print(f"{'list':44} {heads[0]:>6} {heads[1]:>6} {heads[2]:>6} {heads[3]:>8}", end=" ")
    print(f"{heads[4]:>8} {heads[5]:>9} {heads[6]:>5}")
    links = found = 0
    report = []
    for one in count(shared / "awesome", venues):
        links, found = links + one.links, found + one.found
        figures = one._asdict() | {"left_out": len(one.reading.left_out)}
        report.append({name: value for name, value in figures.items() if name != "reading"})
        share = 100 * one.found / one.links if one.links else 100.0
        name = one.name.removesuffix(".md").removesuffix("__README")
        left = len(one.reading.left_out)
        print(
            f"{name[:44]:44} {one.links:6} {one.found:6} {share:6.1f} {one.entries:8} "
            f"{one.identified:8} {left:9} {one.seconds:5.2f}"
        )
        if verbose:
            print(*(f"    missed {kind} {value}" for kind, value in one.missed), sep="\n")
            print(*(f"    extra {kind} {value}" for kind, value in one.extra), sep="\n")
    print(f"{'all':44} {links:6} {found:6} {100 * found / links:6.1f}")
    write("lists", {"links": links, "found": found, "lists": report})


if __name__ == "__main__":
    main(verbose="-v" in sys.argv)
