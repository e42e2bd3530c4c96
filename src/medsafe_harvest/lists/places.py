"""Year and venue out of the words around a title."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from medsafe_harvest.lists.people import are_surnames, behind_people
from medsafe_harvest.lists.words import is_authors, is_label, words

#: Whether the words are the name of a venue.
Known = Callable[[str], bool]

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_YEAR = re.compile(r"(?<![0-9])((?:19[5-9]|20[0-4])[0-9])(?![0-9])")
#: ``CVPR'21``, ``CVPR21`` and ``ICML 23``.
_SHORT_YEAR = re.compile(
    r"(?:(?<=[A-Za-z])\s?['\u2019]\s?|(?<=[A-Z]{3})\s?)([0-3][0-9])(?![0-9\w])"
)
#: ``ICML-20``, and nothing else but a day before it.
_DASHED = re.compile(
    r"(\W*(?:[0-9]{8}\W+)?[A-Z][A-Za-z]*[A-Z])-([0-3][0-9]\W*)(?<!COVID-19)(?<!CORD-19)"
)
_DATE = re.compile(
    r"(?<![0-9])(?:19|20)[0-9]{2}\s?[-/.\u5e74]\s?[0-9]{1,2}(?:\s?[-/.\u6708]\s?[0-9]{1,2}\u65e5?)?(?![0-9])"
    r"|(?<![0-9])20[0-4][0-9](?:0[1-9]|1[0-2])[0-3][0-9](?![0-9])"
    r"|(?<![0-9])(?:19|20)[0-9]{2}(?: [01][0-9]){1,2}(?![0-9])"
    r"|(?<![0-9])[0-9]{1,2}[-/.](?:[0-9]{1,2}[-/.])?(?:19|20)[0-9]{2}(?![0-9])"
    rf"|(?<![\w])(?:[0-9]{{1,2}}(?:st|nd|rd|th)?[\s,.-]*)?{_MONTH}(?:[\s,.-]*[0-9]{{1,2}}(?:st|nd|rd|th)?(?![0-9]))?"
    r"(?:[\s,.-]*(?:19|20)[0-9]{2}(?![0-9]))?",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^\W*(?:(?:comments?:\s*)?(?:[0-9]+ (?:pages?|figures?|tables?)\b[\s,;.]*)+)?"
    r"(?:(?:venue|conference|journal|comments?|date|year|publi(?:shing|cation) date|publication"
    r"|published(?: date)?|pub|source"
    r"|publisher)\s*[:\uff1a]|(?:(?:was |is )?accepted|published|presented|appear(?:ed|s)?"
    r"|to appear|in press)?"
    r"\s*\b(?:in|at|by|to)\b:?(?:\s+the)?\s|accepted\b|to appear\b|published\b)\s*",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"[\s,(\[]*\b(?:oral|spotlight|best paper(?: award)?|highlight|poster|accepted|to appear"
    r"|early access|in press|submitted|under review|volume|vol\.?|nos?\.|issue"
    r"|pp\.?|p\.)(?![A-Za-z])[^A-Za-z]*$"
    r"|\s*:\s*[0-9]+(?:-[0-9]+)?$"
    r"|[\s,]+[0-9]{1,4}(?:\s?\([0-9-]+\))?(?:\s?[:,]\s?[0-9e-]+)?$",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"[\[\](){}|;\n\v\u00b7\u2022\u3010\u3011\uff08\uff09]|\s(?:[-\u2013\u2014]+|/)\s"
)
#: Venues that begin with a small letter, which a sentence before them ends all the same.
IN_LOWER_CASE = r"(?:arXiv|bioRxiv|medRxiv|npj|eLife|eBioMedicine|iScience|mSystems)\b"
_SENTENCE = re.compile(
    r"(?<=[a-z0-9)]{2}[.?!])(?<!\bNat\.)(?<!\bInt\.)(?<!\bMed\.)(?<!\bSci\.)(?<!\bEng\.)"
    r"(?<!\bProc\.)(?<!\bConf\.)(?<!\bSymp\.)(?<!\bLett\.)(?<!Trans\.)(?<!Commun\.)(?<!Comput\.)"
    rf"\s+(?=[A-Z0-9]|{IN_LOWER_CASE})|(?<=\bal\.)\s+|(?<=\bal\.,)\s+"
    r"|(?<=[\u3040-\u30ff\u3400-\u9fff][.\u3002])\s*"
)
_VENUE_WORDS = re.compile(
    r"\b(?:journal|transactions|trans\.|proceedings|proc\.|conference|workshop|symposium|letters"
    r"|lancet|nature|jama|nejm|bmj|radiology|arxiv|biorxiv|medrxiv|ieee|acm|neurips|nips|icml|iclr"
    r"|cvpr|iccv|eccv|wacv|miccai|aaai|ijcai|kdd|acl|emnlp|naacl|eacl|coling|interspeech|icassp"
    r"|isbi|midl|ipmi|tmlr|jmlr|tpami|preprint|plos|frontiers in|scientific reports"
    r"|(?-i:MedIA|TMI|UAI|P?VLDB|SIGMOD|ICDE|NDSS|INFOCOM|SIGIR|CIKM|WSDM|ICRA|IROS|AISTATS|CHIL"
    r"|ML4H|FAccT|AIES|SaTML|TNNLS|JBHI|EMBC|IJCV|MobiCom|NSDI|OSDI|SOSP|ICDM|BMVC|ACCV))\b",
    re.IGNORECASE,
)
#: What headings call many venues by.
_KINDS = frozenset(
    "conference conferences journal journals workshop workshops proceedings symposium letters "  # noqa: SIM905 - a word list reads best as text
    "transactions findings track".split()
)
_VENUE_STARTS = re.compile(
    r"(?:(?:international|annual|european|ieee|acm|[0-9]+(?:st|nd|rd|th)|the)\s)*(?:journal|transactions"
    r"|proceedings|conference|symposium|annals|workshop|advances|communications|lecture notes"
    r"|frontiers|archives|lancet|nature|ieee|acm|npj|jmir|bmc|plos)\b(?! of a\b)",
    re.IGNORECASE,
)
_VENUE_ENDS = re.compile(
    r"\b(?:workshops?|conference|journal|letters|symposium|findings|track)$", re.IGNORECASE
)
#: Words with a date that tells no venue.
_EVENT = re.compile(
    r"(?:submitted|(?:originally )?announced|(?:last )?(?:updated?|modified)|added|posted|accessed"
    r"|created|revised|received|epub|online|new|copyright|version)\b(?: (?:on|at|by))?$",
    re.IGNORECASE,
)
_AFFILIATION = re.compile(
    r"\b(?:universit(?:y|é|ät|à)|college|hospital|school of)\b", re.IGNORECASE
)
_CLAUSE = re.compile(r"\b(?:[Ww]e|[Oo]ur|[Tt]his|that|is|are|was|were|has|have|they|which)\b")
_ACCEPTED = re.compile(
    r"\W*(?:(?:presented|accepted|published|appear(?:ed|s)|to appear)\s+(?:at|in|by|to|for|as)\b"
    r"|in:? proc)",
    re.IGNORECASE,
)
_EDGES = re.compile(r"^[^\w(]+|[^\w)]+$")
_SPAN = re.compile(r"before|after|since|until|earlier|[-\u2013~]\s*$", re.IGNORECASE)
_COMPACT = re.compile(r"(?<![0-9])(20[0-4][0-9])(?:0[1-9]|1[0-2])[0-3][0-9](?![0-9])")
#: ``23.10`` by itself in a column: a year and its month.
_MONTH_IN_CELL = re.compile(r"\W*([0-3][0-9])[./-](?:0[1-9]|1[0-2])\W*")
#: ``ICML 2020``
_DATED = re.compile(r"\W*[A-Za-z][A-Za-z& ]*[\W_]{0,3}(?:19|20)[0-9]{2}\W*")
_VOLUME = re.compile(r"[\s,][0-9]{1,4}\s?(?:\([0-9-]{1,7}\)|[,:]\s?(?:pp?\.\s?)?[0-9])")
_BY_VENUE = re.compile(r"\b(?:conferences?|journals?|venues?)\b", re.IGNORECASE)
_BARE_YEAR = re.compile(r"\W*(?:19|20)[0-9]{2}\W*")
#: ``Fri, 21 Nov 2025``
_DAY = re.compile(
    rf"\W*(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b\W*)?(?:{_DATE.pattern})",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\(([^()]{4,60})\)")
_ACRONYM = re.compile(r"[A-Z][A-Za-z&-]*[A-Z][A-Za-z]*(?: (?:workshops?|findings))?", re.IGNORECASE)
_LONGEST_VENUE = 14


class Where(NamedTuple):
    """Year and venue, each None where nothing says it."""

    year: int | None = None
    venue: str | None = None


def looks_known(text: str) -> bool:
    """Whether a text is a venue by the words that venues' names are made of."""
    count = len(words(text))
    bare = text.strip(" .,;:*_()[]")
    if count > 10 or not bare or bare.casefold() in _KINDS:
        return False
    return bool(
        (count <= 4 and _VENUE_WORDS.search(bare))
        or _VENUE_STARTS.match(bare)
        or (count <= 7 and _VENUE_ENDS.search(bare))
    )


