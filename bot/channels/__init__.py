"""Channels: how messages come in and replies go out. Thin; they verify, translate and hand over."""
