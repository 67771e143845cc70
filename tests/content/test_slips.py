"""The starter's bot with one mistake in it: the finding names it and the fix, and nothing misleading."""

from __future__ import annotations

from importlib.resources import files

import pytest

from bot.reading import ReadResult
from tests.reading.conftest import Read

STARTER = files("bot.reading").joinpath("starter")
ORDERS = STARTER.joinpath("intents/orders.yml").read_text("utf-8")
RULES = STARTER.joinpath("stories/rules.yml").read_text("utf-8")
ACTIONS = STARTER.joinpath("actions/hours.py.txt").read_text("utf-8")
SMALLTALK = STARTER.joinpath("intents/smalltalk.yml").read_text("utf-8")
COMPLETE = RULES[RULES.index("- rule: the order is complete") : RULES.index("- rule: leave")]
STARTS = RULES[RULES.index("- rule: take an order\n") : RULES.index("- rule: the order is complete")]


def read_starter(read: Read, *, orders: str = ORDERS, rules: str = RULES, code: str = ACTIONS) -> ReadResult:
    written = {
        "intents/hours.yml": STARTER.joinpath("intents/hours.yml").read_text("utf-8"),
        "intents/orders.yml": orders,
        "intents/smalltalk.yml": SMALLTALK,
        "stories/rules.yml": rules,
        "actions/hours.py": code,
    }
    return read(written, known_actions=("action_forget_order", "action_hours"), all_known=True)


def findings(result: ReadResult) -> list[tuple[str, str, str]]:
    return [(d.severity, d.code, d.cure) for d in result.diagnostics if d.code != "held-back"]


def test_starter_has_no_findings(read: Read) -> None:
    assert findings(read_starter(read)) == []


@pytest.mark.parametrize("written", ["requird_slots", "required_slot", "Required_slots"])
def test_misspelt_required_slots_is_the_only_finding(read: Read, written: str) -> None:
    orders = ORDERS.replace("required_slots", written)
    assert findings(read_starter(read, orders=orders)) == [("error", "unknown-key", "Did you mean `required_slots`?")]


def test_misspelt_ignored_intents_is_the_only_finding(read: Read) -> None:
    orders = ORDERS.replace("    required_slots:", "    ignored_intnts: [cancel]\n    required_slots:")
    assert findings(read_starter(read, orders=orders)) == [("error", "unknown-key", "Did you mean `ignored_intents`?")]


@pytest.mark.parametrize("written", ["ask", "slots"])
def test_unknown_form_key_with_a_list_of_names_is_rejected(read: Read, written: str) -> None:
    ((severity, code, cure),) = findings(read_starter(read, orders=ORDERS.replace("required_slots", written)))
    assert (severity, code) == ("error", "unknown-key")
    assert "`required_slots`" in cure or "required_slots, ignored_intents" in cure


def test_form_without_a_following_rule_is_reported_with_the_rule_to_write(read: Read) -> None:
    follows, unused = read_starter(read, rules=RULES.replace(COMPLETE, "")).diagnostics
    assert (follows.severity, follows.code) == ("warning", "nothing-follows")
    assert "`- action: order_form`, `- active_loop: null`" in follows.cure
    assert (unused.code, unused.severity) == ("unused-response", "note")
    assert unused.cure == "Write `- action: utter_ordered` in a rule or story, or remove it if no action says it."


def test_rule_for_the_end_of_a_form_does_not_start_it(read: Read) -> None:
    (finding,) = read_starter(read, rules=RULES.replace(STARTS, "")).diagnostics
    assert (finding.severity, finding.code) == ("warning", "unused-form")
    assert finding.message == "No rule or story starts the form `order_form`."


def test_suggested_response_is_not_reported_as_unused(read: Read) -> None:
    result = read_starter(read, rules=RULES.replace("utter_ordered", "utter_orderd"))
    assert [d.code for d in result.diagnostics] == ["unknown-response"]


