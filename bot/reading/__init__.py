"""YAML to content and diagnostics: the only package that uses a YAML library."""

from bot.reading.finding import content_files
from bot.reading.plugins import plugin_places, read_plugin_settings
from bot.reading.project import ReadResult, read_nlu_data, read_project, read_test_stories
from bot.reading.settings import channel_places, read_pipeline, read_settings

__all__ = [
    "ReadResult",
    "channel_places",
    "content_files",
    "plugin_places",
    "read_nlu_data",
    "read_pipeline",
    "read_plugin_settings",
    "read_project",
    "read_settings",
    "read_test_stories",
]
