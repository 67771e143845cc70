"""The part of Rasa's HTTP API that its clients use: parsing, trackers and their events, actions, the domain.

An id in a path is a conversation's id, or a sender of the calling key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from aiohttp import web
from msgspec.structs import replace

from bot.content import NOWHERE
from bot.content.domain_json import domain_to_json
from bot.dialogue.event_json import entity_from_json, event_from_json, parse_to_json
from bot.dialogue.events import Event, UserUttered
from bot.dialogue.prediction import Because, Prediction
from bot.engine.outside import EventsWork, ExecuteWork, NoteWork
from bot.engine.record import Answer
from bot.engine.work import IntentWork, Work
from bot.messages import Parse, UserMessage
from bot.reading.writing import to_yaml
from bot.server import rasa_schemas
from bot.server.messages import KEY_FAMILY
from bot.server.problems import Problem
from bot.server.query import choice, path_id
from bot.server.rasa_conversations import (
    Addressed,
    addressed,
    existing,
    output_channel,
    read_existing,
    read_or_empty,
    until,
)
from bot.server.rasa_replies import rasa_replies
from bot.server.routing import OPERATOR, Answers, Call, Handler, Parameter, Route, Schema, json_response
from bot.server.schemas import TEXT
from bot.server.text import clean
from bot.server.trackers import Conversation, Include, read_conversation, story_of

_INCLUDE = ("AFTER_RESTART", "ALL", "APPLIED", "NONE")


async def parse(call: Call) -> web.Response:
    """POST /model/parse."""
    if "emulation_mode" in call.request.query:
        raise Problem(400, "invalid_parameter", "emulation_mode is not supported here: parses are in Rasa's own format")
    parsed = call.parts.engine.agent.matcher.parse(clean(call.body["text"]), call.parts.sources.now())
    return json_response({**parse_to_json(parsed), "message_id": call.body.get("message_id")})


async def domain(call: Call) -> web.Response:
    """GET /domain: JSON, or YAML if `Accept` names that first."""
    document = domain_to_json(call.parts.engine.agent.content.domain)
    wanted = re.split("[,;]", call.request.headers.get("Accept", ""))[0]
    if wanted.strip().endswith(("yaml", "yml")):
        return web.Response(text=to_yaml(document), content_type="application/x-yaml")
    return json_response(document)


async def tracker(call: Call) -> web.Response:
    """GET /conversations/{id}/tracker."""
    return _tracker_response(call, until(call, await read_or_empty(call)))


async def append_events(call: Call) -> web.Response:
    """POST /conversations/{id}/tracker/events."""
    return await _with_events(call, instead=False)


async def replace_events(call: Call) -> web.Response:
    """PUT /conversations/{id}/tracker/events."""
    return await _with_events(call, instead=True)


async def story(call: Call) -> web.Response:
    """GET /conversations/{id}/story."""
    conversation = until(call, await read_existing(call))
    all_sessions = choice(call.request, "all_sessions", ("true", "false"), default="false") == "true"
    text = story_of(conversation, path_id(call.request), all_sessions=all_sessions)
    return web.Response(text=text, content_type="text/yml")


async def note_message(call: Call) -> web.Response:
    """POST /conversations/{id}/messages."""
    text = clean(call.body["text"])
    parse_data = call.body.get("parse_data")
    parsed = _parse(text, parse_data) if parse_data else None
    target = await addressed(call)
    work = NoteWork(_message(call, target, text), parsed, background=not target.own)
    await call.parts.engine.perform(work)
    return _tracker_response(call, await read_existing(call))


async def predict(call: Call) -> web.Response:
    """POST /conversations/{id}/predict: nothing is run and nothing is stored."""
    agent = call.parts.engine.agent
    conversation = await read_existing(call)
    prediction = agent.dialogue.predict(conversation.tracker)
    scores = dict.fromkeys(agent.actions, 0.0) | {prediction.action: prediction.confidence}
    return json_response(
        {
            "scores": [{"action": name, "score": score} for name, score in sorted(scores.items())],
            "policy": prediction.policy,
            "confidence": prediction.confidence,
            "tracker": _tracker_json(call, conversation),
        }
    )


async def execute(call: Call) -> web.Response:
    """POST /conversations/{id}/execute."""
    name = call.body["name"]
    if name not in call.parts.engine.agent.actions:
        raise Problem(404, "not_found", "there is no action of this name")
    await existing(call)
    target = await addressed(call)
    policy, confidence = call.body.get("policy") or "api", call.body.get("confidence")
    because = (Because(policy, "asked for over the API", NOWHERE),)
    prediction = Prediction(name, 1.0 if confidence is None else confidence, policy, because=because)
    work = ExecuteWork(
        _message(call, target, name),
        prediction,
        background=not target.own,
        replies_to=output_channel(call, target),
    )
    return await _perform(call, work)


async def trigger_intent(call: Call) -> web.Response:
    """POST /conversations/{id}/trigger_intent."""
    intent = call.body["name"]
    if intent not in call.parts.engine.agent.content.domain.intents:
        raise Problem(404, "not_found", "the domain has no intent of this name")
    entities = call.body.get("entities") or []
    if isinstance(entities, dict):
        entities = [{"entity": name, "value": value} for name, value in entities.items()]
    with _refusing("/entities", "must be entities in Rasa's format"):
        for entity in entities:
            entity_from_json(entity)  # what cannot be read back would break the conversation
    target = await addressed(call)
    work = IntentWork(
        _message(call, target, intent),
        intent,
        tuple(entities),
        background=not target.own,
        replies_to=output_channel(call, target),
    )
    return await _perform(call, work)


async def _with_events(call: Call, *, instead: bool) -> web.Response:
    """Append the given events to the conversation, or store them `instead` of its own."""
    given = call.body if isinstance(call.body, list) else [call.body]
    events = [_event(item) for item in given]
    times = [item.get("timestamp") for item in given]
    delivers = choice(call.request, "execute_side_effects", ("true", "false"), default="false") == "true"
    target = await addressed(call)
    message = replace(_message(call, target, ""), channel="background")
    replies_to = output_channel(call, target) if delivers and not instead else ""
    await call.parts.engine.perform(EventsWork(message, events, times=times, instead=instead, replies_to=replies_to))
    return _tracker_response(call, await read_existing(call))


def _event(item: dict[str, Any]) -> Event:
    with _refusing("/event", "must be one of Rasa's events, with the fields that it needs"):
        return event_from_json(item)


def _parse(text: str, parse_data: dict[str, Any]) -> Parse:
    """The parse given with a text, read like an event's: what cannot be stored is refused."""
    with _refusing("/parse_data", "must be a parse in Rasa's format"):
        event = event_from_json({"event": "user", "text": text, "parse_data": {**parse_data, "text": text}})
    assert isinstance(event, UserUttered)
    return event.parse


