"""The content model: what designers write, as frozen values that are read once, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct, field

from bot.content.names import plain_name


class Place(Struct, frozen=True, order=True):
    """The place of a piece of content: file (relative to the project), line and column (from 1)."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE: Final = Place("<built-in>")


class _Any:
    """The type of `ANY`: a slot or entity that must be present, with any value."""

    def __repr__(self) -> str:
        return "ANY"


ANY: Final = _Any()


# --- understanding -----------------------------------------------------------


class Annotation(Struct, frozen=True):
    """An entity marked in an example: `text[start:end]` in code points of the plain text."""

    start: int
    end: int
    entity: str
    value: Any
    role: str | None = None
    group: str | None = None


class Example(Struct, frozen=True):
    """One training message of an intent; annotations are removed from the text."""

    text: str
    intent: str
    annotations: tuple[Annotation, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    place: Place = NOWHERE


class Synonym(Struct, frozen=True):
    """`text` means `value`."""

    text: str
    value: str
    place: Place = NOWHERE


class Regex(Struct, frozen=True):
    """A pattern whose matches are the entity `name` (or a feature, as in Rasa)."""

    name: str
    pattern: str
    place: Place = NOWHERE


class Lookup(Struct, frozen=True):
    """A table of words or phrases that are the entity `name`."""

    name: str
    elements: tuple[str, ...]
    place: Place = NOWHERE


class NluData(Struct, frozen=True):
    """Everything that the matcher learns from."""

    examples: tuple[Example, ...] = ()
    synonyms: tuple[Synonym, ...] = ()
    regexes: tuple[Regex, ...] = ()
    lookups: tuple[Lookup, ...] = ()

    @property
    def marked_synonyms(self) -> Iterator[Synonym]:
        """Texts that examples mark with a different value, which makes them synonyms of it."""
        for example in self.examples:
            for mark in example.annotations:
                said = example.text[mark.start : mark.end]
                if isinstance(mark.value, str) and mark.value != said:
                    yield Synonym(said, mark.value, example.place)


# --- domain ------------------------------------------------------------------


class Intent(Struct, frozen=True):
    """An intent of the domain. `use_entities` is None for all; `ignore_entities` are subtracted from them."""

    name: str
    use_entities: frozenset[str] | None = None
    ignore_entities: frozenset[str] = frozenset()
    place: Place = NOWHERE


class EntityType(Struct, frozen=True):
    """An entity of the domain with the roles and groups it can have."""

    name: str
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    influence_conversation: bool = True
    place: Place = NOWHERE


class MappingCondition(Struct, frozen=True):
    """The mapping applies only while `active_loop` runs (None: no loop) and asks for `requested_slot` (None: any)."""

    active_loop: str | None
    requested_slot: str | None = None


MappingType: TypeAlias = Literal["from_entity", "from_intent", "from_trigger_intent", "from_text", "custom"]


class SlotMapping(Struct, frozen=True):
    """One way to fill a slot from a message. Empty `intent` means any intent."""

    type: MappingType
    entity: str | None = None
    role: str | None = None
    group: str | None = None
    intent: tuple[str, ...] = ()
    not_intent: tuple[str, ...] = ()
    value: Any = None
    action: str | None = None
    conditions: tuple[MappingCondition, ...] = ()
    place: Place = NOWHERE


class Slot(Struct, frozen=True):
    """A slot: `type` is one of Rasa's (text, bool, categorical, float, list, any) or a custom class's dotted name."""

    name: str
    type: str = "text"
    initial_value: Any = None
    influence_conversation: bool = True
    mappings: tuple[SlotMapping, ...] = ()
    values: tuple[Any, ...] = ()
    min_value: float = 0.0
    max_value: float = 1.0
    place: Place = NOWHERE


class ResponseCondition(Struct, frozen=True):
    """The variation is used only while slot `name` equals `value`."""

    name: str
    value: Any


class Variation(Struct, frozen=True):
    """One way to say a response. `extra` keeps unknown keys, which are passed to action servers.

    `is_final`: it has no `{name}` to fill, so it is said unchanged.
    """

    text: str | None = None
    image: str | None = None
    buttons: tuple[Mapping[str, Any], ...] = ()
    quick_replies: tuple[Mapping[str, Any], ...] = ()
    elements: tuple[Mapping[str, Any], ...] = ()
    attachment: Any = None
    custom: Any = None
    channel: str | None = None
    conditions: tuple[ResponseCondition, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    is_final: bool = False
    place: Place = NOWHERE


class Form(Struct, frozen=True):
    """A form: the slots it asks for, in order, and the intents that it does not fill slots from."""

    name: str
    required_slots: tuple[str, ...] = ()
    ignored_intents: tuple[str, ...] = ()
    place: Place = NOWHERE
    slot_places: tuple[Place, ...] = ()


class SessionConfig(Struct, frozen=True):
    """Minutes of inactivity after which a new Rasa session starts (0: never), and whether it keeps the slots."""

    expiration_minutes: float = 60.0
    carry_over_slots: bool = True


# --- stories -----------------------------------------------------------------


class StepEntity(Struct, frozen=True):
    """An entity named in a story step; `value` ANY means that only its presence matters."""

    entity: str
    value: Any = ANY
    role: str | None = None
    group: str | None = None


class UserStep(Struct, frozen=True):
    """The user says something: an intent (with entities), or a text, or both (in test stories)."""

    intent: str | None = None
    text: str | None = None
    entities: tuple[StepEntity, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = NOWHERE


class ActionStep(Struct, frozen=True):
    """The bot runs an action (or says a response) of this name."""

    name: str
    place: Place = NOWHERE


class BotStep(Struct, frozen=True):
    """The bot says this text (end-to-end stories)."""

    text: str
    place: Place = NOWHERE


class LoopStep(Struct, frozen=True):
    """A loop becomes active; None: the active loop ends."""

    name: str | None
    place: Place = NOWHERE


class SlotStep(Struct, frozen=True):
    """A slot was set; `value` ANY means any value except None."""

    name: str
    value: Any = ANY
    place: Place = NOWHERE


class CheckpointStep(Struct, frozen=True):
    """The story continues where another ends with this checkpoint, if the slots have these values."""

    name: str
    slots: tuple[SlotStep, ...] = ()
    place: Place = NOWHERE


class OrStep(Struct, frozen=True):
    """Any one of these steps; the story represents one story per option."""

    options: tuple[UserStep | SlotStep, ...]
    place: Place = NOWHERE


Step: TypeAlias = UserStep | ActionStep | BotStep | LoopStep | SlotStep | CheckpointStep | OrStep


class Story(Struct, frozen=True):
    """A story, rule or test story. Only rules have a `condition`, begin conversations, or do not wait for the user."""

    name: str
    steps: tuple[Step, ...]
    kind: Literal["story", "rule", "test"] = "story"
    condition: tuple[LoopStep | SlotStep, ...] = ()
    conversation_start: bool = False
    wait_for_user_input: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict)
    place: Place = NOWHERE


# --- the whole ---------------------------------------------------------------


class Component(Struct, frozen=True):
    """An entry of `pipeline:` or `policies:` in config.yml, as written (Rasa's names or ours)."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place = NOWHERE

    @property
    def plain_name(self) -> str:
        """The name without the module path that may precede it."""
        return plain_name(self.name)


class Domain(Struct, frozen=True):
    """What the bot knows about: intents, entities, slots, responses, forms and actions, by name."""

    intents: Mapping[str, Intent] = field(default_factory=dict)
    entities: Mapping[str, EntityType] = field(default_factory=dict)
    slots: Mapping[str, Slot] = field(default_factory=dict)
    responses: Mapping[str, tuple[Variation, ...]] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    actions: Mapping[str, Place] = field(default_factory=dict)
    e2e_actions: tuple[str, ...] = ()
    actions_sending_domain: frozenset[str] = frozenset()
    session: SessionConfig = SessionConfig()


class Content(Struct, frozen=True):
    """A project's whole content: one immutable value, which a turn uses throughout, with a fingerprint.

    `fingerprint` is the sha256 (hex) of what was read, without places and
    comments; equal content has an equal fingerprint wherever its files are.
    `pipeline` and `policies` are None if config.yml names none: defaults are
    used then.
    """

    domain: Domain = field(default_factory=Domain)
    nlu: NluData = field(default_factory=NluData)
    stories: tuple[Story, ...] = ()
    rules: tuple[Story, ...] = ()
    language: str = "en"
    pipeline: tuple[Component, ...] | None = None
    policies: tuple[Component, ...] | None = None
    fingerprint: str = ""
