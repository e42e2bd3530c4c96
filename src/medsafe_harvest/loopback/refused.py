"""The one way in which a request is turned down."""

from __future__ import annotations


class RefusedError(Exception):
    """The service answers with an error; the message is its text.

    Args:
        message: what the service says.
        status: HTTP status.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def unacceptable(name: str, value: object) -> RefusedError:
    """What Semantic Scholar says of a parameter that it does not know or cannot read."""
    return RefusedError(f"Unacceptable query params: [{name}={value}]")
