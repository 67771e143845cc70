"""The `nlu:` section: examples of intents, synonyms, regular expressions and lookup tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.content import ActionStep, Example, Lookup, Place, Regex, Synonym, UserStep
from bot.reading.annotations import read_annotations
from bot.reading.draft import Draft
from bot.reading.tree import Map, Seq, plain

_KINDS = ("intent", "synonym", "regex", "lookup")


def read_nlu(items: Seq, draft: Draft) -> None:
    """Read every item of an `nlu:` section into the draft."""
    for item in items:
        kinds = [kind for kind in _KINDS if kind in item]
        if not kinds and item.lost:  # a removed key says what the item is
            continue
        if len(kinds) != 1:
            draft.report(
                "error",
                item.place,
                f"This item {'has several kinds: ' + ', '.join(kinds) if kinds else 'has no kind'}.",
                "Begin each item with one of `intent`, `synonym`, `regex` or `lookup`.",
                "nlu-item",
            )
            continue
        _READERS[kinds[0]](item, draft)
        _report_empty(item, kinds[0], draft)


def _report_empty(item: Map, kind: str, draft: Draft) -> None:
    """Report an item without examples, except an intent that only has an action: buttons may send it.

    An intent whose examples cannot be read, or are yet to be written, is still recorded as an intent.
    """
    if kind == "intent" and ("examples" in item or _is_unread(item)):
        draft.intents_without_examples.add(item["intent"].split("/")[0])
    if _is_unread(item):
        return
    if next(_examples(item, Draft()), None) is None and not (kind == "intent" and "examples" not in item):
        message = f"The {kind} `{item[kind]}` has no examples, so nothing is learned or matched."
        cure = f"Write them below `examples: |`, each on a line that begins with `- `, or remove the {kind}."
        draft.report("warning", item.place, message, cure, "no-examples")


def _is_unread(item: Map) -> bool:
    """Whether the examples may be below a removed key, which is reported separately."""
    return "examples" not in item and bool(item.lost)


def _intent(item: Map, draft: Draft) -> None:
    name = item["intent"]
    if "action" in item:
        action = ActionStep(item["action"], item.place_of("action"))
        draft.add_rule(UserStep(name, place=item.place_of("intent")), action, item.key_place("action"))
    metadata = {"intent": plain(item["metadata"])} if item.get("metadata") is not None else {}
    for text, own, place in _examples(item, draft):
        data = metadata | ({"example": plain(own)} if own is not None else {})
        _example(text, name, data, place, draft)


def _example(text: str, intent: str, metadata: dict[str, Any], place: Place, draft: Draft) -> None:
    spoken, annotations, problems = read_annotations(text)
    draft.report_marks(problems, place)
    draft.examples.append(Example(spoken, intent, annotations, metadata, place))


def _synonym(item: Map, draft: Draft) -> None:
    draft.synonyms += [Synonym(text, item["synonym"], place) for text, _, place in _examples(item, draft)]


def _regex(item: Map, draft: Draft) -> None:
    draft.regexes += [Regex(item["regex"], text, place) for text, _, place in _examples(item, draft)]


def _lookup(item: Map, draft: Draft) -> None:
    elements = tuple(text for text, _, _ in _examples(item, draft))
    draft.lookups.append(Lookup(item["lookup"], elements, item.place))


_READERS = {"intent": _intent, "synonym": _synonym, "regex": _regex, "lookup": _lookup}


def _examples(item: Map, draft: Draft) -> Iterator[tuple[str, Any, Place]]:
    """Yield each example's text, own metadata and place, from a block or a list."""
    examples = item.get("examples")
    if isinstance(examples, Seq):
        for index, (example, place) in enumerate(examples.placed()):
            written = (example, "text") if isinstance(example, Map) else (examples, index)
            draft.report_cut_off(*written)
            if isinstance(example, Map):
                yield example["text"].strip(), example.get("metadata"), place
            else:
                yield example.strip(), None, place
    elif examples is not None:
        yield from _block(item, draft)


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
            draft.report(
                "warning",
                place,
                f"This line of examples is ignored: `{stripped[:60]}`.",
                "Write each example on one line that begins with `- `.",
                "example-line",
            )
