"""A part that cannot be read is reported, and findings that may only follow from it are held back."""

from __future__ import annotations

import pytest

from bot.content import Place
from tests.reading.conftest import Read

ORDERS = """nlu:
- intent: order
  examples: |
    - a [cake](kind) please
    - I want to order
responses:
  utter_ordered:
  - text: Thank you.
"""
RULES = "rules:\n- rule: order\n  steps:\n  - intent: order\n  - action: utter_ordered\n"


@pytest.mark.parametrize(
    ("right", "wrong", "line", "code"),
    [
        ("text: Thank", "text: {name}, thank", 8, "yaml-syntax"),
        ("text: Thank", 'text: "Thank', 8, "yaml-syntax"),
        ("Thank", "\x00Thank", 8, "yaml-syntax"),
        ("responses:", "reponses:", 6, "unknown-key"),
        ("nlu:", "nul:", 1, "unknown-key"),
        ("responses:", "nlu:", 6, "duplicate-key"),
        ("responses:\n", "responses: x\nx-mine:\n", 6, "wrong-type"),
    ],
)
def test_mistake_in_one_file_holds_back_the_findings_that_may_follow(
    read: Read, right: str, wrong: str, line: int, code: str
) -> None:
    result = read({"data/orders.yml": ORDERS.replace(right, wrong), "data/rules.yml": RULES})
    (error,) = result.errors
    assert (error.place.file, error.place.line, error.code) == ("data/orders.yml", line, code)
    assert [d.code for d in result.diagnostics if d.severity == "warning"] == ["held-back"]
    assert {d.code for d in result.held_back} & {"unknown-intent", "unknown-response"}


def test_unmapped_role_is_held_back_while_slots_are_unreadable(read: Read) -> None:
    part = '"entity": "place", "role":'
    domain = "slots:\n  a: {type: text, mappings: [{type: from_entity, entity: place, role: from}]}\n"
    nlu = f'nlu:\n- intent: go\n  examples: |\n    - [Ulm]{{{part} "from"}}\n    - [Bonn]{{{part} "to"}}\n'
    files = {"domain/a.yml": domain, "data/nlu.yml": nlu}
    assert "unmapped-part" in {d.code for d in read(files).diagnostics}
    assert "unmapped-part" in {d.code for d in read({**files, "domain/b.yml": "slots: [\n"}).held_back}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config.yml", "langauge: en\n"),
        ("config.yml", "pipline: []\n"),
        ("config.yml", "polices: []\n"),
        ("config.yml", "title2: a\n"),
        ("config.yml", "title: a\ntitle: b\n"),
        ("config.yml", "plugns: []\n"),
        ("endpoints.yml", "action_endpont: {}\n"),
        ("endpoints.yml", "a: 'x\n"),
        ("credentials.yml", "a: 'x\n"),
        ("credentials.yml", "callback: {url: nowhere}\n"),
    ],
)
def test_unreadable_configuration_does_not_hold_back_missing_content(read: Read, file: str, text: str) -> None:
    result = read({"data/rules.yml": RULES, file: text})
    assert {"unknown-intent", "unknown-response"} <= {d.code for d in result.diagnostics}


@pytest.mark.parametrize("text", ["a: 'x\n", "imprts: []\n", "imports: 3\n", "imports: []\nimports: [shop]\n"])
def test_missing_names_are_held_back_while_imports_are_unreadable(read: Read, text: str) -> None:
    result = read({"data/rules.yml": RULES, "config.yml": text})
    assert {"unknown-intent", "unknown-response"} <= {d.code for d in result.held_back}


def test_held_back_notice_points_to_the_key_that_could_supply_the_names(read: Read) -> None:
    result = read({"data/rules.yml": RULES, "config.yml": "langauge: en\nimprts: []\n"})
    assert [d.place for d in result.diagnostics if d.code == "held-back"] == [Place("config.yml", 2, 1)]


def test_held_back_findings_are_counted_once_at_the_first_unreadable_place(read: Read) -> None:
    result = read({"data/orders.yml": "- nlu\n", "data/a.yml": "rulez: []\n", "data/r.yml": RULES})
    (note,) = [d for d in result.diagnostics if d.code == "held-back"]
    assert note.place == Place("data/a.yml", 1, 1)
    assert note.message.startswith(f"{len(result.held_back)} findings")


