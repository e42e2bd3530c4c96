"""Mail what is new: ``digest send``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from filelock import FileLock, Timeout

from medsafe_harvest import report
from medsafe_harvest.cli.choosing import QueryOption, WhereOption
from medsafe_harvest.cli.context import Workplace, console, environment, output
from medsafe_harvest.cli.digest_choice import (
    Choice,
    DaysOption,
    SinceOption,
    TopicOption,
    chosen,
    refuse_unknown,
)
from medsafe_harvest.cli.digest_letter import Letter, Occasion, letter_to, read_papers
from medsafe_harvest.config import Settings
from medsafe_harvest.config_files import load
from medsafe_harvest.digests import book, smtp, text
from medsafe_harvest.digests.book import Book
from medsafe_harvest.digests.message import Audience, address
from medsafe_harvest.errors import BusyError, ConfigError, MailError, StoreError
from medsafe_harvest.fetch.clock import SystemClock

#: Seconds that a second `digest send` waits for the first.
_WAIT = 120.0


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(send)


def send(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    context: typer.Context,
    to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Whom to mail; repeated, each gets a mail of their own. Default: mail.to in "
            "config/settings.yaml, as for all that follows.",
        ),
    ] = None,
    server: Annotated[
        str | None, typer.Option("--smtp", metavar="HOST:PORT", help="Mail server.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ADDRESS",
            help="Whom the mail comes from. Without a mail.sender, --user if that is an address, "
            "then the contact of the settings, then the first of --to.",
        ),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            help="Whom the mail server knows; the password stands in the environment variable "
            "MEDSAFE_SMTP_PASSWORD and nowhere else."
        ),
    ] = None,
    security: Annotated[
        Literal["starttls", "tls", "none"] | None,
        typer.Option(help="Encryption. Default: tls at port 465, else starttls."),
    ] = None,
    since: SinceOption = None,
    days: DaysOption = None,
    topic: TopicOption = None,
    where: WhereOption = None,
    query: QueryOption = None,
    limit: Annotated[
        int,
        typer.Option(min=1, max=500, help="Most papers of a mail; it tells how many there are."),
    ] = 20,
    always: Annotated[
        bool, typer.Option("--always", help="Also when nothing is new and all is well.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also when today's mail was sent already.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be mailed, and send nothing.")
    ] = False,
) -> None:
    """Mail the new papers that matter, each paper once; say loudly when the harvest failed.

    Sends nothing, with exit code 0, when nothing is new and the harvest went well. When it failed,
    is incomplete, left warnings, or has not run for mail.stale_hours, a mail goes out in any case,
    and its subject says so. A second call on the same day sends nothing more; what a mail told
    stands in mail/ in the data folder, so the days of digests may overlap. Run it after each
    harvest, whatever that one's exit code.

    For example:

      medsafe-harvest digest send --to me@example.org --smtp mail.example.org:587 --dry-run

      MEDSAFE_SMTP_PASSWORD=... medsafe-harvest digest send --days 3 --topic fairness

      medsafe-harvest digest send --to team@example.org --smtp localhost:25 --security none
    """
    place: Workplace = context.obj
    now = SystemClock().now()
    choice = chosen(now.date(), since, days, topic or [], where=where, query=query, limit=limit)
    settings = _settings(place, choice)
    recipients = _recipients(to, settings)
    whose = sender(from_, settings, recipients[0], user)
    _checked(whose)
    host = None if dry_run else _server(server, security, user, settings)
    folder = place.data / "mail"
    papers, health = read_papers(place, choice, settings, now)
    occasion = Occasion(choice, settings, health, whose, now, always=always, again=again)
    audiences = [Audience(recipient, choice.key) for recipient in recipients]
    found = [letter_to(papers, occasion, one, book.read(folder, one)) for one in audiences]
    letters = [letter for letter in found if letter]
    if host is None:
        _show(letters)
    elif letters:
        _send(host, letters, folder, lambda one, sent: letter_to(papers, occasion, one, sent))


def sender(given: str | None, settings: Settings, recipient: str, user: str | None = None) -> str:
    """Whom mails come from; where nobody is named, people mail themselves."""
    known = user or settings.mail.user
    as_user = known if known and "@" in known else None
    return given or settings.mail.sender or as_user or settings.contact or recipient


def _settings(place: Workplace, choice: Choice) -> Settings:
    """The settings, also where another file of the configuration is what broke the harvest.

    Raises:
        ConfigError: ``settings.yaml`` is missing or wrong.
        typer.BadParameter: there is no such topic or query.
    """
    try:
        config = place.config()
    except ConfigError as error:
        settings = load(place.config_folder / "settings.yaml", Settings)
        console.print(f"configuration: {error}", soft_wrap=True)
        return settings
    refuse_unknown(choice, config)
    return config.settings


def _recipients(given: Sequence[str] | None, settings: Settings) -> list[str]:
    found = list(dict.fromkeys(given or settings.mail.to))
    if not found:
        raise typer.BadParameter("--to is missing (or mail.to in config/settings.yaml)")
    for one in found:
        _checked(one)
    return found


def _checked(words: str) -> None:
    """Refuse what is no mail address.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        address(words)
    except MailError as error:
        raise typer.BadParameter(str(error)) from error


