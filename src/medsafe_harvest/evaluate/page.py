"""The evaluation as one page for people: no script, no network, everything escaped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from medsafe_harvest.dedupe.explain import PRIOR_IS
from medsafe_harvest.evaluate.figures import Ratio
from medsafe_harvest.evaluate.mistakes import Mistake
from medsafe_harvest.evaluate.scoring import Evaluation

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Matching, scored on labelled sets</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem;
  padding: 0 1rem; color: #1b1b1b; background: #fff }
table { border-collapse: collapse; margin: .6rem 0; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem;
  border-bottom: 1px solid #ddd; overflow-wrap: anywhere }
td:first-child, th:first-child { white-space: nowrap; overflow-wrap: normal }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal }
tr.differs th::before { content: "\\2260  " }
mark { background: #ffe08a; color: inherit }
article { border: 1px solid #ccc; border-radius: 6px; padding: .4rem 1rem; margin: 1rem 0 }
article h3 { margin: .4rem 0 }
.false_merge h3 { color: #a3180f }
.missed h3 { color: #0b4f8a }
.about { color: #555 }
</style></head><body>
<h1>Matching, scored on labelled sets</h1>
<p class="about">Pairs are counted in the scope of each set's labels. The
intervals are Wilson's, 95&nbsp;%.
A false merge destroys a paper; a missed pair costs a second look.</p>
"""

_SUMMARY = (
    "records", "matches", "precision", "recall", "F1", "false merges", "missed", "reviews",
    "blocking recall", "B-cubed F1", "seconds",
)  # fmt: skip


def as_page(results: Sequence[Evaluation]) -> str:
    """The page as HTML."""
    heads = "".join(f'<th class="n">{name}</th>' for name in _SUMMARY)
    rows = "".join(_summary(number, result) for number, result in enumerate(results))
    sets = "".join(_section(number, result) for number, result in enumerate(results))
    notes = "".join(
        f'<p class="note">{escape(result.name)}: {escape(result.note)}.</p>\n'
        for result in results
        if result.note
    )
    return (
        f"{_HEAD}<table><thead><tr><th>set</th>{heads}</tr></thead>\n<tbody>{rows}</tbody></table>"
        f"\n{notes}{sets}</body></html>\n"
    )


def _summary(number: int, result: Evaluation) -> str:
    pairs, fit = result.pairs, result.b_cubed
    values = (
        f"{result.records:,}",
        f"{pairs.gold:,}",
        f"{pairs.precision.value:.4f}",
        f"{pairs.recall.value:.4f}",
        f"{pairs.f1:.4f}",
        f"{pairs.predicted - pairs.hits:,}",
        f"{pairs.gold - pairs.hits:,}",
        f"{result.reviews.of:,}",
        f"{result.blocking.value:.4f}",
        f"{fit.f1:.4f}" if fit else "-",
        f"{result.seconds:.1f}",
    )
    cells = "".join(f'<td class="n">{value}</td>' for value in values)
    return f'<tr><td><a href="#set{number}">{escape(result.name)}</a></td>{cells}</tr>\n'


def _section(number: int, result: Evaluation) -> str:
    pairs, fit = result.pairs, result.b_cubed
    figures = {
        "precision": _ratio(pairs.precision, "merged pairs are right"),
        "recall": _ratio(pairs.recall, "true pairs were merged"),
        "F1": f"{pairs.f1:.4f}",
        "B-cubed precision, recall, F1": f"{fit.precision:.4f}, {fit.recall:.4f}, {fit.f1:.4f}"
        if fit
        else f"none: {result.no_b_cubed}",
        "left for review": f"{result.reviews.of:,} pairs, {result.reviews.hits:,} of them true",
        "blocking recall": _ratio(result.blocking, "true pairs share a blocking key"),
        "candidate pairs": f"{result.candidate_pairs:,}, "
        f"{result.candidate_pairs / result.records:.1f} a record",
        "time": f"{result.seconds:.2f} s, {result.records_per_second:,.0f} records a second",
    }
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(said)}</td></tr>" for name, said in figures.items()
    )
    errors = "".join(map(_article, result.mistakes)) or "<p>No error is shown.</p>"
    return f'<h2 id="set{number}">{escape(result.name)}</h2><table>{rows}</table>\n{errors}'


def _ratio(ratio: Ratio, what: str) -> str:
    low, high = ratio.interval
    return f"{ratio.value:.4f} ({low:.4f} to {high:.4f}): {ratio.hits:,} of {ratio.of:,} {what}"


def _article(mistake: Mistake) -> str:
    told = mistake.explanation
    title = "False merge" if mistake.kind == "false_merge" else "Missed"
    sides = "".join(
        _sides(name, mistake.left.get(name), mistake.right.get(name))
        for name in {**mistake.left, **mistake.right}
    )
    chain = "".join(
        f"<li>{escape(step.left)} &ndash; {escape(step.right)}: {escape(step.reason)}, "
        f"score {step.score:.3f}</li>"
        for step in mistake.chain
    )
    evidence = "".join(
        f'<tr><td>{escape(kind)}</td><td>{escape(words)}</td><td class="n">{weight:+.1f}</td></tr>'
        for kind, words, weight in (
            ("prior", PRIOR_IS, told.prior),
            *((one.kind, one.words, one.weight) for one in told.evidence),
        )
    )
    return (
        f'<article class="{mistake.kind}"><h3>{title}, score {told.score:.3f}</h3>'
        f"<p>{escape(mistake.course)}</p>"
        + (f"<p>The chain:</p><ol>{chain}</ol>" if chain else "")
        + f"<table><tbody>{sides}</tbody></table>"
        "<table><thead><tr><th>evidence</th><th>what holds</th>"
        f'<th class="n">weight</th></tr></thead><tbody>{evidence}</tbody></table>'
        f"<p>Alone: {escape(told.outcome)} ({escape(told.reason)}). "
        f"{escape(' '.join(told.would_change))}</p>"
        "</article>\n"
    )


#: Two records always differ in these: that they do says nothing.
_NAMING = frozenset({"record_id", "source"})


def _sides(name: str, left: Any, right: Any) -> str:
    if name in _NAMING or left == right:
        one, other, differs = escape(_text(left)), escape(_text(right)), ""
    else:
        one, other = _marked(_text(left), _text(right))
        differs = ' class="differs"'
    return f"<tr{differs}><th>{escape(name)}</th><td>{one}</td><td>{other}</td></tr>"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def _marked(left: str, right: str) -> tuple[str, str]:
    """Both texts escaped, with the words marked that the other has not at that place."""
    ours, theirs = left.split(), right.split()
    edits = difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    one = [_words(ours[start:end], same=tag == "equal") for tag, start, end, _, _ in edits]
    other = [_words(theirs[start:end], same=tag == "equal") for tag, _, _, start, end in edits]
    return " ".join(filter(None, one)), " ".join(filter(None, other))


def _words(words: Iterable[str], *, same: bool) -> str:
    text = escape(" ".join(words))
    return text if same or not text else f"<mark>{text}</mark>"
