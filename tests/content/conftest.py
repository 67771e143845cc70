"""Content checks are tested on projects as people write them."""

from tests.reading.conftest import read

__all__ = ["read"]
