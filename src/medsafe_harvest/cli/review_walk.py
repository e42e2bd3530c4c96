"""The walk of ``review`` on a terminal, one pair after the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Protocol

import typer
from rich.text import Text

from medsafe_harvest import report
from medsafe_harvest.cli.context import console, output
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.cli.review_pair import Records, print_outlook, print_pair
from medsafe_harvest.dedupe.explain import Explanation
from medsafe_harvest.errors import MedsafeError, StoreError
from medsafe_harvest.normalize.text import one_line
from medsafe_harvest.review import Pair
from medsafe_harvest.review_outlook import Effect
from medsafe_harvest.review_session import Session
from medsafe_harvest.review_words import default_why

_KEYS = "y same paper   n different papers   s skip   u undo   q quit   ? help"
_LAST = "that was the last pair: u takes the last answer back, any other key ends"
_HELP = """\
y  The two records are one paper. Preprint and published version are one paper.
n  They are two papers: a reply, an erratum, part 2, the journal version with new results.
s  Leave it for later; it comes last the next time.
u  Take back the last answer, then the one before, and so on.
q  Leave. Every answer is written already; the next review goes on where you were.
An answer that takes a paper apart is asked for twice.
After y or n you are asked why: Enter takes the words in brackets, Ctrl-C goes back to the pair."""


class Keyboard(Protocol):
    """Where answers come from."""

    def key(self) -> str:
        """One key.

        Raises:
            EOFError: there is none any more.
            KeyboardInterrupt: Ctrl-C.
        """

    def line(self, prompt: str) -> str:
        """One line, after a prompt.

        Raises:
            EOFError: there is none any more.
            KeyboardInterrupt: Ctrl-C.
        """


class Terminal:
    """The keyboard of the terminal that the command runs in."""

    def key(self) -> str:
        """One key, without Enter."""
        return typer.getchar()

    def line(self, prompt: str) -> str:
        """One line, ended by Enter."""
        return output.input(prompt, markup=False)


def walk(
    folder: Path,
    session: Session,
    keyboard: Keyboard,
    *,
    memory: Path,
    who: str,
    today: Callable[[], date],
) -> None:
    """Ask about one pair after the other until there is none left, or the person leaves.

    Args:
        folder: the snapshot that the pairs are of.
        session: the pairs, and what becomes of the answers.
        keyboard: where answers come from.
        memory: the file that skipped pairs are remembered in.
        who: stands in the file beside each answer.
        today: the day that stands there.

    Raises:
        MedsafeError: the table is damaged, or the file is wrong from the beginning.
    """
    before = skipped_before(memory)
    records = Records(folder, session.queue)
    outlook = records.outlook(session.papers)
    console.print(f"{len(session.queue)} pairs to review; answers are {who}'s (--who changes it)")
    shown_last: Pair | None = None
    while (pair := session.present()) is not None or session.has_begun:
        if pair is None:
            console.print(_LAST)
        elif pair != shown_last:
            explained = records.explain(pair)
            print_pair(pair, session, records, explained)
            print_outlook(pair, session, outlook)
            output.print(_KEYS)
        shown_last = pair
        key = _key(keyboard)
        if key == "q" or (pair is None and key != "u"):
            break
        try:
            if key == "u":
                shown_last = None
                console.print("taken back" if session.undo() else "nothing to take back")
            elif pair is not None and key in {"y", "n"}:
                effect = outlook.of(pair, session.overrides, same=key == "y")
                if _is_meant(effect, keyboard):
                    _answer(
                        session, pair, explained, keyboard, same=effect.same, who=who, today=today
                    )
            elif key == "s":
                session.skip()
            else:
                console.print(_HELP if key == "?" else _KEYS)
        except MedsafeError as error:
            console.print(Text.assemble(("not done: ", "bold red"), str(error)), soft_wrap=True)
            console.print(_KEYS)
        _remember(memory, before, session)
    _print_end(session)


def _key(keyboard: Keyboard) -> str:
    """The next key; whoever interrupts or is gone quits."""
    try:
        key = keyboard.key().lower()
    except (KeyboardInterrupt, EOFError):
        return "q"
    # A quick Enter behind a letter comes with it.
    key = key.rstrip("\r\n") or key
    # Ctrl-C and Ctrl-D, where the terminal hands them on.
    return "q" if key in {"\x03", "\x04"} else key


def _is_meant(effect: Effect, keyboard: Keyboard) -> bool:
    """Whether the person wants an answer although it takes a paper apart."""
    if not effect.torn:
        return True
    for line in effect.lines:
        console.print(shown(line), soft_wrap=True)
    letter = "y" if effect.same else "n"
    console.print(f"a paper is taken apart: {letter} again to answer so, any other key goes back")
    if _key(keyboard) == letter:
        return True
    console.print(f"not answered\n{_KEYS}")
    return False


def _answer(  # noqa: PLR0913 - an answer has many parts
    session: Session,
    pair: Pair,
    explained: Explanation,
    keyboard: Keyboard,
    *,
    same: bool,
    who: str,
    today: Callable[[], date],
) -> None:
    """Ask why, and write the answer.

    Raises:
        MedsafeError: it is refused or cannot be written.
    """
    usual = default_why(explained.evidence, same=same)
    console.print(shown("same paper" if same else "different papers", "bold"))
    try:
        why = one_line(keyboard.line(f"why? [{usual}] ")) or usual
    except (KeyboardInterrupt, EOFError):
        console.print(f"\nnot answered\n{_KEYS}")
        return
    session.answer(pair, same=same, who=who, when=today(), why=why)


def _print_end(session: Session) -> None:
    answered, skipped = session.answered, session.skipped
    same = sum(ruling.same for ruling in answered)
    console.print(
        f"{len(answered)} answered ({same} same, {len(answered) - same} different), "
        f"{len(skipped)} skipped, {session.left} left"
    )


# ── skipped pairs ────────────────────────────────────────────────────────────────────────────


def skipped_before(memory: Path) -> set[tuple[str, str]]:
    """Pairs that were skipped another day.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        lines = memory.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return set()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{memory} cannot be read: remove it") from error
    return {(left, right) for left, _, right in (line.partition("\t") for line in lines)}


def _remember(memory: Path, before: set[tuple[str, str]], session: Session) -> None:
    """Skipped pairs come last the next time, those that were skipped another day as well."""
    now = sorted(before | {pair.ids for pair in session.skipped})
    if now:
        text = "".join(f"{left}\t{right}\n" for left, right in now)
        report.write(memory, text)


def warn(words: str) -> None:
    """Say what is no error, and may be a slip."""
    console.print(Text.assemble(("warning: ", "bold yellow"), shown(words)), soft_wrap=True)
