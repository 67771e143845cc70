"""Channels: how messages come in and replies go out. They are thin: they verify, translate and hand over."""
