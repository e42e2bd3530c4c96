"""A static site of the curated papers: ``site build``, ``site serve``."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from medsafe_harvest.cli.choosing import choosing, chosen
from medsafe_harvest.cli.context import Exit, Workplace, console, output
from medsafe_harvest.config import Config
from medsafe_harvest.curated import redirects, snapshot
from medsafe_harvest.curated.selection import Choice
from medsafe_harvest.errors import ExportError
from medsafe_harvest.outgoing import web
from medsafe_harvest.site import build as builder
from medsafe_harvest.site import serve as server
from medsafe_harvest.site.abstracts import Abstracts

_USUAL = builder.Settings()
_OUT = "Folder of the site. Default: site/ in the data folder."


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        help="A static site of the curated papers, for any web server.", no_args_is_help=True
    )
    group.command()(choosing(build))
    group.command()(serve)
    app.add_typer(group, name="site")


def build(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help=_OUT, file_okay=False)] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where the site will be found, https://example.org/papers; with it come a "
            "sitemap, a page for missing pages, and feeds that lead to the site's own pages.",
        ),
    ] = None,
    title: Annotated[str, typer.Option(help="Title of the site.")] = _USUAL.title,
    tagline: Annotated[str, typer.Option(help="What stands under the title.")] = _USUAL.tagline,
    abstracts: Annotated[
        Abstracts,
        typer.Option(
            help="Abstracts, and summaries taken from them, that are shown: all, those from arXiv "
            "(which everybody may publish), or none."
        ),
    ] = _USUAL.abstracts,
    author_papers: Annotated[
        int, typer.Option(min=1, help="Papers under a name from which on it has a page.")
    ] = _USUAL.author_papers,
) -> None:
    """Write a static site: topics, papers, authors, search, charts and feeds.

    Any web server or GitHub Pages serves the folder, from whatever path; opened as files it works
    as well. Pages load nothing from elsewhere. The folder is replaced as a whole when the build
    succeeds; what others put there (.git, CNAME) stays, and files that would not change are not
    touched. The same snapshot gives the same bytes.

    For example:

      medsafe-harvest site build

      medsafe-harvest site build --base-url https://example.github.io/papers --abstracts arxiv

      medsafe-harvest site build --topic fairness --since 2022 --where medical
    """
    place: Workplace = context.obj
    if base_url is not None and web(base_url) != base_url:
        raise typer.BadParameter(f"--base-url {base_url!r} is no address like https://example.org")
    if out is not None:
        place.refuse_raw(out)
    config = place.config()
    settings = replace(
        settings_of(config),
        title=title,
        tagline=tagline,
        base_url=base_url,
        author_papers=author_papers,
        abstracts=abstracts,
    )
    built = of_place(place, settings, out, chosen(context, config))
    output.print(
        f"{built.papers:,} papers, {built.authors:,} authors: {built.files:,} files, "
        f"{built.total_bytes / 1e6:,.0f} MB, {built.written:,} files new or changed"
    )
    output.print(f"Site: {built.out / 'index.html'}", soft_wrap=True)


def of_place(
    place: Workplace,
    settings: builder.Settings,
    out: Path | None = None,
    choice: Choice | None = None,
) -> builder.Built:
    """Build the site of a data folder and tell how far it is.

    Args:
        place: where the snapshot is.
        settings: how the site looks.
        out: folder of the site; None takes the usual one.
        choice: which papers; None for all.
    """
    folder = snapshot.current(place.curated)
    target = out or place.data / "site"
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    silent = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=silent) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(step: str, total: int, done: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.advance(tasks[step], done)

        return builder.build(
            folder, redirects.read(place.curated), target, settings, choice, progress
        )


def settings_of(config: Config) -> builder.Settings:
    """A site of the usual look that knows the topics, queries and venues of a configuration."""
    return builder.Settings(
        version=metadata.version("medsafe-harvest"),
        topics={slug: facet for facet, slug, _ in config.topics.topics() if facet != "medical"},
        queries={query.id: query.description for query in config.queries},
        venues=config.venues.full_names,
        ranking=config.settings.ranking,
    )


def serve(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help=_OUT, file_okay=False)] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8643,
) -> None:
    """Serve the site on this machine until interrupted, for a look before it goes out.

    For example:

      medsafe-harvest site serve --port 0
    """
    place: Workplace = context.obj
    folder = out or place.data / "site"
    if not (folder / "index.html").is_file():
        raise ExportError(f"there is no site in {folder}: run `medsafe-harvest site build`")
    try:
        with server.serving(folder, port) as (running, address):
            output.print(address, soft_wrap=True)
            console.print("Ctrl-C ends it")
            running.serve_forever()
    except OSError as error:
        raise typer.BadParameter(f"port {port} cannot be used: {error}") from error
    except KeyboardInterrupt:
        console.print("stopped")
    raise typer.Exit(Exit.DONE)
