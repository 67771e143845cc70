"""The interface of a plugin's channel. A channel knows its platform, and nothing about the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct, field

from bot.messages import JsonObject


class Incoming(Struct, frozen=True):
    """A webhook request as received: header names in lower case, the body's bytes as they were signed.

    `method` is `POST` or `GET`.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    method: str = "POST"


class Said(Struct, frozen=True):
    """What one of the platform's users said. Pass the platform's message id, so that repeats are answered once."""

    sender: str
    text: str
    message_id: str | None = None
    metadata: JsonObject = field(default_factory=dict)


class Sending(Struct, frozen=True):
    """Replies to send to one of the platform's users; `id` is the same on every attempt."""

    id: str
    sender: str
    replies: Sequence[JsonObject]


Received: TypeAlias = Sequence[Said] | JsonObject | str
"""The messages in a request, in order; or an immediate answer to the platform: a text, or JSON."""


class _Receives(Protocol):
    def receive(self, incoming: Incoming) -> Received:
        """The messages in a request, in order (those without text are ignored), or an immediate answer.

        Raises PermissionError if the request is not the platform's (403),
        ValueError if it cannot be understood (400, with the error's text).
        """


class Channel(_Receives, Protocol):
    """A channel for `register_channels` whose platform gets the replies in the response to its request."""

    def respond(self, answered: Sequence[tuple[Said, Sequence[JsonObject]]]) -> Any:
        """The JSON of the response, from every answered message's replies (`text`, `buttons`, `custom`, …)."""


@runtime_checkable
class Sends(Protocol):
    """A channel that can send on its own."""

    async def send(self, sending: Sending) -> None:
        """Send it to the user. Raises Undeliverable if it never can be; any other exception means a retry."""


class SendingChannel(Channel, Sends, Protocol):
    """A channel that can speak first: for reminders, and for outside changes whose outcome was late."""


class ApiChannel(_Receives, Sends, Protocol):
    """A channel whose platform takes replies only by calls to its API: all of them are sent.

    What it receives is stored, acknowledged immediately, and answered afterwards.
    """

    @property
    def replies_by_send(self) -> bool:
        """True."""


def replies_by_send(channel: object) -> bool:
    """Whether the channel is an ApiChannel."""
    return bool(getattr(channel, "replies_by_send", False))
