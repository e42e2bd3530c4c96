"""Where the weights of matching stand: ``python -m bench.weights [FOLDER]``.

Fits all weights anew to the labelled sets, by logistic regression with a normal prior around the
weight that the code has (maximum a posteriori), and says what the fit would change. Each set is
also scored with weights that were fitted to the other sets only, beside the weights of the code.
The scores are of pairs, before clusters, and without the reviews that ``decide`` puts between the
sum and a match: what guards and weights alone can do.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from medsafe_harvest.dedupe.compare import compare
from medsafe_harvest.dedupe.decide import weigh
from medsafe_harvest.dedupe.evidence import EVIDENCE, MATCH_FROM, PRIOR
from medsafe_harvest.dedupe.guards import GUARDS
from medsafe_harvest.dedupe.prepare import prepare
from medsafe_harvest.dedupe.reasons import Outcome
from medsafe_harvest.engines.duckdb import candidate_pairs
from medsafe_harvest.evaluate.label_files import find_sets, read_set
from medsafe_harvest.evaluate.labels import LabelledSet

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Precision of the prior: how many observations a weight of the code is worth.
_PRECISION = 40.0
#: Of a level whose weight is 0 because it says nothing: it stays there.
_FIXED = 1e4
#: Each set counts as so many pairs at most.
_MOST = 400
_LEVELS = [(kind, level) for kind, levels in EVIDENCE.items() for level in levels]
_CODE = np.array([*(level.weight for _, level in _LEVELS), PRIOR])


@dataclass(frozen=True, slots=True)
class Data:
    """The candidate pairs of a labelled set that are in scope; n pairs, k weights."""

    name: str
    #: n x k: which level of each kind of evidence holds, and a column of ones.
    design: Floats
    #: n: whether the labels call it a match.
    truth: Bools
    #: n: whether no guard decides.
    free: Bools
    #: n: whether a guard says match.
    matched: Bools
    #: Matches among all pairs in scope.
    gold: int
    #: Whether every pair has a label: only then are its pairs those that a run meets.
    complete: bool

    def f1(self, weights: Floats) -> tuple[float, int, int]:
        """F1, false matches and misses of the pairs with these weights."""
        said = np.where(self.free, self.design @ weights >= MATCH_FROM, self.matched)
        hits = int((said & self.truth).sum())
        return 2 * hits / (int(said.sum()) + self.gold), int(said.sum()) - hits, self.gold - hits


#: Pairs that are compared at a time.
_ROWS = 20_000


def read(labelled: LabelledSet) -> Data:
    """Compare the candidate pairs of a set."""
    designs, truths, fired = [], [], []
    prepared = prepare(labelled.records.combine_chunks().to_batches()[0])
    pairs = candidate_pairs(labelled.records)
    numbers = [labelled.numbers(pairs[side]) for side in ("left", "right")]
    for start in range(0, len(pairs), _ROWS):
        sides = [side[start : start + _ROWS] for side in numbers]
        lesser, greater = np.minimum(*sides), np.maximum(*sides)
        features = compare(*(prepared.take(pa.array(side)) for side in sides))
        levels = weigh(features)
        columns = [levels[kind] == n for kind, found in EVIDENCE.items() for n in range(len(found))]
        holds = [*(guard.holds(features) for guard in GUARDS), np.ones(len(features), dtype=bool)]
        scope = labelled.in_scope(lesser, greater)
        designs.append(np.column_stack([*columns, np.ones(len(features))])[scope])
        truths.append(labelled.is_gold(lesser, greater)[scope])
        fired.append(np.argmax(np.stack(holds), axis=0)[scope])
    guard = np.concatenate(fired)
    says_match = np.array([one.outcome is Outcome.MATCH for one in GUARDS] + [False])
    return Data(
        name=labelled.name,
        design=np.concatenate(designs).astype(np.float64),
        truth=np.concatenate(truths),
        free=guard == len(GUARDS),
        matched=says_match[guard],
        gold=int(labelled.match.sum()),
        complete=labelled.complete,
    )


def fit(sets: list[Data]) -> Floats:
    """Weights of largest posterior density, by Newton's method with step halving.

    Sets of chosen pairs are left out: how many of them match says nothing of a run.
    """
    sets = [one for one in sets if one.complete]
    design = np.concatenate([one.design[one.free] for one in sets])
    truth = np.concatenate([one.truth[one.free] for one in sets]).astype(np.float64)
    counts = np.concatenate(
        [np.full(one.free.sum(), min(1.0, _MOST / max(one.free.sum(), 1))) for one in sets]
    )
    precision = np.where(_CODE == 0.0, _FIXED, _PRECISION)

    def loss(weights: Floats) -> float:
        sums = design @ weights
        misfit = counts * (np.logaddexp(0.0, sums) - truth * sums)
        return float(misfit.sum() + 0.5 * (precision * (weights - _CODE) ** 2).sum())

    weights = _CODE.copy()
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -30.0, 30.0)))
        gradient = design.T @ (counts * (chance - truth)) + precision * (weights - _CODE)
        curvature = (design.T * (counts * chance * (1.0 - chance))) @ design + np.diag(precision)
        step, share = np.linalg.solve(curvature, gradient), 1.0
        while loss(weights - share * step) > loss(weights) and share > 1e-6:
            share /= 2.0
        weights = weights - share * step
        if np.abs(share * step).max() < 1e-6:
            break
    return weights


def main() -> None:
    """Print what the fit would change, and how it does on sets that it has not seen."""
    default = Path(os.environ.get("MEDSAFE_SHARED_DATA", "../shared/data")) / "match"
    sets = [
        read(read_set(path)) for path in find_sets(Path(sys.argv[1]) if sys.argv[1:] else default)
    ]
    print(f"{'set':<24}{'pairs':>7}  {'weights of the code':<24}fitted to the other sets")
    for one in sets:
        fitted = fit([other for other in sets if other is not one])
        ours, theirs = one.f1(_CODE), one.f1(fitted)
        print(
            f"{one.name:<24}{len(one.truth):>7}  "
            + "".join(
                f"{f'{f1:.4f} ({false}/{missed})':<24}" for f1, false, missed in (ours, theirs)
            )
        )
    print("F1 of pairs (false matches/misses), before clusters\n")
    changes = fit(sets) - _CODE
    print(f"{'evidence':<14}{'level':<52}{'code':>6}{'fit':>7}")
    names = [*((kind, level.words) for kind, level in _LEVELS), ("prior", "")]
    for (kind, words), weight, change in zip(names, _CODE, changes, strict=True):
        print(f"{kind:<14}{words:<52}{weight:>+6.1f}{weight + change:>+7.2f}")
    print(f"largest change {np.abs(changes).max():.2f}, median {np.median(np.abs(changes)):.2f}")


if __name__ == "__main__":
    main()
