"""Replies in the form that clients of Rasa's channels expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def rasa_replies(replies: Iterable[Mapping[str, Any]], recipient: str) -> Iterator[dict[str, Any]]:
    """Replies as Rasa's collecting output channel returns them: one kind of content each.

    A text is split at empty lines; buttons and quick replies stay with their
    text; custom, image, attachment and elements follow as separate replies.
    """
    for reply in replies:
        for content in _contents(reply):
            yield {"recipient_id": recipient, **content}


def _contents(reply: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    text = reply.get("text")
    choices = reply.get("quick_replies") or reply.get("buttons")
    if choices:
        yield {"text": text or "", "buttons": choices}
    elif text:
        yield from ({"text": part} for part in text.strip().split("\n\n"))
    yield from ({key: reply[key]} for key in ("custom", "image", "attachment") if reply.get(key))
    yield from (_element(element) for element in reply.get("elements", ()))


def _element(element: Mapping[str, Any]) -> dict[str, Any]:
    text = f"{element.get('title', '')} : {element.get('subtitle', '')}"
    return {"text": text, "buttons": element.get("buttons", [])}
