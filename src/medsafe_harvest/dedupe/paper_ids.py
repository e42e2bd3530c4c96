"""Paper ids that outlive reruns, new sources and merges.

Every record could be a paper of its own, so every record has an id of its own: a digest of its
``record_id``. A cluster takes the id of its *anchor*, the record seen first; the ids of its other
records become ``former_ids``, which keep resolving to it. The raw store only grows, so the anchor
of a cluster stays while records join it, and a record that splits off takes its own id with it.
Nothing has to be remembered between runs.

A manifestation of a paper is named after the record of it that was seen first, in the same way.
"""

from __future__ import annotations

import base64
import hashlib

#: Eighty bits: among 220 million records a collision has a chance of 2 in 100 million.
_CHARACTERS = 16


def mint(record_id: str) -> str:
    """The id that a record has as a paper of its own: ``mh`` and 16 characters of base 32."""
    digest = hashlib.sha256(record_id.encode()).digest()
    return "mh" + base64.b32encode(digest).decode("ascii").lower()[:_CHARACTERS]


def of_manifestation(paper_id: str) -> str:
    """The id of a manifestation whose records would, alone, be the paper of that id."""
    return "mm" + paper_id.removeprefix("mh")
