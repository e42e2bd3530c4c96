"""``review`` by a table: pairs written as CSV, answers taken from it."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import typer
from rich.text import Text

from medsafe_harvest import report, review_sheet
from medsafe_harvest.cli.context import Workplace, console, output
from medsafe_harvest.cli.review_pair import Records, papers_of
from medsafe_harvest.cli.review_walk import warn
from medsafe_harvest.curated import snapshot
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.errors import ConfigError, CuratedError
from medsafe_harvest.overrides_file import OverridesFile, Ruling, unreadable
from medsafe_harvest.review_outlook import at_odds
from medsafe_harvest.review_session import Session


def export_pairs(folder: Path, session: Session, target: Path, file: OverridesFile) -> None:
    """Write the pairs of a session as CSV.

    Raises:
        ConfigError: the file that would be replaced holds answers, or something else.
        StoreError: it cannot be written.
    """
    _refuse_to_erase(target, file)
    text = review_sheet.write(session.queue, Records(folder, session.queue).rows)
    if str(target) == "-":
        typer.echo(text, nl=False)
    else:
        # With the mark, spreadsheets know that it is UTF-8.
        report.write(target, f"\ufeff{text}")
    others = sum(map(session.others, session.queue))
    more = f" ({others} more are of the same papers as one of these)" if others else ""
    console.print(
        f"{len(session.queue)} pairs{more}; fill in the column answer (y or n), then run "
        "`medsafe-harvest review --import FILE`"
    )


def _refuse_to_erase(target: Path, file: OverridesFile) -> None:
    """Leave alone a table with answers that are not imported.

    Raises:
        ConfigError: the file is one, or is no table of pairs.
    """
    if not target.is_file():
        return
    content = _content(target)
    try:
        answers = review_sheet.not_yet_imported(content, file.read(), file=str(target))
    except ConfigError as error:
        raise ConfigError(
            f"is there already, and is no table of pairs ({error.message}): name another file",
            file=str(target),
        ) from error
    if answers:
        raise ConfigError(
            f"holds {answers} answer{'s' * (answers > 1)} not imported yet, which would be lost: "
            "import it first, or name another file",
            file=str(target),
        )


def _content(table: Path) -> bytes:
    try:
        return table.read_bytes()
    except OSError as error:
        raise ConfigError(unreadable(error), file=str(table)) from error


def import_answers(
    place: Workplace, file: OverridesFile, table: Path, who: str, today: date, *, dry_run: bool
) -> int:
    """Write the answers of a table, all or none; how many were written.

    Raises:
        ConfigError: the table is wrong, or contradicts itself or what is there.
    """
    content = sys.stdin.buffer.read() if str(table) == "-" else _content(table)
    name = "standard input" if str(table) == "-" else str(table)
    answers = review_sheet.read(content, file=name, who=who, when=today)
    before = file.read()
    new = review_sheet.check(answers, before, file=name)
    _warn_of_answers(place, answers, before, name)
    if not dry_run:
        new = file.add(new)
    for ruling in new:
        output.print(_line(ruling), soft_wrap=True)
    same = sum(ruling.same for ruling in new)
    console.print(
        f"{'would write' if dry_run else 'written'}: {len(new)} ({same} same, "
        f"{len(new) - same} different); {len(answers.rulings) - len(new)} were there already; "
        f"{answers.unanswered} rows have no answer"
    )
    return 0 if dry_run else len(new)


def _warn_of_answers(
    place: Workplace, answers: review_sheet.Answers, before: Overrides, name: str
) -> None:
    """Say which rows are about unknown records, or disagree with a ruling on the same papers."""
    try:
        papers = papers_of(snapshot.current(place.curated))
    except CuratedError:
        return  # without a table there is nothing to compare with
    said = before
    for ruling, line in zip(answers.rulings, answers.lines, strict=True):
        if lacking := [one for one in ruling.link.pair if one not in papers]:
            warn(
                f"{name}:{line}: the table lacks {' and '.join(lacking)}: a slip? The entry does "
                "nothing until such a record comes"
            )
        if other := at_odds(ruling, said, papers):
            warn(f"{name}:{line}: says the opposite of {other}, which is about the same two papers")
        links = (*getattr(said, ruling.key), ruling.link)
        said = said.model_copy(update={ruling.key: links})


def _line(ruling: Ruling) -> Text:
    return Text.assemble((ruling.key, "bold"), f" {ruling.link}")
