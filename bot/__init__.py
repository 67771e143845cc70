"""Teller: a conversational bot framework.

This is the public API: plugins and applications may use the names below and no others. Names are imported on first
use, so that `import bot` (and `bot --help`) loads only what is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.actions.turn import Action, Resources, Turn
    from bot.channels.channel import ApiChannel, Channel, Incoming, Said, Sending, SendingChannel
    from bot.config import Settings
    from bot.content import Component, Content, Domain, Place
    from bot.dialogue.effects import Effect, EffectError, EffectResult
    from bot.dialogue.events import (
        ActionExecuted,
        ActionFailed,
        ActiveLoop,
        AllSlotsReset,
        BotUttered,
        ConversationPaused,
        ConversationResumed,
        EffectPrepared,
        EffectSettled,
        Event,
        FollowupAction,
        ReminderCancelled,
        ReminderScheduled,
        Restarted,
        SessionStarted,
        SlotSet,
        UserUttered,
    )
    from bot.dialogue.prediction import Because, Policy, Prediction
    from bot.dialogue.tracker import Tracker
    from bot.engine.record import Step, TurnRecord
    from bot.errors import (
        ActionRejected,
        BotError,
        CallFailed,
        ConfigurationError,
        PluginError,
        StoreUnavailable,
        Undeliverable,
    )
    from bot.http import HttpClient, HttpLimits, OnCall, ResponseSchema
    from bot.messages import Customer, Entity, IntentScore, JsonObject, Parse, Principal, Reply, UserMessage
    from bot.nlu.components import Featurizer, Processor
    from bot.plugins.hookspecs import hookimpl
    from bot.plugins.registry import (
        Commands,
        RegisterAction,
        RegisterChannel,
        RegisterComponent,
        RegisterObserver,
        RegisterPolicy,
        RegisterSettings,
        Startup,
    )
    from bot.sources import Sources

_HOMES = {
    "bot.actions.turn": ("Action", "Resources", "Turn"),
    "bot.channels.channel": ("ApiChannel", "Channel", "Incoming", "Said", "Sending", "SendingChannel"),
    "bot.config": ("Settings",),
    "bot.content": ("Component", "Content", "Domain", "Place"),
    "bot.dialogue.effects": ("Effect", "EffectError", "EffectResult"),
    "bot.dialogue.events": (
        "ActionExecuted",
        "ActionFailed",
        "ActiveLoop",
        "AllSlotsReset",
        "BotUttered",
        "ConversationPaused",
        "ConversationResumed",
        "EffectPrepared",
        "EffectSettled",
        "Event",
        "FollowupAction",
        "ReminderCancelled",
        "ReminderScheduled",
        "Restarted",
        "SessionStarted",
        "SlotSet",
        "UserUttered",
    ),
    "bot.dialogue.prediction": ("Because", "Policy", "Prediction"),
    "bot.dialogue.tracker": ("Tracker",),
    "bot.engine.record": ("Step", "TurnRecord"),
    "bot.errors": (
        "ActionRejected",
        "BotError",
        "CallFailed",
        "ConfigurationError",
        "PluginError",
        "StoreUnavailable",
        "Undeliverable",
    ),
    "bot.http": ("HttpClient", "HttpLimits", "OnCall", "ResponseSchema"),
    "bot.messages": ("Customer", "Entity", "IntentScore", "JsonObject", "Parse", "Principal", "Reply", "UserMessage"),
    "bot.nlu.components": ("Featurizer", "Processor"),
    "bot.plugins.hookspecs": ("hookimpl",),
    "bot.plugins.registry": (
        "Commands",
        "RegisterAction",
        "RegisterChannel",
        "RegisterComponent",
        "RegisterObserver",
        "RegisterPolicy",
        "RegisterSettings",
        "Startup",
    ),
    "bot.sources": ("Sources",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0"

__all__ = [
    "Action",
    "ActionExecuted",
    "ActionFailed",
    "ActionRejected",
    "ActiveLoop",
    "AllSlotsReset",
    "ApiChannel",
    "Because",
    "BotError",
    "BotUttered",
    "CallFailed",
    "Channel",
    "Commands",
    "Component",
    "ConfigurationError",
    "Content",
    "ConversationPaused",
    "ConversationResumed",
    "Customer",
    "Domain",
    "Effect",
    "EffectError",
    "EffectPrepared",
    "EffectResult",
    "EffectSettled",
    "Entity",
    "Event",
    "Featurizer",
    "FollowupAction",
    "HttpClient",
    "HttpLimits",
    "Incoming",
    "IntentScore",
    "JsonObject",
    "OnCall",
    "Parse",
    "Place",
    "PluginError",
    "Policy",
    "Prediction",
    "Principal",
    "Processor",
    "RegisterAction",
    "RegisterChannel",
    "RegisterComponent",
    "RegisterObserver",
    "RegisterPolicy",
    "RegisterSettings",
    "ReminderCancelled",
    "ReminderScheduled",
    "Reply",
    "Resources",
    "ResponseSchema",
    "Restarted",
    "Said",
    "Sending",
    "SendingChannel",
    "SessionStarted",
    "Settings",
    "SlotSet",
    "Sources",
    "Startup",
    "Step",
    "StoreUnavailable",
    "Tracker",
    "Turn",
    "TurnRecord",
    "Undeliverable",
    "UserMessage",
    "UserUttered",
    "__version__",
    "hookimpl",
]


if not TYPE_CHECKING:  # otherwise type checkers would accept misspelt names, as `Any`

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module 'bot' has no public name {name!r}")
        return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
