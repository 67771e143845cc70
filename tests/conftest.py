"""Shared by all tests: hypothesis profiles, signal handling, and the location of the optional outside data."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bot.app.memory import return_large_blocks

settings.register_profile("local", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci", deadline=None, max_examples=50, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") else "local")

# `nohup`, and shells that start a job with `&`, make their children ignore these signals; the tests' bots must not.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

# As `bot run` does: otherwise the memory of each bot opened in a test (Argon2 takes 19 MiB per login) stays resident.
return_large_blocks()

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def project() -> Path:
    """The repository's root, which is the bank assistant's project folder."""
    return PROJECT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real Rasa projects and NLU data beside the checkout; tests that need them are skipped if they are missing."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the outside data (../shared/data) is not on this machine")
    return folder
