"""Try, check, compare and score the topic rules: ``topics``."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.parquet as pq
import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest.cli.context import Exit, Workplace, output, print_json
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.config_files import load
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import CuratedError, EvaluateError
from medsafe_harvest.topics import Match, Tagger, TopicConfig
from medsafe_harvest.topics.check import Use, findings, uses
from medsafe_harvest.topics.diff import Change, Paper, changes
from medsafe_harvest.topics.evaluate import Confusion, TopicEvaluation, evaluate, read_labelled

_FILE = "topics.yaml"

#: The end of a sentence; a text without one is a title.
_SENTENCE = re.compile(r"[.!?](\s|$)")

group = typer.Typer(
    name="topics",
    help="Try, check, compare and score the topic rules in config/topics.yaml.",
    no_args_is_help=True,
)

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output.")
]
PapersOption = Annotated[
    Path | None,
    typer.Option(
        "--papers",
        metavar="FILE",
        help="Parquet or JSON with title and abstract instead of the curated papers.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group)


@group.command()
def check(
    context: typer.Context,
    papers: PapersOption = None,
    titles: Annotated[
        int, typer.Option(min=1, help="Show up to N matched words and titles a topic.")
    ] = 3,
    as_json: JsonOption = False,
) -> None:
    """Validate the rules, find those that can do nothing, and show what each topic matches.

    A mistake in the file is told with its line, and the exit code is 2. A phrase is dead where it
    can never count (an excluded phrase covers it), and shadowed where another phrase of the topic
    matches wherever it does and says as much; either makes the exit code 1. Where papers are at
    hand, each topic comes with the number of papers that get it, the words that matched most
    often, a few titles, and the rules that matched nowhere.
    """
    config = _rules(context)
    found = findings(config)
    try:
        stock = _papers(context, papers)
    except CuratedError:
        stock = []
    used = uses(config, stock, top=titles) if stock else []
    if as_json:
        print_json(
            {
                "findings": [one._asdict() for one in found],
                "papers": len(stock),
                "topics": [one.plain() for one in used],
            }
        )
    else:
        for one in found:
            phrase = f" {one.phrase!r}" if one.phrase else ""
            output.print(Text.assemble((one.kind, "bold"), f"  {one.place}{phrase}: {one.why}"))
        for use in used:
            _print_use(use)
        count = sum(1 for _ in config.topics())
        output.print(f"{count} topics, {len(found)} findings, {len(stock):,} papers read")
    raise typer.Exit(Exit.FAILED if found else Exit.DONE)


@group.command(name="test")
def explain_text(
    context: typer.Context,
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="An abstract, or a title alone if no sentence ends in it; - for standard input.",
        ),
    ],
    title: Annotated[str, typer.Option(help="The title that goes with it.")] = "",
    category: Annotated[
        list[str] | None, typer.Option(help="An arXiv category of the paper; may be repeated.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Explain which topics a text gets, and why: every match with its weight and discount.

    Examples:
      medsafe-harvest topics test "Federated learning for chest X-ray classification"

      medsafe-harvest topics test - --title "A title" < abstract.txt
    """
    given = sys.stdin.read() if text == "-" else text
    alone = not title and not _SENTENCE.search(given)
    tagger, own = Tagger(_rules(context)), category or ()
    verdicts = (
        tagger.explain(given.strip(), None, own) if alone else (tagger.explain(title, given, own))
    )
    if as_json:
        print_json({"topics": [one.plain() for one in verdicts]})
        return
    if not verdicts:
        output.print("no rule finds anything in it")
    for one in sorted(verdicts, key=lambda one: (not one.tagged, -one.score)):
        sign, style = ("+", "bold") if one.tagged else (" ", "dim")
        output.print(Text(f"{sign} {one.score:.2f}  {one.facet}: {one.topic}", style=style))
        for match in one.matches:
            output.print(_match(match))


