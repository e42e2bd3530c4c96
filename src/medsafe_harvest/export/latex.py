"""Text as BibTeX and LaTeX take it: escapes, and titles whose capitals stay.

BibTeX counts braces without looking for a backslash before them, so a brace in a text is written
as a command. Styles put titles into small letters but for what stands in braces; which words these
are is told by their form, and for names of persons and places by a list.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from pylatexenc.latexencode import (
    RULE_DICT,
    UnicodeToLatexConversionRule,
    UnicodeToLatexEncoder,
)

#: What LaTeX reads as something else than itself; the rest of Unicode is for biber, XeTeX, LuaTeX.
_SPECIAL = {
    "\\": r"{\textbackslash}",
    "{": r"{\textbraceleft}",
    "}": r"{\textbraceright}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"{\textasciicircum}",
    "~": r"{\textasciitilde}",
    "<": r"{\textless}",
    ">": r"{\textgreater}",
    "|": r"{\textbar}",
    "@": "{@}",  # some readers take one at the start of a line, or before a brace, for an entry
    # No font encoding lacks the closing quote; a straight one is a command under babel's German.
    '"': r"{\textquotedblright}",
}
_SPECIALS = str.maketrans(_SPECIAL)

Escape = Callable[[str], str]


def escape(text: str) -> str:
    """The text for LaTeX with Unicode input (biber, or BibTeX with UTF-8)."""
    return text.translate(_SPECIALS)


#: Combining marks and the accents of every LaTeX; pylatexenc knows most letters, not how to stack.
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u",
    "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d",
    "\u0326": "textcommabelow", "\u0327": "c", "\u0328": "k", "\u0331": "b",
}  # fmt: skip
#: Letters that pylatexenc gives a single acute accent.
_DOUBLE_ACUTE = {"\u0170": r"{\H{U}}", "\u0171": r"{\H{u}}"}


def _without_form(char: str) -> str:
    """A character that pylatexenc has no form for.

    A Latin letter is built from its accents, and loses those that only fonts of one language have.
    Of anything else there is the number, in braces that styles leave alone.
    """
    parts = unicodedata.normalize("NFD", char)
    letter, marks = parts[0], parts[1:]
    if not letter.isascii():
        return rf"{{{{\texttt{{U+{ord(char):04X}}}}}}}"
    for mark in filter(None, map(_ACCENTS.get, marks)):
        letter = rf"\{mark}{{{letter}}}"
    return f"{{{letter}}}"


_ENCODER = UnicodeToLatexEncoder(
    conversion_rules=[
        UnicodeToLatexConversionRule(
            RULE_DICT,
            {ord(char): form for char, form in (_SPECIAL | _DOUBLE_ACUTE).items()},
            replacement_latex_protection="none",
        ),
        "defaults",
    ],
    replacement_latex_protection="braces-all",
    unknown_char_policy=_without_form,
    unknown_char_warning=False,
)


def escape_to_ascii(text: str) -> str:
    r"""The text in ASCII: ``{\"u}`` for ü, ``{{\texttt{U+738B}}}`` where LaTeX has no form."""
    return str(_ENCODER.unicode_to_latex(text))


# ── titles ───────────────────────────────────────────────────────────────────────────────────

#: Names that keep their capital wherever they stand, in small letters.
_NAMES = frozenset(
    "alzheimer bayes bayesian bernoulli boltzmann bregman bonferroni byzantine cauchy chebyshev "  # noqa: SIM905 - a word list reads best as text
    "cholesky cohen cox crohn dirichlet doppler euclidean euler fisher fourier gabor gauss "
    "gaussian gini gleason granger hamming hessian hilbert hodgkin huntington jacobian jensen "
    "kalman kaplan kolmogorov kullback lagrangian laplace laplacian leibler lévy likert lipschitz "
    "lyapunov mahalanobis markov markovian mercer monte carlo nash nyström pareto parkinson "
    "parzen pearson poisson raman rademacher rényi riemann riemannian shannon shapley sinkhorn "
    "sobolev spearman stein taylor tikhonov turing voronoi wasserstein weibull wiener wilcoxon "
    "achilles ewing facebook gibbs grassmannian hebbian holter hopfield hotelling hough intel "
    "kantorovich kendall keras meniere parkinsonian persian potts swin unicode ricci wales "
    "africa african america american asia asian australia australian austria brazil brazilian "
    "britain british canada canadian china chinese denmark danish dutch england english ethiopia "
    "europe european finland france french german germany greece greek hindi india indian "
    "indonesia iran ireland israel italian italy japan japanese kenya korea korean latin london "
    "mexico netherlands nigeria norway norwegian pakistan poland polish portuguese russia russian "
    "spain spanish sweden swedish swiss switzerland taiwan thai turkey turkish uganda ukraine "
    "vietnam vietnamese amazon bluetooth ebola google hippocratic kubernetes medicaid medicare "
    "python twitter wikipedia wuhan youtube zika".split()
)
#: A word without the signs around it.
_CORE = re.compile(r"\w(?:.*\w)?", re.DOTALL)
#: A word in the parts that a style sees as one: "MRI-Based", "PET/CT", "SUM(A1)".
_PARTS = re.compile(r"([-\u2010-\u2015/()\[\]:])")
_POSSESSIVE = re.compile(r"['\u2019]s?$")
_BEGINS_ANEW = (":", "?", "!", ".", "\u2013", "\u2014")
#: Words shorter than this are in small letters in most styles, so they do not tell.
_TELLING = 4


def title(text: str, escape_with: Escape) -> str:
    """The title escaped, its acronyms and names in braces: ``{MRI}-Based Study of {Alzheimer's}``.

    A title all in capitals has none in braces. In a title that is written like a sentence every
    capital that does not begin one is a name's. A word with a colon behind it that begins the title
    is the name of a method.
    """
    words = text.split(" ")
    if not any(char.islower() for char in text):
        return escape_with(text)
    is_sentence = _is_sentence(words)
    begins = True
    out = []
    for index, word in enumerate(words):
        whole = index == 0 and word.endswith(":") and word != word.lower()
        out.append(
            _word(word, escape_with, whole=whole, name_if_capital=is_sentence and not begins)
        )
        begins = word.endswith(_BEGINS_ANEW)
    return " ".join(out)


def _is_sentence(words: list[str]) -> bool:
    """Whether most longer words behind the first begin with a small letter."""
    telling = [word for word in words[1:] if len(word) >= _TELLING and word[0].isalpha()]
    return 2 * sum(word[0].islower() for word in telling) > len(telling)


def _word(word: str, escape_with: Escape, *, whole: bool, name_if_capital: bool) -> str:
    core = _CORE.search(word)
    if core is None:
        return escape_with(word)
    parts = _PARTS.split(core[0])
    # "U-Net", "T-Cell": a letter alone belongs to what stands behind it.
    joined = len(parts) > 1 and len(parts[0]) == 1 and any(one[:1].isupper() for one in parts[1:])
    if whole or joined:
        inside = f"{{{escape_with(core[0])}}}"
    else:
        inside = "".join(
            f"{{{escape_with(part)}}}"
            if _keeps_capitals(part, alone=len(parts) == 1, name_if_capital=name_if_capital)
            else escape_with(part)
            for part in parts
        )
    return escape_with(word[: core.start()]) + inside + escape_with(word[core.end() :])


def _keeps_capitals(part: str, *, alone: bool, name_if_capital: bool) -> bool:
    capitals = sum(char.isupper() for char in part)
    if capitals == 0:
        return False
    if len(part) == 1:
        return not (alone and part == "A")
    if not part[0].isupper() or capitals > 1 or any(char.isdigit() for char in part):
        return True
    return name_if_capital or _POSSESSIVE.sub("", part).casefold() in _NAMES