@contextmanager
def _refusing(pointer: str, detail: str) -> Iterator[None]:
    """Tell the client where its JSON cannot be read, and what it must be."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        errors = [{"pointer": pointer, "detail": detail}]
        raise Problem(400, "invalid_body", "the body does not match what this route takes", errors=errors) from error


async def _perform(call: Call, work: Work) -> web.Response:
    answer: Answer = await call.parts.engine.perform(work)
    conversation = await read_conversation(call.parts.engine.store, answer.conversation)
    shown = {"tracker": _tracker_json(call, conversation)}
    if work.replies_to:  # a channel delivers them
        return json_response(shown)
    return json_response({**shown, "messages": list(rasa_replies(answer.replies, path_id(call.request)))})


def _tracker_response(call: Call, conversation: Conversation) -> web.Response:
    return json_response(_tracker_json(call, conversation))


def _tracker_json(call: Call, conversation: Conversation) -> dict[str, Any]:
    include = cast(Include, choice(call.request, "include_events", _INCLUDE, default="AFTER_RESTART"))
    return conversation.json(path_id(call.request), call.parts.engine.agent.content.domain.slots, include)


def _message(call: Call, target: Addressed, text: str) -> UserMessage:
    """The message of a turn that the caller triggers directly; no customer is logged in."""
    sources = call.parts.sources
    return UserMessage(
        text=text,
        conversation=target.conversation,
        message_id=sources.new_id(),
        arrived=sources.now(),
        principal=call.principal,
        channel=target.channel,
        sender=path_id(call.request),
        id_is_ours=True,
        correlation_id=call.correlation_id,
    )


_BASE = "/conversations/{id}"
_BY_ID = Parameter("id", "a conversation's id, or a sender of the calling key", rasa_schemas.ID, "path")
_EVENTS = Parameter("include_events", "which events the tracker shows", {"enum": list(_INCLUDE)})
_UNTIL = Parameter(
    "until",
    "as it was at this time (seconds since 1970, UTC)",
    {"type": "number", "minimum": 0, "maximum": rasa_schemas.LAST_SECOND},
)
_OUTPUT = Parameter(
    "output_channel", "the channel that delivers the replies: its name, or `latest`; else the response has them", TEXT
)
_EFFECTS = Parameter(
    "execute_side_effects",
    "deliver the bot's messages among the events to `output_channel`",
    {"enum": ["true", "false"]},
)
_SESSIONS = Parameter("all_sessions", "all sessions, not only the last one", {"enum": ["true", "false"]})
_TRACKER = Answers(200, "the tracker", rasa_schemas.TRACKER)
_TRACKER_AND_MESSAGES = Answers(
    200, "the tracker and what the bot said, unless a channel delivers it", rasa_schemas.TRACKER_AND_MESSAGES
)


def routes(most_characters: int) -> tuple[Route, ...]:
    """The routes of Rasa's API."""
    text = rasa_schemas.text(most_characters)
    message = rasa_schemas.message(most_characters)
    parsed = Answers(200, "the parse", rasa_schemas.PARSE)
    shown = Answers(200, "the domain", rasa_schemas.DOMAIN)
    yaml = Answers(200, "the story", content_type="text/yml")
    scores = Answers(200, "scores", rasa_schemas.SCORES)
    return (
        Route("POST", "/model/parse", parse, OPERATOR, "Understand a text", parsed, text, tag="rasa"),
        Route("GET", "/domain", domain, OPERATOR, "The domain; in YAML if `Accept` asks for it", shown, tag="rasa"),
        _conversation_route("GET", "tracker", tracker, "The tracker", _TRACKER, _EVENTS, _UNTIL),
        _conversation_route("GET", "story", story, "The conversation as a story in YAML", yaml, _UNTIL, _SESSIONS),
        _conversation_route("POST", "predict", predict, "What the bot would do next", scores, _EVENTS),
        _changing_route("POST", "messages", note_message, "Record a message without answering it", _TRACKER, message),
        _changing_route(
            "POST", "tracker/events", append_events, "Append events", _TRACKER, rasa_schemas.EVENTS, _EFFECTS, _OUTPUT
        ),
        _changing_route("PUT", "tracker/events", replace_events, "Replace the events", _TRACKER, rasa_schemas.EVENTS),
        _changing_route(
            "POST", "execute", execute, "Run an action", _TRACKER_AND_MESSAGES, rasa_schemas.ACTION, _OUTPUT
        ),
        _changing_route(
            "POST",
            "trigger_intent",
            trigger_intent,
            "Trigger an intent",
            _TRACKER_AND_MESSAGES,
            rasa_schemas.INTENT,
            _OUTPUT,
        ),
    )


