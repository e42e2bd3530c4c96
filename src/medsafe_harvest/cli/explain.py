"""Why two papers or records are one paper, or are not: ``explain``."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest.cli.context import Workplace, output, print_json
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.curated import redirects, snapshot
from medsafe_harvest.curated.lookup import records_of
from medsafe_harvest.dedupe.explain import (
    PRIOR_IS,
    Explanation,
    Identifiers,
    explain_all,
    identifiers,
)
from medsafe_harvest.dedupe.reasons import Outcome, Reason

_BY_CURATOR = (Reason.MUST_LINK, Reason.CANNOT_LINK)
_RANK = (Outcome.NON_MATCH, Outcome.REVIEW, Outcome.MATCH)


@dataclass(frozen=True, slots=True)
class _Pair:
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


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(explain)


def explain(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help="A paper or record, by any id.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON on standard output: all pairs.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Print every pair of records in full.")
    ] = False,
) -> None:
    """Explain why two papers or records are one paper, or are not.

    The answer stands in the first line, and after it the pair of records that decided, in full.
    Two record ids are that pair and no other.
    """
    place: Workplace = context.obj
    folder = snapshot.current(place.curated)
    ledger = redirects.read(place.curated)
    (paper, lefts), (other, rights) = (records_of(folder, ledger, name) for name in (a, b))
    records = snapshot.read(folder, "records")
    pairs = _pairs(folder, records, lefts, rights)
    if as_json:
        print_json([asdict(one.told) | {"recorded": one.recorded} for one in pairs])
        return
    if not pairs:
        output.print(shown(f"one paper {paper}: both ids name its record {lefts[0]}", "bold"))
        return
    decisive = max(pairs, key=lambda one: _strength(one, same=paper == other))
    by_others = paper == other and decisive.outcome != Outcome.MATCH
    told = decisive.told
    chain = _chain(folder, told.left, told.right) if by_others else []
    _print_answer(paper, other, decisive, chain)
    if paper == other and lefts == rights:
        output.print(shown(f"Both ids name it; its records: {', '.join(lefts)}."))
    titles = dict(zip(records["record_id"].to_pylist(), records["title"].to_pylist(), strict=True))
    output.print()
    _print_pair(decisive, titles)
    others = [one for one in pairs if one is not decisive]
    if others:
        hint = "" if every else ", in full with --all"
        output.print(shown(f"The other pairs ({len(others)}{hint}):"))
    for one in others:
        told = one.told
        output.print(shown(f"{told.left} - {told.right}: {one.why()}, score {told.score:.3f}"))
        if every:
            _print_pair(one, titles)


def _pairs(
    folder: Path, records: pa.Table, lefts: Iterable[str], rights: Sequence[str]
) -> list[_Pair]:
    """Every pair of a record of one side and another record of the other side, sorted."""
    names = sorted({(min(x, y), max(x, y)) for x in lefts for y in rights if x != y})
    if not names:
        return []
    recorded = _recorded(folder, names)
    return [
        _Pair(told, recorded.get(pair), identifiers(records, *pair))
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


def _strength(pair: _Pair, *, same: bool) -> tuple[bool, int, float]:
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


def _print_answer(paper: str, other: str, pair: _Pair, chain: Sequence[str]) -> None:
    """One paper or two, and what decided; what the pair would be by itself if that differs."""
    told = pair.told
    papers = f"one paper {paper}" if paper == other else f"two papers {paper} and {other}"
    if paper == other and pair.outcome != Outcome.MATCH:
        because = f"through other records of it; this pair alone: {pair.why()}"
    else:
        because = pair.why()
    output.print(shown(f"{papers}: {because}", "bold"))
    output.print(shown(f"Decided by {told.left} and {told.right}."))
    if chain:
        way = ", ".join(f"{one} matches {after}" for one, after in pairwise(chain))
        output.print(shown(f"United by a chain: {way}."))
    if pair.recorded is None and not told.shared_keys:
        output.print("A run never compares the two: they share no blocking key.")
    if pair.recorded is not None and pair.overruled:
        output.print(
            shown(
                f"By itself the pair would be a {told.outcome} ({told.reason}); "
                f"the run has: {pair.recorded['detail']}"
            )
        )


def _print_pair(pair: _Pair, titles: Mapping[str, str]) -> None:
    told = pair.told
    for record_id in (told.left, told.right):
        output.print(shown(f"{record_id}: {titles[record_id]}"))
    table = Table("evidence", "what holds", "weight", title_justify="left")
    table.add_row("prior", PRIOR_IS, f"{told.prior:+.1f}")
    for evidence in told.evidence:
        table.add_row(evidence.kind, shown(evidence.words), f"{evidence.weight:+.1f}")
    table.add_section()
    table.add_row("sum", f"a {told.without_guard} by itself", f"{told.sum:+.1f}")
    output.print(table)
    for words, named in (
        ("identifiers shared", list(pair.identifiers.shared)),
        ("identifiers in conflict", [" / ".join(two) for two in pair.identifiers.conflicting]),
    ):
        if named:
            output.print(shown(f"{words}: {', '.join(named)}"))
    ruled = f", by the rule {told.guard}" if told.guard else ""
    output.print(
        Text.assemble(
            (told.outcome, "bold"),
            f" ({told.reason}{ruled}), score {told.score:.3f}; a match from "
            f"{told.match_from:+.1f}, a review from {told.review_from:+.1f}\n",
            *(f"{line}\n" for line in told.would_change),
        )
    )
    keys = ", ".join(told.shared_keys) or "none, so a run never compares them"
    features = ", ".join(f"{name} {_value(value)}" for name, value in told.features.items())
    output.print(Text(f"blocking keys shared: {keys}\nfeatures: {features}\n", style="dim"))


def _value(value: bool | float) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:.3g}"
