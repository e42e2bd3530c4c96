"""Each field of a paper is chosen by its rule, and says who supplied it and who lost."""

from __future__ import annotations

import json
import random
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.dedupe.merge import RULES, merge
from medsafe_harvest.dedupe.paper_ids import mint
from medsafe_harvest.schema import PAPER, RECORD, WORK_FIELDS

ARXIV = "arxiv:2101.00001"
JOURNAL = "semantic_scholar:7"
OTHER = "semantic_scholar:9"


def record(record_id: str, **values: Any) -> dict[str, Any]:
    source, _, source_id = record_id.partition(":")
    blank: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in RECORD
    }
    own = {
        "record_id": record_id,
        "source": source,
        "source_id": source_id,
        "title": "A title",
        "title_raw": "A title",
        "withdrawn": False,
        "first_seen": date(2026, 1, 1),
        "last_seen": date(2026, 1, 1),
    }
    return blank | own | values


def author(given: str, family: str) -> dict[str, Any]:
    return {"name": f"{given} {family}", "given": given, "family": family, "suffix": None}


def merged(*records: dict[str, Any], clusters: list[str] | None = None) -> list[dict[str, Any]]:
    of = pa.table(
        {
            "record_id": [row["record_id"] for row in records],
            "cluster": clusters or ["one"] * len(records),
        }
    )
    table = merge(pa.Table.from_pylist(list(records), schema=RECORD), of)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def provenance(paper: dict[str, Any], field: str) -> dict[str, Any]:
    [entry] = [entry for entry in paper["provenance"] if entry["field"] == field]
    return dict(entry)


def test_every_field_of_a_work_has_exactly_one_rule() -> None:
    assert set(RULES) == set(WORK_FIELDS)


def test_a_preprint_and_its_journal_version_become_one_paper() -> None:
    [paper] = merged(
        record(ARXIV, venue_kind="preprint", year=2021, abstract="Long.", title="On $x$"),
        record(JOURNAL, venue="TMI", venue_kind="journal", year=2022, volume="41", doi="10.1/x"),
    )
    assert (paper["venue"], paper["volume"], paper["year"]) == ("TMI", "41", 2022)
    assert (paper["title"], paper["abstract"]) == ("On $x$", "Long.")
    assert provenance(paper, "year") == {
        "field": "year",
        "record_id": JOURNAL,
        "rule": "with_venue_or_first",
        "losers": [{"record_id": ARXIV, "value": "2021"}],
    }
    assert provenance(paper, "title")["losers"] == [{"record_id": JOURNAL, "value": '"A title"'}]


def test_a_list_speaks_only_where_all_services_are_silent() -> None:
    [paper] = merged(
        record("list:seen#arxiv:2101.00001", title="On x", venue="CVPR", venue_kind="conference"),
        record(JOURNAL, venue="SSRN", venue_kind="preprint", doi="10.1/x"),
    )
    assert (paper["title"], paper["venue"]) == ("A title", "SSRN")
    [paper] = merged(
        record("list:seen#doi:10.1/x", title="On x", venue="CVPR", venue_kind="conference"),
        record(ARXIV, title="On $x$"),
    )
    assert (paper["title"], paper["venue"]) == ("On $x$", "CVPR")


def test_volume_and_pages_are_never_taken_from_another_publication_than_the_venue() -> None:
    [paper] = merged(
        record(JOURNAL, venue="TMI", venue_kind="journal"),
        record(OTHER, venue="MICCAI Workshop", venue_kind="workshop", volume="9", pages="1-2"),
    )
    assert (paper["venue"], paper["volume"], paper["pages"]) == ("TMI", None, None)
    assert provenance(paper, "volume") == {
        "field": "volume",
        "record_id": None,
        "rule": "with_venue",
        "losers": [{"record_id": OTHER, "value": '"9"'}],
    }


def test_where_no_record_names_a_venue_one_record_gives_volume_and_pages() -> None:
    [paper] = merged(record(ARXIV, pages="1-2"), record(JOURNAL, volume="9", pages="501-510"))
    assert (paper["volume"], paper["pages"]) in [(None, "1-2"), ("9", "501-510")]
    [losers] = [provenance(paper, "pages")["losers"]]
    assert len(losers) == 1