_CONVERSATION_ID = re.compile("[0-9a-f]{32}")
"""The form of conversation ids; any other id is a sender, which may be a telephone number."""


def _logged(name: str, handler: Handler) -> Handler:
    """The handler, with a log line for every operator who reads or changes a conversation."""

    async def logged(call: Call) -> web.StreamResponse:
        if "operator" in call.principal.scopes:
            route = f"{call.request.method} {_BASE}/{name}"
            call.parts.log.info(
                "operator_access", route=route, by=call.principal.id, **await _conversation_fields(call)
            )
        return await handler(call)

    return logged


async def _conversation_fields(call: Call) -> Mapping[str, str]:
    """The id of the conversation that is accessed, or a pseudonym of a sender who has none."""
    given = path_id(call.request)
    if _CONVERSATION_ID.fullmatch(given):
        return {"conversation": given}
    found = await call.parts.engine.store.find_conversation(call.principal.id, KEY_FAMILY, given)
    return {"conversation": found} if found else {"sender": call.parts.auth.pepper.pseudonym(given)}


def _conversation_route(
    method: str,
    name: str,
    handler: Handler,
    about: str,
    answers: Answers,
    *parameters: Parameter,
    body: Schema | None = None,
    problems: tuple[int, ...] = (400, 404),
) -> Route:
    """A route of one conversation; each access by an operator is logged."""
    return Route(
        method,
        f"{_BASE}/{name}",
        _logged(name, handler),
        OPERATOR,
        about,
        answers,
        body,
        parameters=(_BY_ID, *parameters),
        problems=problems,
        tag="rasa",
    )


def _changing_route(
    method: str, name: str, handler: Handler, about: str, answers: Answers, body: Schema, *parameters: Parameter
) -> Route:
    """A route that runs its own turn in a conversation, and shows the result."""
    return _conversation_route(
        method, name, handler, about, answers, _EVENTS, *parameters, body=body, problems=(404, 422, 429)
    )
