"""The `nlu:` section: examples of intents, synonyms, regular expressions and lookup tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from bot.content import ActionStep, Example, Lookup, Place, Regex, Synonym, UserStep
from bot.reading.annotations import read_annotations
from bot.reading.draft import Draft
from bot.reading.tree import Map, Seq, plain

_Examples: TypeAlias = list[tuple[str, Any, Place]]
"""Each example's text, own metadata (None if it has none) and place."""


def read_nlu(items: Seq, draft: Draft) -> None:
    """Read every item of an `nlu:` section into the draft."""
    for item in items:
        kinds = [kind for kind in _READERS if kind in item]
        if not kinds and item.lost:  # a removed key says what the item is
            continue
        if len(kinds) != 1:
            message = f"This item {'has several kinds: ' + ', '.join(kinds) if kinds else 'has no kind'}."
            cure = "Begin each item with one of `intent`, `synonym`, `regex` or `lookup`."
            draft.report("error", item.place, message, cure, "nlu-item")
            continue
        [kind] = kinds
        examples = list(_examples(item, draft))
        _READERS[kind](item, examples, draft)
        if not examples:
            _without_examples(item, kind, draft)


def _without_examples(item: Map, kind: str, draft: Draft) -> None:
    """Report an item without examples, except an intent that only has an action: buttons may send it.

    An intent whose examples cannot be read, or are yet to be written, is still recorded as an intent.
    """
    is_written = "examples" in item
    may_be_lost = not is_written and bool(item.lost)  # below a removed key, which is reported separately
    if kind == "intent" and (is_written or may_be_lost):
        draft.intents_without_examples.add(item["intent"].split("/")[0])
    if may_be_lost or (kind == "intent" and not is_written):
        return
    message = f"The {kind} `{item[kind]}` has no examples, so nothing is learned or matched."
    cure = f"Write them below `examples: |`, each on a line that begins with `- `, or remove the {kind}."
    draft.report("warning", item.place, message, cure, "no-examples")


def _intent(item: Map, examples: _Examples, draft: Draft) -> None:
    name = item["intent"]
    if "action" in item:
        action = ActionStep(item["action"], item.place_of("action"))
        draft.add_rule(UserStep(name, place=item.place_of("intent")), action, item.key_place("action"))
    of_intent = {"intent": plain(item["metadata"])} if item.get("metadata") is not None else {}
    for written, own, place in examples:
        text, annotations, problems = read_annotations(written)
        draft.report_marks(problems, place)
        metadata = of_intent | ({"example": plain(own)} if own is not None else {})
        draft.examples.append(Example(text, name, annotations, metadata, place))


def _synonym(item: Map, examples: _Examples, draft: Draft) -> None:
    draft.synonyms += [Synonym(text, item["synonym"], place) for text, _, place in examples]


def _regex(item: Map, examples: _Examples, draft: Draft) -> None:
    draft.regexes += [Regex(item["regex"], text, place) for text, _, place in examples]


def _lookup(item: Map, examples: _Examples, draft: Draft) -> None:
    elements = tuple(text for text, _, _ in examples)
    draft.lookups.append(Lookup(item["lookup"], elements, item.place))


_READERS = {"intent": _intent, "synonym": _synonym, "regex": _regex, "lookup": _lookup}


def _examples(item: Map, draft: Draft) -> Iterator[tuple[str, Any, Place]]:
    """Yield each example's text, own metadata and place, from a block or a list."""
    examples = item.get("examples")
    if not isinstance(examples, Seq):
        if examples is not None:
            yield from _block(item, draft)
        return
    for index, (example, place) in enumerate(examples.placed()):
        if isinstance(example, Map):
            draft.report_cut_off(example, "text")
            yield example["text"].strip(), example.get("metadata"), place
        else:
            draft.report_cut_off(examples, index)
            yield example.strip(), None, place


def _block(item: Map, draft: Draft) -> Iterator[tuple[str, None, Place]]:
    if item.is_folded("examples"):
        message = "`>` joins these lines, which makes one example of several."
        draft.report("warning", item.place_of("examples"), message, "Write `examples: |`.", "example-line")
    for line, place in item.lines("examples"):
        stripped = line.strip()
        if stripped.startswith("-"):
            text = stripped[1:].strip()
            if text:
                yield text, None, place
        elif stripped and not stripped.startswith("#"):
            message = f"This line of examples is ignored: `{stripped[:60]}`."
            cure = "Write each example on one line that begins with `- `."
            draft.report("warning", place, message, cure, "example-line")
