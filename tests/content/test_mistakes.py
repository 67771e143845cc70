"""A mistake of each kind, with its findings and their places; every documented code of bot.content is among them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.content.codes import CODES
from tests.reading.conftest import Read

GREET = """
nlu:
- intent: greet
  action: utter_greet
  examples: |
    - hello
    - hi
responses:
  utter_greet:
  - text: Hi!
"""

ELSEWHERE = {
    "component-mapped",
    "contradiction",
    "incomplete-rule",
    "many-ways",
    "max-history",
    "needs-action-server",
    "no-extractor",
    "no-rule-policy",
    "nothing-to-find",
    "option-unused",
    "plugin",
    "policy",
    "rule-too-long",
    "story-conflict",
    "unknown-channel",
    "unknown-component",
    "unknown-policy",
    "unreached-checkpoint",
}
"""Codes of other packages, tested there."""


TESTED_WITH_THE_TREE = {"yaml-encoding", "unreadable"}


@dataclass(frozen=True)
class Mistake:
    """Content added to a bot that greets, and the findings about it: `severity code line column`."""

    text: str
    findings: tuple[str, ...]
    file: str = "data/a.yml"
    around: str = GREET
    options: dict[str, object] = field(default_factory=dict)


FORM = (
    "slots:\n  a: {{type: any, mappings: [{{type: {}}}]}}\nforms:\n  f: {{required_slots: [a]}}\n"
    "rules:\n- rule: r\n  steps:\n  - intent: restart\n  - action: f\n  - active_loop: f\n"
    "- rule: s\n  condition: [{{active_loop: f}}]\n  steps:\n  - action: f\n  - active_loop: null\n"
    "  - action: utter_greet\nresponses:\n  utter_ask_a: [{{text: x}}]\n"
)

MISTAKES = {
    "doubtful regex": Mistake("nlu:\n- regex: n\n  examples: |\n    - [[a-z]]\\d+\n", ("warning doubtful-regex 4 5",)),
    "bad regex": Mistake("nlu:\n- regex: n\n  examples: |\n    - (\n", ("error bad-regex 4 5",)),
    "space forgotten in a response": Mistake(
        "responses:\n  utter_greet/a:\n  - text:hi\n", ("warning response-key 3 5",)
    ),
    "a channel on every variation": Mistake(
        "responses:\n  utter_greet/a:\n  - {text: x, channel: rest}\n  - {text: y, channel: slack}\n",
        ("warning response-without-default 3 5",),
    ),
    "a channel or a condition on every variation": Mistake(
        "slots:\n  a: {type: bool, mappings: [{type: custom}]}\nresponses:\n  utter_greet/x:\n"
        "  - {text: x, channel: rest}\n  - text: y\n    condition: [{type: slot, name: a, value: true}]\n",
        ("note response-without-default 5 5",),
    ),
    "button without title": Mistake(
        "responses:\n  utter_greet/a:\n  - text: x\n    buttons:\n    - {payload: /greet}\n",
        ("warning button-incomplete 3 5",),
    ),
    "button without payload": Mistake(
        "responses:\n  utter_greet/a:\n  - text: x\n    buttons:\n    - {title: a}\n    - {title: b, url: 'http://x'}\n",
        ("warning button-incomplete 3 5",),
    ),
    "intent with nothing below examples": Mistake(
        "nlu:\n- intent: bye\n  examples: |\n", ("warning no-examples 2 3",)
    ),
    "lookup, regex and synonym without examples": Mistake(
        "nlu:\n- lookup: a\n- regex: b\n  examples: []\n- synonym: c\n  examples: |\n    - \n",
        ("warning no-examples 2 3", "warning no-examples 3 3", "warning no-examples 5 3"),
    ),
    "intent that only has an action": Mistake("nlu:\n- intent: restart\n  action: utter_greet\n", ()),
    "value twice": Mistake(
        "slots:\n  a: {type: categorical, values: [b, B, 1, '1'], mappings: [{type: custom}]}\n",
        ("warning slot-values 2 3", "warning slot-values 2 3"),
    ),
    "bound of a slot that is no number": Mistake(
        "slots:\n  a: {type: categorical, min_value: 1, values: [x], mappings: [{type: custom}]}\n"
        "  b: {type: text, values: [x], mappings: [{type: custom}]}\n",
        ("warning slot-key 2 26", "warning slot-key 3 19"),
    ),
    "role of a mark that the domain does not give": Mistake(
        "intents: [greet]\nentities:\n- n: {roles: [to], groups: [g]}\nnlu:\n- intent: greet\n  examples: |\n"
        '    - a [x]{"entity": "n", "role": "to", "group": "g"}\n    - b [x]{"entity": "n", "role": "zzz"}\n'
        '    - c [x]{"entity": "n", "group": "h"}\n',
        ("warning unknown-role 8 5", "warning unknown-group 9 5"),
    ),
    "role from which no slot is filled": Mistake(
        "entities:\n- n: {roles: [to, from]}\nslots:\n  a:\n    type: text\n"
        "    mappings: [{type: from_entity, entity: n, role: to}]\nnlu:\n- intent: greet\n  examples: |\n"
        '    - a [x]{"entity": "n", "role": "to"}\n    - b [x]{"entity": "n", "role": "from"}\n',
        ("warning unmapped-part 11 5",),
    ),
    "role where no entity is listed": Mistake(
        'nlu:\n- intent: greet\n  examples: |\n    - a [x]{"entity": "n", "role": "to"}\n'
        "slots:\n  a:\n    type: any\n    mappings: [{type: from_entity, entity: n, role: to}]\n",
        (),
    ),
    "role of a mapping": Mistake(
        "entities:\n- n: {roles: [to]}\nslots:\n  a:\n    type: any\n    mappings:\n"
        "    - {type: from_entity, entity: n, role: form}\n    - {type: from_entity, entity: n, group: g}\n",
        ("warning unknown-role 7 7", "warning unknown-group 8 7"),
    ),
    "misspelt key of a mark": Mistake(
        'nlu:\n- intent: greet\n  examples: |\n    - a [x]{"entity": "n", "rolle": "to"}\n'
        '    - b [x]{"entity": "n", "valeu": "y"}\n    - c [x]{"entity": "n", "rol": "y"}\n',
        ("error unknown-key 4 5", "error unknown-key 5 5", "error unknown-key 6 5"),
    ),
    "marks of nothing": Mistake(
        "nlu:\n- intent: greet\n  examples: |\n    - a [](cake)\n    - a [b}(cake)\n    - a (b)[cake]\n",
        ("warning loose-entity-mark 4 5", "warning loose-entity-mark 5 5", "warning loose-entity-mark 6 5"),
    ),
    "marks that lack a bracket in the middle of a line": Mistake(
        "nlu:\n- intent: greet\n  examples: |\n    - a [b(cake)?\n    - b](cake) c\n    - a [b c](cake for me\n"
        "    - a [b]()\n    - a [b [c](cake)\nentities: [cake]\n",
        tuple(f"warning loose-entity-mark {line} 5" for line in range(4, 9)),
    ),
    "mark that lacks a bracket in a story": Mistake(
        "stories:\n- story: s\n  steps:\n  - user: a [b](cake for me\n    intent: greet\n  - action: utter_greet\n"
        "  - user: '/greet{\"cake\": [\"b\"]}'\n  - action: utter_greet\nentities: [cake]\n",
        ("warning loose-entity-mark 4 5",),
    ),
    "brackets that are no marks": Mistake(
        "nlu:\n- intent: greet\n  examples: |\n    - f(x)[0] is f(x)[n]\n    - see (below)[1]\n    - sad :[ or :]\n", ()
    ),
    "action that nobody implements": Mistake(
        "actions: [action_a, action_bb, action_listen, validate_f]\n",
        ("error unimplemented-action 1 21", "warning unimplemented-action 1 47"),
        options={"known_actions": ("action_a",), "all_known": True},
    ),
    "action that an action server may run": Mistake(
        "actions: [action_bb]\n", (), options={"known_actions": ("action_a",)}
    ),
    "fallback that is no action": Mistake(
        "policies:\n- {name: RulePolicy, core_fallback_action_name: action_nope}\n",
        ("error unknown-action 2 3",),
        file="config.yml",
    ),
    "button payload": Mistake(
        "responses:\n  utter_greet2:\n  - text: x\n    buttons:\n    - {title: a, payload: '/greet{a}'}\n"
        "  - text: y\n    buttons:\n    - {title: a, payload: '/greet{{\"a\": \"b\"}}'}\n"
        "  - text: z\n    buttons:\n    - {title: a, payload: '/greet{\"a\": \"b\"}]'}\nentities: [a]\nrules:\n"
        "- rule: r\n  steps:\n  - intent: restart\n  - action: utter_greet2\n",
        ("warning button-payload 3 5", "warning button-payload 9 5"),
    ),
    "button without a slash": Mistake(
        "intents: [greet, log_in]\nnlu:\n- intent: log_in\n  action: utter_greet\n  examples: |\n    - in\n"
        "    - log in\nresponses:\n  utter_greet/a:\n  - text: x\n    buttons:\n    - {title: a, payload: greet}\n"
        "    - {title: b, payload: 'greet{\"n\": 1}'}\n    - {title: c, payload: log_in}\n",
        (*("warning button-payload 10 5",) * 2,),
    ),
    "button of an unknown intent": Mistake(
        "responses:\n  utter_two:\n  - text: x\n    buttons:\n    - {title: a, payload: /gret}\nrules:\n"
        "- rule: r\n  steps:\n  - intent: restart\n  - action: utter_two\n",
        ("warning unknown-intent 3 5",),
    ),
    "defined twice": Mistake(
        "responses:\n  utter_greet:\n  - text: x\n", ("warning duplicate-definition 9 3",), file="data/0.yml"
    ),
    "key twice": Mistake("stories: []\nstories: []\n", ("error duplicate-key 2 1",)),
    "elements of other kinds than they are shown as": Mistake(
        "responses:\n  utter_greet/a:\n  - text: x\n    elements:\n    - {title: 5, default_action: 'http://x'}\n"
        "    - {title: [y], buttons: {title: a}}\n    - {title: z, default_action: {url: 'http://x'}, buttons: []}\n",
        ("error wrong-type 5 34", "error wrong-type 6 15", "error wrong-type 6 29"),
    ),
    "empty variation": Mistake("responses:\n  utter_greet/a:\n  - metadata: {a: 1}\n", ("warning empty-response 3 5",)),
    "variation with another key than text": Mistake(
        "responses:\n  utter_greet/a:\n  - txt: x\n  - {text: x, buton: []}\n"
        "  - {text: x, x-mine: 1, button_type: reply}\n",
        ("error unknown-key 3 5", "warning unknown-key 4 15"),
    ),
    "response as an item of the one above": Mistake(
        "responses:\n  utter_greet/a:\n  - text: x\n  - utter_greet/b:\n    - text: y\n",
        ("warning unknown-key 4 5", "warning empty-response 4 5"),
    ),
    "braces that are no placeholder": Mistake(
        "responses:\n  utter_greet/a:\n  - text: Hi { name }\n  - text: Hi {name\n  - text: Hi {{name}}\n"
        "  - text: Hi name}\n  - text: Hi {name}, {} ;-} {1}\n"
        "slots:\n  name: {type: text, mappings: [{type: custom}]}\n",
        tuple(f"warning loose-placeholder {line} 5" for line in range(3, 7)),
    ),
    "comment or anchor in a text": Mistake(
        "responses:\n  utter_greet/a:\n  - text: number # 12\n    buttons: [{title: &a x, payload: /greet}]\n"
        "  - text: x  # said by day\n  - text: 'number # 12'\n  - text: &b y\n  - text: *b\n",
        ("warning cut-off 3 11", "warning cut-off 4 23"),
    ),
    "comment in what somebody says": Mistake(
        "nlu:\n- intent: greet\n  examples:\n  - number # 12\n  - text: a # 1\n"
        "stories:\n- story: s\n  steps:\n  - user: b # 2\n    intent: greet\n  - action: utter_greet\n",
        ("warning cut-off 4 5", "warning cut-off 5 11", "warning cut-off 9 11"),
    ),
    "empty story": Mistake("stories:\n- story: s\n  steps: []\n", ("warning empty-story 2 3",)),
    "entity mark": Mistake(
        "nlu:\n- intent: greet\n  examples: |\n    - hi [x]{entity}\n", ("error entity-mark 4 5",)
    ),
    "entity mark with a space": Mistake(
        "entities: [n]\nnlu:\n- intent: greet\n  examples: |\n    - hi [x ](n)\n", ("warning entity-mark-space 5 5",)
    ),
    "examples that are folded into one line": Mistake(
        "nlu:\n- intent: greet\n  examples: >\n    - yo\n    - hey\n", ("warning example-line 3 13",)
    ),
    "line without a dash": Mistake(
        "nlu:\n- intent: greet\n  examples: |\n    - yo\n    hey\n", ("warning example-line 5 5",)
    ),
    "one example": Mistake(
        "nlu:\n- intent: bye\n  action: utter_greet\n  examples: |\n    - bye\n", ("warning few-examples 5 5",)
    ),
    "no examples": Mistake(
        "intents: [greet, bye]\nrules:\n- rule: r\n  steps:\n  - intent: bye\n  - action: utter_greet\n",
        ("warning few-examples 1 18",),
    ),
    "empty name": Mistake("stories:\n- story: ''\n  steps: []\n", ("error invalid-value 2 10",)),
    "checkpoint nobody reaches": Mistake(
        "stories:\n- story: s\n  steps:\n  - checkpoint: a\n  - intent: greet\n  - action: utter_greet\n",
        ("warning loose-checkpoint 4 5",),
    ),
    "checkpoint that leads nowhere": Mistake(
        "stories:\n- story: s\n  steps:\n  - intent: greet\n  - action: utter_greet\n  - checkpoint: a\n",
        ("warning loose-checkpoint 6 5",),
    ),
    "checkpoint of a rule that only a story begins with": Mistake(
        "rules:\n- rule: r\n  steps:\n  - intent: greet\n  - action: utter_greet\n  - checkpoint: a\n"
        "stories:\n- story: s\n  steps:\n  - checkpoint: a\n  - intent: restart\n  - action: utter_greet\n",
        ("warning loose-checkpoint 6 5", "warning loose-checkpoint 10 5"),
    ),
    "condition of a rule that begins with a checkpoint": Mistake(
        "rules:\n- rule: r\n  steps:\n  - intent: greet\n  - action: utter_greet\n  - checkpoint: a\n"
        "- rule: s\n  condition:\n  - active_loop: null\n  steps:\n  - checkpoint: a\n  - action: utter_greet\n",
        ("error joined-condition 7 3",),
    ),
    "checkpoint of a test story that only a story ends with": Mistake(
        "stories:\n- story: s\n  steps:\n  - checkpoint: a\n  - intent: greet\n  - action: utter_greet\n",
        ("warning loose-checkpoint 4 5",),
        file="tests/test_a.yml",
    ),
    "messages among the tests": Mistake(
        "nlu:\n- intent: greet\n  examples: |\n    - good day\n", ("note not-read 1 1",), file="data/test_a.yml"
    ),
    "messages in JSON among the tests": Mistake(
        '{"rasa_nlu_data": {"common_examples": [{"text": "x", "intent": "greet"}]}}',
        ("note not-read 1 2",),
        file="tests/test_nlu.json",
    ),
    "space inside a mark": Mistake(
        "nlu:\n- intent: greet\n  examples: |\n    - hi [x] (n)\n", ("warning loose-entity-mark 4 5",)
    ),
    "a mark never closed": Mistake(
        "nlu:\n- intent: greet\n  examples: |\n    - hi [x](n\n", ("warning loose-entity-mark 4 5",)
    ),
    "mapping without entity": Mistake(
        "slots:\n  a:\n    type: any\n    mappings:\n    - type: from_entity\n", ("error mapping-incomplete 5 7",)
    ),
    "mapping without value": Mistake(
        "slots:\n  a:\n    type: any\n    mappings:\n    - {type: from_intent, intent: greet}\n",
        ("error mapping-incomplete 5 7",),
    ),
    "mapping nobody asks for": Mistake(
        "slots:\n  a:\n    type: any\n    mappings:\n    - type: from_text\n      conditions: [{active_loop: f}]\n"
        "forms:\n  f: {required_slots: []}\nrules:\n- rule: r\n  steps:\n  - intent: restart\n  - action: f\n"
        "  - active_loop: f\n",
        ("note form-without-slots 8 3", "warning mapping-never-asked 5 7"),
    ),
    "no steps": Mistake("stories:\n- story: s\n", ("error missing-key 2 3",)),
    "nothing to ask with": Mistake(
        "slots:\n  a:\n    type: any\n    mappings: [{type: from_text}]\nforms:\n  f:\n    required_slots:\n    - a\n"
        "rules:\n- rule: r\n  steps:\n  - intent: restart\n  - action: f\n  - active_loop: f\n",
        ("warning missing-question 8 7", "warning nothing-follows 6 3"),
    ),
    "sub-intent without response": Mistake(
        "nlu:\n- intent: faq/a\n  examples: |\n    - a\n    - b\nrules:\n- rule: r\n  steps:\n  - intent: faq\n"
        "  - action: utter_faq\n",
        ("warning missing-response 4 5",),
    ),
    "fallback with nothing to say": Mistake(
        "rules:\n- rule: r\n  steps:\n  - intent: nlu_fallback\n  - action: action_two_stage_fallback\n"
        "  - active_loop: action_two_stage_fallback\n- rule: s\n  steps:\n  - intent: out_of_scope\n"
        "  - action: action_default_fallback\nresponses:\n  utter_default: [text: What?]\n",
        ("warning missing-response 5 5",),
    ),
    "two things at once": Mistake(
        "nlu:\n- intent: greet\n  synonym: x\n  examples: |\n    - a\n", ("error nlu-item 2 3",)
    ),
    "nothing at all": Mistake("", ("error no-content 1 1",), file="README", around=""),
    "Markdown": Mistake("## intent:a\n- b\n", ("warning not-read 1 1",), file="data/nlu.md"),
    "rules for the sub-intents of one intent": Mistake(
        "rules:\n- rule: a\n  steps:\n  - intent: faq/a\n  - action: utter_faq/a\n- rule: b\n  steps:\n"
        "  - intent: faq\n  - action: utter_faq\nresponses:\n  utter_faq/a: [{text: x}]\n"
        "actions: [utter_faq, utter_fa]\nnlu:\n- {intent: faq/a, examples: '- hours'}\n"
        "- {intent: faq/a, examples: '- opening'}\n",
        ("warning sub-intent 4 5", "warning unknown-response 12 22"),
    ),
    "button that asks for no answer in particular": Mistake(
        "responses:\n  utter_faq/a: [{text: x}]\n  utter_two:\n  - text: x\n    buttons:\n"
        "    - {title: a, payload: /faq}\n    - {title: b, payload: /faq/a}\nintents: [faq, greet]\nrules:\n"
        "- rule: r\n  steps:\n  - intent: faq\n  - action: utter_faq\n  - action: utter_two\n"
        "nlu:\n- {intent: faq/a, examples: '- hours'}\n- {intent: faq/a, examples: '- opening'}\n",
        ("warning button-payload 4 5",),
    ),
    "any other value of a categorical slot": Mistake(
        "slots:\n  tier:\n    type: categorical\n    values: [gold]\n    mappings: [{type: custom}]\nrules:\n"
        "- rule: r\n  steps:\n  - intent: restart\n  - slot_was_set:\n    - tier: __other__\n  - slot_was_set:\n"
        "    - tier: brass\n  - action: utter_greet\n",
        ("warning slot-value 13 7",),
    ),
    "intents and nothing to learn": Mistake("intents: [greet]\n", ("error nothing-to-learn 1 11",), around=""),
    "another ending": Mistake("nlu: []\n", ("note not-read 1 1",), file="data/nlu.YML"),
    "JSON": Mistake("{}\n", ("note not-read 1 1",), file="data/nlu.json"),
    "Markdown that is no stories": Mistake(
        "# Data\n\n* install\n* run\n\n## Next\n\n* read on\n  - or not\n", (), file="data/README.md"
    ),
    "stories in Markdown": Mistake(
        '## path 1\n> start\n* greet{"name": "x"} OR bye\n  - utter_greet\n',
        ("warning not-read 1 1",),
        file="data/stories.md",
    ),
    "JSON among the tests": Mistake("{}\n", (), file="tests/nlu.json"),
    "another ending after the right one": Mistake("nlu: []\n", ("note not-read 1 1",), file="data/nlu.yml.txt"),
    "content beside the folders": Mistake("nlu: []\n", ("note not-read 1 1",), file="prices.yml"),
    "somebody else's YAML beside the folders": Mistake("services: {}\n", (), file="compose.yml"),
    "misspelt domain": Mistake("actions: []\n", ("note not-read 1 1",), file="domian.yml"),
    "misspelt folder": Mistake("nlu: []\n", ("note not-read 1 1",), file="intent/nlu.yml"),
    "folder called like a section": Mistake("rules: []\n", ("note not-read 1 1",), file="rules/a.yml"),
    "reports of tests": Mistake("stories: []\n", (), file="results/failed_test_stories.yml"),
    "nearly the name of a test": Mistake("stories: []\n", ("warning test-name 1 1",), file="stories/tests_a.yml"),
    "nearly a test, with a dash": Mistake("stories: []\n", ("warning test-name 1 1",), file="data/test-a.yml"),
    "test behind the name": Mistake("stories: []\n", ("warning test-name 1 1",), file="data/a_test.yml"),
    "test inside a word": Mistake("stories: []\n", (), file="data/testaments.yml"),
    "test without the name of one": Mistake("stories: []\n", ("note not-read 1 1",), file="tests/all.yml"),
    "key without meaning": Mistake("tracker_store: {type: sql}\n", ("note not-used 1 1",), file="endpoints.yml"),
    "reserved slot": Mistake(
        "forms:\n  f:\n    required_slots: [requested_slot]\nresponses:\n  utter_ask_requested_slot: [{text: x}]\n"
        "rules:\n- rule: r\n  steps:\n  - intent: restart\n  - action: f\n  - active_loop: f\n",
        ("error reserved-slot 3 22", "warning nothing-follows 2 3"),
    ),
    "conditions on every variation": Mistake(
        "slots:\n  a: {type: bool, mappings: [{type: custom}]}\nresponses:\n  utter_greet/x:\n  - text: x\n"
        "    condition: [{type: slot, name: a, value: true}]\n",
        ("note response-without-default 5 5",),
    ),
    "rule without action": Mistake(
        "rules:\n- rule: r\n  steps:\n  - intent: greet\n", ("warning rule-without-action 2 3",)
    ),
    "one text, two intents": Mistake(
        "nlu:\n- intent: bye\n  action: utter_greet\n  examples: |\n    - Hello\n    - ciao\n",
        ("warning same-example 6 5",),
        file="data/0.yml",
    ),
    "one name, two stories": Mistake(
        "stories:\n- story: s\n  steps: &s\n  - intent: greet\n  - action: utter_greet\n- story: s\n  steps: *s\n",
        ("note same-name 6 3",),
    ),
    "shorthand in a story": Mistake(
        "stories:\n- story: s\n  steps:\n  - user: '/greet{a}'\n  - action: utter_greet\n", ("error shorthand 4 5",)
    ),
    "slot bounds": Mistake(
        "slots:\n  a: {type: float, min_value: 2, mappings: [{type: custom}]}\n", ("error slot-bounds 2 3",)
    ),
    "slot of any type that influences the conversation": Mistake(
        "slots:\n  a: {type: any, influence_conversation: true, mappings: [{type: custom}]}\n"
        "  b: {type: unfeaturized, mappings: [{type: custom}]}\n",
        ("error slot-influence 2 3",),
    ),
    "slot class": Mistake("slots:\n  a: {type: my.Slot, mappings: [{type: custom}]}\n", ("note slot-class 2 3",)),
    "initial value": Mistake(
        "slots:\n  a: {type: bool, initial_value: no, mappings: [{type: custom}]}\n",
        ("warning slot-initial-value 2 3",),
    ),
    "slot type": Mistake("slots:\n  a: {type: txt, mappings: [{type: custom}]}\n", ("error slot-type 2 3",)),
    "categorical without values": Mistake(
        "slots:\n  a: {type: categorical, mappings: [{type: custom}]}\n", ("warning slot-values 2 3",)
    ),
    "value of a mapping": Mistake(
        "slots:\n  a:\n    type: bool\n    mappings:\n    - {type: from_intent, intent: greet, value: yes}\n",
        ("warning slot-value 5 7",),
    ),
    "value in a story": Mistake(
        "slots:\n  a: {type: categorical, values: [b, 1], mappings: [{type: custom}]}\nrules:\n- rule: r\n  steps:\n"
        "  - intent: greet\n  - slot_was_set:\n    - a: 1\n    - a: c\n  - action: utter_greet\n",
        ("warning slot-value 9 7",),
    ),
    "value of a condition": Mistake(
        "slots:\n  a: {type: float, mappings: [{type: custom}]}\nresponses:\n  utter_greet/x:\n  - text: x\n"
        "  - text: y\n    condition: [{type: slot, name: a, value: two}]\n",
        ("warning slot-value 6 5",),
    ),
    "number beyond what a slot's bounds scale": Mistake(
        "slots:\n  a: {type: float, initial_value: 7, mappings: [{type: custom}]}\nresponses:\n  utter_greet/x:\n"
        "  - text: x\n  - text: y\n    condition: [{type: slot, name: a, value: 50}]\n",
        (),
    ),
    "sub-intent of a mapping and of a form": Mistake(
        "slots:\n  a:\n    type: any\n    mappings:\n    - {type: from_intent, intent: faq/a, value: 1}\n"
        "    - {type: from_text, not_intent: faq/a}\nforms:\n  f: {required_slots: [], ignored_intents: [faq/a]}\n"
        "nlu:\n- {intent: faq/a, examples: '- hours'}\n- {intent: faq/a, examples: '- opening'}\n"
        "responses:\n  utter_faq/a: [{text: x}]\nrules:\n- rule: r\n  steps:\n  - intent: faq\n"
        "  - action: utter_faq\n  - action: f\n  - active_loop: f\n",
        ("note form-without-slots 8 3", "warning sub-intent 5 7", "warning sub-intent 6 7", "warning sub-intent 8 3"),
    ),
    "response that is not called utter": Mistake(
        "responses:\n  greeting:\n  - text: x\n", ("warning response-name 3 5", "warning unused-response 3 5")
    ),
    "times that do not fit": Mistake(
        "sessions:\n  absolute_seconds: 60\n", ("warning settings-order 2 21",), file="config.yml"
    ),
    "language that is no code": Mistake("language: English\n", ("warning unknown-value 1 11",), file="config.yml"),
    "another recipe": Mistake("recipe: graph.v1\n", ("warning unknown-value 1 9",), file="config.yml"),
    "slot without mappings": Mistake("slots:\n  a: {type: any}\n", ("note slot-without-mappings 2 3",)),
    "section inside another one": Mistake(
        "slots:\n  a: {type: any, mappings: [{type: custom}]}\n  forms:\n    f: {required_slots: [a]}\n",
        ("error misplaced-section 3 3",),
    ),
    "loop that no action ends": Mistake(
        "forms:\n  f: {required_slots: []}\nrules:\n- rule: r\n  condition: [{active_loop: f}]\n  steps:\n"
        "  - active_loop: null\n  - action: action_back\n- rule: s\n  steps:\n"
        "  - intent: restart\n  - active_loop: f\n",
        ("warning loop-without-action 7 5", "warning loop-without-action 12 5", "warning unused-form 2 3"),
    ),
    "form that is run after nothing": Mistake(
        "forms:\n  f: {required_slots: []}\nrules:\n- rule: r\n  steps:\n  - action: f\n  - active_loop: f\n",
        ("note form-without-slots 2 3", "warning loop-without-action 6 5"),
    ),
    "unknown key of a slot": Mistake(
        "slots:\n  a: {type: any, initial: foo, mappings: [{type: custom}]}\n", ("warning unknown-key 2 18",)
    ),
    "slot with an empty list of mappings": Mistake(
        "slots:\n  a: {type: any, mappings: []}\n", ("note slot-without-mappings 2 3",)
    ),
    "unknown key of the action server": Mistake(
        "action_endpoint: {url: http://a/webhook, retries: 3}\n", ("warning unknown-key 1 42",), file="endpoints.yml"
    ),
    "response of nothing but spaces": Mistake(
        "responses:\n  utter_greet/a:\n  - text: '   '\n", ("warning empty-response 3 5",)
    ),
    "button for what nobody waits for": Mistake(
        "intents: [greet, stop]\nnlu:\n- intent: stop\n  examples: |\n    - stop\n    - halt\nresponses:\n"
        "  utter_greet/a:\n  - text: x\n    buttons:\n    - {title: a, payload: /stop}\n",
        ("warning unused-intent 1 18",),
    ),
    "button that fills a slot with a question of a retrieval intent": Mistake(
        "entities: [n]\nslots:\n  a: {type: text, mappings: [{type: from_entity, entity: n}]}\nnlu:\n"
        "- {intent: faq/a, examples: '- hours'}\n- {intent: faq/a, examples: '- opening'}\nresponses:\n"
        "  utter_faq/a: [{text: x}]\n  utter_greet/a:\n  - text: x\n    buttons:\n"
        """    - {title: a, payload: '/faq/a{{"n": "1"}}'}\n""",
        ("warning unused-response 8 17",),
    ),
    "tag before a key": Mistake("!foo responses: {}\n", ("error yaml-tag 1 1",)),
    "merge of no mapping": Mistake(
        "slots:\n  a:\n    <<: true\n    type: any\n    mappings: [{type: custom}]\n", ("error wrong-type 3 5",)
    ),
    "name that the misspelt key of a component hides": Mistake(
        "pipeline:\n- {nmae: RegexEntityExtractor, fuzzy: true}\n", ("error missing-key 2 3",), file="config.yml"
    ),
    "form that does not become active": Mistake(
        "forms:\n  f: {required_slots: []}\nrules:\n- rule: r\n  steps:\n  - intent: restart\n  - action: f\n",
        ("note form-without-slots 2 3", "warning form-not-activated 7 5"),
    ),
    "form with a slot that some answers do not fill": Mistake(
        FORM.format("from_intent, value: 1"), ("note missing-response 4 3",)
    ),
    "form with a slot that some answers do not fill, and a default response": Mistake(
        FORM.format("from_intent, value: 1") + "  utter_default: [{text: x}]\n", ()
    ),
    "form with a slot that any answer fills": Mistake(FORM.format("from_text"), ()),
    "form that becomes active": Mistake(
        "forms:\n  f: {required_slots: []}\nrules:\n- rule: r\n  steps:\n  - intent: restart\n  - action: f\n"
        "  - slot_was_set: requested_slot\n  - active_loop: f\n",
        ("note form-without-slots 2 3",),
    ),
    "unknown format": Mistake('version: "9.9"\n', ("warning unknown-version 1 10",)),
    "two steps in one": Mistake(
        "stories:\n- story: s\n  steps:\n  - intent: greet\n    action: utter_greet\n",
        ("error story-step 4 5",),
    ),
    "synonym of two values": Mistake(
        "nlu:\n- synonym: a\n  examples: |\n    - x\n- synonym: b\n  examples: |\n    - x\n",
        ("warning synonym-conflict 7 5",),
    ),
    "unknown action": Mistake(
        "rules:\n- rule: r\n  steps:\n  - intent: greet\n  - action: action_x\n", ("error unknown-action 5 5",)
    ),
    "unknown response": Mistake(
        "rules:\n- rule: r\n  steps:\n  - intent: greet\n  - action: utter_gret\n", ("error unknown-response 5 5",)
    ),
    "unknown response in a test": Mistake(
        "stories:\n- story: s\n  steps:\n  - intent: greet\n  - action: utter_gret\n",
        ("warning unknown-response 5 5",),
        file="tests/test_a.yml",
    ),
    "listed response that is none": Mistake("actions: [utter_x]\n", ("warning unknown-response 1 11",)),
    "misspelt intent": Mistake(
        "rules:\n- rule: r\n  steps:\n  - intent: gret\n  - action: utter_greet\n", ("error unknown-intent 4 5",)
    ),
    "intent left over": Mistake(
        "rules:\n- rule: r\n  steps:\n  - intent: something_else\n  - action: utter_greet\n",
        ("warning unknown-intent 4 5",),
    ),
    "unknown entity": Mistake(
        "rules:\n- rule: r\n  steps:\n  - intent: greet\n    entities: [n]\n  - action: utter_greet\n",
        ("warning unknown-entity 4 5",),
    ),
    "unknown entity of a mapping": Mistake(
        "slots:\n  a:\n    type: any\n    mappings:\n    - {type: from_entity, entity: n}\n",
        ("warning unknown-entity 5 7",),
    ),
    "unknown entity of an intent": Mistake(
        "intents:\n- greet: {use_entities: [n]}\n", ("warning unknown-entity 2 3",)
    ),
    "unknown role": Mistake(
        "entities: [n]\nrules:\n- rule: r\n  steps:\n  - intent: greet\n    entities: [{n: 1, role: to}]\n"
        "  - action: utter_greet\n",
        ("warning unknown-role 5 5",),
    ),
    "unknown group": Mistake(
        "entities: [n]\nrules:\n- rule: r\n  steps:\n  - intent: greet\n    entities: [{n: 1, group: a}]\n"
        "  - action: utter_greet\n",
        ("warning unknown-group 5 5",),
    ),
    "unknown form": Mistake(
        "rules:\n- rule: r\n  condition:\n  - active_loop: f\n  steps:\n  - intent: greet\n  - action: utter_greet\n",
        ("error unknown-form 4 5",),
    ),
    "misspelt entity in a mark": Mistake(
        "entities: [cake]\nnlu:\n- intent: greet\n  examples: |\n    - hi [x](kake)\n", ("warning unlisted-entity 5 5",)
    ),
    "lookup and regex nearly called like an entity": Mistake(
        "entities: [cake]\nnlu:\n- lookup: kake\n  examples: |\n    - x\n- regex: cakke\n  examples: |\n    - y\n"
        "    - z\n- lookup: number\n  examples: |\n    - z\n",
        ("warning unknown-entity 3 3", "warning unknown-entity 8 5"),
    ),
    "unknown entity of a button": Mistake(
        "entities: [cake]\nresponses:\n  utter_greet/a:\n  - text: x\n    buttons:\n"
        "    - {title: a, payload: '/greet{\"kake\": 1}'}\n    - {title: b, payload: '/greet{\"cake\": 1}'}\n",
        ("warning unknown-entity 4 5",),
    ),
    "unknown key": Mistake("rules:\n- rule: r\n  step: []\n", ("error unknown-key 3 3",)),
    "unknown section": Mistake("rulez: []\n", ("error unknown-key 1 1",)),
    "section with its letters swapped": Mistake("nul: []\n", ("error unknown-key 1 1",)),
    "section in capitals": Mistake("NLU: []\n", ("error unknown-key 1 1",)),
    "examples at the left edge": Mistake(
        "nlu:\n- intent: bye\nexamples: |\n  - bye\n", ("error unknown-key 3 1",)
    ),
    "buttons too far left": Mistake(
        "responses:\n  utter_greet/a:\n  - text: x\n  buttons:\n  - {title: a, payload: /greet}\n",
        ("error unknown-key 4 3",),
    ),
    "mappings too far left": Mistake(
        "slots:\n  a:\n    type: any\n  mappings:\n  - type: from_text\n",
        ("note slot-without-mappings 2 3", "error unknown-key 4 3"),
    ),
    "slot called like a key of slots": Mistake(
        "slots:\n  values: {type: any, mappings: [{type: custom}]}\n", ()
    ),
    "no YAML, and what may follow from it": Mistake(
        "a: 'x\n",
        ("error yaml-syntax 1 4", "warning held-back 1 4"),
        around="rules:\n- rule: r\n  steps:\n  - intent: bye\n  - action: utter_bye\nresponses:\n  utter_b: [x]\n",
    ),
    "section of somebody else's": Mistake("flows: {}\nx-mine: 1\n", ("warning unknown-key 1 1",)),
    "unknown placeholder": Mistake(
        "responses:\n  utter_two:\n  - text: Hi {nam}\nrules:\n- rule: r\n  steps:\n  - intent: restart\n"
        "  - action: utter_two\n",
        ("warning unknown-placeholder 3 5",),
    ),
    "unknown placeholder beside the text": Mistake(
        "responses:\n  utter_two:\n  - text: Hi\n    image: 'http://x/{im}.png'\n"
        "    buttons: [{title: 'a {ti}', payload: '/greet{{\"n\": \"{pa}\"}}'}]\n"
        "    quick_replies: [{title: 'b {qu }', payload: /greet}]\n    custom: {a: [{b: '{cu}'}], c: 'd {{e}}'}\n"
        "entities: [n]\nrules:\n- rule: r\n  steps:\n  - intent: restart\n  - action: utter_two\n",
        (*("warning unknown-placeholder 3 5",) * 4, "warning loose-placeholder 3 5"),
    ),
    "intent that a quick reply or an element's button sends": Mistake(
        "intents: [greet, ask, tell]\nentities: [n]\n"
        "slots:\n  a: {type: any, mappings: [{type: from_entity, entity: n}]}\n"
        "responses:\n  utter_greet/a:\n  - text: x\n    quick_replies: [{title: a, payload: '/ask{\"n\": 1}'}]\n"
        "    elements: [{title: e, buttons: [{title: b, payload: '/tell{\"n\": 1}'}]}]\n",
        ("warning few-examples 1 18", "warning few-examples 1 23"),
    ),
    "unknown slot": Mistake(
        "forms:\n  f: {required_slots: [a]}\nrules:\n- rule: r\n  steps:\n  - intent: restart\n  - action: f\n"
        "  - active_loop: f\n",
        ("error unknown-slot 2 24", "warning nothing-follows 2 3"),
    ),
    "unknown slot in a story": Mistake(
        "rules:\n- rule: r\n  condition:\n  - slot_was_set:\n    - a: 1\n  steps:\n  - intent: greet\n"
        "  - action: utter_greet\n",
        ("warning unknown-slot 5 7",),
    ),
    "unknown slot of a condition": Mistake(
        "responses:\n  utter_greet/x:\n  - text: x\n  - text: y\n    condition: [{type: slot, name: a, value: 1}]\n",
        ("warning unknown-slot 4 5",),
    ),
    "unknown mapping": Mistake(
        "slots:\n  a: {type: any, mappings: [{type: from_entitty, entity: a}]}\n",
        ("error unknown-value 2 36",),
    ),
    "unlisted intent": Mistake(
        "intents: [affirm]\n",
        ("warning few-examples 1 11", "warning unlisted-intent 6 5", "warning unused-intent 1 11"),
    ),
    "unlisted entity": Mistake(
        "intents: [greet]\nnlu:\n- intent: greet\n  examples: |\n    - hi [x](n)\n", ("warning unlisted-entity 5 5",)
    ),
    "conditions on slots that policies do not see": Mistake(
        "slots:\n  a: {type: bool, influence_conversation: false, mappings: [{type: custom}]}\n"
        "  b: {type: any, mappings: [{type: custom}]}\n  c: {type: bool, mappings: [{type: custom}]}\n"
        "rules:\n- rule: r\n  condition:\n  - slot_was_set:\n    - a: true\n    - b: 1\n    - c: true\n"
        "  - active_loop: null\n  steps:\n  - intent: greet\n  - slot_was_set:\n    - a: true\n"
        "  - action: utter_greet\n",
        ("warning unseen-slot 9 7", "warning unseen-slot 10 7"),
    ),
    "unknown key of a mapping": Mistake(
        "slots:\n  a: {type: bool, mappings: [{type: custom, intent_name: None}]}\n", ("warning unknown-key 2 45",)
    ),
    "misspelt key of a mapping": Mistake(
        "slots:\n  a: {type: bool, mappings: [{type: custom, conditins: []}]}\n", ("error unknown-key 2 45",)
    ),
    "unset variable": Mistake("language: ${LANGUAGE}\n", ("error unset-variable 1 11",), file="config.yml"),
    "unused form": Mistake("forms:\n  f: {required_slots: []}\n", ("warning unused-form 2 3",)),
    "unused intent": Mistake(
        "nlu:\n- intent: bye\n  examples: |\n    - bye\n    - ciao\n", ("warning unused-intent 4 5",)
    ),
    "unused response": Mistake("responses:\n  utter_x:\n  - text: x\n", ("warning unused-response 3 5",)),
    "unused response that an action may say": Mistake(
        "responses:\n  utter_x:\n  - text: x\n", ("note unused-response 3 5",), options={"known_actions": ("action_a",)}
    ),
    "text for a list": Mistake("stories: hello\n", ("error wrong-type 1 10",)),
    "depth": Mistake("nlu: " + "[" * 150 + "]" * 150, ("error yaml-depth 1 1",)),
    "list as a key": Mistake("[a]: b\n", ("error yaml-key 1 1",)),
    "no YAML": Mistake("nlu:\n\t- a\n", ("error yaml-syntax 2 1",)),
    "a tag": Mistake("nlu: !x []\n", ("error yaml-tag 1 6",)),
}  # fmt: skip


def findings_of(mistake: Mistake, read: Read) -> tuple[str, ...]:
    files = {"data/b.yml": mistake.around} if mistake.around else {}
    diagnostics = read({mistake.file: mistake.text} | files, **mistake.options).diagnostics
    return tuple(f"{d.severity} {d.code} {d.place.line} {d.place.column}" for d in diagnostics)


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_reported_once_with_its_place(name: str, read: Read) -> None:
    assert sorted(findings_of(MISTAKES[name], read)) == sorted(MISTAKES[name].findings)


@pytest.mark.parametrize("name", [name for name in MISTAKES if not MISTAKES[name].options])
def test_every_finding_has_a_cure(name: str, read: Read) -> None:
    mistake = MISTAKES[name]
    files = {"data/b.yml": mistake.around} if mistake.around else {}
    for diagnostic in read({mistake.file: mistake.text} | files).diagnostics:
        assert diagnostic.cure
        assert diagnostic.code in CODES


def test_every_documented_code_has_a_mistake() -> None:
    tried = {finding.split()[1] for mistake in MISTAKES.values() for finding in mistake.findings}
    assert tried | ELSEWHERE | TESTED_WITH_THE_TREE == set(CODES)


def test_every_code_in_the_framework_is_documented(project: Path) -> None:
    found = {code for file in (project / "bot").rglob("*.py") for code in _codes(ast.parse(file.read_bytes()))}
    assert found <= set(CODES)
    assert found >= ELSEWHERE


def _codes(tree: ast.AST) -> Iterator[str]:
    """The codes written out in calls of `Diagnostic`: its fifth argument, or `code=`."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Diagnostic":
            given = [*call.args[4:5], *(k.value for k in call.keywords if k.arg == "code")]
            yield from (str(code.value) for code in given if isinstance(code, ast.Constant))


