# ruff: noqa: RUF001 - look-alike characters are what these tests are about
from __future__ import annotations

import gc
import re
import weakref
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.normalize import latex
from medsafe_harvest.normalize.text import clean_title, comparison_form, one_line

#: Text with much more markup than chance would give.
MARKED = st.lists(
    st.sampled_from(
        ["\\", "$", "{", "}", "&", "<i>", "</i>", "<sub>2</sub>", "&amp;", "&lt;", "\\alpha", "\\'",
         "\\textit", "^", "_", "2", "a", "Z", " ", "\n", "~", "%", "#", "\\$", "\\\\", "\\begin{x}",
         "\\end{x}", "\\frac", "\\sqrt", "[", "]", "é", "\u200b", "\0", "深", "-", "'",
         '\\"', "\\emph"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (r"$\ell_1$ norms", "ℓ₁ norms"),
        (r"{C}heXpert", "CheXpert"),
        (r"\textit{In vivo} and \emph{ex vivo}", "In vivo and ex vivo"),
        (r"M\"uller, Poincar\'e, Erd\H{o}s, Erd\H os", "Müller, Poincaré, Erdős, Erdős"),
        (r"50\% of H\&E slides", "50% of H&E slides"),
        (r"C$^3$PO and $T^{2}$-GRPO", "C³PO and T²-GRPO"),
        (r"HfF$^+$ and Eu$^{3+}$", "HfF⁺ and Eu³⁺"),
        (r"4S$\to$5P", "4S→5P"),
        (r"TRI$\mu$P with $n\times n$", "TRIμP with n×n"),
        (r"SL(3,\C)", "SL(3,C)"),
        (r"MIMIC-\RNum{4}", "MIMIC-4"),
        (r"{\em Old} and {\bf bold}", "Old and bold"),
        (r"The Player\'s Moves", "The Player's Moves"),
        (r"\$OneMillion-Bench", "$OneMillion-Bench"),
        (r"model for \\Affective Computing", "model for Affective Computing"),
        (r"Call\,Recording", "Call Recording"),
        ("CO<sub>2</sub> in <i>vivo</i>", "CO₂ in vivo"),
        ("Type Inference in<br> Dual Logic", "Type Inference in Dual Logic"),
        ("H&amp;E &lt;i&gt;slides&lt;/i&gt;", "H&E slides"),
        ("twice &amp;amp; more", "twice & more"),
        ("zero\u200bwidth soft\u00adhyphen", "zerowidth softhyphen"),
        ("null\0and\ttab\n  wrap", "null and tab wrap"),
        ("e\u0301cole", "école"),
        (r"Learning to \texttt{Ask-First}", "Learning to Ask-First"),
        ("lone \ud800 surrogate", "lone surrogate"),
    ],
)
def test_markup_is_resolved(raw: str, expected: str) -> None:
    assert clean_title(raw) == expected


@pytest.mark.parametrize(
    "title",
    [
        "H&E slides",
        "Between $5 and $10 a scan",
        "Only $5",
        "The 17% Gap",
        "FAIR_XAI and ST_GCN",
        "MAFM^3: Modular Adaptation",
        "Pages ~10, C# and a{b",
        "if a<b and c>d then <b?",
        "Gell-Mann--Low ``x''",
        "深層学習 による 診断",
        "Q&A; R&D",
        "[Review] of x",
    ],
)
def test_a_title_without_latex_comes_back_unchanged(title: str) -> None:
    assert clean_title(title) == title


SENTENCES = st.sampled_from(
    [
        "We use plain words (and more). ",
        r"It gains $3.5\%$ in all. ",
        r"Of {\bf One thing. Two} more. ",
        "With $a. B_{2}$ shown. ",
        "Costs $5. Others less. ",
        r"\begin{itemize} \item One. Two \end{itemize} ",
        r"\[ x. Y \] follows. ",
        "A ``quote'' -- or two. ",
        r"By \textbf{Two words. Three}. ",
        "First line.\n\nSecond one. ",
        r"Hence \alpha. Beta, too. ",
        "A~B & C_d. ",
    ]
)


@given(st.lists(SENTENCES, max_size=8).map("".join))
def test_a_text_read_by_sentences_is_read_as_a_whole(text: str) -> None:
    text += r"Done with \emph{care}."
    whole = latex._CONVERTER.latex_to_text(latex._guarded(text), latex_context=latex._COMMANDS)
    assert latex.from_latex(text) == whole


def test_damaged_latex_is_no_reason_to_complain_on_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert clean_title(r"Odds of $\frac{1}{2}$") == "Odds of 1/2"
    assert clean_title(r"Odds of \frac") == "Odds of"
    assert clean_title("\\frac") == "\\frac"
    assert caplog.records == []


@given(st.text() | MARKED)
def test_a_visible_title_is_never_emptied_and_cleaning_twice_is_cleaning_once(raw: str) -> None:
    once = clean_title(raw)
    assert bool(once) == (one_line(raw) is not None)
    assert clean_title(once) == once
    assert "\n" not in once
    assert once.encode().decode() == once


@given(st.text() | MARKED)
def test_the_comparison_form_is_never_empty_for_a_title_that_is_not(title: str) -> None:
    assert comparison_form(title) or not title


@given(st.lists(st.integers(0, 99999), min_size=1), st.sampled_from([" ", "-", ": ", ".", "/"]))
def test_all_digits_survive_in_the_comparison_form(numbers: list[int], separator: str) -> None:
    title = separator.join(f"Part {number}" for number in numbers)
    assert re.findall(r"[0-9]+", comparison_form(title)) == [str(number) for number in numbers]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("anti-TNF-α therapy", "Anti-TNF-(alpha) therapy"),
        ("IFNγ", "IFN-gamma"),
        ("C³PO", "C3PO"),
        ("MAFM^3", "MAFM³"),
        ("CO₂", "CO_2"),
        ("Müller’s naïve Bayes", "Muller's Naive Bayes"),
        ("Łukasiewicz & Ørsted", "Lukasiewicz and Orsted"),
        ("ﬁnal eﬃciency", "final efficiency"),
        ("X–ray—images: a review", "X-ray images - A Review."),
        ("Heart failure. [Review] [37 refs]", "Heart failure"),
        ("Straße", "STRASSE"),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
    ],
)
def test_titles_that_differ_in_form_only_compare_equal(left: str, right: str) -> None:
    assert comparison_form(left) == comparison_form(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Part 1", "Part 2"),
        ("protein", "protein 1"),
        ("v1.5", "v15"),
        ("C", "C++"),
        ("深層学習", "深層強化学習"),
        ("かき", "がき"),
        ("мой", "мои"),
        ("???", "!!!"),
        ("Review [37 papers]", "Review"),
        ("On origins [Comment on Mod. Phys. Lett. 13]", "On origins"),
    ],
)
def test_titles_that_say_different_things_compare_different(left: str, right: str) -> None:
    assert comparison_form(left) != comparison_form(right)


