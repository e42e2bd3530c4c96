"""Try everything without a network: ``demo`` and ``loopback``."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest import loopback
from medsafe_harvest.cli import site
from medsafe_harvest.cli.context import Exit, Workplace, console, output
from medsafe_harvest.cli.harvest import alone, everything, run
from medsafe_harvest.cli.inspect import count, in_words
from medsafe_harvest.cli.progress import Reporter
from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import StoreError
from medsafe_harvest.outgoing import topic_name
from medsafe_harvest.report import as_json, as_plain, write
from medsafe_harvest.report_text import as_text

_MARK = ".made-by-demo"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(demo)
    app.command(name="loopback")(serve)


def demo(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Option("--into", help="Folder for the demo's data; emptied first."),
    ] = Path("data/demo"),
) -> None:
    """Run the whole pipeline offline, against stand-ins of both services on this machine."""
    began = time.monotonic()
    place: Workplace = context.obj
    demo_place = Workplace(place.config_folder, _fresh(folder))
    with loopback.running(loopback.bundled_corpus()) as services:
        config = at_loopback(place.config(), services)
        console.print(
            f"Both services answer at {services.root}, from a bundled corpus of real papers."
        )
        with alone(demo_place):
            report = run(demo_place, config, everything(config), Reporter(console))
            write(demo_place.reports / "latest.txt", as_text(report))
            write(demo_place.reports / "latest.json", as_json(as_plain(report)))
    if report.curated is None:
        raise typer.Exit(Exit.INCOMPLETE)
    counts = count(report.curated.folder)
    for title in ("records by source", "papers", "papers by trust topic"):
        table = Table(title, "records" if title == "records by source" else "papers", min_width=44)
        for name, number in counts[title].items():
            table.add_row(in_words(title, name), f"{number:,}")
        output.print(table)
    _print_examples(report.curated.folder)
    complete, incomplete = report.fetched.complete, report.fetched.incomplete
    output.print(f"Windows complete: {complete} of {complete + incomplete}")
    output.print(f"Report: {demo_place.reports / 'latest.txt'}", soft_wrap=True)
    output.print(f"Parquet: {demo_place.curated / 'papers.parquet'}", soft_wrap=True)
    output.print(f"Look around: {sys.argv[0]} --data {folder} stats", soft_wrap=True)
    built = site.of_place(demo_place, site.settings_of(config))
    output.print(f"Time: {time.monotonic() - began:.0f} s")
    output.print(f"Site: {built.out / 'index.html'}", soft_wrap=True)
    raise typer.Exit(Exit.INCOMPLETE if incomplete else Exit.DONE)


def _print_examples(folder: Path) -> None:
    """Papers that both services know and that reached a journal or conference, the newest."""
    columns = ["title", "year", "venue", "venue_kind", "sources", "topics"]
    papers = snapshot.read(folder, "papers", columns).to_pylist()
    published = [
        paper
        for paper in papers
        if paper["venue_kind"] in ("journal", "conference") and len(paper["sources"]) > 1
    ]
    published.sort(key=lambda paper: (-paper["year"], paper["title"]))
    table = Table("year", "title", "venue", "topics", title="A few of them", title_justify="left")
    for paper in published[:5]:
        topics = ", ".join(map(topic_name, paper["topics"]))
        table.add_row(str(paper["year"]), Text(paper["title"]), Text(paper["venue"]), topics)
    output.print(table)


def _fresh(folder: Path) -> Path:
    """An empty folder; never empties one that a demo did not make."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is no folder: choose another --into")
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise StoreError(f"{folder} holds something else than a demo: choose another --into")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made ({error}): choose another --into") from error
    with alone(Workplace(folder, folder)):
        for name in ("raw", "curated", "cache", "reports", "site"):
            if (folder / name).exists():
                shutil.rmtree(folder / name)
        (folder / _MARK).touch()
    return folder


def at_loopback(config: Config, services: loopback.Services) -> Config:
    """The configuration with both services on this machine, which need no pause."""
    changes = {name: {"base_url": url, "min_interval": 0.0} for name, url in services.urls.items()}
    # Whether the real services are down says nothing of these, nor the other way round.
    return config.with_sources(changes).with_retry(breaker=0.0)


def serve(
    corpus: Annotated[
        Path | None,
        typer.Option(
            help="Parquet file to serve instead of the bundled corpus; its columns are "
            "described in docs/loopback.md.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8642,
) -> None:
    """Serve stand-ins of arXiv and Semantic Scholar on this machine until interrupted."""
    try:
        papers = loopback.read_corpus(corpus) if corpus else loopback.bundled_corpus()
    except (ValueError, OSError) as error:
        message = f"{corpus} cannot be served: {error}; docs/loopback.md describes the columns"
        raise typer.BadParameter(message) from error
    try:
        loopback.serve(papers, port=port, ready=_print_settings)
    except OSError as error:
        raise typer.BadParameter(f"port {port} cannot be used: {error}") from error
    except KeyboardInterrupt:
        console.print("stopped")


def _print_settings(services: loopback.Services) -> None:
    console.print(
        "Both services answer until Ctrl-C. To harvest from them, let this be the `sources` "
        "section of config/settings.yaml:"
    )
    output.print(
        "sources:\n"
        + "\n".join(
            f"  {name}:\n    base_url: {url}\n    min_interval: 0"
            + "\n    keyless_interval: 0" * name.startswith("semantic_scholar")
            for name, url in services.urls.items()
        )
    )
