"""The configuration: every file under ``config/`` as frozen settings.

========================  =====================================================
``settings.yaml``         services, pace, retries, harvest windows, curation, ranking
``queries.yaml``          seed queries and the vocabularies they share
``topics.yaml``           what shows that a paper is about a topic
``venues.yaml``           canonical venue names and their aliases
``overrides.yaml``        curators' own decisions about pairs
========================  =====================================================

A missing, misspelt or contradictory entry is a :class:`~medsafe_harvest.errors.ConfigError` that
names file and line.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from medsafe_harvest.config_files import load
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.lists.door import LIST, ListDoor
from medsafe_harvest.normalize.venues import VenueConfig, VenueTable
from medsafe_harvest.ranking import RankingSettings
from medsafe_harvest.sources import DOORS, FEEDS, LOOKUPS, SOURCES
from medsafe_harvest.sources.base import Door, Feed, Lookup, Reader, Source
from medsafe_harvest.sources.query import Query, QueryFile
from medsafe_harvest.sources.service import ServiceSettings
from medsafe_harvest.topics.rules import TopicConfig

#: Settings of a door that hold for all doors of its provider, unless they say otherwise.
_PROVIDER_SETTINGS = frozenset(
    ("api_key_env", "api_key_header", "keyless_interval", "min_interval", "wait_throttled")
)
AnyDoor = TypeVar("AnyDoor", bound=Door)

#: The files that decide what curation makes of the raw pages.
_CURATION_FILES = ("overrides.yaml", "topics.yaml", "venues.yaml")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RetrySettings(_Section):
    """How often and how long a request is tried again."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    attempts: int = Field(default=6, ge=1, description="Tries of one request, the first included")
    wait_initial: float = Field(default=2.0, ge=0, description="Seconds before the second try")
    wait_max: float = Field(default=300.0, ge=0, description="Longest wait of a backoff, seconds")
    total: float = Field(
        default=3600.0, ge=0, description="Seconds after which a request is given up"
    )
    night: float = Field(
        default=7200.0, ge=0, description="Seconds that a run waits for one service in all"
    )
    breaker: float = Field(
        default=600.0,
        ge=0,
        description="Seconds that a door is left alone after a run had to give up on it; doubled "
        "each time in succession, 0 switches it off",
    )
    breaker_max: float = Field(
        default=21600.0, ge=0, description="Longest time a door is left alone, seconds"
    )

    @model_validator(mode="after")
    def _breaker_fits(self) -> Self:
        if self.breaker > self.breaker_max:
            raise ValueError(f"breaker {self.breaker:g} is more than breaker_max")
        return self


class HarvestSettings(_Section):
    """Which days are asked for, and in which pieces."""

    since: dt.date = Field(
        default=dt.date(2016, 1, 1), description="First day, where a query names none"
    )
    overlap_days: int = Field(
        default=7,
        ge=0,
        description="A day is read again until it was read this many days after its end, since "
        "papers arrive late",
    )
    window_days: int = Field(
        default=366, ge=1, description="Longest window; a smaller one loses less to an outage"
    )
    resume_hours: float = Field(
        default=20.0,
        ge=0,
        description="Pages of a window that was interrupted are used again for so long; 0 never",
    )
    max_minutes: float = Field(
        default=240.0, gt=0, description="Minutes after which a run begins no further window"
    )
    compact_days: int | None = Field(
        default=90,
        ge=2,
        description="Pages older than so many days are packed now and then; null: never",
    )


#: An amount of memory above zero, as DuckDB takes it.
MEMORY = r"^(0*[1-9]\d*(\.\d+)?|0+\.\d*[1-9]\d*)\s?[KMGT]i?B$"


class CurateSettings(_Section):
    """How the curated snapshot is made."""

    memory_limit: str = Field(
        default="1GB",
        pattern=MEMORY,
        description="Memory for finding candidate pairs; beyond it, work goes on in files",
    )
    threads: int | None = Field(
        default=None, ge=1, description="Cores that matching and merging use; null: all"
    )
    incremental: bool = Field(
        default=True,
        description="A run matches only what is new or changed since the last one, with the same "
        "result; false: always all records, and nothing is kept for it in data/cache/matching",
    )
    keep_snapshots: int = Field(
        default=3, ge=1, description="Snapshots left in data/curated, the current one included"
    )


