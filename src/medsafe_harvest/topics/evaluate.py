"""Score the rules on papers whose topics a careful reader gave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from medsafe_harvest.errors import EvaluateError
from medsafe_harvest.topics.rules import LISTED_FACETS, Facet
from medsafe_harvest.topics.tag import Match, Tagger, Verdict


class Labelled(BaseModel):
    """A paper with the topics that it should get; facets as in the paper's columns."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    title: str
    abstract: str | None = None
    categories: tuple[str, ...] = ()
    medical: bool
    trust: tuple[str, ...]
    modality: tuple[str, ...]
    task: tuple[str, ...]

    def topics(self, facet: Facet) -> frozenset[str]:
        """The topics of one facet; ``medical`` is a facet of one topic."""
        if facet == "medical":
            return frozenset({"medical"} if self.medical else ())
        own: tuple[str, ...] = getattr(self, facet)
        return frozenset(own)


_PAPERS = TypeAdapter(Annotated[tuple[Labelled, ...], Field(min_length=1)])


def read_labelled(text: str | bytes) -> tuple[Labelled, ...]:
    """Labelled papers from JSON: a list of objects with the fields of :class:`Labelled`.

    Raises:
        EvaluateError: the text is not such a list, or the list is empty; names the first mistake.
    """
    try:
        return _PAPERS.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise EvaluateError(f"{place or 'the file'}: {first['msg']}") from error


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of labels: rightly given, given, and wanted. 0/0 counts as 0."""

    hits: int
    given: int
    wanted: int

    @property
    def precision(self) -> float:
        """Share of the topics given that are wanted."""
        return self.hits / self.given if self.given else 0.0

    @property
    def recall(self) -> float:
        """Share of the topics wanted that are given."""
        return self.hits / self.wanted if self.wanted else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall: 2 hits / (given + wanted)."""
        both = self.given + self.wanted
        return 2 * self.hits / both if both else 0.0

    def plain(self) -> dict[str, Any]:
        """For JSON; ``support`` is the number of papers that should get the topic."""
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "support": self.wanted,
            "given": self.given,
        }


@dataclass(frozen=True, slots=True)
class FacetScore:
    """One facet: all its labels counted together (micro), and topic by topic."""

    micro: Score
    topics: dict[str, Score]

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the topics that are wanted or given anywhere."""
        return sum(one.f1 for one in self.topics.values()) / max(1, len(self.topics))

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "micro_f1": self.micro.f1,
            "macro_f1": self.macro_f1,
            "precision": self.micro.precision,
            "recall": self.micro.recall,
            "topics": {slug: one.plain() for slug, one in self.topics.items()},
        }


@dataclass(frozen=True, slots=True)
class Confusion:
    """One disagreement: a topic given that is not wanted, or the other way round.

    ``wanted`` and ``given`` are the whole facet of the paper, so that a topic taken for another
    shows; ``matches`` is what the rules saw for the topic, heaviest first.
    """

    paper: str
    title: str
    facet: Facet
    topic: str
    kind: Literal["false", "missed"]
    score: float
    wanted: tuple[str, ...]
    given: tuple[str, ...]
    matches: tuple[Match, ...]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "paper": self.paper,
            "title": self.title,
            "facet": self.facet,
            "topic": self.topic,
            "kind": self.kind,
            "score": self.score,
            "wanted": list(self.wanted),
            "given": list(self.given),
            "evidence": [match._asdict() for match in self.matches],
        }


@dataclass(frozen=True, slots=True)
class TopicEvaluation:
    """How the rules did: accuracy of ``medical``, the facets, and every disagreement."""

    papers: int
    right: int
    medical: Score
    facets: dict[Facet, FacetScore]
    confusions: tuple[Confusion, ...]

    @property
    def accuracy(self) -> float:
        """Share of the papers whose ``medical`` is right."""
        return self.right / self.papers

    def plain(self) -> dict[str, Any]:
        """For JSON, without the disagreements."""
        medical = {"accuracy": self.accuracy, **self.medical.plain()}
        facets: dict[str, Any] = {facet: score.plain() for facet, score in self.facets.items()}
        return {"papers": self.papers, "medical": medical, **facets}


def evaluate(tagger: Tagger, papers: Sequence[Labelled]) -> TopicEvaluation:
    """Tag the papers and compare with their labels. Needs at least one paper."""
    told = tagger.explain_all([(one.title, one.abstract, one.categories) for one in papers])
    judged = [_judge(paper, verdicts) for paper, verdicts in zip(papers, told, strict=True)]
    facets: dict[Facet, FacetScore] = {}
    for facet in LISTED_FACETS:
        pairs = [(paper.topics(facet), given[facet]) for paper, given, _ in judged]
        slugs = sorted(frozenset().union(*(wanted | given for wanted, given in pairs)))
        by_topic = {slug: _score(pairs, frozenset({slug})) for slug in slugs}
        facets[facet] = FacetScore(_score(pairs, frozenset(slugs)), by_topic)
    medical = [(paper.topics("medical"), given["medical"]) for paper, given, _ in judged]
    return TopicEvaluation(
        papers=len(papers),
        right=sum(wanted == given for wanted, given in medical),
        medical=_score(medical, frozenset({"medical"})),
        facets=facets,
        confusions=tuple(one for own in judged for one in _confusions(*own)),
    )


_Given = dict[Facet, frozenset[str]]
_FACETS: tuple[Facet, ...] = ("medical", *LISTED_FACETS)


def _judge(
    paper: Labelled, verdicts: Sequence[Verdict]
) -> tuple[Labelled, _Given, dict[str, Verdict]]:
    given: _Given = {
        facet: frozenset(one.topic for one in verdicts if one.tagged and one.facet == facet)
        for facet in _FACETS
    }
    return paper, given, {one.topic: one for one in verdicts}


def _score(pairs: Iterable[tuple[frozenset[str], frozenset[str]]], of: frozenset[str]) -> Score:
    hits = given = wanted = 0
    for want, got in pairs:
        hits += len(want & got & of)
        given += len(got & of)
        wanted += len(want & of)
    return Score(hits, given, wanted)


def _confusions(
    paper: Labelled, given: _Given, verdicts: dict[str, Verdict]
) -> Iterable[Confusion]:
    for facet in _FACETS:
        wanted = paper.topics(facet)
        for slug in sorted(wanted ^ given[facet]):
            verdict = verdicts.get(slug)
            yield Confusion(
                paper=paper.id,
                title=paper.title,
                facet=facet,
                topic=slug,
                kind="missed" if slug in wanted else "false",
                score=verdict.score if verdict else 0.0,
                wanted=tuple(sorted(wanted)),
                given=tuple(sorted(given[facet])),
                matches=verdict.matches if verdict else (),
            )
