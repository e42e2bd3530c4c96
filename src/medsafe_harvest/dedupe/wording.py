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
    found = dict(itertools.chain.from_iterable(map(_said_by, form.split())))
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
            if _says_enough(form) and not is_generic(form):
                found.add("".join(form.split()))
    return tuple(sorted(found))


def _says_enough(form: str) -> bool:
    said = dict(itertools.chain.from_iterable(map(_said_by, form.split())))
    return sum(said.values()) >= _ENOUGH


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
_SUBTITLE = re.compile(
    r"[:?!.(),\u2013\u2014-]"  # one set first: it is looked for many times faster than a branch
    r"(?:(?<=[:?!.(),])\s+|(?<=\s\()|(?<=\s[\u2013\u2014-])[\u2013\u2014-]*\s+|(?<=\u2014)\s*)"
)
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
_TURNABLE = tuple(_COUNTERPARTS)
_NEGATIONS = ("non", "un", "de", "dis", "in", "im", "anti", "mis")
_LEAST_STEM = 4


def are_opposed(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether what one title has alone is the opposite of what another has alone.

    "Adult" and "paediatric"; "hypoglycaemia" and "hyperglycaemia"; "centralised" and
    "decentralised".
    """
    sides = [[_OPPOSITES[word] for word in some if word in _OPPOSITES] for some in (ours, theirs)]
    if any(a[0] == b[0] and a[1] != b[1] for a in sides[0] for b in sides[1]):
        return True
    # Words that turn into each other end alike.
    endings = {word[-_LEAST_STEM:] for word in ours}
    return any(
        _turns(word, other, ours) or _turns(other, word, theirs)
        for other in theirs
        if other[-_LEAST_STEM:] in endings
        for word in ours
    )


def _turns(word: str, other: str, beside: Sequence[str]) -> bool:
    """Whether the other word is the word with a prefix that makes it its opposite."""
    if len(word) >= _LEAST_STEM and other.endswith(word):
        # "Non-preemptive" and "nonpreemptive" are one.
        prefix = other[: -len(word)]
        if prefix in _NEGATIONS and prefix not in beside:
            return True
    return word.startswith(_TURNABLE) and any(
        other == counterpart + word[length:]
        for length in range(2, min(6, len(word) - _LEAST_STEM + 1))
        for counterpart in _COUNTERPARTS.get(word[:length], ())
    )


def is_acronym(short: str, words: Sequence[str]) -> bool:
    """Whether a word has the initials of some words in any order, or letters of one long word.

    "ahus" of "atypical hemolytic uremic syndrome", "mhd" of "magnetohydrodynamic".
    """
    if not _SHORTEST_ACRONYM <= len(short) <= _LONGEST_ACRONYM:
        return False
    if len(words) > 1:
        initials = sorted(word[0] for word in words)
        return initials in (sorted(short), sorted(short.removesuffix("s")))
    [word] = words
    letters = iter(word)
    return (
        word[0] == short[0]
        and len(word) >= _TIMES * len(short)
        and not any(vowel in short for vowel in "aeiou")
        and all(letter in letters for letter in short)
    )


_SHORTEST_ACRONYM, _LONGEST_ACRONYM = 2, 6
#: So many times longer than its acronym is a word.
_TIMES = 3


#: Words that, standing in one title only, make it that of another paper about the same thing.
TURNING = frozenset(
    words_of(
        "without not cost costs protocol rationale plan pilot interim update updated revisited "
        "subgroup secondary followup extension commentary summary patients' perspective "
        "announcement details"
    )
)
