"""Show what is new and matters: ``digest``."""

from __future__ import annotations

import enum
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer
from rich.text import Text

from medsafe_harvest import report
from medsafe_harvest.cli import digest_letter, digest_send
from medsafe_harvest.cli.choosing import QueryOption, WhereOption
from medsafe_harvest.cli.context import Workplace, console, output, print_json
from medsafe_harvest.cli.digest_choice import (
    Choice,
    DaysOption,
    LimitOption,
    SinceOption,
    TopicOption,
    chosen,
    digest_of,
    health_of,
    new_papers,
    refuse_unknown,
)
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.config import Settings
from medsafe_harvest.curated import redirects, snapshot
from medsafe_harvest.curated.lookup import find_paper, resolve
from medsafe_harvest.digests import html, message, text
from medsafe_harvest.digests.content import Digest, explained, opening
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.schema import PAPER


class Format(enum.StrEnum):
    """How a digest is written."""

    TERMINAL = "terminal"
    TEXT = "text"
    HTML = "html"
    EML = "eml"
    JSON = "json"


_BY_ENDING = {".txt": Format.TEXT, ".html": Format.HTML, ".eml": Format.EML, ".json": Format.JSON}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(invoke_without_command=True)
    group.callback(invoke_without_command=True)(digest)
    digest_send.register(group)
    app.add_typer(group, name="digest")


