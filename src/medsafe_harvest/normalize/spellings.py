"""One spelling for words that have two: British ones become American, so that both find each other.

For comparison only: no text that people read is written so. A rule that goes too far
("improvisation" gets a z) does no harm there, for it does so on both sides; none makes one word of
two. "Analyses" stays as it is, being the plural of analysis in both spellings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

_OUR = "tum|col|behavi|fav|flav|harb|hon|hum|lab|neighb|od|rum|sav|vap|vig|arm|endeav|rig|splend"
_TWO_L = "model|label|channel|level|tunnel|panel|travel|counsel|cancel|signal|total|fuel"
#: What stands before -ise of verbs that have -ize as well; exercise, precise, supervise have not.
_VERB = (
    "[a-z]{2}(?:al|ar|er|or|ur|an|en|in|on|rn|un|el|il|ll|ol|ul|yl|im|rem|ym|et|etr|it|ort|ot|"
    "ic|id|ent|ant|gn|ph|th|es|as|og|ard|tiv|[dnt]om|[mvr]at)"
)
#: Patterns for words in small letters, and what to write, in this order. RE2 and JavaScript read
#: them alike; ``$1`` is the first group, nothing where that took no part.
SPELLINGS: tuple[tuple[str, str], ...] = (
    ("[æÆ]", "ae"),
    ("[œŒ]", "oe"),
    (r"([hpncfl])ae([mdco]|sar|siu)|\b(n)ae(v)|ae(mi|sth|tiol)", "$1$3e$2$4$5"),
    (r"\boe(dem|soph|str)|\b(lymph|papill|myx)oe(dem)|\b(f|c)oe(t|li)", "$2$4e$1$3$5"),
    (r"(hom|rrh|pn|\bam)oe([abiou])", "$1e$2"),
    (rf"({_OUR})our", "$1or"),
    ("([a-z]{3}i)s(ation)", "$1z$2"),
    (rf"({_VERB}i|\bioni|ly)s(e|ed|er|ers|ing|able|ation|ations)\b", "$1z$2"),
    (r"(cent|fib|met|lit|calib|theat|tit|goit)re(s?)\b", "$1er$2"),
    (rf"({_TWO_L})l(ed|er|ers|ing|ings|able|or|ors)\b|(focus)s(ed|ing)", "$1$2$3$4"),
    (r"((?:catal|anal|dial|homol)og)ue(s?)\b|\b(program)me(s?)\b", "$1$2$3$4"),
    (r"(judg|acknowledg|\bag)e(ment|ments|ing)\b|(neuron)e(s?)\b", "$1$2$3$4"),
    (r"\b(enrol|fulfil)(s|ment|ments)?\b", "$1l$2"),
    ("artef(act)", "artif$1"),
    (r"\b(pract)is(e|ed|es|ing)\b", "$1ic$2"),
    (r"\b(def|off|lic)ence(s?)\b", "$1ense$2"),
    (r"\bcentred\b", "centered"),
    (r"\bgrey", "gray"),
    ("sulph", "sulf"),
    ("leucocyt", "leukocyt"),
    (r"\bdisc(s?)\b", "disk$1"),
    (r"\bsceptic", "skeptic"),
    ("alumini(um)", "alumin$1"),
    (r"\bmould", "mold"),
    ("manoeuvre", "maneuver"),
)
_RE2 = tuple((f"(?i){pattern}", instead.replace("$", "\\")) for pattern, instead in SPELLINGS)
_RE = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), instead.replace("$", "\\"))
    for pattern, instead in SPELLINGS
)


def american(text: str) -> str:
    """The text with one spelling for each word; letters that are written anew are small."""
    for pattern, instead in _RE:
        text = pattern.sub(instead, text)
    return text


def all_american(texts: Sequence[str]) -> list[str]:
    """The same for many texts, far faster than one by one."""
    column = pa.array(texts, pa.string())
    for pattern, instead in _RE2:
        column = pc.replace_substring_regex(column, pattern, instead)
    spelt: list[str] = column.to_pylist()
    return spelt
