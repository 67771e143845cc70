"""The domain, however it is split into files, and Rasa 2's formats."""

from __future__ import annotations

import pytest

from bot.content import (
    ActionStep,
    Component,
    LoopStep,
    MappingCondition,
    Place,
    ResponseCondition,
    SlotMapping,
    Step,
    UserStep,
)
from tests.reading.conftest import Read

DOMAIN = """
version: "3.1"
intents:
- greet
- book:
    use_entities: [city]
    ignore_entities: [date]
- quiet:
    use_entities: []
- loud:
    use_entities: true
entities:
- city:
    roles: [from, to]
    groups: ["1"]
- date:
    influence_conversation: false
slots:
  city:
    type: text
    initial_value: no
    influence_conversation: false
    mappings:
    - type: from_entity
      entity: city
      role: to
      not_intent: greet
      conditions:
      - active_loop: trip
        requested_slot: city
  sure:
    type: bool
    mappings:
    - type: from_intent
      intent: [greet]
      value: true
  size:
    type: categorical
    values: [small, 5, true]
    mappings:
    - type: custom
  price:
    type: rasa.shared.core.slots.FloatSlot
    min_value: 1
    max_value: 10
    mappings:
    - type: from_text
responses:
  utter_greet:
  - text: Hi {city}
    condition:
    - {type: slot, name: sure, value: true}
    channel: slack
    id: one
  - text: Hello
    buttons:
    - {title: Go, payload: /book, type: postback}
    custom: {block: [1]}
    my_channel: {x: 1}
forms:
  trip:
    required_slots: [city, price]
    ignored_intents: greet
actions:
- action_a
- action_b:
    send_domain: true
session_config:
  session_expiration_time: 5
  carry_over_slots_to_new_session: false
e2e_actions:
- Bye now
"""


def test_domain_with_every_section_is_read(read: Read) -> None:
    domain = read({"domain.yml": DOMAIN}).content.domain
    assert domain.intents["greet"].use_entities is None
    assert domain.intents["book"].use_entities == {"city"}
    assert domain.intents["book"].ignore_entities == {"date"}
    assert domain.intents["quiet"].use_entities == frozenset()
    assert domain.intents["loud"].use_entities is None
    assert domain.entities["city"].roles == ("from", "to")
    assert not domain.entities["date"].influence_conversation
    city = domain.slots["city"]
    assert (city.initial_value, city.influence_conversation) == ("no", False)
    assert city.mappings == (
        SlotMapping(
            "from_entity",
            entity="city",
            role="to",
            not_intent=("greet",),
            conditions=(MappingCondition("trip", "city"),),
            place=Place("domain.yml", 24, 7),
        ),
    )
    assert domain.slots["sure"].mappings[0].value is True
    assert domain.slots["size"].values == ("small", 5, True)
    assert (domain.slots["price"].type, domain.slots["price"].max_value) == ("float", 10.0)
    first, second = domain.responses["utter_greet"]
    assert first.conditions == (ResponseCondition("sure", True),)
    assert (first.channel, first.id) == ("slack", "one")
    assert second.buttons == ({"title": "Go", "payload": "/book", "type": "postback"},)
    assert (second.custom, second.extra) == ({"block": [1]}, {"my_channel": {"x": 1}})
    assert domain.forms["trip"].required_slots == ("city", "price")
    assert domain.forms["trip"].ignored_intents == ("greet",)
    assert set(domain.actions) == {"action_a", "action_b"}
    assert domain.actions_sending_domain == {"action_b"}
    assert (domain.session.expiration_minutes, domain.session.carry_over_slots) == (5.0, False)
    assert domain.e2e_actions == ("Bye now",)


def test_custom_values_are_plain_dicts_and_lists(read: Read) -> None:
    custom = read({"domain.yml": DOMAIN}).content.domain.responses["utter_greet"][1].custom
    assert type(custom) is dict
    assert type(custom["block"]) is list


def test_domain_can_be_split_over_files_of_any_folder(read: Read) -> None:
    parts = {
        "domain/intents.yml": "intents: [greet, bye]\nentities: [city]",
        "data/deep/down/slots.yml": "slots:\n  a:\n    type: any\n    mappings: [{type: custom}]",
        "intents/responses.yaml": "responses:\n  utter_a:\n  - text: a",
    }
    domain = read(parts).content.domain
    assert list(domain.intents)[:2] == ["greet", "bye"]
    assert "a" in domain.slots
    assert "utter_a" in domain.responses


