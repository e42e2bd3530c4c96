"""The site in a browser: search, filters, keys, colours, pages; nothing is asked of others."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

import medsafe_harvest as mh
from medsafe_harvest.errors import ExportError
from medsafe_harvest.site.serve import serving
from tests.integration.conftest import ROOT, Project

_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
#: One page of each kind; the paper and the author are put in.
KINDS = (
    *("index.html", "topics.html", "topics/privacy.html", "authors.html", "about.html"),
    *("search.html", "search.html?q=federated&t=privacy", "papers/{}.html", "authors/{}.html"),
)


@pytest.fixture(scope="module")
def site(harvested: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "out"
    result = harvested.run("site", "build", "--out", str(out), "--base-url", "https://example.org")
    assert result.exit_code == 0, result.output
    assert f"Site: {out / 'index.html'}" in result.stdout
    return out


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with serving(site) as (server, found):
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        # Its profile is a new folder, removed in the end.
        running = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield running
        running.close()


class Visit:
    """A page that fails the test where it complains or asks another server."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.wrong: list[str] = []
        self.context: BrowserContext = browser.new_context(**options)
        self.context.set_default_timeout(10_000)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda said: self.wrong.append(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self._address = address
        self.context.route("**/*", self._watch)

    def _watch(self, route: Route) -> None:
        if route.request.url.startswith(self._address):
            route.continue_()
        else:
            self.wrong.append(f"asked {route.request.url}")
            route.abort()

    def open(self, path: str) -> Page:
        self.page.goto(self._address + path)
        if path.startswith("search"):
            self.page.wait_for_selector("#results[aria-busy=false]", state="attached")
        return self.page


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    made = Visit(browser, address)
    yield made
    made.context.close()
    assert made.wrong == []


def titles(page: Page) -> list[str]:
    return page.locator("#results h2").all_text_contents()


def found(page: Page) -> int:
    expect(page.locator("#status")).to_have_text(re.compile(r"^[\d,]+ papers?\."))
    return int(page.locator("#status").inner_text().split()[0].replace(",", ""))


def one_of_each(site: Path, harvested: Project) -> list[str]:
    papers = mh.load_papers(harvested.data / "curated")
    rich = papers[papers.code_links.map(len) > 0].iloc[0].paper_id
    author = next((site / "authors").iterdir()).stem
    names = iter((rich, author))
    return [kind.format(next(names)) if "{}" in kind else kind for kind in KINDS]


def faults(page: Page, **options: Any) -> list[str]:
    """What axe-core finds wrong with a page, all its details open."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    result = Axe().run(page, options={"resultTypes": ["violations"], **options})
    return [f"{one['id']}: {one['nodes'][0]['target']}" for one in result.response["violations"]]


def test_no_page_of_any_kind_has_a_fault(
    browser: Browser, address: str, site: Path, harvested: Project
) -> None:
    phone = Visit(browser, address, viewport={"width": 390, "height": 844})
    # axe-core puts a script into the page, which the page's own policy forbids.
    light = Visit(browser, address, color_scheme="light", bypass_csp=True)
    dark = Visit(browser, address, color_scheme="dark", bypass_csp=True)
    for path in one_of_each(site, harvested):
        over = phone.open(path).evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{path} is {over} pixels too wide for a phone"
        assert faults(light.open(path)) == [], path
        if path.startswith(("index", "search.html?", "papers", "topics/")):
            assert faults(dark.open(path), runOnly=["color-contrast"]) == [], path
    for visited in (phone, light, dark):
        assert visited.wrong == []
        visited.context.close()


def test_search_finds_as_one_types(visit: Visit) -> None:
    page = visit.open("search.html")
    every = found(page)
    page.fill("#q", "federated learning")
    expect(page.locator("#results mark").first).to_have_text(re.compile("federated", re.IGNORECASE))
    some = found(page)
    assert 0 < some < every
    assert "federated learning" in titles(page)[0].lower()
    assert page.url.endswith("?q=federated+learning")
    page.fill("#q", "federated learning -privacy")
    expect(page.locator("#status")).not_to_have_text(re.compile(f"^{some} "))
    assert found(page) < some
    page.fill("#q", "fedreated lerning")
    expect(page.locator("#status")).to_contain_text("“fedreated” taken for federated")
    assert found(page) == some
    page.fill("#q", "\N{LEFT DOUBLE QUOTATION MARK}reading race\N{RIGHT DOUBLE QUOTATION MARK}")
    expect(page.locator("#results h2")).to_have_count(1)
    page.fill("#q", "zzzz")
    expect(page.locator("#status")).to_have_text("0 papers. Try fewer words or filters.")


def test_british_and_american_words_find_each_other(visit: Visit) -> None:
    page = visit.open("search.html")
    every = found(page)
    numbers = []
    for text in ("tumour", "tumor", '"TUMOUR"'):
        page.fill("#q", text)
        expect(page.locator("#status")).not_to_have_text(re.compile(f"^{every} "))
        numbers.append(found(page))
        marks = {one.lower() for one in page.locator("#results mark").all_text_contents()}
        assert {"tumour", "tumor"} <= marks
    assert numbers[0] == numbers[1] == numbers[2] > 0


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("text-0.js", r"^[1-9]\d* papers\. The index could not be loaded whole \((\d+) of \1\)"),
        ("core-0.js", r"^0 papers\. The index could not be loaded whole \(0 of \d+\)"),
        ("meta.js", "^The index could not be loaded: reload the page"),
    ],
)
def test_an_index_that_does_not_come_whole_says_so(visit: Visit, file: str, said: str) -> None:
    visit.context.route(re.compile(re.escape(file)), lambda route: route.abort())
    visit.page.goto(visit._address + "search.html")
    told = visit.page.locator("#status:visible, #broken:visible")
    expect(told).to_have_text(re.compile(said))
    assert len(visit.wrong) == 1
    assert "net::ERR_FAILED" in visit.wrong.pop()


def test_an_identifier_finds_its_paper(visit: Visit, harvested: Project) -> None:
    papers = mh.load_papers(harvested.data / "curated")
    page = visit.open("search.html")
    for column in ("arxiv_id", "doi", "paper_id"):
        paper = papers[papers[column].notna()].iloc[0]
        page.fill("#q", paper[column])
        expect(page.locator("#results h2").first).to_have_text(re.compile(re.escape(paper.title)))
    page.fill("#q", paper.paper_id[:8])
    expect(page.locator("#results h2")).to_have_text([re.compile(re.escape(paper.title))])


def test_filters_narrow_and_are_in_the_address(visit: Visit, harvested: Project) -> None:
    papers = mh.load_papers(harvested.data / "curated")
    page = visit.open("search.html")
    page.get_by_label("Privacy").check()
    privacy = papers[papers.trust.map(lambda topics: "privacy" in topics)]
    expect(page.locator("#status")).to_have_text(f"{len(privacy)} papers.")
    # The counts are those of what would be left.
    both = privacy.trust.map(lambda topics: "federated-learning" in topics).sum()
    label = page.locator("label.check", has_text="Federated learning")
    assert label.locator(".count").inner_text() == str(both)
    page.get_by_label("About medicine").check()
    page.get_by_label("from").fill("2019")
    wanted = privacy[privacy.medical & (privacy.year >= 2019)]
    expect(page.locator("#status")).to_have_text(f"{len(wanted)} papers.")
    assert page.url.endswith("?t=privacy&medical=1&from=2019")
    page.reload()
    expect(page.locator("#status")).to_have_text(f"{len(wanted)} papers.")
    page.get_by_role("button", name="Remove the filter Privacy").click()
    assert not page.get_by_label("Privacy").is_checked()
    page.get_by_label("Sort").select_option("new")
    years = [text[:4] for text in page.locator("#results .meta").all_inner_texts()]
    assert len(years) > 5
    assert years == sorted(years, reverse=True)


def test_who_comes_back_finds_the_place_where_they_were(visit: Visit) -> None:
    page = visit.open("search.html?sort=new")
    page.get_by_role("button", name="Show more").click()
    link = page.locator("#results h2 a").nth(60)
    link.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    link.click()
    expect(page.locator("article")).to_be_visible()
    page.go_back()
    page.wait_for_selector("#results[aria-busy=false]")
    expect(page.locator("#results h2")).to_have_count(80)
    assert before > 1000
    assert abs(page.evaluate("scrollY") - before) < 5


def test_keys_are_enough(visit: Visit) -> None:
    page = visit.open("index.html")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    expect(page.locator("#front-search")).to_be_focused()
    page.keyboard.type("privacy")
    page.keyboard.press("Enter")
    expect(page.locator("#results mark").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    second = page.locator("#results h2 a").nth(1)
    expect(second).to_be_focused()
    assert second.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_have_value("")
    page.keyboard.press("ArrowDown")
    title = page.locator("#results h2 a").first.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(title)


def test_a_paper_can_be_cited_and_read_about(visit: Visit, harvested: Project) -> None:
    papers = mh.load_papers(harvested.data / "curated")
    paper = papers[papers.code_links.map(len) > 0].iloc[0]
    page = visit.open(f"papers/{paper.paper_id}.html")
    expect(page.locator("h1")).to_have_text(paper.title)
    page.get_by_text("BibTeX").click()
    reference = page.get_by_role("region", name="BibTeX")
    expect(reference).to_contain_text(f"eprint = {{{paper.arxiv_id}}}")
    with page.expect_download() as download:
        page.locator("details[open]").get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == f"{paper.paper_id}.bib"
    assert Path(download.value.path()).read_text("utf-8") == reference.text_content()
    page.get_by_text("Every field and the record it is from").click()
    provenance = page.locator("#provenance tbody tr")
    assert provenance.count() == len(paper.provenance)
    page.locator(".related a").first.click()
    expect(page.locator("h1")).not_to_have_text(paper.title)


def test_colours_can_be_chosen_and_are_kept(visit: Visit) -> None:
    page = visit.open("index.html")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    ink = page.evaluate("getComputedStyle(document.querySelector('h3 a')).color")
    page.get_by_role("button", name="Colours").click()
    dark = page.evaluate(paper)
    assert dark != light
    visit.open("topics.html")
    assert page.evaluate(paper) == dark
    page.emulate_media(media="print")
    expect(page.locator("h3 a").first).to_have_css("color", ink)
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Colours: dark").click()
    page.get_by_role("button", name="Colours: light").click()
    assert page.evaluate("localStorage.length") == 0


def test_feeds_are_where_the_pages_say(visit: Visit, site: Path) -> None:
    for path in ("index.html", "topics/privacy.html"):
        page = visit.open(path)
        link = page.locator("link[rel=alternate]").evaluate("one => one.href")
        answer = page.request.get(link)
        assert answer.ok
        assert b"<feed" in answer.body()
    assert "https://example.org/papers/mh" in (site / "feeds/all.atom").read_text("utf-8")


def test_a_missing_page_says_so(visit: Visit) -> None:
    answer = visit.page.request.get(visit._address + "papers/none.html")
    assert answer.status == 404
    assert "There is no such page" in answer.text()
    assert visit.page.request.get(visit._address + "../../etc/passwd").status == 404


def test_the_site_works_from_the_disk(browser: Browser, site: Path) -> None:
    visited = Visit(browser, site.as_uri() + "/")
    page = visited.open("search.html?q=privacy")
    assert found(page) > 0
    page.locator("#results h2 a").first.click()
    expect(page.locator("h1")).to_be_visible()
    assert visited.wrong == []
    visited.context.close()


def test_the_commands_refuse_what_cannot_be(harvested: Project, tmp_path: Path) -> None:
    assert harvested.run("site", "build", "--base-url", "example.org").exit_code == 2
    missing = harvested.run("site", "serve", "--out", str(tmp_path))
    assert isinstance(missing.exception, ExportError)
    assert "medsafe-harvest site build" in str(missing.exception)
    unknown = harvested.run("site", "build", "--out", str(tmp_path / "x"), "--topic", "beauty")
    assert "beauty" in str(unknown.exception)


def test_the_page_about_it_names_every_option() -> None:
    page = (ROOT / "docs/how-to/site.md").read_text("utf-8")
    for option in ("--out", "--base-url", "--title", "--topic", "--since", "--where"):
        assert option in page
