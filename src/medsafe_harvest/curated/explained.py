"""Why two papers or records are one paper, or are not: the answer, and what decided."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.lookup import records_of
from medsafe_harvest.curated.redirects import Redirect
from medsafe_harvest.dedupe.explain import (
    PRIOR_IS,
    Explanation,
    Identifiers,
    explain_all,
    identifiers,
)
from medsafe_harvest.dedupe.reasons import Outcome, Reason
from medsafe_harvest.normalize.text import one_line

_BY_CURATOR = (Reason.MUST_LINK, Reason.CANNOT_LINK)
_RANK = (Outcome.NON_MATCH, Outcome.REVIEW, Outcome.MATCH)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records: the decision about them alone, and what the last run made of them."""

    told: Explanation
    #: outcome, reason and detail; None where the run kept nothing about them.
    recorded: Mapping[str, str] | None
    identifiers: Identifiers

    @property
    def outcome(self) -> str:
        """The last word."""
        return self.recorded["outcome"] if self.recorded else self.told.outcome

    @property
    def reason(self) -> str:
        """The reason of the last word."""
        return self.recorded["reason"] if self.recorded else self.told.reason

    @property
    def overruled(self) -> bool:
        """Whether clusters or curators made something else of it."""
        return (self.outcome, self.reason) != (self.told.outcome, self.told.reason)

    def why(self) -> str:
        """Outcome and reason, with the identifiers that decided."""
        named = ""
        if self.reason in (Reason.CONFLICTING_IDENTIFIERS, Reason.IDENTIFIERS_DISAGREE):
            named = "; ".join(" and ".join(both) for both in self.identifiers.conflicting)
        elif self.reason in (Reason.SHARED_IDENTIFIER, Reason.SHARED_DOI):
            named = ", ".join(self.identifiers.shared)
        return f"{self.outcome} ({self.reason}{f': {named}' if named else ''})"

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self.told) | {"recorded": self.recorded}


