"""YAML to content and diagnostics: the only room that knows yaml."""

from bot.reading.project import ReadResult, read_project
from bot.reading.settings import read_settings

__all__ = ["ReadResult", "read_project", "read_settings"]
