r"""Links to code, models and data in abstracts and comments, in one canonical form each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_HOSTS = (
    r"(?:www\.)?github\.com|gist\.github\.com|[a-z0-9-]+\.github\.io"
    r"|gitlab(?:\.[a-z0-9-]+)+|(?:www\.)?bitbucket\.org|(?:www\.)?codeberg\.org"
    r"|(?:www\.)?huggingface\.co|hf\.co|(?:www\.)?zenodo\.org|anonymous\.4open\.science"
    r"|(?:[a-z0-9-]+\.)?figshare\.com|(?:www\.)?physionet\.org|(?:www\.)?kaggle\.com"
    r"|colab\.research\.google\.com|(?:www\.)?codeocean\.com"
)
#: One of them stands in every link; to look for words first is ten times as fast.
_WORDS = (
    "github",
    "gitlab",
    "bitbucket",
    "codeberg",
    "huggingface",
    "hf.co",
    "zenodo",
    "4open",
    "figshare",
    "physionet",
    "kaggle",
    "colab.",
    "codeocean",
)
_LINK = re.compile(
    rf"(?:https?\s*:\s*//\s*|(?<![\w.@/-]))(?:{_HOSTS})(?:/[^\s<>\"{{}}|\\^`]*)?", re.IGNORECASE
)
_FIGSHARE_DOI = re.compile(r"\b10\.6084/m9\.figshare\.([a-z.]*[0-9]{3,})", re.IGNORECASE)
_ZENODO_DOI = re.compile(r"\b10\.5281/zenodo\.([0-9]{3,})", re.IGNORECASE)
_COMMAND = re.compile(r"\\(?:url|href|texttt|footnote|nolinkurl)\s*\{")
_ESCAPED = re.compile(r"\\([_%#&~$-])")
_REPOSITORY_HOST = r"(?:github\.com|huggingface\.co|bitbucket\.org|gitlab\.com|codeberg\.org)/"
#: A hard wrap behind a slash or hyphen in an address, or a space before what can only be a name.
_WRAPPED = re.compile(
    rf"({_REPOSITORY_HOST}(?:[\w.-]+/(?:[\w.]+-)*)?)"
    r"(?:[ \t]*\r?\n[ \t]*(?=\w)|[ ](?=\w[\w.]*[-_/]\w|\w*[0-9]))",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?'\"*\u2019\u201d\u00bb\u2026$"
_CLOSING = {")": "(", "]": "["}

#: First parts of a path that are pages of the site, not owners.
_GITHUB_PAGES = frozenset(
    "about apps blog collections enterprise explore features login marketplace orgs pricing search "  # noqa: SIM905 - a word list reads best as text
    "settings site sponsors topics users".split()
)
_HUGGING_FACE_PAGES = frozenset(
    "blog chat docs inference join learn login organizations papers pricing tasks "  # noqa: SIM905 - a word list reads best as text
    "join-us posts".split()
)
_NAME = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9_]")


class Address(NamedTuple):
    """An address of a host of code, models or data, as it stands in a cleaned text.

    Attributes:
        url: canonical; None where the path names nothing.
        start: offset of its first character in the cleaned text.
        end: offset behind its last.
        written: the characters between, closing punctuation included.
    """

    url: str | None
    start: int
    end: int
    written: str


def find_code_links(*texts: str | None) -> list[str]:
    r"""Links to code, models and data, canonical, sorted, each once.

    Found with and without scheme, in ``\url{}`` and ``\href{}{}``, and broken by a space behind
    the scheme or a hard wrap behind a slash. A link into a repository is cut to the repository.
    """
    found = (one.url for text in texts if text for one in addresses(cleaned(text)))
    return sorted({url for url in found if url})


def cleaned(text: str) -> str:
    """The text with LaTeX taken off its addresses and their hard wraps closed.

    A text that can hold no address becomes the empty one.
    """
    lower = text.lower()
    if not any(word in lower for word in _WORDS):
        return ""
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", _COMMAND.sub(" ", text))
    return _WRAPPED.sub(r"\1", text)


def addresses(text: str) -> Iterator[Address]:
    """Every address in a :func:`cleaned` text; those of one kind in their order."""
    for doi in _ZENODO_DOI.finditer(text):
        yield Address(f"https://zenodo.org/records/{doi[1]}", *doi.span(), doi[0])
    for doi in _FIGSHARE_DOI.finditer(text):
        yield Address(f"https://doi.org/{doi[0].lower()}", *doi.span(), doi[0])
    for match in _LINK.finditer(text):
        yield Address(_canonical(_trimmed(match[0])), *match.span(), match[0])


def _trimmed(link: str) -> str:
    """Without scheme, query, fragment, closing punctuation and unpaired brackets."""
    link = re.sub(r"^https?\s*:\s*//\s*(?:www\.)?|^www\.", "", link, flags=re.IGNORECASE)
    link = re.split(r"[?#]|~\\", link, maxsplit=1)[0]
    before = None
    while link != before:
        before = link
        link = link.rstrip(_TRAILING)
        last = link[-1:]
        if last in _CLOSING and link.count(last) > link.count(_CLOSING[last]):
            link = link[:-1]
    return link


def _canonical(link: str) -> str | None:
    host, _, path = link.partition("/")
    host = host.lower()
    parts = [part for part in path.split("/") if part]
    if host.endswith(".github.io"):
        return "/".join([f"https://{host}", *parts[:1]])
    if host.startswith("gitlab."):
        return _gitlab(host, parts)
    if host.endswith("figshare.com"):
        return "/".join([f"https://{host}", *parts]) if len(parts) > 1 else None
    reader = _READERS.get(host)
    return reader(host, parts) if reader else None


def _repository(host: str, parts: list[str]) -> str | None:
    if len(parts) < 2 or parts[0].lower() in _GITHUB_PAGES:
        return None
    owner, name = parts[0], _repository_name(parts[1])
    if not name or not _NAME.fullmatch(owner) or not _NAME.fullmatch(name):
        return None
    return f"https://{host}/{owner}/{name}"


def _repository_name(text: str) -> str:
    """The leading part that can be a name: ``repo)and`` or ``repo,`` end a sentence's link."""
    found = _NAME.match(text)
    return found[0].removesuffix(".git") if found else ""


