from __future__ import annotations

import pytest

from medsafe_harvest.normalize.withdrawal import says_withdrawn


@pytest.mark.parametrize(
    "text",
    [
        "This paper has been withdrawn by the author due to a crucial error in equation 3",
        "This submission has been withdrawn by arXiv admin",
        "The paper was retracted.",
        "Withdrawn",
        "Withdrawn: the main result is wrong",
        "Paper withdrawn, a revised version follows",
        "12 pages; this paper has been withdrawn",
        "we would like to withdraw this\n paper",
        "Manuscript withdrawn, because results are incorrect",
        "it has been withdrawn from the archive",
    ],
)
def test_a_comment_that_says_withdrawn(text: str) -> None:
    assert says_withdrawn(text, None)


def test_an_abstract_that_was_replaced_says_withdrawn() -> None:
    assert says_withdrawn("5 pages", "This article has been withdrawn by the authors.")


@pytest.mark.parametrize(
    "text",
    [
        "One patient withdrew consent before the scan.",
        "The patient withdrew consent and was withdrawn from the study",
        "Drug withdrawal and alcohol withdrawal are predicted.",
        "Rofecoxib was withdrawn from the market in 2004",
        "Withdrawn from the market: a study of drugs",
        "paper withdrawn from IEEE Transactions on Signal Processing",
        "We study retracted papers and how they are cited.",
        "Retractable leads and clause retraction",
        "Articles that were withdrawn or retracted form our corpus.",
        "12 pages, 3 figures",
    ],
)
def test_other_withdrawals_do_not_count(text: str) -> None:
    assert not says_withdrawn(text, None)
    assert not says_withdrawn(None, text)


def test_nothing_said_is_not_withdrawn() -> None:
    assert not says_withdrawn(None, None)