class RelatedSettings(_Section):
    """What makes two papers near."""

    embeddings: Path | None = Field(
        default=None,
        description="Folder of a sentence-transformers model on this machine, whose cosine is the "
        "score of related papers then; null: shared words, topics and references",
    )
    most_papers: int = Field(
        default=50_000,
        ge=0,
        description="Beyond so many papers their related papers are not computed in advance, but "
        "for each paper when somebody asks",
    )


class MailSettings(_Section):
    """Where ``digest send`` hands its mails over, and to whom they go."""

    smtp: str | None = Field(
        default=None,
        pattern=r"^(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/@]+):[0-9]{1,5}$",
        description="Mail server, host:port",
    )
    security: Literal["starttls", "tls", "none"] | None = Field(
        default=None,
        description="How the connection is encrypted; null: tls at port 465, else starttls",
    )
    user: str | None = Field(
        default=None, description="Whom the mail server knows; null: no log-in"
    )
    password_env: str = Field(
        default="MEDSAFE_SMTP_PASSWORD",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="The environment variable with the password",
    )
    sender: str | None = Field(
        default=None, description="Address that mails come from; null: user or contact"
    )
    to: tuple[str, ...] = Field(default=(), description="Addresses that each get a mail")
    stale_hours: float = Field(
        default=22.0,
        gt=0,
        description="Hours without a harvest after which a digest says that there was none",
    )


