"""One answer of arXiv's OAI-PMH service: a list of records, one record, or an error code.

Rules taken from the service's published source and from recorded responses:

* Errors come with status 200; ``noRecordsMatch`` is the normal answer for days without changes.
* ``created`` of the format ``arXiv`` is the date of the version shown, not of the first one.
* Only ``arXivRaw`` lists the versions; ``I`` in the newest one's source type means withdrawn.
* ``acm-class`` holds the MSC class, and affiliations are no longer given: both are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from medsafe_harvest.errors import (
    EmptyPageError,
    MalformedPageError,
    RefusedError,
    ThrottledError,
)
from medsafe_harvest.sources.base import Page, PageContent, SourceAuthor, SourceRecord
from medsafe_harvest.sources.http import legible, quoted, raise_for_status, sounds_throttled
from medsafe_harvest.sources.xml import read_xml, text

PARSED = "arXiv"
RAW = "arXivRaw"
NOTHING_CHANGED = "noRecordsMatch"
EXPIRED = "badResumptionToken"
#: What stands before the paper's id in an identifier.
OAI_ID = "oai:arXiv.org:"

_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_SUBJECT_CLASS = re.compile(r"\A([a-z]+(?:-[a-z]+)?)\.[A-Za-z-]{2,}(?=/)")
_VERSION = re.compile(r"v([1-9][0-9]{0,3})\Z")
_SIZE = re.compile(r"[0-9]{1,9}")
#: Parentheses within parentheses that are looked into.
_DEEPEST = 5
_IN_PARENTHESES = re.compile(r"\([^()]*\)")
_BETWEEN_AUTHORS = re.compile(r",\s*(?:and|&)\s+|,|\s+(?:and|&)\s+")
_NAME_SUFFIX = re.compile(r"(?:jr|sr)\.?|II|III|IV", re.IGNORECASE)
_AND_MORE = re.compile(r"(?:et\s+al|others)\.?", re.IGNORECASE)


def read_page(page: Page, prefix: str) -> PageContent:
    """Read the answer to ListRecords or GetRecord.

    Args:
        page: the answer.
        prefix: the format asked for, :data:`PARSED` or :data:`RAW`.

    Returns:
        The records; or their ``code``, :data:`NOTHING_CHANGED` or :data:`EXPIRED`, in place of
        them; deleted and unknown papers are ``replaced`` by None.

    Raises:
        RefusedError: another error code, or a 4xx.
        ThrottledError: 406, 429, a 503 that asks to wait, or such words with status 200.
        ForbiddenError: 401 or 403.
        MovedError: 3xx.
        UnavailableError: 5xx.
        MalformedPageError: no answer of OAI-PMH, a cut one, or another format than asked for.
        EmptyPageError: no records, but a token for more.
    """
    raise_for_status(page)
    root = read_xml(page.body)
    if root is None or root.tag != f"{_OAI}OAI-PMH":
        said = quoted(page.body)
        if sounds_throttled(said):
            raise ThrottledError(said)
        raise MalformedPageError(f"not an OAI-PMH answer: {said!r}")
    errors = root.findall(f"{_OAI}error")
    if errors:
        return _told(errors, _identifier_asked(page, root))
    for verb in ("ListRecords", "GetRecord"):
        answer = root.find(f"{_OAI}{verb}")
        if answer is not None:
            return _content(answer, prefix)
    raise MalformedPageError("neither records nor an error")


def _told(errors: list[etree._Element], asked: str | None) -> PageContent:
    codes = {error.get("code", "") for error in errors}
    if codes == {"idDoesNotExist"} and asked is not None:
        return PageContent((), 0, None, replaced=((_source_id(asked), None),))
    if codes <= {NOTHING_CHANGED, EXPIRED}:
        return PageContent((), 0, None, code=min(codes))
    said = "; ".join(f"{error.get('code')}: {(error.text or '').strip()}" for error in errors)
    raise RefusedError(legible(said))


def _identifier_asked(page: Page, root: etree._Element) -> str | None:
    asked = dict(parse_qsl(urlsplit(page.url).query)).get("identifier")
    request = root.find(f"{_OAI}request")
    return asked or (None if request is None else request.get("identifier"))


def _content(answer: etree._Element, prefix: str) -> PageContent:
    records: list[SourceRecord] = []
    rejected: list[str] = []
    deleted: list[tuple[str, None]] = []
    entries = answer.findall(f"{_OAI}record")
    for position, entry in enumerate(entries):
        header = entry.find(f"{_OAI}header")
        identifier = None if header is None else text(header, f"{_OAI}identifier")
        if header is not None and header.get("status") == "deleted" and identifier is not None:
            deleted.append((_source_id(identifier), None))
            continue
        record = _record(entry, identifier, prefix)
        if isinstance(record, str):
            rejected.append(f"entry {position}: {record}")
        else:
            records.append(record)
    more = answer.find(f"{_OAI}resumptionToken")
    token = text(answer, f"{_OAI}resumptionToken")
    if not entries and token is not None:
        raise EmptyPageError("a page without records that announces more pages")
    # The old service announced a size; the new one does not.
    size = "" if more is None else more.get("completeListSize", "")
    return PageContent(
        records=tuple(records),
        entries=len(entries),
        total=int(size) if _SIZE.fullmatch(size) else None,
        token=token,
        rejected=tuple(rejected),
        replaced=tuple(deleted),
    )


def _source_id(identifier: str) -> str:
    """The id without prefix and version; a subject class is no part of an old id's identity."""
    bare = _VERSION.sub("", identifier.strip().removeprefix(OAI_ID))
    return _SUBJECT_CLASS.sub(r"\1", bare)


