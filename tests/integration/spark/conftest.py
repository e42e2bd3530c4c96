"""What the tests of the distributed engine share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medsafe_harvest.errors import EngineError

if TYPE_CHECKING:
    from tests.integration.spark.cluster import Cluster


@pytest.fixture(scope="session")
def java() -> None:
    """Java that Spark can use."""
    session = pytest.importorskip("medsafe_harvest.engines.spark.session")
    if shutil.which("java") is None:
        pytest.skip("no Java: apt-get install openjdk-17-jre-headless")
    try:
        session.check_java()
    except EngineError as error:
        pytest.skip(str(error))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of its own for each test, which may break it."""
    from tests.integration.spark.cluster import running  # noqa: PLC0415 - imports the extra

    with running(tmp_path) as up:
        yield up
