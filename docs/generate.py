"""Write what is made from the code: columns, commands, weights of matching, the README's demo.

``make docs`` runs it; a test fails while a page is out of date.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import typer
from typer.core import TyperArgument
from typer.testing import CliRunner

from medsafe_harvest.cli import app
from medsafe_harvest.dedupe.evidence import EVIDENCE
from medsafe_harvest.dedupe.merge import RULES
from medsafe_harvest.schema import SCHEMA_VERSION, TABLES

HERE = Path(__file__).parent

_ABOUT = {
    "papers": "One merged row a paper.",
    "records": "What each source says of each paper, never changed by another source.",
    "decisions": "Pairs of records that were matched, refused near the threshold, or left for a "
    "person to review.",
    "relations": "Typed links between records that are not the same thing.",
    "related": "The ten papers nearest to each paper; "
    "[how-to/related-and-summaries.md](how-to/related-and-summaries.md) says how they are found.",
}


def columns_page() -> str:
    """The page about the columns of the curated tables."""
    parts = [
        "# Columns\n",
        (
            f"Schema version {SCHEMA_VERSION}. Made by `make docs` from "
            "`src/medsafe_harvest/schema.py`; edit that file, not this page.\n"
        ),
        (
            "Text is UTF-8. `list` columns are never null, only empty. A column not marked "
            "*required* may be null: the source did not say.\n"
        ),
    ]
    for name, schema in TABLES.items():
        parts.append(f"## {name}.parquet\n\n{_ABOUT[name]}\n")
        rule = " rule of the merge |" if name == "papers" else ""
        line = " --- |" if name == "papers" else ""
        parts.append(f"| column | type | what it says |{rule}\n| --- | --- | --- |{line}")
        for field in schema:
            about = field.metadata[b"description"].decode()
            required = "" if field.nullable else "; *required*"
            cell = f" {RULES[field.name].value if field.name in RULES else ''} |" if rule else ""
            parts.append(f"| `{field.name}` | {_type(field.type)} | {about}{required} |{cell}")
        parts.append("")
    return "\n".join(parts)


def _type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_type(kind.value_type)}"
    if pa.types.is_struct(kind):
        return "struct(" + ", ".join(f"{part.name} {_type(part.type)}" for part in kind) + ")"
    return str({"date32[day]": "date", "double": "float64"}.get(str(kind), kind))


def cli_page() -> str:
    """The page about the commands."""
    root = typer.main.get_command(app)
    parts = [
        "# Commands\n",
        "Made by `make docs` from the commands' own help; edit that, not this page.\n",
        _paragraphs(root.help),
        "Options before the command:\n",
        _options(root),
    ]
    for path, command in _commands(root, ()):
        parts += [f"## `{' '.join(path)}`\n", _paragraphs(command.help), _options(command)]
    return "\n".join(parts).rstrip() + "\n"


def _commands(group: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    """Every command below a group with the words that call it."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                found.append(((*path, name), command))
            found += _commands(command, (*path, name))
        else:
            found.append(((*path, name), command))
    return found


def _paragraphs(text: str | None) -> str:
    return (text or "").strip() + "\n"


def _options(command: Any) -> str:
    rows = []
    for parameter in command.params:
        about = " ".join((getattr(parameter, "help", None) or "").split())
        if isinstance(parameter, TyperArgument):
            names = parameter.metavar or parameter.name.upper()
        else:
            names = ", ".join([*parameter.opts, *parameter.secondary_opts])
            default = parameter.default
            if default not in (None, False, ()) and not callable(default):
                about += f" Default: `{getattr(default, 'value', default)}`."
        rows.append(f"| `{names}` | {about.replace('|', chr(92) + '|')} |")
    if not rows:
        return ""
    return "| option | what it does |\n| --- | --- |\n" + "\n".join(rows) + "\n"


def readme_page() -> str:
    """The README with what the demo prints, but for what depends on the day and the machine."""
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    before, _, rest = readme.partition(_DEMO)
    _, _, after = rest.partition(_DEMO_END)
    with TemporaryDirectory() as folder:
        into = str(Path(folder, "demo"))
        result = CliRunner().invoke(
            app, ["demo", "--into", into], env={"COLUMNS": "96"}, catch_exceptions=False
        )
    if result.exit_code:
        raise RuntimeError(f"the demo failed: {result.output}")
    shown = result.stdout.partition("Windows complete")[0].rstrip()
    return f"{before}{_DEMO}\n```\n{shown}\n```\n{_DEMO_END}{after}"


def matching_page() -> str:
    """The page about matching with the weights that the code has."""
    page = (HERE / "matching.md").read_text(encoding="utf-8")
    before, _, rest = page.partition(_WEIGHTS)
    _, _, after = rest.partition(_WEIGHTS_END)
    rows = [
        f"| {kind} | {level.words} | {level.weight:+.1f} |"
        for kind, levels in EVIDENCE.items()
        for level in levels
    ]
    table = "\n".join(["| evidence | level | weight |", "| --- | --- | --- |", *rows])
    return f"{before}{_WEIGHTS}\n{table}\n{_WEIGHTS_END}{after}"


def digest_page() -> str:
    """The page about digest and coverage with what they print for the demo's papers."""
    return _with_output("how-to/digest-and-coverage.md", most=9)


def search_page() -> str:
    """The page about the search with what it prints for the demo's papers."""
    return _with_output("how-to/search.md", most=99)


def _with_output(name: str, *, most: int) -> str:
    """A page with the output of each command that it shows, cut to so many lines a paragraph."""
    page = (HERE / name).read_text(encoding="utf-8")
    runner = CliRunner()
    with TemporaryDirectory() as folder:
        into = str(Path(folder, "demo"))
        runner.invoke(app, ["demo", "--into", into])

        def block(found: re.Match[str]) -> str:
            words = shlex.split(found[1])[3:]
            shown = runner.invoke(app, ["--data", into, *words], env={"COLUMNS": "100"}).stdout
            return f"```console\n$ {found[1]}\n{_excerpt(shown, most)}\n```"

        return re.sub(r"^```console\n\$ (.+)\n(?s:.*?)^```$", block, page, flags=re.MULTILINE)


def _excerpt(shown: str, most: int) -> str:
    """The beginning of each paragraph, without those that change from month to month."""
    text = "\n".join(line.rstrip() for line in shown.splitlines()).strip()
    kept = []
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        if not lines[0].startswith("Relevant papers by topic and month"):
            kept.append("\n".join(lines[:most] + ["..."] * (len(lines) > most)))
    return "\n\n".join(kept)


_WEIGHTS = "<!-- weights -->"
_WEIGHTS_END = "<!-- /weights -->"
_DEMO = "<!-- demo -->"
_DEMO_END = "<!-- /demo -->"

PAGES = {
    "docs/columns.md": columns_page,
    "docs/cli.md": cli_page,
    "docs/matching.md": matching_page,
    "docs/how-to/digest-and-coverage.md": digest_page,
    "docs/how-to/search.md": search_page,
    "README.md": readme_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE.parent / name).write_text(page(), encoding="utf-8")
