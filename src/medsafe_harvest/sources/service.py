"""How a service wants to be asked: address, pace, patience.

A source brings its service's settings; ``config/settings.yaml`` may change any of them.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ServiceSettings(BaseModel):
    """One service. Every value can be set under its source in ``config/settings.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = Field(
        pattern=r"^https?://[A-Za-z0-9.\[\]:-]+(/[^\s?#]*)?$",
        description="Address before the path; never with a password in it",
    )
    pace: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9_]*$",
        description="Name shared by the doors of one provider, which allows them one pace together",
    )
    min_interval: float = Field(
        default=1.0, ge=0, description="Seconds between two requests of all processes of a machine"
    )
    keyless_interval: float | None = Field(
        default=None, ge=0, description="Seconds between two requests where no API key is set"
    )
    requests_per_run: int = Field(
        default=5000, ge=1, description="Requests after which a run leaves the rest to the next"
    )
    api_key_env: str | None = Field(
        default=None, description="Environment variable that holds the API key"
    )
    api_key_header: str = Field(default="x-api-key", description="Header that the key is sent in")
    connect_timeout: float = Field(default=20.0, gt=0, description="Seconds")
    read_timeout: float = Field(default=90.0, gt=0, description="Seconds between two bytes")
    total_timeout: float = Field(default=900.0, gt=0, description="Seconds for a whole response")
    max_body_mb: float = Field(default=64.0, gt=0, description="Largest response, in MiB")

    @field_validator("base_url")
    @classmethod
    def _has_a_host_and_a_port(cls, url: str) -> str:
        parts = urlsplit(url)
        if not parts.hostname or parts.port == 0:
            raise ValueError("an address needs a host, and a port from 1 on if any")
        return url

    wait_throttled: float = Field(
        default=60.0, ge=0, description="Seconds to wait at least after being throttled"
    )
