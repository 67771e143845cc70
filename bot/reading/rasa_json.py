"""Rasa's training data in JSON: `rasa_nlu_data` with examples, synonyms, patterns and lookup tables."""

from __future__ import annotations

from collections.abc import Iterator

from bot.content import Annotation, Example, Lookup, Place, Regex, Synonym
from bot.reading.draft import Draft
from bot.reading.tree import Map, plain


def read_rasa_json(file: Map, draft: Draft) -> None:
    """Read the whole of a JSON file into the draft."""
    data = file.get("rasa_nlu_data") or {}
    for item in data.get("common_examples") or ():
        _example(item, draft)
    for item in data.get("entity_synonyms") or ():
        draft.synonyms += [Synonym(text, item["value"], item.place) for text in item["synonyms"] or ()]
    for item in data.get("regex_features") or ():
        draft.regexes.append(Regex(item["name"], item["pattern"], item.place_of("pattern")))
    for item in data.get("lookup_tables") or ():
        draft.lookups.append(Lookup(item["name"], tuple(item["elements"]), item.place))


def _example(item: Map, draft: Draft) -> None:
    if not item.get("intent"):
        message = "This example has no intent; it is not read."
        draft.report("warning", item.place, message, 'Write `"intent": "…"` beside its text.', "missing-key")
        return
    metadata = {"example": plain(item["metadata"])} if item.get("metadata") is not None else {}
    place = item.place_of("text")
    marks = tuple(_marks(item, place, draft))
    draft.examples.append(Example(item["text"], item["intent"], marks, metadata, place))


def _marks(item: Map, place: Place, draft: Draft) -> Iterator[Annotation]:
    """The entities of an example, those left out that are none of its words."""
    text = item["text"]
    for entity in sorted(item.get("entities") or (), key=lambda entity: (entity["start"], entity["end"])):
        start, end = entity["start"], entity["end"]
        if not start < end <= len(text):
            message = f"The entity `{entity['entity']}` is no part of `{text}`, from {start} to {end}; it is not read."
            draft.report("warning", entity.place, message, "Count from 0, and to the end of its text.", "entity-mark")
            continue
        value = plain(entity.get("value", text[start:end]))
        yield Annotation(start, end, entity["entity"], value, entity.get("role"), entity.get("group"))