def _record(entry: etree._Element, identifier: str | None, prefix: str) -> SourceRecord | str:
    """The entry as a record, or what it lacks.

    Raises:
        MalformedPageError: it is written in another format than asked for.
    """
    holder = entry.find(f"{_OAI}metadata")
    if holder is None or len(holder) == 0:
        return f"no metadata ({identifier or 'no id'})"
    space = f"{{http://arxiv.org/OAI/{prefix}/}}"
    metadata = holder.find(f"{space}{prefix}")
    if metadata is None:
        raise MalformedPageError(f"a record in the format {holder[0].tag!r}, not {prefix}")
    named = text(metadata, f"{space}id") or identifier
    title = text(metadata, f"{space}title")
    if named is None:
        return "no id"
    if title is None:
        return f"no title ({named})"
    source_id = _source_id(named)
    categories = tuple(dict.fromkeys((text(metadata, f"{space}categories") or "").split()))
    dois = dict.fromkeys((text(metadata, f"{space}doi") or "").split())
    common = SourceRecord(
        source="arxiv",
        source_id=source_id,
        title=title,
        abstract=text(metadata, f"{space}abstract"),
        identifiers=(("arxiv", source_id), *(("doi", doi) for doi in dois)),
        journal_ref=text(metadata, f"{space}journal-ref"),
        comment=text(metadata, f"{space}comments"),
        primary_category=categories[0] if categories else None,
        categories=categories,
        licence=text(metadata, f"{space}license"),
    )
    finish = _with_versions if prefix == RAW else _with_parsed_authors
    return finish(common, metadata, space)


def _with_parsed_authors(
    common: SourceRecord, metadata: etree._Element, space: str
) -> SourceRecord:
    created = text(metadata, f"{space}created")
    updated = text(metadata, f"{space}updated")
    authors = (
        SourceAuthor(
            name=" ".join(part for part in (given, family, suffix) if part is not None),
            given=given,
            family=family,
            suffix=suffix,
        )
        for author in metadata.iterfind(f"{space}authors/{space}author")
        for given in (text(author, f"{space}forenames"),)
        for family in (text(author, f"{space}keyname"),)
        for suffix in (text(author, f"{space}suffix"),)
    )
    return replace(
        common,
        authors=tuple(author for author in authors if author.name),
        published=created if updated is None else None,
        updated=updated or created,
    )


@dataclass(frozen=True, slots=True)
class _Version:
    number: int
    date: str | None
    source_type: str


def _with_versions(common: SourceRecord, metadata: etree._Element, space: str) -> SourceRecord:
    versions = sorted(_versions(metadata, space), key=lambda version: version.number)
    raw_authors = text(metadata, f"{space}authors")
    record = replace(common, authors=split_authors(raw_authors or ""))
    if not versions:
        return record
    newest = versions[-1]
    dates = [version.date for version in versions if version.date is not None]
    # A list with a gap would give later versions the numbers of earlier ones.
    whole = [version.number for version in versions] == list(range(1, len(dates) + 1))
    return replace(
        record,
        identifiers=(("arxiv", f"{common.source_id}v{newest.number}"), *common.identifiers[1:]),
        published=versions[0].date if versions[0].number == 1 else None,
        updated=newest.date,
        versions=tuple(dates) if whole else (),
        withdrawn="I" in newest.source_type,
    )


def _versions(metadata: etree._Element, space: str) -> list[_Version]:
    """Versions that say their number."""
    return [
        _Version(
            int(found[1]),
            _moment(text(version, f"{space}date") or ""),
            text(version, f"{space}source_type") or "",
        )
        for version in metadata.iterfind(f"{space}version")
        if (found := _VERSION.fullmatch(version.get("version", "")))
    ]


def _moment(written: str) -> str | None:
    """``2006-01-02T14:57:58Z`` of ``Mon, 02 Jan 2006 14:57:58 GMT``; None for anything else."""
    try:
        moment = parsedate_to_datetime(written)
        # Without a zone it would be taken for this machine's time.
        known = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{known:%Y-%m-%dT%H:%M:%SZ}"


def split_authors(raw: str) -> tuple[SourceAuthor, ...]:
    """The names of ``Jane Doe (1), Li Wei Jr. and A. B. Lee ((1) Some Place, Town)``.

    What stands in parentheses is affiliation. Where they do not match, nobody can tell names from
    places, and there is no name.
    """
    line = " ".join(raw.split())
    # Affiliations are nested twice at most; deeper is no list of authors.
    for _ in range(_DEEPEST):
        line = _IN_PARENTHESES.sub("", line)
    if "(" in line or ")" in line:
        return ()
    names: list[str] = []
    for part in _BETWEEN_AUTHORS.split(line):
        name = " ".join(part.split())
        if names and _NAME_SUFFIX.fullmatch(name):
            names[-1] = f"{names[-1]}, {name}"
        elif name and not _AND_MORE.fullmatch(name):
            names.append(name)
    return tuple(SourceAuthor(name) for name in names)
