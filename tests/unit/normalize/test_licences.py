from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.normalize.licences import parse_licence

CC = "https://creativecommons.org"
ARXIV = "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://creativecommons.org/licenses/by/4.0/",
         ("CC-BY-4.0", f"{CC}/licenses/by/4.0/")),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0",
         ("CC-BY-NC-ND-4.0", f"{CC}/licenses/by-nc-nd/4.0/")),
        ("http://creativecommons.org/licenses/by-nc-sa/3.0/",
         ("CC-BY-NC-SA-3.0", f"{CC}/licenses/by-nc-sa/3.0/")),
        ("http://creativecommons.org/publicdomain/zero/1.0/",
         ("CC0-1.0", f"{CC}/publicdomain/zero/1.0/")),
        ("http://creativecommons.org/licenses/publicdomain/",
         ("CC-PDDC", f"{CC}/licenses/publicdomain/")),
        (ARXIV, ("arXiv-nonexclusive-1.0", ARXIV)),
        ("https://arxiv.org/licenses/nonexclusive-distrib/1.0/", ("arXiv-nonexclusive-1.0", ARXIV)),
        ("CCBY", ("CC-BY", None)),
        ("CCBYNCND", ("CC-BY-NC-ND", None)),
        ("cc-by-sa", ("CC-BY-SA", None)),
        ("CC BY-NC 4.0", ("CC-BY-NC-4.0", f"{CC}/licenses/by-nc/4.0/")),
        ("CC0", ("CC0", None)),
        ("bronze", (None, None)),
        ("publisher-specific-oa", (None, None)),
        ("https://example.org/own-licence", (None, "https://example.org/own-licence")),
        ("", (None, None)),
        (None, (None, None)),
    ],
)  # fmt: skip
def test_licences_get_a_short_id_and_an_address(
    text: str | None, expected: tuple[str | None, str | None]
) -> None:
    assert parse_licence(text) == expected


@given(st.text())
def test_parsing_licences_is_total(text: str) -> None:
    licence, address = parse_licence(text)
    assert licence is None or licence.isascii()
    assert address is None or address.startswith("http")
