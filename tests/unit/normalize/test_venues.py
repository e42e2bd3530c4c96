# ruff: noqa: RUF001 - look-alike characters are what these tests are about
from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from medsafe_harvest.normalize.venues import VenueConfig, VenueTable, venue_key

CONFIG = Path(__file__).parents[3] / "config/venues.yaml"


@pytest.fixture(scope="module")
def table() -> VenueTable:
    return VenueTable(VenueConfig.model_validate(yaml.safe_load(CONFIG.read_text("utf-8"))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (("Proceedings of the 35th Conference on Neural Information Processing Systems "
         "(NeurIPS 2021)"), ("NeurIPS", "conference")),
        ("NIPS", ("NeurIPS", "conference")),
        ("MICCAI (3)", ("MICCAI", "conference")),
        ("MICCAI 2021, LNCS 12907", ("MICCAI", "conference")),
        ("Medical Image Computing and Computer Assisted Intervention – MICCAI 2020",
         ("MICCAI", "conference")),
        ("Computer Vision - ECCV 2020", ("ECCV", "conference")),
        ("2021 IEEE/CVF International Conference on Computer Vision (ICCV)",
         ("ICCV", "conference")),
        ("IEEE Trans. Med. Imaging", ("TMI", "journal")),
        ("IEEE transactions on medical imaging", ("TMI", "journal")),
        ("Medical Image Anal.", ("MedIA", "journal")),
        ("Nat. Mach. Intell.", ("Nature Machine Intelligence", "journal")),
        ("The Lancet. Digital health", ("Lancet Digital Health", "journal")),
        ("PloS one", ("PLOS ONE", "journal")),
        ("IEEE Access", ("IEEE Access", "journal")),
        ("Proceedings of the IEEE", ("Proceedings of the IEEE", "journal")),
        ("Proceedings of the ACM on Human-Computer Interaction", ("PACM HCI", "journal")),
        ("arXiv.org", ("arXiv", "preprint")),
        ("ArXiv", ("arXiv", "preprint")),
        ("CoRR", ("arXiv", "preprint")),
        ("arXiv: Learning", ("arXiv", "preprint")),
        ("medRxiv", ("medRxiv", "preprint")),
        ("MICCAI Workshop on Deep Learning", ("MICCAI Workshops", "workshop")),
        ("NeurIPS 2021 Workshop on Fairness", ("NeurIPS Workshops", "workshop")),
        ("CVPRW", ("CVPR Workshops", "workshop")),
        ("Rep4NLP@ACL", ("ACL Workshops", "workshop")),
        ("BrainLes@MICCAI (1)", ("BrainLes", "workshop")),
        ("Workshop on Applications of Computer Vision", ("WACV", "conference")),
        ("AAAI/ACM Conference on AI, Ethics, and Society", ("AIES", "conference")),
    ],
)  # fmt: skip
def test_a_venue_is_told_by_any_of_its_names(
    table: VenueTable, text: str, expected: tuple[str, str]
) -> None:
    assert table.find(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Science, Technology & Human Values",
        "Radiology: Cardiothoracic Imaging",
        "Nature Reviews Cancer",
        "Human-Computer Interaction",
        "Sci",
        "Big Data",
        "Access",
        (
            "2022 3rd International Conference on Big Data, Artificial Intelligence and Internet "
            "of Things Engineering (ICBAIE)"
        ),
        "Workshop on Something Else",
        "",
        None,
    ],
)
def test_a_venue_that_only_looks_like_one_of_the_table_is_none(
    table: VenueTable, text: str | None
) -> None:
    assert table.find(text) is None


def test_every_name_of_the_table_finds_its_own_venue(table: VenueTable) -> None:
    config = VenueConfig.model_validate(yaml.safe_load(CONFIG.read_text("utf-8")))
    assert len(config.venues) >= 150
    for venue in config.venues:
        for name in (venue.id, venue.name, *venue.aliases):
            assert table.find(name) == (venue.id, venue.kind), name


def test_a_name_of_two_venues_is_a_mistake_that_names_both_and_its_place() -> None:
    data = {
        "venues": [
            {"id": "TMI", "name": "IEEE Transactions on Medical Imaging", "kind": "journal"},
            {"id": "X", "name": "Y", "kind": "journal", "aliases": ["Z", "Trans. Med. Imaging"]},
        ]
    }
    with pytest.raises(ValidationError) as caught:
        VenueConfig.model_validate(data)
    (mistake,) = caught.value.errors()
    assert mistake["loc"] == ("venues", 1, "aliases", 1)
    assert "TMI" in mistake["msg"]
    assert "X" in mistake["msg"]


def test_a_venue_listed_twice_is_a_mistake() -> None:
    venue = {"id": "TMI", "name": "IEEE Transactions on Medical Imaging", "kind": "journal"}
    with pytest.raises(ValidationError):
        VenueConfig.model_validate({"venues": [venue, venue]})


def test_an_unknown_key_or_kind_is_a_mistake() -> None:
    for wrong in ({"kind": "book"}, {"kind": "journal", "issn": "1"}):
        with pytest.raises(ValidationError):
            VenueConfig.model_validate({"venues": [{"id": "A", "name": "B", **wrong}]})


@given(st.text())
def test_finding_is_total_and_keys_are_never_empty(text: str) -> None:
    table = VenueTable(VenueConfig(venues=()))
    assert table.find(text) is None or text.lower().startswith("arxiv")
    assert venue_key(text) or not text.strip()


def test_real_venues_are_recognised_and_none_of_them_is_a_preprint_server_by_mistake(
    table: VenueTable, shared_data: Path
) -> None:
    venues = {
        venue
        for path in (shared_data / "api/s2").glob("*.json")
        for venue in _venues(json.loads(path.read_text(encoding="utf-8")))
    }
    found = {venue: match for venue in venues if (match := table.find(venue))}
    assert {"NeurIPS", "ICLR", "ICML", "MICCAI", "TMI", "MedIA", "ACL", "EMNLP", "arXiv"} <= {
        name for name, _ in found.values()
    }
    servers = ("rxiv", "ssrn", "social science research network", "preprint", "research square")
    for venue, (_, kind) in found.items():
        assert kind != "preprint" or any(word in venue.lower() for word in servers), venue


def _venues(node: object) -> list[str]:
    if isinstance(node, list):
        return [found for item in node for found in _venues(item)]
    if not isinstance(node, dict):
        return []
    own = [node["venue"]] if isinstance(node.get("venue"), str) else []
    return own + [found for item in node.values() for found in _venues(item)]
