"""Large-star and small-star, run by DuckDB, beside the components that scipy finds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

pytest.importorskip("pyspark", reason="the extra spark is not installed")
from medsafe_harvest.engines.spark import components as algorithm

Edges = Sequence[tuple[int, int]]


def by_scipy(edges: Edges) -> dict[str, str]:
    """The smallest node of the component of every node that has an edge to another."""
    real = [(one, other) for one, other in edges if one != other]
    nodes = sorted({name(node) for edge in real for node in edge})
    places = {node: number for number, node in enumerate(nodes)}
    rows, columns = ([places[name(edge[side])] for edge in real] for side in (0, 1))
    graph = sp.coo_array((np.ones(len(real)), (rows, columns)), shape=(len(nodes), len(nodes)))
    _, labels = connected_components(graph, directed=False) if nodes else (0, np.array([], int))
    smallest: dict[int, str] = {}
    return {
        node: smallest.setdefault(label, node)
        for node, label in zip(nodes, labels.tolist(), strict=True)
    }


#: Opening one takes longer than most of what is asked here.
_DATABASE = duckdb.connect()


def name(node: int) -> str:
    return f"r:{node:04d}"


def by_stars(edges: Edges) -> tuple[dict[str, str], int]:
    """The components, and the rounds that they took."""
    sides = [[name(edge[side]) for edge in edges] for side in (0, 1)]
    given_edges = pa.table(
        {"a": pa.array(sides[0], pa.string()), "b": pa.array(sides[1], pa.string())}
    )
    with _DATABASE.cursor() as database:

        def replace(statement: str) -> None:
            table = database.sql(statement).to_arrow_table()
            database.register("edges", table)

        database.register("edges", given_edges)
        replace(algorithm.DIRECTED)
        rounds = 0
        while database.execute(algorithm.UNSETTLED).fetchall()[0][0]:
            replace(algorithm.LARGE_STAR)
            replace(algorithm.SMALL_STAR)
            rounds += 1
        found = database.execute(algorithm.MEMBERS).fetchall()
    assert len(found) == len(dict(found)), "a node in two components"
    return dict(found), rounds


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=25))
@example([])
@example([(3, 3)])
@example([(0, 1), (1, 0), (0, 1)])
def test_the_components_are_those_of_scipy(edges: list[tuple[int, int]]) -> None:
    assert by_stars(edges)[0] == by_scipy(edges)


@pytest.mark.parametrize("seed", range(3))
def test_a_large_sparse_graph_with_long_paths_settles_soon(seed: int) -> None:
    chance = random.Random(seed)
    nodes = chance.sample(range(3000), 3000)
    path = list(pairwise(nodes[:1001]))
    loose = [(chance.choice(nodes[1001:]), chance.choice(nodes[1001:])) for _ in range(1500)]
    hub = [(nodes[1500], node) for node in nodes[2000:2400]]
    found, rounds = by_stars([*path, *loose, *hub])
    assert found == by_scipy([*path, *loose, *hub])
    assert rounds <= 12
