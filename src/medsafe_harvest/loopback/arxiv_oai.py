"""arXiv's OAI-PMH service: one request in, one document out, always with status 200."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import numpy as np
from lxml import etree
from werkzeug import Request, Response

from medsafe_harvest.loopback.arxiv_oai_records import (
    FORMATS,
    OAI,
    PREFIX,
    add_header,
    add_record,
    sets,
)
from medsafe_harvest.loopback.arxiv_sets import SETS
from medsafe_harvest.loopback.corpus import Corpus
from medsafe_harvest.loopback.limits import Limits
from medsafe_harvest.loopback.text import Mask
from medsafe_harvest.loopback.timeline import Days, Snapshot
from medsafe_harvest.loopback.xml import child, clean, document

#: Papers that changed last before this day carry it.
_EARLIEST = date(2005, 9, 16)
_LIST = frozenset(("metadataPrefix", "from", "until", "set", "resumptionToken"))
#: The arguments that a verb takes beside itself.
_ARGUMENTS = {
    "Identify": frozenset[str](),
    "ListMetadataFormats": frozenset(("identifier",)),
    "ListSets": frozenset(("resumptionToken",)),
    "ListIdentifiers": _LIST,
    "ListRecords": _LIST,
    "GetRecord": frozenset(("identifier", "metadataPrefix")),
}
_SCHEMA = "http://www.openarchives.org/OAI/2.0/ http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
Arguments = Mapping[str, str]


class _OaiError(Exception):
    """An error of the protocol, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class OaiApi:
    """Answers OAI-PMH requests over the arXiv side of a corpus.

    Args:
        corpus: what to serve.
        limits: the size of a page.
        now: the clock of ``responseDate`` and of what ``until`` is compared with.
        snapshot: gives what can be seen when a request is answered.
    """

    def __init__(
        self,
        corpus: Corpus,
        limits: Limits,
        now: Callable[[], datetime],
        snapshot: Callable[[], Snapshot],
    ) -> None:
        self._limits = limits
        self._now = now
        self._snapshot = snapshot
        size = len(corpus.papers)
        self._rows: dict[str, int] = {}
        self._sets: dict[str, Mask] = {name: np.zeros(size, dtype=np.bool_) for name in SETS}
        for row in corpus.arxiv.tolist():
            paper = corpus.papers[row]
            self._rows[str(paper.arxiv_id)] = row
            for name in sets(paper):
                self._sets[name][row] = True
        #: Place of each paper in the order of the identifiers.
        self._places = np.zeros(size, dtype=np.int64)
        for place, arxiv_id in enumerate(sorted(self._rows)):
            self._places[self._rows[arxiv_id]] = place
        self._verbs: dict[str, Callable[[etree._Element, Arguments], None]] = {
            "Identify": self._identify,
            "ListMetadataFormats": self._list_formats,
            "ListSets": self._list_sets,
            "ListIdentifiers": self._list,
            "ListRecords": self._list,
            "GetRecord": self._get,
        }

    def respond(self, request: Request) -> Response:
        """The document; an error of the protocol is one too."""
        root = etree.Element(f"{OAI}OAI-PMH", nsmap=_namespaces())
        root.set(f"{{{_XSI}}}schemaLocation", _SCHEMA)
        child(root, f"{OAI}responseDate", f"{self._now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
        echo = child(root, f"{OAI}request", request.base_url)
        code, arguments = None, dict[str, str]()
        try:
            arguments = _arguments(request)
            verb = arguments["verb"]
            answer = etree.Element(f"{OAI}{verb}")
            self._verbs[verb](answer, arguments)
            root.append(answer)
        except _OaiError as error:
            code = error.code
            child(root, f"{OAI}error", str(error), code=code)
        if code not in {"badVerb", "badArgument"}:
            for name, value in arguments.items():
                echo.set(name, clean(value))
        body = document(root)
        if code is not None:  # the service writes the code in single quotes
            body = body.replace(
                f'<error code="{code}">'.encode(), f"<error code='{code}'>".encode()
            )
        return Response(body, mimetype="text/xml")

    def _identify(self, answer: etree._Element, arguments: Arguments) -> None:  # noqa: ARG002 - as all
        for name, text in (
            ("repositoryName", "arXiv"),
            ("baseURL", "https://oaipmh.arxiv.org/oai"),
            ("protocolVersion", "2.0"),
            ("adminEmail", "help@arxiv.org"),
            ("earliestDatestamp", _EARLIEST.isoformat()),
            ("deletedRecord", "persistent"),
            ("granularity", "YYYY-MM-DD"),
        ):
            child(answer, f"{OAI}{name}", text)

    def _list_formats(self, answer: etree._Element, arguments: Arguments) -> None:
        if "identifier" in arguments:
            self._row(arguments["identifier"], self._snapshot())
        for prefix, (namespace, schema) in FORMATS.items():
            known = child(answer, f"{OAI}metadataFormat")
            child(known, f"{OAI}metadataPrefix", prefix)
            child(known, f"{OAI}schema", schema)
            child(known, f"{OAI}metadataNamespace", namespace)

    def _list_sets(self, answer: etree._Element, arguments: Arguments) -> None:
        if "resumptionToken" in arguments:
            raise _OaiError("badResumptionToken", "the list of sets has one page")
        for name in SETS:
            known = child(answer, f"{OAI}set")
            child(known, f"{OAI}setSpec", name)
            child(known, f"{OAI}setName", name.rpartition(":")[2])

    def _get(self, answer: etree._Element, arguments: Arguments) -> None:
        missing = {"identifier", "metadataPrefix"} - arguments.keys()
        if missing:
            raise _OaiError("badArgument", f"missing: {', '.join(sorted(missing))}")
        prefix = _known_prefix(arguments["metadataPrefix"])
        snapshot = self._snapshot()
        row = self._row(arguments["identifier"], snapshot)
        add_record(answer, snapshot.paper(row), str(_stamps(snapshot)[row]), prefix)

    def _row(self, identifier: str, snapshot: Snapshot) -> int:
        row = self._rows.get(identifier.removeprefix(PREFIX))
        if row is None or not identifier.startswith(PREFIX) or not snapshot.arxiv[row]:
            raise _OaiError("idDoesNotExist", f"no record has the identifier {identifier}")
        return row

    def _list(self, answer: etree._Element, arguments: Arguments) -> None:
        token = arguments.get("resumptionToken")
        verb = arguments["verb"]
        asked = arguments if token is None else _read(token, verb)
        try:
            prefix = _known_prefix(asked.get("metadataPrefix"))
            since, until = _bounds(asked, self._now(), first=token is None)
            within = self._within(asked.get("set"))
        except _OaiError as error:
            if token is None:
                raise
            raise _OaiError("badResumptionToken", str(error)) from error
        snapshot = self._snapshot()
        stamps = _stamps(snapshot)
        found = snapshot.arxiv & (stamps >= since) & (stamps <= until)
        rows = np.flatnonzero(found if within is None else found & within)
        rows = rows[np.lexsort((self._places[rows], stamps[rows]))]
        skip = int(asked.get("skip", 0))
        page = rows[skip : skip + self._limits.oai_page]
        if not len(page):
            if token is not None:
                raise _OaiError("badResumptionToken", "the list is shorter now")
            raise _OaiError("noRecordsMatch", "no record matches the request")
        for row in page.tolist():
            if verb == "ListRecords":
                add_record(answer, snapshot.paper(row), str(stamps[row]), prefix)
            else:
                add_header(answer, snapshot.paper(row), str(stamps[row]))
        if skip + len(page) < len(rows):
            last = stamps[page[-1]]
            shown = int((stamps[rows[: skip + len(page)]] == last).sum())
            self._add_token(answer, {**asked, "verb": verb, "from": str(last), "skip": str(shown)})
        elif token is not None:
            child(answer, f"{OAI}resumptionToken")

    def _within(self, name: str | None) -> Mask | None:
        if name is not None and name not in self._sets:
            raise _OaiError("badArgument", f"no such set: {name}")
        return None if name is None else self._sets[name]

    def _add_token(self, answer: etree._Element, fields: Arguments) -> None:
        order = ("verb", "metadataPrefix", "from", "until", "set", "skip")
        text = urlencode([(name, fields[name]) for name in order if name in fields], safe=":")
        midnight = self._now().astimezone(UTC).date() + timedelta(days=1)
        token = child(answer, f"{OAI}resumptionToken", quote(text, safe=""))
        token.set("expirationDate", f"{midnight}T00:00:00Z")


def _namespaces() -> dict[Any, str]:
    # The key None is the default namespace; the stubs of lxml know only texts.
    return {None: OAI[1:-1], "xsi": _XSI}


def _arguments(request: Request) -> dict[str, str]:
    """The arguments of the query and of the form, checked against the verb."""
    pairs = [*request.args.items(multi=True), *request.form.items(multi=True)]
    verbs = [value for name, value in pairs if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in _ARGUMENTS:
        raise _OaiError("badVerb", f"not one verb of the protocol: {', '.join(verbs)}")
    arguments = dict(pairs)
    if len(arguments) < len(pairs):
        raise _OaiError("badArgument", "an argument is repeated")
    unknown = arguments.keys() - _ARGUMENTS[verbs[0]] - {"verb"}
    if unknown:
        raise _OaiError("badArgument", f"not for {verbs[0]}: {', '.join(sorted(unknown))}")
    if "resumptionToken" in arguments and len(arguments) > 2:
        raise _OaiError("badArgument", "resumptionToken excludes all other arguments")
    return arguments


def _read(token: str, verb: str) -> dict[str, str]:
    """What the token carries; it may come encoded once more than needed."""
    fields = dict(parse_qsl(unquote(token)))
    needed = {"verb", "metadataPrefix", "from", "skip"}
    if not needed <= fields.keys() <= needed | {"until", "set"} or not fields["skip"].isdecimal():
        raise _OaiError("badResumptionToken", "the token cannot be read")
    if fields["verb"] != verb:
        raise _OaiError("badResumptionToken", f"the token is of {fields['verb']}")
    return fields


def _known_prefix(prefix: str | None) -> str:
    if prefix is None:
        raise _OaiError("badArgument", "missing: metadataPrefix")
    if prefix not in FORMATS:
        raise _OaiError("cannotDisseminateFormat", f"no such format: {prefix}")
    return prefix


def _bounds(asked: Arguments, now: datetime, *, first: bool) -> tuple[np.datetime64, np.datetime64]:
    """First and last day asked for; a token's days were checked when it was given out."""
    since = _day(asked["from"]) if "from" in asked else _EARLIEST
    until = _day(asked["until"]) if "until" in asked else date.max
    if first and since < _EARLIEST:
        raise _OaiError("badArgument", f"from is before {_EARLIEST}")
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    if first and "until" in asked and until > tomorrow:
        raise _OaiError("badArgument", "until is too far ahead")
    if until < since:
        raise _OaiError("badArgument", "until is before from")
    return np.datetime64(since), np.datetime64(until)


def _day(text: str) -> date:
    if _DAY.fullmatch(text) is None:
        raise _OaiError("badArgument", f"not a day: {text}")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _OaiError("badArgument", f"no such day: {text}") from error


def _stamps(snapshot: Snapshot) -> Days:
    stamps: Days = np.fmax(snapshot.stamps, np.datetime64(_EARLIEST))
    return stamps
