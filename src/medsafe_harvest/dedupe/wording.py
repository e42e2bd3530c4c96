"""The words of a title: how much they say, how they are spelt, what they exclude."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from medsafe_harvest.dedupe.markers import is_generic, words_of
from medsafe_harvest.dedupe.numbers import NUMERALS
from medsafe_harvest.dedupe.words import INFORMATION, RARE
from medsafe_harvest.normalize.text import comparison_form

_FUNCTION_WORDS = frozenset(
    words_of(
        "a an and as at by for from in into is its of on or s the to toward towards via with using "
        "le la les de des du et der die das und el los y en"
    )
)
# Chinese, Japanese: no spaces between words.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_OF_TWO_SIGNS = 4.0
# British and American spelling, and Latin ligatures.
_SPELLINGS = (
    (re.compile(r"ae|oe"), "e"),
    (re.compile(r"our(?=s?$|al|ed|ing|ful|less|able)"), "or"),
    (re.compile(r"is(?=ation|ations|e$|ed$|es$|er$|ers$|ing$)"), "iz"),
    (re.compile(r"ys(?=e$|ed$|es$|ing$)"), "yz"),
    (re.compile(r"tre(?=s?$)"), "ter"),
    (re.compile(r"ll(?=ed$|ing$)"), "l"),
)


def words_in(form: str) -> dict[str, float]:
    """Words of a title in one spelling, function words and numbers left out, and what they say.

    Args:
        form: comparison form.

    Returns:
        Word -> information in nats, sorted by word. Of a script without spaces, each two
        neighbouring signs are a word.
    """
    found: dict[str, float] = {}
    for token in form.split():
        found.update(_said_by(token))
    return dict(sorted(found.items()))


@lru_cache(maxsize=1 << 16)
def _said_by(token: str) -> tuple[tuple[str, float], ...]:
    """The words of one token, and what each says."""
    if token in _FUNCTION_WORDS or token.isdigit() or token in NUMERALS:
        return ()
    if _UNSPACED.search(token):
        pairs = [token[n : n + 2] for n in range(max(len(token) - 1, 1))]
        return tuple((pair, _OF_TWO_SIGNS) for pair in pairs)
    return ((_one_spelling(token), INFORMATION.get(token, RARE)),)


def _one_spelling(word: str) -> str:
    if len(word) > _SHORT:
        for pattern, instead in _SPELLINGS:
            word = pattern.sub(instead, word)
    return word


#: Words of so many letters have one spelling.
_SHORT = 4


def parts_of(text: str) -> tuple[str, ...]:
    """What stands before and behind each mark that may begin a subtitle, where it says enough."""
    found = set()
    for mark in itertools.islice(_SUBTITLE.finditer(text), _MOST_MARKS):
        for part in (text[: mark.start()], text[mark.end() :]):
            form = comparison_form(part) if part.strip() else ""
            if sum(words_in(form).values()) >= _ENOUGH and not is_generic(form):
                found.add("".join(form.split()))
    return tuple(sorted(found))


def name_of(text: str) -> str | None:
    """What stands before the first colon, if it is one to three words of which one is rare."""
    head, colon, tail = text.partition(":")
    form = comparison_form(head) if colon and head.strip() and tail.strip() else ""
    words = form.split()
    if not 1 <= len(words) <= _MOST_NAME_WORDS or is_generic(form):
        return None
    rare = max(words_in(form).values(), default=0.0) >= RARE
    return "".join(words) if rare else None


#: Marks that part a title from its subtitle.
_SUBTITLE = re.compile(r"\s*[:?!]\s+|\.\s+|\s+[\u2013\u2014-]+\s+|\s*\u2014\s*|\s*[(),]\s+|\s+\(")
_MOST_MARKS = 4
#: Information, in nats, of a part of a title that may stand for the title.
_ENOUGH = 18.0
_MOST_NAME_WORDS = 3


# Words of which a title has the one or the other.
_CONTRASTS = """
    adult adults / child children childhood paediatric pediatric infant infants neonatal
        neonate neonates newborn / adolescent adolescents;
    male males men boys / female females women girls;
    left / right;
    upper / lower;
    acute / chronic;
    resistant / sensitive susceptible;
    benign / malignant;
    mild / severe;
    increased increases increase / decreased decreases decrease reduced;
    high / low;
    supervised / unsupervised;
    vitro / vivo;
    inpatient inpatients / outpatient outpatients;
    prospective / retrospective;
    first / last;
    north northern / south southern;
    east eastern / west western;
    positive / negative;
    systolic / diastolic;
    anterior / posterior;
    internal / external;
    rural / urban;
    short / long;
    smokers / nonsmokers;
    linear / nonlinear;
    primary / secondary;
    maternal / paternal;
    early / late;
    before / after
"""
#: Word -> number of its contrast and number of its side.
_OPPOSITES: Mapping[str, tuple[int, int]] = {
    word: (number, side)
    for number, contrast in enumerate(_CONTRASTS.split(";"))
    for side, words in enumerate(contrast.split("/"))
    for word in words_of(words)
}
#: Prefixes that turn what follows them into its opposite, each with its counterparts.
_COUNTERPARTS: Mapping[str, tuple[str, ...]] = {
    "hypo": ("hyper",), "hyper": ("hypo",), "pre": ("post",), "post": ("pre",),
    "intra": ("inter", "extra"), "inter": ("intra",), "extra": ("intra",),
    "macro": ("micro",), "micro": ("macro",), "homo": ("hetero",), "hetero": ("homo",),
    "over": ("under",), "under": ("over",), "endo": ("exo",), "exo": ("endo",),
    "supra": ("infra",), "infra": ("supra",), "ante": ("retro",), "retro": ("ante",),
    "mono": ("poly",), "poly": ("mono",), "uni": ("bi",), "bi": ("uni",),
}  # fmt: skip
_NEGATIONS = ("non", "un", "de", "dis", "in", "im", "anti", "mis")
_LEAST_STEM = 4


def are_opposed(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether what one title has alone is the opposite of what another has alone.

    "Adult" and "paediatric"; "hypoglycaemia" and "hyperglycaemia"; "centralised" and
    "decentralised".
    """
    mine = [_OPPOSITES[word] for word in ours if word in _OPPOSITES]
    yours = [_OPPOSITES[word] for word in theirs if word in _OPPOSITES]
    if any(a[0] == b[0] and a[1] != b[1] for a in mine for b in yours):
        return True
    return any(not _turned(word, ours).isdisjoint(theirs) for word in ours) or any(
        not _turned(word, theirs).isdisjoint(ours) for word in theirs
    )


def _turned(word: str, beside: Sequence[str]) -> set[str]:
    """What a word is with a prefix that makes it its opposite."""
    found: set[str] = set()
    if len(word) >= _LEAST_STEM:
        # "Non-preemptive" and "nonpreemptive" are one.
        found.update(prefix + word for prefix in _NEGATIONS if prefix not in beside)
    for length in range(2, min(6, len(word) - _LEAST_STEM + 1)):
        for other in _COUNTERPARTS.get(word[:length], ()):
            found.add(other + word[length:])
    return found


#: Words that, standing in one title only, make it that of another paper about the same thing.
TURNING = frozenset(
    words_of(
        "without not cost costs protocol rationale plan pilot interim update updated revisited "
        "subgroup secondary followup extension commentary summary patients' perspective"
    )
)
