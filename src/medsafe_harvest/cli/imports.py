"""Bring in papers from elsewhere: ``import``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from medsafe_harvest import __version__
from medsafe_harvest.cli.context import Exit, Workplace, console, print_json
from medsafe_harvest.cli.harvest import alone, ended_like_an_interrupt, network
from medsafe_harvest.cli.imports_report import ListReport, show
from medsafe_harvest.cli.imports_show import Imported, show_entries, sum_up
from medsafe_harvest.cli.progress import Reporter
from medsafe_harvest.config import Config
from medsafe_harvest.errors import FetchError, ListError
from medsafe_harvest.fetch.client import Client
from medsafe_harvest.fetch.document import fetch_document
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.importing import Done, NamedList, bring_in, list_name, slug
from medsafe_harvest.listed import Standing, findings
from medsafe_harvest.listed_known import known
from medsafe_harvest.lists import decode, read

#: Files of reference managers, which are no lists for people.
_REFERENCES = frozenset({".bib", ".ris", ".nbib", ".enw", ".bibtex"})

group = typer.Typer(
    name="import",
    help="Bring in papers from elsewhere: an awesome list, a saved page.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group)


@group.callback()
def _keep_group() -> None:
    """Bring in papers from elsewhere: an awesome list, a saved page."""


@group.command(name="list")
def import_list(  # noqa: PLR0913, PLR0917 - the options
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|URL...",
            help="Markdown, HTML, org, reStructuredText, AsciiDoc, CSV or plain text: a file, an "
            "address, or a repository on GitHub for its README.",
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            help="How the list is called. Default: its repository, address, file or folder. The "
            "same name again is a newer version, which takes the place of the one before.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what is in the lists; store nothing.")
    ] = False,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Ask no service now; the next harvest looks the papers up."),
    ] = False,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Also if less than half of the list before is left in it."),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print reports as JSON on standard output; with --dry-run, the entries.",
        ),
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Show at most so many of a kind; 0 for all.")
    ] = 40,
    left_out: Annotated[
        bool, typer.Option("--left-out", help="Show also what is no paper, and why.")
    ] = False,
) -> None:
    """Bring in the papers that lists name: awesome lists, bibliographies, saved pages.

    Tables, bullets, HTML tables, paragraphs with titles in bold and plain references are read, with
    identifiers from all usual hosts, year, venue, code and the headings above each entry. A saved
    page works too: related papers, an author's page, search results.

    The list is kept as it is, papers that are not known yet are looked up at arXiv and Semantic
    Scholar, all are matched with what is there, and a report says which were found and what is odd
    about the list; it stands in data/reports/lists too. Papers without an identifier that the table
    does not have are searched for by title; what is found counts only where it matches. That takes
    a request each at Semantic Scholar: seconds with a key, ten seconds without. Doing it again
    changes nothing; interrupt it whenever you like.

    Try:

    medsafe-harvest import list README.md --dry-run --left-out

    medsafe-harvest import list https://github.com/owner/list

    medsafe-harvest import list saved-page.html --name related-to-dropout --offline
    """
    place: Workplace = context.obj
    _refuse_odd(sources)
    config = place.config()
    if dry_run:
        lists = read_lists(sources, config)
        if as_json:
            print_json({"entries": [one.plain() for each in lists for one in each.reading.entries]})
        for each in lists:
            if not as_json:
                show_entries(each, limit, left_out=left_out)
            sum_up(each)
        return
    names = _names(sources, name)
    # Before the folder is held, for that makes it.
    lists = _with_papers(sources, config)
    with ended_like_an_interrupt(), alone(place):
        done, reports = _brought_in(
            place, config, dict(zip(names, lists, strict=True)), offline=offline, replace=replace
        )
        files = [one.write(place.reports) for one in reports]
    if as_json:
        print_json({"lists": [one.plain() for one in reports]})
    for one, file in zip(reports, files, strict=True):
        if not as_json:
            show(one, limit, left_out=left_out)
        console.print(f"report: {file}", soft_wrap=True)
    if offline:
        waiting = sum(
            each.standing is Standing.NOT_ASKED for one in reports for each in one.findings
        )
        console.print(
            f"offline: nobody was asked for {waiting:,} entries that the table does not have; the "
            "next import without --offline, or the next harvest, asks"
        )
    if done.fetched.incomplete:
        console.print(
            f"{done.fetched.incomplete} look-ups failed: the lists are kept, and the next import "
            "or harvest asks again"
        )
        raise typer.Exit(Exit.INCOMPLETE)


def _brought_in(
    place: Workplace, config: Config, named: Mapping[str, Imported], *, offline: bool, replace: bool
) -> tuple[Done, list[ListReport]]:
    """Bring in lists by their names, and tell what was found of each."""
    lists = [NamedList(name, each.address, each.body, each.reading) for name, each in named.items()]
    reporter = Reporter(console)
    store = RawStore(place.raw, version=__version__)
    with reporter.running():
        done = bring_in(
            lists,
            config,
            store,
            network(place, config),
            place.data,
            reporter,
            offline=offline,
            replace=replace,
        )
        after = known(place.curated)
    reports = [
        ListReport(
            each,
            each.name in done.stored,
            findings(each.name, each.reading, done.before, after, done.searched),
        )
        for each in lists
    ]
    return done, reports


def _refuse_odd(sources: Sequence[str]) -> None:
    """Refuse what is neither a file's name nor an address.

    Raises:
        typer.BadParameter: one is neither.
    """
    for source in sources:
        try:
            odd = not source.strip() or (_is_address(source) and not urlsplit(source).hostname)
        except ValueError:
            odd = True
        if odd:
            raise typer.BadParameter(f"{source!r} is neither a file nor an address")


def _names(sources: Sequence[str], name: str | None) -> list[str]:
    """A name for each source.

    Raises:
        typer.BadParameter: there is none, or two sources have the same.
    """
    if name is not None and len(sources) > 1:
        raise typer.BadParameter("--name is for one list: import the others by themselves")
    names = [slug(name) if name is not None else list_name(source) for source in sources]
    for index, own in enumerate(names):
        if not own:
            raise typer.BadParameter(
                f"no name can be made of {name or sources[index]!r}: give --name, in Latin letters"
            )
        if own in names[:index]:
            raise typer.BadParameter(
                f"{sources[names.index(own)]} and {sources[index]} would both be called {own!r}: "
                "import them one by one, each with a --name"
            )
    return names


def _with_papers(sources: Sequence[str], config: Config) -> list[Imported]:
    """Read lists, and refuse what names no paper: another file, or of a kind that is not read.

    Raises:
        ListError: one names none, or cannot be read.
        FetchError: an address gave nothing usable.
    """
    lists = read_lists(sources, config)
    for each in lists:
        if not each.reading.entries:
            raise ListError(
                f"{each.source}: no paper found, so nothing was stored: look at it with "
                "`--dry-run --left-out`"
            )
    for each in lists:
        sum_up(each)
    return lists


def read_lists(sources: Sequence[str], config: Config) -> list[Imported]:
    """Read files and addresses.

    Raises:
        ListError: a file cannot be read, or it or what an address gave is no text.
        FetchError: an address gave nothing usable.
    """
    lists = []
    for source in sources:
        name, body = _load(source, config)
        try:
            text = decode(body)
        except ListError as error:
            raise ListError(f"{source}: {error}") from error
        reading = read(text, name=name, venues=config.venues)
        address = name if _is_address(source) else f"file:{Path(source).name}"
        lists.append(Imported(source, body, reading, address))
    return lists


def _load(source: str, config: Config) -> tuple[str, bytes]:
    """Name and bytes of a source."""
    if _is_address(source):
        console.print(f"fetching {source}", soft_wrap=True)
        version = metadata.version("medsafe-harvest")
        contact = config.settings.contact
        try:
            page = fetch_document(
                source, lambda service: Client(service, version=version, contact=contact)
            )
        except FetchError as error:
            raise type(error)(f"{source}: {error}") from error
        return page.url or source, page.body
    path = Path(source)
    if path.suffix.lower() in _REFERENCES:
        raise ListError(
            f"{source}: {path.suffix} files are not read; save the references as CSV with the "
            "columns Title, Year and DOI (Zotero: Export Library, CSV), and import that"
        )
    try:
        return source, path.read_bytes()
    except FileNotFoundError as error:
        raise ListError(
            f"there is no {source}: give a file, an address that begins with https://, or "
            "https://github.com/OWNER/REPOSITORY for its README"
        ) from error
    except IsADirectoryError as error:
        raise ListError(f"{source} is a folder: give the file in it that is the list") from error
    except OSError as error:
        raise ListError(f"{source}: cannot be read: {error.strerror}") from error


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))
