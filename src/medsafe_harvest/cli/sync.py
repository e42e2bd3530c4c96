"""Bring lists of others up to date: ``sync``."""

from __future__ import annotations

import codecs
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from medsafe_harvest import awesome
from medsafe_harvest.awesome import Listed, Synced
from medsafe_harvest.awesome.diff import added_lines
from medsafe_harvest.cli import export
from medsafe_harvest.cli.awesome import known_topic, papers_in_words, tell_withdrawn
from medsafe_harvest.cli.choosing import choosing
from medsafe_harvest.cli.context import console, print_json
from medsafe_harvest.config import Config
from medsafe_harvest.errors import ListError
from medsafe_harvest.export import files
from medsafe_harvest.lists.document import is_page
from medsafe_harvest.outgoing import topic_label, topic_name
from medsafe_harvest.topics.tag import Tagger

_SHOWN = 20
#: lxml counts no further.
_LINES = 65_535
#: Markup that is read, but has other escapes and headings than Markdown.
_OTHER_MARKUP = frozenset({".org", ".rst", ".adoc", ".asciidoc", ".csv", ".tsv"})
_BOM = codecs.BOM_UTF8

group = typer.Typer(
    name="sync",
    help="Bring a list that people keep up to date.\n\n"
    "Examples:\n\n"
    "medsafe-harvest sync awesome README.md --since 2026-01-01 --dry-run\n\n"
    "medsafe-harvest sync awesome README.md --where \"medical and topic = 'fairness'\"",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group)


@group.callback()
def _keep_group() -> None:
    """Bring a list that people keep up to date."""


@group.command("awesome")
@choosing
def sync_awesome(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The list: a file in Markdown.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the diff; change nothing.")
    ] = False,
    topic_map: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HEADING=TOPIC",
            help="What goes under a heading; repeated. Nothing behind the sign: no paper does.",
        ),
    ] = None,
    new_section: Annotated[
        str | None,
        typer.Option(
            metavar="HEADING", help="Section at the end for papers that no other section fits."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was added, there, and not placed.")
    ] = False,
) -> None:
    """Add the papers that a list lacks, in its own style, and change nothing else.

    New lines look like their neighbours: table or bullets, columns, brackets, dates, names of
    venues, newest first or last. A paper goes under the heading that names its topics, year or
    venue; one that is anywhere in the file already, by an identifier or its title, is left alone:
    a second run changes nothing. Choose the papers with --where, --topic and --since.

    Try:

    medsafe-harvest sync awesome README.md --since 2026-01-01 --dry-run

    medsafe-harvest sync awesome README.md --topic-map "Attacks=adversarial" --topic-map "News="

    medsafe-harvest sync awesome README.md --new-section "Unsorted"
    """
    asked = export.Asked.of(context)
    before, text = _read(file)
    options = awesome.Options(
        subjects=_subjects(asked.config),
        venues=asked.config.venues,
        headings=_topic_map(asked.config, topic_map or ()),
        new_section=new_section,
    )
    table = asked.papers(awesome.COLUMNS)
    papers = list(awesome.listed(table.to_pylist()))
    with _spinner(f"comparing {len(papers):,} papers with {file}"):
        synced = awesome.sync(text, papers, options, name=file.name)
    _check_map(options, synced, file)
    if as_json:
        print_json(_plain(synced))
    elif dry_run:
        for piece in added_lines(text, synced.text, file.name):
            typer.echo(piece, nl=False)
    if not dry_run and synced.added:
        _write(file, before, synced.text)
    _sum_up(synced, file, dry_run=dry_run)
    tell_withdrawn(table.num_rows - len(papers))


def _spinner(text: str) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    spinner = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    spinner.add_task(text.replace("[", r"\["), total=None)
    return spinner


def _subjects(config: Config) -> awesome.Subjects:
    slugs = [slug for facet, slug, _ in config.topics.topics() if facet != "medical"]
    return awesome.Subjects(Tagger(config.topics), {slug: topic_label(slug) for slug in slugs})


