"""What all commands share: where things are, how to print, how to exit."""

from __future__ import annotations

import enum
import json
import os
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Annotated, Any

import platformdirs
import typer
from rich.console import Console

from medsafe_harvest.config import Config, load_config
from medsafe_harvest.errors import ConfigError

_NAME = "medsafe-harvest"

#: Messages and progress.
console = Console(stderr=True, markup=False, highlight=False)
#: Results.
output = Console(markup=False, highlight=False)


class Exit(enum.IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    #: As shells have it for an interrupt, and for a request to end.
    INTERRUPTED = 130
    TERMINATED = 143


class TerminatedError(KeyboardInterrupt):
    """The system asked the program to end (SIGTERM)."""


def exit_code_of(interrupt: KeyboardInterrupt) -> Exit:
    """The exit code for an interrupt."""
    return Exit.TERMINATED if isinstance(interrupt, TerminatedError) else Exit.INTERRUPTED


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="MEDSAFE_CONFIG",
        help="Folder of the configuration files. Default: ./config, or else the defaults "
        "that come with the package.",
        file_okay=False,
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="MEDSAFE_DATA",
        help="Folder that holds raw/ and curated/. Default: ./data.",
        file_okay=False,
    ),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{_NAME} {metadata.version(_NAME)}")
        raise typer.Exit(Exit.DONE)


VersionOption = Annotated[
    bool,
    typer.Option(
        "--version", help="Print the version and leave.", is_eager=True, callback=_show_version
    ),
]


@dataclass(frozen=True, slots=True)
class Workplace:
    """The folders that a command works in."""

    config_folder: Path
    data: Path

    @classmethod
    def find(cls, config: Path | None, data: Path | None) -> Workplace:
        """The folders asked for, or the usual ones."""
        return cls(config or _usual_config(), data or Path("data"))

    @property
    def raw(self) -> Path:
        """Where responses are kept."""
        return self.data / "raw"

    @property
    def curated(self) -> Path:
        """Where snapshots are."""
        return self.data / "curated"

    @property
    def reports(self) -> Path:
        """Where runs leave their reports."""
        return self.data / "reports"

    @property
    def state(self) -> Path:
        """What all projects of this user share: when each service was last asked."""
        return Path(os.environ.get("MEDSAFE_STATE") or platformdirs.user_state_path(_NAME))

    def refuse_raw(self, out: Path) -> None:
        """Refuse to write into the folder of the stored pages.

        Raises:
            typer.BadParameter: it is that folder, or lies in it.
        """
        if out.resolve().is_relative_to(self.raw.resolve()):
            raise typer.BadParameter(f"--out {out}: only harvests write there; choose another")

    def config(self) -> Config:
        """The configuration, read now.

        Raises:
            ConfigError: a file is missing or wrong.
        """
        return load_config(self.config_folder)


def _usual_config() -> Path:
    here = Path("config")
    if (here / "queries.yaml").is_file():
        return here
    packaged = Path(str(resources.files("medsafe_harvest"))) / "default_config"
    # An editable install has no copy: the checkout's own folder is the default.
    checkout = Path(__file__).parents[3] / "config"
    for folder in (packaged, checkout):
        if folder.is_dir():
            return folder
    raise ConfigError("no configuration folder found: pass --config", file=str(here))


def environment(name: str | None) -> str | None:
    """A setting from the environment; blank counts as not set."""
    return (os.environ.get(name, "").strip() or None) if name else None


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output, dates as text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))
