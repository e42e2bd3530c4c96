"""What must not change the clusters: order, copies, case, Unicode and LaTeX forms, strangers."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from medsafe_harvest.dedupe.merge import merge
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.dedupe.reasons import Reason
from medsafe_harvest.engines.duckdb import Matching, match
from medsafe_harvest.normalize.records import Seen, to_batch
from medsafe_harvest.normalize.venues import VenueConfig, VenueTable
from medsafe_harvest.schema import RECORD
from medsafe_harvest.sources.base import SourceAuthor, SourceRecord

SEEN = Seen(queries=("q",), first_seen=date(2026, 1, 1), last_seen=date(2026, 1, 1))
VENUES = VenueTable(VenueConfig(venues=()))

WORDS = tuple(
    """
    abdominal acute adaptive adversarial ageing airway alarm anaesthesia anatomy annotation
    antibiotic arrhythmia artery asthma atlas attention audit automated bandit bayesian bedside
    benchmark bias biopsy bladder bleeding blinded blood bone brain breast calibration cancer
    cardiac care causal chest chronic clinical cluster cognitive cohort colon compression
    confounders consent contrast convolutional coronary cough counterfactual crowding database
    decision decoder deep delirium dementia dental detection diabetes diagnosis dialysis diffusion
    discharge distillation dose drift drug échographie elderly embedding emergency encoder
    endoscopy epilepsy error evaluation explainable failure fairness falls federated fever fibrosis
    follow-up forecasting fracture fundus gait generative genome glioma glucose graph guideline
    Guillain-Barré hallucination heart hepatic hierarchical hip hospital hypertension imaging
    imputation infection inference injury insulin intensive interactive kidney labelling language
    large latent learning leukaemia liver longitudinal lung machine mammography maternal
    measurement medication Ménière meningitis mesh metabolic microscopy migraine missing mobile
    modelling monitoring mortality multimodal muscle naïve neonatal network neural nodule noise
    nurses obesity occlusion ontology optical oximetry pain pathology patient perfusion phenotype
    physician placenta platelet pneumonia policy polyp prediction pregnancy privacy prognosis
    prompting prostate protein radiography radiologists randomised ranking readmission
    reconstruction records registration rehabilitation reinforcement reliability renal report
    retinal retrieval risk robust rural safety sampling scan scheduling Schrödinger screening
    seizure segmentation self-supervised sensor sepsis simulated skin sleep spine staging stent
    stroke surgery survey survival synthetic telemedicine temporal thyroid tissue transfer
    transplant trauma triage trial trust tuberculosis tumour ultrasound uncertainty vaccine
    vascular ventilation vision ward wearable wound
    """.split()  # noqa: SIM905 - a word list reads best as text
)
GIVEN = ("Eva", "Jan", "Ida", "Max", "Zoë", "Jürgen", "André", "Wei", "Priya", "Søren")
FAMILY = (
    "Holm", "Beck", "Müller", "García", "Nguyen", "O'Brien", "Lévêque", "Sjöberg", "Okafor", "Rao",
    "van der Berg", "Castañeda", "Smith-Jones", "Tanaka",
)  # fmt: skip
VENUE_NAMES = ("Journal of Ward Medicine", "Proceedings of the Symposium on Triage", "Lancet")


@dataclass(frozen=True)
class Entry:
    """One record of a library, as a source writes it."""

    source_id: str
    title: str
    authors: tuple[tuple[str, str], ...]
    year: int | None = None
    venue: str | None = None
    volume: str | None = None
    pages: str | None = None
    doi: str | None = None
    arxiv: str | None = None

    def names(self) -> list[str]:
        return [f"{given} {family}" for given, family in self.authors]


def table(library: Sequence[Entry]) -> pa.Table:
    records = [
        SourceRecord(
            source="arxiv" if entry.arxiv else "semantic_scholar",
            source_id=entry.source_id,
            title=entry.title,
            authors=tuple(SourceAuthor(name=name) for name in entry.names()),
            identifiers=tuple(
                (kind, text) for kind, text in (("arxiv", entry.arxiv), ("doi", entry.doi)) if text
            ),
            year=entry.year,
            venue=entry.venue,
            volume=entry.volume,
            pages=entry.pages,
        )
        for entry in library
    ]
    return pa.Table.from_batches([to_batch(records, [SEEN] * len(records), VENUES)], RECORD)


def grouped(matching: Matching) -> set[frozenset[str]]:
    """The clusters as sets of source ids."""
    clusters = matching.clusters
    found: dict[str, set[str]] = {}
    for record, cluster in zip(
        clusters["record_id"].to_pylist(), clusters["cluster"].to_pylist(), strict=True
    ):
        found.setdefault(cluster, set()).add(record.partition(":")[2])
    return {frozenset(members) for members in found.values()}


def matched(library: Sequence[Entry]) -> Matching:
    return match(table(library), Overrides(), threads=1)


def clusters_of(library: Sequence[Entry]) -> set[frozenset[str]]:
    return grouped(matched(library))


def contested(matching: Matching) -> bool:
    """Whether a match was refused its union: two records that exclude each other claim a third.

    Where both claims are equally strong, only the ids are left to decide between them.
    """
    return matching.counts[Reason.CLUSTER_CONFLICT] > 0


# ── libraries ────────────────────────────────────────────────────────────────────────────────


def initials(entry: Entry) -> Entry:
    return replace(
        entry, authors=tuple((f"{given[0]}.", family) for given, family in entry.authors)
    )


def typing_error(entry: Entry) -> Entry:
    half = len(entry.title) // 2
    return replace(entry, title=entry.title[:half] + entry.title[half + 1 :])


NOISE: tuple[Callable[[Entry], Entry], ...] = (
    initials,
    typing_error,
    lambda entry: replace(entry, title=entry.title.upper()),
    lambda entry: replace(entry, title=f"{entry.title}: a pilot study"),
    lambda entry: replace(entry, title=f"Erratum: {entry.title}"),
    lambda entry: replace(entry, title=f"{entry.title}. Part II"),
    lambda entry: replace(entry, authors=entry.authors[:1]),
    lambda entry: replace(entry, authors=()),
    lambda entry: replace(entry, year=None),
    lambda entry: replace(entry, year=(entry.year or 2019) + 1),
    lambda entry: replace(entry, venue=None, volume=None, pages=None),
    lambda entry: replace(entry, volume="99", pages="501-510"),
    lambda entry: replace(entry, arxiv=None),
    lambda entry: replace(entry, doi=None),
    lambda entry: replace(entry, arxiv=None, doi=None),
)


@st.composite
def libraries(draw: st.DrawFn) -> list[Entry]:
    """One to four papers, each in one to three records that noise has told apart."""
    entries: list[Entry] = []
    for number in range(draw(st.integers(1, 4))):
        words = draw(st.lists(st.sampled_from(WORDS), min_size=4, max_size=9, unique=True))
        people = st.tuples(st.sampled_from(GIVEN), st.sampled_from(FAMILY))
        place = draw(st.none() | st.tuples(st.sampled_from(["7", "8"]), st.sampled_from("13")))
        paper = Entry(
            source_id="",
            title=" ".join(words),
            authors=tuple(draw(st.lists(people, min_size=1, max_size=4, unique_by=lambda p: p[1]))),
            year=draw(st.integers(2015, 2022)),
            venue=draw(st.none() | st.sampled_from(VENUE_NAMES)),
            volume=place[0] if place else None,
            pages=f"{place[1]}1-{place[1]}9" if place else None,
            doi=draw(st.none() | st.just(f"10.1000/j.{number}")),
            arxiv=draw(st.none() | st.just(f"2001.0000{number + 1}")),
        )
        for _ in range(draw(st.integers(1, 3))):
            record = paper
            for change in draw(st.lists(st.sampled_from(NOISE), max_size=2)):
                record = change(record)
            entries.append(replace(record, source_id=f"r{len(entries)}"))
    return entries


PROPERTY = settings(max_examples=10, deadline=None)


# ── properties ───────────────────────────────────────────────────────────────────────────────


@PROPERTY
@given(libraries(), st.data())
def test_the_order_of_rows_changes_nothing(library: list[Entry], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(library))
    assert clusters_of(shuffled) == clusters_of(library)


@PROPERTY
@given(libraries())
def test_record_ids_change_nothing(library: list[Entry]) -> None:
    """Ids in reverse order swap the sides of every pair."""
    last = len(library) - 1
    old = {f"r{last - number}": entry.source_id for number, entry in enumerate(library)}
    found, expected = (
        matched(
            [replace(entry, source_id=name) for name, entry in zip(names, library, strict=True)]
        )
        for names in (old, old.values())
    )
    assert scores(found, old) == scores(expected, {name: name for name in old.values()})
    if not contested(expected):
        groups = {frozenset(old[record] for record in group) for group in grouped(found)}
        assert groups == grouped(expected)


def scores(matching: Matching, names: Mapping[str, str]) -> dict[frozenset[str], float]:
    """Score of each pair that was kept, by the names of its records."""
    return {
        frozenset(names[row[side].partition(":")[2]] for side in ("left", "right")): row["score"]
        for row in matching.decisions.select(["left", "right", "score"]).to_pylist()
    }


@PROPERTY
@given(libraries(), st.data())
def test_a_copy_joins_its_twin_and_changes_nothing_else(
    library: list[Entry], data: st.DataObject
) -> None:
    before = matched(library)
    assume(not contested(before))
    twin = data.draw(st.sampled_from(library))
    copied = clusters_of([*library, replace(twin, source_id="copy")])
    if twin.authors:
        assert any({"copy", twin.source_id} <= group for group in copied)
    assert {group - {"copy"} for group in copied} - {frozenset()} == grouped(before)


def rewritten(library: Sequence[Entry], change: Callable[[str], str]) -> list[Entry]:
    """Every title and name changed by one function."""
    return [
        replace(
            entry,
            title=change(entry.title),
            authors=tuple((change(given), change(family)) for given, family in entry.authors),
        )
        for entry in library
    ]


@PROPERTY
@given(libraries(), st.sampled_from([str.upper, str.lower, str.title]))
def test_the_case_of_titles_changes_nothing(
    library: list[Entry], change: Callable[[str], str]
) -> None:
    written = [replace(entry, title=change(entry.title)) for entry in library]
    assert clusters_of(written) == clusters_of(library)


@PROPERTY
@given(libraries())
def test_names_in_capitals_change_nothing(library: list[Entry]) -> None:
    written = [
        replace(
            entry, authors=tuple((given.upper(), family.upper()) for given, family in entry.authors)
        )
        for entry in library
    ]
    assert clusters_of(written) == clusters_of(library)


@PROPERTY
@given(libraries(), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_the_unicode_normal_form_changes_nothing(library: list[Entry], form: str) -> None:
    written = rewritten(library, lambda text: unicodedata.normalize(form, text))  # type: ignore[arg-type]
    assert clusters_of(written) == clusters_of(library)


WIDE = {ord(char): ord(char) - 0x21 + 0xFF01 for char in string.ascii_letters + string.digits}


@PROPERTY
@given(libraries(), st.data())
def test_full_width_letters_of_one_title_change_nothing(
    library: list[Entry], data: st.DataObject
) -> None:
    chosen = data.draw(st.sampled_from(library))
    written = [
        replace(entry, title=entry.title.translate(WIDE)) if entry is chosen else entry
        for entry in library
    ]
    assert clusters_of(written) == clusters_of(library)


ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING DIAERESIS}": '"',
}


def latex(text: str) -> str:
    r"""Accented letters as commands: é is ``{\'e}``, ï is ``{\"\i}``, ø is ``{\o}``."""
    written = []
    for char in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", char)
        if len(parts) == 2 and parts[1] in ACCENTS:
            letter = "\\i" if parts[0] == "i" else parts[0]
            written.append("{\\" + ACCENTS[parts[1]] + letter + "}")
        else:
            written.append({"ø": "{\\o}", "Ø": "{\\O}"}.get(char, char))
    return "".join(written)


@PROPERTY
@given(libraries(), st.data())
def test_latex_accents_in_some_records_change_nothing(
    library: list[Entry], data: st.DataObject
) -> None:
    chosen = data.draw(st.sets(st.sampled_from(range(len(library)))))
    written = [
        rewritten([entry], latex)[0] if number in chosen else entry
        for number, entry in enumerate(library)
    ]
    assert clusters_of(written) == clusters_of(library)


STRANGER = Entry(
    source_id="stranger",
    title="Zinnwaldite quarries beneath baroque orangeries",
    authors=(("Quirin", "Xylander"), ("Ysolde", "Quux")),
    year=1987,
    venue="Gardens",
    volume="203",
    pages="777-789",
    doi="10.9999/zinnwald",
)


@PROPERTY
@given(libraries())
def test_an_unrelated_record_changes_nothing(library: list[Entry]) -> None:
    assert clusters_of([*library, STRANGER]) == clusters_of(library) | {frozenset({"stranger"})}


@PROPERTY
@given(libraries(), libraries())
def test_clusters_of_two_unrelated_libraries_stand_side_by_side(
    library: list[Entry], other: list[Entry]
) -> None:
    """The second library has words, names, places and identifiers of its own."""
    foreign = [
        replace(
            entry,
            source_id=f"z{entry.source_id}",
            title=" ".join(f"zz{word}" for word in entry.title.split()),
            authors=tuple((f"Zz{given}", f"Zz{family}") for given, family in entry.authors),
            year=entry.year and entry.year - 60,
            volume=entry.volume and f"6{entry.volume}",
            pages=entry.pages and f"6{entry.pages}",
            doi=entry.doi and f"{entry.doi}.zz",
            arxiv=entry.arxiv and entry.arxiv.replace("2001", "2002"),
        )
        for entry in other
    ]
    assert clusters_of([*library, *foreign]) == clusters_of(library) | clusters_of(foreign)


def as_records(papers: pa.Table) -> pa.Table:
    """Merged papers as if a source had them: one record a paper, named after it."""
    columns = {name: papers[name] for name in papers.column_names if name in RECORD.names}
    arxiv = papers["arxiv_id"].is_valid().to_pylist()
    columns["record_id"] = pa.array([f"merged:{paper}" for paper in papers["paper_id"].to_pylist()])
    columns["source_id"] = papers["paper_id"]
    columns["source"] = pa.array(["arxiv" if one else "semantic_scholar" for one in arxiv])
    return pa.Table.from_pylist(
        pa.table({name: columns[name] for name in RECORD.names if name in columns}).to_pylist(),
        schema=RECORD,
    )


@PROPERTY
@given(libraries())
def test_merging_is_idempotent(library: list[Entry]) -> None:
    """Papers are fed back as records: none of them is taken for another.

    A paper of records that contradict each other says what one of them says, so the contradiction
    that parted a cluster may be gone in the paper: such libraries are left out.
    """
    records = table(library)
    matching = match(records, Overrides(), threads=1)
    assume(not matching.counts["cluster_conflict"])
    papers = merge(records, matching.clusters)
    again = match(as_records(papers), Overrides(), threads=1)
    assert all(len(group) == 1 for group in grouped(again))