def _server(
    given: str | None, security: str | None, user: str | None, settings: Settings
) -> smtp.Server:
    """The mail server, with the password from the environment."""
    mail = settings.mail
    words = given or mail.smtp
    if words is None:
        raise typer.BadParameter("--smtp is missing (or mail.smtp in config/settings.yaml)")
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/@]+):([0-9]{1,5})", words)
    if not found or not 0 < int(found[2]) < 65536:
        raise typer.BadParameter(f"--smtp {words!r} is no HOST:PORT like mail.example.org:587")
    host, port = found[1].strip("[]"), int(found[2])
    who = user or mail.user
    password = environment(mail.password_env)
    if who and password is None:
        raise typer.BadParameter(
            f"the password of {who} is missing: put it into the environment variable "
            f"{mail.password_env}"
        )
    usual = "tls" if port == smtp.TLS_PORT else "starttls"
    return smtp.Server(host, port, security or mail.security or usual, who, password)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder of what was sent, so that two calls at once do not mail twice.

    Raises:
        BusyError: another call holds it for too long.
        StoreError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        lock.acquire(timeout=_WAIT)
    except Timeout as error:
        raise BusyError(f"another `digest send` works in {folder}: try again later") from error
    except OSError as error:
        raise StoreError(f"{folder} cannot be written ({error}): mend its permissions") from error
    try:
        yield
    finally:
        lock.release()


def _show(letters: Sequence[Letter]) -> None:
    for letter in letters:
        output.print(f"To: {letter.recipient}\nSubject: {letter.digest.subject}\n", soft_wrap=True)
        typer.echo(text.render(letter.digest))


def _send(
    server: smtp.Server,
    letters: Sequence[Letter],
    folder: Path,
    anew: Callable[[Audience, Book], Letter | None],
) -> None:
    """Send all that can be sent, each noted at once.

    Args:
        server: who takes the mails; asked first, so that nothing is made where it is not there.
        letters: the mails.
        folder: where it is noted what was sent.
        anew: the mail to an audience that another call mailed meanwhile.

    Raises:
        MailError: not all were taken.
        BusyError: another call holds the folder for too long.
        StoreError: what was sent cannot be noted.
    """
    failed = []
    with (
        console.status(f"mailing by {server}"),
        smtp.connected(server) as connection,
        _alone(folder),
    ):
        for written in letters:
            now_sent = book.read(folder, written.audience)
            as_known = now_sent == written.book
            letter = written if as_known else anew(written.audience, now_sent)
            if letter is None:
                continue
            try:
                connection.send(letter.mail)
            except MailError as error:
                failed.append(str(error))
                continue
            noted = book.with_mail(letter.book, letter.note)
            report.write(book.path(folder, letter.audience), book.as_text(noted))
            output.print(f"mailed {letter.recipient}: {letter.digest.subject}", soft_wrap=True)
    if failed:
        raise MailError("; ".join(failed))