def test_bot_without_mistakes_has_no_findings(read: Read) -> None:
    assert read({"data/b.yml": GREET}).diagnostics == ()


def test_misspelt_plugin_action_is_reported_with_a_suggestion(read: Read) -> None:
    files = {"data/b.yml": GREET + "actions: [action_oders]\n"}
    [finding] = read(files, known_actions=("action_orders",), all_known=True).diagnostics
    assert finding.cure.startswith("Did you mean `action_orders`? Otherwise write it")


def test_unimplemented_actions_are_reported_together_if_there_is_no_code(read: Read) -> None:
    [finding] = read({"data/b.yml": GREET + "actions: [action_a, action_b]\n"}, all_known=True).diagnostics
    assert (finding.severity, finding.code) == ("warning", "unimplemented-action")
    assert "lists `action_a`, `action_b`, which" in finding.message
    assert finding.cure.startswith("Write them in `actions/`, where `register_actions` registers each by this name")


def test_listed_actions_are_accepted_if_an_action_server_is_configured(read: Read) -> None:
    files = {"data/b.yml": GREET + "actions: [action_x]\n", "endpoints.yml": "action_endpoint: {url: 'http://x'}\n"}
    assert read(files, known_actions=(), all_known=True).diagnostics == ()


NOWHERE = "slots:\n  a: {type: any, mappings: [{type: custom, conditions: [{active_loop: nowhere_form}]}]}\n"
RUNS = "rules:\n" + "".join(f"- rule: {n}\n  steps:\n  - intent: greet\n  - action: nowhere_form\n" for n in range(3))


