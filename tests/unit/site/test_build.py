"""The folder that a build writes: its bytes, its links, what it leaves alone.

``MEDSAFE_WRITE_GOLDEN=1 pytest tests/unit/site`` writes the golden files anew; read the difference.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from medsafe_harvest.curated.selection import Choice
from medsafe_harvest.errors import BusyError, ExportError
from medsafe_harvest.site.abstracts import Abstracts
from medsafe_harvest.site.build import Built, build
from medsafe_harvest.site.tree import replacing
from tests.unit.shown_papers import author, paper
from tests.unit.site.conftest import LEDGER, PLAIN, SETTINGS, papers, write

GOLDEN = Path(__file__).parents[2] / "golden/site"
ADDRESS = "https://example.org/of papers/".replace(" ", "%20")


def made(folder: Path, out: Path, **changes: Any) -> Built:
    return build(folder, LEDGER, out, replace(SETTINGS, **changes))


@pytest.fixture(scope="module")
def site(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "out"
    made(folder, out, base_url=ADDRESS)
    return out


def files(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def read(path: Path) -> Any:
    return html.fromstring(path.read_bytes())


def pages(out: Path) -> Iterator[tuple[str, Any]]:
    for path in sorted(out.rglob("*.html")):
        yield path.relative_to(out).as_posix(), read(path)


def test_the_site_is_these_bytes(site: Path) -> None:
    found = files(site)
    digests = "".join(
        f"{hashlib.sha256(content).hexdigest()[:16]}  {name}\n" for name, content in found.items()
    )
    shown = {
        "paper.html": found[f"papers/{PLAIN}.html"],
        "topic.html": found["topics/privacy.html"],
        "core-0.js": found["index/core-0.js"],
        "digests.txt": digests.encode(),
    }
    if os.environ.get("MEDSAFE_WRITE_GOLDEN"):
        for name, content in shown.items():
            (GOLDEN / name).write_bytes(content)
    for name, content in shown.items():
        assert content.decode() == (GOLDEN / name).read_text("utf-8"), name


def test_the_order_of_hashes_does_not_show(folder: Path, site: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from medsafe_harvest.site.build import build\n"
        "from dataclasses import replace; from tests.unit.site.conftest import *\n"
        "settings = replace(SETTINGS, base_url=sys.argv[3])\n"
        "build(Path(sys.argv[1]), LEDGER, Path(sys.argv[2]), settings)"
    )
    out = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-c", code, str(folder), str(out), ADDRESS],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "1"},
        cwd=Path(__file__).parents[3],
    )
    assert files(out) == files(site)


def test_every_link_of_the_site_leads_to_a_file(site: Path) -> None:
    known = files(site).keys()
    linked = set()
    for name, page in pages(site):
        for _, _, address, _ in page.iterlinks():
            parts = urlsplit(address)
            if parts.scheme:
                assert parts.scheme in {"https", "http"}, (name, address)
                continue
            if parts.path:
                target = os.path.normpath(Path(name).parent / unquote(parts.path))
                assert target in known, (name, address)
                linked.add(target)
    assert f"papers/{PLAIN}.html" in linked
    assert "feeds/topics/privacy.atom" in linked
    # Every page can be reached.
    reached = {name for name in known if name.endswith(".html")} - linked
    assert reached == {"404.html", "papers/mhold.html", "papers/mholder.html"}


def test_pages_hold_nothing_that_runs(site: Path) -> None:
    for name, page in pages(site):
        [policy] = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert not page.xpath("//style | //iframe | //@style | //script[text()] | //b"), name
        assert not [one for one in page.xpath("//@*") if one.attrname.startswith("on")], name
        for source in page.xpath("//script/@src | //link/@href | //img/@src"):
            assert not source.startswith("//"), name
            assert not urlsplit(source).scheme or source.startswith(ADDRESS), name
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), name
    assert b"\x00" not in b"".join(files(site).values())


def test_a_paper_page_tells_all_there_is(site: Path) -> None:
    page = read(site / f"papers/{PLAIN}.html")
    text = " ".join(" ".join(page.xpath("//main//text()")).split())
    for words in (
        "Unlearning chest x-rays: AUC < 0.5 & what then?",
        "Zoë Müller , 陳大文",
        "Preprint arXiv 18 November 2026 arXiv 2611.00001",
        "Conference paper MICCAI 2026 DOI 10.1000/ab<c>(1) Semantic Scholar 7",
        "arxiv:2611.00001 is a preprint of semantic_scholar:7",
        "This paper extends Conformal prediction of scans",
        "2019 · shares CT, privacy, scans",
        "github.com/zoe/unlearn",
        "not the authors\N{RIGHT SINGLE QUOTATION MARK} own",
        "@inproceedings{muller2026unlearning",
        "CC-BY-4.0",
        "arxiv:2611.00001 arxiv first <b>Other</b> title semantic_scholar:7",
        "Unlearning 0.98 “unlearning” in the title",
    ):
        assert words in text, words
    # A related paper that the snapshot does not have is left out, and so is a wicked address.
    assert len(page.xpath("//ol[@class='related']/li")) == 2
    assert not page.xpath("//a[starts-with(@href, 'javascript')]")


def test_what_runs_right_to_left_turns_nothing_else(tmp_path: Path) -> None:
    name = "\u0645\u062d\u0645\u062f"
    rows = [
        paper("mha", title="\u202eTurned", authors=[author(name)], topics=["ct"], modality=["ct"])
    ]
    made(write(tmp_path / "curated", rows), tmp_path / "site")
    [row] = read(tmp_path / "site/topics/ct.html").xpath("//tbody/tr[th/a]")
    assert row.xpath("th//bdi/text()") == ["\u202eTurned", name]
    [heading] = read(tmp_path / "site/papers/mha.html").xpath("//h1")
    assert heading.get("dir") == "auto"
    assert "1 paper</span>" in (tmp_path / "site/topics.html").read_text("utf-8")


def test_a_paper_without_a_title_can_be_pointed_at(tmp_path: Path) -> None:
    rows = [paper("mha", title="", topics=["ct"], modality=["ct"]), paper("mhb", title="x" * 200)]
    made(write(tmp_path / "curated", rows), tmp_path / "site")
    site = tmp_path / "site"
    assert read(site / "topics/ct.html").xpath("string(//tbody/tr/th/a)") == "(no title)"
    assert read(site / "papers/mha.html").xpath("string(//h1)") == "(no title)"
    assert "(no title)" in (site / "index/core-0.js").read_text("utf-8")
    assert read(site / "papers/mhb.html").xpath("//h1/@class") == ["long"]


def test_what_is_very_long_is_cut_or_folded(tmp_path: Path) -> None:
    authors = [author(f"Name{number}") for number in range(60)]
    long = {"title": f"{'word ' * 100}end", "venue": "V" * 500, "authors": authors}
    made(
        write(tmp_path / "curated", [paper("mha", topics=["ct"], modality=["ct"], **long)]),
        tmp_path / "site",
    )
    site = tmp_path / "site"
    [row] = read(site / "topics/ct.html").xpath("//tbody/tr[th/a]")
    assert row.xpath("string(th/a)").endswith(" word …")
    assert len(row.xpath("string(td[@class='venue'])")) == 102
    page = read(site / "papers/mha.html")
    assert page.xpath("string(//h1)").endswith(" word end")
    assert page.xpath("string(//p[@class='by'])").endswith("Name19")
    assert page.xpath("string(//details[@class='by']/summary)") == "and 40 more"
    # The last of many is looked for more often than those before.
    core = (site / "index/core-0.js").read_text("utf-8")
    assert "Name38, Name59" in core
    assert "end" not in core


def test_the_lines_of_topics_show_the_same_years(tmp_path: Path) -> None:
    years = {"mha": ("ct", 1999), "mhb": ("ct", 2026), "mhc": ("mri", 2025)}
    rows = [paper(name, topics=[t], modality=[t], year=year) for name, (t, year) in years.items()]
    made(write(tmp_path / "curated", rows), tmp_path / "site")
    lines = read(tmp_path / "site/topics.html").xpath("//polyline/@points")
    flat = [f"{100 * place / 11:.1f},22.0" for place in range(10)]
    assert lines == [
        " ".join([*flat, "90.9,22.0", "100.0,2.0"]),
        " ".join([*flat, "90.9,2.0", "100.0,22.0"]),
    ]


def test_a_summary_is_plain_text_that_ends_at_a_word(site: Path) -> None:
    [row] = read(site / "topics/ct.html").xpath("//tbody/tr[th/a]")
    [summary] = row.xpath("td[@class='summary']/text()")
    assert summary.startswith("Reaches all of \N{GREEK SMALL LETTER ALPHA} in long words")
    assert summary.endswith((" long …", " words …"))
    [code] = row.xpath("td[@class='code']/a")
    assert code.get("href") == "https://example.org/data"
    assert code.text == "data"


def test_authors_share_a_page_by_their_name(site: Path) -> None:
    # Named twice by one paper and once by another; the name of one paper alone has no page.
    assert [path.name for path in (site / "authors").iterdir()] == ["zoe-muller.html"]
    page = read(site / "authors/zoe-muller.html")
    assert len(page.xpath("//tbody/tr")) == 2
    assert page.xpath("string(//h1)") == "Zoë Müller"


def test_an_id_that_went_leads_to_the_paper_of_today(site: Path) -> None:
    page = (site / "papers/mhold.html").read_text("utf-8")
    assert f'content="0; url={PLAIN}.html"' in page
    assert not (site / "papers/mhlost.html").exists()


def test_only_a_site_with_an_address_has_a_sitemap(
    folder: Path, site: Path, tmp_path: Path
) -> None:
    listed = re.findall("<loc>(.*)</loc>", (site / "sitemaps/1.xml").read_text("utf-8"))
    assert f"{ADDRESS}papers/{PLAIN}.html" in listed
    assert ADDRESS in listed
    assert len(listed) == len(set(listed))
    assert f'href="{ADDRESS}static/style.css' in (site / "404.html").read_text("utf-8")
    canonical = {name for name, page in pages(site) if page.xpath("//link[@rel='canonical']")}
    assert {ADDRESS + name.replace("index.html", "") for name in canonical} == set(listed)
    made(folder, tmp_path / "site")
    assert not {"sitemap.xml", "robots.txt", "404.html"} & files(tmp_path / "site").keys()
    assert b"example.org/of" not in b"".join(files(tmp_path / "site").values())


def test_a_choice_of_papers_makes_a_site_of_them(folder: Path, tmp_path: Path) -> None:
    built = build(
        folder, (), tmp_path / "site", SETTINGS, Choice(topics=["privacy"], where="year >= 2020")
    )
    assert built.papers == 1
    assert [path.stem for path in (tmp_path / "site/papers").iterdir()] == [PLAIN]
    assert "mhsecond" not in (tmp_path / "site/feeds/all.atom").read_text("utf-8")


@pytest.mark.parametrize(
    ("which", "hidden"),
    [
        (Abstracts.ALL, set()),
        (Abstracts.ARXIV, {"A publisher's abstract.", "Reaches all of", "A lost abstract."}),
        (
            Abstracts.NONE,
            {"A publisher's abstract.", "Reaches all of", "A lost abstract.", "We unlearn. It"},
        ),
    ],
)
def test_abstracts_can_be_kept_back(
    folder: Path, tmp_path: Path, which: Abstracts, hidden: set[str]
) -> None:
    made(folder, tmp_path / "site", abstracts=which)
    text = unescape(b"".join(files(tmp_path / "site").values()).decode())
    words = ("A publisher's abstract.", "Reaches all of", "A lost abstract.", "We unlearn. It")
    assert {one for one in words if one not in text} == hidden


def test_an_empty_snapshot_has_a_site_too(tmp_path: Path) -> None:
    built = made(write(tmp_path / "curated", []), tmp_path / "site")
    assert built.papers == 0
    assert "Nothing yet." in (tmp_path / "site/index.html").read_text("utf-8")


def test_a_build_writes_only_what_changed(tmp_path: Path) -> None:
    out = tmp_path / "site"
    made(write(tmp_path / "curated", papers()), out)
    inodes = {path: path.stat().st_ino for path in out.rglob("*") if path.is_file()}
    assert made(write(tmp_path / "curated", papers()), out).written == 0
    assert inodes == {path: path.stat().st_ino for path in out.rglob("*") if path.is_file()}
    rows = papers()
    rows[0]["summary"] = "Another summary."
    built = made(write(tmp_path / "curated", rows), out)
    changed = {
        path.relative_to(out).as_posix()
        for path, inode in inodes.items()
        if path.stat().st_ino != inode
    }
    assert f"papers/{PLAIN}.html" in changed
    assert "papers/mhsecond.html" not in changed
    assert "index/core-0.js" not in changed
    assert len(changed) == built.written


def test_what_others_put_there_stays(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    out.mkdir()
    (out / ".git").mkdir()
    (out / ".git/HEAD").write_text("ref")
    made(folder, out)
    (out / "CNAME").write_text("papers.example.org")
    (out / "papers/gone.html").write_text("of an earlier build")
    made(folder, out)
    assert (out / ".git/HEAD").read_text() == "ref"
    assert (out / "CNAME").read_text() == "papers.example.org"
    assert not (out / "papers/gone.html").exists()


def test_a_folder_of_somebody_else_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("my page")
    with pytest.raises(ExportError, match=r"has index\.html that no build of this site made"):
        made(folder, tmp_path)
    assert (tmp_path / "index.html").read_text() == "my page"
    with pytest.raises(ExportError, match="is no folder"):
        made(folder, tmp_path / "index.html")


def test_a_build_that_fails_changes_nothing(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    made(folder, out)
    before = files(out)

    def fail(step: str, _total: int, done: int) -> None:
        if step == "papers" and done:
            raise OSError(28, "No space left on device")

    with pytest.raises(ExportError, match=r"No space left.*what was there is unchanged"):
        build(folder, (), out, replace(SETTINGS, title="Other"), progress=fail)
    assert files(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".site.lock", "site"]


def test_a_site_that_cannot_take_its_place_leaves_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "site"
    with replacing(out) as tree:
        tree.put("index.html", "old")
    with pytest.raises(ExportError, match="what was there is unchanged"), replacing(out) as tree:
        shutil.rmtree(tree.beside)
    assert (out / "index.html").read_text() == "old"


@pytest.mark.parametrize("at", ["first", "second"])
def test_a_build_killed_while_it_swaps_is_mended_by_the_next(
    folder: Path, tmp_path: Path, at: str
) -> None:
    out = tmp_path / "site"
    made(folder, out)
    (out / "CNAME").write_text("papers.example.org")
    out.rename(tmp_path / ".site.old")
    if at == "second":
        made(folder, tmp_path / "new")
        (tmp_path / "new").rename(out)
    made(folder, out)
    assert (out / "CNAME").read_text() == "papers.example.org"
    assert not (tmp_path / ".site.old").exists()


def test_two_builds_do_not_meet(tmp_path: Path) -> None:
    with (
        replacing(tmp_path / "site"),
        pytest.raises(BusyError, match="another process builds"),
        replacing(tmp_path / "site"),
    ):
        pass
