"""Hands a mail to a mail server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from medsafe_harvest.errors import MailError

#: The port where TLS begins at once (RFC 8314).
TLS_PORT = 465
_SECONDS = 60.0
#: Answered to the sender's address where the size, announced with it, is too much (RFC 1870).
_TOO_LARGE = 552


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, and how it is spoken to."""

    host: str
    port: int
    #: ``starttls``, ``tls`` (from the first byte) or ``none``.
    security: str
    user: str | None = None
    #: Never shown.
    password: str | None = field(default=None, repr=False)
    #: Trusted certificates; None takes the machine's.
    certificates: ssl.SSLContext | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Connection:
    """An open connection to a server."""

    def __init__(self, server: Server, client: smtplib.SMTP) -> None:
        self._server = server
        self._client = client

    def send(self, mail: EmailMessage) -> None:
        """Hand over one mail with one recipient.

        Raises:
            MailError: the server did not take it.
        """
        try:
            self._client.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            ((who, (code, reply)),) = error.recipients.items()
            raise MailError(f"{self._server} refuses {who}: {_said(code, reply)}") from error
        except smtplib.SMTPSenderRefused as error:
            said = _said(error.smtp_code, error.smtp_error)
            if error.smtp_code == _TOO_LARGE:
                raise MailError(
                    f"the mail is too large for {self._server}: {said}; choose a smaller --limit"
                ) from error
            raise MailError(
                f"{self._server} refuses the sender {error.sender}: {said}; choose another --from"
            ) from error
        except smtplib.SMTPResponseException as error:
            said = _said(error.smtp_code, error.smtp_error)
            raise MailError(f"{self._server} does not take the mail: {said}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailError(f"{self._server} broke off ({error}): nothing was sent") from error


@contextmanager
def connected(server: Server) -> Iterator[Connection]:
    """A connection, encrypted and logged in as the server asks for.

    Raises:
        MailError: it cannot be reached, or does not let this user in; the message says what to do.
    """
    client = _greeted(server)
    try:
        _log_in(server, client)
        yield Connection(server, client)
    finally:
        try:
            client.quit()
        except (smtplib.SMTPException, OSError):
            client.close()  # what was handed over stays so, whether the parting was polite or not


def _greeted(server: Server) -> smtplib.SMTP:
    """A connection, encrypted unless that is not wanted."""
    if server.user and server.security == "none":
        raise MailError("a password is never sent without encryption: choose --security starttls")
    context = server.certificates or ssl.create_default_context()
    try:
        if server.security == "tls":
            return smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=context)
        client = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
    except ssl.SSLError as error:
        raise _insecure(server, error) from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(
            f"the mail server {server} cannot be reached ({error}): check --smtp, or mail.smtp in "
            "config/settings.yaml"
        ) from error
    if server.security == "starttls":
        try:
            client.starttls(context=context)
        except smtplib.SMTPNotSupportedError as error:
            client.close()
            raise MailError(
                f"{server} offers no STARTTLS: try --security tls, or, for a server on this "
                "machine that needs no password, --security none"
            ) from error
        except ssl.SSLError as error:
            client.close()
            raise _insecure(server, error) from error
        except (smtplib.SMTPException, OSError) as error:
            client.close()
            raise MailError(f"{server} broke off ({error}): nothing was sent") from error
    return client


def _log_in(server: Server, client: smtplib.SMTP) -> None:
    if not server.user or server.password is None:
        return
    try:
        client.login(server.user, server.password)
    except smtplib.SMTPAuthenticationError as error:
        said = _said(error.smtp_code, error.smtp_error)
        raise MailError(
            f"{server} does not let {server.user} in: {said}; check user and password (many "
            "providers want a password made for one application)"
        ) from error
    except UnicodeError:
        # Not chained: that error holds the password.
        raise MailError("user or password hold a letter beyond ASCII, which SMTP has not") from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(f"{server}: {server.user} cannot log in ({error})") from error


def _insecure(server: Server, error: ssl.SSLError) -> MailError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return MailError(
            f"the certificate of {server} is not to be trusted ({error.verify_message}): nothing "
            "was sent"
        )
    return MailError(
        f"no encrypted connection to {server} ({error.reason or error}): --security tls is for "
        "port 465, starttls for the others"
    )


def _said(code: int, reply: bytes | str) -> str:
    words = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {' '.join(words.split())}"
