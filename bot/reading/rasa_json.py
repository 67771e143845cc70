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
        draft.lookups.append(Lookup(item["name"], _elements(item, draft), item.place))


def _elements(item: Map, draft: Draft) -> tuple[str, ...]:
    """What a lookup table lists, or a file of the project that it names: a value a line."""
    if not isinstance(item["elements"], str):
        return tuple(item["elements"])
    place, named, root = item.place_of("elements"), item["elements"], draft.folder.resolve()
    cure = "Write a path from the project's folder to a text file in it, with a value on each line."
    try:
        path = (root / named).resolve()
        if not path.is_relative_to(root):
            raise OSError("it is outside the project")
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or (str(error) if isinstance(error, OSError) else "it is no text")
        draft.report("error", place, f"The file `{named}` is not read: {reason}.", cure, "not-read")
        return ()
    draft.files.append(path.relative_to(root).as_posix())
    return tuple(line.strip() for line in lines if line.strip())


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