def test_intent_with_misspelt_or_missing_examples_is_not_reported_as_unknown(read: Read) -> None:
    misspelt = read_starter(read, orders=ORDERS.replace("examples: |", "exampels: |", 1))
    assert findings(misspelt) == [("error", "unknown-key", "Did you mean `examples`?")]
    first = ORDERS.index("    - I'd like to order")
    empty = read_starter(read, orders=ORDERS[:first] + ORDERS[ORDERS.index("- intent: choose_cake") :])
    assert [d.code for d in empty.diagnostics] == ["no-examples"]


def test_forms_written_as_a_list_of_mappings_are_rejected(read: Read) -> None:
    start = ORDERS.index("forms:")
    forms = "forms:\n- order_form:\n    required_slots:\n    - cake\n    - name\n\n"
    result = read_starter(read, orders=ORDERS[:start] + forms + ORDERS[ORDERS.index("responses:") :])
    assert findings(result) == [("error", "wrong-type", "Remove the `- ` before the form's name.")]


@pytest.mark.parametrize("written", ["None", '"null"', "none"])
def test_misspelt_null_loop_is_reported_with_the_correction(read: Read, written: str) -> None:
    rules = RULES.replace(
        "active_loop: null\n  - action: utter_ordered", f"active_loop: {written}\n  - action: utter_ordered"
    )
    ((severity, code, cure),) = findings(read_starter(read, rules=rules))
    assert (severity, code) == ("error", "unknown-form")
    assert cure.startswith("Write `null`, without quotes")


@pytest.mark.parametrize(
    ("line", "written"),
    [("- intent: cancel", "\u00a0- intent: cancel"), ("  name:", " \u00a0name:"), ("    - cake", "\u00a0   - cake: x")],
)
def test_no_break_space_in_indentation_is_reported_at_its_line(read: Read, line: str, written: str) -> None:
    orders = ORDERS.replace(f"\n{line}\n", f"\n{written}\n", 1)
    (finding,) = read_starter(read, orders=orders).errors
    assert (finding.code, finding.place.line) == ("yaml-syntax", orders.split("\n").index(written) + 1)
    assert "no-break space" in finding.message


def test_no_break_space_within_text_is_accepted(read: Read) -> None:
    assert findings(read_starter(read, orders=ORDERS.replace("Your {cake}", "Your\u00a0{cake}"))) == []


@pytest.mark.parametrize(
    ("code", "severity"), [("", "warning"), ("a = 'name'", "note"), ("b = 'validate_order_form'", "note")]
)
def test_required_slot_without_mappings_is_reported(read: Read, code: str, severity: str) -> None:
    start, end = ORDERS.index("    mappings:\n    # No intent has"), ORDERS.index("forms:")
    result = read_starter(
        read, orders=ORDERS[:start] + "\n" + ORDERS[end:], code=ACTIONS.replace('"name"', '"cake"') + code
    )
    assert [(d.severity, d.code) for d in result.diagnostics] == [(severity, "slot-without-mappings")]


FROM_ENTITY = "    - type: from_entity\n      entity: cake\n      intent: [order_cake, choose_cake]\n"


@pytest.mark.parametrize(
    ("written", "instead", "code"),
    [
        ("  cake:\n    type: text\n", "  cake:\n", "missing-key"),
        ("utter_ask_name:\n  - text", "utter_ask_name:\n    text", "wrong-type"),
        ("\n  - text: And your name, please?", " And your name, please?", "wrong-type"),
        ("  - text: And your name, please?", "  - text: [And, your, name]", "wrong-type"),
        ("    - type: from_entity\n", "      type: from_entity\n", "wrong-type"),
        (FROM_ENTITY, "      from_entity\n", "wrong-type"),
        ("order_form:\n    required_slots:\n    - cake", "order_form:\n    required_slots: cake", "yaml-syntax"),
    ],
)
def test_consequences_of_an_invalid_part_are_not_reported(read: Read, written: str, instead: str, code: str) -> None:
    assert written in ORDERS
    ((severity, reported_code, _),) = findings(read_starter(read, orders=ORDERS.replace(written, instead, 1)))
    assert (severity, reported_code) == ("error", code)


