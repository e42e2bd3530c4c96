"""Score the matching on labelled sets: what it merged wrongly, what it missed, and why.

``labels`` reads a set, ``figures`` counts, ``mistakes`` finds the worst errors, ``scoring`` puts
them together, ``page`` shows them to people.
"""

from medsafe_harvest.evaluate.label_files import find_sets, name_of, read_set
from medsafe_harvest.evaluate.labels import LabelledSet
from medsafe_harvest.evaluate.page import as_page
from medsafe_harvest.evaluate.scoring import Evaluation, evaluate

__all__ = [
    "Evaluation",
    "LabelledSet",
    "as_page",
    "evaluate",
    "find_sets",
    "name_of",
    "read_set",
]
