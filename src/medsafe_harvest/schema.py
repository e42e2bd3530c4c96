"""The Arrow schemas: the one place that says what a column is.

Every field carries its description in its metadata; ``docs/columns.md`` is checked against it.
Types are chosen to read the same in pandas, DuckDB, Polars and Spark: no unsigned, no dictionary,
no large types, dates without time zone where only the day is known.
"""

from __future__ import annotations

import pyarrow as pa

#: Raised when a column is added, removed or changes its meaning.
SCHEMA_VERSION = 4

AUTHOR = pa.struct(
    [
        pa.field("name", pa.string(), nullable=False),  # as the source wrote it
        pa.field("given", pa.string()),
        pa.field("family", pa.string()),
        pa.field("suffix", pa.string()),
    ]
)

TAG = pa.struct(
    [
        pa.field("facet", pa.string(), nullable=False),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),
    ]
)

LOSING_VALUE = pa.struct(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("value", pa.string(), nullable=False),  # JSON
    ]
)

PROVENANCE = pa.struct(
    [
        pa.field("field", pa.string(), nullable=False),
        pa.field("record_id", pa.string()),  # null where no value was chosen
        pa.field("rule", pa.string(), nullable=False),
        pa.field("losers", pa.list_(LOSING_VALUE), nullable=False),
    ]
)

