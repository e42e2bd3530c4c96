"""One paper object of Semantic Scholar: any field may be null or missing, none of another type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from medsafe_harvest.errors import MalformedPageError
from medsafe_harvest.sources.base import SourceAuthor, SourceRecord
from medsafe_harvest.sources.http import fit_for_id, legible

#: Halves of a character of two, left where a text was cut.
_HALVES = re.compile("[\ud800-\udfff]")
#: Names of identifiers there and here; CorpusId is also a field of its own.
_KINDS = {
    "ArXiv": "arxiv",
    "DOI": "doi",
    "PubMed": "pmid",
    "PubMedCentral": "pmcid",
    "ACL": "acl",
    "DBLP": "dblp",
    "MAG": "mag",
}


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON object that gives a field only as the type asked for.

    Every method returns None for null and for a missing key, and raises
    :class:`~medsafe_harvest.errors.MalformedPageError` naming the field for another type.
    """

    value: dict[str, object]
    place: str

    @classmethod
    def of(cls, value: object, place: str) -> Json:
        """The value, which has to be an object."""
        if not isinstance(value, dict):
            raise MalformedPageError(f"{place} is {type(value).__name__}, not an object")
        return cls(value, place)

    def _wrong(self, key: str, wanted: str) -> MalformedPageError:
        found = type(self.value[key]).__name__
        return MalformedPageError(f"{self.place}.{key} is {found}, not {wanted}")

    def text(self, key: str) -> str | None:
        """A string without blanks at the ends; None for an empty one."""
        value = self.value.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._wrong(key, "a string")
        # json.loads lets half of a pair through, which nothing behind it can write.
        return _HALVES.sub("\ufffd", value).strip() or None

    def identifier(self, key: str) -> str | None:
        """A printable string of at most 200 characters, or an integer of 63 bits as its digits."""
        value = self.value.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
            return str(value)
        if value is not None and not isinstance(value, str):
            raise self._wrong(key, "an identifier")
        text = self.text(key)
        if text is not None and not fit_for_id(text):
            raise MalformedPageError(f"{self.place}.{key} is no identifier: {legible(text, 80)!r}")
        return text

    def count(self, key: str) -> int | None:
        """An integer from 0 to 2**31 - 1, what the columns hold."""
        value = self.value.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
            raise self._wrong(key, "a count")
        return value

    def flag(self, key: str) -> bool | None:
        """True or false."""
        value = self.value.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def values(self, key: str) -> list[object] | None:
        """A list of anything."""
        value = self.value.get(key)
        if value is not None and not isinstance(value, list):
            raise self._wrong(key, "a list")
        return value

    def texts(self, key: str) -> list[str]:
        """A list of strings, nulls left out."""
        items = Json(dict(_numbered(self.values(key))), f"{self.place}.{key}")
        return [text for index in items.value if (text := items.text(index)) is not None]

    def object(self, key: str) -> Json:
        """An object; an empty one for null."""
        value = self.value.get(key)
        return Json.of({} if value is None else value, f"{self.place}.{key}")

    def objects(self, key: str) -> list[Json]:
        """A list of objects, nulls left out."""
        return [
            Json.of(value, f"{self.place}.{key}[{index}]")
            for index, value in _numbered(self.values(key))
            if value is not None
        ]


def _numbered(values: list[object] | None) -> Iterator[tuple[str, object]]:
    return ((str(index), value) for index, value in enumerate(values or ()))


def record(paper: object, place: str) -> SourceRecord | str:
    """The paper as a record, or what is wrong with it: one odd paper does not cost its page.

    Args:
        paper: what stands where a paper should.
        place: where that is on the page, for the words.
    """
    try:
        read = _record(Json.of(paper, place))
    except MalformedPageError as error:
        return str(error)
    return f"{place}: {read}" if isinstance(read, str) else read


def _record(paper: Json) -> SourceRecord | str:
    """The paper as a record, or what it lacks.

    Raises:
        MalformedPageError: a field is of another type than documented.
    """
    paper_id = paper.identifier("paperId")
    external = paper.object("externalIds")
    corpus = paper.identifier("corpusId") or external.identifier("CorpusId")
    title = paper.text("title")
    source_id = corpus or paper_id
    if source_id is None:
        return "no paperId"
    if title is None:
        return f"no title ({source_id})"
    journal = paper.object("journal")
    venue = paper.object("publicationVenue")
    open_access = paper.object("openAccessPdf")
    fields = [field.text("category") for field in paper.objects("s2FieldsOfStudy")]
    identifiers = (
        ("corpus", corpus),
        ("s2", paper_id),
        *((kind, external.identifier(name)) for name, kind in _KINDS.items()),
    )
    return SourceRecord(
        source="semantic_scholar",
        source_id=source_id,
        title=title,
        abstract=paper.text("abstract"),
        authors=tuple(
            SourceAuthor(name)
            for author in paper.objects("authors")
            if (name := author.text("name")) is not None
        ),
        identifiers=tuple((kind, value) for kind, value in identifiers if value is not None),
        published=paper.text("publicationDate"),
        year=paper.count("year"),
        venue=venue.text("name") or paper.text("venue") or journal.text("name"),
        venue_kind=venue.text("type"),
        volume=journal.text("volume"),
        pages=journal.text("pages"),
        fields_of_study=tuple(
            dict.fromkeys(
                field for field in (*paper.texts("fieldsOfStudy"), *fields) if field is not None
            )
        ),
        publication_types=tuple(dict.fromkeys(paper.texts("publicationTypes"))),
        licence=open_access.text("license"),
        url=paper.text("url"),
        open_access=paper.flag("isOpenAccess"),
        open_access_url=open_access.text("url"),
        citation_count=paper.count("citationCount"),
        influential_citation_count=paper.count("influentialCitationCount"),
        reference_count=paper.count("referenceCount"),
        # Null stands for a reference that the service knows no paper for.
        cites=tuple(
            int(cited)
            for one in paper.objects("references")
            if (cited := one.identifier("corpusId")) is not None and cited.isdecimal()
        ),
        tldr=paper.object("tldr").text("text"),
    )