def year_of(text: str) -> int | None:
    """The first year in a text: ``2021``, ``2021-05-03``, ``20210503``, ``CVPR'21``, ``MM-20``."""
    text = _undashed(text)
    if found := _YEAR.search(text) or _COMPACT.search(text):
        return int(found[1])
    short = _SHORT_YEAR.search(text)
    return 2000 + int(short[1]) if short else None


def is_dated(text: str) -> bool:
    """Whether the words of a link are a name with a year, were the name a label by itself."""
    return len(text) < 60 and _DATED.fullmatch(text) is not None


def _undashed(text: str) -> str:
    dashed = _DASHED.fullmatch(text) if len(text) < 40 else None
    return f"{dashed[1]} '{dashed[2]}" if dashed else text


def venue_of(text: str) -> str | None:
    """A text without dates and what surrounds a venue's name; None where nothing is left."""
    bare = _SHORT_YEAR.sub(" ", _YEAR.sub(" ", _DATE.sub(" ", _undashed(text))))
    bare, before = _LEAD.sub("", " ".join(bare.split())), None
    if " , " in bare:  # of "ICCV 2017, IJCV 2019" the first
        bare = bare.partition(" , ")[0]
    while bare != before:
        before = bare
        bare = _EDGES.sub("", _TAIL.sub("", re.sub(r"\(\s*\)|\[\s*\]", "", bare))).strip()
    telling = [one for one in words(bare) if not one.isdecimal()]
    letters = all(len(one) < 2 for one in telling) and "&" not in bare
    if not telling or len(telling) > _LONGEST_VENUE or letters:
        return None
    bare = re.sub(r"\((?=[^()]*$)", "", bare)
    if _EVENT.match(bare) or _AFFILIATION.search(bare):
        return None
    # "Nat. Commun." keeps its last full stop, "CVPR." does not.
    ended = ". " in bare and re.search(rf"{re.escape(bare)}\.", text) is not None
    return " ".join(bare.split()) + ("." if ended else "")


