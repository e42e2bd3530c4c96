"""A digest as text, HTML and mail: these bytes, escaped, readable, folded."""

from __future__ import annotations

import email
from datetime import UTC, date, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html

from medsafe_harvest.digests import book, html, message, text
from medsafe_harvest.digests.content import Digest, explained
from medsafe_harvest.digests.health import Health
from medsafe_harvest.errors import MailError, StoreError
from medsafe_harvest.ranking import RankingSettings
from tests.unit.shown_papers import ROWS, paper, table

GOLDEN = Path(__file__).parents[2] / "golden/digests"
ENDED = datetime(2026, 11, 21, 5, 41, tzinfo=UTC)
WELL = Health("complete", ended=ENDED)
ILL = Health(
    "incomplete",
    "The harvest is incomplete: 2 windows of days are missing, so papers may be, too.",
    ("arxiv, 2 windows: throttled: 429 <b>",),
    ("semantic_scholar has been silent",),
    ENDED,
)
AUDIENCE = message.Audience("Zoë <me@example.org>", ("days 7",))


def digest(
    health: Health = WELL, *, limit: int = 20, rows: tuple[object, ...] = ROWS[:3]
) -> Digest:
    papers = table(*rows)  # type: ignore[arg-type]
    settings = RankingSettings()
    shown = tuple(explained(papers, date(2026, 11, 21), settings, limit))
    return Digest(
        today=date(2026, 11, 21),
        since=date(2026, 11, 14),
        about="",
        new=len(papers),
        papers=shown,
        highest=settings.highest,
        health=health,
        options=f"--since 2026-11-14 --limit {len(papers)}",
    )


def mail(found: Digest) -> EmailMessage:
    name = message.message_id(AUDIENCE, found.today, "digest", "bot@example.org")
    moment = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
    return message.compose(
        found, sender="bot@example.org", recipient=AUDIENCE.recipient, name=name, moment=moment
    )


RENDERED = {
    "well.txt": lambda: text.render(digest()).encode(),
    "well.html": lambda: html.render(digest()).encode(),
    "ill.eml": lambda: mail(digest(ILL, limit=1)).as_bytes(),
}


@pytest.mark.parametrize("name", RENDERED)
def test_the_digest_is_these_bytes(name: str) -> None:
    # To write one anew: write these bytes, and read the difference.
    assert RENDERED[name]() == (GOLDEN / name).read_bytes()


def test_no_text_is_taken_for_markup_and_nothing_comes_from_elsewhere() -> None:
    tree: Any = lxml_html.document_fromstring(html.render(digest(ILL)))
    assert not tree.xpath("//script | //img | //link | //iframe | //b | //@src | //@onerror")
    assert all(url.startswith("https://") for url in tree.xpath("//@href"))
    style = tree.findtext(".//style")
    assert "prefers-color-scheme: dark" in style
    assert "url(" not in style
    shown = [node.get("class") for node in tree.iter() if node.get("class")]
    assert {"alarm", "warning", "paper", "link", "why"} <= set(shown)
    # Clients that drop the style sheet have the style on each element.
    assert all(node.get("style") for node in tree.xpath("//*[@class]"))


def test_what_failed_stands_before_everything_else() -> None:
    found = digest(ILL)
    assert found.subject.startswith("[medsafe-harvest] HARVEST INCOMPLETE - 3 new papers: ")
    assert text.render(found).startswith("!! The harvest is incomplete")
    page: Any = lxml_html.document_fromstring(html.render(found))
    assert page.find("body").text_content().strip().startswith("The harvest is incomplete")
    assert digest(Health("late", "No harvest.")).subject.startswith(
        "[medsafe-harvest] NO HARVEST -"
    )
    warned = Health("complete", warnings=("silent",))
    assert digest(warned, rows=()).subject == "[medsafe-harvest] No new papers (1 warning)"


def test_the_mail_travels_and_says_the_same_twice() -> None:
    title = "Über \N{GREEK SMALL LETTER ALPHA}: " + "lange Wörter " * 20 + "\r\nBcc: x@y.org"
    found = digest(rows=(paper(title=title, summary="\N{FIRE} " * 400),))
    sent = mail(found).as_bytes()
    assert sent == mail(found).as_bytes()
    assert sent.isascii()
    assert max(map(len, sent.split(b"\r\n"))) <= 78
    assert b"\n" not in sent.replace(b"\r\n", b"")
    read = email.message_from_bytes(sent, policy=policy.default)
    assert read["Subject"].startswith(
        "[medsafe-harvest] 1 new paper: Über \N{GREEK SMALL LETTER ALPHA}: lange"
    )
    assert "Bcc" not in read
    assert read["To"] == "Zoë <me@example.org>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    plain, page = (part.get_content() for part in read.iter_parts())
    assert plain.replace("\r\n", "\n") == text.render(found)
    assert page.replace("\r\n", "\n") == html.render(found)


def test_a_message_id_is_of_day_audience_and_kind() -> None:
    def name(day: int, kind: str, audience: message.Audience) -> str:
        return message.message_id(audience, date(2026, 11, day), kind, "bot@example.org")

    first = name(21, "digest", AUDIENCE)
    assert first == name(21, "digest", message.Audience("me@EXAMPLE.org", ("days 7",)))
    assert first.endswith("@example.org>")
    others = {
        name(22, "digest", AUDIENCE),
        name(21, "alarm", AUDIENCE),
        name(21, "digest", message.Audience("me@example.org", ("days 1",))),
        name(21, "digest", message.Audience("you@example.org", ("days 7",))),
    }
    assert len({first, *others}) == 5


@pytest.mark.parametrize(
    "words", ["", "me", "me@", "@x.org", "a@b.org\r\nBcc: c@d.org", "a@b.org, c@d.org", "<a@b"]
)
def test_what_is_no_address_is_refused(words: str) -> None:
    with pytest.raises(MailError, match="no mail address"):
        message.address(words)


def test_the_book_remembers_what_was_told(tmp_path: Path) -> None:
    assert book.read(tmp_path, AUDIENCE) == book.Book()
    first = book.Sent("2026-11-20", "digest", "<1@x>", "2026-11-20 06:00 UTC", ("mhplain",))
    second = book.Sent("2026-11-21", "alarm", "<2@x>", "2026-11-21 06:00 UTC", ("mhold",))
    kept = book.with_mail(book.with_mail(book.Book(), first), second)
    book.path(tmp_path, AUDIENCE).write_text(book.as_text(kept))
    assert book.read(tmp_path, AUDIENCE) == kept
    assert kept.of(date(2026, 11, 21), "alarm") == second
    assert kept.of(date(2026, 11, 21), "digest") is None
    # Under an id of today or an earlier one: a merge makes no news.
    papers = table(paper("mhplain"), paper("mhnew"), paper("mhwon", former_ids=["mhlost", "mhold"]))
    assert book.untold(papers, kept.told())["paper_id"].to_pylist() == ["mhnew"]
    untold = book.untold(papers, kept.told(besides=second))
    assert untold["paper_id"].to_pylist() == ["mhnew", "mhwon"]
    book.path(tmp_path, AUDIENCE).write_text('{"mails": [{"day"')
    with pytest.raises(StoreError, match="remove it"):
        book.read(tmp_path, AUDIENCE)
