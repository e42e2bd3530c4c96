"""A mail server on this machine that keeps what it takes."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

USER, PASSWORD = "bot@example.org", "s3cret-pa$$word"


class Postbox:
    """A mail server's handler that keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refused: set[str] = set()
        self.port = 0
        #: How often a client said who it is; where TLS begins later it says so twice.
        self.greetings = threading.Semaphore(0)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Envelope, name: str, responses: list[str]
    ) -> list[str]:
        assert server is not None
        assert envelope is not None
        session.host_name = name
        self.greetings.release()
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        assert session.ssl or not server.tls_context
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Envelope
    ) -> str:
        assert server is not None
        assert session.authenticated or not server.tls_context
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"

    @property
    def subjects(self) -> list[str]:
        return [mail["Subject"] for mail in self.mails]


def checked(_: object, __: object, ___: object, ____: object, found: LoginPassword) -> AuthResult:
    right = (found.login, found.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def serving(**options: Any) -> Iterator[Postbox]:
    box = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=box.port, **options)
    server.start()
    try:
        yield box
    finally:
        server.stop()


@contextmanager
def like_a_provider(authority: trustme.CA) -> Iterator[Postbox]:
    """A server that wants STARTTLS and the password, with a certificate of that authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    tls = {"require_starttls": True, "tls_context": context}
    with serving(authenticator=checked, auth_required=True, **tls) as box:
        yield box
