"""Connected components by alternating large-star and small-star, to an exact end.

Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii: Connected Components in MapReduce and Beyond
(SoCC 2014). Every edge points from a larger node to a smaller one. *Large-star* hangs all larger
neighbours of a node onto the smallest one that it sees; *small-star* does so with itself and its
smaller neighbours. Each is a join and keeps the components; in the end each node hangs on the
smallest of its component.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from medsafe_harvest.engines.spark.stages import Stages, number_of, query
from medsafe_harvest.errors import EngineError

#: Rounds are about the logarithm of the longest path; this many would be a path of all the atoms.
_MOST_ROUNDS = 100

DIRECTED = """
select distinct greatest(a, b) as u, least(a, b) as v from edges where a <> b
"""
# Each join reads what was aggregated before, so the one hub of a giant component is no bottleneck.
LARGE_STAR = """
with facing as (select u, v from edges union all select v as u, u as v from edges),
smallest as (select u, least(u, min(v)) as m from facing group by u)
select distinct facing.v as u, smallest.m as v
from facing join smallest on facing.u = smallest.u where facing.v > facing.u
"""
SMALL_STAR = """
with smallest as (select u, min(v) as m from edges group by u)
select edges.v as u, smallest.m as v
from edges join smallest on edges.u = smallest.u where edges.v <> smallest.m
union
select u, m as v from smallest
"""
#: Nodes that hang on two others, or on one while another hangs on them: none in a set of stars.
UNSETTLED = """
select count(*) from (
    select node from (
        select u as node, 1 as up, 0 as down from edges
        union all
        select v as node, 0 as up, 1 as down from edges
    ) group by node having sum(up) > 1 or (max(up) = 1 and max(down) = 1)
)
"""

MEMBERS = """
select u as node, v as component from edges
union all
select distinct v as node, v as component from edges
"""


def components(spark: SparkSession, edges: DataFrame, stages: Stages) -> DataFrame:
    """The component of every node that has an edge.

    The stop test is exact: it ends when the edges form stars around the smallest node of each,
    which is what a component is then, and not when a sum has stopped changing.

    Args:
        spark: the session.
        edges: columns ``a`` and ``b``, text; any order, repeated or not.
        stages: where each round is kept, so that a lost worker costs one round and no more.

    Returns:
        Columns ``node`` and ``component``, the smallest node of it.

    Raises:
        EngineError: it does not end, which no graph is known to do.
    """
    edges = stages.keep("edges", query(spark, DIRECTED, edges=edges))
    for number in range(_MOST_ROUNDS):
        if not number_of(query(spark, UNSETTLED, edges=edges)):
            return query(spark, MEMBERS, edges=edges)
        large = query(spark, LARGE_STAR, edges=edges)
        # Two folders in turn: the round before is read while this one is written.
        edges = stages.keep(f"round-{number % 2}", query(spark, SMALL_STAR, edges=large))
    raise EngineError(f"connected components are not settled after {_MOST_ROUNDS} rounds")
