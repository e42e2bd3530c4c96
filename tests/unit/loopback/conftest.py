"""A corpus of a few papers, and clients that need no socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from werkzeug.test import Client

from medsafe_harvest.loopback import Before, Corpus, Limits
from medsafe_harvest.loopback.server import Application

Serve = Callable[..., Client]

ROWS: tuple[Mapping[str, Any], ...] = (
    {
        "title": "Federated Learning of X-ray Classifiers",
        "abstract": "Hospitals learn together and share no patient record.",
        "authors": ["Jürgen Müller", "Ana del Maestro"],
        "date": "2021-01-31T23:59:30Z",
        "updated": "2022-05-01T08:00:00Z",
        "version": 3,
        "arxiv_id": "2101.00001",
        "categories": ["cs.LG", "eess.IV"],
        "comment": "Accepted at a Workshop, 9 pages",
        "journal_ref": "J. Imaging 4 (2022) 1-9",
        "doi": "10.1000/ABC.1",
        "affiliations": ["", "Example Hospital"],
        "citation_count": 12,
        "fields_of_study": ["Medicine"],
    },
    {
        "title": "Robust electron microscopy",
        "abstract": "A ray of hope: training on noisy labels.",
        "authors": "Learning, Federated; Wu, Bo",
        "date": "2021-02-01",
        "arxiv_id": "2102.00002",
        "categories": "cs.CV cs.LG",
    },
    {
        "title": "Proton therapy planning, a survey",
        "abstract": None,
        "authors": ["Bo Wu"],
        "date": "2020",
        "doi": "10.1000/xyz",
        "venue": "Medical Physics",
        "publication_types": ["Review"],
        "citation_count": 7,
        "pmcid": "PMC123",
    },
)


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return Corpus.from_rows(ROWS)


@pytest.fixture(scope="session")
def serve() -> Serve:
    """A client of the application over a corpus."""

    def client(
        corpus: Corpus,
        before: Before | None = None,
        now: Callable[[], datetime] | None = None,
        **limits: Any,
    ) -> Client:
        return Client(Application(corpus, Limits(**limits), before, now=now))

    return client


@pytest.fixture(scope="session")
def client(corpus: Corpus, serve: Serve) -> Client:
    return serve(corpus)
