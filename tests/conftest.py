"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A test that is slow because the machine is busy is not wrong.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# The processes that share the tests are told the width of a terminal that their output never sees.
os.environ.pop("COLUMNS", None)

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded responses and labelled sets, which the project does not ship."""
    folder = Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set MEDSAFE_SHARED_DATA to its folder")
    return folder