@pytest.mark.parametrize(
    "more",
    ["x-mine: []\n", "flows: {}\n", "slots:\n  a: {type: any, mapings: []}\n", "nlu:\n- intnt: x\n", "responses:\n"],
)
def test_mistakes_within_sections_or_in_unknown_ones_hold_nothing_back(read: Read, more: str) -> None:
    result = read({"data/more.yml": more, "data/rules.yml": RULES})
    assert {"unknown-intent", "unknown-response"} <= {d.code for d in result.diagnostics}
    assert result.held_back == ()


def test_unknown_action_is_held_back_while_plugins_are_unreadable(read: Read) -> None:
    rules = RULES.replace("utter_ordered", "action_order")
    files = {"data/orders.yml": ORDERS, "data/rules.yml": rules, "config.yml": "plugns: [shop]\n"}
    result = read(files)
    assert [d.code for d in result.errors] == ["unknown-key"]
    assert "unknown-action" in {d.code for d in result.held_back}


FORM = "forms:\n  order_form:\n    required_slots: [cake]\n"


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize(
    ("before", "by"),
    [
        ("slots:\n  cake: {type: any, mappings: [{type: custom}]}\n", 2),
        ("slots:\n  cake:\n    type: any\n    mappings: [{type: custom}]\n", 4),
        ("slots:\n  cake:\n    type: any\n    mappings:\n    - type: custom\n", 6),
        ("responses:\n  utter_b:\n  - text: b\n", 2),
        ("responses:\n  utter_b:\n  - text: b\n", 4),
        ("nlu:\n- intent: b\n", 2),
        ("entities:\n- b:\n    roles: [c]\n", 2),
        ("rules:\n- rule: b\n  steps:\n  - action: utter_ordered\n", 4),
    ],
)
def test_misplaced_section_holds_back_the_names_it_would_define(read: Read, before: str, by: int) -> None:
    rules = RULES + "  - action: order_form\n  - active_loop: order_form\n"
    result = read({"data/a.yml": ORDERS, "data/form.yml": before + indented(FORM, by), "data/rules.yml": rules})
    (error,) = result.errors
    assert (error.code, error.cure) == ("misplaced-section", "Write it at the left edge.")
    assert error.place == Place("data/form.yml", before.count("\n") + 1, by + 1)
    assert "unknown-form" in {d.code for d in result.held_back}


@pytest.mark.parametrize(
    "text",
    [
        "slots:\n  forms: {type: any, mappings: [{type: custom}]}\n  rules: {tpye: any}\n",
        "responses:\n  utter_b:\n  - custom: {forms: {a: b}}\n",
        "nlu:\n- intent: b\n  metadata: {rules: []}\n",
        "rules:\n- rule: b\n  steps:\n  - {intent: order, entities: [kind]}\n  - action: utter_ordered\n",
    ],
)
def test_keys_named_like_sections_are_not_reported_as_misplaced(read: Read, text: str) -> None:
    result = read({"data/a.yml": ORDERS, "data/b.yml": text})
    assert "misplaced-section" not in {d.code for d in result.diagnostics}


@pytest.mark.parametrize(
    "url", ["localhost:5055/webhook", "ftp://a/b", "http:///webhook", "http://a:99999/b", "http://a b/c", "${NOWHERE}"]
)
def test_invalid_action_server_url_holds_back_unimplemented_actions(read: Read, url: str) -> None:
    files = {"domain.yml": "actions: [action_a, action_b]\n", "data/orders.yml": ORDERS}
    endpoints = {"endpoints.yml": f'action_endpoint:\n  url: "{url}"\n'}
    result = read(files | endpoints, all_known=True)
    (finding,) = [d for d in result.diagnostics if d.code != "held-back" and d.severity != "note"]
    assert finding.place == Place("endpoints.yml", 2, 8)
    assert "unimplemented-action" in {d.code for d in result.held_back}


def test_nothing_is_held_back_if_no_finding_may_follow(read: Read) -> None:
    result = read({"data/orders.yml": ORDERS, "data/rules.yml": RULES, "data/more.yml": "rulez: []\n"})
    assert [d.code for d in result.diagnostics] == ["unknown-key"]
