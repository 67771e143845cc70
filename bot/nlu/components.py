"""What plugins can add to the pipeline: featurizers for texts, and processors that can change a finished parse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bot.content.names import plain_name
from bot.errors import BotError
from bot.learning import ModelError
from bot.messages import Parse

T = TypeVar("T")


@runtime_checkable
class Featurizer(Protocol):
    """Dense features that are added to the matcher's own.

    `share` (0 to 1) is its part of the similarity between two texts; the
    rest is TF-IDF's. `version` changes whenever the features do. Heavy parts
    are loaded at the first call of `features`, never in the constructor.
    """

    @property
    def share(self) -> float:
        """Its part of the similarity, from 0 to 1."""

    @property
    def version(self) -> str:
        """Any text that changes with the features."""

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Features (len(texts), d) of unit length, or zeros for unknown texts; equal texts give equal rows."""
        ...


@runtime_checkable
class Layered(Featurizer, Protocol):
    """A featurizer with more columns than the text's vector, such as the outputs of an encoder's lower layers.

    The first `width` columns of `features` are the vector; the others, of
    any length, are used to bend it towards a project's intents.
    """

    @property
    def width(self) -> int:
        """How many of the columns are the vector."""


@runtime_checkable
class Monolingual(Featurizer, Protocol):
    """A featurizer for a single language (`en`); it is left out for others, where it would only mislead."""

    @property
    def language(self) -> str:
        """The language's two-letter code."""


@runtime_checkable
class Processor(Protocol):
    """Changes a finished parse; must be pure and quick, since it runs for every message.

    Nothing is learned from it, so it needs no `version`.
    """

    def process(self, parse: Parse, now: datetime) -> Parse:
        """The parse to use instead of `parse`."""
        ...


NluComponent: TypeAlias = Featurizer | Processor
Factory: TypeAlias = Callable[[Mapping[str, Any]], NluComponent]
"""Makes a component from its options in config.yml."""


class ComponentFailed(BotError):
    """Plugins' pipeline components raised: `failures` are their class names, each with its exception.

    `parse` is the parse of the message without them; None during training.
    """

    def __init__(self, failures: Sequence[tuple[str, BaseException]], parse: Parse | None = None) -> None:
        messages = (f"the pipeline component {name} raised {type(error).__name__}: {error}" for name, error in failures)
        super().__init__("; ".join(messages))
        self.failures = tuple(failures)
        self.parse = parse


def factory_of(name: str, components: Mapping[str, T]) -> T | None:
    """The factory for a pipeline component, registered with or without its module; None if it is not registered."""
    return components.get(name) or components.get(plain_name(name))


def make_components(
    custom: Sequence[tuple[str, Mapping[str, Any]]], components: Mapping[str, Factory]
) -> tuple[list[Featurizer], list[Processor]]:
    """Create the plugins' components of a pipeline. Raises ModelError if one is not installed, or of neither kind."""
    featurizers: list[Featurizer] = []
    processors: list[Processor] = []
    for name, options in custom:
        factory = factory_of(name, components)
        if factory is None:
            raise ModelError(f"the pipeline component {name} is not installed; install the plugin that registers it")
        component = factory(options)
        if isinstance(component, Featurizer):
            featurizers.append(component)
        elif isinstance(component, Processor):
            processors.append(component)
        else:
            raise ModelError(f"the pipeline component {name} has neither `features` nor `process`")
    return featurizers, processors
