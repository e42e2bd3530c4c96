"""One pair of ``review`` on a terminal: both records, the evidence, and what an answer would do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.table import Table
from rich.text import Text

from medsafe_harvest.cli.context import output
from medsafe_harvest.cli.inspect import shown
from medsafe_harvest.curated import snapshot
from medsafe_harvest.dedupe.explain import Explanation, explain_pair
from medsafe_harvest.dedupe.prepare import NEEDED, prepare
from medsafe_harvest.review import Pair, Papers
from medsafe_harvest.review_outlook import Outlook
from medsafe_harvest.review_session import Session
from medsafe_harvest.review_words import SHOWN, described, differences

#: Characters of an abstract that are shown.
_ABSTRACT = 400
_DIFFERS = "bold underline yellow"


class Records:
    """The records that pairs are made of.

    Args:
        folder: a snapshot.
        wanted: the pairs.
    """

    def __init__(self, folder: Path, wanted: Iterable[Pair]) -> None:
        self._folder = folder
        ids = sorted({one for pair in wanted for one in pair.ids})
        columns = list(dict.fromkeys((*SHOWN, *NEEDED)))
        records = snapshot.read(folder, "records", columns)
        self._table = records.filter(pc.is_in(records["record_id"], pa.array(ids, pa.string())))
        self._all = records.select(NEEDED)
        self.rows: dict[str, Mapping[str, Any]] = {
            row["record_id"]: row for row in self._table.select(SHOWN).to_pylist()
        }

    def explain(self, pair: Pair) -> Explanation:
        """The working of the decision about a pair."""
        left, right = (self._prepared(record_id) for record_id in pair.ids)
        return explain_pair(left, right, pair.keys)

    def outlook(self, papers: Papers) -> Outlook:
        """What answers would do to the papers."""
        return Outlook(self._all, snapshot.read(self._folder, "decisions"), papers)

    def _prepared(self, record_id: str) -> pa.RecordBatch:
        found = self._table.filter(pc.equal(self._table["record_id"], record_id)).select(NEEDED)
        return prepare(found.combine_chunks().to_batches()[0])


def papers_of(folder: Path) -> Papers:
    """Which records a snapshot holds as one paper."""
    papers = snapshot.read(folder, "papers", ["record_ids"])
    return Papers(papers["record_ids"].to_pylist())


def print_pair(pair: Pair, session: Session, records: Records, explained: Explanation) -> None:
    """Both records side by side, what differs marked, and the working of the decision."""
    output.print()
    output.rule(f"{session.number} of {len(session.queue)}")
    left, right = (described(records.rows[one]) for one in pair.ids)
    table = Table("")
    table.columns[0].no_wrap = True
    for record_id in pair.ids:
        table.add_column(shown(record_id), overflow="fold", ratio=1)
    for name in left:
        texts = (left[name], right[name])
        if name == "abstract":
            texts = (_start(texts[0]), _start(texts[1]))
        if any(texts):
            table.add_row(Text(name, "bold"), *map(_marked, differences(*texts)))
    output.print(table)
    evidence = Table("evidence", "what holds", "weight")
    evidence.add_row("prior", "two records that share a key", f"{explained.prior:+.1f}")
    for one in explained.evidence:
        if one.weight:
            evidence.add_row(one.kind, shown(one.words), f"{one.weight:+.1f}")
    output.print(evidence)
    words = {one.words for one in explained.evidence}
    more = [part for part in pair.detail.split("; ") if part not in words]
    said = f" ({pair.reason}), score {pair.score:.3f}"
    output.print(Text.assemble((pair.outcome, "bold"), "; ".join([said, *more])))


def print_outlook(pair: Pair, session: Session, outlook: Outlook) -> None:
    """What each answer would do to the papers."""
    if others := session.others(pair):
        output.print(f"the strongest of {others + 1} pairs of the same two papers")
    for same in (True, False):
        effect = outlook.of(pair, session.overrides, same=same)
        for line in effect.lines:
            output.print(shown(line, "bold yellow" if effect.torn else ""), soft_wrap=True)


def _start(text: str) -> str:
    return text if len(text) <= _ABSTRACT else f"{text[:_ABSTRACT].rsplit(' ', 1)[0]} ..."


def _marked(words: Iterable[tuple[str, bool]]) -> Text:
    text = Text()
    for word, differs in words:
        text.append(" " if text else "").append(word, _DIFFERS if differs else "")
    return text
