"""Tables while they are walked: cells that span rows or columns, and which row is the head."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from medsafe_harvest.lists.runs import Block, Run, text_of

#: A cell that claims to span more is a slip of the pen.
_MOST_ROWS, _MOST_COLUMNS = 5000, 50


@dataclass(slots=True)
class OpenTable:
    """A table that has begun.

    Attributes:
        header: the words of its head, a cell each; empty while it has none.
        rows: that ended.
        spans: cells that reach down, by column: rows left and runs.
        row: the cells of the open row.
    """

    header: tuple[str, ...] = ()
    rows: int = 0
    spans: dict[int, tuple[int, list[Run]]] = field(default_factory=dict)
    row: list[tuple[etree._Element, list[Run]]] = field(default_factory=list)

    def end_row(self, headings: tuple[str, ...], line: int) -> Block | None:
        """The row that ends, its cells laid out over the columns; None for the head.

        Args:
            headings: above the table.
            line: where the row ends.
        """
        cells: list[list[Run]] = []
        for element, runs in self.row:
            self._fill(cells)
            rows = _number(element.get("rowspan"), _MOST_ROWS)
            for _ in range(_number(element.get("colspan"), _MOST_COLUMNS)):
                if rows > 1:
                    self.spans[len(cells)] = (rows - 1, runs)
                cells.append(runs)
                runs = []  # noqa: PLW2901 - the words stand in the first column only
        self._fill(cells)
        elements, self.row = [element for element, _ in self.row], []
        self.rows += 1
        if not cells or (not self.header and self._is_header(elements)):
            self.header = self.header or tuple(text_of(runs) for runs in cells)
            return None
        begins = [line_of(elements[0], line)] if elements else []
        begins += [run.line for cell in cells for run in cell if run.text.strip()]
        return Block("row", (begins or [line])[0], headings, cells=cells, header=self.header)

    def _fill(self, cells: list[list[Run]]) -> None:
        while len(cells) in self.spans:
            left, runs = self.spans.pop(len(cells))
            if left > 1:
                self.spans[len(cells)] = (left - 1, runs)
            cells.append(runs)

    def _is_header(self, elements: list[etree._Element]) -> bool:
        if len(elements) < 2:
            return False
        if all(element.tag == "th" for element in elements):
            return True
        texts = [words_of(element).strip() for element in elements]
        linked = any(element.find(".//a") is not None for element in elements)
        short = all(len(text) < 40 for text in texts)
        return self.rows == 1 and short and not linked and len([one for one in texts if one]) > 1


def words_of(element: etree._Element) -> str:
    """All text inside an element."""
    return "".join(str(text) for text in element.itertext())


def line_of(element: etree._Element, otherwise: int) -> int:
    """The line of the file on which an element begins."""
    line: object = element.sourceline
    return line if isinstance(line, int) and line > 0 else otherwise


def _number(text: str | None, most: int) -> int:
    digits = (text or "").strip()
    plain = digits.isascii() and digits.isdigit() and len(digits) < 6
    return min(max(int(digits), 1), most) if plain else 1
