"""The command line: the only part that prints, exits, or reads the environment.

Results go to standard output, everything said about the work to standard error, so that
``--json`` can be piped. Exit codes: 0 done, 1 failed, 2 wrong command line or configuration,
3 incomplete (some windows are missing and the next run fetches them), 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from rich.text import Text
from typer.core import TyperGroup

from medsafe_harvest.cli import (
    cite,
    coverage,
    curate,
    demo,
    digest,
    doctor,
    evaluate,
    explain,
    export,
    feeds,
    harvest,
    imports,
    inspect,
    query,
    raw,
    related,
    review,
    schedule,
    search,
    site,
    status,
    sync,
    topics,
)
from medsafe_harvest.cli.context import (
    ConfigOption,
    DataOption,
    Exit,
    VersionOption,
    Workplace,
    console,
    exit_code_of,
)
from medsafe_harvest.errors import ConfigError, MedsafeError, SelectionError


class Commands(TyperGroup):
    """The commands, with one answer to an interrupt."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            console.print("interrupted: what was fetched is kept; run it again to go on")
            sys.stdout.flush()
            # Threads that wait for a service need not be waited for: nothing is half-written.
            os._exit(exit_code_of(interrupt))


app = typer.Typer(
    name="medsafe-harvest",
    cls=Commands,
    help="One clean table of the literature on trustworthy machine learning in medicine.\n\n"
    "Fetches arXiv and Semantic Scholar for the seed queries in config/queries.yaml, keeps every "
    "response under data/raw, merges the records of the same paper, tags them by topic, and "
    "writes Parquet under data/curated.\n\n"
    "Exit codes: 0 done, 1 failed, 2 wrong command line or configuration, 3 incomplete (some "
    "windows are missing; the next run fetches them), 130 interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _workplace(
    context: typer.Context,
    config: ConfigOption = None,
    data: DataOption = None,
    version: VersionOption = False,  # noqa: ARG001 - its callback does the work
) -> None:
    context.obj = Workplace.find(config, data)


harvest.register(app)
status.register(app)
query.register(app)
search.register(app)
inspect.register(app)
explain.register(app)
related.register(app)
digest.register(app)
feeds.register(app)
coverage.register(app)
curate.register(app)
export.register(app)
cite.register(app)
imports.register(app)
sync.register(app)
site.register(app)
review.register(app)
evaluate.register(app)
doctor.register(app)
schedule.register(app)
raw.register(app)
topics.register(app)
demo.register(app)


def main() -> None:
    """Run the command line and turn expected errors into one readable line and an exit code."""
    try:
        app()
    except MedsafeError as error:
        console.print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        usage = isinstance(error, (ConfigError, SelectionError))
        sys.exit(Exit.USAGE if usage else Exit.FAILED)