class Settings(_Section):
    """``config/settings.yaml``."""

    contact: str | None = Field(
        default=None,
        pattern=r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$",
        description="Mail address that services are told, so that they can write before they block",
    )
    #: Changes to a source's own settings, checked by :func:`_adjusted`.
    sources: dict[str, dict[str, Any]] = {}
    retry: RetrySettings = RetrySettings()
    harvest: HarvestSettings = HarvestSettings()
    curate: CurateSettings = CurateSettings()
    related: RelatedSettings = RelatedSettings()
    ranking: RankingSettings = RankingSettings()
    mail: MailSettings = MailSettings()

    @field_validator("sources")
    @classmethod
    def _sources_exist(cls, sources: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        mistakes: list[InitErrorDetails] = []
        for name, changes in sources.items():
            if name not in DOORS:
                known = ", ".join(DOORS)
                message = f"no source {name!r}; there are {known}"
                mistakes.append(_mistake(message, (name,), changes))
                continue
            try:
                _adjusted(DOORS[name], changes)
            except ValidationError as error:
                keys = (*_own_settings(DOORS[name]), *ServiceSettings.model_fields)
                mistakes += [
                    _mistake(_words(found, keys), (name, *found["loc"]), found["input"])
                    for found in error.errors()
                ]
        if mistakes:
            raise ValidationError.from_exception_data("Settings", mistakes)
        return sources


def _mistake(message: str, place: tuple[int | str, ...], value: object) -> InitErrorDetails:
    error = PydanticCustomError("settings", "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=place, input=value)


def _own_settings(source: Door) -> tuple[str, ...]:
    kind: Any = type(source)
    return tuple(field.name for field in dataclasses.fields(kind))


def _words(found: ErrorDetails, known: tuple[str, ...]) -> str:
    if found["type"] == "extra_forbidden":
        return f"unknown key {found['loc'][-1]!r}; there are {', '.join(known)}"
    return found["msg"].removeprefix("Value error, ")


def _adjusted(source: AnyDoor, changes: Mapping[str, Any]) -> tuple[AnyDoor, ServiceSettings]:
    """The door and its service with the changes made.

    Raises:
        ValidationError: a change is to a setting that neither has, or is not a valid value.
    """
    kind: Any = type(source)
    own = _own_settings(source)
    adjusted: AnyDoor = TypeAdapter(kind).validate_python(
        {name: value for name, value in changes.items() if name in own}
    )
    service = {name: value for name, value in changes.items() if name not in own}
    return adjusted, ServiceSettings.model_validate({**source.service.model_dump(), **service})


class SeedQueries(QueryFile):
    """``config/queries.yaml``, with the names of sources checked."""

    @model_validator(mode="after")
    def _sources_exist(self) -> Self:
        named: list[tuple[str, tuple[int | str, ...]]] = []
        for index, query in enumerate(self.queries):
            named += [(name, ("queries", index, "raw", name)) for name in query.raw]
            named += [
                (name, ("queries", index, "sources", number))
                for number, name in enumerate(query.sources or ())
            ]
        known = ", ".join(SOURCES)
        mistakes = [
            _mistake(f"no source {name!r}; there are {known}", place, name)
            for name, place in named
            if name not in SOURCES
        ]
        if mistakes:
            raise ValidationError.from_exception_data("SeedQueries", mistakes)
        return self


@dataclass(frozen=True, slots=True)
class Config:
    """Everything under ``config/``, read and checked."""

    settings: Settings
    queries: tuple[Query, ...]
    venues: VenueTable
    topics: TopicConfig
    overrides: Overrides
    #: SHA-256 of the files that decide what curation makes of the raw pages.
    digest: str

    @property
    def sources(self) -> dict[str, Source]:
        """Every door that is asked the seed queries, with its settings."""
        return {name: self._adjusted(source)[0] for name, source in SOURCES.items()}

    @property
    def feeds(self) -> dict[str, Feed]:
        """Every feed, with its settings."""
        return {name: self._adjusted(feed)[0] for name, feed in FEEDS.items()}

    @property
    def lookups(self) -> dict[str, Lookup]:
        """Every lookup, with its settings."""
        return {name: self._adjusted(lookup)[0] for name, lookup in LOOKUPS.items()}

    @property
    def doors(self) -> dict[str, Door]:
        """Every door of any kind, with its settings."""
        return {name: self._adjusted(door)[0] for name, door in DOORS.items()}

    @property
    def readers(self) -> dict[str, Reader]:
        """Whatever reads stored pages: every door, and the reader of imported lists."""
        return {**self.doors, LIST: ListDoor(self.venues, self.digest)}

    @property
    def services(self) -> dict[str, ServiceSettings]:
        """The service of every door."""
        return {name: self._adjusted(door)[1] for name, door in DOORS.items()}

    def _adjusted(self, door: AnyDoor) -> tuple[AnyDoor, ServiceSettings]:
        changes = self.settings.sources
        # A provider's doors share a pace named after the first of them; so do they its terms.
        shared = {
            name: value
            for name, value in changes.get(door.service.pace or "", {}).items()
            if name in _PROVIDER_SETTINGS
        }
        return _adjusted(door, {**shared, **changes.get(door.name, {})})

    def with_sources(self, changes: Mapping[str, Mapping[str, Any]]) -> Config:
        """The same configuration with further changes to sources' settings."""
        merged = {
            name: {**self.settings.sources.get(name, {}), **changes.get(name, {})}
            for name in (*self.settings.sources, *changes)
        }
        settings = self.settings.model_dump() | {"sources": merged}
        return dataclasses.replace(self, settings=Settings.model_validate(settings))

    def with_means(self, memory_limit: str | None, threads: int | None) -> Config:
        """The same configuration with other ``curate`` settings; None leaves one as it is."""
        wanted = {"memory_limit": memory_limit, "threads": threads}
        changes = {name: value for name, value in wanted.items() if value is not None}
        curate = CurateSettings.model_validate(self.settings.curate.model_dump() | changes)
        settings = self.settings.model_copy(update={"curate": curate})
        return dataclasses.replace(self, settings=settings)

    def with_retry(self, **changes: float) -> Config:
        """The same configuration with other patience; keywords as in ``retry``."""
        retry = RetrySettings.model_validate(self.settings.retry.model_dump() | changes)
        return dataclasses.replace(self, settings=self.settings.model_copy(update={"retry": retry}))


def load_config(folder: Path) -> Config:
    """Read and check all files of a configuration folder.

    Raises:
        ConfigError: a file is missing or wrong; names file and line.
    """
    digest = hashlib.sha256()
    settings = load(folder / "settings.yaml", Settings)
    queries = load(folder / "queries.yaml", SeedQueries)
    venues = load(folder / "venues.yaml", VenueConfig)
    topics = load(folder / "topics.yaml", TopicConfig)
    overrides = load(folder / "overrides.yaml", Overrides)
    for name in _CURATION_FILES:
        digest.update((folder / name).read_bytes())
    return Config(
        settings=settings,
        queries=queries.queries,
        venues=VenueTable(venues),
        topics=topics,
        overrides=overrides,
        digest=digest.hexdigest(),
    )
