"""What an image of a badge says: ``.../badge/Nat.%20Commun.-2024-blue`` shows its words."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

_STATIC = re.compile(r"/badge/([^/?#]+)$")
#: Between the parts of a badge; ``--`` is a hyphen in one.
_JOINT = re.compile(r"(?<!-)-(?!-)")
#: Only a year or an identifier is worth more than the words that stand for the image.
_TELLS = re.compile(r"(?:19|20)[0-9]{2}|['\u2019][0-3][0-9](?![0-9])|arxiv", re.IGNORECASE)


def badge_words(source: str) -> str | None:
    """The words on a badge of shields.io that tell a venue, a year or an identifier.

    Args:
        source: address of the image.

    Returns:
        ``label: message``; None where it is no such badge, or tells nothing of the kind.
    """
    try:
        parts = urlsplit(source)
    except ValueError:
        return None
    if not (parts.hostname or "").endswith("shields.io"):
        return None
    if parts.path.startswith("/static/"):
        asked = parse_qs(parts.query)
        said = [value for key in ("label", "message") for value in asked.get(key, ())[:1]]
    elif found := _STATIC.search(parts.path):
        said = [_spelled(part) for part in _JOINT.split(found[1])[:-1]]
    else:
        return None
    text = ": ".join(part for part in said if part.strip())
    return text if _TELLS.search(text) else None


def _spelled(part: str) -> str:
    """The words of one part: ``_`` is a space, ``__`` and ``--`` the signs themselves."""
    bare = part.replace("--", "-").replace("__", "\0").replace("_", " ").replace("\0", "_")
    return unquote(bare)
