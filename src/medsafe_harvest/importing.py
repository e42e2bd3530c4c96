"""Bring an imported list into the house: keep it, look its papers up, curate.

::

    list ─▶ raw store ─▶ look-ups by ─▶ curate ─▶ searches by title ─▶ curate ─▶ findings
            (verbatim)   identifier               (what the table      again     (``listed``)
                                                  does not answer)

Offline nobody is asked, and the table is made once. A list that is stored already is not stored
again, and a look-up that was answered is not repeated for some weeks, so a second import of the
same file changes nothing, and one that was killed goes on where it stopped. Nothing here prints or
exits.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from medsafe_harvest import pipeline
from medsafe_harvest.config import Config
from medsafe_harvest.errors import ListError
from medsafe_harvest.fetch.attempt import Run
from medsafe_harvest.fetch.harvest import Fetched, Network
from medsafe_harvest.fetch.rawindex import Seal, WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.importing_work import Work
from medsafe_harvest.listed import Searched
from medsafe_harvest.listed_known import Known, known
from medsafe_harvest.lists.door import LIST, content, question
from medsafe_harvest.lists.entries import Reading
from medsafe_harvest.lookups import unasked
from medsafe_harvest.night import NightObserver
from medsafe_harvest.pipeline import Curated
from medsafe_harvest.reading import Reading as Stored
from medsafe_harvest.sources.base import Completeness, Page, Window

_GITHUB = re.compile(
    r"https?://(?:(?:www\.)?github\.com|raw\.githubusercontent\.com)/([\w.-]+)/([\w.-]+)"
    r"(?:/(?:(?:blob|raw)/)?[^/]+/([^?#]+))?"
)
_README = re.compile(r"(?:readme|index)(?:\.\w+)?", re.IGNORECASE)
#: A shorter list is not guarded against loss.
_MANY = 20


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list to be imported.

    Attributes:
        name: lower-case words with hyphens; the same name again is a newer version.
        address: where it came from: an address, or ``file:`` and the file's name.
        body: verbatim.
        reading: what it says.
    """

    name: str
    address: str
    body: bytes
    reading: Reading


@dataclass(frozen=True, slots=True)
class Done:
    """What an import did.

    Attributes:
        stored: names of the lists that were new or had changed.
        fetched: what became of the look-ups; empty offline.
        before: what the table had before, to tell found from new.
        curated: None where nothing had changed and the table was up to date.
        searched: what services were asked in this import and before, for papers of all lists.
    """

    stored: tuple[str, ...]
    fetched: Fetched
    before: Known
    curated: Curated | None
    searched: Searched


def slug(text: str) -> str:
    """Lower-case words with hyphens; empty where there is no Latin letter or digit."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))[:80].strip("-")


def list_name(source: str) -> str:
    """What a list is called after the file or address that it comes from; may be empty.

    A README has the name of its folder or repository.
    """
    if github := _GITHUB.match(source):
        words = [github[1], github[2].removesuffix(".git"), github[3] or ""]
    elif source.startswith(("http://", "https://")):
        parts = urlsplit(source)
        words = [word for word in (parts.hostname, *parts.path.split("/"), parts.query) if word]
    else:
        path = Path(source).resolve()
        words = [path.parent.name, path.name] if _README.fullmatch(path.name) else [path.name]
    *before, last = words
    kept = (
        "" if _README.fullmatch(last) else re.sub(r"\.(?:md|html?|rst|txt|adoc|csv|tsv)$", "", last)
    )
    return slug(" ".join([*before, kept]))


def bring_in(  # noqa: PLR0913 - what, into what, how, and the two ways to differ
    lists: Sequence[NamedList],
    config: Config,
    store: RawStore,
    network: Network,
    data: Path,
    observer: NightObserver,
    *,
    offline: bool,
    replace: bool,
) -> Done:
    """Keep the lists, look up the papers that are not known, and curate.

    Args:
        lists: each of another name.
        config: how to read and to curate, and the services.
        store: where the lists are kept.
        network: how services are reached, and the clock.
        data: the folder that holds ``curated`` and ``cache``.
        observer: told of each step.
        offline: ask nobody.
        replace: also replace a list by one with less than half of its papers.

    Raises:
        ListError: a list would lose most of its papers; nothing was stored.
        StoreError: the raw store is damaged or cannot be written.
        CuratedError: the snapshot cannot be written; the one that is there stays.
    """
    if not replace:
        for one in lists:
            _refuse_loss(one, config, store)
    papers_before = pipeline.count_papers(data / "curated")
    before = known(data / "curated")
    stored = tuple(one.name for one in lists if _keep(one, store, network.clock.now()))
    reading = Stored.begun(config, store, data, observer, is_first=papers_before is None)
    reading.refuse_damage()
    work = Work(config, store, network, data, observer, reading, allow_loss=replace)
    if offline:
        work.make(changed=bool(stored))
    else:
        found = work.look_up()
        work.make(changed=bool(stored) or found)
        work.make(changed=work.search())
    collected = reading.collected
    searched = Searched(collected.offers(), unasked(config, store, collected))
    return Done(stored, work.fetched, before, work.curated, searched)


def _latest(name: str, store: RawStore) -> Seal | None:
    """The latest stored version of a list."""
    own = [seal for seal in store.seals() if (seal.source, seal.query) == (LIST, question(name))]
    return max(own, key=lambda seal: (seal.number, seal.name), default=None)


def _refuse_loss(one: NamedList, config: Config, store: RawStore) -> None:
    """Another list of the same name, or half a file, is no newer version.

    Raises:
        ListError: it would lose most of its papers.
    """
    seal = _latest(one.name, store)
    if seal is None or seal.sha256 == hashlib.sha256(one.body).hexdigest():
        return
    before = {paper.source_id for paper in config.readers[LIST].parse(store.read(seal)).records}
    kept = before & {paper.source_id for paper in content(one.reading, one.name).records}
    if len(before) >= _MANY and len(kept) < len(before) / 2:
        raise ListError(
            f"{one.address}: a list {one.name!r} is there already, from "
            f"{seal.url.rpartition('#')[0]} with {len(before):,} papers, of which this one has "
            f"{len(kept):,}: give it another --name, or --replace to put it in the place of that"
        )


def _keep(one: NamedList, store: RawStore, now: datetime) -> bool:
    """Store a list that is not what was stored last under its name."""
    latest, sha256 = _latest(one.name, store), hashlib.sha256(one.body).hexdigest()
    url = f"{one.address}#{one.name}"
    if latest is not None and (latest.sha256, latest.url) == (sha256, url):
        return False
    today = Window(now.date(), now.date())
    query, digest = question(one.name), hashlib.sha256(one.name.encode()).hexdigest()
    attempt = store.attempt(LIST, query, digest, today, Run.starting(now))
    is_page = one.address.lower().endswith((".html", ".htm"))
    headers = {"content-type": "text/html" if is_page else "text/plain"}
    number = attempt.keep(url, Page(200, headers, one.body, url), now)
    entries = len(one.reading.entries)
    attempt.finish(
        WindowRecord(
            source=LIST,
            query=query,
            query_digest=digest,
            window=today,
            outcome=Completeness.COMPLETE,
            announced=entries,
            received=entries,
            pages=(number,),
            began_at=now,
            finished_at=now,
        )
    )
    return True
