"""Unknown keys are reported with a suggestion or the right indentation, and misread texts with what to quote."""

from __future__ import annotations

import pytest

from tests.reading.conftest import Read


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("nlu:\n- intent: a\nexamples: |\n  - x\n", "Indent it more: it belongs inside `nlu:`."),
        ("rules:\n- rule: a\nsteps: []\n", "Indent it more: it belongs inside `stories:` or `rules:`."),
        ("responses:\n  utter_a:\n  - text: x\n  buttons: []\n", "Indent it more: it belongs inside the entry"),
        ("slots:\n  a:\n    type: any\n  mappings: []\n", "Indent it more: it belongs inside the entry above it."),
        ("forms:\n  f:\n  required_slots: [a]\n", "Indent it more: it belongs inside the entry above it."),
        ("slots:\n  a:\n    type: any\n    entity: a\n", "Indent it more: it belongs inside `mappings:`."),
        ("nlu:\n- intent: a\n  version: '3.1'\n", "Write it at the left edge."),
        ("rules:\n- rule: a\n  steps:\n  - intent: a\n    wait_for_user_input: false\n", "Indent it less"),
        ("nlu:\n- intent: a\n  example: '- x'\n", "Did you mean `examples`?"),
    ],
)
def test_misplaced_key_is_reported_with_the_indentation_it_needs(read: Read, text: str, cure: str) -> None:
    (found,) = [d for d in read({"data/a.yml": text}).errors if d.code == "unknown-key"]
    assert found.cure.startswith(cure)


def test_unindented_configuration_key_is_reported_with_its_section(read: Read) -> None:
    (found,) = read({"data/a.yml": "nlu: []\n", "config.yml": "port: 80\n"}).errors
    assert found.cure == "Indent it more: it belongs inside `server:`."


@pytest.mark.parametrize(
    ("component", "cure"),
    [
        ("FallbackClassifier, treshold: 0.4", "Did you mean `threshold`?"),
        ("rasa.nlu.DIETClassifier, epohcs: 5", "Did you mean `epochs`?"),
        ("CountVectorsFeaturizer, anlyzer: char_wb", "Did you mean `analyzer`?"),
        ("WhitespaceTokenizer, token_patern: x", "Did you mean `token_pattern`?"),
        ("CRFEntityExtractor, l1_c: 1", "Did you mean `L1_c`?"),
        ("ResponseSelector, retreival_intent: faq", "Did you mean `retrieval_intent`?"),
        ("TEDPolicy, max_histroy: 5", "Did you mean `max_history`?"),
        ("UnexpecTEDIntentPolicy, epoch: 5", "Did you mean `epochs`?"),
        ("FallbackPolicy, nlu_treshold: 0.4", "Did you mean `nlu_threshold`?"),
    ],
)
def test_misspelt_component_option_is_reported_with_a_suggestion(read: Read, component: str, cure: str) -> None:
    section = "policies" if "Policy" in component else "pipeline"
    config = f"{section}:\n- {{name: {component}}}\n"
    (found,) = read({"data/a.yml": "nlu: []\n", "config.yml": config}).errors
    assert (found.code, found.cure) == ("unknown-key", cure)


@pytest.mark.parametrize("text", ["{name}", "[a, b]"])
def test_unquoted_brackets_in_text_are_reported(read: Read, text: str) -> None:
    (found,) = read({"data/a.yml": f"responses:\n  utter_a:\n  - text: {text}\n"}).errors
    assert found.cure == "Put text that begins with { or [ in quotes."


def test_mapping_instead_of_text_is_reported_without_advice_on_brackets(read: Read) -> None:
    (found,) = read({"data/a.yml": "responses:\n  utter_a:\n  - text:\n      a: b\n"}).errors
    assert found.cure == "Write text."


@pytest.mark.parametrize(
    "line",
    ["[a pie](cake) please", "[a pie]", "@ten", "one: two: three", "{x: y", "'a' b", "weddings: how much?", "{name}"],
)
def test_list_examples_that_yaml_misreads_are_reported_with_block_syntax(read: Read, line: str) -> None:
    found = read({"data/a.yml": f"nlu:\n- intent: a\n  examples:\n  - hello\n  - {line}\n"}).errors
    assert [(error.place.line, error.cure[:21]) for error in found] == [(5, "Write `examples: |`: ")]


def test_rasa_1_key_is_reported_with_its_new_name(read: Read) -> None:
    (found,) = read({"data/a.yml": "templates:\n  utter_a:\n  - text: x\n"}).errors
    assert (found.code, found.cure) == ("unknown-key", "Write `responses:`, its name since Rasa 2.")


def test_pipeline_template_is_rejected(read: Read) -> None:
    (found,) = read({"data/a.yml": "nlu: []\n", "config.yml": "pipeline: supervised_embeddings\n"}).errors
    assert found.cure.startswith("Remove the line")
