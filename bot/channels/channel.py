"""What a plugin's channel is, and what it takes and gives. It knows its platform, and nothing of the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct, field

from bot.messages import JsonObject


class Incoming(Struct, frozen=True):
    """A webhook's request as it came: header names in lower case, the body's bytes as they were signed.

    `method` is `POST` or `GET`.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    method: str = "POST"


class Said(Struct, frozen=True):
    """What one of the platform's users said. Give the platform's own message id: repeats are answered once then."""

    sender: str
    text: str
    message_id: str | None = None
    metadata: JsonObject = field(default_factory=dict)


class Sending(Struct, frozen=True):
    """What is to be sent to one of the platform's users; `id` is the same at every try."""

    id: str
    sender: str
    replies: Sequence[JsonObject]


Received: TypeAlias = Sequence[Said] | JsonObject | str
"""The messages in a request, in order; or else what its platform is to hear at once: a text, or JSON."""


class _Receives(Protocol):
    def receive(self, incoming: Incoming) -> Received:
        """The messages in a request, in order; one without a text is left out. Or what the platform wants to hear now.

        Raises PermissionError when it is not the platform's (403), ValueError
        when it cannot be understood (400; the text is told).
        """


class Channel(_Receives, Protocol):
    """What `register_channels` takes: a channel whose platform hears the replies as the answer to its request."""

    def respond(self, answered: Sequence[tuple[Said, Sequence[JsonObject]]]) -> Any:
        """The JSON to answer with, from every answered message's replies (`text`, `buttons`, `custom`, …)."""


@runtime_checkable
class Sends(Protocol):
    """What sends by itself."""

    async def send(self, sending: Sending) -> None:
        """Send it to the user. Raises ValueError when that is refused for good; after all else it is tried again."""


class SendingChannel(Channel, Sends, Protocol):
    """A channel that can speak first: reminders, and outside changes whose outcome was late."""


class ApiChannel(_Receives, Sends, Protocol):
    """A channel whose platform takes replies by calls of its API alone: all of them are sent.

    What it receives is kept, acknowledged at once, and answered then.
    """

    @property
    def replies_by_send(self) -> bool:
        """True."""


def replies_by_send(channel: object) -> bool:
    """Whether the channel is an ApiChannel."""
    return bool(getattr(channel, "replies_by_send", False))