def test_unknown_form_is_reported_once_with_the_number_of_its_uses(read: Read) -> None:
    [error] = read({"data/a.yml": NOWHERE, "data/b.yml": GREET, "data/c.yml": RUNS}).errors
    assert (error.code, str(error.place)) == ("unknown-form", "data/a.yml:2:29")
    assert error.message.endswith("which is not a known form. The same applies in 3 other places.")
    assert [place.file for place in error.also] == ["data/c.yml"] * 3


def test_many_unlisted_intents_are_reported_together_but_typos_separately(read: Read) -> None:
    names = ["apple", "brick", "cloud", "drums", "horse"]
    nlu = "nlu:\n" + "".join(f"- intent: {name}\n  examples: |\n    - {name}\n    - {name} {name}\n" for name in names)
    rules = "rules:\n" + "".join(
        f"- rule: {name}\n  steps: [{{intent: {name}}}, {{action: utter_a}}]\n" for name in names
    )
    domain = "intents: [hrose]\nresponses:\n  utter_a: [x]\n"
    found = read({"domain.yml": domain, "data/a.yml": nlu + rules}).diagnostics
    messages = [d.message for d in found if d.code == "unlisted-intent"]
    assert [message.split("`")[1] for message in messages] == ["apple", "horse"]
    assert messages[0].endswith("nor 3 others.")


