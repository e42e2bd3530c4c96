"""A small valid page of each door, of three papers, for tests that damage it."""

from __future__ import annotations

import json

from medsafe_harvest.sources.base import Page

_ENTRIES = "".join(
    f"<entry><id>http://arxiv.org/abs/2401.0000{n}v1</id><title>Title {n}</title>"
    f"<summary>Words.</summary><published>2024-01-0{n}T00:00:00Z</published>"
    "<author><name>Jane Doe</name></author></entry>"
    for n in (1, 2, 3)
)
ATOM = (
    '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:o="http://a9.com/-/spec/opensearch/1.1/"><title>arXiv Query: x</title>'
    "<o:totalResults>3</o:totalResults><o:startIndex>0</o:startIndex>"
    f"{_ENTRIES}</feed>"
)


def oai(prefix: str) -> str:
    records = "".join(
        f"<record><header><identifier>oai:arXiv.org:2401.0000{n}</identifier></header><metadata>"
        f'<{prefix} xmlns="http://arxiv.org/OAI/{prefix}/"><id>2401.0000{n}</id>'
        f"<title>Title {n}</title><authors>Jane Doe</authors><license>http://x/</license>"
        '<version version="v1"><date>Mon, 02 Jan 2006 14:57:58 GMT</date></version>'
        f"</{prefix}></metadata></record>"
        for n in (1, 2, 3)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
        f"{records}<resumptionToken>more</resumptionToken></ListRecords></OAI-PMH>"
    )


_ITEMS = "".join(
    f"<item><title>Title {n}</title><description>Abstract: Words.</description>"
    f'<guid isPermaLink="false">oai:arXiv.org:2401.0000{n}v1</guid></item>'
    for n in (1, 2, 3)
)
RSS = (
    '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>cs on arXiv</title>'
    f"<description>x</description>{_ITEMS}</channel></rss>"
)
PAPERS = [
    {
        "paperId": f"{n}" * 40,
        "corpusId": n,
        "title": f"Title {n}",
        "year": 2024,
        "externalIds": {"DOI": f"10.1000/{n}"},
        "authors": [{"name": "Jane Doe"}],
    }
    for n in (1, 2, 3)
]
BULK = json.dumps({"total": 3, "token": None, "data": PAPERS})
SENT = json.dumps({"ids": ["CorpusId:1", "CorpusId:2", "CorpusId:3"]})

#: A valid page of each door; a new door is one line more.
PAGES: dict[str, Page] = {
    "arxiv": Page(200, {}, ATOM.encode()),
    "arxiv_ids": Page(200, {}, ATOM.encode()),
    "arxiv_oai": Page(200, {}, oai("arXiv").encode()),
    "arxiv_oai_raw": Page(200, {}, oai("arXivRaw").encode()),
    "arxiv_oai_get": Page(200, {}, oai("arXivRaw").encode()),
    "arxiv_rss": Page(200, {}, RSS.encode()),
    "semantic_scholar": Page(200, {}, BULK.encode()),
    "arxiv_titles": Page(200, {}, ATOM.encode()),
    "semantic_scholar_titles": Page(200, {}, json.dumps({"data": PAPERS}).encode()),
    "semantic_scholar_batch": Page(200, {}, json.dumps(PAPERS).encode(), sent=SENT),
    "semantic_scholar_references": Page(200, {}, json.dumps(PAPERS).encode(), sent=SENT),
}