def is_place(text: str, known: Known) -> bool:
    """Whether a text is a venue or a date, and no title."""
    if len(text) > 200:
        return False
    if known(text) or _ACCEPTED.match(text):
        return True
    venue = venue_of(text)
    if year_of(text) is None:
        return _VOLUME.search(text) is not None and venue is not None and known(venue)
    if venue is None:
        return len(words(text)) <= _LONGEST_VENUE
    if known(venue):
        return True
    long = [one for one in words(venue) if len(one) > 3]
    return len(words(venue)) <= 4 and not any(one[0].islower() for one in long)


def in_cell(text: str, known: Known, *, mixed: bool = False) -> Where:
    """Year and venue of a table's cell that holds nothing else.

    Args:
        text: of the cell, with the ends of its lines.
        known: whether words are the name of a venue.
        mixed: the column holds affiliations as well, so that only a sure venue counts.
    """
    parts = in_texts([text], known)
    if not parts.year and (short := _MONTH_IN_CELL.fullmatch(text)):
        return Where(2000 + int(short[1]))
    if mixed or (parts.venue and parts.year):
        return parts
    venue = venue_of(" ".join(text.split()))
    if venue is None or (is_label(venue) and not known(venue)):
        return Where(year_of(text), None)
    return Where(year_of(text), venue)


