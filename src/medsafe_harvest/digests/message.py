"""A digest as a mail (RFC 5322): text and HTML, either of which says all.

Everything is made from the digest, so that a mail made twice is the same mail: its Message-ID and
the boundary between its parts, too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from medsafe_harvest.digests import html, text
from medsafe_harvest.digests.content import Digest
from medsafe_harvest.errors import MailError

#: Lines end as they travel; headers are folded at 78 characters; letters of all scripts encoded.
_POLICY = policy.SMTP.clone(max_line_length=78)


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom digests of one kind go to: one person, who may get several kinds."""

    recipient: str
    #: What tells this kind of digest from the person's others: days, topics and so on.
    selection: tuple[str, ...]

    @property
    def digest(self) -> str:
        """A name that tells no address."""
        _, plain = parseaddr(self.recipient)
        words = json.dumps([plain.lower(), *self.selection])
        return hashlib.sha256(words.encode()).hexdigest()[:20]


def address(words: str) -> Address:
    """A mail address, ``me@example.org`` or ``My Name <me@example.org>``.

    Raises:
        MailError: it is none.
    """
    name, plain = parseaddr(words)
    # parseaddr takes the first of several, and what a slip of the pen left.
    if words.strip() != plain and not words.strip().endswith(f"<{plain}>"):
        raise MailError(f"{words!r} is no mail address; write me@example.org")
    try:
        found = Address(name, addr_spec=plain)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise MailError(f"{words!r} is no mail address: {error}") from error
    if not words.isprintable() or not found.username or not found.domain:
        raise MailError(f"{words!r} is no mail address; write me@example.org")
    return found


def message_id(audience: Audience, day: dt.date, kind: str, sender: str) -> str:
    """The Message-ID of the one mail of that kind (``digest`` or ``alarm``) of that day.

    Raises:
        MailError: the sender is no address.
    """
    try:
        domain = address(sender).domain.encode("idna").decode()
    except UnicodeError as error:
        raise MailError(f"{sender!r} is no mail address: {error}") from error
    return f"<{day:%Y%m%d}.{kind}.{audience.digest}@{domain}>"


def compose(
    digest: Digest, *, sender: str, recipient: str | None, name: str, moment: dt.datetime
) -> EmailMessage:
    """The mail.

    Args:
        digest: what it says.
        sender: address for ``From``.
        recipient: address for ``To``, or None for a mail that is only looked at.
        name: its Message-ID.
        moment: for ``Date``, aware.

    Raises:
        MailError: an address is none.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = digest.subject
    mail["From"] = address(sender)
    if recipient is not None:
        mail["To"] = address(recipient)
    mail["Date"] = format_datetime(moment)
    mail["Message-ID"] = name
    # Keeps absence notes from answering (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text.render(digest), cte="quoted-printable")
    mail.add_alternative(html.render(digest), subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{hashlib.sha256(name.encode()).hexdigest()[:32]}")
    return mail
