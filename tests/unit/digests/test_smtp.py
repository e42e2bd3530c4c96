"""A mail is handed to a real server, encrypted; what is in the way is said, the password never."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
import trustme

from medsafe_harvest.digests import smtp
from medsafe_harvest.errors import MailError
from tests.postbox import PASSWORD, USER, Postbox, like_a_provider, serving


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def post(authority: trustme.CA) -> Iterator[Postbox]:
    with like_a_provider(authority) as box:
        yield box


@pytest.fixture
def server(authority: trustme.CA, post: Postbox) -> smtp.Server:
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    return smtp.Server("127.0.0.1", post.port, "starttls", USER, PASSWORD, trusted)


def mail(to: str = "me@example.org") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = USER, to, "Zoë"
    made.set_content("Hello")
    return made


def send(server: smtp.Server, to: str = "me@example.org") -> None:
    with smtp.connected(server) as connection:
        connection.send(mail(to))


def test_a_mail_arrives_encrypted_by_either_way(
    server: smtp.Server, post: Postbox, authority: trustme.CA
) -> None:
    send(server)
    assert post.mails[-1]["Subject"] == "Zoë"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(ssl_context=context) as box:
        send(replace(server, port=box.port, security="tls", user=None, password=None))
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"security": "none"}, "never sent without encryption"),
        ({"security": "tls"}, "tls is for port 465"),
        ({"password": "wrong"}, "does not let bot@example.org in: 535"),
        ({"password": "p\N{LATIN SMALL LETTER A WITH DIAERESIS}ss"}, "beyond ASCII"),
        ({"certificates": None}, "is not to be trusted"),
        ({"user": None}, "530"),
        ({"host": "no-such-host.invalid"}, "cannot be reached"),
    ],
)
def test_what_is_in_the_way_is_said(
    server: smtp.Server, post: Postbox, changes: dict[str, Any], message: str
) -> None:
    before = len(post.mails)
    with pytest.raises(MailError, match=message) as caught:
        send(replace(server, **changes))
    assert len(post.mails) == before
    shown: BaseException | None = caught.value
    while shown is not None:
        assert PASSWORD not in str(shown)
        assert not isinstance(shown, UnicodeError)  # it would hold the password
        shown = shown.__cause__
    assert PASSWORD not in repr(server)


def test_a_refused_recipient_leaves_the_connection_usable(
    server: smtp.Server, post: Postbox
) -> None:
    post.refused.add("gone@example.org")
    with smtp.connected(server) as connection:
        with pytest.raises(MailError, match=r"refuses gone@example\.org: 550"):
            connection.send(mail("gone@example.org"))
        connection.send(mail())
    assert post.mails[-1]["To"] == "me@example.org"


def test_a_server_without_encryption_is_used_only_when_asked(server: smtp.Server) -> None:
    with serving() as box:
        bare = replace(server, port=box.port, user=None, password=None)
        with pytest.raises(MailError, match="offers no STARTTLS"):
            send(bare)
        send(replace(bare, security="none"))
    assert len(box.mails) == 1
    with pytest.raises(MailError, match="cannot be reached"):
        send(bare)


def test_a_mail_that_is_too_large_is_called_so() -> None:
    with serving(data_size_limit=99) as box:
        bare = smtp.Server("127.0.0.1", box.port, "none")
        with pytest.raises(MailError, match=r"too large for .*: 552 .*smaller --limit"):
            send(bare)
