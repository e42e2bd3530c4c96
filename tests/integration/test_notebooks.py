"""The notebooks run from top to bottom, and the examples of their how-to do what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import matplotlib.image
import nbformat
import pytest
from nbclient import NotebookClient

from .conftest import ROOT, Project

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIGURES = {
    "tour": [],
    "literature_study": [
        *("code", "federated_learning", "topics_by_modality"),
        *("topics_by_month", "topics_together", "venues"),
    ],
}
_BLOCK = re.compile(
    r"^```python\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE
)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_what_it_printed(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(
    path: Path, harvested: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSAFE_CURATED", str(harvested.data / "curated"))
    monkeypatch.setenv("MEDSAFE_FIGURES", str(tmp_path / "figures"))
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    said = [one["text"] for one in outputs if one["output_type"] == "stream"]
    assert not [text for text in said if "Warning" in text]
    drawn = sorted((tmp_path / "figures").glob("*.png"))
    assert [one.stem for one in drawn] == FIGURES[path.stem]
    for one in drawn:
        image = matplotlib.image.imread(one)
        assert image.shape[1] > 900
        assert image[..., :3].std() > 0.02, f"{one.name} is blank"


def test_the_examples_of_the_how_to_do_what_it_says(
    harvested: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(harvested.folder)
    guide = (ROOT / "docs/how-to/notebooks.md").read_text(encoding="utf-8")
    blocks = _BLOCK.findall(guide)
    assert len(blocks) >= 6
    names: dict[str, object] = {}
    for code, printed in blocks:
        exec(compile(code, "notebooks.md", "exec"), names)
        assert capsys.readouterr().out == printed