@pytest.mark.parametrize(
    ("steps", "cure"),
    [
        ("- intent: cancel\n    action: utter_cancelled", "Begin each of them with `- ` on its own line."),
        ("- cancel", "For example: `- intent: greet`"),
        ("- intent:cancel", "Write `intent: …`, with an ordinary colon and a space after it."),
        ("- intent\uff1a cancel", "Write `intent: …`, with an ordinary colon and a space after it."),
        ("- action: [utter_a, utter_b]", "Write `- action: …` for each of them, on its own line."),
        ("- or:\n      intent: cancel", "For example: `- intent: affirm`"),
    ],
)
def test_invalid_steps_are_not_also_reported_as_missing(read: Read, steps: str, cure: str) -> None:
    rules = f"{RULES}\n- rule: another\n  steps:\n  {steps}\n"
    assert [d.cure for d in read_starter(read, rules=rules).diagnostics] == [cure]


def test_misspelt_key_is_not_missing_and_missing_keys_are_reported_together(read: Read) -> None:
    misspelt = read_starter(read, rules=RULES.replace("steps:", "step:", 1)).errors
    assert [(d.code, d.cure) for d in misspelt] == [("unknown-key", "Did you mean `steps`?")]
    orders = ORDERS.replace("- text: And your", "- condition: [{slot: cake}]\n    text: And your")
    missing, unknown = sorted(read_starter(read, orders=orders).errors, key=lambda d: d.code)
    assert (unknown.code, missing.code) == ("unknown-key", "missing-key")
    assert "lacks the keys `type`, `name`, `value`." in missing.message


def test_unindented_example_is_reported(read: Read) -> None:
    orders = ORDERS.replace("    - never mind\n", "").replace("    - cancel that\n", "- cancel that\n")
    (found, *_) = read_starter(read, orders=orders).errors
    assert found.cure.startswith("Indent an example more than the `examples: |` above it")


@pytest.mark.parametrize(
    "name", ["hours.ymal", "hours.yl", "hours.yml.txt", "hours.yml~", "hours.YML", "hours.txt", "hours", "a.yml.bak"]
)
def test_content_file_with_a_wrong_ending_is_reported(read: Read, name: str) -> None:
    result = read(
        {"intents/smalltalk.yml": SMALLTALK, f"intents/{name}": SMALLTALK, "stories/rules.yml": "rules: []\n"}
    )
    assert [d.place.file for d in result.diagnostics if d.code == "not-read"] == [f"intents/{name}"]


def test_unrelated_files_next_to_content_are_not_reported(read: Read) -> None:
    others = {
        "a.xml": "<nlu/>",
        "b.txt": "nlu: a word\n",
        "Makefile": "rules:\n\tbot train\n",
        "c.md": SMALLTALK,
        "d.py": SMALLTALK,
    }
    result = read({"intents/smalltalk.yml": SMALLTALK} | {f"intents/{name}": text for name, text in others.items()})
    assert "not-read" not in [d.code for d in result.diagnostics]


@pytest.mark.parametrize(
    ("name", "is_reported"),
    [("domain.yml.txt", True), ("config.yml.txt", True), ("nlu.txt", True), ("credentials.yml.example", False)],
)
def test_top_level_file_with_a_wrong_ending_is_reported_if_named_like_content(
    read: Read, name: str, is_reported: bool
) -> None:
    text = "rest:\n" if name.startswith("c") else SMALLTALK
    result = read({"intents/smalltalk.yml": SMALLTALK, name: text})
    assert (name in [d.place.file for d in result.diagnostics if d.code == "not-read"]) is is_reported


def test_backup_copy_of_a_content_file_is_reported(read: Read) -> None:
    result = read({"intents/smalltalk.yml": SMALLTALK, "intents/smalltalk.yml.bak": SMALLTALK})
    (found,) = [d for d in result.diagnostics if d.code == "not-read"]
    assert found.cure == "Move it elsewhere: `smalltalk.yml` already exists beside it."


def test_unknown_name_found_in_an_ignored_file_is_reported_with_that_file(read: Read) -> None:
    files = {"stories/rules.yml": RULES, "intents/smalltalk.yml": SMALLTALK, "intents/orders.txt": ORDERS}
    found = {d.name: d.cure for d in read(files).errors}
    assert found["order_form"].startswith("It is in `intents/orders.txt`, which is not read")
    assert not found["action_forget_order"].startswith("It is in")
