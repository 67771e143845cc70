"""The routes of the channels, and the reference of all routes: `python -m bot.app.routes > docs/reference/http.md`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

from bot.channels import callback as callback_channel
from bot.channels import plugged, rest
from bot.config import Settings
from bot.plugins.registry import AnyChannel
from bot.server.app import route_table
from bot.server.reference import reference
from bot.server.routing import Route


def channel_routes(
    settings: Settings, channels: Mapping[str, AnyChannel] = MappingProxyType({}), *, callback: bool
) -> tuple[Route, ...]:
    """The routes of all channels in the order of the reference; `channels` are plugins', `callback` adds its own."""
    longest = settings.server.max_message_characters
    return (
        *rest.routes(longest),
        *(callback_channel.routes(longest) if callback else ()),
        *plugged.routes(channels),
    )


def http_reference() -> str:
    """The reference of all routes of a server without plugins."""
    settings = Settings()
    return reference(route_table(settings, "", channel_routes(settings, callback=True)))


if __name__ == "__main__":
    sys.stdout.write(http_reference())