def test_names_written_out_win_over_initials() -> None:
    [paper] = merged(
        record(ARXIV, authors=[author("J.", "Doe"), author("A. B.", "Roe")]),
        record(JOURNAL, authors=[author("Jane", "Doe"), author("A. B.", "Roe")]),
    )
    assert [name["given"] for name in paper["authors"]] == ["Jane", "A. B."]


def test_not_those_of_a_list_where_a_service_has_any() -> None:
    services = [author("J.", f"Doe{number}") for number in range(12)]
    listed = [author("Jane", f"Doe{number}") for number in range(10)]
    by_hand = record("list:seen#doi:10.1/x", authors=listed)
    [paper] = merged(by_hand, record(JOURNAL, authors=services))
    assert paper["authors"] == services
    [paper] = merged(by_hand, record(JOURNAL))
    assert paper["authors"] == listed


def test_counts_are_the_largest_dates_the_earliest_and_withdrawn_is_any() -> None:
    [paper] = merged(
        record(ARXIV, published=date(2021, 1, 5), updated=date(2021, 6, 1), withdrawn=True),
        record(JOURNAL, published=date(2020, 3, 1), citation_count=3),
        record(OTHER, citation_count=12, open_access=False),
    )
    assert paper["published"] == date(2020, 3, 1)
    assert paper["citation_count"] == 12
    assert paper["withdrawn"] is True
    assert paper["open_access"] is False
    assert provenance(paper, "withdrawn")["record_id"] == ARXIV


def test_lists_are_united_and_the_dois_not_chosen_are_kept() -> None:
    [paper] = merged(
        record(ARXIV, doi="10.1/A", code_links=["https://b"], queries=["q2"], categories=["cs.LG"]),
        record("semantic_scholar:9", cites=[30, 200]),
        record(
            JOURNAL,
            cites=[9, 30],
            doi="10.2/b",
            venue="TMI",
            venue_kind="journal",
            other_dois=["10.1/A", "10.3/c"],
            code_links=["https://a", "https://b"],
            queries=["q1", "q2"],
        ),
    )
    assert paper["doi"] == "10.2/b"
    assert paper["other_dois"] == ["10.1/A", "10.3/c"]
    assert paper["code_links"] == ["https://a", "https://b"]
    united = [(one["field"], one["record_id"]) for one in paper["provenance"]]
    assert {("code_links", ARXIV), ("code_links", JOURNAL)} <= set(united)
    assert {("other_dois", ARXIV), ("other_dois", JOURNAL)} <= set(united)
    assert paper["cites"] == [9, 30, 200]
    assert paper["queries"] == ["q1", "q2"]
    assert paper["categories"] == ["cs.LG"]
    assert paper["sources"] == ["arxiv", "semantic_scholar"]


def test_a_paper_keeps_its_id_when_records_join_and_the_others_ids_keep_resolving() -> None:
    [alone] = merged(record(JOURNAL))
    late = date(2026, 2, 1)
    [joined] = merged(
        record(JOURNAL), record(ARXIV, first_seen=late), record(OTHER, first_seen=late)
    )
    assert joined["paper_id"] == alone["paper_id"] == mint(JOURNAL)
    assert joined["former_ids"] == sorted([mint(ARXIV), mint(OTHER)])


@pytest.mark.parametrize(
    ("former", "kept", "others"),
    [
        (["semantic_scholar:a"], "semantic_scholar:a", [JOURNAL]),
        # Of two names the older: it was before the source renamed it, and is afterwards.
        ([JOURNAL, "semantic_scholar:a"], JOURNAL, ["semantic_scholar:a"]),
        (
            ["semantic_scholar:b", "semantic_scholar:a"],
            "semantic_scholar:b",
            ["semantic_scholar:a", JOURNAL],
        ),
    ],
)
def test_a_paper_keeps_the_oldest_id_of_a_record_that_its_source_renamed(
    former: list[str], kept: str, others: list[str]
) -> None:
    [paper] = merged(record(JOURNAL, former_record_ids=former))
    assert paper["paper_id"] == mint(kept)
    assert paper["former_ids"] == sorted(map(mint, others))


def test_a_record_that_splits_off_takes_its_own_id_with_it() -> None:
    split = merged(record(ARXIV), record(JOURNAL), clusters=["a", "b"])
    assert {paper["paper_id"] for paper in split} == {mint(ARXIV), mint(JOURNAL)}


