"""The rules that a curator writes in ``config/topics.yaml``, checked.

See ``docs/topics.md`` for how a rule reads and how a score is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from medsafe_harvest.topics.text import fold

Location = tuple[int | str, ...]
Facet = Literal["medical", "trust", "modality", "task"]
Weight = Literal["sure", "strong", "weak", "hint", "against"]

#: The facets whose topics are listed; ``medical`` is one yes or no.
LISTED_FACETS: tuple[Literal["trust", "modality", "task"], ...] = ("trust", "modality", "task")

#: A stem of fewer letters would match half the dictionary.
SHORTEST_STEM = 3

_PHRASE = re.compile(r"[^\W_]([^*]*[^\W_+])?\*?")


def _check_phrase(phrase: str) -> str:
    if not _PHRASE.fullmatch(phrase) or ". " in fold(phrase).cased:
        raise ValueError(
            "a phrase is words, begins and ends with a letter or digit, stays within a sentence, "
            "and may end with one * for any ending of its last word"
        )
    if phrase.endswith("*") and len(phrase) - 1 < SHORTEST_STEM:
        raise ValueError(f"a stem needs at least {SHORTEST_STEM} letters before the *")
    return phrase


def _check_acronym(acronym: str) -> str:
    _check_phrase(acronym)
    if acronym == acronym.lower():
        raise ValueError("acronyms are matched with their case; one without a capital is a phrase")
    return acronym


Phrase = Annotated[str, AfterValidator(_check_phrase)]
Acronym = Annotated[str, AfterValidator(_check_acronym)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Category = Annotated[str, StringConstraints(pattern=r"^[a-z-]+(\.([A-Za-z-]+|\*))?$")]
Share = Annotated[float, Field(ge=0, le=1)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Group(_Model):
    """Phrases with a name, for use by several rules."""

    phrases: tuple[Phrase, ...] = ()
    acronyms: tuple[Acronym, ...] = ()


class Needs(_Model):
    """Context without which a rule's match does not count.

    ``within`` counts words between the two in the same field; without it, anywhere in title or
    abstract will do.
    """

    groups: Annotated[tuple[str, ...], Field(min_length=1)]
    within: Annotated[int, Field(ge=1)] | None = None


class Rule(_Model):
    """Phrases that speak for (or ``against``) a topic with one weight."""

    weight: Weight
    phrases: tuple[Phrase, ...] = ()
    acronyms: tuple[Acronym, ...] = ()
    groups: tuple[str, ...] = ()
    needs: Needs | None = None
    only: Literal["title", "abstract"] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Rule:
        if not (self.phrases or self.acronyms or self.groups):
            raise ValueError("a rule needs phrases, acronyms or groups")
        return self


class Topic(_Model):
    """All that speaks for one topic; ``general`` if it is as likely outside medicine."""

    about: str
    general: bool = False
    rules: Annotated[dict[Slug, Rule], Field(min_length=1)]
    exclude: tuple[Phrase, ...] = ()
    categories: tuple[Category, ...] = ()


class Discount(_Model):
    """Cues that make a match near them count for less: passing mentions and negation.

    ``scope`` is the sentence, or ``before``: the cue stands at most ``within`` words before the
    match in the same sentence. ``exclude`` holds longer phrases in which the cue means nothing.
    """

    facets: Annotated[tuple[Facet, ...], Field(min_length=1)]
    cues: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    exclude: tuple[Phrase, ...] = ()
    scope: Literal["sentence", "before"]
    within: Annotated[int, Field(ge=0)] | None = None
    factor: Share

    @model_validator(mode="after")
    def _within_belongs_to_before(self) -> Discount:
        if (self.scope == "before") != (self.within is not None):
            raise ValueError("'within' is needed for scope 'before', and only there")
        return self


class Emphasis(_Model):
    """Cues that make a match in the same sentence count for more: "we propose", "our results".

    ``factors`` are by facet, and hold for sure and strong matches in the abstract that no discount
    reaches; no weight grows beyond that of the title.
    """

    factors: Annotated[dict[Facet, Annotated[float, Field(ge=1, le=3)]], Field(min_length=1)]
    cues: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    exclude: tuple[Phrase, ...] = ()


class Company(_Model):
    """What the rest of a paper says against a topic, by facet: the weight of one match against it.

    ``beside`` holds where the title names another topic of the facet and not this one,
    ``outside`` for a topic that is not ``general`` in a paper that is not medical.
    """

    beside: dict[Facet, Share] = {}
    outside: dict[Facet, Share] = {}


class Implication(_Model):
    """A topic that follows from topics found: at least one of ``any``, all of ``all``."""

    then: str
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_a_condition(self) -> Implication:
        if not (self.any or self.all):
            raise ValueError("an implication needs 'any' or 'all'")
        return self


class FieldWeight(_Model):
    """Weight of one match, by the field it stands in."""

    title: Share
    abstract: Share


class Weights(_Model):
    """What a match is worth; see the formula in ``docs/topics.md``."""

    sure: FieldWeight
    strong: FieldWeight
    weak: FieldWeight
    hint: FieldWeight
    against: FieldWeight
    category: Share


class TopicConfig(_Model):
    """``config/topics.yaml`` as a whole.

    ``same_sentence`` is the share, by facet, that the second and further matches in one sentence
    of the abstract count; ``title_alone`` the factor of a title's weights where there is no
    abstract, up to the weight of a strong match.
    """

    threshold: Annotated[float, Field(gt=0, le=1)]
    evidence: Annotated[int, Field(ge=1)]
    mentions: Annotated[int, Field(ge=1)] = 1
    same_sentence: dict[Facet, Share] = {}
    title_alone: Annotated[float, Field(ge=1, le=2)] = 1.0
    weights: Weights
    groups: dict[Slug, Group] = {}
    discounts: dict[Slug, Discount] = {}
    emphasis: dict[Slug, Emphasis] = {}
    company: Company = Company()
    medical: Topic
    trust: dict[Slug, Topic]
    modality: dict[Slug, Topic]
    task: dict[Slug, Topic]
    implications: dict[Slug, Implication] = {}

    def topics(self) -> Iterator[tuple[Facet, str, Topic]]:
        """Facet, slug and rules of every topic, in the order of the file."""
        yield "medical", "medical", self.medical
        for facet in LISTED_FACETS:
            for slug, topic in getattr(self, facet).items():
                yield facet, slug, topic

    @model_validator(mode="wrap")
    @classmethod
    def _names_resolve(
        cls, data: Any, handler: ModelWrapValidatorHandler[TopicConfig]
    ) -> TopicConfig:
        """Check across sections, each mistake with the place of the offending word."""
        config = handler(data)
        mistakes = [*_unknown_groups(config), *_repeated(config), *_unknown_topics(config)]
        if mistakes:
            raise ValidationError.from_exception_data(cls.__name__, mistakes)
        return config


def phrase_key(phrase: str) -> str:
    """What makes two phrases the same one."""
    return fold(phrase).lower


def _mistake(location: Location, message: str, value: object) -> InitErrorDetails:
    # Braces in a message would be read as placeholders of the template.
    error = PydanticCustomError("topic_rules", "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=location, input=value)


def _place(facet: Facet, slug: str) -> Location:
    return ("medical",) if facet == "medical" else (facet, slug)


def _unknown_groups(config: TopicConfig) -> Iterator[InitErrorDetails]:
    for facet, slug, topic in config.topics():
        for name, rule in topic.rules.items():
            place = (*_place(facet, slug), "rules", name)
            uses = [((*place, "groups"), rule.groups)]
            if rule.needs is not None:
                uses.append(((*place, "needs", "groups"), rule.needs.groups))
            for where, names in uses:
                for index, group in enumerate(names):
                    if group not in config.groups:
                        known = ", ".join(config.groups) or "none"
                        message = f"no group of this name; there are: {known}"
                        yield _mistake((*where, index), message, group)


def _repeated(config: TopicConfig) -> Iterator[InitErrorDetails]:
    """A phrase twice in a topic counts once: the second would be dead."""
    slugs: dict[str, Facet] = {}
    for facet, slug, topic in config.topics():
        if slug in slugs:
            message = f"facet {slugs[slug]} has a topic of this name already"
            yield _mistake(_place(facet, slug), message, slug)
        slugs[slug] = facet
        seen: dict[tuple[str, object], str] = {}
        for name, rule in topic.rules.items():
            context = (rule.only, rule.needs)
            for kind in ("phrases", "acronyms"):
                for index, phrase in enumerate(getattr(rule, kind)):
                    key = (phrase_key(phrase) if kind == "phrases" else phrase, context)
                    if key in seen:
                        place = (*_place(facet, slug), "rules", name, kind, index)
                        message = f"stands in rule {seen[key]!r} of this topic already"
                        yield _mistake(place, message, phrase)
                    seen.setdefault(key, name)


def _unknown_topics(config: TopicConfig) -> Iterator[InitErrorDetails]:
    known = {slug for _, slug, _ in config.topics()}
    for name, implication in config.implications.items():
        named: Mapping[str, tuple[str, ...]] = {
            "any": implication.any,
            "all": implication.all,
            "unless": implication.unless,
        }
        places: list[tuple[Location, str]] = [((name, "then"), implication.then)]
        places += [
            ((name, key, index), slug)
            for key, slugs in named.items()
            for index, slug in enumerate(slugs)
        ]
        for place, slug in places:
            if slug not in known:
                yield _mistake(("implications", *place), "no topic of this name", slug)
