"""``digest send`` through a real mail server on this machine, and ``feeds build``."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import feedparser
import pytest
import trustme
import yaml
from filelock import FileLock
from typer.testing import Result

from tests.integration.conftest import COMMAND, ROOT, Project
from tests.postbox import PASSWORD, USER, Postbox, like_a_provider, serving

TO = "me@example.org"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def post(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Postbox]:
    """A server as at a provider: STARTTLS and a password, with a trusted certificate."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("MEDSAFE_SMTP_PASSWORD", PASSWORD)
    with like_a_provider(authority) as box:
        yield box


@pytest.fixture(scope="module")
def small(harvested: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration of few topics and venues, which is read in no time."""
    folder = tmp_path_factory.mktemp("small") / "config"
    shutil.copytree(harvested.config, folder)
    topics = yaml.safe_load((folder / "topics.yaml").read_text("utf-8"))
    for facet, kept in (("trust", "fairness"), ("modality", "ct"), ("task", "segmentation")):
        topics[facet] = {kept: topics[facet][kept]}
    topics["implications"] = {}
    (folder / "topics.yaml").write_text(yaml.safe_dump(topics), "utf-8")
    (folder / "venues.yaml").write_text("venues: [{id: BMJ, name: BMJ, kind: journal}]\n", "utf-8")
    return folder


@pytest.fixture
def project(harvested: Project, small: Path, tmp_path: Path) -> Project:
    """The harvested papers in a project of its own, with a report that a test may change."""
    own = Project(tmp_path / "project")
    shutil.copytree(small, own.config)
    own.data.mkdir()
    (own.data / "curated").symlink_to(harvested.data / "curated")
    shutil.copytree(harvested.data / "reports", own.data / "reports")
    return own


def send(project: Project, box: Postbox, *more: str) -> Result:
    where = ("--smtp", f"127.0.0.1:{box.port}", "--from", USER, "--user", USER)
    recipients = () if "--to" in more else ("--to", TO)
    return project.run("digest", "send", *where, *recipients, *more)


def leave_report(project: Project, **changes: Any) -> None:
    """Let the harvest of this night have ended otherwise."""
    report = json.loads((project.data / "reports/latest.json").read_bytes())
    ended = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    report |= {"run": f"{report['run']}-other", "ended_at": ended, **changes}
    (project.data / "reports/latest.json").write_text(json.dumps(report))


def test_new_papers_are_mailed_once(project: Project, post: Postbox) -> None:
    first = send(project, post, "--limit", "3")
    assert first.exit_code == 0, first.output
    (mail,) = post.mails
    new = json.loads(project.run("digest", "--limit", "3", "--json").stdout)
    assert mail["Subject"].startswith(f"[medsafe-harvest] {new['new']} new papers: ")
    assert (mail["To"], mail["From"]) == (TO, USER)
    plain, page = (part.get_content() for part in mail.iter_parts())
    for paper in new["papers"]:
        assert " ".join(paper["title"].split()[:3]) in plain
        assert paper["title"] in page
    assert "Score" in plain

    second = send(project, post)
    assert second.exit_code == 0
    assert "--again sends it once more" in second.output
    for once_more in (1, 2):
        third = send(project, post, "--again", "--limit", "3")
        assert third.exit_code == 0
        assert post.mails[once_more]["Message-ID"] == mail["Message-ID"]
        parts = [part.get_content() for part in post.mails[once_more].iter_parts()]
        assert parts == [plain, page]

    # Neither the secret nor who is mailed stands in what is kept or said.
    kept = "".join(
        path.read_text() for path in project.data.glob("mail/*") if path.suffix == ".json"
    )
    assert mail["Message-ID"] in kept
    assert TO not in kept
    for words in (kept, first.output, second.output, third.output, *map(str, post.mails)):
        assert PASSWORD not in words


def test_the_mail_names_the_command_that_shows_its_other_papers(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "fair.txt").write_text("topic = 'fairness'\nand year >= 2000\n")
    with serving() as box:
        to = ("--to", TO, "--smtp", f"127.0.0.1:{box.port}", "--security", "none")
        chosen = ("--topic", "fairness", "--since", "2020", "--where", f"@{tmp_path / 'fair.txt'}")
        assert project.run("digest", "send", *to, *chosen, "--limit", "1").exit_code == 0
        (mail,) = box.mails
    # Who names no sender mails themselves.
    assert mail["From"] == TO
    plain = " ".join(next(mail.iter_parts()).get_content().split())
    (command,) = re.findall(r"`medsafe-harvest (digest [^`]*)` shows the others", plain)
    all_of_them = json.loads(project.run(*shlex.split(command), "--json").stdout)
    assert len(all_of_them["papers"]) == all_of_them["new"] > 1
    assert plain.startswith(f"{all_of_them['new']} new papers about fairness")


def test_a_quiet_night_sends_nothing_unless_asked(project: Project, post: Postbox) -> None:
    nothing = ("--where", "year < 1900")
    quiet = send(project, post, *nothing)
    assert quiet.exit_code == 0
    assert "nothing sent" in quiet.output
    assert not post.mails
    assert send(project, post, *nothing, "--always").exit_code == 0
    assert post.subjects == ["[medsafe-harvest] No new papers where year < 1900"]


def test_a_failed_night_is_mailed_loudly_then_the_papers_of_the_next_run(
    project: Project, post: Postbox
) -> None:
    nothing = ("--where", "year < 1900")
    leave_report(project, outcome="failed", error="StoreError", message="the disk is full")
    assert send(project, post, *nothing).exit_code == 0
    assert post.subjects == ["[medsafe-harvest] HARVEST FAILED - no new papers where year < 1900"]
    plain, page = (part.get_content() for part in post.mails[0].iter_parts())
    assert "the disk is full" in plain.splitlines()[1]
    page = page.partition("<body")[2]
    assert page.index("the disk is full") < page.index("o new papers where")
    # No second alarm today, and what comes after it is no repetition.
    send(project, post, *nothing)
    assert len(post.mails) == 1
    leave_report(project)
    assert send(project, post).exit_code == 0
    assert "new papers:" in post.subjects[1]


@pytest.mark.parametrize(
    ("harm", "subject"),
    [
        (lambda project: shutil.rmtree(project.data / "reports"), "HARVEST UNKNOWN"),
        (lambda project: (project.data / "curated").unlink(), "HARVEST FAILED - no new"),
        (
            lambda project: leave_report(project, ended_at="2026-01-01T05:00:00+00:00", run="0"),
            "NO HARVEST",
        ),
        (lambda project: leave_report(project, warnings=["arxiv is silent"]), "(1 warning)"),
        # The harvest says so with exit code 2, and here it must not end there.
        (
            lambda project: (project.config / "topics.yaml").write_text("nonsense: 1\n"),
            "No new papers",
        ),
    ],
    ids=["no report", "no table", "late", "warning", "wrong configuration"],
)
def test_whatever_breaks_is_mailed(
    project: Project, post: Postbox, harm: Callable[[Project], object], subject: str
) -> None:
    for path in (project.data / "reports").glob("2*.json"):
        path.unlink()
    harm(project)
    always = ("--always",) if subject == "No new papers" else ()
    result = send(project, post, "--where", "year < 1900", *always)
    assert result.exit_code == 0, result.output
    assert subject in post.subjects[0]


def test_one_refused_recipient_costs_the_others_nothing(project: Project, post: Postbox) -> None:
    both = ("--to", "gone@example.org", "--to", TO)
    post.refused.add("gone@example.org")
    failed = send(project, post, *both)
    assert failed.exit_code == 1
    assert "refuses gone@example.org: 550 no such mailbox" in str(failed.exception)
    assert [mail["To"] for mail in post.mails] == [TO]
    post.refused.clear()
    assert send(project, post, *both).exit_code == 0
    assert [mail["To"] for mail in post.mails] == [TO, "gone@example.org"]


def test_what_is_in_the_way_is_said_and_nothing_is_marked(
    project: Project, post: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSAFE_SMTP_PASSWORD", "wrong")
    refused = send(project, post)
    assert refused.exit_code == 1
    assert "does not let bot@example.org in: 535" in str(refused.exception)
    monkeypatch.delenv("MEDSAFE_SMTP_PASSWORD")
    missing = send(project, post)
    assert missing.exit_code == 2
    assert "environment variable" in missing.output
    assert not post.mails
    assert not list((project.data / "mail").glob("*.json"))


def test_of_two_calls_at_once_one_mails(project: Project, post: Postbox) -> None:
    (project.data / "mail").mkdir()
    options = ["--config", str(project.config), "--data", str(project.data), "digest", "send"]
    where = ["--smtp", f"127.0.0.1:{post.port}", "--user", USER, "--to", TO]
    with FileLock(project.data / "mail/.lock"):
        both = [subprocess.Popen([*COMMAND, *options, *where]) for _ in range(2)]
        for _ in range(4):  # both wait for the folder, each with its mail written
            assert post.greetings.acquire(timeout=60)
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(post.mails) == 1


def test_a_call_that_cannot_send_leaves_nothing(project: Project) -> None:
    shutil.rmtree(project.data)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        where = ("--smtp", f"127.0.0.1:{nobody.getsockname()[1]}", "--security", "none")
        result = project.run("digest", "send", "--to", TO, *where)
    assert "cannot be reached" in str(result.exception)
    assert not project.data.exists()


def test_the_settings_name_server_and_recipients(project: Project) -> None:
    with serving() as box:
        mail = f"mail:\n  smtp: 127.0.0.1:{box.port}\n  security: none\n  to: [{TO}]\n"
        with (project.config / "settings.yaml").open("a") as file:
            file.write(f"contact: {USER}\n{mail}")
        shown = project.run("digest", "send", "--dry-run", "--limit", "1")
        assert shown.stdout.startswith(f"To: {TO}\nSubject: [medsafe-harvest] ")
        assert not box.mails
        assert project.run("digest", "send").exit_code == 0
        (sent,) = box.mails
        assert (sent["To"], sent["From"]) == (TO, USER)


def test_a_digest_is_written_in_every_format(project: Project, tmp_path: Path) -> None:
    def written(name: str, *more: str) -> str:
        out = tmp_path / name
        assert project.run("digest", "--limit", "2", "--out", str(out), *more).exit_code == 0
        return out.read_text("utf-8")

    found = json.loads(written("d.json"))
    assert found["harvest"]["state"] == "complete"
    title = found["papers"][0]["title"]
    assert title in written("d.html")
    mail = message_from_bytes(written("d.eml").encode(), policy=policy.default)
    assert title.split(":")[0][:40] in mail["Subject"]
    assert written("d.txt") == written("x", "--format", "text")
    assert project.run("digest", "--out", str(tmp_path / "x")).exit_code == 2
    # An option before the word would be lost without a word.
    assert project.run("digest", "--days", "1", "send", "--to", TO).exit_code == 2
    leave_report(project, outcome="failed", error="StoreError", message="the disk is full")
    assert "the disk is full" in project.run("digest").stderr


def test_feeds_are_built_and_rest_while_nothing_changes(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "feeds"
    command = ("feeds", "build", "--out", str(out), "--base-url", "https://example.org/feeds")
    first = project.run(*command)
    assert first.exit_code == 0, first.output
    files = sorted(path for path in out.rglob("*") if path.is_file())
    before = [path.stat().st_mtime_ns for path in files]
    assert f"{len(files)} files, {len(files)} of them new" in first.stdout
    assert f"{len(files)} files, 0 of them new" in project.run(*command).stdout
    assert [path.stat().st_mtime_ns for path in files] == before
    fair = feedparser.parse((out / "topics/fairness.rss").read_bytes())
    assert fair.entries
    assert not fair.bozo
    assert all("fairness" in {tag.term for tag in one.tags} for one in fair.entries)
    listed = (out / "feeds.opml").read_text()
    assert all(
        f"https://example.org/feeds/{path.relative_to(out)}" in listed
        for path in files
        if path.suffix == ".atom"
    )
    assert project.run("feeds", "build", "--base-url", "example.org").exit_code == 2


def test_the_examples_of_the_how_to_work(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs/how-to/feeds-and-digest.md").read_text("utf-8")
    (settings,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    with (project.config / "settings.yaml").open("a") as file:
        file.write(settings)
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^medsafe-harvest ((?:digest|feeds) .*)$", "".join(blocks), re.MULTILINE)
    assert len(lines) >= 8
    monkeypatch.chdir(tmp_path)
    for line in dict.fromkeys(lines):
        words = shlex.split(line, comments=True)
        # There is no mail.example.org.
        dry = ["--dry-run"] if "send" in words and "--dry-run" not in words else []
        assert project.run(*words, *dry).exit_code == 0, line
    assert "<h1" in (tmp_path / "week.html").read_text("utf-8")
    assert (tmp_path / "public/feeds/feeds.opml").is_file()
