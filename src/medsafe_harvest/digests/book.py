"""What was sent: one JSON file for each audience, so that no retry mails twice.

A file holds no address and no title: the audience's digest is its name, and of each mail it tells
day, kind, Message-ID and the ids of the papers it was about. So a mail tells a paper once, however
the days of digests overlap, and a night that was left out is made up for.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from medsafe_harvest.digests.message import Audience
from medsafe_harvest.errors import StoreError


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail."""

    day: str
    #: ``digest``, or ``alarm`` where the harvest had failed.
    kind: str
    message_id: str
    #: When the server took it, UTC.
    at: str
    #: The new papers that it was about, shown or not, sorted.
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """The mails of one audience, in the order of sending."""

    mails: tuple[Sent, ...] = ()

    def of(self, day: dt.date, kind: str) -> Sent | None:
        """The mail of that kind of that day."""
        found = [one for one in self.mails if (one.day, one.kind) == (f"{day}", kind)]
        return found[-1] if found else None

    def told(self, besides: Sent | None = None) -> frozenset[str]:
        """Ids of all papers told, but for those of one mail, however often it was sent."""
        left_out = besides and besides.message_id
        kept = (one for one in self.mails if one.message_id != left_out)
        return frozenset(name for one in kept for name in one.papers)


def read(folder: Path, audience: Audience) -> Book:
    """The book of an audience; an empty one where nothing was sent.

    Raises:
        StoreError: it is damaged.
    """
    file = path(folder, audience)
    try:
        mails = json.loads(file.read_bytes())["mails"]
        return Book(tuple(Sent(**{**one, "papers": tuple(one["papers"])}) for one in mails))
    except FileNotFoundError:
        return Book()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{file}, which says what was mailed, cannot be read ({error}): remove it, and papers "
            "of the days asked for are mailed once more"
        ) from error


def with_mail(book: Book, mail: Sent) -> Book:
    """The book with one more mail."""
    return Book((*book.mails, mail))


def as_text(book: Book) -> str:
    """The text of its file."""
    return json.dumps({"mails": [asdict(one) for one in book.mails]}, indent=1) + "\n"


def path(folder: Path, audience: Audience) -> Path:
    """Where the book of an audience lies."""
    return folder / f"{audience.digest}.json"


def untold(papers: pa.Table, told: frozenset[str]) -> pa.Table:
    """The papers (``paper_id``, ``former_ids``) that no mail told, under no id of theirs."""
    ids = zip(papers["paper_id"].to_pylist(), papers["former_ids"].to_pylist(), strict=True)
    new = [told.isdisjoint((name, *former)) for name, former in ids]
    return papers.filter(pa.array(new, pa.bool_()))
