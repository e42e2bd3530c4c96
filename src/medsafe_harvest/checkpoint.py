"""What the stored pages said, kept between runs, so that a night reads only its own pages.

It is a convenience and never the truth: it counts only if it was made by the same code, with the
same doors, from pages that are all still there; whatever is wrong with it, all pages are read
instead. ``rebuild`` never looks at it.
"""

from __future__ import annotations

import hashlib
import pickle
import zlib
from datetime import datetime, timedelta
from pathlib import Path

from medsafe_harvest.collect import Collected
from medsafe_harvest.config import Config
from medsafe_harvest.disk import explained, write
from medsafe_harvest.fetch.rawstore import RawStore

_FILE = "pages-read.bin"
#: Papers that only a feed told of are kept in mind for so long; no seed query found them.
_PATIENCE = timedelta(days=30)
_CODE = ("collect/*.py", "sources/*.py", "fetch/raw*.py", "lists/*.py", "normalize/*.py")


def load(folder: Path, store: RawStore, config: Config) -> Collected:
    """What was kept, or nothing read yet where nothing can be used.

    Args:
        folder: ``data/cache``.
        store: whose pages it was made from.
        config: the doors.
    """
    collected = Collected(config)
    try:
        content = (folder / _FILE).read_bytes()
    except OSError:
        return collected
    mark, packed = content[:32], content[32:]
    # The mark covers the content too: nothing is unpickled that this program has not written whole.
    if mark == _mark(config, packed):
        collected.restore(pickle.loads(zlib.decompress(packed)))  # noqa: S301 - its own, see above
        if not collected.names <= {seal.name for seal in store.seals()}:
            return Collected(config)
    return collected


def save(folder: Path, collected: Collected, config: Config, now: datetime) -> None:
    """Keep what was read.

    Raises:
        StoreError: it cannot be written.
    """
    packed = zlib.compress(pickle.dumps(collected.state(now - _PATIENCE), protocol=5), level=1)
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / _FILE, _mark(config, packed) + packed)


def _mark(config: Config, packed: bytes) -> bytes:
    """A digest of the content, of the doors and of the code that reads pages."""
    root = Path(__file__).parent
    digest = hashlib.sha256(packed)
    digest.update(repr(sorted(config.readers.items())).encode())
    for pattern in _CODE:
        for path in sorted(root.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.digest()