def _gitlab(host: str, parts: list[str]) -> str | None:
    """GitLab nests groups; ``/-/`` starts the pages inside a repository."""
    inside = parts.index("-") if "-" in parts else len(parts)
    names = parts[:inside]
    for page in ("tree", "blob"):
        if page in names[2:]:
            names = names[: names.index(page, 2)]
    names = [_repository_name(name) for name in names]
    return "/".join([f"https://{host}", *names]) if len(names) > 1 and all(names) else None


def _hugging_face(_host: str, parts: list[str]) -> str | None:
    if not parts or parts[0] in _HUGGING_FACE_PAGES:
        return None
    kind = [parts[0]] if parts[0] in {"datasets", "spaces", "collections"} else []
    names = [_repository_name(name) for name in parts[len(kind) : len(kind) + 2]]
    if not names or not all(names):
        return None
    return "/".join(["https://huggingface.co", *kind, *names])


def _zenodo(_host: str, parts: list[str]) -> str | None:
    if len(parts) > 1 and parts[0] in {"record", "records"} and parts[1].isdecimal():
        return f"https://zenodo.org/records/{parts[1]}"
    return None


def _anonymous(host: str, parts: list[str]) -> str | None:
    if len(parts) < 2 or parts[0] not in {"r", "repository"}:
        return None
    return f"https://{host}/r/{parts[1]}"


def _gist(host: str, parts: list[str]) -> str | None:
    return "/".join([f"https://{host}", *parts[:2]]) if parts else None


def _physionet(host: str, parts: list[str]) -> str | None:
    if len(parts) < 2 or parts[0] not in {"content", "physiobank", "challenge"}:
        return None
    return "/".join([f"https://{host}", *parts[:2]])


def _kaggle(host: str, parts: list[str]) -> str | None:
    if not parts:
        return None
    wanted = {"datasets": 3, "competitions": 2, "c": 2, "models": 3, "code": 3}.get(parts[0], 2)
    return "/".join([f"https://{host}", *parts[:wanted]]) if len(parts) >= wanted else None


def _colab(host: str, parts: list[str]) -> str | None:
    wanted = {"drive": 2, "github": 3, "gist": 3}.get(parts[0], 0) if parts else 0
    if not 0 < wanted <= len(parts):
        return None
    return "/".join([f"https://{host}", *(parts[:2] if wanted == 2 else parts)])


def _code_ocean(host: str, parts: list[str]) -> str | None:
    return (
        f"https://{host}/capsule/{parts[1]}" if len(parts) > 1 and parts[0] == "capsule" else None
    )


_READERS: dict[str, Callable[[str, list[str]], str | None]] = {
    "github.com": _repository,
    "bitbucket.org": _repository,
    "codeberg.org": _repository,
    "gist.github.com": _gist,
    "huggingface.co": _hugging_face,
    "hf.co": _hugging_face,
    "zenodo.org": _zenodo,
    "anonymous.4open.science": _anonymous,
    "physionet.org": _physionet,
    "kaggle.com": _kaggle,
    "colab.research.google.com": _colab,
    "codeocean.com": _code_ocean,
}