def test_second_definition_of_a_name_is_reported_and_ignored(read: Read) -> None:
    result = read(
        {
            "domain/a.yml": "responses:\n  utter_a:\n  - text: first\nintents: [greet]",
            "domain/b.yml": "responses:\n  utter_a:\n  - text: second\nintents: [greet]",
        }
    )
    assert result.content.domain.responses["utter_a"][0].text == "first"
    found = [d for d in result.diagnostics if d.code == "duplicate-definition"]
    assert [(d.severity, d.place) for d in found] == [
        ("warning", Place("domain/b.yml", 2, 3)),
        ("warning", Place("domain/b.yml", 4, 11)),
    ]
    assert "domain/a.yml:3:5" in found[0].message


def test_second_session_config_is_reported_if_it_differs(read: Read) -> None:
    hour, day = (f"session_config:\n  session_expiration_time: {minutes}\n" for minutes in (60, 1440))
    result = read({"domain/a.yml": hour, "domain/b.yml": hour, "domain/c.yml": "# later\n" + day})
    assert result.content.domain.session.expiration_minutes == 60
    found = [d for d in result.diagnostics if d.code == "duplicate-definition"]
    assert [d.place for d in found] == [Place("domain/c.yml", 2, 1)]


def test_every_domain_has_the_default_slots(read: Read) -> None:
    slots = read({"domain.yml": "intents: [a]"}).content.domain.slots
    assert {"requested_slot", "session_started_metadata"} <= slots.keys()
    assert not slots["requested_slot"].influence_conversation


RASA_2 = """
version: "2.0"
intents: [inform, stop]
entities: [city, cuisine]
slots:
  city: {type: text}
  cuisine: {type: text, auto_fill: false}
  people: {type: unfeaturized}
forms:
  table:
    ignored_intents: stop
    required_slots:
      cuisine:
      - type: from_entity
        entity: cuisine
      people:
      - type: from_text
        not_intent: inform
      city: []
"""


def test_rasa_2_form_mappings_become_slot_mappings_with_conditions(read: Read) -> None:
    result = read({"domain.yml": RASA_2})
    domain = result.content.domain
    assert domain.forms["table"].required_slots == ("cuisine", "people", "city")
    assert domain.forms["table"].ignored_intents == ("stop",)
    (cuisine,) = domain.slots["cuisine"].mappings
    assert (cuisine.type, cuisine.conditions) == ("from_entity", (MappingCondition("table"),))
    (people,) = domain.slots["people"].mappings
    assert (people.type, people.not_intent) == ("from_text", ("inform",))
    assert people.conditions == (MappingCondition("table", "people"),)
    assert (domain.slots["people"].type, domain.slots["people"].influence_conversation) == ("any", False)


def test_rasa_2_slots_are_filled_from_entities_of_the_same_name(read: Read) -> None:
    slots = read({"domain.yml": RASA_2}).content.domain.slots
    in_form, anywhere = slots["city"].mappings
    assert in_form.conditions == (MappingCondition("table"),)
    assert (anywhere.type, anywhere.entity, anywhere.conditions) == ("from_entity", "city", ())
    assert all(m.conditions for m in slots["cuisine"].mappings)


def test_rasa_2_slots_are_not_auto_filled_without_store_entities_as_slots(read: Read) -> None:
    text = RASA_2 + "config:\n  store_entities_as_slots: false\n"
    assert all(m.conditions for m in read({"domain.yml": text}).content.domain.slots["city"].mappings)


def test_equal_mappings_of_two_forms_are_merged_with_both_conditions(read: Read) -> None:
    form = "\n      a:\n      - type: from_entity\n        entity: a\n"
    text = f"""version: "2.0"
entities: [a]
slots:
  a: {{type: text, auto_fill: false}}
forms:
  one:
    required_slots:{form}  two:
    required_slots:{form}"""
    (mapping,) = read({"domain.yml": text}).content.domain.slots["a"].mappings
    assert mapping.conditions == (MappingCondition("one"), MappingCondition("two"))


def test_rasa_2_forms_may_lack_required_slots_or_be_a_list_of_names(read: Read) -> None:
    text = """
    version: "2.0"
    entities: [a]
    slots:
      a: {type: text}
    forms:
      one:
        a:
        - type: from_entity
          entity: a
    """
    assert read({"domain.yml": text}).content.domain.forms["one"].required_slots == ("a",)
    forms = read({"domain.yml": "forms: [one, two]"}).content.domain.forms
    assert list(forms) == ["one", "two"]


