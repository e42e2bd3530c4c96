"""What each link in an abstract or comment is: its kind, whose it is, whether it looks dead.

All is read off the address and the words of its sentence; nothing is asked of the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from medsafe_harvest.normalize.code_links import Address, addresses, cleaned

#: Characters before and behind an address that may speak of it.
_BEFORE, _AFTER = 220, 80
_SENTENCE_END = re.compile(r"(?<!\bet al)(?<!\be\.g)(?<!\bi\.e)[.!?;][)\]}\"']*\s+(?=[A-Z\\*{(\[])")

_THING = (
    r"(?:source[- ]?codes?|code ?bases?|codes?|implementations?|repositor(?:y|ies)|repos?|scripts?"
    r"|softwares?|toolkits?|tools?|tool ?box(?:es)?|packages?|librar(?:y|ies)|models?|weights?"
    r"|checkpoints?|data ?sets?|data|benchmarks?|corpus|corpora|demos?|prompts?|platforms?"
    r"|notebooks?|annotations?|resources?|materials?|web ?(?:sites?|pages?)|project(?: pages?)?"
    r"|frameworks?|pipelines?|app(?:lication)?s?|plug-?ins?|supplement(?:s|ary)?|labels?|results)"
)
_SHARE = (
    r"(?:releas(?:e|ed|ing)|shar(?:e|ed)|provid(?:e|ed)|publish(?:ed)?|open-?\s?sourc(?:e|ed)"
    r"|ma[dk]e|host(?:ed)?|upload(?:ed)?|contribut(?:e|ed)|distribut(?:e|ed)|deposit(?:ed)?)"
)
_USE = (
    r"(?:us(?:e|ed|ing)|adopt(?:ed|ing)?|employ(?:ed|ing)?|adapt(?:ed|ing)?|extend(?:ed)?"
    r"|modif(?:y|ied)|fork(?:ed)?|follow(?:ed|ing)?|reproduc(?:e|ed)|download(?:ed)?"
    r"|fine-?tun(?:e|ed))"
)
#: Nobody but the authors can say this.
_OURS = re.compile(
    rf"\bour\b(?:[\s,/&+-]+[\w-]+){{0,6}}?[\s,/&+-]+{_THING}\b"
    rf"|\bwe\b(?:\s+(?:will|have|also|are|publicly|openly|freely|fully|can|plan|to|further|and|in"
    rf"|this|paper|thus|hereby|therefore|finally))*\s+{_SHARE}\b"
    rf"|\b{_THING}\s+(?:of|for|from|behind|to reproduce|to replicate|used in)\s+(?:this|our|the"
    r" present)\s+(?:paper|work|study|article|project|manuscript|analysis|research)\b"
    rf"|\bthis\s+(?:code|repository|{_THING})\b",
    re.IGNORECASE,
)
#: What is said of somebody else's.
_THEIRS = re.compile(
    rf"\bwe\b(?:\s+(?:also|here|have|directly|simply|then))*\s+{_USE}\b"
    r"|\b(?:based|built|builds?|building|relies|relying|implemented|realized)\s+(?:up)?on(?:\s+top"
    r"\s+of)?\b"
    r"|(?<!be )\b(?:adapted|forked|borrowed|taken|obtained|downloaded|derived|retrieved|sourced)"
    r"\s+from\b(?!\s+(?:our|this|here|the (?:following|link))\b)"
    r"|\bofficial\s+(?:\w+\s+){0,3}(?:of|by|from)\b"
    rf"|\b(?:original|third-party)\s+(?:\w+\s+)?{_THING}\b"
    rf"|\b{_THING}\s+(?:of|by|from|provided by|released by)\s+(?:\[|(?:[A-Z][\w-]+\s+){{1,3}}"
    r"et\s+al)"
    r"|\b(?:provided|released|published|shared|maintained|developed)\s+by\s+(?!us\b|the authors\b)"
    r"|\b(?:using|with)\s+the\s+(?:public|open|official|freely|available)"
    r"|\bsuch\s+as\b",
    re.IGNORECASE,
)
#: What authors commonly say of their own.
_OFFERED = re.compile(
    r"\b(?:available|accessible|released|downloadable|open-?\s?sourced?|hosted|shared|published"
    r"|provided|deposited|public)\b|\bfound$"
    r"|\b(?:found|accessed|downloaded|obtained|viewed|visited|reached|seen|tried|tested)\s+"
    r"(?:at|on|in|here|from|via|through|under|online|by)\b"
    rf"|\b{_THING}(?:\s+(?:and|&|/)\s+\w+)?(?:\s+(?:links?|url|here|page|availability))?"
    r"\s*(?::|=|\s(?:at|in|on|is|are|is at|are at|on git ?hub)[\s:(]*$)"
    r"|\b(?:git ?hub|hugging ?face|url|link)(?:\s+(?:page|repo|repository|link|url))?\s*:"
    r"|\((?:code|data|demo|project)\b",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\b(?:to\s+be\s+(?:released|published|made|uploaded|updated|announced|added|available)"
    r"|coming\s+soon|soon\s+available"
    r"|(?:up)?on\s+(?:paper\s+)?(?:acceptance|publication)|after\s+(?:the\s+)?(?:paper\s+)?(?:is\s+)?"
    r"(?:acceptance|publication|review|accepted|published|peer|blind|double)"
    r"|once\s+(?:\w+\s+){0,3}(?:accepted|published)"
    r"|(?:removed|omitted|hidden|blinded|anonymi[sz]ed)\s+for\s+(?:\w+[\s-]+){0,2}review)\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"x{2,}|y{2,}|z{3,}|\*+|_+|\.{2,}|anon(?:ymous|ymized|ymised)?(?:[-_]?(?:author|user|github|repo"
    r"|submission|code)s?)?|(?:your|my)(?:[-_]\w*|(?:user)?name|user"
    r"|repo|project|org|account|github|code|paper)?|user(?:[-_]?name)?|tb[ad]|todo|placeholder|example"
    r"|owner|link|url|repo(?:[-_]?name)?|omitted|removed|blinded|hidden|coming[-_]?soon"
    r"|to[-_]?be[-_]?\w+|(?:author|project|code)[-_]?(?:name|link|url)|<\w*>|404",
    re.IGNORECASE,
)
_DATA = re.compile(r"\b(?:data|data ?sets?|corpus|corpora|annotations?|images?)\b", re.IGNORECASE)
_MODEL = re.compile(r"\b(?:models?|weights|checkpoints?)\b", re.IGNORECASE)
_CODE = re.compile(
    r"\b(?:codes?|software|implementation|scripts?|toolbox|package)\b", re.IGNORECASE
)
_DEMO = re.compile(
    r"\b(?:demos?|web ?apps?|web application|online tool|playground)\b", re.IGNORECASE
)

#: Beginnings of canonical addresses that say the kind, the longest first.
_KINDS = (
    ("https://huggingface.co/datasets/", "dataset"),
    ("https://huggingface.co/spaces/", "demo"),
    ("https://colab.research.google.com", "demo"),
    ("https://kaggle.com/datasets/", "dataset"),
    ("https://kaggle.com/competitions/", "dataset"),
    ("https://kaggle.com/c/", "dataset"),
    ("https://kaggle.com/models/", "model"),
    ("https://kaggle.com/code/", "repository"),
    ("https://kaggle.com/", "dataset"),
    ("https://physionet.org/", "dataset"),
)
#: Archives that hold anything: the words decide, and data are the commonest.
_ARCHIVES = ("https://zenodo.org", "https://doi.org/10.6084", "figshare.com")
#: Collections of others' data: "available at" says nothing about whose it is.
_COLLECTIONS = ("https://physionet.org/", "https://kaggle.com/")


class Link(NamedTuple):
    """One link; ``schema.LINK`` says what the fields are."""

    url: str
    kind: str
    own: bool | None
    said: str | None
    looks_dead: bool


def find_links(*texts: str | None) -> list[Link]:
    """Links to code, models and data of texts by the authors, each address once, sorted.

    An address that names nothing (``https://github.com/...``) is kept where it looks cut off.
    """
    found: list[Link] = []
    for text in texts:
        clean = cleaned(text) if text else ""
        for address in addresses(clean):
            link = _link(clean, address)
            if link is not None:
                found.append(link)
    return unite(found)


def unite(links: Iterable[Link]) -> list[Link]:
    """One link an address: somebody's claim of it decides, and it is dead where all look so."""
    by_url: dict[str, list[Link]] = {}
    for link in links:
        by_url.setdefault(link.url, []).append(link)
    return [_united(by_url[url]) for url in sorted(by_url)]


def _united(links: list[Link]) -> Link:
    if len(links) == 1:
        return links[0]
    order = (True, False, None)
    # The texts may come in any order, so the words break the tie.
    best = min(links, key=lambda one: (order.index(one.own), one.said or "", one.kind))
    return best._replace(looks_dead=all(one.looks_dead for one in links))


def _link(text: str, address: Address) -> Link | None:
    before, after = _around(text, address)
    url = address.url
    cut_off = _is_cut_off(text, address)
    if url is None:
        if not cut_off:
            return None
        url = _as_written(address)
    own, said = _whose(before, after, url)
    dead = cut_off or _names_nothing(url) or bool(_LATER.search(f"{before} {after}"))
    return Link(url, _kind(url, before), own, said, dead)


def _around(text: str, address: Address) -> tuple[str, str]:
    """The words of its sentence before and behind an address, on one line each."""
    before = text[max(0, address.start - _BEFORE) : address.start]
    ends = [end.end() for end in _SENTENCE_END.finditer(before)]
    after = text[address.end : address.end + _AFTER]
    # Punctuation that was read with the address ends the sentence.
    ended = re.search(r"[.!?][)\]}\"']*$", address.written) and re.match(r"\s+[A-Z]", after)
    end = _SENTENCE_END.search(after)
    after = "" if ended else after[: end.start()] if end else after
    return " ".join(before[ends[-1] if ends else 0 :].split()), " ".join(after.split())


def _is_cut_off(text: str, address: Address) -> bool:
    written = address.written
    if re.search(r"\.{3}|\u2026", written) or text[address.end :].lstrip().startswith(
        ("...", "\u2026")
    ):
        return True
    _, scheme, path = written.partition("//")
    # A host alone, but with scheme and slash, was meant to go on.
    return bool(
        address.url is None and scheme and re.fullmatch(r"[^/]+/[/.,;:)}\]]*", path.strip())
    )


def _as_written(address: Address) -> str:
    """The address up to where it is cut off, for one that names nothing."""
    path = re.sub(r"^https?\s*:\s*//\s*(?:www\.)?", "", address.written, flags=re.IGNORECASE)
    host, _, rest = path.partition("/")
    kept = re.split(r"\.{3}|\u2026", rest, maxsplit=1)[0]
    parts = [
        part for part in re.split(r"[/,;:!?'\"*$()\[\]]+", kept) if re.fullmatch(r"[\w.-]+", part)
    ]
    host = re.split(r"\.{2,}|\u2026", host.lower(), maxsplit=1)[0].strip(".")
    return "/".join([f"https://{host}", *parts[:1], "..."])


def _names_nothing(url: str) -> bool:
    return any(_PLACEHOLDER.fullmatch(part) for part in url.split("/")[3:])


def _kind(url: str, before: str) -> str:
    for start, kind in _KINDS:
        if url.startswith(start):
            return kind
    if url.startswith("https://huggingface.co/"):
        # A page of an owner or a collection holds models as a rule, but no single one.
        single = len(url.split("/")) == 5 and "/collections" not in url
        return "model" if single else "project_page"
    if any(archive in url for archive in _ARCHIVES):
        return _by_words(before)
    if url.split("/")[2].endswith(".github.io"):
        return "demo" if _DEMO.search(before) else "project_page"
    return "repository"


def _by_words(before: str) -> str:
    for pattern, kind in ((_DATA, "dataset"), (_CODE, "repository"), (_MODEL, "model")):
        if pattern.search(before):
            return kind
    return "dataset"


def _whose(before: str, after: str, url: str) -> tuple[bool | None, str | None]:
    """Whether the words claim the link for the authors, and the words.

    A claim that nobody else can make decides, unless the words right before the link say whose it
    is ("our code is based on ..."). Weak words ("is available at") decide where nothing else is
    said, but not about collections of others' data.
    """
    ours, theirs = _last(_OURS, before), _last(_THEIRS, before)
    offered = _last(_OFFERED, before) or _first(_OFFERED, after)
    if theirs and not (ours and (ours.start() > theirs.start() or _offers(before, theirs))):
        return False, theirs[0]
    claim = ours or _first(_OURS, after)
    if claim:
        return True, claim[0]
    if offered and not url.startswith(_COLLECTIONS):
        return True, offered[0].strip(" :(=")
    return None, None


def _offers(before: str, theirs: re.Match[str]) -> bool:
    return _OFFERED.search(before, theirs.end()) is not None


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    last = None
    for last in pattern.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    return last


def _first(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return pattern.search(text)
