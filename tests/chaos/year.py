"""A year of nights against a corpus that grows by date: ``make year``.

Each night the harvester runs as it does in life, but for the clock. It must find exactly the papers
that became visible since the last night on which the services answered: outages of a week leave no
gap. Old pages are packed meanwhile, as the harvester does by itself.

The oracle reads the corpus file itself. ``YEAR_NIGHTS`` (365) says how many nights.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
from werkzeug import Request, Response

from medsafe_harvest import loopback, night, pipeline
from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.fetch.harvest import Network
from medsafe_harvest.fetch.plan import Wanted, standings
from medsafe_harvest.fetch.rawstore import RawStore
from tests.chaos.nursery import Nobody
from tests.chaos.oracle import Row, first_rows, holds, in_category, rows_of
from tests.chaos.scenario import configured, project_config

START = date(2025, 3, 3)
#: First and last night of each outage, counted from 0.
OUTAGES = ((12, 18), (100, 106), (250, 257))
QUERIES = ("federated-learning", "uncertainty-conformal", "fairness")


@dataclass
class Calendar:
    """A clock that is set night by night; waiting costs nothing."""

    moment: datetime

    def now(self) -> datetime:
        """The wall clock."""
        return self.moment

    def monotonic(self) -> float:
        """Seconds since the first night."""
        return (self.moment - datetime(2025, 1, 1, tzinfo=UTC)).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.moment += timedelta(seconds=seconds)


@dataclass(slots=True)
class Year:
    """What became of the nights."""

    nights: int = 0
    outages: int = 0
    found: int = 0
    mistakes: list[str] = field(default_factory=list)


def announced(day: date) -> date:
    """When arXiv shows what was submitted that day: the next day that is no weekend."""
    day += timedelta(days=1)
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def appearances(config: Config, rows: Sequence[Row]) -> dict[tuple[str, str], date]:
    """By source and paper: from which day a seed query can find it there."""
    seen: dict[tuple[str, str], date] = {}

    def see(source: str, paper: str, day: date) -> None:
        key = (source, paper)
        seen[key] = min(day, seen.get(key, day))

    on_arxiv = first_rows([row for row in rows if row.arxiv_id and row.whole_day])
    for query in config.queries:
        since, means = query.since or date.min, query.expression
        for row in on_arxiv:
            if row.day >= since and holds(means, row) and in_category(query, row):
                see("arxiv", row.arxiv_id or "", announced(row.day))
        for row in first_rows(rows):
            if row.day >= since and holds(means, row):
                later = announced(row.day) + timedelta(days=1)
                see("semantic_scholar", row.arxiv_id or row.title, later)
    return seen


def simulate(corpus_file: Path, folder: Path, nights: int, tell: Callable[[str], None]) -> Year:
    """Harvest night by night, and compare what each finds with what it should find."""
    clock = Calendar(datetime(START.year, START.month, START.day, tzinfo=UTC))
    down = False

    def before(_request: Request) -> Response | None:
        return Response("down", 503) if down else None

    year = Year()
    corpus = loopback.read_corpus(corpus_file)
    with loopback.running(corpus, before=before, now=clock.now) as services:
        config = configured(project_config(), services.urls, QUERIES)
        config = config.with_sources(
            {name: {"min_interval": 0, "wait_throttled": 0} for name in services.urls}
            | {"arxiv": {"min_interval": 0, "page_size": 500, "cap": 10_000}}
        )
        visible = appearances(config, list(rows_of(corpus_file)))
        wanted = Wanted(config.queries, tuple(config.doors))
        last_good = date.min
        for number in range(nights):
            today = START + timedelta(days=number)
            clock.moment = datetime(today.year, today.month, today.day, 5, 30, tzinfo=UTC)
            down = any(first <= number <= last for first, last in OUTAGES)
            store = RawStore(folder / "raw", version="year")
            network = Network(clock, folder / "state", {}, "year")
            done = night.harvest(config, store, network, folder, wanted, Nobody())
            year.nights += 1
            year.outages += down
            if bool(done.fetched.incomplete) != down:
                year.mistakes.append(f"{today}: incomplete {done.fetched.incomplete}, down {down}")
            expected = {key for key, day in visible.items() if last_good < day <= today}
            found = _first_seen(folder, today)
            if not down:
                last_good = today
            else:
                expected = set()
            year.found += len(found)
            year.mistakes += _differences(today, found, expected)
            # The corpus holds so few of arXiv's papers that some days have none.
            own = [one for one in done.warnings if "nothing was announced" not in one]
            year.mistakes += [f"{today}: {one}" for one in own]
            if today.day == 1:
                packs = len(list(store.folder.glob("*/packs/*.tar.xz")))
                tell(f"{today}: {year.found} records found, {packs} packs, {store.count()} pages")
        marks = {
            one.state.watermark
            for one in standings(config, store.windows(), wanted, clock.now())
            if one.source in config.sources
        }
        if marks != {clock.now().date()}:
            year.mistakes.append(f"watermarks {marks} on {clock.now().date()}")
        year.mistakes += store.verify()
        # What was kept in mind from night to night is what all pages say.
        pipeline.curate(store, config, folder / "again", Nobody(), now=clock.now())
        again, last = (snapshot.current(folder / name) for name in ("again", "curated"))
        if again.name != last.name:
            year.mistakes.append(f"a rebuild gives {again.name}, the last night {last.name}")
    return year


def _first_seen(folder: Path, day: date) -> set[tuple[str, str]]:
    """The records of the table that a seed query found for the first time that day."""
    columns = ["source", "arxiv_id", "title_raw", "queries", "first_seen"]
    records = snapshot.read(snapshot.current(folder / "curated"), "records", columns)
    new = records.filter(pc.equal(records["first_seen"], day)).to_pylist()
    return {(row["source"], row["arxiv_id"] or row["title_raw"]) for row in new if row["queries"]}


def _differences(
    day: date, found: set[tuple[str, str]], expected: set[tuple[str, str]]
) -> Iterable[str]:
    if found - expected:
        yield f"{day}: found {sorted(found - expected)[:3]}, which were not new"
    if expected - found:
        yield f"{day}: missed {sorted(expected - found)[:3]}"


def main() -> None:
    """Run, tell, and judge."""
    data = Path(os.environ.get("MEDSAFE_SHARED_DATA", "../shared/data"))
    corpus = data / "corpus/medical_ml.parquet"
    if not corpus.exists():
        sys.exit(f"no corpus at {corpus}: set MEDSAFE_SHARED_DATA to the folder of real data")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        nights = int(os.environ.get("YEAR_NIGHTS", "365"))
        year = simulate(corpus, Path(folder), nights, print)
    for mistake in year.mistakes:
        print(mistake)
    print(f"{time.monotonic() - began:.0f} s")
    print(
        f"year: nights={year.nights} outages={year.outages} records={year.found} "
        f"mistakes={len(year.mistakes)}"
    )
    sys.exit(1 if year.mistakes or not year.found else 0)


if __name__ == "__main__":
    main()
