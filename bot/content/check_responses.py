"""Checks of responses (placeholders, conditions, buttons), and of unused intents and responses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import chain
from typing import Any

from bot.content.diagnostics import Diagnostic
from bot.content.known import Known, fits, steps_of, unknown, wrong_value
from bot.content.names import DEFAULT_INTENTS, PLACEHOLDER
from bot.content.shorthand import Shorthand, is_retrieval, read_shorthand
from bot.content.suggest import did_you_mean
from bot.content.types import Place, UserStep, Variation

_DOUBLED = re.compile(r"\{\{|\}\}")
"""Doubled braces, which are shown as single ones and enclose no placeholder."""

_BRACES = re.compile(r"\{+\s*(?P<name>[A-Za-z_][\w.-]*)\s*\}*|(?<![\w.-])(?P<closed>[A-Za-z_][\w.-]*)\}+")
"""A name next to braces: it is a placeholder only with exactly one on each side."""

_KEY_WITHOUT_SPACE = re.compile(r"(text|image|channel|custom|attachment|buttons):(\S.*)")

_SAID_BY_DEFAULT = frozenset(
    {"utter_default", "utter_ask_rephrase", "utter_restart", "utter_back", "utter_session_start", "utter_action_failed"}
)


def check_responses(known: Known) -> Iterator[Diagnostic]:
    """Everything wrong or odd in responses."""
    domain = known.content.domain
    for name, variations in domain.responses.items():
        if not name.startswith("utter_"):
            message = f"The response `{name}` does not begin with `utter_`, so stories and rules cannot say it."
            yield Diagnostic("warning", variations[0].place, message, f"Call it `utter_{name}`.", "response-name")
        for variation in variations:
            yield from _variation(name, variation, known)
        yield from _without_default(name, variations)
    named_in_code = {name: place for name, place in known.named_in_code.items() if name not in known.actions}
    yield from _unknown_responses(named_in_code, "This code names", known)
    implemented = domain.responses.keys() | known.retrieval_actions | set(known.registered)
    listed = {name: p for name, p in domain.actions.items() if name.startswith("utter_") and name not in implemented}
    yield from _unknown_responses(listed, "`actions:` lists", known)


def _unknown_responses(places: Mapping[str, Place], where: str, known: Known) -> Iterator[Diagnostic]:
    responses = known.content.domain.responses
    for name, place in places.items():
        add = f"Add `{name}:` to `responses:`."
        yield unknown("warning", place, "response", name, known=responses, where=where, add=add)


def _without_default(name: str, variations: Sequence[Variation]) -> Iterator[Diagnostic]:
    """Report a response that cannot always be said; if it is limited to some channels, that is seldom meant."""
    place, code = variations[0].place, "response-without-default"
    if all(v.channel for v in variations):
        channels = ", ".join(f"`{channel}`" for channel in sorted({v.channel for v in variations if v.channel}))
        message = f"Every variation of `{name}` has a channel: on any channel except {channels}, the bot says nothing."
        yield Diagnostic("warning", place, message, "Add a variation without `channel:`.", code)
    elif all(v.conditions or v.channel for v in variations):
        message = f"Every variation of `{name}` has a condition: if none of them holds, the bot says nothing."
        yield Diagnostic("note", place, message, "Add a variation without a condition.", code)


def _variation(name: str, variation: Variation, known: Known) -> Iterator[Diagnostic]:
    slots = known.content.domain.slots
    unspaced = _KEY_WITHOUT_SPACE.match(variation.text or "")
    if unspaced:
        key, rest = unspaced.groups()
        message = f"`{name}` is said literally: `{variation.text}`."
        cure = f"Write `{key}: {rest}`, with a space after the colon."
        yield Diagnostic("warning", variation.place, message, cure, "response-key")
    for condition in variation.conditions:
        if condition.name not in slots:
            where = f"A condition of `{name}` names"
            add = f"Add `{condition.name}:` to `slots:`."
            yield unknown("warning", variation.place, "slot", condition.name, known=slots, where=where, add=add)
        elif not fits(slots[condition.name], condition.value):
            where = f"A condition of `{name}` compares `{condition.name}` with"
            yield wrong_value("warning", variation.place, slots[condition.name], condition.value, where)
    yield from _loose_braces(name, variation)
    yield from _placeholders(name, variation, known)
    for button in _buttons(variation):
        yield from _button(name, button.get("payload"), variation, known)
    for button in variation.buttons:
        yield from _incomplete_button(name, button, variation)


def _loose_braces(name: str, variation: Variation) -> Iterator[Diagnostic]:
    """Text that was meant as a placeholder but has a space in it, or a missing or extra brace."""
    texts = _texts([variation.text, *_buttons(variation), *variation.elements])
    shown = (text for text in texts if not text.startswith("/"))
    for match in chain.from_iterable(map(_BRACES.finditer, shown)):
        if not PLACEHOLDER.fullmatch(match[0]):
            message = f"`{match[0].strip()}` in `{name}` is not a placeholder: its braces would be shown to users."
            cure = f"Write `{{{match['name'] or match['closed']}}}`, or remove the braces."
            yield Diagnostic("warning", variation.place, message, cure, "loose-placeholder")


def _placeholders(name: str, variation: Variation, known: Known) -> Iterator[Diagnostic]:
    """Placeholders that nothing fills; if an action says the response, the action may fill them."""
    if name not in known.said and known.has_custom_actions:
        return
    beside = (variation.buttons, variation.quick_replies, variation.elements, variation.metadata)
    texts = _texts([variation.text, variation.image, variation.attachment, variation.custom, *beside])
    for word in dict.fromkeys(word for text in texts for word in _placeholders_of(text)):
        if word not in known.content.domain.slots:
            message = f"`{{{word}}}` in `{name}` is not a slot, so it stays unfilled."
            cure = did_you_mean(word, known.content.domain.slots, f"Add `{word}:` to `slots:`.")
            yield Diagnostic("warning", variation.place, message, cure, "unknown-placeholder", word)


def _placeholders_of(text: str) -> list[str]:
    shorthand = read_shorthand(text)
    if shorthand is not None and shorthand.entities is None:  # reported separately
        return []
    return PLACEHOLDER.findall(_DOUBLED.sub(" ", text))


def _texts(value: Any) -> Iterator[str]:
    """Every string in a value, however deeply nested: all of them are filled."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _buttons(variation: Variation) -> Iterator[Mapping[str, Any]]:
    """Everything that can be pressed: buttons, quick replies, and the buttons of elements."""
    inside = (button for element in variation.elements for button in element.get("buttons") or ())
    return chain(variation.buttons, variation.quick_replies, inside)


