"""Saved pages: search results, daily papers, an author's works."""

from __future__ import annotations

from medsafe_harvest.lists import read

SEARCH = """<!DOCTYPE html><html><body><ol>
<li class="result"><p class="list-title"><a href="https://arxiv.org/abs/2406.12345">arXiv:2406.12345
</a> [<a href="https://arxiv.org/pdf/2406.12345">pdf</a>]</p>
<p class="title is-5">Robust Models of Lungs</p><p class="authors">Jane Doe, Wu Li</p>
<p class="abstract">Data of 2015; see https://arxiv.org/abs/1901.00001 and ICML 2010</p>
<p>Submitted 17 June, 2024</p></li>
<li class="result"><p class="list-title"><a href="https://arxiv.org/abs/2405.54321">arXiv:2405.54321
</a></p><p class="title is-5">Conformal Sets for Triage</p></li></ol></body></html>"""

DAILY = """<!DOCTYPE html><!-- saved from url=(0029)https://huggingface.co/papers -->
<html><body><nav><a href="/papers/2001.00001">A paper in the menu</a></nav><main>
<article><a href="/papers/2506.00001"><img src="x"></a><h3><a href="/papers/2506.00001">
A Model of Retinas</a></h3><time datetime="2025-06-02">Jun 2</time></article>
<article><h3><a href="/papers/2506.00002">Safe Models of Lungs</a></h3></article></main>"""

AUTHOR = """<html><head><link rel="canonical" href="https://scholar.google.com/citations?user=a">
</head><body><h1>Jane Doe</h1><table><tbody>
<tr class="row"><td><a href="/citations?view_op=view_citation&amp;x=1" class="gsc_a_at">Deep models
of lungs</a><div class="gs_gray">J Doe, W Li</div><div class="gs_gray">Nature Medicine 27 (3), 112
<span>, 2021</span></div></td><td>120</td></tr>
<tr class="row"><td><a href="/citations?view_op=view_citation&amp;x=2" class="gsc_a_at">Calibrated
models</a><div class="gs_gray">arXiv preprint arXiv:2001.00011, 2020</div></td></tr></table>"""


def test_search_results_without_what_the_abstract_links_to() -> None:
    first, second = read(SEARCH, name="results.html").entries
    assert (first.title, first.year, first.arxiv_id) == (
        "Robust Models of Lungs",
        2024,
        "2406.12345",
    )
    assert (first.venue, first.line) == (None, 2)
    assert (second.title, second.arxiv_id) == ("Conformal Sets for Triage", "2405.54321")


def test_daily_papers_with_links_relative_to_where_the_page_was_saved_from() -> None:
    first, second = read(DAILY, name="daily").entries
    assert (first.title, first.year) == ("A Model of Retinas", 2025)
    assert first.url == "https://huggingface.co/papers/2506.00001"
    assert (second.title, second.arxiv_id) == ("Safe Models of Lungs", "2506.00002")


def test_an_authors_page() -> None:
    first, second = read(AUTHOR, name="doe.html").entries
    assert (first.title, first.year, first.venue) == (
        "Deep models of lungs",
        2021,
        "Nature Medicine",
    )
    assert (second.year, second.arxiv_id) == (2020, "2001.00011")


def test_a_list_that_is_a_page() -> None:
    text = (
        "<html><body><h2>Lungs</h2><ul><li>A Model of Lungs "
        '(<a href="https://arxiv.org/abs/2101.00001">paper</a>), ICML 2021</li></ul>'
    )
    (entry,) = read(text, name="https://doe.org/").entries
    assert (entry.title, entry.venue, entry.headings) == ("A Model of Lungs", "ICML", ("Lungs",))
