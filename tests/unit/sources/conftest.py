"""Drives a source's generator with pages made by hand."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias

import pytest

from medsafe_harvest.sources.base import Harvested, PageContent, Request

Driver: TypeAlias = Callable[
    [Generator[Request, PageContent, Harvested], Callable[[dict[str, str]], PageContent]],
    tuple[Harvested, list[dict[str, str]]],
]


@pytest.fixture(scope="session")
def drive() -> Driver:
    """The generator's verdict and the parameters of every request that it made."""

    def run(
        generator: Generator[Request, PageContent, Harvested],
        answer: Callable[[dict[str, str]], PageContent],
    ) -> tuple[Harvested, list[dict[str, str]]]:
        requests: list[dict[str, str]] = []
        request = next(generator)
        while len(requests) < 200:
            requests.append(dict(request.params))
            try:
                request = generator.send(answer(requests[-1]))
            except StopIteration as stop:
                verdict: Harvested = stop.value
                return verdict, requests
        raise AssertionError("more than 200 requests")

    return run
