"""Plugins: the hooks, plugin discovery, and the typed facade over pluggy (the only package that uses it)."""

from bot.plugins.finding import find_command_plugins, find_plugins, hooking_actions, rasa_sdk_import
from bot.plugins.hookspecs import hookimpl
from bot.plugins.loading import Plugins
from bot.plugins.problems import PluginProblem
from bot.plugins.registry import Commands, Registry, Startup

__all__ = [
    "Commands",
    "PluginProblem",
    "Plugins",
    "Registry",
    "Startup",
    "find_command_plugins",
    "find_plugins",
    "hookimpl",
    "hooking_actions",
    "rasa_sdk_import",
]
