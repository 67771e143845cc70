"""What comes in and what goes out: messages, parses, replies and the principals that send them.

Plain frozen values that every room may use; this module imports nothing of ours.
They are stored as JSON: those of `array_like` as arrays of their fields, the
others as objects without what is as always. So new fields come last, and have
a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, get_args

from msgspec import Struct, field

Json: TypeAlias = Any
"""A value that JSON can hold: None, bool, int, float, str, lists and string-keyed mappings of those."""

JsonObject: TypeAlias = Mapping[str, Json]


class Customer(Struct, frozen=True):
    """A logged-in customer of the bank: our id for them and the bank's own."""

    id: str
    bank_customer_id: str


class Principal(Struct, frozen=True, omit_defaults=True):
    """Who is asking: a customer with a session, or the holder of a key.

    `id` is unique over both kinds (`customer:…`, `key:…`). For customers,
    `session` is the sha256 of the token they came with, as the store knows it,
    and `login` the id of the login that it belongs to, which rotation keeps.
    """

    kind: Literal["customer", "key"]
    id: str
    customer: Customer | None = None
    session: str | None = None
    login: str | None = None
    scopes: frozenset[str] = frozenset()


class UserMessage(Struct, frozen=True, omit_defaults=True):
    """One authenticated message, as the engine takes it.

    `conversation` is the server's opaque id, never what a client sent.
    `message_id` is the client's, or one made by the server (`id_is_ours`).
    `arrived` is in UTC.
    """

    text: str
    conversation: str
    message_id: str
    arrived: datetime
    principal: Principal
    channel: str = "rest"
    sender: str = ""
    metadata: JsonObject = field(default_factory=dict)
    id_is_ours: bool = False
    correlation_id: str = ""

    @property
    def customer(self) -> Customer | None:
        """The customer who is logged in, or None for a key's user."""
        return self.principal.customer


class Entity(Struct, frozen=True, array_like=True):
    """A piece of a message that means something: `text[start:end]` in code points.

    `value` is what it resolves to (JSON); `details` is what an extractor adds
    beside it (for times: grain, from and to; as Duckling's `additional_info`).
    """

    entity: str
    value: Json
    start: int
    end: int
    role: str | None = None
    group: str | None = None
    extractor: str = ""
    confidence: float | None = None
    details: JsonObject | None = None


class IntentScore(Struct, frozen=True, array_like=True):
    """An intent and the matcher's confidence in it, 0 to 1."""

    name: str
    confidence: float


class Nearest(Struct, frozen=True, array_like=True):
    """A training example near to the message: where it stands and how near (cosine, -1 to 1)."""

    text: str
    intent: str
    place: str
    similarity: float


Doubt = Literal["", "out_of_scope", "ambiguous"]
DOUBTS: Final[tuple[Doubt, ...]] = get_args(Doubt)


class Parse(Struct, frozen=True, array_like=True):
    """What the matcher made of a message.

    `intent` is None only when nothing could be said (empty text, no training
    data). `ranking` is best first. `response_selector` holds, per retrieval
    intent (`"default"` when unnamed), the full `faq/x` key and ranking.
    `doubt` is why `nlu_fallback` was put first: the message is like none of
    the intents, or like two of them.
    """

    text: str
    intent: IntentScore | None = None
    ranking: tuple[IntentScore, ...] = ()
    entities: tuple[Entity, ...] = ()
    response_selector: JsonObject = field(default_factory=dict)
    nearest: tuple[Nearest, ...] = ()
    doubt: Doubt = ""

    @property
    def intent_name(self) -> str | None:
        """The name of the winning intent, if there is one."""
        return self.intent.name if self.intent else None


class Reply(Struct, frozen=True, omit_defaults=True):
    """One message from the bot. `response` names the response it was made from, if any."""

    text: str | None = None
    buttons: tuple[JsonObject, ...] = ()
    quick_replies: tuple[JsonObject, ...] = ()
    elements: tuple[JsonObject, ...] = ()
    image: str | None = None
    attachment: Json = None
    custom: Json = None
    metadata: JsonObject = field(default_factory=dict)
    response: str | None = None
