"""Whether there is something to mail to somebody, and what: what ``digest send`` sends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

import pyarrow as pa

from medsafe_harvest.cli.context import Workplace, console
from medsafe_harvest.cli.digest_choice import (
    Choice,
    digest_of,
    health_of,
    new_papers,
    no_papers,
)
from medsafe_harvest.config import Settings
from medsafe_harvest.curated import snapshot
from medsafe_harvest.digests import book
from medsafe_harvest.digests.book import Book, Sent
from medsafe_harvest.digests.content import Digest
from medsafe_harvest.digests.health import Health
from medsafe_harvest.digests.message import Audience, compose, message_id
from medsafe_harvest.errors import CuratedError


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to be sent, and what is noted of it then."""

    recipient: str
    digest: Digest
    mail: EmailMessage
    audience: Audience
    book: Book
    note: Sent


@dataclass(frozen=True, slots=True)
class Occasion:
    """What all mails of one call share."""

    choice: Choice
    settings: Settings
    health: Health
    sender: str
    now: datetime
    always: bool
    again: bool


def kind(health: Health) -> str:
    """Which of a day's mails it is."""
    return "alarm" if health.has_failed else "digest"


def read_papers(
    place: Workplace, choice: Choice, settings: Settings, now: datetime
) -> tuple[pa.Table, Health]:
    """The new papers, and how the harvest went; a table that cannot be read is a failure of it."""
    health = health_of(place, settings, choice.today, now)
    try:
        return new_papers(snapshot.current(place.curated), choice), health
    except CuratedError as error:
        why = (str(error), *health.details)
        headline = health.headline or "There is no table of papers."
        return no_papers(), Health("failed", headline, why, health.warnings, health.ended)


def letter_to(
    papers: pa.Table, occasion: Occasion, audience: Audience, sent: Book
) -> Letter | None:
    """The mail to one recipient, or None where there is nothing to tell; says so then."""
    choice, health = occasion.choice, occasion.health
    which = kind(health)
    before = sent.of(choice.today, which)
    repeated = before if occasion.again else None
    new = book.untold(papers, sent.told(besides=repeated))
    if before and not occasion.again:
        console.print(
            f"{audience.recipient} was mailed today at {before.at}: nothing sent; --again sends "
            "it once more",
            soft_wrap=True,
        )
        return None
    if not new.num_rows and health.is_quiet and not occasion.always:
        console.print(f"nothing new for {audience.recipient}: nothing sent", soft_wrap=True)
        return None
    found = digest_of(new, choice, occasion.settings, health, papers.num_rows)
    name = message_id(audience, choice.today, which, occasion.sender)
    mail = compose(
        found,
        sender=occasion.sender,
        recipient=audience.recipient,
        name=name,
        moment=occasion.now,
    )
    at = f"{occasion.now:%Y-%m-%d %H:%M} UTC"
    ids = tuple(sorted(new["paper_id"].to_pylist()))
    note = Sent(f"{choice.today}", which, name, at, ids)
    return Letter(audience.recipient, found, mail, audience, sent, note)
