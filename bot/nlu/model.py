"""The matcher: trained from content, parses messages, saved as a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from bot.encoding import encode, round_trip
from bot.errors import PLUGIN_FAILURES
from bot.learning import ModelError, read_folder, write_folder
from bot.messages import Doubt, Entity, IntentScore, JsonObject, Nearest, Parse
from bot.nlu.classifier import Classifier, Prediction
from bot.nlu.components import ComponentFailed, Factory, Processor, make_components
from bot.nlu.entities import EntityModel
from bot.nlu.features import Features, Vector, make_features
from bot.nlu.fingerprint import FORMAT
from bot.nlu.selector import Selector, dump_responses, retrieval_intents
from bot.nlu.settings import Fallback
from bot.nlu.text import MAX_CHARACTERS
from bot.nlu.tfidf import Tfidf

FALLBACK_INTENT: Final = "nlu_fallback"
RANKED: Final = 10
"""How many intents a ranking lists, as in Rasa."""


class Known(Struct, frozen=True):
    """A training example as `nearest` shows it."""

    text: str
    intent: str
    place: str


class Model:
    """A trained matcher, created by `train` or `Model.load`; immutable and safe to use from several threads."""

    def __init__(
        self,
        fingerprint: str,
        language: str,
        features: Features,
        entities: EntityModel,
        *,
        classifier: Classifier | None = None,
        known: Sequence[Known] = (),
        fallback: Fallback | None = None,
        selectors: Sequence[Selector] = (),
        processors: Sequence[Processor] = (),
        custom: Sequence[tuple[str, Mapping[str, Any]]] = (),
    ) -> None:
        self.fingerprint = fingerprint
        self.language = language
        self.features = features
        self.entities = entities
        self.classifier = classifier
        self.known = tuple(known)
        self.fallback = fallback
        self.selectors = tuple(selectors)
        self._processors = tuple(processors)
        self._custom = tuple(custom)

    @property
    def depends_on_time(self) -> bool:
        """Whether a plugin's processor can change parses, so that they may depend on the time of the message."""
        return bool(self._processors)

    @property
    def threshold(self) -> float | None:
        """The confidence below which a message falls back; None without a fallback."""
        if self.fallback is None or self.classifier is None:
            return None
        chosen = self.classifier.calibration.threshold
        return chosen if self.fallback.threshold is None else self.fallback.threshold

    @property
    def components(self) -> tuple[str, ...]:
        """The names of the plugins' components in its pipeline."""
        return tuple(name for name, _ in self._custom)

    def explain_threshold(self) -> str:
        """A sentence for `bot train` that says what the fallback threshold is, and why."""
        if self.classifier is None:
            return "No message is understood: there are no examples to learn from."
        if self.fallback is None:
            return "No fallback: config.yml's pipeline has no FallbackClassifier."
        if self.fallback.threshold is not None:
            return f"Fallback below a confidence of {self.fallback.threshold:.2f}, as set in config.yml."
        chosen = self.classifier.calibration
        rule = f"Fallback below a confidence of {chosen.threshold:.2f}, or when a message is like no intent at all"
        if not chosen.held_out:
            return f"{rule}: too few examples to choose thresholds by."
        return (
            f"{rule}; chosen on {chosen.held_out} examples held out in turn:\n"
            f"  {chosen.kept:.0%} of those understood correctly are answered, the rest fall back;\n"
            f"  {chosen.misunderstood:.0%} of those misunderstood fall back;\n"
            f"  {chosen.outsiders:.0%} of all would fall back if their intent did not exist."
        )

    def explain_left_out(self) -> str | None:
        """A sentence for `bot train` that says which featurizers are not used for intents, and why; None if all are."""
        names = " and ".join(type(featurizer).__name__ for featurizer in self.features.left_out)
        if not names or self.classifier is None:
            return None
        return f"Intents are learned without {names}: not available for the language of the examples."

    def familiarity(self, message: str) -> float:
        """The probability that a message is one of the intents at all; 0 without training data."""
        return self.classifier.predict(self.features.one(message)).known if self.classifier else 0.0

    def parse(self, text: str, now: datetime) -> Parse:
        """The parse of `text`, which can be any text; `now` (UTC) is what "tomorrow" is relative to.

        Only the first 4,096 characters are read. Raises ComponentFailed if
        plugins' components raise, with the parse without them; if a
        featurizer failed, no intent is recognised.
        """
        read = text[:MAX_CHARACTERS]
        parse = Parse(text, entities=self.entities.extract(read, now))
        failures: list[tuple[str, BaseException]] = []
        if self.classifier is not None and read.strip():
            try:
                parse = self._understand(text, parse.entities, self.features.one(read))
            except ComponentFailed as failed:
                failures += failed.failures
                parse = self._not_understood(parse)
        for processor in self._processors:
            try:
                parse = _run(processor, parse, now)
            except PLUGIN_FAILURES as error:
                failures.append((type(processor).__name__, error))
        if failures:
            raise ComponentFailed(failures, parse)
        return parse

    def _not_understood(self, parse: Parse) -> Parse:
        if self.fallback is None:
            return parse
        score = IntentScore(FALLBACK_INTENT, self.threshold or 0.0)
        return replace(parse, intent=score, ranking=(score,))

    def _understand(self, text: str, entities: tuple[Entity, ...], vector: Vector) -> Parse:
        assert self.classifier is not None
        prediction = self.classifier.predict(vector)
        labels, confidences = self.classifier.labels, prediction.confidences
        ranking = tuple(IntentScore(labels[i], float(confidences[i])) for i in prediction.order[:RANKED])
        doubt = self._doubt(ranking, prediction.known)
        if doubt:
            ranking = (IntentScore(FALLBACK_INTENT, self.threshold or 0.0), *ranking)
        nearest = tuple(self._nearest(prediction))
        return Parse(text, ranking[0], ranking, entities, self._select(vector), nearest, doubt)

    def _doubt(self, ranking: Sequence[IntentScore], known: float) -> Doubt:
        """Why the best intent is too uncertain, if it is: `known` distinguishes no intent at all from several.

        A threshold set in config.yml is compared with the confidence only, as in Rasa.
        """
        if self.fallback is None or self.classifier is None:
            return ""
        outside = known < self.classifier.calibration.scope
        best = ranking[0].confidence
        second = ranking[1].confidence if len(ranking) > 1 else 0.0
        unsure = best < (self.threshold or 0.0) or (outside and self.fallback.threshold is None)
        if unsure or best - second < self.fallback.ambiguity:
            return "out_of_scope" if outside else "ambiguous"
        return ""

    def _nearest(self, prediction: Prediction) -> Iterator[Nearest]:
        for row, similarity in prediction.nearest:
            known = self.known[row]
            yield Nearest(known.text, known.intent, known.place, similarity)

    def _select(self, vector: Vector) -> JsonObject:
        if not self.selectors:
            return {}
        keys = [key for selector in self.selectors for key in selector.classifier.labels]
        selected = {selector.name: selector.select(vector) for selector in self.selectors}
        return {"all_retrieval_intents": retrieval_intents(keys), **selected}

    def save(self, folder: Path) -> None:
        """Write the model to `folder`, which is created if necessary."""
        extractors, files = self.entities.dump()
        arrays: dict[str, NDArray[Any]] = {
            "entities": _packed(extractors),
            **{f"entities-{name}": np.frombuffer(data, np.uint8) for name, data in files.items()},
            "vocabulary": _packed(list(self.features.tfidf.vocabulary)),
            "idf": self.features.tfidf.idf,
            "known": _packed([[k.text, k.intent, k.place] for k in self.known]),
        }
        facts: dict[str, Any] = {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "language": self.language,
            "case_sensitive": self.features.tfidf.case_sensitive,
            "fallback": None if self.fallback is None else [self.fallback.threshold, self.fallback.ambiguity],
            "selectors": dump_responses(self.selectors),
            "custom": [[name, dict(options)] for name, options in self._custom],
            "sources": [s.version for s in self.features.sources],
            "columns": self.features.columns,
        }
        for name, classifier in self._classifiers():
            classifier_facts, classifier_arrays = classifier.dump()
            facts[f"classifier-{name}"] = classifier_facts
            arrays.update({f"{name}-{k}": v for k, v in classifier_arrays.items()})
        write_folder(folder, facts, arrays)

    def _classifiers(self) -> list[tuple[str, Classifier]]:
        intents = [("intents", self.classifier)] if self.classifier else []
        return intents + [(f"selector{i}", s.classifier) for i, s in enumerate(self.selectors)]

    @classmethod
    def load(cls, folder: Path, components: Mapping[str, Factory] | None = None) -> Self:
        """Read a model that `save` wrote. Raises ModelError if it is damaged or was made by another version."""
        facts, arrays = read_folder(folder)
        try:
            return cls._restored(folder, facts, arrays, components or {})
        except (AttributeError, IndexError, KeyError, OSError, TypeError, ValueError) as error:
            raise ModelError(f"{folder}: not a readable model ({error!r}); train again with `bot train`") from error

    @classmethod
    def _restored(
        cls,
        folder: Path,
        facts: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        components: Mapping[str, Factory],
    ) -> Self:
        if facts.get("format") != FORMAT:
            raise ModelError(f"{folder}: made by another version; train again with `bot train`")
        custom = [(str(name), options) for name, options in facts["custom"]]
        featurizers, processors = make_components(custom, components)
        vocabulary = {ngram: i for i, ngram in enumerate(_unpacked(arrays["vocabulary"]))}
        tfidf = Tfidf(vocabulary, arrays["idf"], facts["case_sensitive"])
        features = make_features(tfidf, featurizers, facts["language"], facts.get("columns"))
        if [s.version for s in features.sources] != facts["sources"]:
            raise ModelError(f"{folder}: made with other versions of its components; train again with `bot train`")

        def arrays_of(name: str) -> dict[str, NDArray[Any]]:
            return {k.removeprefix(f"{name}-"): v for k, v in arrays.items() if k.startswith(f"{name}-")}

        def classifier(name: str) -> Classifier:
            return Classifier.restore(facts[f"classifier-{name}"], arrays_of(name))

        selectors = [
            Selector(s["name"], classifier(f"selector{i}"), s["responses"]) for i, s in enumerate(facts["selectors"])
        ]
        files = {name: array.tobytes() for name, array in arrays_of("entities").items()}
        return cls(
            facts["fingerprint"],
            facts["language"],
            features,
            EntityModel.restore(_unpacked(arrays["entities"]), files),
            classifier=classifier("intents") if "classifier-intents" in facts else None,
            known=[Known(*k) for k in _unpacked(arrays["known"])],
            fallback=None if facts["fallback"] is None else Fallback(*facts["fallback"]),
            selectors=selectors,
            processors=processors,
            custom=custom,
        )


_read_back = round_trip(Parse)


def _run(processor: Processor, parse: Parse, now: datetime) -> Parse:
    """The parse that a plugin's processor returns, as it will be read back; raises TypeError or ValueError if wrong."""
    processed = processor.process(parse, now)
    if not isinstance(processed, Parse):
        raise TypeError(f"process returned {type(processed).__name__}, not a Parse")
    encode([[(entity.value, entity.details) for entity in processed.entities], processed.response_selector])
    return _read_back(processed)


def _packed(value: Any) -> NDArray[np.uint8]:
    """JSON as an array of bytes, so that it is saved and checked like the other arrays."""
    return np.frombuffer(json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii"), np.uint8)


def _unpacked(array: NDArray[np.uint8]) -> Any:
    return json.loads(array.tobytes())
