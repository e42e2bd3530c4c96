"""Let a person decide about doubtful pairs: ``review``."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import sys
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from medsafe_harvest.cli.context import Exit, Workplace, console, output
from medsafe_harvest.cli.harvest import rebuild
from medsafe_harvest.cli.review_csv import export_pairs, import_answers
from medsafe_harvest.cli.review_pair import papers_of
from medsafe_harvest.cli.review_walk import Terminal, skipped_before, walk, warn
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import ConfigError, CuratedError
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.normalize.text import one_line
from medsafe_harvest.overrides_file import OverridesFile
from medsafe_harvest.review import Choice, pairs, unknown
from medsafe_harvest.review_session import Session


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(review)


def review(  # noqa: PLR0913, PLR0917 - each option is a parameter
    context: typer.Context,
    near: Annotated[
        bool, typer.Option("--near", help="Also the refusals that were near the threshold.")
    ] = False,
    matches: Annotated[
        bool, typer.Option("--matches", help="Also the matches, the weakest first.")
    ] = False,
    reason: Annotated[
        list[str] | None,
        typer.Option(help="Only pairs with this reason code; may be repeated."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only pairs with a record of this source; may be repeated."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many pairs.")] = None,
    who: Annotated[
        str | None,
        typer.Option(help="Who decides. Default: git's user.name, or else the login name."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FILE",
            help="Write the pairs as CSV to this file (-: standard output) and ask nothing.",
        ),
    ] = None,
    import_: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="FILE",
            help="Take the answers from the column `answer` of this CSV file (-: standard input).",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --import: say what would be written.")
    ] = False,
    then_rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Apply the answers at once, as `rebuild` does.")
    ] = False,
) -> None:
    """Walk through the doubtful pairs and decide: one paper, or two?

    Each answer goes at once to config/overrides.yaml, with who, when and why, and holds from the
    next `rebuild` or `harvest` on, for good. A pair that was answered, or follows from answers, is
    not asked again; an answer that contradicts another is refused. Leave whenever you like.
    """
    place: Workplace = context.obj
    if export and import_:
        raise typer.BadParameter("--export and --import exclude each other")
    if dry_run and not import_:
        raise typer.BadParameter("--dry-run goes with --import")
    file = OverridesFile(_own(place) / "overrides.yaml")
    if import_:
        name = who or _login()
        written = import_answers(place, file, import_, name, _today(), dry_run=dry_run)
    else:
        choice = Choice(near, matches, frozenset(reason or ()), frozenset(source or ()))
        # Resolved once: a run may put another table in its place meanwhile.
        folder = snapshot.current(place.curated)
        decisions = snapshot.read(folder, "decisions")
        _refuse_unknown(choice, decisions)
        memory = place.data / "cache" / "review-skipped.tsv"
        session = Session(pairs(decisions, choice), file, papers_of(folder), skipped_before(memory))
        session.limit(limit)
        if export:
            export_pairs(folder, session, export, file)
            return
        if not (sys.stdin.isatty() and output.is_terminal):
            console.print(
                "review asks on a terminal, and there is none here. Without one: "
                "medsafe-harvest review --export pairs.csv, fill in the column answer (y or n), "
                "then medsafe-harvest review --import pairs.csv",
                soft_wrap=True,
            )
            raise typer.Exit(Exit.USAGE)
        name = who or _login()
        walk(folder, session, Terminal(), memory=memory, who=name, today=_today)
        written = len(session.answered)
        _warn_of_unknown(place, file)
    if written and then_rebuild:
        rebuild(context)
    elif written:
        console.print("run `medsafe-harvest rebuild` to apply")


def _own(place: Workplace) -> Path:
    """The configuration folder, if it is the user's own.

    Raises:
        ConfigError: it is the package's, which the next upgrade replaces.
    """
    package = Path(str(resources.files("medsafe_harvest"))).resolve()
    if place.config_folder.resolve().is_relative_to(package):
        raise ConfigError(
            "answers are not written into the installed package: copy this folder to ./config, or "
            "name yours with --config",
            file=str(place.config_folder),
        )
    return place.config_folder


def _login() -> str:
    """Git's user.name, or else the login name.

    Raises:
        typer.BadParameter: neither is known.
    """
    git = shutil.which("git")
    if git:
        asked = subprocess.run(  # noqa: S603 - a fixed question
            [git, "config", "user.name"], capture_output=True, text=True, check=False
        )
        if name := one_line(asked.stdout):
            return name
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        raise typer.BadParameter("nobody knows who you are: say it with --who NAME") from error


def _today() -> date:
    return SystemClock().now().date()


def _refuse_unknown(choice: Choice, decisions: pa.Table) -> None:
    """Refuse a reason or source that no decision has, rather than find nothing.

    Raises:
        typer.BadParameter: there is one.
    """
    sides = [*decisions["left"].to_pylist(), *decisions["right"].to_pylist()]
    known = {
        "reason": (choice.reasons, set(decisions["reason"].to_pylist())),
        "source": (choice.sources, {one.partition(":")[0] for one in sides}),
    }
    for kind, (asked, there) in known.items():
        for name in sorted(asked - there):
            raise typer.BadParameter(
                f"--{kind}: no pair has {name!r}; there are {', '.join(sorted(there)) or 'none'}"
            )


def _warn_of_unknown(place: Workplace, file: OverridesFile) -> None:
    """Name what the rulings are about and the table lacks; it may come with a later harvest."""
    try:
        lacking = unknown(file.read(), papers_of(snapshot.current(place.curated)))
    except CuratedError:
        return  # without a table there is nothing to compare with
    if lacking:
        warn(
            f"{file.path} names records that the table lacks, so these entries do nothing yet: "
            f"{', '.join(lacking)}"
        )