@pytest.mark.parametrize(
    ("variation", "final"),
    [
        ("text: hello", True),
        ("text: hello {name}", False),
        ("{text: a, buttons: [{title: Yes, payload: /affirm}]}", True),
        ("{text: a, buttons: [{title: Yes, payload: '/inform{\"a\": 1}'}]}", False),
        ("{text: a, custom: {rows: [{cell: '{amount}'}]}}", False),
        ("{text: a, image: '{picture}'}", False),
    ],
)
def test_variation_is_final_unless_it_contains_a_placeholder(read: Read, variation: str, final: bool) -> None:
    domain = read({"domain.yml": f"responses:\n  utter_a:\n  - {variation}\n"}).content.domain
    assert domain.responses["utter_a"][0].is_final is final


@pytest.mark.parametrize(("text", "final"), [("hello", True), ("hello {name}", False)])
def test_plain_text_variation_is_final_unless_it_contains_a_placeholder(read: Read, text: str, final: bool) -> None:
    domain = read({"domain.yml": f"responses:\n  utter_a:\n  - {text!r}\n"}).content.domain
    assert domain.responses["utter_a"][0].is_final is final


def steps_of(*steps: Step) -> list[tuple[str, str | None]]:
    """What kind of step each is, and the name it has."""
    return [
        (type(step).__name__, step.intent if isinstance(step, UserStep) else step.name)
        for step in steps
        if isinstance(step, UserStep | ActionStep | LoopStep)
    ]


def test_intent_with_triggers_becomes_a_rule(read: Read) -> None:
    domain = "version: '2.0'\nintents:\n- ask:\n    triggers: utter_answer\n- other\n"
    (rule,) = read({"domain.yml": domain + "responses:\n  utter_answer: [{text: x}]\n"}).content.rules
    assert steps_of(*rule.steps) == [("UserStep", "ask"), ("ActionStep", "utter_answer")]
    assert (rule.kind, rule.place) == ("rule", Place("domain.yml", 4, 5))


FALLBACK = """
pipeline: [{name: DIETClassifier}]
policies:
- name: RulePolicy
- name: rasa.core.policies.fallback.FallbackPolicy
  nlu_threshold: 0.6
  fallback_action_name: action_sorry
"""
SORRY = {"domain.yml": "actions: [action_sorry]\n"}


def test_fallback_policy_becomes_a_classifier_and_a_rule(read: Read) -> None:
    content = read({"config.yml": FALLBACK, **SORRY}).content
    assert content.pipeline is not None
    options = {"threshold": 0.6, "ambiguity_threshold": 0.1}
    assert content.pipeline[1] == Component("FallbackClassifier", options, Place("config.yml", 5, 3))
    (rule,) = content.rules
    assert steps_of(*rule.steps) == [("UserStep", "nlu_fallback"), ("ActionStep", "action_sorry")]


def test_two_stage_fallback_policy_becomes_a_rule(read: Read) -> None:
    (rule,) = read({"config.yml": "policies: [{name: TwoStageFallbackPolicy}]\n", **SORRY}).content.rules
    stages = "action_two_stage_fallback"
    assert steps_of(*rule.steps) == [("UserStep", "nlu_fallback"), ("ActionStep", stages), ("LoopStep", stages)]


@pytest.mark.parametrize("first_step", ["intent: nlu_fallback", "or: [{intent: greet}, {intent: nlu_fallback}]"])
def test_fallback_policy_keeps_the_projects_own_classifier_and_rule(read: Read, first_step: str) -> None:
    own = f"rules:\n- rule: lost\n  steps:\n  - {first_step}\n  - action: action_sorry\n"
    pipeline = "pipeline: [{name: FallbackClassifier, threshold: 0.4}, {name: DIETClassifier}]"
    config = FALLBACK.replace("pipeline: [{name: DIETClassifier}]", pipeline)
    content = read({"config.yml": config, "data/rules.yml": own, **SORRY}).content
    assert [rule.name for rule in content.rules] == ["lost"]
    assert [(c.name, c.options) for c in content.pipeline or ()] == [
        ("FallbackClassifier", {"threshold": 0.4}),
        ("DIETClassifier", {}),
    ]


def test_empty_booleans_are_false_as_in_rasa(read: Read) -> None:
    domain = read(
        {
            "domain.yml": 'version: "2.0"\nentities:\n- city:\n    influence_conversation:\nslots:\n'
            "  city: {type: text, influence_conversation: null, auto_fill: null}\n"
        }
    ).content.domain
    assert not domain.slots["city"].influence_conversation
    assert [mapping.type for mapping in domain.slots["city"].mappings] == ["custom"]
    assert not domain.entities["city"].influence_conversation
