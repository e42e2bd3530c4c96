"""Licences: from address or text to a short id and the address of its text."""

from __future__ import annotations

import re

_CC_URL = re.compile(
    r"creativecommons\.org/(?:licenses/(by(?:-nc)?(?:-sa|-nd)?)|publicdomain/(zero|mark))"
    r"/([0-9]\.[0-9])\b",
    re.IGNORECASE,
)
#: Addresses of licences that are not of the Creative Commons family, or were retired from it in
#: 2010: pattern, short id, address.
_OTHERS = (
    (
        re.compile(r"arxiv\.org/licenses/nonexclusive-distrib/1\.0", re.IGNORECASE),
        "arXiv-nonexclusive-1.0",
        "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    ),
    (
        re.compile(r"creativecommons\.org/licenses/publicdomain", re.IGNORECASE),
        "CC-PDDC",
        "https://creativecommons.org/licenses/publicdomain/",
    ),
)
_CC_TEXT = re.compile(
    r"CC[ _-]?BY(?:[ _-]?(NC))?(?:[ _-]?(SA|ND))?(?:[ _-]([0-9]\.[0-9]))?", re.IGNORECASE
)
_CC0_TEXT = re.compile(r"CC[ _-]?(?:0|ZERO)(?:[ _-]([0-9]\.[0-9]))?", re.IGNORECASE)


def parse_licence(text: str | None) -> tuple[str | None, str | None]:
    """Short id and address of a licence.

    Without a version there is no address: Semantic Scholar's ``CCBYNCND`` is CC-BY-NC-ND. A text
    that names no licence ("bronze", "publisher-specific") gives no id; an address that is not
    known is kept.
    """
    if text is None:
        return None, None
    bare = text.strip()
    if found := _CC_URL.search(bare):
        return _creative_commons(found[1], found[2], found[3])
    for pattern, licence, address in _OTHERS:
        if pattern.search(bare):
            return licence, address
    if found := _CC0_TEXT.fullmatch(bare):
        return _creative_commons(None, "zero", found[1])
    if found := _CC_TEXT.fullmatch(bare):
        terms = "-".join(part.lower() for part in ("by", found[1], found[2]) if part)
        return _creative_commons(terms, None, found[3])
    is_address = re.fullmatch(r"https?://\S+", bare)
    return None, bare if is_address else None


def _creative_commons(
    terms: str | None, public: str | None, version: str | None
) -> tuple[str, str | None]:
    if terms is not None:
        name, folder = f"CC-{terms.upper()}", f"licenses/{terms.lower()}"
    else:
        tool = (public or "zero").lower()
        name, folder = "CC0" if tool == "zero" else "PDM", f"publicdomain/{tool}"
    if version is None:
        return name, None
    return f"{name}-{version}", f"https://creativecommons.org/{folder}/{version}/"