@pytest.mark.parametrize("code", ["say('utter_b')", "say('utter_a' if x else 'utter_b')"])
def test_unknown_response_in_code_is_reported_at_its_line(read: Read, code: str) -> None:
    files = {"data/b.yml": GREET, "actions/a.py": f"\nturn.{code}\n", "data/a.yml": "responses: {utter_a: [x]}\n"}
    [found] = [d for d in read(files).diagnostics if d.code == "unknown-response"]
    assert (found.severity, found.place.file, found.place.line) == ("warning", "actions/a.py", 2)
    assert "`utter_b`" in found.message


@pytest.mark.parametrize(
    "code",
    ["say('utter_b' + x)", "say(f'utter_b{x}')", "say('utter_b_')", "say('Say utter_b')", "n.startswith('utter_b')"],
)
def test_partial_response_names_in_code_are_not_reported(read: Read, code: str) -> None:
    assert read({"data/b.yml": GREET, "actions/a.py": f"turn.{code}\n"}).diagnostics == ()


def test_column_of_a_name_in_code_counts_characters_not_bytes(read: Read) -> None:
    found = read({"data/b.yml": GREET, "actions/a.py": 'A = ("üüüü", "utter_nothere")\n'}).diagnostics
    assert [str(d.place) for d in found] == ["actions/a.py:1:14"]


