"""Which papers a command is about: the options that all such commands share.

``@choosing`` gives a command the options ``--where``, ``--topic``, ``--since``, ``--until`` and
``--query``; the command asks :func:`chosen` what they say.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from medsafe_harvest.cli.context import Workplace
from medsafe_harvest.config import Config
from medsafe_harvest.curated import selection
from medsafe_harvest.curated.selection import Choice
from medsafe_harvest.errors import SelectionError

_PANEL = "Which papers (all that is given must hold)"
_WHERE: dict[str, Any] = {
    "metavar": "CONDITION",
    "help": "Only papers for which this holds, for example \"topic = 'fairness' and "
    'year >= 2024", or @FILE that holds a saved condition.',
}
_QUERY: dict[str, Any] = {"metavar": "ID", "help": "Only papers that this seed query found."}

#: For commands that choose in their own way.
WhereOption = Annotated[str | None, typer.Option(**_WHERE)]
QueryOption = Annotated[str | None, typer.Option(**_QUERY)]


def _option(kind: Any, **about: Any) -> Any:
    return Annotated[kind, typer.Option(rich_help_panel=_PANEL, **about)]


_OPTIONS = {
    "where": _option(str | None, **_WHERE),
    "topic": _option(
        list[str] | None, help="Only papers with this topic; repeated: with all of them."
    ),
    "since": _option(
        str | None,
        metavar="DAY",
        help="Only papers published since: 2023, 2023-05 or 2023-05-31.",
    ),
    "until": _option(
        str | None, metavar="DAY", help="Only papers published until; that year or month too."
    ),
    "query": _option(str | None, **_QUERY),
}


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that choose papers, behind its own."""

    @functools.wraps(command)
    def without(*args: Any, **given: Any) -> None:
        own = {name: value for name, value in given.items() if name not in _OPTIONS}
        command(*args, **own)

    signature = inspect.signature(command, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in _OPTIONS.items()
    ]
    parameters = [*signature.parameters.values(), *added]
    without.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    without.__annotations__ = {one.name: one.annotation for one in parameters}
    return without


def chosen(context: typer.Context, config: Config | None = None) -> Choice:
    """What the options of a command with :func:`choosing` say.

    Args:
        context: of the command.
        config: where it was read already; else it is read only if an option asks for it.

    Raises:
        typer.BadParameter: a day is none, the days are the wrong way round, or a saved condition
            cannot be read.
    """
    place: Workplace = context.obj
    given = context.params
    names = given["topic"] or given["where"] or given["query"]
    since, until = day(given["since"], first=True), day(given["until"], first=False)
    if since and until and since > until:
        raise typer.BadParameter(f"--since {since} is later than --until {until}")
    return Choice(
        topics=given["topic"] or (),
        since=since,
        until=until,
        where=condition(given["where"]),
        query=given["query"],
        known=_known(config or place.config()) if names else (),
    )


def _known(config: Config) -> list[str]:
    """Topics and seed queries, which may have no paper yet."""
    topics = [slug for _, slug, _ in config.topics.topics()]
    return [*topics, *(query.id for query in config.queries)]


def day(text: str | None, *, first: bool) -> date | None:
    """The first or last day of what an option says.

    Raises:
        typer.BadParameter: it says no day, month or year.
    """
    try:
        return selection.day(text, first=first)
    except SelectionError as error:
        raise typer.BadParameter(f"--{'since' if first else 'until'}: {error}") from error


def condition(text: str | None) -> str | None:
    """The condition itself, or what stands in the file that ``@`` names.

    Raises:
        typer.BadParameter: the file cannot be read.
    """
    if text is None or not text.startswith("@"):
        return text
    try:
        return " ".join(Path(text[1:]).read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--where {text}: the file cannot be read ({error})") from error
