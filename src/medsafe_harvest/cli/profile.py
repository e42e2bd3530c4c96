"""The option ``--profile`` of commands that curate."""

from __future__ import annotations

from typing import Annotated

import typer

from medsafe_harvest.cli.context import console
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.profile import Profile, as_text

ProfileOption = Annotated[
    bool,
    typer.Option(
        "--profile",
        help="Also tell rows, seconds and peak memory of each stage, on standard error and in "
        "the report.",
    ),
]


def wanted_profile(wanted: bool) -> Profile | None:
    """A profile to be entered, where one is wanted."""
    return Profile(SystemClock().monotonic) if wanted else None


def show_profile(profile: Profile | None) -> None:
    """Print its table, if there is one."""
    if profile is not None:
        console.print(as_text(profile.as_plain()), end="", soft_wrap=True)
