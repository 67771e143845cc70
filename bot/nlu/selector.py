"""The response selector: chooses the `faq/…` answer that a message asks for, in Rasa's shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from bot.content import Content, Variation
from bot.messages import JsonObject
from bot.nlu.classifier import Classifier
from bot.nlu.features import Vector

RANKED: Final = 10
DEFAULT: Final = "default"


class Selector(Struct, frozen=True):
    """Ranks the keys of one retrieval intent, or of all of them (then `name` is `default`)."""

    name: str
    classifier: Classifier
    responses: Mapping[str, Sequence[JsonObject]]

    def select(self, vector: Vector) -> JsonObject:
        """The most likely response and the ranking, as Rasa's ResponseSelector returns them."""
        prediction = self.classifier.predict(vector)
        ranking = [
            {"confidence": float(prediction.confidences[i]), "intent_response_key": self.classifier.labels[i]}
            for i in prediction.order[:RANKED]
        ]
        best = ranking[0]
        key = str(best["intent_response_key"])
        response = {**best, "responses": list(self.responses.get(key, ())), "utter_action": f"utter_{key}"}
        return {"response": response, "ranking": ranking}


def responses_of(content: Content, keys: Sequence[str]) -> dict[str, list[JsonObject]]:
    """The responses `utter_KEY` of the domain, by key, as plain JSON."""
    return {key: [_plain(variation) for variation in content.domain.responses.get(f"utter_{key}", ())] for key in keys}


def _plain(variation: Variation) -> JsonObject:
    shown = {"text": variation.text, "image": variation.image}
    return {field: value for field, value in shown.items() if value}


def intent_of(key: str) -> str:
    """The intent of a retrieval intent's key: `faq` for `faq/opening`; any other name is returned unchanged."""
    return key.split("/", 1)[0]


def retrieval_intents(labels: Sequence[str]) -> list[str]:
    """The intents that have `intent/key` examples."""
    return sorted({intent_of(label) for label in labels if "/" in label})


def dump_responses(selectors: Sequence[Selector]) -> list[dict[str, Any]]:
    """What to save of the selectors besides their classifiers."""
    return [{"name": s.name, "responses": {k: list(v) for k, v in s.responses.items()}} for s in selectors]
