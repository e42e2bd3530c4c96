"""Stand-ins of arXiv's doors and of the Semantic Scholar Graph API on 127.0.0.1.

arXiv's doors are the search API, OAI-PMH and the daily announcements (RSS and Atom).
They serve any corpus that a Parquet file holds, with the services' own paths, query languages,
pages, limits and errors, so that the harvester can be tried and tested without a network::

    with running(bundled_corpus()) as server:
        ...  # server.arxiv_url, server.arxiv_oai_url, server.arxiv_rss_url,
        ...  # server.semantic_scholar_url, server.requests

With a clock (``running(..., now=...)``) the corpus grows: only what exists at that moment is shown.

They share no code with the sources that are tested against them. ``docs/loopback.md`` says what
is like the services, what is not, and how text is matched.
"""

from medsafe_harvest.loopback.corpus import Corpus, Paper, bundled_corpus, read_corpus
from medsafe_harvest.loopback.faults import Fault, Faults
from medsafe_harvest.loopback.limits import Limits
from medsafe_harvest.loopback.server import Before, Seen, Services, running, serve

__all__ = [
    "Before",
    "Corpus",
    "Fault",
    "Faults",
    "Limits",
    "Paper",
    "Seen",
    "Services",
    "bundled_corpus",
    "read_corpus",
    "running",
    "serve",
]