def _button(name: str, payload: object, variation: Variation, known: Known) -> Iterator[Diagnostic]:
    shorthand = _shorthand_of(payload)
    if shorthand is None:
        if _lacks_slash(payload, known):
            message = f"The button payload `{payload}` of `{name}` begins like an intent, but is sent as plain text."
            yield Diagnostic("warning", variation.place, message, f"Write `/{payload}`.", "button-payload")
        return
    if shorthand.entities is None:
        message = f"The entities of the button payload `{payload}` of `{name}` are not a JSON object."
        cure = 'Write `/intent{"entity": "value"}`.'
        yield Diagnostic("warning", variation.place, message, cure, "button-payload")
    if shorthand.rest:
        message = f"`{shorthand.rest}` at the end of the button payload `{payload}` of `{name}` is not read."
        yield Diagnostic("warning", variation.place, message, "Remove it.", "button-payload")
    if shorthand.intent.split("/")[0] not in known.intents:
        where = f"A button of `{name}` sends"
        add = f"Add `{shorthand.intent}` to `intents:`."
        yield unknown("warning", variation.place, "intent", shorthand.intent, known=known.intents, where=where, add=add)
    elif is_retrieval(shorthand.intent, known.content.domain):
        message = f"A button of `{name}` sends `{payload}`, which does not name one of its answers."
        answers = sorted(r for r in known.content.domain.responses if r.startswith(f"utter_{shorthand.intent}/"))
        cure = f"Write `/{answers[0].removeprefix('utter_')}` or the like."
        yield Diagnostic("warning", variation.place, message, cure, "button-payload")
    entities = known.content.domain.entities
    for entity in sorted((shorthand.entities or {}).keys() - entities.keys()):
        where, add = f"A button of `{name}` sends the entity", f"Add `- {entity}` to `entities:`."
        yield unknown("warning", variation.place, "entity", entity, known=entities, where=where, add=add)