@pytest.mark.parametrize("file", ["actions/a.py", "actions.py"])
def test_response_named_in_code_counts_as_used(read: Read, file: str) -> None:
    files = {"data/b.yml": GREET, "data/a.yml": "responses:\n  utter_x:\n  - text: x\n"}
    assert read(files | {file: "turn.say('utter_x')\n"}).diagnostics == ()


def test_missing_space_after_a_response_key_is_reported_with_the_correction(read: Read) -> None:
    [finding] = read({"data/b.yml": GREET + "  utter_greet/a:\n  - text:hi\n"}).diagnostics
    assert finding.cure.startswith("Write `text: hi`")


@pytest.mark.parametrize("part", ["[x", "[x](", "[x]{", "[x](a ", "[x][{", "(x)[", "[x} "])
@pytest.mark.parametrize("end", ["", ":)", "}]"])
def test_reading_time_is_linear_in_the_number_of_brackets(read: Read, part: str, end: str) -> None:
    """If the time grows with the square of the length, the test times out."""
    read({"data/b.yml": GREET.replace("- hello\n", "- " + part * 150_000 + end + "\n")})


SLOTS = GREET + "slots: {cake: {type: text, mappings: [{type: custom}]}}\n"


@pytest.mark.parametrize(
    "code",
    [
        "async def a(turn): turn.slot('caek')",
        "async def a(turn): turn.set('caek', None)",
        "async def a(t: bot.Turn): return t.slot_before('caek')",
        "def run(self, dispatcher, tracker, domain): return [SlotSet('caek', tracker.get_slot('cake'))]",
        "def run(self, dispatcher, tracker, domain): return tracker.get_slot('caek')",
    ],
)
def test_unknown_slot_in_code_is_reported_at_its_line(read: Read, code: str) -> None:
    [found] = read({"data/b.yml": SLOTS, "actions/a.py": f"\n{code}\n"}).diagnostics
    assert (found.severity, found.code, found.place.file, found.place.line) == (
        "warning",
        "unknown-slot",
        "actions/a.py",
        2,
    )
    assert found.cure.startswith("Did you mean `cake`?")


