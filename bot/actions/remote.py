"""Rasa action servers: runs a project's actions that are written with Rasa's SDK, over HTTP.

The protocol is Rasa's (one POST per action; 400 is a rejection, 404 an unknown
action, 449 asks for the domain, of which only the digest is sent if
`enable_selective_domain` is on). A call is retried only if the request
certainly never arrived, so that retries never repeat an effect; after a crash
between the call and the commit the turn is computed again, and the header
`Idempotency-Key` lets the server recognise the repeat.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from itertools import chain, repeat
from typing import Any, Self
from urllib.parse import urlsplit

from bot.actions.turn import Action, Turn, joined, reply_of
from bot.actions.unknown import UnknownAction
from bot.config import ActionEndpoint
from bot.content import Domain
from bot.content.domain_json import domain_to_json
from bot.dialogue.event_json import event_from_json
from bot.dialogue.events import BotUttered, SlotSet
from bot.dialogue.times import each
from bot.dialogue.tracker_json import rasa_tracker_json
from bot.encoding import fingerprint
from bot.errors import ActionRejected, CallFailed
from bot.http import Answer, HttpClient, HttpLimits, ResponseSchema
from bot.messages import Reply
from bot.sources import Sources

PROTOCOL_VERSION = "3.6.2"
"""The version sent to action servers, which compare its major and minor numbers with their own."""

REJECTED, UNKNOWN, DOMAIN_MISSING = 400, 404, 449

_VALIDATION = "validate_"
"""Form validations read the domain's forms and slots, whether or not they declare that they need it."""

_ANSWER = ResponseSchema(
    {
        "type": "object",
        "properties": {
            "events": {"type": "array", "items": {"type": "object", "required": ["event"]}},
            "responses": {"type": "array", "items": {"type": "object"}},
        },
    }
)


async def check_reachable(endpoint: ActionEndpoint) -> None:
    """Return if the action server accepts connections; raises CallFailed, with its host and port, if not."""
    try:
        _, writer = await asyncio.open_connection(*_address(endpoint))
    except OSError:
        raise CallFailed(
            "unavailable", service=_service(endpoint), call="connect", reason="no connection; is it running?"
        ) from None
    writer.close()


def _service(endpoint: ActionEndpoint) -> str:
    """The server's name in errors: its host and port only, since a URL may contain credentials."""
    host, port = _address(endpoint)
    if ":" in host:  # an IPv6 address
        host = f"[{host}]"
    return f"action server at {host}:{port}"


def _address(endpoint: ActionEndpoint) -> tuple[str, int]:
    parts = urlsplit(endpoint.url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


class ActionServer:
    """One action server; open it with `async with`."""

    def __init__(self, endpoint: ActionEndpoint, domain: Domain, sources: Sources) -> None:
        limits = HttpLimits(deadline_seconds=endpoint.timeout_seconds, try_seconds=endpoint.timeout_seconds)
        self._client = HttpClient(
            endpoint.url,
            service=_service(endpoint),
            limits=limits,
            sources=sources,
            cafile=endpoint.cafile,
            certfile=endpoint.certfile,
            keyfile=endpoint.keyfile,
        )
        self._events = endpoint.tracker_events
        self._headers = endpoint.headers
        self._domain = domain
        self._domain_json = domain_to_json(domain)
        self._domain_digest = fingerprint(self._domain_json)
        self._is_domain_selective = endpoint.enable_selective_domain
        self._empty_slots = dict.fromkeys(domain.slots)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.__aexit__(*error)

    def action(self, name: str) -> Action:
        """The action `name` of this server."""

        async def run(turn: Turn) -> None:
            answer = await self._call(name, turn)
            for said in answer.get("responses") or ():
                reply = self._reply(said, turn)
                if reply is not None:
                    turn.emit(BotUttered(reply))
            for data in answer.get("events") or ():
                event = event_from_json(data)
                if isinstance(event, SlotSet):
                    turn.set(event.name, event.value)
                else:
                    turn.emit(event)

        return run

    async def _call(self, name: str, turn: Turn) -> Mapping[str, Any]:
        answer = await self._send(name, turn, with_domain=self._sends_domain(name))
        if answer.status == DOMAIN_MISSING:
            answer = await self._send(name, turn, with_domain=True)
        if answer.status == REJECTED:
            raise ActionRejected(name)
        if answer.status == UNKNOWN:
            raise UnknownAction(name, f"the action server has no action {name}")
        data: Mapping[str, Any] = answer.data
        return data

    def _sends_domain(self, name: str) -> bool:
        """Whether the whole domain is sent without being asked for."""
        needs_domain = name.startswith(_VALIDATION) or name in self._domain.actions_sending_domain
        return needs_domain or not self._is_domain_selective

    async def _send(self, name: str, turn: Turn, *, with_domain: bool) -> Answer:
        """Post the call. A POST has effects, so the client retries it only if it certainly never arrived."""
        return await self._client.call(
            "POST",
            "",
            name="run action",
            schema=_ANSWER,
            json=self._request(name, turn, with_domain=with_domain),
            headers={**self._headers, "Idempotency-Key": _key(name, turn)},
            correlation_id=turn.message.correlation_id,
            accept=frozenset({REJECTED, UNKNOWN, DOMAIN_MISSING}),
        )

    def _request(self, name: str, turn: Turn, *, with_domain: bool) -> dict[str, Any]:
        tracker = turn.tracker
        times = chain(each(turn.context.times), repeat(turn.now.timestamp()))
        recent = list(zip(tracker.events, times, strict=False))[-self._events :]
        sender = _sender(turn)
        request: dict[str, Any] = {
            "next_action": name,
            "sender_id": sender,
            "tracker": rasa_tracker_json(tracker, recent, slots=self._empty_slots) | {"sender_id": sender},
            "version": PROTOCOL_VERSION,
            "domain_digest": self._domain_digest,
        }
        if with_domain:
            request["domain"] = self._domain_json
        return request

    def _reply(self, data: Mapping[str, Any], turn: Turn) -> Reply | None:
        """The reply that the server built, or the domain's response that it names, with the parts that it adds.

        None if no variation of the response applies. As in Rasa, empty parts replace nothing.
        """
        name = data.get("response") or data.get("template")
        given = {key: value for key, value in data.items() if key not in ("response", "template")}
        if not name:
            return _free_reply(given)
        reply = reply_of(turn, str(name), given, turn.context.warn)
        added = _free_reply({part: value for part, value in given.items() if value})
        return reply and joined(reply, added)


def _sender(turn: Turn) -> str:
    """The sender id: the channel's own sender if a key speaks for its users, else the conversation's id.

    For a logged-in customer the message's sender is ignored.
    """
    if turn.customer is None and turn.message.sender:
        return turn.message.sender
    return turn.tracker.conversation


def _free_reply(data: Mapping[str, Any]) -> Reply:
    """A reply that the server built itself."""
    text = data.get("text")  # action servers send numbers too
    return Reply(
        text=None if text is None else str(text),
        buttons=tuple(data.get("buttons") or ()),
        quick_replies=tuple(data.get("quick_replies") or ()),
        elements=tuple(data.get("elements") or ()),
        image=data.get("image"),
        attachment=data.get("attachment"),
        custom=data.get("custom") or None,
    )


def _key(name: str, turn: Turn) -> str:
    """A key for this action at this point of this message's turn, the same whenever it is computed."""
    about = (turn.message.conversation, turn.message.message_id, name, str(len(turn.tracker.events)))
    return hashlib.sha256("\0".join(about).encode()).hexdigest()
