"""What other programs read out of the files: bibtexparser, rispy, citeproc-py, biber, bibtex."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import unicodedata
import warnings
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import rispy
from bibtexparser import middlewares
from bibtexparser.entrypoint import parse_string
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from pylatexenc.latex2text import LatexNodes2Text

from medsafe_harvest.export import Format, Style, citation_keys, many, one
from medsafe_harvest.normalize.text import one_line

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import citeproc
    from citeproc.source.json import CiteProcJSON

Row = dict[str, Any]
MakeRow = Callable[..., Row]

few = settings(max_examples=50, deadline=None)
TEXT = st.text(max_size=60) | st.text(alphabet="aB 1{}\\$&#^_%~\"@=,-\n'<|AND", max_size=30)
#: Text of which something is visible.
VISIBLE = TEXT.filter(one_line)
AUTHOR = st.fixed_dictionaries(
    {
        "name": VISIBLE,
        "given": VISIBLE | st.none(),
        "family": VISIBLE,
        "suffix": st.sampled_from([None, "Jr.", "III"]),
    }
)


def plain(latex: str) -> str:
    """LaTeX as the text that it prints: commands by what they are, no other braces."""
    signs = {
        "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^",
        "textbraceleft": "{", "textbraceright": "}", "textquotedblright": "\u201d",
        "textless": "<", "textgreater": ">", "textbar": "|",
    }  # fmt: skip
    pattern = re.compile(r"\{\\([a-z]+)\}|\\([$&#%_])|[{}]")
    return pattern.sub(lambda one: signs[one[1]] if one[1] else one[2] or "", latex)


def expected(text: str) -> str:
    return (one_line(text) or "").replace('"', "\u201d")


def parse_bibtex(text: str, *also: Any) -> Any:
    library = parse_string(text, append_middleware=list(also))
    assert library.failed_blocks == []
    return library.entries


# ── BibTeX ───────────────────────────────────────────────────────────────────────────────────


@few
@given(title=TEXT, abstract=TEXT)
@example(title="@article{x, title = {y}", abstract="}\n@comment{")
@example(title="a } b { c \\", abstract='"')
def test_any_text_survives_bibtex(make_row: MakeRow, title: str, abstract: str) -> None:
    row = make_row(title=title, abstract=abstract)
    (entry,) = parse_bibtex(one(row, "bibtex", abstract=True))
    assert plain(entry["title"]) == (expected(title) or "Untitled")
    if expected(abstract):
        assert plain(entry["abstract"]) == expected(abstract)
    assert entry["ids"] == row["paper_id"]


@few
@given(authors=st.lists(AUTHOR, min_size=1, max_size=4))
@example(authors=[{"name": "x", "given": None, "family": "Marks and Spencer", "suffix": None}])
@example(authors=[{"name": "x", "given": "Ann and", "family": "others", "suffix": "Jr."}])
@example(authors=[{"name": "x", "given": "J", "family": "de la Vega y Cruz", "suffix": None}])
def test_any_author_survives_bibtex(make_row: MakeRow, authors: list[Row]) -> None:
    split = (middlewares.SeparateCoAuthors(), middlewares.SplitNameParts())
    (entry,) = parse_bibtex(one(make_row(authors=authors), "bibtex"), *split)
    read = entry["author"]
    assert len(read) == len(authors)
    for person, author in zip(read, authors, strict=True):
        parts = [" ".join(part) for part in (person.von + person.last, person.jr, person.first)]
        family, given_, suffix = (expected(author[x] or "") for x in ("family", "given", "suffix"))
        if given_:
            assert list(map(plain, parts)) == [family, suffix, given_]
        else:
            assert plain(" ".join(filter(None, parts))) == f"{family} {suffix}".strip()


@few
@given(title=st.text(alphabet=st.characters(codec="iso8859-2", categories=["L", "N"])))
@example(title="Nguyễn Tuấn Đỗ")
def test_ascii_bibtex_keeps_the_letters_of_europe(make_row: MakeRow, title: str) -> None:
    row = make_row(title=title)
    (written,) = many([row], Style(Format.BIBTEX, ascii_only=True))
    assert written.isascii()
    (entry,) = parse_bibtex(written)
    read = unicodedata.normalize("NFC", LatexNodes2Text().latex_to_text(entry["title"]))
    assert read == (expected(title) or "Untitled")


# ── RIS, CSL ─────────────────────────────────────────────────────────────────────────────────


@few
@given(title=TEXT, authors=st.lists(AUTHOR, max_size=3), abstract=TEXT)
@example(title="a\nER  - \nTY  - JOUR", authors=[], abstract="\x85AU  - b")
def test_any_text_survives_ris(
    make_row: MakeRow, title: str, authors: list[Row], abstract: str
) -> None:
    row = make_row(title=title, authors=authors, abstract=abstract)
    (entry,) = rispy.loads(one(row, "ris", abstract=True))
    assert entry["title"] == (one_line(title) or "Untitled")
    assert entry.get("abstract") == one_line(abstract)
    names = [[one_line(a[x]) or "" for x in ("family", "given", "suffix")] for a in authors]
    words = [" ".join(" ".join(name).replace(",", " ").split()) for name in names]
    read = entry.get("authors", [])
    assert [" ".join(name.replace(",", " ").split()) for name in read] == words


#: Parts of a name in CSL-JSON 1.0.2, of those that we write.
CSL_NAME = {"family", "given", "non-dropping-particle", "suffix"}


def of_csl(file: str, *sections: str) -> set[str]:
    """Words of the schema of CSL itself, which citeproc-py brings along."""
    schema = resources.files("citeproc") / "data/schema/schemas/styles" / file
    found: set[str] = set()
    for section in sections:
        (words,) = re.findall(
            rf"^ *{re.escape(section)} =\n(.*?)(?:\n *\n|\n}})",
            schema.read_text("utf-8"),
            re.DOTALL | re.MULTILINE,
        )
        found.update(re.findall('"([^"]+)"', words))
    return found


def test_csl_has_the_shape_of_its_schema(papers: pa.Table, venues: dict[str, str]) -> None:
    style = Style(Format.CSL, citation_keys(papers), venues)
    items = json.loads("".join(many(papers.to_pylist(), style)))
    assert len(items) == papers.num_rows
    kinds = of_csl("csl-types.rnc", "item-types")
    standard = ("variables.numbers", "variables.strings", "variables.titles")
    texts = of_csl("csl-variables.rnc", *standard)
    assert "article-journal" in kinds
    assert {"DOI", "page", "container-title"} <= texts
    for item in items:
        assert item.pop("type") in kinds
        assert item.pop("id")
        assert all(
            name.keys() <= CSL_NAME or name.keys() == {"literal"} for name in item.pop("author", [])
        )
        dates = item.pop("issued", {"date-parts": [[1]]})
        assert dates.keys() == {"date-parts"}
        assert all(isinstance(part, int) for part in dates["date-parts"][0])
        assert isinstance(item.pop("custom"), dict)
        assert item.keys() <= texts
        assert all(isinstance(value, str) and value for value in item.values())


def test_citeproc_writes_a_bibliography(papers: pa.Table, venues: dict[str, str]) -> None:
    keys = citation_keys(papers)
    items = json.loads("".join(many(papers.to_pylist(), Style(Format.CSL, keys, venues))))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        sheet = citeproc.CitationStylesBibliography(
            citeproc.CitationStylesStyle("harvard-cite-them-right", validate=False),
            CiteProcJSON(items),
            citeproc.formatter.plain,
        )
        for item in items:
            sheet.register(citeproc.Citation([citeproc.CitationItem(item["id"])]))
        written = [str(one) for one in sheet.bibliography()]
    unknown = {str(one.message).rpartition("unsupported: ")[2] for one in said}
    assert unknown == {"custom"}  # which the schema has
    assert len(written) == papers.num_rows
    text = "\n".join(written)
    for shown in ("van der Berg, J. et al.", "de la Cruz, A.", "The Imaging and Privacy Consort"):
        assert shown in text
    assert "IEEE Transactions on Medical Imaging, 43(3)" in text
    assert all(row["title"] in text for row in papers.to_pylist())


# ── biber and bibtex themselves ──────────────────────────────────────────────────────────────


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here: apt-get install biber texlive-binaries")
    return found


BLTX = "{http://biblatex-biber.sourceforge.net/biblatexml}"


def test_biber_reads_people_and_keys(
    papers: pa.Table, venues: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a.bib").write_text(
        "".join(many(papers.to_pylist(), Style(Format.BIBTEX, citation_keys(papers), venues))),
        encoding="utf-8",
    )
    ran = subprocess.run(
        [program("biber"), "--tool", "--output-format=biblatexml", "-O", "a.xml", "a.bib"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert not re.search("WARN|ERROR", ran.stdout), ran.stdout
    tree = etree.parse(tmp_path / "a.xml")
    entries = {entry.get("id"): entry for entry in tree.iterfind(f".//{BLTX}entry")}
    assert set(entries) == set(citation_keys(papers).values())

    def people(key: str) -> list[dict[str, str]]:
        names = entries[key].iterfind(f"{BLTX}names/{BLTX}name")
        return [
            {
                part.get("type", ""): " ".join("".join(map(str, part.itertext())).split())
                for part in name.iterfind(f"{BLTX}namepart")
            }
            for name in names
        ]

    assert people("vanderberg2024fairness") == [
        {"prefix": "van der", "family": "Berg", "given": "Jan"},
        {"family": "King", "suffix": "Jr.", "given": "Martin Luther"},
        {"family": "Müller-Łukasz", "given": "Zoë"},
        {"family": "Ortega y Gasset", "given": "José"},
    ]
    assert people("imaging2025suma1") == [
        {"family": "The Imaging and Privacy Consortium"},
        {"family": r"Barnes, Noble {\&} Sons and Friends"},
        {"family": "王", "given": "小明"},  # and "others", which biber takes for "et al."
    ]
    ids = entries["wang2022fedavgnet"].iterfind(f"{BLTX}ids//{BLTX}item")
    assert sorted(one.text or "" for one in ids) == ["mhbbbbbbbbbbbbbbb2", "mhbbbbbbbbbbbbbbbb"]


#: A style that puts titles in small letters, as most do, and writes how it parts names.
BST = """
ENTRY { author title } {} { label }
FUNCTION {misc} {
  title empty$ { "" } { title "t" change.case$ } if$ write$ newline$
  author empty$ { "" } { author num.names$ int.to.str$ } if$ write$ newline$ newline$
}
FUNCTION {article} { misc }
FUNCTION {inproceedings} { misc }
FUNCTION {default.type} { misc }
READ
ITERATE {call.type$}
"""


def test_bibtex_leaves_names_their_capitals(papers: pa.Table, tmp_path: Path) -> None:
    style = Style(Format.BIBTEX, citation_keys(papers), ascii_only=True)
    (tmp_path / "a.bib").write_text("".join(many(papers.to_pylist(), style)), encoding="ascii")
    (tmp_path / "own.bst").write_text(BST, encoding="ascii")
    (tmp_path / "a.aux").write_text("\\citation{*}\n\\bibdata{a}\n\\bibstyle{own}\n")
    ran = subprocess.run(
        [program("bibtex"), "a"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"BIBINPUTS": ".", "BSTINPUTS": ".", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert "Warning" not in ran.stdout
    read = [" ".join(one.split()) for one in (tmp_path / "a.bbl").read_text().split("\n\n")]
    assert "{FedAvg-Net}: An adversarial approach to private {MRI}-based learning 2" in read
    assert any("{X}-ray classifiers for {Alzheimer's} disease in {Korea}" in one for one in read)
    assert sorted(one[-1:] for one in read if one[-2:-1] == " ") == ["1", "1", "1", "2", "4", "4"]
