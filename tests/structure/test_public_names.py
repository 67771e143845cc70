"""The public surface is `bot.__all__`: a change to it is a decision, made here."""

from __future__ import annotations

import subprocess
import sys

import bot

PUBLIC = {
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
}


def test_public_names_are_exactly_these() -> None:
    assert set(bot.__all__) == PUBLIC


def test_every_public_name_can_be_imported() -> None:
    assert all(getattr(bot, name) is not None for name in bot.__all__)


def test_importing_the_package_loads_no_heavy_libraries() -> None:
    code = "import bot, sys; print([m for m in ('numpy', 'aiohttp', 'dataset', 'httpx', 'yaml') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