def test_greek_words_stay_greek() -> None:
    assert comparison_form("Ιατρική μηχανική") == "ιατρικη μηχανικη"


@pytest.mark.parametrize("name", ["medical_ml", "titles_1m"])
def test_real_titles_keep_their_words(shared_data: Path, name: str) -> None:
    column = pq.read_table(shared_data / f"corpus/{name}.parquet", columns=["title"])["title"]
    titles = [title for title in column.to_pylist()[:: 1 + len(column) // 25_000] if title]
    assert titles
    for title in titles:
        cleaned = clean_title(title)
        assert cleaned
        assert comparison_form(cleaned)
        if not re.search(r"[\\$<>&{]", title):
            assert cleaned == one_line(title)
            assert _digits(title) <= _digits(comparison_form(title)), title
        if "\\" not in title:  # a command such as \frac writes numbers in its own way
            assert set(_digits(title)) <= set(_digits(comparison_form(cleaned))), title


def _digits(text: str) -> Counter[str]:
    return Counter(re.findall(r"[0-9]", text))


class Held:
    """What a caller has in hand."""


def read_in_a_frame(text: str) -> weakref.ref[Held]:
    held = Held()
    assert latex.from_latex(text) != text
    return weakref.ref(held)


@pytest.mark.parametrize("text", [r"M\"uller on {the} cycles", r"\frac{1", r"a $\alpha_{"])
def test_reading_latex_holds_nothing_of_its_caller(text: str) -> None:
    gc.disable()  # as where millions of titles are read
    try:
        assert read_in_a_frame(text)() is None
    finally:
        gc.enable()
