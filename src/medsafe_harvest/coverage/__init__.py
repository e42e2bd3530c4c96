"""PURE: what the seed queries cover, and what seems to be missing."""

from __future__ import annotations

from medsafe_harvest.coverage.survey import COLUMNS, Coverage, Wishes, cover
from medsafe_harvest.coverage.thin import Asked

__all__ = ["COLUMNS", "Asked", "Coverage", "Wishes", "cover"]
