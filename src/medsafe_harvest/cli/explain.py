"""Why two papers or records are one paper, or are not: ``explain``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest.cli.context import Workplace, output, print_json
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.curated import explained, redirects, snapshot


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
    found = explained.explain(folder, redirects.read(place.curated), a, b)
    if as_json:
        print_json([one.plain() for one in found.pairs])
        return
    first, *rest = found.answer()
    output.print(shown(first, "bold"))
    for sentence in rest:
        output.print(shown(sentence))
    decisive = found.decisive
    if decisive is None:
        return
    output.print()
    _print_pair(decisive, found.titles)
    others = [one for one in found.pairs if one is not decisive]
    if others:
        hint = "" if every else ", in full with --all"
        output.print(shown(f"The other pairs ({len(others)}{hint}):"))
    for one in others:
        told = one.told
        output.print(shown(f"{told.left} - {told.right}: {one.why()}, score {told.score:.3f}"))
        if every:
            _print_pair(one, found.titles)


def _print_pair(pair: explained.Pair, titles: Mapping[str, str]) -> None:
    told = pair.told
    for record_id in (told.left, told.right):
        output.print(shown(f"{record_id}: {titles[record_id]}"))
    table = Table("evidence", "what holds", "weight", title_justify="left")
    *weighed, total = explained.evidence_rows(told)
    for kind, words, weight in weighed:
        table.add_row(kind, shown(words), weight)
    table.add_section()
    table.add_row(*total)
    output.print(table)
    for words, named in (
        ("identifiers shared", list(pair.identifiers.shared)),
        ("identifiers in conflict", [" / ".join(two) for two in pair.identifiers.conflicting]),
    ):
        if named:
            output.print(shown(f"{words}: {', '.join(named)}"))
    output.print(
        Text.assemble(
            (told.outcome, "bold"),
            f"{explained.verdict(told).removeprefix(told.outcome)}\n",
            *(f"{line}\n" for line in told.would_change),
        )
    )
    keys = ", ".join(told.shared_keys) or "none, so a run never compares them"
    features = ", ".join(f"{name} {_value(value)}" for name, value in told.features.items())
    output.print(Text(f"blocking keys shared: {keys}\nfeatures: {features}\n", style="dim"))


def _value(value: bool | float) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:.3g}"
