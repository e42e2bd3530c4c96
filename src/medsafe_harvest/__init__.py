"""One clean table of the literature on trustworthy machine learning in medicine.

In a notebook::

    import medsafe_harvest as mh
    papers = mh.load_papers()
    recent = mh.load_papers(topics=["fairness"], since="2025", columns=["title", "year", "venue"])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medsafe_harvest.notebook import (
        Explained,
        Opened,
        SelectionError,
        explain,
        load_decisions,
        load_papers,
        load_records,
        load_relations,
        paper,
        rank,
        related,
        resolve,
        search,
    )

__all__ = [
    "Explained",
    "Opened",
    "SelectionError",
    "__version__",
    "explain",
    "load_decisions",
    "load_papers",
    "load_records",
    "load_relations",
    "paper",
    "rank",
    "related",
    "resolve",
    "search",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """What notebooks use, when it is asked for: commands and workers start sooner without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module("medsafe_harvest.notebook"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
