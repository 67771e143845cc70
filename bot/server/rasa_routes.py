"""The part of Rasa's HTTP API that its clients use: parsing, trackers and their events, actions, the domain."""

from __future__ import annotations

from bot.server.routing import Route


def routes(most_characters: int) -> tuple[Route, ...]:
    """The routes of Rasa's API."""
    return ()
