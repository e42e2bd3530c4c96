"""The file of curators' decisions: entries come and go, all else stays byte for byte."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from medsafe_harvest.config_files import load
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.errors import ConfigError, MedsafeError
from medsafe_harvest.overrides_file import OverridesFile, Ruling

SHIPPED = (Path(__file__).parents[2] / "config/overrides.yaml").read_text(encoding="utf-8")
ENTRY = """\
  - left: arxiv:1
    right: s2:1
    who: 'A. B.'   # by hand
    when: 2026-01-02
    why: >-
      Two lines
      of reasons.
"""
DAY = dt.date(2026, 11, 21)


def ruling(left: str, right: str, *, same: bool = True, why: str = "seen: #1 'so', é") -> Ruling:
    return Ruling(same, Link(left=left, right=right, who="A. C.", when=DAY, why=why))


def file_of(folder: Path, text: str) -> OverridesFile:
    path = folder / "overrides.yaml"
    path.write_bytes(text.encode())
    return OverridesFile(path)


@pytest.mark.parametrize(
    "text",
    [
        SHIPPED,
        "must_link: []  # none yet\ncannot_link: [] \n# the end",
        "",
        "# only words",
        "must_link:   []\n",
        f"# head\nmust_link:\n{ENTRY}\n  # about the next one\n\ncannot_link: []\n",
        f"cannot_link:\n{ENTRY}# foot\nmust_link: []\n",
        f"cannot_link:\n{ENTRY.replace('  - ', '- ').replace('    ', '  ')}\nmust_link: []",
        f"must_link:\r\n{ENTRY}cannot_link: []\r\n".replace("\r\n", "\n").replace("\n", "\r\n"),
        "\ufeffmust_link:\n" + ENTRY + "cannot_link: []\n",
        "must_link: [{left: a, right: b, who: c, when: 2026-01-02, why: d},]  # a row\n",
        "must_link: [\n  {left: a, right: b, who: c, when: 2026-01-02, why: d}  # a row\n]\n",
    ],
)
def test_entries_come_to_the_end_and_go_and_leave_no_trace(text: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, text)
    before = file.read()
    one, two, three = (
        ruling("x", "y"),
        ruling("z", "y", why="- it\tis"),
        ruling("v", "w", same=False),
    )
    assert file.add([one]) == [one]
    after_one = file.path.read_bytes()
    assert file.add([two, three]) == [two, three]
    said = load(file.path, Overrides)
    assert said.must_link == (*before.must_link, one.link, two.link)
    assert said.cannot_link == (*before.cannot_link, three.link)
    written = file.path.read_bytes().decode()
    assert all(words in written for words in re.findall(r"# [a-z ]+", text))
    assert file.remove(two)
    assert file.remove(three)
    assert load(file.path, Overrides).must_link == (*before.must_link, one.link)
    if "cannot_link:" in text:
        assert file.path.read_bytes() == after_one
    assert file.remove(one)
    assert load(file.path, Overrides) == before


@pytest.mark.parametrize("text", [SHIPPED, f"must_link:\n{ENTRY}  # last\ncannot_link: []  # no\n"])
def test_what_is_taken_back_leaves_the_very_bytes(text: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, text)
    for one in (ruling("x", "y"), ruling("v", "w", same=False)):
        file.add([one])
        assert file.remove(one)
    assert file.path.read_bytes() == text.encode()


def test_an_entry_that_is_there_is_not_added_again_nor_removed_twice(tmp_path: Path) -> None:
    file = file_of(tmp_path, SHIPPED)
    one = ruling("x", "y")
    assert file.add([one, ruling("y", "x", why="again")]) == [one]
    written = file.path.read_bytes()
    assert file.add([ruling("y", "x", why="other words")]) == []
    assert file.path.read_bytes() == written
    assert file.remove(one)
    assert not file.remove(one)


def test_a_contradiction_names_both_and_nothing_is_written(tmp_path: Path) -> None:
    file = file_of(tmp_path, SHIPPED)
    file.add([ruling("a", "b", why="first"), ruling("b", "c", why="second")])
    written = file.path.read_bytes()
    with pytest.raises(ConfigError, match=r"cannot_link a and c .*third.* b .*first.*second"):
        file.add([ruling("e", "f"), ruling("a", "c", same=False, why="third")])
    assert file.path.read_bytes() == written


@pytest.mark.parametrize(
    "text", ["must_link:\n  # none left\ncannot_link:\n", "cannot_link: ~\nmust_link: null  # no"]
)
def test_a_list_whose_last_entry_was_deleted_takes_entries(text: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, text)
    one, two = ruling("x", "y"), ruling("v", "w", same=False)
    file.add([one, two])
    assert load(file.path, Overrides) == Overrides(must_link=(one.link,), cannot_link=(two.link,))
    assert file.remove(one)
    assert file.remove(two)
    assert file.read() == Overrides()


def test_entries_of_one_day_are_written_out_each(tmp_path: Path) -> None:
    file = file_of(
        tmp_path,
        "must_link: []\ncannot_link: [{left: a, right: b, who: c, when: 2026-01-02, why: d}]\n",
    )
    file.add([ruling(one, "z", same=same) for one in "vwxy" for same in (one < "x",)])
    assert "&" not in file.path.read_text(encoding="utf-8")
    assert file.path.read_text(encoding="utf-8").count("when: 2026-11-21") == 4


def test_a_contradiction_in_the_file_is_told_with_the_line_of_its_entry(tmp_path: Path) -> None:
    other = ENTRY.replace("s2:1", "s2:2")
    file = file_of(tmp_path, f"must_link:\n{ENTRY}cannot_link:\n{other}{ENTRY}")
    with pytest.raises(ConfigError, match=r"overrides\.yaml:17: .*arxiv:1 and s2:1 .*contradicts"):
        file.read()


@pytest.mark.parametrize(
    "text",
    ["{}\n...\n", "base: &b []\nmust_link: *b\n", "must_link: []\ncannot_link: []\n---\n"],
)
def test_a_layout_that_takes_no_entry_is_refused_and_stays(text: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, text)
    with pytest.raises(ConfigError, match=r"overrides\.yaml"):
        file.add([ruling("x", "y")])
    assert file.path.read_bytes() == text.encode()
    assert not list(tmp_path.glob("*.new"))


def test_what_a_person_writes_meanwhile_counts(tmp_path: Path) -> None:
    file = file_of(tmp_path, SHIPPED)
    file.read()
    file.path.write_text(f"must_link:\n{ENTRY}", encoding="utf-8")
    file.add([ruling("x", "y")])
    assert len(file.read().must_link) == 2


def test_a_link_to_the_file_stays_a_link_and_its_mode_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    real = file_of(tmp_path / "kept", SHIPPED).path
    real.chmod(0o640)
    link = tmp_path / "overrides.yaml"
    link.symlink_to(real)
    OverridesFile(link).add([ruling("x", "y")])
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert len(load(real, Overrides).must_link) == 1


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = file_of(tmp_path, SHIPPED)
    (tmp_path / f".overrides.yaml-{os.getpid()}").mkdir()
    with pytest.raises(MedsafeError, match="cannot be written"):
        file.add([ruling("x", "y")])
    assert file.path.read_text(encoding="utf-8") == SHIPPED


_WRITER = """
import datetime, os, pathlib, sys
from medsafe_harvest.dedupe.overrides import Link
from medsafe_harvest.overrides_file import OverridesFile, Ruling

path, name, number, killed = sys.argv[1:]
if killed == "killed":
    pathlib.Path.replace = lambda *_: os._exit(9)
for n in range(int(number)):
    day = datetime.date(2026, 1, 1)
    link = Link(left=f"{name}{n}", right="z" + name, who="w", when=day, why="y")
    OverridesFile(pathlib.Path(path)).add([Ruling(False, link)])
"""


def writer(
    file: OverridesFile, name: str, number: int, *, killed: str = ""
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(file.path), name, str(number), killed]
    )


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    file = file_of(tmp_path, SHIPPED)
    writers = [writer(file, name, 8) for name in "ab"]
    assert [one.wait() for one in writers] == [0, 0]
    assert len(file.read().cannot_link) == 16
    assert file.path.read_text(encoding="utf-8").startswith(SHIPPED.partition("\nmust_link:")[0])


def test_a_kill_before_the_rename_leaves_the_old_file_and_no_obstacle(tmp_path: Path) -> None:
    file = file_of(tmp_path, SHIPPED)
    assert writer(file, "a", 1, killed="killed").wait() == 9
    assert file.path.read_text(encoding="utf-8") == SHIPPED
    assert file.add([ruling("x", "y")])