def in_texts(texts: Iterable[str], known: Known) -> Where:
    """Year and venue in the words around a title, in brackets, italics or sentences.

    A segment with both wins; else the first known venue and the first date are taken together.
    """
    year = venue = None
    for segment in _segments(texts, known):
        when = year_of(segment)
        name = venue_of(segment) if len(segment) < 400 else None
        if name and _is_no_venue(name, known):
            name = None
        sure = name is not None and known(name)
        most = 8 if year in {None, when} else 3  # a date before it is that of another version
        if when and name and (sure or len(words(name)) <= most):
            return Where(when, name)
        if sure and not venue:
            venue = name
        year = year or when
    return Where(year, venue)


def in_heading(headings: tuple[str, ...], known: Known) -> Where:
    """Year and venue that the nearest telling headings give to all under them.

    ``CVPR 2023`` gives both; ``2023`` above ``CVPR`` as well. Below a heading that speaks of
    conferences or journals, and a year, any short name is one.
    """
    year = venue = None
    above = headings[:-1]
    if any(map(_BY_VENUE.search, above)) and any(map(_BARE_YEAR.fullmatch, above)):
        name = venue_of(headings[-1])
        venue = name if name and len(words(name)) <= 3 and not is_label(name) else None
    for heading in reversed(headings):
        years = set(_YEAR.findall(heading))
        name = venue_of(heading) if len(heading) < 80 else None
        if name and not venue and _ACRONYM.fullmatch(name) and name[1:] != name[1:].lower():
            venue = name if known(name) or years else None
        if (inside := _BRACKETS.search(heading)) and years and not venue:
            told = in_texts([inside[1]], known)  # "Proceedings of ... (NeurIPS 2023)"
            venue = name = told.venue if told.venue and known(told.venue) else None
        if len(years) == 1 and not _SPAN.search(heading) and not year:
            dated = name is None or venue == name or _is_date(name) or _DAY.match(heading)
            year = int(years.pop()) if dated else None
    return Where(year, venue)


def _is_date(name: str) -> bool:
    return len(words(name)) <= 2


def _is_no_venue(name: str, known: Known) -> bool:
    """Whether words are people, or a label or part of a sentence that no venue is called."""
    if is_authors(name):
        return True
    odd = is_label(name) or are_surnames(name) or _CLAUSE.search(name)
    return bool(odd) and not known(name)


def _segments(texts: Iterable[str], known: Known) -> Iterator[str]:
    for text in texts:
        for part in _SPLIT.split(text[:4000]):
            if not part.strip(" .,:*_"):
                continue
            sentences = _SENTENCE.split(part)
            if len(sentences) > 1 and (len(words(part)) > 10 or _is_whole(sentences[0])):
                yield from sentences
            else:
                people, behind = behind_people(part, known)
                yield from filter(None, (people, behind))


def _is_whole(sentence: str) -> bool:
    """Whether a short sentence stands for itself: people, or a venue with its year."""
    dated = len(words(sentence)) > 1 and year_of(sentence) is not None
    return dated or is_authors(sentence)
