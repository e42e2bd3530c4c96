"""Write feeds that readers subscribe to: ``feeds build``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from medsafe_harvest import disk, feeds
from medsafe_harvest.cli.context import Workplace, console, output
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import StoreError
from medsafe_harvest.outgoing import web


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Atom and RSS feeds of the curated papers.", no_args_is_help=True)
    group.command()(build)
    app.add_typer(group, name="feeds")


def build(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the feeds. Default: feeds/ in the data folder.", file_okay=False
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where that folder will be found on the web, https://example.org/feeds; with it "
            "comes feeds.opml, the list that readers import.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most papers of a feed.")] = 50,
) -> None:
    """Write a feed of everything, of what is relevant, of each topic and of each seed query.

    Each as Atom and as RSS 2.0, the papers seen last first. The same snapshot gives the same bytes,
    and a file that would not change is not touched. Files of topics and queries that are no longer
    in the configuration stay.

    For example:

      medsafe-harvest feeds build

      medsafe-harvest feeds build --out site/feeds --base-url https://example.org/feeds --limit 100
    """
    place: Workplace = context.obj
    if base_url is not None and web(base_url) != base_url:
        raise typer.BadParameter(f"--base-url {base_url!r} is no address like https://example.org")
    folder = out or place.data / "feeds"
    place.refuse_raw(folder)
    config = place.config()
    papers = snapshot.read(snapshot.current(place.curated), "papers", list(feeds.COLUMNS))
    with console.status(f"making feeds of {papers.num_rows:,} papers"):
        topics = {slug: facet for facet, slug, _ in config.topics.topics() if facet != "medical"}
        queries = {query.id: query.description for query in config.queries}
        files = feeds.build(papers, topics, queries, base_url=base_url, limit=limit)
        changed = _write(files, folder)
    output.print(
        f"{len(files):,} files, {changed:,} of them new or changed\n{folder}", soft_wrap=True
    )


def _write(files: dict[str, bytes], folder: Path) -> int:
    """Write what changed, each file whole or not at all; how many did.

    Raises:
        StoreError: the folder cannot be written.
    """
    changed = 0
    try:
        for name, content in files.items():
            path = folder / name
            if path.is_file() and path.read_bytes() == content:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            disk.write(path, content)
            changed += 1
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error}): mend its permissions, or choose another --out"
        ) from error
    return changed
