"""What was put into a text, as a unified diff."""

from __future__ import annotations

from collections.abc import Iterator

from medsafe_harvest.awesome.lines import bare, ending, split_lines

_CONTEXT = 3


def added_lines(before: str, after: str, name: str) -> Iterator[str]:
    """A unified diff of a text and the same text with lines put in.

    Not :mod:`difflib`, which takes the common lines of long files for noise, and then shows lines
    as removed and added again.

    Args:
        before: the text.
        after: the text with more lines.
        name: of its file.

    Raises:
        ValueError: a line of the text is not in the other.
    """
    old, new = split_lines(before), split_lines(after)
    marks = list(_marks(old, new))
    _slide(marks, new)
    if all(marks):
        return
    yield f"--- a/{name}\n+++ b/{name}\n"
    place = 0
    while place < len(marks):
        if marks[place]:
            place += 1
            continue
        start = max(0, place - _CONTEXT)
        end = last = place
        while end < len(marks) and end - last <= 2 * _CONTEXT:
            last = last if marks[end] else end
            end += 1
        end = min(last + 1 + _CONTEXT, len(marks))
        kept = sum(marks[start:end])
        first = sum(marks[:start])
        # git counts from 0 where nothing is kept.
        yield f"@@ -{first + bool(kept)},{kept} +{start + 1},{end - start} @@\n"
        for number in range(start, end):
            line = new[number]
            yield f"{' ' if marks[number] else '+'}{bare(line)}{ending(line) or chr(10)}"
            if not ending(line):
                yield "\\ No newline at end of file\n"
        place = end


def _slide(marks: list[bool], new: list[str]) -> None:
    """Let added lines begin where an entry does: ``<tr>`` goes with what is below it."""
    for end in range(len(marks), 0, -1):
        if marks[end - 1] or (end < len(marks) and not marks[end]):
            continue
        start = end - 1
        while start > 0 and not marks[start - 1]:
            start -= 1
        last = end
        while start > 0 and new[start - 1] == new[last - 1] and _begins(new[last - 1]):
            start, last = start - 1, last - 1
            marks[start], marks[last] = False, True


def _begins(line: str) -> bool:
    """Whether a line may be the first of an entry."""
    return bool(line.strip()) and not line.lstrip().startswith("</")


def _marks(old: list[str], new: list[str]) -> Iterator[bool]:
    """Of each new line whether it is an old one."""
    place = 0
    for line in new:
        same = place < len(old) and bare(line) == bare(old[place])
        place += same
        yield same
    if place < len(old):
        raise ValueError(f"line {place + 1} is missing: {old[place]!r}")
