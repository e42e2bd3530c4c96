r"""LaTeX in titles and names to Unicode, with pylatexenc where there is any LaTeX at all.

Conservative, because most titles are not LaTeX: outside maths only commands, escapes and braces
are resolved; a lone ``$``, ``&``, ``%``, ``_`` or ``#`` stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pylatexenc import latexwalker
from pylatexenc.latex2text import (
    LatexNodes2Text,
    MacroTextSpec,
    get_default_latex_context_db,
)
from pylatexenc.latexwalker import LatexWalkerEndOfStream, LatexWalkerError

SUPERSCRIPTS = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
SUBSCRIPTS = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")

#: No title or name is longer, and reading takes time with the square of the length.
_LONGEST = 5_000
_LATEX = re.compile(r"\\|\$[^$]+\$|\{[^{}]*\}")
_MATHS = re.compile(r"(?<!\\)(\$\$?)([^$]+?)(?<!\\)\1")
#: What makes ``$ ... $`` maths whatever stands around it; "$5 to $10" has none of it.
_MATHS_SIGN = re.compile(r"[\\^_{]")
_SUPER = re.compile(r"\^(?:\{\s*([0-9+-]+)\s*\}|([0-9+-]))")
_SUB = re.compile(r"_(?:\{\s*([0-9+-]+)\s*\}|([0-9]))")
#: ``Player\'s`` and ``Players\' choice``: an apostrophe that somebody escaped, not an accent.
_ESCAPED_APOSTROPHE = re.compile(r"(?<=[a-z])\\'(?=s(?![A-Za-z]))|\\'(?=\s|$)")
#: Signs that are active in LaTeX, yet plain in the titles that people submit.
_ACTIVE = re.compile(r"(?<!\\)[&%#]")
#: Commands that change the type face up to the end of the group.
_SWITCHES = "bf bfseries em it itshape normalfont rm rmfamily sc scshape sf sl tt ttfamily".split()  # noqa: SIM905 - a word list reads best as text
_FRACTIONS = ("frac", "nicefrac", "textfrac")
#: Signs that pylatexenc writes otherwise than they stand there; a text without them stays.
_SIGNS = re.compile(r"[\\{}$~`^_%#&]|--|''|\n\s*\n")
#: What a sentence may not end within, and where one ends.
_STEPS = re.compile(r"\\(?:[A-Za-z]+[\s.]*|.)|[{}]|\$\$?|(?<=[\w)]{2})\.(?=\s[A-Z])", re.DOTALL)
#: Commands that are about more than their sentence.
_FAR = re.compile(r"\\(?:begin|verb|maketitle|[\[(])")
_LONE_DOLLAR = re.compile(r"(?<!\\)\$")


def _unknown_macro(node: Any, l2tobj: LatexNodes2Text) -> str:
    r"""``\RNum{4}`` is 4, but ``SL(3,\C)`` is SL(3,C): a name alone carries the meaning."""
    parts = [part for part in node.nodeargs or () if part is not None]
    if parts:  # a command that the reader knows and the writer does not: ``\texttt{ask}``
        return "".join(l2tobj.nodelist_to_text([part]) for part in parts)
    following = node.parsing_state.s[node.pos + node.len :]
    return "" if following.startswith("{") else node.macroname + node.macro_post_space


def _fraction(node: Any, l2tobj: LatexNodes2Text) -> str:
    """As pylatexenc writes it, but without its warning where a part is missing."""
    parts = node.nodeargs or ()
    return "/".join(l2tobj.nodelist_to_text([part]) for part in parts if part is not None)


def _converter() -> LatexNodes2Text:
    context = get_default_latex_context_db()
    context.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=_unknown_macro))
    context.add_context_category(
        "titles",
        macros=[
            MacroTextSpec("url", simplify_repl="%s"),
            *(MacroTextSpec(name, simplify_repl=_fraction) for name in _FRACTIONS),
            *(MacroTextSpec(name, simplify_repl="") for name in _SWITCHES),
        ],
        prepend=True,
    )
    return LatexNodes2Text(
        latex_context=context,
        math_mode="text",
        keep_comments=True,
        strict_latex_spaces=True,
    )


_CONVERTER = _converter()
#: What the reader knows of commands; it would gather it anew for each text.
_COMMANDS = latexwalker.get_default_latex_context_db()


def from_latex(text: str) -> str:
    r"""The text with its LaTeX resolved: ``M\"uller``, ``C$^3$PO`` to Müller, C³PO.

    A text without LaTeX comes back unchanged, and so does one that pylatexenc cannot read, or one
    too long for a title. Line breaks may come out; the caller folds white space.
    """
    if len(text) > _LONGEST or not _LATEX.search(text):
        return text
    try:
        return "".join(map(_converted, _sentences(_guarded(text))))
    except (LatexWalkerError, ValueError, LookupError, AttributeError, RecursionError):
        return text  # damaged LaTeX: the words as received are the best there is


@lru_cache(maxsize=10_000)
def _converted(sentence: str) -> str:
    """One sentence; a summary has those of its abstract."""
    if not _SIGNS.search(sentence):
        return sentence
    reader = _Reader(sentence, latex_context=_COMMANDS)
    try:
        return str(_CONVERTER.nodelist_to_text(reader.get_latex_nodes()[0]))
    finally:
        reader.let_go()


class _Reader(latexwalker.LatexWalker):  # type: ignore[misc] # it has no types
    """That of pylatexenc, without what it leaves behind.

    It keeps the exception that says where the text ends in a frame which that exception points to:
    a cycle, and with it live all frames below, and whatever the callers have in theirs.
    """

    def __init__(self, text: str, **settings: Any) -> None:
        super().__init__(text, **settings)
        self._ends: list[LatexWalkerEndOfStream] = []

    def get_token(self, *given: Any, **settings: Any) -> Any:
        try:
            return super().get_token(*given, **settings)
        except LatexWalkerEndOfStream as end:
            self._ends.append(end)
            raise

    def let_go(self) -> None:
        """The text is read."""
        for end in self._ends:
            end.__traceback__ = None


def _sentences(text: str) -> Iterator[str]:
    """The sentences, none of which ends within braces or maths: most have no LaTeX in them."""
    if _FAR.search(text):
        yield text
        return
    start = depth = 0
    maths = ""
    for step in _STEPS.finditer(text):
        match step[0]:
            case "{":
                depth += 1
            case "}":
                depth -= 1
            case "$" | "$$":
                maths = "" if maths else step[0]
            case "." if not (depth or maths):
                yield text[start : step.end()]
                start = step.end()
            case _:
                pass
    yield text[start:]


def _guarded(text: str) -> str:
    """Escape what is not maths or command, and set numbers up or down in maths."""
    text = _ESCAPED_APOSTROPHE.sub("'", text)
    parts: list[str] = []
    end = 0
    for maths in _MATHS.finditer(text):
        content = maths[2]
        after = text[maths.end() : maths.end() + 1]
        tight = not (content[0].isspace() or content[-1].isspace() or after.isdigit())
        if tight or _MATHS_SIGN.search(content):
            parts.append(_plain(text[end : maths.start()]))
            parts.append(f"${_scripts(content)}$")
            end = maths.end()
    parts.append(_plain(text[end:]))
    return "".join(parts)


def _plain(text: str) -> str:
    return _LONE_DOLLAR.sub(r"\\$", _ACTIVE.sub(r"\\\g<0>", text))


def _scripts(maths: str) -> str:
    raised = _SUPER.sub(lambda found: (found[1] or found[2]).translate(SUPERSCRIPTS), maths)
    lowered = _SUB.sub(lambda found: (found[1] or found[2]).translate(SUBSCRIPTS), raised)
    return _ACTIVE.sub(r"\\\g<0>", lowered)
