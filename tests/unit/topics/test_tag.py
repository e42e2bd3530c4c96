"""Tagging: the traps, the evidence, and one text for each topic."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from medsafe_harvest.config_files import load
from medsafe_harvest.schema import PAPER
from medsafe_harvest.topics import COLUMNS, Tagger, TopicConfig, Verdict

RULES = Path(__file__).parents[3] / "config/topics.yaml"
TAGGER = Tagger(load(RULES, TopicConfig))

TRUST = {
    "explainability": "Saliency maps explain the predictions of the model.",
    "federated-learning": "We train with federated learning over six hospitals.",
    "privacy": "Training uses differential privacy.",
    "unlearning": "Machine unlearning for a chest model.",
    "adversarial": "Adversarial examples fool the network.",
    "backdoor-poisoning": "A backdoor hides in the classifier.",
    "model-ip": "We watermark the weights of the network.",
    "fairness": "We measure fairness of the score between women and men.",
    "robustness": "Domain shift between scanners harms accuracy.",
    "uncertainty": "Conformal prediction gives sets with coverage.",
    "anomaly-detection": "Anomaly detection in scans.",
    "hallucination": "We measure the hallucination rate of language models.",
    "governance": "A reporting guideline for studies of AI.",
    "synthetic-data": "A diffusion model makes synthetic images of patients.",
}
MODALITY = {
    "x-ray": "Chest X-rays are read.",
    "mammography": "Mammography screening.",
    "ct": "Volumes of computed tomography.",
    "mri": "Brain MRI at three tesla.",
    "ultrasound": "Ultrasound of the thyroid.",
    "pet": "Positron emission tomography of the heart.",
    "histopathology": "Whole-slide images.",
    "fundus": "Fundus photographs.",
    "dermatology": "Dermoscopy of moles.",
    "endoscopy": "Colonoscopy frames.",
    "ecg": "Twelve-lead ECG.",
    "eeg": "Scalp EEG.",
    "wearables": "Wrist-worn accelerometers.",
    "ehr": "Electronic health records.",
    "clinical-text": "Clinical notes are coded.",
    "genomics": "Gene expression of tumours.",
    "vision-language": "A vision-language model.",
    "video": "Surgical videos.",
}
TASK = {
    "classification": "Classification of nodules.",
    "segmentation": "Segmentation of the liver.",
    "detection": "Lesion detection with bounding boxes.",
    "registration": "Deformable image registration.",
    "reconstruction": "Image reconstruction from undersampled data.",
    "generation": "Text generation with language models.",
    "report-generation": "Radiology report generation.",
    "question-answering": "Medical question answering.",
    "prognosis": "Mortality prediction after surgery.",
    "representation-learning": "Self-supervised pre-training.",
    "benchmark": "A new dataset for the community.",
    "survey": "This survey covers ten years.",
}


def verdicts(title: str, abstract: str = "") -> dict[str, Verdict]:
    return {v.topic: v for v in TAGGER.explain(title, abstract)}


def given_to(title: str, abstract: str = "") -> set[str]:
    return {topic for topic, v in verdicts(title, abstract).items() if v.tagged}


@pytest.mark.parametrize(("slug", "text"), [*TRUST.items(), *MODALITY.items(), *TASK.items()])
def test_each_topic_is_given_to_a_text_about_it(slug: str, text: str) -> None:
    assert slug in given_to(text)


def test_the_configuration_has_exactly_the_topics_of_the_taxonomy() -> None:
    config = load(RULES, TopicConfig)
    assert set(config.trust) == set(TRUST)
    assert set(config.modality) == set(MODALITY)
    assert set(config.task) == set(TASK)


def test_every_trust_slug_of_the_written_taxonomy_is_configured(shared_data: Path) -> None:
    text = (shared_data.parent / "taxonomy.md").read_text(encoding="utf-8")
    slugs = set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE))
    assert slugs == set(TRUST)


@pytest.mark.parametrize(
    ("slug", "text"),
    [
        ("privacy", "A differential diagnosis is listed."),
        ("explainability", "The attention mechanism is multi-head self-attention."),
        ("fairness", "The method is fairly accurate and allows a fair comparison."),
        ("adversarial", "Generative adversarial networks reduce adverse events."),
        ("mri", "The MR headset shows a scene in mixed reality."),
        ("fairness", "Future work could study fairness."),
        ("privacy", "Challenges such as differential privacy and fairness remain."),
        ("uncertainty", "The method works without uncertainty."),
        ("model-ip", "Molecular fingerprints predict toxicity."),
        ("privacy", "Patients were anonymous-looking strangers."),
        ("privacy", "We use 3,000 de-identified scans."),
        ("uncertainty", "Heart failure prediction from claims."),
        ("governance", "Auditory models of speech."),
        ("hallucination", "Our model is faithful to the geometry."),
        ("model-ip", "Fingerprints of the finger tell the blood group."),
        ("wearables", "Accelerometers on a bearing find faults."),
        ("histopathology", "Information is extracted from histopathology reports."),
        ("clinical-text", "Large language models diagnose faults of batteries."),
        ("pet", "Privacy-enhancing technologies (PETs) in the hospital."),
        ("benchmark", "Dataset distillation with few images."),
        ("benchmark", "Segmentation of the corpus callosum."),
        ("benchmark", "Privacy of queries over distributed datasets: an evaluation."),
        ("ct", "Mapping SNOMED CT codes in notes."),
        ("classification", "Detecting and repairing gaps in what language models know."),
        ("classification", "Essay grading with language models: grading of schools."),
        ("dermatology", "Scar burden in the myocardium, scars in the ventricle."),
        ("generation", "A reaction-diffusion model of tumour growth."),
        ("genomics", "A tissue microarray of stained slices."),
        ("histopathology", "Thalamic nuclei and histologically proven tumours in scans."),
        ("medical", "The anatomy of alignment in language models."),
        ("medical", "Diagnosis of leaf diseases in cotton."),
        ("reconstruction", "Reasoning enhancement of agents: the enhancement of thoughts."),
        ("representation-learning", "Contrastive decoding for fewer errors."),
        ("survey", "Multi-viewpoint cameras above the table."),
        ("wearables", "Compressed sensing of the heart."),
        ("question-answering", "Quality assurance (QA) of contours."),
        ("classification", "Diagnosing failures of language models."),
        ("privacy", "Attacks on classifiers: attacks transfer, and an attack is cheap."),
        ("uncertainty", "Conformal factors of cortical surfaces tell the disease."),
        ("anomaly-detection", "An out-of-distribution (OOD) benchmark of OOD inputs."),
        ("governance", "A guideline-grounded chatbot of language models."),
        ("explainability", "Linear probes: probing the encoder with cheap probes."),
        ("representation-learning", "Semi-supervised learning (SSL): SSL with few labels."),
        ("representation-learning", "Leveraging foundation models for grading."),
        ("medical", "Plant pathology: the rust of wheat."),
        ("ehr", "We support the claims of this paper: claims are audited."),
        ("clinical-text", "We test on law, finance, code and PubMedQA."),
        ("synthetic-data", "Simple data augmentation for tumour segmentation."),
        ("medical", "Surgical post-training: cutting errors of models."),
        ("medical", "Transplanting a persona into another model."),
        ("dermatology", "Myocardial scars: scar segmentation in the ventricle."),
        ("histopathology", "Knee pathology and other pathologies in scans."),
        ("ct", "Micro-CT of fossils."),
        ("x-ray", "The x-ray spectrum of a scanner."),
        ("video", "Segmentation of plaques. A demo video is available."),
        ("adversarial", "Adversarial regularization: an adversarial framework for organs."),
        ("classification", "Multi-class segmentation of organs."),
        ("representation-learning", "Self-supervised denoising of slices, self-supervised."),
        ("survey", "We briefly review the modules."),
        ("robustness", "Domain adaptation of language models to law."),
        ("explainability", "Saliency-guided prompts: saliency of small organs."),
        ("explainability", "Prototype-based classifiers and prototype-based losses."),
        ("explainability", "Heatmap-guided keypoints from a heatmap."),
        ("uncertainty", "A latent Gaussian process for strata of patients."),
        ("anomaly-detection", "Open-world planning in an open-world kitchen."),
        ("adversarial", "Doctors in adversarial debate: an adversarial debate of two models."),
        ("adversarial", "Malware attacks: detecting network attacks in logs."),
        ("governance", "Coloured bins after the guidelines: waste and machine learning."),
        ("privacy", "The MAMA-MIA challenge of breast MRI: MAMA-MIA results."),
        ("hallucination", "Feature hallucination for learning from few examples."),
        ("hallucination", "Reinforcement learning with verifiable rewards for language models."),
        ("classification", "Predicting mortality after surgery: we predict mortality."),
        ("classification", "Aneurysm detection in the skull."),
        ("classification", "Fluence map prediction for the linear accelerator."),
        ("generation", "MRI-to-CT synthesis for the planning of radiotherapy."),
        (
            "report-generation",
            "Language models label radiology reports: radiology reports are read.",
        ),
        ("representation-learning", "Contrastive language-image pre-training (CLIP) of tumours."),
        ("benchmark", "A benchmark problem of alloys."),
        ("survey", "A nationwide survey of nurses."),
        ("medical", "A diagnostic probe of vision models."),
        ("ct", "CT-less attenuation maps."),
    ],
)
def test_a_trap_gives_no_topic(slug: str, text: str) -> None:
    assert slug not in given_to(text)


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("Federated learning for chest X-rays", {"federated-learning", "x-ray"}),
        ("Uncertainty of brain MRI segmentation", {"uncertainty", "mri", "segmentation"}),
        ("A survey of clinical notes: challenges and future directions", {"survey"}),
        ("Ensembles for colorectal cancer survival rates", {"prognosis", "medical"}),
        ("Extracting symbolic rules from networks", {"explainability"}),
        ("Disparities in LLM-based healthcare Q&A", {"fairness", "question-answering"}),
        ("Text-to-CT generation for patients", {"synthetic-data"}),
        ("Diffusion-based augmentation of wound images in hospitals", {"synthetic-data"}),
        ("Capturing uncertainty in scans", {"uncertainty"}),
        ("A rejection module for mammography", {"uncertainty"}),
        ("Guaranteed discovery of novel categories", {"anomaly-detection"}),
        ("An arbitrary-modal network for nerve tracts", {"robustness"}),
        ("How order-sensitive are chatbots?", {"robustness"}),
        ("Over-refusal of health chatbots", {"adversarial"}),
        ("Steering vectors inside a clinical model", {"explainability"}),
    ],
)
def test_a_title_alone_gives_its_topics(text: str, topics: set[str]) -> None:
    assert topics <= {v.topic for v in TAGGER.explain(text, None) if v.tagged}


@pytest.mark.parametrize(
    ("slug", "abstract"),
    [
        ("synthetic-data", "The network is trained on synthetic images of patients."),
        ("explainability", "It offers interpretability by pinpointing the waveforms."),
        ("explainability", "Class activation maps were used to interpret the answers."),
        ("uncertainty", "Our intervals are conformalized. We report accuracy and calibration."),
        ("robustness", "Any combination of modalities will do. A missing sequence is no harm."),
        ("anomaly-detection", "Out-of-distribution (OOD) detection keeps cats out."),
        ("privacy", "An attacker finds training data by memorization. Memorization is measured."),
    ],
)
def test_plain_sentences_of_an_abstract_give_a_topic(slug: str, abstract: str) -> None:
    assert slug in given_to("A study", abstract)


@pytest.mark.parametrize(
    ("slug", "abstract"),
    [
        ("robustness", "Out-of-distribution (OOD) detection. OOD data get high OOD scores."),
        ("explainability", "A rule-based system. Rule-based coding of notes is old."),
        ("explainability", "Shapley values price the data of each client."),
        ("explainability", "Class activation maps are pseudo-labels of the network."),
        ("uncertainty", "Epistemic vigilance of patients. Epistemic resilience is rare."),
        ("fairness", "We see performance disparities across tasks and metrics."),
        ("fairness", "We make speech for dialects. The dialectal text is new."),
        ("anomaly-detection", "We test classification, forecasting and anomaly detection."),
        ("governance", "An auditable agent. Auditable notes are kept."),
        ("privacy", "Grokking is memorization, then more. Memorization ends."),
        ("synthetic-data", "We do contrast-free liver synthesis. SMOTE balances the classes."),
        ("detection", "A user draws a bounding box. The bounding box prompts the outline."),
        ("representation-learning", "We use contrastive language-image pre-training (CLIP)."),
    ],
)
def test_plain_sentences_about_something_else_do_not(slug: str, abstract: str) -> None:
    assert slug not in given_to("A study", abstract)


def test_a_modality_mentioned_once_beside_that_of_the_title_is_not_given() -> None:
    abstract = "We segment the prostate. CT remains the standard in our clinic."
    assert "ct" not in given_to("Prostate MRI of patients", abstract)
    assert "ct" in given_to("Prostate scans of patients", abstract)


def test_a_medical_modality_of_a_paper_on_other_things_is_not_given() -> None:
    abstract = "We sort leaves, cars and CT slices."
    assert {"ct", "medical"}.isdisjoint(given_to("Sorting things", f"{abstract} ImageNet helps."))


@pytest.mark.parametrize(
    ("slug", "title", "abstract"),
    [
        ("benchmark", "Polyps", "We introduce a large-scale dataset of 900 films."),
        ("benchmark", "Agents", "We built a benchmark from forms."),
        ("classification", "Fault diagnosis of pumps", ""),
        ("detection", "Detection of tiny polyps", ""),
        ("endoscopy", "Otoscopy of children", ""),
        ("mri", "Left atrial segmentation", ""),
        ("prognosis", "Predicting delirium in intensive care", ""),
        ("prognosis", "Forms of patients", "We predict overdose. Overdose prediction helps."),
        ("question-answering", "Models of vision", "It holds 900 QA pairs."),
        (
            "report-generation",
            "Scans",
            "We generate radiology reports and CT reports for patients.",
        ),
        ("representation-learning", "Hearts", "We introduce X, a foundation model of beats."),
        ("ultrasound", "Organs", "We evaluate on US and MRI."),
        ("mri", "Organs", "We evaluate on ISIC, Synapse and ACDC."),
        ("mri", "Skull stripping of volunteers", ""),
        ("endoscopy", "Lesions", "We propose the segmentation of polyps and moles."),
        (
            "histopathology",
            "Thyroid",
            "Fine-needle aspiration biopsies (FNAB). We sort FNAB images.",
        ),
        ("wearables", "Cardiotocography of mothers", ""),
        ("clinical-text", "Opioids on Twitter", ""),
        ("benchmark", "Framing of answers", "We contribute Q, a corpus of 900 questions."),
        ("detection", "Keypoint detection in bones", ""),
        ("reconstruction", "MR-to-CT synthesis of the pelvis", ""),
    ],
)
def test_a_topic_told_in_other_words_is_given(slug: str, title: str, abstract: str) -> None:
    assert slug in given_to(title, abstract)


def test_classes_on_the_way_to_a_segmentation_are_no_classification() -> None:
    abstract = "Our network does a classification of each slice first."
    assert "classification" in given_to("Organs of patients", abstract)
    assert "classification" not in given_to("Segmentation of organs", abstract)
    assert "classification" in given_to("Segmentation and classification of organs", abstract)


def test_a_modality_beside_moving_images_or_images_with_text_is_given() -> None:
    abstract = "We evaluate on chest X-rays of patients."
    assert "x-ray" in given_to("A vision-language model of the body", abstract)
    assert "x-ray" in given_to("A video model of the body", abstract)
    assert "x-ray" not in given_to("An MRI model of the body", abstract)


def test_mr_beside_a_scan_is_mri() -> None:
    assert "mri" in given_to("Cardiac MR scans of volunteers.")


def test_not_only_is_no_negation() -> None:
    assert "explainability" in given_to("It is not only explainable.")


def test_mammography_is_x_ray_too() -> None:
    found = verdicts("Mammography")
    assert found["x-ray"].matches[0].rule == "implied/mammography-is-x-ray"
    assert found["x-ray"].matches[0].text == "Mammography"


@pytest.mark.parametrize("dash", [" ", "-", "\u2010", "\u2011", "\u2013", "\u2014", " - ", "\n"])
def test_hyphens_spaces_and_dashes_are_one(dash: str) -> None:
    text = f"This is DIFFERENTIAL{dash}privacy."
    [match] = verdicts("A study", text)["privacy"].matches
    assert match.text == f"DIFFERENTIAL{dash}privacy"


def test_acronyms_keep_their_case() -> None:
    assert "pet" not in given_to("A pet dog in the brain scan")
    assert "ct" not in given_to("The ct variable")


@pytest.mark.parametrize("spelled", ["BI-RADS", "BI RADS", "BI\u2010RADS"])
def test_an_acronym_with_a_hyphen_is_found(spelled: str) -> None:
    assert "mammography" in given_to(f"{spelled} categories of a second reader")
    assert "mammography" not in given_to(f"{spelled.lower()} categories of a second reader")


@settings(max_examples=60)
@given(st.text(max_size=40), st.sampled_from([*TRUST.values(), *MODALITY.values()]))
def test_offsets_point_at_the_matched_text(noise: str, text: str) -> None:
    fields = {"title": text, "abstract": f"{noise}. {text} {noise}"}
    for verdict in TAGGER.explain(fields["title"], fields["abstract"]):
        for match in (one for one in verdict.matches if one.field in fields):
            end = match.start + len(match.text)
            assert fields[match.field][match.start : end] == match.text


@given(st.sampled_from([*TRUST.values(), *MODALITY.values(), *TASK.values()]))
def test_an_unrelated_sentence_changes_no_topic(text: str) -> None:
    assert given_to(text, text) == given_to(text, f"{text} The weather was mild.")


def test_the_batch_has_the_columns_of_the_paper_schema_and_keeps_the_order() -> None:
    batch = TAGGER.tag(
        ["Clinical notes", "Nothing", "Fairness in chest X-ray"], ["", None, ""], [[], [], []]
    )
    assert [batch.schema.field(n).type for n in COLUMNS] == [PAPER.field(n).type for n in COLUMNS]
    assert batch.schema.names == list(COLUMNS)
    assert batch.column("medical").to_pylist() == [True, False, True]
    row = batch.slice(2, 1).to_pylist()[0]
    assert row["topics"] == sorted(row["trust"] + row["modality"] + row["task"])
    assert {"fairness", "x-ray"} <= set(row["topics"])


def test_a_category_is_evidence_with_its_place() -> None:
    [verdict] = [
        v for v in TAGGER.explain("A study", "", ["cs.LG", "cs.CR"]) if v.topic == "privacy"
    ]
    assert not verdict.tagged
    assert (verdict.matches[0].text, verdict.matches[0].start) == ("cs.CR", 6)


def _raw() -> Any:
    return yaml.safe_load(RULES.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"phrases": ["a* b"]}, ("phrases", 0)),
        ({"phrases": ["ab*"]}, ("phrases", 0)),
        ({"acronyms": ["lower"]}, ("acronyms", 0)),
        ({"phrases": ["fine"], "groups": ["health", "helth"]}, ("groups", 1)),
        ({"phrases": ["fine", "twice", "Twice"]}, ("phrases", 2)),
        ({"phrases": ["fine"], "needs": {"groups": ["nobody"]}}, ("needs", "groups", 0)),
        ({"phrases": ["fine"], "wait": 1}, ("wait",)),
    ],
)
def test_a_mistake_is_reported_at_its_place(
    change: dict[str, Any], place: tuple[str | int, ...]
) -> None:
    data = _raw()
    data["trust"]["privacy"]["rules"]["mine"] = {"weight": "weak", **change}
    with pytest.raises(ValidationError) as caught:
        TopicConfig.model_validate(data)
    locations = [error["loc"] for error in caught.value.errors()]
    assert locations == [("trust", "privacy", "rules", "mine", *place)]


def test_an_implication_must_name_topics_that_exist() -> None:
    data = _raw()
    data["implications"]["mine"] = {"any": ["ct", "cta"], "then": "x-ray"}
    with pytest.raises(ValidationError) as caught:
        TopicConfig.model_validate(data)
    assert caught.value.errors()[0]["loc"] == ("implications", "mine", "any", 1)
