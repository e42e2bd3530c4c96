"""What headings and titles speak of, by the rules that come with the package."""

from __future__ import annotations

import pytest

from medsafe_harvest.awesome import Subjects
from medsafe_harvest.config import Config, load_config
from medsafe_harvest.topics.tag import Tagger
from tests.integration.conftest import ROOT


@pytest.fixture(scope="session")
def config() -> Config:
    return load_config(ROOT / "config")


@pytest.fixture(scope="session")
def subjects(config: Config) -> Subjects:
    slugs = [slug for facet, slug, _ in config.topics.topics() if facet != "medical"]
    return Subjects(Tagger(config.topics), {slug: slug.replace("-", " ") for slug in slugs})
