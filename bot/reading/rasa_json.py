"""Rasa's training data in JSON: `rasa_nlu_data` with examples, synonyms, patterns and lookup tables."""

from __future__ import annotations

from collections.abc import Iterator

from bot.content import Annotation, Example, Lookup, Place, Regex, Synonym
from bot.reading.draft import Draft
from bot.reading.tree import Map, plain


def read_rasa_json(file: Map, draft: Draft) -> None:
    """Read a whole JSON file into the draft."""
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
    """Return the values of a lookup table, or of the project file that it names: one per line."""
    elements, root = item["elements"], draft.folder.resolve()
    if not isinstance(elements, str):
        return tuple(elements)
    try:
        path = (root / elements).resolve()
        if not path.is_relative_to(root):
            raise OSError("it is outside the project")
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError:
        reason = "it is not text"
    else:
        draft.files.append(path.relative_to(root).as_posix())
        return tuple(line.strip() for line in lines if line.strip())
    cure = "Write a path from the project's folder to a text file in it, with a value on each line."
    draft.report("error", item.place_of("elements"), f"The file `{elements}` is not read: {reason}.", cure, "not-read")
    return ()


def _example(item: Map, draft: Draft) -> None:
    if not item.get("intent"):
        message = "This example has no intent; it is ignored."
        draft.report("warning", item.place, message, 'Add `"intent": "…"` to it.', "missing-key")
        return
    metadata = {"example": plain(item["metadata"])} if item.get("metadata") is not None else {}
    place = item.place_of("text")
    marks = tuple(_marks(item, place, draft))
    draft.examples.append(Example(item["text"], item["intent"], marks, metadata, place))


def _marks(item: Map, place: Place, draft: Draft) -> Iterator[Annotation]:
    """Yield the entities of an example, without those whose position is not in its text."""
    text = item["text"]
    for entity in sorted(item.get("entities") or (), key=lambda entity: (entity["start"], entity["end"])):
        start, end = entity["start"], entity["end"]
        if not start < end <= len(text):
            message = f"The entity `{entity['entity']}`, from {start} to {end}, is not in `{text}`; it is ignored."
            cure = "Count from 0; `end` is the position after its last character."
            draft.report("warning", entity.place, message, cure, "entity-mark")
            continue
        value = plain(entity.get("value", text[start:end]))
        yield Annotation(start, end, entity["entity"], value, entity.get("role"), entity.get("group"))