def _shorthand_of(payload: object) -> Shorthand | None:
    return read_shorthand(payload) if isinstance(payload, str) else None


def _lacks_slash(payload: object, known: Known) -> bool:
    """Whether a payload is an intent's name with entities, or with an underscore, so that nobody would type it."""
    shorthand = read_shorthand(f"/{payload}") if isinstance(payload, str) else None
    if shorthand is None or shorthand.intent not in known.intents:
        return False
    return bool(shorthand.entities) or "_" in shorthand.intent


def _incomplete_button(name: str, button: Mapping[str, Any], variation: Variation) -> Iterator[Diagnostic]:
    """Report a button without a title or payload; one with a `url` or a channel's `type` needs no payload."""
    opens = "url" in button or "type" in button
    examples = {"title": "title: Yes"} if opens else {"title": "title: Yes", "payload": "payload: /affirm"}
    for key, example in examples.items():
        if not button.get(key):
            message, cure = f"A button of `{name}` has no `{key}`.", f"Write `{example}` or the like."
            yield Diagnostic("warning", variation.place, message, cure, "button-incomplete")


def check_unused(known: Known, meant: Set[str]) -> Iterator[Diagnostic]:
    """Intents and responses that nothing uses, except `meant`: names suggested in place of misspelt ones."""
    steps = [step for story in known.trained for step in steps_of(story)]
    if not steps:
        return
    intents = {step.intent.split("/")[0] for step in steps if isinstance(step, UserStep) and step.intent}
    yield from _unused_intents(known, meant | intents | _sent_intents(known))
    yield from _unused_responses(known, known.said | _SAID_BY_DEFAULT | meant)


def _sent_intents(known: Known) -> set[str]:
    """Intents that mappings name, or that buttons send with entities (which may fill slots)."""
    domain = known.content.domain
    intents = {name for slot in domain.slots.values() for m in slot.mappings for name in m.intent + m.not_intent}
    for variation in chain.from_iterable(domain.responses.values()):
        for button in _buttons(variation):
            shorthand = _shorthand_of(button.get("payload"))
            if shorthand is not None and shorthand.entities:
                intents.add(shorthand.intent.split("/")[0])
    return intents


def _unused_intents(known: Known, used: Set[str]) -> Iterator[Diagnostic]:
    """Intents that are not used and whose examples mark no entity that fills a slot."""
    filling = {m.entity for slot in known.content.domain.slots.values() for m in slot.mappings if m.entity}
    examples = (e for e in known.content.nlu.examples if any(mark.entity in filling for mark in e.annotations))
    filled_by = {example.intent.split("/")[0] for example in examples}
    for name, intent in known.content.domain.intents.items():
        if name in used or name in DEFAULT_INTENTS or name in known.mentioned or name in filled_by:
            continue
        message = f"No story or rule uses the intent `{name}`."
        cure = f"Write a rule or story with `- intent: {name}`, or remove the intent."
        yield Diagnostic("warning", intent.place, message, cure, "unused-intent")


def _unused_responses(known: Known, used: Set[str]) -> Iterator[Diagnostic]:
    """Responses that nothing says; if custom actions may say them unseen, one note lists them all."""
    if any(word.startswith("utter_{") for word in known.mentioned):
        return  # the project's code builds response names at run time
    responses = known.content.domain.responses
    unsaid = (name for name in responses if name not in used and name.split("/")[0] not in used)
    unused = [name for name in unsaid if name not in known.mentioned]
    if unused and known.has_custom_actions:
        message = f"No story or rule says {', '.join(f'`{name}`' for name in unused)}."
        cure = f"Write `- action: {unused[0]}` in a rule or story, or remove it if no action says it."
        if len(unused) > 1:
            example = f"Write `- action: {unused[0]}` and the like"
            cure = f"{example} in a rule or story, or remove those that no action says."
        yield Diagnostic("note", responses[unused[0]][0].place, message, cure, "unused-response")
        return
    for name in unused:
        message = f"No story or rule says `{name}`."
        cure = f"Write `- action: {name}` in a rule or story, or remove the response."
        yield Diagnostic("warning", responses[name][0].place, message, cure, "unused-response")
