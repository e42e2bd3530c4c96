"""British words become American ones, and no others do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.normalize.spellings import SPELLINGS, all_american, american

#: British, American; and so on.
PAIRS = """
    tumour tumor, anaesthesia anesthesia, haemorrhage hemorrhage, hypoglycaemia hypoglycemia,
    paediatric pediatric, orthopaedics orthopedics, gynaecology gynecology, faecal fecal,
    oedema edema, oesophagus esophagus, lymphoedema lymphedema, foetal fetal, coeliac celiac,
    diarrhoea diarrhea, apnoea apnea, ischaemic ischemic, naevi nevi, aetiology etiology,
    œdema edema, anæmia anemia, colour color, behavioural behavioral, neighbourhood neighborhood,
    generalisation generalization, optimised optimized, randomised randomized, ionising ionizing,
    crystallisation crystallization, analyse analyze, catalysed catalyzed, centre center,
    fibres fibers, millilitre milliliter, modelling modeling, labelled labeled, catalogue catalog,
    programmes programs, ageing aging, judgement judgment, enrolment enrollment, grey gray,
    artefact artifact, defence defense, practising practicing, sulphate sulfate, disc disk,
    leucocyte leukocyte
"""


@pytest.mark.parametrize("pair", PAIRS.split(","))
def test_british_words_become_american(pair: str) -> None:
    british, as_american = pair.split()
    assert american(british) == american(as_american) == as_american


@pytest.mark.parametrize(
    "words",
    [
        "four hours of contours, your tour; exercise precise noise, otherwise promise to comprise",
        "supervised advice revised; premise, treatise, enterprise, disease, analyses of analysis",
        "phase aerosol Michael Israel; anaerobic poem coefficient does goes shoe phytoestrogen",
        "central acre entire literature programmed enrolled fulfilled discover",
    ],
)
def test_other_words_stay(words: str) -> None:
    assert american(words) == words


@given(st.lists(st.text() | st.sampled_from([pattern for pattern, _ in SPELLINGS]), max_size=3))
def test_one_text_and_many_are_spelt_alike(texts: list[str]) -> None:
    texts += ["The COLOUR of Tumours: a generalised, ENROLMENT-wise programme", "Œdema"]
    texts = [text.encode(errors="ignore").decode() for text in texts]
    assert all_american(texts) == [american(text) for text in texts]