@pytest.mark.parametrize(
    "code",
    [
        "async def a(turn): turn.slot('cake'); turn.set('requested_slot', None); turn.slot(name)",
        "cache.set('caek', 1)",
        "async def a(turn): turn.say('caek')",
    ],
)
def test_texts_in_code_that_are_not_slot_names_are_not_reported(read: Read, code: str) -> None:
    assert read({"data/b.yml": SLOTS, "actions/a.py": f"{code}\n"}).diagnostics == ()


PARTS = """
intents: [greet]
entities:
- n: {roles: [to, from]}
slots:
  to: {type: text, mappings: [{type: from_entity, entity: n, role: to}]}
nlu:
- intent: greet
  examples: |
    - a [x]{"entity": "n", "role": "to"}
    - b [y]{"entity": "n", "role": "from"} and [z]{"entity": "n", "role": "from"}
    - c [z](n)
"""


def test_unmapped_role_is_reported_once_if_its_entity_fills_slots(read: Read) -> None:
    [found] = read({"data/a.yml": PARTS}).diagnostics
    assert (found.severity, found.code, found.place.line) == ("warning", "unmapped-part", 11)
    assert "role: from" in found.message
    without = PARTS.replace("type: from_entity, entity: n, role: to", "type: custom")
    assert read({"data/a.yml": without}).diagnostics == ()