def test_nothing_gives_an_empty_table_of_the_right_columns() -> None:
    clusters = pa.table({"record_id": pa.array([], pa.string()), "cluster": pa.array([], "str")})
    table = merge(RECORD.empty_table(), clusters)
    assert table.num_rows == 0
    later = {"medical", "topics", "trust", "modality", "task", "tags", "summary", "summary_from"}
    assert table.column_names == [name for name in PAPER.names if name not in later]


def test_a_record_without_a_cluster_is_refused() -> None:
    with pytest.raises(ValueError, match="belongs to no cluster"):
        merge(
            pa.Table.from_pylist([record(ARXIV)], schema=RECORD),
            pa.table({"record_id": ["x"], "cluster": ["x"]}),
        )


records = st.lists(
    st.builds(
        lambda number, year, count, kind, cluster: (
            record(
                f"{('arxiv', 'semantic_scholar')[number % 2]}:{number}",
                year=year,
                citation_count=count,
                venue_kind=kind,
                venue=kind,
                volume=str(count) if count else None,
                queries=[f"q{number % 3}"],
            ),
            f"c{cluster}",
        ),
        st.integers(0, 99),
        st.none() | st.integers(2000, 2026),
        st.none() | st.integers(0, 5),
        st.sampled_from([None, "journal", "preprint"]),
        st.integers(0, 4),
    ),
    max_size=25,
    unique_by=lambda pair: pair[0]["record_id"],
)


@given(records, st.randoms())
def test_the_order_of_input_changes_nothing(
    pairs: list[tuple[dict[str, Any], str]], shuffler: random.Random
) -> None:
    shuffled = pairs.copy()
    shuffler.shuffle(shuffled)
    results = [
        merged(*[row for row, _ in order], clusters=[cluster for _, cluster in order])
        for order in (pairs, shuffled)
        if order
    ]
    assert results[:1] == results[1:]


@given(records)
def test_every_value_of_a_paper_was_said_by_the_record_named(
    pairs: list[tuple[dict[str, Any], str]],
) -> None:
    said = {row["record_id"]: row for row, _ in pairs}
    papers = merged(*said.values(), clusters=[cluster for _, cluster in pairs]) if pairs else []
    assert sorted(name for paper in papers for name in paper["record_ids"]) == sorted(said)
    for paper in papers:
        for entry in paper["provenance"]:
            if entry["record_id"] is None:
                assert paper[entry["field"]] is None
                continue
            value = said[entry["record_id"]][entry["field"]]
            if entry["rule"] == "union":
                assert set(value) <= set(paper[entry["field"]])
            else:
                assert value == paper[entry["field"]]
            assert entry["record_id"] in paper["record_ids"]


@given(records)
@settings(deadline=None, max_examples=30)
def test_no_value_of_any_record_is_lost(pairs: list[tuple[dict[str, Any], str]]) -> None:
    said = {row["record_id"]: row for row, _ in pairs}
    papers = merged(*said.values(), clusters=[cluster for _, cluster in pairs]) if pairs else []
    for paper in papers:
        for field in ("year", "venue", "volume", "citation_count", "title"):
            entries = [entry for entry in paper["provenance"] if entry["field"] == field]
            told = {one["value"] for entry in entries for one in entry["losers"]}
            told.add(json.dumps(paper[field]))
            values = {json.dumps(said[name][field]) for name in paper["record_ids"]} - {"null"}
            assert values <= told


def test_links_unite_by_address_and_the_clearest_claim_wins() -> None:
    def link(url: str, said: str | None, *, own: bool | None, dead: bool) -> dict[str, Any]:
        kind = "repository"
        return {"url": url, "kind": kind, "own": own, "said": said, "looks_dead": dead}

    here, there = "https://github.com/lab/a", "https://github.com/lab/b"
    [paper] = merged(
        record(ARXIV, links=[link(here, None, own=None, dead=True)]),
        record(JOURNAL, links=[link(there, "built on", own=False, dead=True),
                               link(here, "our code", own=True, dead=False)]),
        record(OTHER),
    )  # fmt: skip
    assert paper["links"] == [
        link(here, "our code", own=True, dead=False),
        link(there, "built on", own=False, dead=True),
    ]
    sayers = [entry["record_id"] for entry in paper["provenance"] if entry["field"] == "links"]
    assert sayers == [ARXIV, JOURNAL]