LINK = pa.struct(
    [
        pa.field("url", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("own", pa.bool_()),  # null where the words do not tell
        pa.field("said", pa.string()),  # the words that tell
        pa.field("looks_dead", pa.bool_(), nullable=False),
    ]
)

STRINGS = pa.list_(pa.string())


def _field(name: str, kind: pa.DataType, about: str, *, required: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=not required, metadata={"description": about})


#: Columns that a record and the paper merged from records share, in the same words.
_WORK = [
    _field("title", pa.string(), "Title as plain Unicode: LaTeX resolved, one line", required=True),
    _field("abstract", pa.string(), "Abstract on one line, formulas as the source wrote them"),
    _field(
        "authors",
        pa.list_(AUTHOR),
        "Authors in order: name as given by the source, and its given, family and suffix parts",
        required=True,
    ),
    _field(
        "published",
        pa.date32(),
        "Day of first publication (arXiv: submission of version 1); "
        "null where only a year is known",
    ),
    _field("updated", pa.date32(), "Day of the version described (arXiv)"),
    _field("year", pa.int32(), "Year of publication"),
    _field(
        "venue",
        pa.string(),
        "Canonical venue name, for example NeurIPS or TMI; otherwise the source's own words",
    ),
    _field("venue_kind", pa.string(), "journal, conference, workshop, preprint or null"),
    _field("volume", pa.string(), "Journal volume"),
    _field("issue", pa.string(), "Journal issue"),
    _field("pages", pa.string(), "Pages, first-last, or an article number"),
    _field("doi", pa.string(), "DOI, lower case, without resolver; never the 10.48550/arXiv one"),
    _field("other_dois", STRINGS, "Further DOIs, sorted", required=True),
    _field("arxiv_id", pa.string(), "arXiv id without version, for example 2301.00001"),
    _field("arxiv_version", pa.int32(), "Version of the arXiv paper described"),
    _field(
        "version_dates",
        pa.list_(pa.date32()),
        "Day of each version of the arXiv paper, first to latest; empty where not known",
        required=True,
    ),
    _field("pmid", pa.string(), "PubMed id, digits"),
    _field("pmcid", pa.string(), "PubMed Central id, PMC and digits"),
    _field("corpus_id", pa.int64(), "Semantic Scholar corpus id"),
    _field(
        "s2_paper_id",
        pa.string(),
        "Semantic Scholar paper id, 40 hexadecimal digits; changes "
        "when Semantic Scholar merges papers",
    ),
    _field("acl_id", pa.string(), "ACL Anthology id"),
    _field("dblp_key", pa.string(), "DBLP key"),
    _field("mag_id", pa.string(), "Microsoft Academic Graph id"),
    _field("openreview_id", pa.string(), "OpenReview note id"),
    _field("openalex_id", pa.string(), "OpenAlex work id"),
    _field("primary_category", pa.string(), "arXiv primary category"),
    _field("categories", STRINGS, "arXiv categories, primary first", required=True),
    _field("fields_of_study", STRINGS, "Semantic Scholar fields of study, sorted", required=True),
    _field(
        "publication_types", STRINGS, "Semantic Scholar publication types, sorted", required=True
    ),
    _field("licence", pa.string(), "Licence as a short id, for example CC-BY-4.0"),
    _field("licence_url", pa.string(), "Address of the licence text"),
    _field(
        "comment",
        pa.string(),
        "arXiv author comment; in a record of source list, the headings above the paper, outermost "
        "first, and the code linked there",
    ),
    _field("journal_ref", pa.string(), "arXiv journal reference as the author wrote it"),
    _field(
        "code_links",
        STRINGS,
        "Links to code, models or data found in abstract and comment",
        required=True,
    ),
    _field(
        "links",
        pa.list_(LINK),
        "The same links, and such as lead nowhere: canonical address; kind (repository, model, "
        "dataset, demo or project_page); whether it is the authors' own, null where the words "
        "around do not tell; the words that told; and whether it looks cut off, like a placeholder "
        "or not yet there, judged by its form and words alone. Sorted by address",
        required=True,
    ),
    _field(
        "withdrawn",
        pa.bool_(),
        "True where the source or its comment says that the paper was withdrawn",
        required=True,
    ),
    _field("url", pa.string(), "Page about the paper at the source"),
    _field("pdf_url", pa.string(), "Address of the PDF at the source"),
    _field(
        "open_access", pa.bool_(), "Open access according to the source; null where it does not say"
    ),
    _field("open_access_url", pa.string(), "Freely readable full text"),
    _field("citation_count", pa.int32(), "Citations counted by Semantic Scholar"),
    _field("influential_citation_count", pa.int32(), "Of these, called influential"),
    _field("reference_count", pa.int32(), "References counted by Semantic Scholar"),
    _field(
        "cites",
        pa.list_(pa.int64()),
        "Corpus ids of what it cites, as Semantic Scholar knows it, sorted; empty where not known. "
        "They join with corpus_id",
        required=True,
    ),
    _field("tldr", pa.string(), "One-sentence summary by Semantic Scholar"),
]

_SEEN = [
    _field(
        "queries",
        STRINGS,
        "Ids of the seed queries that found it, and list:name for each imported list that names "
        "it, sorted",
        required=True,
    ),
    _field("first_seen", pa.date32(), "Day (UTC) of the first harvest that saw it", required=True),
    _field("last_seen", pa.date32(), "Day (UTC) of the latest harvest that saw it", required=True),
]

#: What one source says of one paper.
RECORD = pa.schema(
    [
        _field("record_id", pa.string(), "source:source_id, unique", required=True),
        _field("source", pa.string(), "arxiv, semantic_scholar or list", required=True),
        _field("source_id", pa.string(), "The source's own id", required=True),
        _field("title_raw", pa.string(), "Title exactly as received", required=True),
        _field("venue_raw", pa.string(), "Venue exactly as received"),
        *_WORK,
        _field(
            "doors",
            STRINGS,
            "Fields that came through another door of the source than its search, as field=door, "
            "for example licence=arxiv_oai; sorted",
            required=True,
        ),
        _field(
            "gone",
            pa.date32(),
            "Day (UTC) from which the source says that it has the paper no longer; null otherwise",
        ),
        _field(
            "former_record_ids",
            STRINGS,
            "record_ids under which the source had the paper before, the oldest first; before "
            "them the record's own, if it is older",
            required=True,
        ),
        *_SEEN,
    ]
)

#: Fields that merging chooses from a cluster's records, one by one, with provenance.
WORK_FIELDS: tuple[str, ...] = tuple(field.name for field in _WORK)

#: What was decided about a candidate pair, and why.
DECISION = pa.schema(
    [
        _field("left", pa.string(), "record_id, the smaller of the two", required=True),
        _field("right", pa.string(), "record_id, the larger of the two", required=True),
        _field("outcome", pa.string(), "match, non-match or review", required=True),
        _field("reason", pa.string(), "Reason code, see docs/matching.md", required=True),
        _field("score", pa.float64(), "Strength of the evidence, 0 to 1", required=True),
        _field(
            "title_similarity",
            pa.float64(),
            "0 to 1, the better of the edit ratios on sorted words and on words run together",
            required=True,
        ),
        _field("author_similarity", pa.float64(), "0 to 1; null where a side names no author"),
        _field("year_difference", pa.int32(), "Absolute; null where a side has no year"),
        _field("keys", STRINGS, "Kinds of blocking key that the two share, sorted", required=True),
        _field("detail", pa.string(), "The evidence in words", required=True),
    ]
)

#: Typed links between records that are not the same thing, or not the same manifestation.
RELATION = pa.schema(
    [
        _field("left", pa.string(), "record_id that the sentence is about", required=True),
        _field(
            "kind",
            pa.string(),
            "What left is to right: is_preprint_of, is_version_of, extends, corrects, comments_on, "
            "replies_to, continues, is_translation_of, supplements or reviews",
            required=True,
        ),
        _field("right", pa.string(), "record_id that it relates to", required=True),
        _field("left_paper", pa.string(), "paper_id of left", required=True),
        _field("right_paper", pa.string(), "paper_id of right", required=True),
        _field("reason", pa.string(), "What showed it", required=True),
        _field(
            "score",
            pa.float64(),
            "Score of the decision about the two, 0 to 1; null where they were not compared",
        ),
    ]
)

#: One merged row a paper.
PAPER = pa.schema(
    [
        _field(
            "paper_id",
            pa.string(),
            "Stable id: made from the first record ever seen of it",
            required=True,
        ),
        _field(
            "former_ids",
            STRINGS,
            "Ids that its other records would have alone; they keep resolving to this paper",
            required=True,
        ),
        *_WORK,
        _field(
            "summary",
            pa.string(),
            "What the paper does and finds: the tldr where there is one, else one to three "
            "sentences of the abstract",
        ),
        _field("summary_from", pa.string(), "tldr or abstract; null where there is no summary"),
        _field(
            "medical",
            pa.bool_(),
            "About medicine, health, or biology used for health",
            required=True,
        ),
        _field(
            "topics",
            STRINGS,
            "All topics of the facets trust, modality and task, sorted",
            required=True,
        ),
        _field("trust", STRINGS, "Topics of the facet trust, sorted", required=True),
        _field("modality", STRINGS, "Topics of the facet modality, sorted", required=True),
        _field("task", STRINGS, "Topics of the facet task, sorted", required=True),
        _field(
            "tags",
            pa.list_(TAG),
            "Evidence for each topic: facet, topic, score, rule, field, "
            "matched text and its offset in characters",
            required=True,
        ),
        _field("sources", STRINGS, "Sources of its records, sorted", required=True),
        _field("record_ids", STRINGS, "Its records, sorted", required=True),
        *_SEEN,
        _field(
            "provenance",
            pa.list_(PROVENANCE),
            "For each field: the record it came from (null where none was chosen), the "
            "rule that chose it, and the values not chosen",
            required=True,
        ),
    ]
)

#: The papers nearest to each paper.
RELATED = pa.schema(
    [
        _field("paper_id", pa.string(), "The paper asked about", required=True),
        _field("related_paper_id", pa.string(), "One of the nearest to it", required=True),
        _field("rank", pa.int32(), "1 for the nearest, up to 10", required=True),
        _field("score", pa.float64(), "Cosine of the two, 0 to 1, to 4 digits", required=True),
        _field(
            "terms",
            STRINGS,
            "Up to five words, topics (topic:...) and papers that both cite, or that one of them "
            "is and the other cites (cites:...), that contributed most, the strongest first",
            required=True,
        ),
    ]
)

#: File stem in a snapshot -> schema.
TABLES: dict[str, pa.Schema] = {
    "papers": PAPER,
    "records": RECORD,
    "decisions": DECISION,
    "relations": RELATION,
    "related": RELATED,
}


def refuse_nulls(batch: pa.RecordBatch) -> None:
    """Nothing is null that may not be: a required column or part of one, or an item of a list.

    Raises:
        ValueError: something is.
    """
    for field, column in zip(batch.schema, batch.columns, strict=True):
        _refuse_nulls(field.name, column, required=not field.nullable)


def _refuse_nulls(name: str, values: pa.Array, *, required: bool) -> None:
    if required and values.null_count:
        raise ValueError(f"{name} is null in {values.null_count} rows")
    if pa.types.is_list(values.type):
        _refuse_nulls(f"an item of {name}", values.flatten(), required=True)
    elif pa.types.is_struct(values.type) and not values.null_count:
        for number, part in enumerate(values.type):
            inside = values.field(number)
            _refuse_nulls(f"{part.name} of {name}", inside, required=not part.nullable)
