"""Lists in Markdown that people read: ``export awesome``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from medsafe_harvest import awesome
from medsafe_harvest.awesome import Template
from medsafe_harvest.cli import export
from medsafe_harvest.cli.choosing import choosing
from medsafe_harvest.cli.context import console
from medsafe_harvest.cli.export import OutOption
from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.outgoing import topic_label


@export.group.command("awesome")
@choosing
def export_awesome(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    context: typer.Context,
    out: OutOption = Path("-"),
    template: Annotated[
        Template, typer.Option(help="Tables with a row a paper, or bullets.")
    ] = Template.TABLES,
    title: Annotated[
        str, typer.Option(help="Heading of the list.")
    ] = "Trustworthy machine learning in medicine",
    by: Annotated[
        str,
        typer.Option(
            metavar="FACET,...", help="Facets whose topics get a section: trust, modality, task."
        ),
    ] = "trust",
    heading: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOPIC=TEXT",
            help="Heading of a topic; repeated. Sections with one come first, in this order.",
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Each paper under its strongest topic only.")
    ] = False,
    summary: Annotated[
        bool, typer.Option("--summary/--no-summary", help="Whether summaries go along.")
    ] = True,
) -> None:
    """A list in Markdown, grouped by topic: paper, year, venue, code, summary.

    Newest first, with a table of contents, as GitHub shows it. Topics come in the order of
    config/topics.yaml; a paper stands under each of its topics, one of none of them at the
    end under "Other papers". Withdrawn papers are left out.

    Try:

    medsafe-harvest export awesome --where medical --out README.md

    medsafe-harvest export awesome --topic fairness --template bullets --by task

    medsafe-harvest export awesome --heading "model-ip=Watermarks" --once
    """
    asked = export.Asked.of(context)
    table = asked.papers(awesome.COLUMNS)
    papers = list(awesome.listed(export.shown_rows(table)))
    as_of = snapshot.manifest(asked.folder).get("as_of")
    layout = awesome.Layout(
        title=title,
        template=template,
        headings=_headings(asked.config, by, heading or ()),
        as_of=dt.date.fromisoformat(as_of) if as_of else None,
        once=once,
        summaries=summary,
    )
    export.write(awesome.export(papers, layout), out, len(papers))
    tell_withdrawn(table.num_rows - len(papers))


def _headings(config: Config, by: str, given: Sequence[str]) -> dict[str, str]:
    """Topic -> heading, in order."""
    facets = [one.strip() for one in by.split(",") if one.strip()]
    known = {slug: facet for facet, slug, _ in config.topics.topics() if facet != "medical"}
    if wrong := [one for one in facets if one not in known.values()]:
        raise typer.BadParameter(f"--by: no facet {wrong[0]!r}; there are trust, modality, task")
    headings = {}
    for each in given:
        slug, equals, text = (part.strip() for part in each.partition("="))
        if not (equals and text):
            raise typer.BadParameter(f"--heading {each!r}: write TOPIC=TEXT")
        headings[known_topic(slug, known, "--heading")] = text
    for facet in facets:
        for slug, own in known.items():
            if own == facet:
                headings.setdefault(slug, topic_label(slug))
    return headings


def known_topic(slug: str, known: Mapping[str, str], option: str) -> str:
    """The topic, if there is one.

    Raises:
        typer.BadParameter: there is none.
    """
    if slug in known:
        return slug
    near = get_close_matches(slug, known, 1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
    raise typer.BadParameter(f"{option}: no topic {slug!r}{hint}")


def papers_in_words(count: int) -> str:
    """How many papers, as people say it."""
    return f"{count:,} {'paper' if count == 1 else 'papers'}"


def tell_withdrawn(count: int) -> None:
    """Say how many papers were withdrawn."""
    if count:
        console.print(f"{papers_in_words(count)} left out: withdrawn")