def digest(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    context: typer.Context,
    since: SinceOption = None,
    days: DaysOption = None,
    topic: TopicOption = None,
    where: WhereOption = None,
    query: QueryOption = None,
    limit: LimitOption = 20,
    explain: Annotated[
        str | None,
        typer.Option(metavar="PAPER", help="Only explain the score of this paper, new or not."),
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option(
            "--today",
            formats=["%Y-%m-%d"],
            help="Day for which ages are counted. Default: today (UTC).",
        ),
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="For a terminal, as plain text, as a web page, as a mail, or as JSON. Default: by "
            "the ending of --out, or else for a terminal.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write into this file, not on standard output.", dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show the new papers that matter, with the parts of each score; `digest send` mails them.

    A paper is new when it was first seen since the day given. The score is the sum of recency,
    topic fit, citations a month, code and venue, each 0 to 1 times its weight from
    config/settings.yaml; docs/how-to/digest-and-coverage.md has the formula. Withdrawn papers are
    left out. Where the harvest failed or left something out, the digest says so first.

    For example:

      medsafe-harvest digest --days 1

      medsafe-harvest digest --topic privacy --topic unlearning --out digest.html

      medsafe-harvest digest send --to me@example.org --smtp mail.example.org:587
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    place: Workplace = context.obj
    now = SystemClock().now()
    today = day.date() if day else now.date()
    choice = chosen(today, since, days, topic or [], where=where, query=query, limit=limit)
    wanted = _format(form, out, as_json=as_json)
    config = place.config()
    refuse_unknown(choice, config)
    settings = config.settings
    folder = snapshot.current(place.curated)
    if explain is not None:
        row = _the_paper(place, folder, explain)
        _show_explained(explained(row, today, settings.ranking, None), choice, settings, wanted)
        return
    health = health_of(place, settings, today, now)
    found = digest_of(new_papers(folder, choice), choice, settings, health)
    if wanted is not Format.TERMINAL:
        _write(_rendered(found, choice, settings, wanted), out)
        return
    for paragraph in text.alarm(health):
        console.print(Text(paragraph, "bold red"), soft_wrap=True)
    output.print(f"{' '.join(opening(found))}\n", soft_wrap=True)
    _print_papers(found.papers, found.highest)


def _refuse_options_before(context: typer.Context) -> None:
    given = [
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    if given:
        raise typer.BadParameter(
            f"write options behind the word {context.invoked_subcommand}, where it has them"
        )


def _format(form: Format | None, out: Path | None, *, as_json: bool) -> Format:
    """The format asked for.

    Raises:
        typer.BadParameter: two were asked for, or none can be told.
    """
    if as_json:
        if form not in {None, Format.JSON}:
            raise typer.BadParameter("give --json or --format, not both")
        form = Format.JSON
    if form is None and out is not None:
        form = _BY_ENDING.get(out.suffix.lower())
        if form is None:
            raise typer.BadParameter(f"--out {out}: say the --format")
    if form is Format.TERMINAL and out is not None:
        raise typer.BadParameter("--format terminal goes to a terminal; --format text to a file")
    return form or Format.TERMINAL


def _rendered(found: Digest, choice: Choice, settings: Settings, form: Format) -> str:
    match form:
        case Format.TEXT:
            return text.render(found)
        case Format.HTML:
            return html.render(found)
        case Format.EML:
            return _as_mail(found, choice, settings)
        case _:
            plain = _as_plain(found.papers, choice.today, settings)
            begin = {"since": choice.since, "topics": choice.topics, "new": found.new}
            chosen = {"where": choice.where, "query": choice.query}
            plain = {**begin, **chosen, "harvest": found.health.as_plain(), **plain}
            return json.dumps(plain, ensure_ascii=False, indent=1, default=str) + "\n"


def _as_mail(found: Digest, choice: Choice, settings: Settings) -> str:
    """The mail that would be sent, dated by the day alone so that it can be made again."""
    recipient = settings.mail.to[0] if settings.mail.to else None
    sender = digest_send.sender(None, settings, recipient or "medsafe-harvest@localhost")
    audience = message.Audience(recipient or "", choice.key)
    mail = message.compose(
        found,
        sender=sender,
        recipient=recipient,
        name=message.message_id(audience, choice.today, digest_letter.kind(found.health), sender),
        moment=datetime.combine(choice.today, time.min, UTC),
    )
    return mail.as_bytes().decode("ascii")


def _write(content: str, out: Path | None) -> None:
    if out is None:
        typer.echo(content, nl=False)
        return
    report.write(out, content)
    console.print(str(out), soft_wrap=True)


def _the_paper(place: Workplace, folder: Path, name: str) -> pa.Table:
    """The one row that an id names."""
    answer = resolve(folder, redirects.read(place.curated), name)
    return pa.Table.from_pylist([find_paper(folder, answer.paper_id)], schema=PAPER)


def _show_explained(
    papers: Sequence[dict[str, Any]], choice: Choice, settings: Settings, form: Format
) -> None:
    if form is Format.JSON:
        print_json(_as_plain(papers, choice.today, settings))
    elif form is Format.TERMINAL:
        _print_papers(papers, settings.ranking.highest)
    else:
        raise typer.BadParameter("--explain prints for a terminal, or with --json")


def _as_plain(papers: Sequence[Any], today: date, settings: Settings) -> dict[str, Any]:
    return {
        "today": today,
        "settings": settings.ranking.model_dump(),
        "highest": settings.ranking.highest,
        "papers": list(papers),
    }


def _print_papers(papers: Sequence[Any], highest: float) -> None:
    for number, paper in enumerate(papers, start=1):
        title = Text.assemble(f"{number}. ", shown(paper["title"], "bold"))
        output.print(title, soft_wrap=True)
        _print_line("   ", _names(paper["authors"]))
        _print_line("   ", f"{paper['paper_id']} {paper['url'] or ''}")
        output.print(f"   score {paper['score']:.3f} of {highest:g}")
        for part in paper["parts"]:
            sum_ = f"{part['value']:.3f} x {part['weight']:g} = {part['points']:.3f}"
            _print_line(f"     {part['part']:<9}  {sum_}  ", part["why"])
        output.print()


def _print_line(before: str, text: str) -> None:
    output.print(Text.assemble(before, shown(text)), soft_wrap=True)


def _names(authors: Sequence[str], most: int = 4) -> str:
    if len(authors) > most:
        return f"{', '.join(authors[:most])} and {len(authors) - most} more"
    return ", ".join(authors) or "no authors"
