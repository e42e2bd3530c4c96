"""What changed from one night to the next is told value by value."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.engines.incremental import changes

NAMES = st.none() | st.sampled_from(["", "Berg", "Lund"])
AUTHORS = pa.list_(pa.struct([("name", pa.string()), ("given", pa.string())]))
LISTS = st.none() | st.lists(st.fixed_dictionaries({"name": NAMES, "given": NAMES}), max_size=2)


@pytest.mark.parametrize(("kind", "values"), [(pa.string(), NAMES), (AUTHORS, LISTS)])
@given(data=st.data())
def test_values_differ_where_python_says_so(
    kind: pa.DataType, values: st.SearchStrategy[object], data: st.DataObject
) -> None:
    pairs = data.draw(st.lists(st.tuples(values, values) | values.map(lambda one: (one, one))))
    ours, theirs = (pa.array([pair[side] for pair in pairs], kind) for side in range(2))
    found = changes.differ(ours, theirs)
    # An empty list and none at all say the same but are not: one of them is null.
    assert found.tolist() == [one != other for one, other in pairs]


def test_values_differ_in_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_BLOCK", 3)
    before = [[{"name": f"{row}", "given": None}] * (row % 3) for row in range(11)]
    after = [value if row % 4 else [*value, {"name": "x"}] for row, value in enumerate(before)]
    found = changes.differ(pa.array(before, AUTHORS).slice(1), pa.array(after, AUTHORS).slice(1))
    assert found.nonzero()[0].tolist() == [3, 7]
