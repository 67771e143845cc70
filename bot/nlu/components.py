"""What a plugin may add to the pipeline: dense features of texts, or a last word on a whole parse."""

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
    """Dense features that join the matcher's own.

    `share` (0 to 1) is its part of the similarity between two texts; what is
    left is TF-IDF's. `version` changes whenever the features do. Heavy parts
    are opened at the first call of `features`, never in the constructor.
    """

    @property
    def share(self) -> float:
        """From 0 to 1."""

    @property
    def version(self) -> str:
        """Any text."""

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Features (len(texts), d) of unit length, or zeros where nothing is known; equal texts, equal rows."""
        ...


@runtime_checkable
class Layered(Featurizer, Protocol):
    """A featurizer that knows more of a text than its vector, an encoder's lower layers say.

    Of the columns of `features` the first `width` are the vector; the others,
    of any length, teach the matcher how to bend it towards a project's intents.
    """

    @property
    def width(self) -> int:
        """How many columns are the vector."""


@runtime_checkable
class Monolingual(Featurizer, Protocol):
    """A featurizer that knows one language alone (`en`), and only misleads in others: it is left out there."""

    @property
    def language(self) -> str:
        """Its two letters."""


@runtime_checkable
class Processor(Protocol):
    """Changes a finished parse; pure, and quick: it runs within every message.

    Nothing is learned from it, so that it needs no `version`.
    """

    def process(self, parse: Parse, now: datetime) -> Parse:
        """The parse to use instead of `parse`."""
        ...


NluComponent: TypeAlias = Featurizer | Processor
Factory: TypeAlias = Callable[[Mapping[str, Any]], NluComponent]
"""Makes a component from its options in config.yml."""


class ComponentFailed(BotError):
    """Plugins' components of the pipeline raised: `failures` are their classes' names, each with what it raised.

    `parse` is what was understood of a message without them; None while training.
    """

    def __init__(self, failures: Sequence[tuple[str, BaseException]], parse: Parse | None = None) -> None:
        told = (f"the pipeline component {name} raised {type(error).__name__}: {error}" for name, error in failures)
        super().__init__("; ".join(told))
        self.failures = tuple(failures)
        self.parse = parse


def factory_of(name: str, components: Mapping[str, T]) -> T | None:
    """What makes a pipeline's component, which may be registered with its module or without; None where nobody does."""
    return components.get(name) or components.get(plain_name(name))


def make_components(
    custom: Sequence[tuple[str, Mapping[str, Any]]], components: Mapping[str, Factory]
) -> tuple[list[Featurizer], list[Processor]]:
    """Make the plugins' components of a pipeline. Raises ModelError for one that is not there, or is neither kind."""
    featurizers: list[Featurizer] = []
    processors: list[Processor] = []
    for name, options in custom:
        factory = factory_of(name, components)
        if factory is None:
            raise ModelError(f"the pipeline component {name} is not installed; install the plugin that registers it")
        made = factory(options)
        if isinstance(made, Featurizer):
            featurizers.append(made)
        elif isinstance(made, Processor):
            processors.append(made)
        else:
            raise ModelError(f"the pipeline component {name} has neither `features` nor `process`")
    return featurizers, processors