@group.command()
def diff(
    context: typer.Context,
    new: Annotated[
        Path, typer.Argument(metavar="FILE", help="The rules to compare the current ones with.")
    ],
    papers: PapersOption = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this topic; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Show at most so many papers.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show which papers would change tags with the rules in FILE, before they are put in place.

    Copy config/topics.yaml, change the copy, and compare. Every gain and loss is told with the
    words that make it; the table at the end counts them by topic.
    """
    before, after = Tagger(_rules(context)), Tagger(load(new, TopicConfig))
    stock = _papers(context, papers)
    found = [one for one in changes(before, after, stock) if not topic or one.topic in topic]
    if as_json:
        print_json({"papers": len(stock), "changes": [one.plain() for one in found]})
        return
    for one in found[:limit]:
        _print_change(one)
    if len(found) > limit:
        output.print(f"... and {len(found) - limit:,} more changes")
    if found:
        output.print(_counts(found))
    touched = len({one.paper.id for one in found})
    output.print(f"{touched:,} of {len(stock):,} papers change")


@group.command(name="evaluate")
def score(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSON list of objects with id, title, abstract, medical, trust, modality, task.",
        ),
    ],
    errors: Annotated[
        int, typer.Option("--errors", metavar="N", min=0, help="Show up to N disagreements.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Score the rules on labelled papers: precision, recall and F1 by topic and facet.

    micro-F1 counts all labels of a facet together; macro-F1 is the mean over the topics that are
    wanted or given. With --errors, each disagreement is shown with the topics of its facet and
    the text that decided.
    """
    told = evaluate(Tagger(_rules(context)), _labelled(file))
    if as_json:
        plain = told.plain()
        if errors:
            plain["errors"] = [one.plain() for one in told.confusions[:errors]]
        print_json(plain)
        return
    output.print(_figures(told))
    output.print(f"{told.papers} papers, medical accuracy {told.accuracy:.3f}")
    for one in told.confusions[:errors]:
        _print_confusion(one)


def _rules(context: typer.Context) -> TopicConfig:
    place: Workplace = context.obj
    return load(place.config_folder / _FILE, TopicConfig)


def _labelled(file: Path) -> Sequence[Any]:
    try:
        return read_labelled(file.read_bytes())
    except OSError as error:
        raise EvaluateError(f"{file}: cannot be read: {error.strerror}") from error
    except EvaluateError as error:
        raise EvaluateError(f"{file}: {error}") from error


def _papers(context: typer.Context, file: Path | None) -> list[Paper]:
    """The papers of a file, or else the curated ones."""
    if file is None:
        place: Workplace = context.obj
        names = ["paper_id", "title", "abstract", "categories"]
        table = snapshot.read(snapshot.current(place.curated), "papers", names)
        return [_paper(row, row["paper_id"]) for row in table.to_pylist()]
    try:
        rows = (
            json.loads(file.read_bytes())
            if file.suffix == ".json"
            else pq.ParquetFile(file).read().to_pylist()
        )
        return [_paper(row, str(row.get("id", number))) for number, row in enumerate(rows, 1)]
    except FileNotFoundError as error:
        raise EvaluateError(f"{file}: there is no such file") from error
    except (OSError, ValueError, pa.ArrowInvalid, AttributeError, KeyError, TypeError) as error:
        raise EvaluateError(
            f"{file}: not Parquet or JSON with title and abstract a row: {error}"
        ) from error


def _paper(row: dict[str, Any], name: str) -> Paper:
    categories = row.get("categories")
    own = tuple(categories) if isinstance(categories, list) else ()
    return Paper(name, row["title"] or "", row.get("abstract"), own)


def _print_use(use: Use) -> None:
    words = ", ".join(f"{word} ({count:,})" for word, count in use.words)
    output.print(
        Text.assemble(
            (f"{use.facet}: {use.topic}", "bold"), f"  {use.given:,} papers  ", shown(words)
        )
    )
    for title in use.titles:
        output.print(Text.assemble("    ", shown(title)))
    if use.silent:
        output.print(f"    matched nowhere: {', '.join(use.silent)}")


def _match(match: Match) -> Text:
    discount = f", {match.discount}" if match.discount else ""
    place = f"{match.field} {match.start}"
    said = f"{match.weight:+.2f}  {match.text!r} ({match.rule}, {place}{discount})"
    return Text.assemble("      ", shown(said))


def _print_change(one: Change) -> None:
    sign, style = ("+", "green") if one.gained else ("-", "red")
    output.print(
        Text.assemble(
            (f"{sign} {one.topic}", style),
            f"  {one.before:.2f} -> {one.after:.2f}  ",
            shown(one.paper.title),
        )
    )
    for match in one.matches[:3]:
        output.print(_match(match))


def _counts(found: Sequence[Change]) -> Table:
    gained = Counter(one.topic for one in found if one.gained)
    lost = Counter(one.topic for one in found if not one.gained)
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("topic")
    table.add_column("gained", justify="right")
    table.add_column("lost", justify="right")
    for slug in sorted(gained | lost):
        table.add_row(slug, f"{gained[slug]:,}", f"{lost[slug]:,}")
    return table


def _figures(told: TopicEvaluation) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("topic")
    for name in ("prec.", "recall", "F1", "wanted", "given"):
        table.add_column(name, justify="right")
    for facet, own in told.facets.items():
        rows = {f"{facet} (micro)": own.micro, **{f"  {k}": v for k, v in own.topics.items()}}
        for name, one in rows.items():
            figures = [f"{value:.3f}" for value in (one.precision, one.recall, one.f1)]
            style = "" if name.startswith(" ") else "bold"
            table.add_row(name, *figures, str(one.wanted), str(one.given), style=style)
        table.add_row(f"{facet} (macro)", "", "", f"{own.macro_f1:.3f}", style="bold")
    return table


def _print_confusion(one: Confusion) -> None:
    output.print(
        Text.assemble(
            (f"\n{one.kind}: {one.topic}", "bold"), f"  score {one.score:.2f}  ", shown(one.title)
        )
    )
    wanted, given = ", ".join(one.wanted) or "none", ", ".join(one.given) or "none"
    output.print(f"    {one.facet} wanted: {wanted}; given: {given}")
    for match in one.matches[:3]:
        output.print(_match(match))
