"""What a status means, and what of a service's words may be repeated."""

from __future__ import annotations

import unicodedata

from medsafe_harvest.errors import (
    ForbiddenError,
    MovedError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from medsafe_harvest.sources.base import Page

#: Longest piece of a body that goes into a message; of what a service says went wrong.
_QUOTED = 200
_SAID = 500
#: No source's ids come near.
_LONGEST_ID = 200
#: 406 is how arXiv's edge throttles since September 2026.
_THROTTLED = frozenset((406, 429))
#: What is shown of a character by its category, where it is not the character.
_SHOWN = {"Cc": " ", "Zl": " ", "Zp": " ", "Cf": "", "Cs": "", "Co": "", "Cn": ""}
_THROTTLE_WORDS = ("rate exceeded", "too many requests", "slow down")


def raise_for_status(page: Page, message: str | None = None) -> None:
    """Return for 2xx, raise for everything else.

    Args:
        page: the response.
        message: what the service itself says went wrong, where the caller could read it.

    Raises:
        ThrottledError: 406, 429, or a 503 that asks for a slower pace.
        ForbiddenError: 401, 403.
        MovedError: 3xx.
        UnavailableError: 408, 425, 5xx, and 1xx, which no final response has.
        RefusedError: any other 4xx.
    """
    status = page.status
    if 200 <= status < 300:
        return
    said = quoted(page.body) if message is None else legible(message)
    text = f"status {status}: {said}" if said else f"status {status}"
    if status in _THROTTLED or (status == 503 and _asks_to_wait(page, said)):
        raise ThrottledError(text)
    if status in {401, 403}:
        raise ForbiddenError(text)
    if 300 <= status < 400:
        raise MovedError(f"{text} (to {legible(page.headers.get('location', 'nowhere'))})")
    if 400 <= status < 500 and status not in {408, 425}:
        raise RefusedError(text)
    raise UnavailableError(text)


def quoted(body: bytes) -> str:
    """The beginning of a body on one line, for a message."""
    return legible(body[: 4 * _QUOTED].decode("utf-8", errors="replace"), _QUOTED)


def legible(said: str, longest: int = _SAID) -> str:
    """What a service says on one line, for a message: nothing that steers a terminal or a log.

    Control characters become spaces; direction marks, other invisible characters and lone
    surrogates go.
    """
    shown = "".join(_SHOWN.get(unicodedata.category(char), char) for char in said[: 4 * longest])
    text = " ".join(shown.split())
    return text if len(text) <= longest else f"{text[:longest]}..."


def fit_for_id(text: str) -> bool:
    """Whether a text can be a source's id: of printable characters, and not too many."""
    return text.isprintable() and len(text) <= _LONGEST_ID


def sounds_throttled(text: str) -> bool:
    """Whether a service's words ask for a slower pace."""
    return any(words in text.casefold() for words in _THROTTLE_WORDS)


def _asks_to_wait(page: Page, said: str) -> bool:
    return "retry-after" in page.headers or sounds_throttled(said)
