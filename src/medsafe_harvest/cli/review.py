"""Let a person decide about doubtful pairs: ``review``."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.table import Table
from rich.text import Text

from medsafe_harvest import report, review_sheet
from medsafe_harvest.cli.context import Exit, Workplace, console, output
from medsafe_harvest.cli.harvest import rebuild
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.curated import snapshot
from medsafe_harvest.dedupe.explain import Explanation, explain_pair
from medsafe_harvest.dedupe.prepare import NEEDED, prepare
from medsafe_harvest.dedupe.reasons import Outcome
from medsafe_harvest.errors import ConfigError, CuratedError, MedsafeError, StoreError
from medsafe_harvest.fetch.clock import SystemClock
from medsafe_harvest.normalize.text import one_line
from medsafe_harvest.overrides_file import OverridesFile, Ruling
from medsafe_harvest.review import (
    SHOWN,
    Choice,
    Pair,
    Papers,
    Session,
    default_why,
    described,
    differences,
    pairs,
    unknown,
)

#: Characters of an abstract that are shown.
_ABSTRACT = 400
_DIFFERS = "bold underline yellow"
_KEYS = "y same paper   n different papers   s skip   u undo   q quit   ? help"
_LAST = "that was the last pair: u takes the last answer back, any other key ends"
_HELP = """\
y  The two records are one paper. Preprint and published version are one paper.
n  They are two papers: a reply, an erratum, part 2, the journal version with new results.
s  Leave it for later; it comes last the next time.
u  Take back the last answer, then the one before, and so on.
q  Leave. Every answer is written already; the next review goes on where you were.
After y or n you are asked why: Enter takes the words in brackets, Ctrl-C goes back to the pair."""


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(review)


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


class _Terminal:
    """The keyboard of the terminal that the command runs in."""

    def key(self) -> str:
        """One key, without Enter."""
        return typer.getchar()

    def line(self, prompt: str) -> str:
        """One line, ended by Enter."""
        return output.input(prompt, markup=False)


def review(  # noqa: PLR0913, PLR0917 - each option is a parameter
    context: typer.Context,
    near: Annotated[
        bool, typer.Option("--near", help="Also the refusals that were near the threshold.")
    ] = False,
    matches: Annotated[
        bool, typer.Option("--matches", help="Also the matches, the weakest first.")
    ] = False,
    reason: Annotated[
        list[str] | None,
        typer.Option(help="Only pairs with this reason code; may be repeated."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only pairs with a record of this source; may be repeated."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many pairs.")] = None,
    who: Annotated[
        str | None,
        typer.Option(help="Who decides. Default: git's user.name, or else the login name."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FILE",
            help="Write the pairs as CSV to this file (-: standard output) and ask nothing.",
        ),
    ] = None,
    import_: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="FILE",
            help="Take the answers from the column `answer` of this CSV file (-: standard input).",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --import: say what would be written.")
    ] = False,
    then_rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Apply the answers at once, as `rebuild` does.")
    ] = False,
) -> None:
    """Walk through the doubtful pairs and decide: one paper, or two?

    Each answer goes at once to config/overrides.yaml, with who, when and why, and holds from the
    next `rebuild` or `harvest` on, for good. A pair that was answered, or follows from answers, is
    not asked again; an answer that contradicts another is refused. Leave whenever you like.
    """
    place: Workplace = context.obj
    if export and import_:
        raise typer.BadParameter("--export and --import exclude each other")
    if dry_run and not import_:
        raise typer.BadParameter("--dry-run goes with --import")
    file = OverridesFile(_own(place) / "overrides.yaml")
    if import_:
        name = who or _login()
        written = _import(place, file, import_, name, _today(), dry_run=dry_run)
    else:
        choice = Choice(near, matches, frozenset(reason or ()), frozenset(source or ()))
        # Resolved once: a run may put another table in its place meanwhile.
        folder = snapshot.current(place.curated)
        decisions = snapshot.read(folder, "decisions")
        _refuse_unknown(choice, decisions)
        memory = place.data / "cache" / "review-skipped.tsv"
        session = Session(pairs(decisions, choice), file, _papers(folder), _skipped_before(memory))
        session.limit(limit)
        if export:
            _export(folder, session, export)
            return
        if not (sys.stdin.isatty() and output.is_terminal):
            console.print(
                "review asks on a terminal, and there is none here. Without one: "
                "medsafe-harvest review --export pairs.csv, fill in the column answer (y or n), "
                "then medsafe-harvest review --import pairs.csv",
                soft_wrap=True,
            )
            raise typer.Exit(Exit.USAGE)
        name = who or _login()
        walk(folder, session, _Terminal(), memory=memory, who=name, today=_today)
        written = len(session.answered)
        _warn_of_unknown(place, file)
    if written and then_rebuild:
        rebuild(context)
    elif written:
        console.print("run `medsafe-harvest rebuild` to apply")


def _own(place: Workplace) -> Path:
    """The configuration folder, if it is the user's own.

    Raises:
        ConfigError: it is the package's, which the next upgrade replaces.
    """
    package = Path(str(resources.files("medsafe_harvest"))).resolve()
    if place.config_folder.resolve().is_relative_to(package):
        raise ConfigError(
            "answers are not written into the installed package: copy this folder to ./config, or "
            "name yours with --config",
            file=str(place.config_folder),
        )
    return place.config_folder


def _login() -> str:
    """Git's user.name, or else the login name.

    Raises:
        typer.BadParameter: neither is known.
    """
    git = shutil.which("git")
    if git:
        asked = subprocess.run(  # noqa: S603 - a fixed question
            [git, "config", "user.name"], capture_output=True, text=True, check=False
        )
        if name := one_line(asked.stdout):
            return name
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        raise typer.BadParameter("nobody knows who you are: say it with --who NAME") from error


def _today() -> date:
    return SystemClock().now().date()


def _refuse_unknown(choice: Choice, decisions: pa.Table) -> None:
    """Refuse a reason or source that no decision has, rather than find nothing.

    Raises:
        typer.BadParameter: there is one.
    """
    sides = [*decisions["left"].to_pylist(), *decisions["right"].to_pylist()]
    known = {
        "reason": (choice.reasons, set(decisions["reason"].to_pylist())),
        "source": (choice.sources, {one.partition(":")[0] for one in sides}),
    }
    for kind, (asked, there) in known.items():
        for name in sorted(asked - there):
            raise typer.BadParameter(
                f"--{kind}: no pair has {name!r}; there are {', '.join(sorted(there)) or 'none'}"
            )


def _papers(folder: Path) -> Papers:
    papers = snapshot.read(folder, "papers", ["record_ids"])
    return Papers(papers["record_ids"].to_pylist())


class _Records:
    """The records that pairs are made of.

    Args:
        folder: a snapshot.
        wanted: the pairs.
    """

    def __init__(self, folder: Path, wanted: Iterable[Pair]) -> None:
        ids = sorted({one for pair in wanted for one in pair.ids})
        columns = list(dict.fromkeys((*SHOWN, *NEEDED)))
        records = snapshot.read(folder, "records", columns)
        self._table = records.filter(pc.is_in(records["record_id"], pa.array(ids, pa.string())))
        self.rows: dict[str, Mapping[str, Any]] = {
            row["record_id"]: row for row in self._table.select(SHOWN).to_pylist()
        }

    def explain(self, pair: Pair) -> Explanation:
        """The working of the decision about a pair."""
        left, right = (self._prepared(record_id) for record_id in pair.ids)
        return explain_pair(left, right, pair.keys)

    def _prepared(self, record_id: str) -> pa.RecordBatch:
        found = self._table.filter(pc.equal(self._table["record_id"], record_id)).select(NEEDED)
        return prepare(found.combine_chunks().to_batches()[0])


# ── a walk on the terminal ───────────────────────────────────────────────────────────────────


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
    before = _skipped_before(memory)
    records = _Records(folder, session.queue)
    console.print(f"{len(session.queue)} pairs to review; answers are {who}'s (--who changes it)")
    shown_last: Pair | None = None
    while (pair := session.present()) is not None or session.has_begun:
        if pair is None:
            console.print(_LAST)
        elif pair != shown_last:
            explained = records.explain(pair)
            _print_pair(pair, session, records, explained)
        shown_last = pair
        key = _key(keyboard)
        if key == "q" or (pair is None and key != "u"):
            break
        try:
            if key == "u":
                shown_last = None
                console.print("taken back" if session.undo() else "nothing to take back")
            elif pair is not None and key in {"y", "n"}:
                _answer(session, pair, explained, keyboard, same=key == "y", who=who, today=today)
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
    # Ctrl-C and Ctrl-D, where the terminal hands them on.
    return "q" if key in {"\x03", "\x04"} else key


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


def _print_pair(pair: Pair, session: Session, records: _Records, explained: Explanation) -> None:
    output.print()
    output.rule(f"{session.number} of {len(session.queue)}")
    left, right = (described(records.rows[one]) for one in pair.ids)
    table = Table("")
    table.columns[0].no_wrap = True
    for record_id in pair.ids:
        table.add_column(shown(record_id), overflow="fold", ratio=1)
    for name in left:
        texts = (left[name], right[name])
        if name == "abstract":
            texts = (_start(texts[0]), _start(texts[1]))
        if any(texts):
            table.add_row(Text(name, "bold"), *map(_marked, differences(*texts)))
    output.print(table)
    evidence = Table("evidence", "what holds", "weight")
    evidence.add_row("prior", "two records taken at random", f"{explained.prior:+.1f}")
    for one in explained.evidence:
        if one.weight:
            evidence.add_row(one.kind, shown(one.words), f"{one.weight:+.1f}")
    output.print(evidence)
    words = {one.words for one in explained.evidence}
    more = [part for part in pair.detail.split("; ") if part not in words]
    said = f" ({pair.reason}), score {pair.score:.3f}"
    output.print(Text.assemble((pair.outcome, "bold"), "; ".join([said, *more])))
    output.print(_outlook(pair, session))
    output.print(_KEYS)


def _start(text: str) -> str:
    return text if len(text) <= _ABSTRACT else f"{text[:_ABSTRACT].rsplit(' ', 1)[0]} ..."


def _marked(words: Iterable[tuple[str, bool]]) -> Text:
    text = Text()
    for word, differs in words:
        text.append(" " if text else "").append(word, _DIFFERS if differs else "")
    return text


def _outlook(pair: Pair, session: Session) -> str:
    together = session.standing.together(pair)
    if pair.outcome == Outcome.MATCH:
        return f"one paper of {len(together)} records now; n holds these two apart"
    others = [one for one in together if one not in pair.ids]
    also = f", with {', '.join(others)}" if others else ""
    return f"y joins {len(together)} records into one paper{also}"


def _print_end(session: Session) -> None:
    answered, skipped = session.answered, session.skipped
    same = sum(ruling.same for ruling in answered)
    console.print(
        f"{len(answered)} answered ({same} same, {len(answered) - same} different), "
        f"{len(skipped)} skipped, {session.left} left"
    )


def _warn_of_unknown(place: Workplace, file: OverridesFile) -> None:
    """Name what the rulings are about and the table lacks; it may come with a later harvest."""
    try:
        lacking = unknown(file.read(), _papers(snapshot.current(place.curated)))
    except CuratedError:
        return  # there is no table yet
    if lacking:
        console.print(
            Text.assemble(
                ("warning: ", "bold yellow"),
                f"{file.path} names records that the table lacks, so these entries do nothing yet: "
                f"{', '.join(lacking)}",
            ),
            soft_wrap=True,
        )


# ── skipped pairs ────────────────────────────────────────────────────────────────────────────


def _skipped_before(memory: Path) -> set[tuple[str, str]]:
    try:
        lines = memory.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return set()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{memory} cannot be read ({error}): remove it") from error
    return {(left, right) for left, _, right in (line.partition("\t") for line in lines)}


def _remember(memory: Path, before: set[tuple[str, str]], session: Session) -> None:
    """Skipped pairs come last the next time, those that were skipped another day as well."""
    now = sorted(before | {pair.ids for pair in session.skipped})
    if now:
        text = "".join(f"{left}\t{right}\n" for left, right in now)
        report.write(memory, text)


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────


def _export(folder: Path, session: Session, target: Path) -> None:
    text = review_sheet.write(session.queue, _Records(folder, session.queue).rows)
    if str(target) == "-":
        typer.echo(text, nl=False)
    else:
        # With the mark, spreadsheets know that it is UTF-8.
        report.write(target, f"\ufeff{text}")
    console.print(
        f"{len(session.queue)} pairs; fill in the column answer (y or n), then run "
        "`medsafe-harvest review --import FILE`"
    )


def _import(
    place: Workplace, file: OverridesFile, table: Path, who: str, today: date, *, dry_run: bool
) -> int:
    """Write the answers of a table, all or none; how many were written.

    Raises:
        ConfigError: the table is wrong, or contradicts itself or what is there.
    """
    try:
        content = sys.stdin.buffer.read() if str(table) == "-" else table.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error}", file=str(table)) from error
    name = "standard input" if str(table) == "-" else str(table)
    answers = review_sheet.read(content, file=name, who=who, when=today)
    new = review_sheet.check(answers, file.read(), file=name)
    if not dry_run:
        new = file.add(new)
    for ruling in new:
        output.print(_line(ruling), soft_wrap=True)
    same = sum(ruling.same for ruling in new)
    console.print(
        f"{'would write' if dry_run else 'written'}: {len(new)} ({same} same, "
        f"{len(new) - same} different); {len(answers.rulings) - len(new)} were there already; "
        f"{answers.unanswered} rows have no answer"
    )
    _warn_of_unknown(place, file)
    return 0 if dry_run else len(new)


def _line(ruling: Ruling) -> Text:
    return Text.assemble((ruling.key, "bold"), f" {ruling.link}")
