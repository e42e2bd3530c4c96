"""The documents say what is so: generated pages are up to date, links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import typer

from medsafe_harvest.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")] if path.is_file())
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", ["docs/columns.md", "docs/cli.md", "docs/matching.md", "README.md"]
)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    written = (ROOT / name).read_text(encoding="utf-8")
    assert written == generator().PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "#", "mailto:")):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_command_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(
        re.findall(
            r"^(?:\.venv/bin/)?medsafe-harvest (?:--data \S+ )?([a-z]+)", readme, re.MULTILINE
        )
    )
    known = set(vars(typer.main.get_command(app))["commands"])
    assert named
    assert named <= known


def test_every_make_target_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", readme, re.MULTILINE)) <= targets


def test_no_registry_stands_in_the_pins() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not re.search(r"https?:|--(?:extra-)?index-url|--find-links|file:|@ ", pins)
    pinned = [line for line in pins.splitlines() if not line.startswith((" ", "#"))]
    assert all(re.match(r"[a-z0-9-]+==[0-9][^ ]* ", line) for line in pinned)
    assert len(re.findall(r"^\S.*\n    --hash=sha256:", pins, re.MULTILINE)) == len(pinned)