def _topic_map(config: Config, given: Sequence[str]) -> dict[str, str | None]:
    known = {slug: facet for facet, slug, _ in config.topics.topics() if facet != "medical"}
    found: dict[str, str | None] = {}
    for each in given:
        heading, equals, slug = each.rpartition("=")
        if not (equals and heading.strip()):
            raise typer.BadParameter(f"--topic-map {each!r}: write HEADING=TOPIC")
        found[heading.strip()] = (
            known_topic(slug.strip(), known, "--topic-map") if slug.strip() else None
        )
    return found


def _check_map(options: awesome.Options, synced: Synced, file: Path) -> None:
    """Refuse a heading that is not there: it would do nothing, unseen."""
    forms = {awesome.heading_form(heading) for heading in synced.headings}
    for heading in options.headings:
        if awesome.heading_form(heading) not in forms:
            there = "; ".join(synced.headings[:40]) or "none"
            raise typer.BadParameter(
                f"--topic-map: no entries of {file} stand under {heading!r}; headings: {there}"
            )


def _read(file: Path) -> tuple[bytes, str]:
    """The bytes of a list, and its text without a byte-order mark.

    Raises:
        ListError: it cannot be read, or is none.
    """
    if file.suffix.lower() in _OTHER_MARKUP:
        raise ListError(
            f"{file}: only lists in Markdown can be brought up to date; write one with "
            "`medsafe-harvest export awesome`, or save this one as Markdown"
        )
    try:
        body = file.read_bytes()
    except FileNotFoundError as error:
        raise ListError(
            f"there is no {file}: give the list, or write one with `medsafe-harvest export awesome`"
        ) from error
    except OSError as error:
        raise ListError(f"{file}: cannot be read: {error.strerror}") from error
    try:
        text = body.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ListError(
            f"{file}: not UTF-8 at byte {error.start}; save it as UTF-8, nothing was changed"
        ) from error
    if is_page(text, file.name):
        raise ListError(f"{file}: a page in HTML; only lists in Markdown can be brought up to date")
    if text.count("\n") >= _LINES:
        raise ListError(f"{file}: more than {_LINES:,} lines; split it")
    return body, text


def _write(file: Path, before: bytes, text: str) -> None:
    """Put the new text in the file's place, with the mark and the mode that it had.

    Raises:
        ExportError: it cannot be written.
    """
    mark = _BOM if before.startswith(_BOM) else b""
    place = file.resolve()

    def write(beside: Path) -> None:
        beside.write_bytes(mark + text.encode("utf-8"))
        shutil.copymode(place, beside)

    files.replace(place, write)


def _sum_up(synced: Synced, file: Path, *, dry_run: bool) -> None:
    """Say what was done, on standard error."""
    verb = "would be added to" if dry_run else "added to"
    console.print(
        f"{file}: {papers_in_words(len(synced.added))} {verb} it, "
        f"{len(synced.there):,} there already, {len(synced.unplaced):,} without a section",
        soft_wrap=True,
    )
    for section, count in Counter(one.section for one in synced.added).items():
        console.print(f"  {count:>5,}  {section}", soft_wrap=True)
    if not synced.headings:
        console.print(
            "no paper was found in the file, so there is no style to follow; write a list"
        )
        console.print("with 'medsafe-harvest export awesome', or give --new-section")
    if synced.unplaced:
        console.print(
            "without a section (--topic-map says what goes where, --new-section makes one):"
        )
        for one in synced.unplaced[:_SHOWN]:
            console.print(f"  {_line(one.paper)}: {one.why}", soft_wrap=True)
        if len(synced.unplaced) > _SHOWN:
            console.print(f"  ... and {len(synced.unplaced) - _SHOWN:,} more (--json lists all)")


def _line(paper: Listed) -> str:
    topics = ", ".join(map(topic_name, sorted(paper.topics))) or "no topic"
    return f"{paper.title} ({paper.year or 'no year'}; {topics})"


def _plain(synced: Synced) -> dict[str, list[dict[str, str]]]:
    def of(paper: Listed, **more: str) -> dict[str, str]:
        return {"paper_id": paper.paper_id, "title": paper.title, **more}

    return {
        "added": [of(one.paper, section=one.section) for one in synced.added],
        "there": [of(paper, by=how) for paper, how in synced.there],
        "unplaced": [of(one.paper, why=one.why) for one in synced.unplaced],
    }