@dataclass(frozen=True, slots=True, repr=False)
class Explained:
    """Why two papers or records are one paper, or are not.

    A notebook shows it as a table; ``str()`` gives the answer in words, ``to_dict()`` all of it.
    """

    #: Ids of the papers that the two names mean, equal where they mean one.
    left_paper: str
    right_paper: str
    #: The records that the two names mean.
    left_records: tuple[str, ...]
    right_records: tuple[str, ...]
    #: Every pair of a record of one side and another one of the other side, sorted.
    pairs: tuple[Pair, ...]
    #: The matches of the last run that lead from the one to the other, where they do only so.
    chain: tuple[str, ...]
    #: Title of each record of the pairs.
    titles: Mapping[str, str]

    @property
    def same(self) -> bool:
        """Whether the two are one paper."""
        return self.left_paper == self.right_paper

    @property
    def decisive(self) -> Pair | None:
        """The pair that decided; None where both names mean one record."""
        return max(self.pairs, key=lambda one: _strength(one, same=self.same), default=None)

    def answer(self) -> Iterator[str]:
        """The answer in sentences: one paper or two, and what decided."""
        pair = self.decisive
        papers = (
            f"one paper {self.left_paper}"
            if self.same
            else f"two papers {self.left_paper} and {self.right_paper}"
        )
        if pair is None:
            yield f"{papers}: both ids name its record {self.left_records[0]}"
            return
        by_others = self.same and pair.outcome != Outcome.MATCH
        through = "through other records of it; this pair alone: " if by_others else ""
        yield f"{papers}: {through}{pair.why()}"
        told = pair.told
        yield f"Decided by {told.left} and {told.right}."
        if self.chain:
            way = ", ".join(f"{one} matches {after}" for one, after in pairwise(self.chain))
            yield f"United by a chain: {way}."
        if pair.recorded is None and not told.shared_keys:
            yield "A run never compares the two: they share no blocking key."
        if pair.recorded is not None and pair.overruled:
            yield (
                f"By itself the pair would be a {told.outcome} ({told.reason}); "
                f"the run has: {pair.recorded['detail']}"
            )
        if self.same and self.left_records == self.right_records:
            yield f"Both ids name it; its records: {', '.join(self.left_records)}."

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON values; ``pairs`` as the command ``explain --json`` has them."""
        return {
            "same": self.same,
            "papers": [self.left_paper, self.right_paper],
            "records": [list(self.left_records), list(self.right_records)],
            "answer": list(self.answer()),
            "chain": list(self.chain),
            "pairs": [one.plain() for one in self.pairs],
        }

    def __str__(self) -> str:
        return "\n".join(self.answer())

    def __repr__(self) -> str:
        return f"<{next(self.answer())}>"

    def _repr_html_(self) -> str:
        first, *rest = self.answer()
        parts = [f"<p><b>{escape(first)}</b></p>", *(f"<p>{escape(one)}</p>" for one in rest)]
        if self.decisive is not None:
            parts += _table(self.decisive, self.titles)
        if len(self.pairs) > 1:
            parts.append(f"<p>{len(self.pairs)} pairs of records in <code>to_dict()</code>.</p>")
        return "".join(parts)


def evidence_rows(told: Explanation) -> Iterator[tuple[str, str, str]]:
    """What was weighed: the kind of evidence, what holds, its weight."""
    yield "prior", PRIOR_IS, f"{told.prior:+.1f}"
    for evidence in told.evidence:
        yield evidence.kind, evidence.words, f"{evidence.weight:+.1f}"
    yield "sum", f"a {told.without_guard} by itself", f"{told.sum:+.1f}"


def verdict(told: Explanation) -> str:
    """How the rules decide about a pair alone."""
    ruled = f", by the rule {told.guard}" if told.guard else ""
    return (
        f"{told.outcome} ({told.reason}{ruled}), score {told.score:.3f}; a match from "
        f"{told.match_from:+.1f}, a review from {told.review_from:+.1f}"
    )


def _table(pair: Pair, titles: Mapping[str, str]) -> list[str]:
    told = pair.told
    parts = [
        f"<p><code>{escape(one)}</code> {escape(one_line(titles[one]) or '')}</p>"
        for one in (told.left, told.right)
    ]
    parts.append("<table><tr><th>evidence</th><th>what holds</th><th>weight</th></tr>")
    for row in evidence_rows(told):
        cells = "".join(f"<td>{escape(one)}</td>" for one in row)
        parts.append(f"<tr>{cells}</tr>")
    parts.append(f"</table><p>{escape(verdict(told))}</p>")
    changes = "".join(f"<li>{escape(one)}</li>" for one in told.would_change)
    return [*parts, f"<ul>{changes}</ul>"]


def explain(folder: Path, ledger: Sequence[Redirect], a: str, b: str) -> Explained:
    """Why two papers or records are one paper, or are not.

    Args:
        folder: a snapshot.
        ledger: from :func:`redirects.read`.
        a: any id of a paper or a record. A record id means that record alone.
        b: another one.

    Raises:
        NotFoundError: as :func:`lookup.trace`; with SplitError.
        CuratedError: the snapshot is damaged.
    """
    (paper, lefts), (other, rights) = (records_of(folder, ledger, name) for name in (a, b))
    records = snapshot.read(folder, "records")
    pairs = _pairs(folder, records, lefts, rights)
    titles = dict(zip(records["record_id"].to_pylist(), records["title"].to_pylist(), strict=True))
    named = sorted({one for pair in pairs for one in (pair.told.left, pair.told.right)})
    plain = Explained(
        left_paper=paper,
        right_paper=other,
        left_records=tuple(lefts),
        right_records=tuple(rights),
        pairs=tuple(pairs),
        chain=(),
        titles={one: titles[one] for one in named},
    )
    pair = plain.decisive
    if pair is None or not plain.same or pair.outcome == Outcome.MATCH:
        return plain
    chain = _chain(folder, pair.told.left, pair.told.right)
    return replace(plain, chain=tuple(chain))


def _pairs(
    folder: Path, records: pa.Table, lefts: Iterable[str], rights: Sequence[str]
) -> list[Pair]:
    """Every pair of a record of one side and another record of the other side, sorted."""
    names = sorted({(min(x, y), max(x, y)) for x in lefts for y in rights if x != y})
    if not names:
        return []
    recorded = _recorded(folder, names)
    return [
        Pair(told, recorded.get(pair), identifiers(records, *pair))
        for pair, told in zip(names, explain_all(records, names), strict=True)
    ]


def _recorded(
    folder: Path, pairs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, str]]:
    """What the last run made of these pairs: clusters and curators have the last word."""
    decisions = snapshot.read(folder, "decisions", ["left", "right", "outcome", "reason", "detail"])
    lefts = pa.array(sorted({pair[0] for pair in pairs}))
    rows = decisions.filter(pc.is_in(decisions["left"], value_set=lefts)).to_pylist()
    wanted = frozenset(pairs)
    return {
        (row["left"], row["right"]): {key: row[key] for key in ("outcome", "reason", "detail")}
        for row in rows
        if (row["left"], row["right"]) in wanted
    }


def _strength(pair: Pair, *, same: bool) -> tuple[bool, int, float]:
    """How much a pair decided: what made one paper, or what came nearest to it."""
    rank = _RANK.index(Outcome(pair.outcome))
    by_curator = pair.reason in _BY_CURATOR
    return (rank == _RANK.index(Outcome.MATCH) if same else by_curator), rank, pair.told.sum


def _chain(folder: Path, start: str, end: str) -> list[str]:
    """The fewest matches of the last run that lead from one record to another; none if none do."""
    decisions = snapshot.read(folder, "decisions", ["left", "right", "outcome"])
    matches = decisions.filter(pc.equal(decisions["outcome"], Outcome.MATCH.value))
    neighbours: dict[str, list[str]] = {}
    both = (matches["left"].to_pylist(), matches["right"].to_pylist())
    for left, right in zip(*both, strict=True):
        neighbours.setdefault(left, []).append(right)
        neighbours.setdefault(right, []).append(left)
    ways = deque([[start]])
    seen = {start}
    while ways:
        way = ways.popleft()
        if way[-1] == end:
            return way
        for there in neighbours.get(way[-1], []):
            if there not in seen:
                seen.add(there)
                ways.append([*way, there])
    return []
