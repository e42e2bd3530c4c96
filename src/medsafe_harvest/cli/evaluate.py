"""Score the matching on labelled pairs: ``evaluate``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest.cli.context import console, output, print_json
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.errors import EvaluateError
from medsafe_harvest.evaluate import Evaluation, as_page, evaluate, find_sets, name_of, read_set
from medsafe_harvest.evaluate.figures import Ratio
from medsafe_harvest.evaluate.label_files import PAIRS
from medsafe_harvest.evaluate.mistakes import Mistake

_ERRORS = 20
_STDOUT = Path("-")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(name="evaluate")(score)


def score(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="One labelled set (records.parquet, pairs.parquet, meta.json), or a folder of "
            "such folders.",
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Also write a page with the worst errors explained; with - print it, and nothing "
            "else, on standard output.",
        ),
    ] = None,
    errors: Annotated[
        int | None,
        typer.Option(
            "--errors",
            metavar="N",
            min=0,
            help="Explain up to N false merges and N missed pairs of each set. Default: 20 in "
            "JSON and on the page, none in the table.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME",
            help="Only the set of that name, its own or its folder's; may be repeated.",
        ),
    ] = None,
) -> None:
    """Score the matching on labelled pairs, and show its worst errors.

    Every set is matched as a harvest would be, with the one default configuration, and compared
    with its labels. No project is needed, and nothing is fetched or kept.

    precision is the share of the merged pairs that the labels confirm, recall the share of the
    true pairs that were merged; the interval beside each says how far chance reaches with so many
    pairs (95 %). A false merge destroys a paper, so look at that column first. "reviews" are pairs
    left for a person, and how many of them are true. "blocks" is the share of the true pairs that
    share a blocking key: the others are never compared. docs/how-to/evaluate.md explains each
    figure, and how to label pairs of your own.
    """
    explained = errors if errors is not None else (_ERRORS if as_json or page else 0)
    if page is not None:
        _refuse(page, as_json=as_json)
    results = [_score(path, errors=explained) for path in _wanted(find_sets(folder), only or [])]
    if page == _STDOUT:
        typer.echo(as_page(results), nl=False)
        return
    if page is not None:
        _write(page, as_page(results))
        console.print(f"wrote {page}")
    if as_json:
        print_json({"sets": [result.plain() for result in results]})
    else:
        _print_results(results, errors=bool(errors))


def _score(path: Path, *, errors: int) -> Evaluation:
    labelled = read_set(path)
    console.print(f"{labelled.name}: matching {len(labelled):,} records")
    if labelled.unmarked:
        console.print(
            f"{labelled.name}: {PAIRS} has no column match: every pair in it is taken for a match"
        )
    return evaluate(labelled, time.perf_counter, errors=errors)


def _print_results(results: list[Evaluation], *, errors: bool) -> None:
    output.print(_table(results))
    for result in results:
        if result.note:
            output.print(shown(f"{result.name}: {result.note}"))
    if len(results) == 1:
        output.print(_details(results[0]))
    if errors:
        for result in results:
            for number, mistake in enumerate(result.mistakes, start=1):
                _print_mistake(f"{result.name} {number}", mistake)


def _wanted(paths: list[Path], names: list[str]) -> list[Path]:
    """The sets to score: all, or those named by their folder or by themselves."""
    known = {path: {path.resolve().name} for path in paths}
    if set(names) - set().union(*known.values()):
        known = {path: own | {name_of(path)} for path, own in known.items()}
    there_are = set().union(*known.values())
    unknown = [name for name in names if name not in there_are]
    if unknown:
        raise EvaluateError(
            f"no set is called {', '.join(unknown)}; there are: {', '.join(sorted(there_are))}"
        )
    return [path for path, own in known.items() if not names or own & set(names)]


def _refuse(page: Path, *, as_json: bool) -> None:
    """Before the work, not after it."""
    if page == _STDOUT:
        if as_json:
            raise typer.BadParameter("--html - and --json both print on standard output")
    elif page.is_dir() or not page.parent.is_dir():
        why = "is a folder" if page.is_dir() else f"there is no folder {page.parent}"
        raise EvaluateError(f"{page}: the page cannot be written: {why}")


def _write(page: Path, text: str) -> None:
    try:
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EvaluateError(f"{page}: the page cannot be written: {error.strerror}") from error


def _table(results: list[Evaluation]) -> Table:
    """The figures that fit a terminal; the intervals are in JSON, on the page, and below."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("set", overflow="fold")
    for name in ("records", "prec.", "recall", "F1", "false", "missed", "reviews", "blocks"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in results:
        pairs = one.pairs
        table.add_row(
            shown(one.name),
            f"{one.records:,}",
            f"{pairs.precision.value:.4f}",
            f"{pairs.recall.value:.4f}",
            f"{pairs.f1:.4f}",
            f"{pairs.predicted - pairs.hits:,}",
            f"{pairs.gold - pairs.hits:,}",
            f"{one.reviews.of:,}",
            f"{one.blocking.value:.4f}",
        )
    return table


def _details(one: Evaluation) -> Table:
    """All figures of one set."""
    pairs, fit = one.pairs, one.b_cubed
    table = Table.grid(padding=(0, 2))
    for name, said in {
        "precision": _interval(pairs.precision, "merged pairs"),
        "recall": _interval(pairs.recall, "true pairs"),
        "B-cubed": f"precision {fit.precision:.4f}, recall {fit.recall:.4f}, F1 {fit.f1:.4f}"
        if fit
        else f"none: {one.no_b_cubed}",
        "reviews": f"{one.reviews.of:,} pairs, {one.reviews.hits:,} of them true",
        "candidates": f"{one.candidate_pairs:,} pairs, "
        f"{one.candidate_pairs / one.records:.1f} a record",
        "time": f"{one.seconds:.2f} s, {one.records_per_second:,.0f} records a second",
    }.items():
        table.add_row(name, said)
    return table


def _interval(ratio: Ratio, what: str) -> str:
    low, high = ratio.interval
    return f"{low:.4f} to {high:.4f} (95 %); {ratio.hits:,} of {ratio.of:,} {what}"


def _print_mistake(label: str, mistake: Mistake) -> None:
    told = mistake.explanation
    output.print(
        Text.assemble(
            f"\n{label}  ",
            ("false merge" if mistake.kind == "false_merge" else "missed", "bold"),
            f"  score {told.score:.3f}: {mistake.course}",
        )
    )
    for name in {**mistake.left, **mistake.right}:
        one, other = mistake.left.get(name), mistake.right.get(name)
        if one == other:
            output.print(_field(" ", name, one))
        else:
            output.print(_field("<", name, one))
            output.print(_field(">", name, other))
    for step in mistake.chain:
        said = f"{step.left} - {step.right} ({step.reason}, score {step.score:.3f})"
        output.print(Text.assemble("  chain: ", shown(said)))
    weights = "; ".join(f"{one.words} {one.weight:+.1f}" for one in told.evidence)
    summed = f"{told.outcome} ({told.reason}): prior {told.prior:+.1f}; {weights}"
    output.print(Text.assemble("  ", shown(summed)))


def _field(sign: str, name: str, value: Any) -> Text:
    text = "; ".join(value) if isinstance(value, list) else value
    said = shown(f"{name}: {'-' if text is None else text}", "" if sign == " " else "bold")
    return Text.assemble(f"  {sign} ", said)
